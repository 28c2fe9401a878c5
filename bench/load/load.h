// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A load on a gateway: agents that log in and ask on one side of it, backends that answer on the
// other, in one thread.

#pragma once

#include "bench/load/histogram.h"
#include "bench/load/script.h"

enum load_tls {
	LOAD_CLEAR,
	LOAD_DIRECT,  // at once, with ALPN
	LOAD_REQUEST, // after SSLRequest
};

enum load_work {
	LOAD_QUERY,    // simple queries, one after the other
	LOAD_PREPARED, // the same by Bind, Describe, Execute and Sync
	LOAD_UPLOAD,   // COPY FROM STDIN
	LOAD_CONNECT,  // logins, one after the other
	LOAD_IDLE,     // nothing, once logged in
};

// What agents have done since the start.
struct load_counts {
	uint64_t done;         // queries, uploads or logins
	uint64_t bytes;        // of plaintext that agents have got and sent
	uint64_t logins;       // agents that reached ReadyForQuery
	uint64_t resumed;      // of them, with a TLS session of before
	uint64_t failed;       // connections and logins
	uint64_t late_started; // queries that had to wait for an agent, at a given rate
};

struct agent;

struct load {
	enum load_tls tls;
	enum load_work work;
	struct rows rows;
	bool resume; // agents their TLS sessions
	uint32_t agents_max;
	double rate; // queries a second, of all together; 0: as fast as they go
	struct buf password, ask, prepare;
	struct blocks *blocks;
	struct tls_client *client; // NULL: in the clear
	struct tls_server *server; // NULL: backends take no TLS
	struct agent *agents;
	// Logged in and without work: who rested longest is next, so that the load goes round all.
	struct agent *resting, **rest_last;
	bool trims;    // many links: those without work hold no buffers
	double due_us; // when the next query is to start
	uint64_t now_us;
	struct load_counts counts;
	bool times;               // queries are timed that are due
	uint64_t times_us;        // from then on
	uint64_t timed;           // of these, under way
	struct histogram latency; // of queries, in microseconds
	struct histogram late;    // how late they began, in microseconds
	// A connection to the gateway, in which `agent` is told. False when none can be made.
	bool (*connect)(struct load *load, struct agent *agent);
	void *ctx;
};
