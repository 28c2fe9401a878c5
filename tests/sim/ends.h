// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Our ends of the connections of sim_peer: the application that reads, writes and lets go, and how
// long it may have to wait.

#pragma once

#include "tests/sim/peer.h"
#include "tests/sim/station.h"
#include "tests/sim/world.h"

enum ends_limit {
	CONNS_MAX = 3,
	SECOND_US = 1000 * 1000,
	RTO_MAX_MS = 8000,
};

// Our end of one connection.
struct end {
	struct tcp_conn *conn;
	bool opened, readable, writable, shut, fin, closed, left;
	uint32_t to_send, sent, to_receive, received;
	uint64_t send_key, receive_key;
	uint64_t paused_until_us;
	uint64_t progress_us; // when anything last came to the application
	uint64_t asked_us;    // when it last gave something to send, or said that there is no more
	bool releases;        // as soon as all is queued and all is read
	bool tolerant;        // the peer promises nothing
	uint64_t gives_up_us; // then: when to go
};

// One seed.
struct run {
	struct world *world;
	struct rng rng; // of the application and of what is chosen
	struct host *host, *other;
	struct station station;
	uint32_t n_conns, pause_ppm;
	struct end ends[CONNS_MAX];
	struct peer peers[CONNS_MAX];
	struct wire_config wire;
	bool lossless, v6;
	bool brief; // little patience with what is released: nothing is while it has work to do
	uint16_t mtu, vlan;
	const char *fault;
};

// What goes wrong first is told.
void run_fail(struct run *run, const char *what);
// The application of run->host, once a turn; see host_config.
void ends_turn(void *ctx, uint64_t now_us);
