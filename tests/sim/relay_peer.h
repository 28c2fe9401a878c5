// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// One end of a connection in the simulator, client's or server's: TCP, TLS or not, PostgreSQL
// messages, and a stream that goes out in pieces.

#pragma once

#include "dataplane/base/buf.h"
#include "dataplane/tcp/tcp.h"
#include "dataplane/tls/tls.h"
#include "tests/sim/rng.h"

enum cut { CUT_NONE, CUT_RANDOM, CUT_AT };

struct cutting {
	enum cut cut;
	size_t at; // CUT_AT: the one place; CUT_RANDOM: the largest piece
};

struct peer {
	struct tcp_conn *conn;
	struct tls *tls;
	struct buf in, out, wire; // plaintext, plaintext, what TLS made of it
	struct cutting cutting;
	struct rng rng;
	uint64_t sent;     // plaintext bytes
	uint64_t pause_us; // nothing goes out before
	bool connected, eof, reset, shut;
	size_t in_max; // more is left with TCP: a slow reader
};

void peer_init(struct peer *peer, struct cutting cutting, uint64_t seed);
// Releases the connection.
void peer_fini(struct peer *peer);
// Note what tcp_event said.
void peer_event(struct peer *peer, uint32_t events);
// Take what has come, send what is to go.
void peer_move(struct peer *peer, uint64_t now_us);
// TLS from here on.
void peer_secure(struct peer *peer, struct tls *tls);
bool peer_is_flushed(const struct peer *peer);

// A message by a format: b byte, h 16 bits, i 32 bits, s string with its NUL, r bytes (size_t,
// pointer). `type` 0: without one.
void say(struct buf *out, char type, const char *format, ...);
// The length of the first message of `in` if it is there as a whole, else 0. `typed`: it has a type
// byte.
size_t message_len(struct span in, bool typed);
bool span_holds(struct span in, const char *text);
