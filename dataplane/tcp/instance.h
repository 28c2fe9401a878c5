// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// One worker's TCP: its connections, listeners and entries in TIME_WAIT, and how a segment finds
// them.

#pragma once

#include "dataplane/base/hash.h"
#include "dataplane/base/index_list.h"
#include "dataplane/base/pool.h"
#include "dataplane/base/wheel.h"
#include "dataplane/tcp/segment.h"
#include "dataplane/tcp/tcp.h"

#include <errno.h>

enum tcp_limit {
	TCP_REO_PERSIST = 16,   // RFC 8985 6.2 step 4
	TCP_REO_MULT_MAX = 64,  // beyond, SRTT bounds the window anyway
	TCP_MIN_RTT_S = 5 * 60, // how long the least RTT counts
	TCP_PEER_ACK_MS = 200,  // RFC 8985 7.2: how long a peer may delay an ACK

	TCP_MSS_MIN = 216, // smaller offers are an attack on our packet rate (CVE-2019-11479)
	TCP_LISTENERS_MAX = 256,
	TCP_SCALE_MAX = 14, // RFC 7323 2.3
	TCP_SCALE_BITS = 0xf,
	TCP_DUP_THRESH = 3,    // RFC 5681 3.2
	TCP_QUICK_ACKS = 16,   // segments acknowledged at once, so that slow start is not held up
	TCP_COPY_MAX = 1024,   // a payload up to this is copied behind its predecessor
	TCP_PIN_FACTOR = 3,    // times the receive buffer: what those of packets may take
	TCP_SEND_CHARGE = 512, // the send queue may hold its limit / this packets
	// And no more: what SACK blocks make us look through.
	TCP_SEND_SEGS_MAX = 4096,
	TCP_LINGER_FACTOR = 8, // times fin_wait_2_ms: the longest a released connection may stay
	TCP_BACKOFF_MAX = 16,
	TCP_RAISE_MS =
		10 * 60 * 1000, // RFC 1191 6.3, RFC 8899 5.1.1: until larger packets are tried
	TCP_RETRY_MS = 10,      // after a pool was empty
	TCP_OOW_ACK_MS = 500,   // RFC 5961 7: at most one such ACK a connection in this time
	// A second, over all connections; from half of it to half as much again.
	TCP_CHALLENGES_MEAN = 1000,
	TCP_IDLE_CHECK_MS = 60 * 60 * 1000,
	TCP_EXPIRIES_PER_TICK = 1024,
	TCP_PORT_COUNTERS = 256,          // RFC 6056 3.3.4
	TCP_PORT_TRIES = 4096,            // a search must not hold up the worker
	TCP_PAWS_IDLE_S = 24 * 24 * 3600, // RFC 7323 5.5
};

// A connection in TIME_WAIT: only what is needed to answer for it (RFC 9293 3.10.7.4), and to tell
// a new one from it (RFC 6191).
struct time_wait {
	struct flow flow;
	struct index_link link; // by age, or free
	uint32_t end_ms;        // low half of the clock's
	uint32_t snd_nxt, rcv_nxt;
	uint32_t ts_recent;
	uint16_t wnd;
	bool has_ts;
};
static_assert(sizeof(struct time_wait) == 64);

struct listener {
	struct endpoint local;
	void *cookie;
};

struct table_slot {
	uint32_t hash;
	uint32_t ref; // 0: empty
};

// Open addressing with linear probing and backward-shift deletion, at most half full.
struct table {
	struct table_slot *slots;
	uint32_t mask;
};

struct tcp {
	struct tcp_config config;
	struct tcp_ops ops;
	struct pkt_pool *pkts;
	struct pool *conns;
	struct table table;
	struct tcp_conn *blocks; // the first of conns
	struct tcp_conn *last;   // whose segment came last, if any: the next is likely its, too
	struct index_list dirty; // of blocks, one way by dirty_next
	struct index_list events;
	struct syncache *syns;
	struct time_wait *tw;
	struct index_list tw_live; // of tw, oldest first
	struct index_list tw_free;
	uint64_t now_us, now_ms;
	uint64_t challenge_ms; // start of the second that challenges are counted in
	uint32_t challenges;   // left in it
	// Of all connections. What waits behind a hole stops short of the limit for receiving, so
	// that the segment that fills the hole finds room.
	uint32_t tx_queue_max, rx_queue_max, ooo_queue_max;
	enum tcp_memory rx_memory, tx_memory;
	// ledger.c: blocks looked at in this round, and the peer found to stall the most.
	uint32_t swept;
	uint64_t stall;
	struct tcp_conn *stalled;
	struct hash_key table_key, isn_key, ts_key, port_key;
	struct hash_key cookie_keys[2]; // by the lowest bit of the epoch; syncookie.c
	uint64_t cookie_epoch, cookie_sent_ms;
	uint32_t port_counters[TCP_PORT_COUNTERS];
	uint32_t n_listeners;
	struct listener listeners[TCP_LISTENERS_MAX];
	struct tcp_stats stats;
	struct wheel wheel;
};

// tcp.c
void tcp_clock_set(struct tcp *tcp, uint64_t now_us);
struct hash_key tcp_key_new(const struct tcp *tcp);

// table.c: flows to connections and TIME_WAIT entries.
int table_init(struct table *table, uint32_t flows) must_check;
void table_fini(struct table *table);
uint32_t table_hash(const struct tcp *tcp, const struct flow *flow);
// The connection, or the TIME_WAIT entry in *tw, or neither.
struct tcp_conn *table_find(
	const struct tcp *tcp, const struct flow *flow, uint32_t hash, struct time_wait **tw
);
void table_add_conn(struct tcp *tcp, struct tcp_conn *conn);
void table_remove_conn(struct tcp *tcp, const struct tcp_conn *conn);
void table_add_tw(struct tcp *tcp, const struct time_wait *tw);
void table_remove_tw(struct tcp *tcp, const struct time_wait *tw);

// listen.c
struct listener *listener_find(struct tcp *tcp, const struct endpoint *local);
// A segment that belongs to no connection block; `iss_after` is what a new ISN must exceed when
// has_after.
void listen_input(struct tcp *tcp, struct segment *seg, bool has_after, uint32_t iss_after);

// timewait.c
void timewait_init(struct tcp *tcp);
void timewait_enter(struct tcp_conn *conn);
void timewait_input(struct tcp *tcp, struct time_wait *tw, struct segment *seg);
void timewait_drop(struct tcp *tcp, struct time_wait *tw);
void timewait_expire(struct tcp *tcp);
// May a new connection of ours take over this entry's ports (RFC 6191)?
bool timewait_reusable(const struct tcp *tcp, const struct time_wait *tw);

// port.c: an ephemeral port for flow->remote; writes flow->local.port. Out: *tw, an entry whose
// place it takes, or NULL. Returns 0 or -EADDRNOTAVAIL.
int port_choose(struct tcp *tcp, struct flow *flow, struct time_wait **tw) must_check;
