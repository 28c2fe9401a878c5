// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// One stack on the bench: the test plays the peer, segment by segment, with a clock it turns
// itself. rig_new; then rig_in and rig_tick; what the stack sends is read in order with rig_out.

#pragma once

#include "dataplane/tcp/conn.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum rig_limit { RIG_OUT_MAX = 512, RIG_PORT = 5432, RIG_PEER_PORT = 40000, RIG_RTT_US = 20000 };

struct rig_segment {
	uint16_t from, to;
	uint32_t seq, ack;
	uint16_t wnd;
	uint8_t flags;
	uint32_t len;
	bool ect; // RFC 3168: may be marked
	struct tcp_options options;
	uint8_t data[2048];
};

struct rig {
	struct tcp_config config;
	struct pkt_pool *pool;
	uint32_t pkts; // in it; at least 512
	struct tcp *tcp;
	uint64_t now_us;
	uint64_t random;
	uint32_t rtt_us; // of the handshake; 0: RIG_RTT_US
	uint16_t mtu;
	int route_result;
	struct endpoint local, remote;
	uint32_t n_out, next_out;
	struct rig_segment out[RIG_OUT_MAX];
	// The peer's view of the connection that rig_accept or rig_connect made.
	struct tcp_conn *conn;
	uint32_t seq; // the next one the peer sends
	uint32_t una; // what the stack sends next, as far as the peer knows
	uint32_t ts;  // the peer's timestamp clock
	bool timestamps;
	uint8_t ecn; // of the packets that carry its segments
};

// A config without timestamps, SACK and window scaling, with NewReno, keepalive off, a pool of 512
// packets.
void rig_config(struct rig *rig);
// rig_config, unless rig->config is filled in already; and a listener on RIG_PORT. The clock begins
// at RIG_START_US of the environment, if that is set.
void rig_new(struct rig *rig);
// Free everything; asserts that every packet came back.
void rig_free(struct rig *rig);

// A segment from the peer. `options`: raw option bytes, a multiple of 4.
void rig_in_options(
	struct rig *rig, uint8_t flags, uint32_t seq, uint32_t ack, uint16_t wnd,
	struct span options, struct span payload
);
// With a timestamps option when rig->timestamps.
void rig_in(
	struct rig *rig, uint8_t flags, uint32_t seq, uint32_t ack, uint16_t wnd,
	struct span payload
);
// A bare ACK of `ack` with SACK blocks.
void rig_in_sack(struct rig *rig, uint32_t ack, const struct sack_block *blocks, int n);
// Turn the clock on by `ms`, a millisecond at a time, ticking.
void rig_tick(struct rig *rig, uint32_t ms);
// The next segment the stack sent; fails the test when there is none.
struct rig_segment *rig_out(struct rig *rig);
bool rig_silent(const struct rig *rig);
void rig_drain(struct rig *rig);

// Passive open with these SYN options, rtt_us around; rig->conn, rig->seq and rig->una are set.
void rig_accept(struct rig *rig, struct span syn_options);
// rig_new and rig_accept with an MSS of 1000; `n` segments of 1000 bytes are on the way and read.
void rig_sent(struct rig *rig, bool sack, uint32_t n);
// Active open; SYN and handshake are read.
void rig_connect(struct rig *rig, struct span syn_options);
// Whether the events since the last call were exactly these, for rig->conn.
bool rig_event_is(struct rig *rig, uint32_t events);
// Bytes of a running count.
struct span rig_bytes(uint32_t n);
