// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Plain echo between two ends: one program on two sockets, ours (echo_own.c) and Linux's
// (echo_linux.c). echo_app.c is the program, echo_run.c measures it.

#pragma once

#include "dataplane/base/span.h"

#include <stdbool.h>

enum echo_limit {
	ECHO_SERVERS_MAX = 32,   // addresses of the server
	ECHO_PER_SERVER = 40000, // connections to each, at most; ports are the limit
	ECHO_OPENING_MAX = 256,  // handshakes under way
	ECHO_CLOSING_MAX = 32,   // connections closed in one turn: fewer than packets it takes
	ECHO_CHUNK = 256 * 1024, // bytes sent or compared at once, at most
	ECHO_PORT = 7,
	ECHO_TAKEN_PARTS = 10000, // of a second: in a turn that took longer, others had the core
};

enum echo_kind {
	ECHO_BULK,    // `size` bytes on the way on each connection, always
	ECHO_CONNECT, // open, one request, close by the server
	ECHO_REQUEST, // requests of `size` bytes, `in_flight` of them unanswered, by turns on all
	ECHO_IDLE,    // open, nothing else
};

struct echo_config {
	enum echo_kind kind;
	bool linux_stack;
	bool two_cores;
	bool verify;    // look at every byte that comes back
	bool software;  // ours: compute checksums, as if the port did not
	bool linear;    // ours: copy payloads behind their heads, as if the port took no chains
	bool tso;       // ours: frames of up to 64 KB go uncut from one end to the other
	uint32_t conns; // ECHO_CONNECT: under way at once
	uint32_t in_flight;
	uint32_t size;
	uint16_t mtu;
	double seconds;
	int core;            // of the client, or of both ends; the server's is the next
	const char *ns[2];   // Linux: network namespaces of client and server; NULL: as we are
	const char *address; // Linux: the first of the server's
};

// One connection of the program.
struct echo_conn {
	union {
		struct tcp_conn *tcp;
		int fd;
	};
	uint32_t received; // of this answer
	uint32_t owed;     // still to be sent, when there is room
	uint64_t sent_at, received_at;
	bool used, open, asked, closing;
	uint8_t *rest; // Linux: what was read and not taken yet
	uint32_t rest_n;
};

struct echo_end;

struct echo_io {
	void (*enter)(struct echo_end *end); // first, on the thread that takes its turns
	// False: not now. The connection is `conn`'s until closed.
	bool (*connect)(struct echo_end *end, struct echo_conn *conn, uint32_t index);
	size_t (*send)(struct echo_end *end, struct echo_conn *conn, struct span bytes);
	// An orderly close; within a callback when that returns.
	void (*close)(struct echo_end *end, struct echo_conn *conn);
	// Receive, call the program back, send. Returns how much there was to do.
	uint32_t (*turn)(struct echo_end *end);
	uint32_t (*live)(const struct echo_end *end); // connections that the stack still has
	void (*packets)(const struct echo_end *end, uint64_t *received, uint64_t *sent);
	// What is not as it was at the start, or NULL.
	const char *(*leftover)(const struct echo_end *end);
	void (*stop)(struct echo_end *end);
};

enum echo_phase { ECHO_OPENING, ECHO_RUNNING, ECHO_CLOSING, ECHO_OVER };

struct echo_end {
	const struct echo_config *config;
	const struct echo_io *io;
	void *stack; // the socket layer's
	const enum echo_phase *phase;
	bool server;
	struct echo_conn *conns;
	struct echo_conn **free;
	uint32_t n_conns, n_free;
	// Written by the end, read by who measures.
	uint32_t opening, open, asked;
	uint64_t done, bytes, failed;
	uint64_t cycles; // of turns that had something to do
	// The client's.
	uint32_t next_open, next_asked, next_closed;
} __attribute__((aligned(64)));

// echo_app.c
void app_start(struct echo_end *end);
void app_stop(struct echo_end *end);
// What the program does of its own accord; once a turn.
void app_turn(struct echo_end *end);
struct echo_conn *app_accept(struct echo_end *end);
void app_opened(struct echo_end *end, struct echo_conn *conn);
// Returns how much of it was taken; what was not comes again when there is room.
size_t app_data(struct echo_end *end, struct echo_conn *conn, struct span bytes);
void app_room(struct echo_end *end, struct echo_conn *conn);
void app_fin(struct echo_end *end, struct echo_conn *conn);
// The connection is gone: closed by us, or `failed`.
void app_gone(struct echo_end *end, struct echo_conn *conn, bool failed);
// End the process, saying why, when it is not `good`.
void echo_need(bool good, const char *why);

// echo_own.c, echo_linux.c: the sockets of both ends. The client's turns are the calling thread's.
extern const struct echo_io own_io, linux_io;
void own_start(const struct echo_config *config, struct echo_end ends[static 2]);
void linux_start(const struct echo_config *config, struct echo_end ends[static 2]);
