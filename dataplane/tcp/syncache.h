// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Handshakes that a peer began and has not completed (RFC 4987). Each takes a small entry of a
// fixed table, not a connection block; when the table is full, nothing at all: all that is needed
// lies in the sequence number and the timestamp of our SYN-ACK, a cookie, and comes back with the
// ACK. Only that makes a connection.
//
// listen.c decides which it is; syncache.c keeps the entries and sends their SYN-ACKs again;
// syncookie.c bakes and checks cookies.

#pragma once

#include "dataplane/tcp/conn.h"

enum syn_limit {
	SYN_LEVELS = 8,           // SYN-ACKs sent for which the wait still doubles
	SYN_COOKIE_MS = 16 * 1000 // a cookie is good for this to twice as long
};

enum syn_option {
	SYN_SCALE = 1 << 0,
	SYN_SACK = 1 << 1,
	SYN_TS = 1 << 2,
	SYN_ECN = 1 << 3,
	SYN_RESENT = 1 << 4, // our timer sent the answer again, or may have
};

// What is known of a SYN that was answered. Options are set that both sides want.
struct syn_seen {
	struct flow flow;
	uint32_t irs, iss;
	uint32_t ts_val;      // the peer's
	uint32_t sent_us;     // low half of the clock, when first answered
	uint16_t mss;         // the peer's; 0: it named none
	uint16_t mss_offered; // ours
	uint16_t wnd;         // the peer's
	uint8_t scale;        // the peer's
	uint8_t options;      // enum syn_option
};

struct syn_entry;

// Returns 0 or -ENOMEM.
int syncache_init(struct tcp *tcp) must_check;
void syncache_fini(struct tcp *tcp);
uint64_t syncache_entry_size(void);
// NULL: there is none.
struct syn_entry *syncache_find(const struct tcp *tcp, const struct flow *flow);
// Remember and answer a SYN. When the table is full (half full, when memory is critical) the oldest
// makes room if `force`; else, or if there is no table at all, false.
bool syncache_add(struct tcp *tcp, const struct syn_seen *seen, bool force) must_check;
// A segment of the entry's flow. True when the entry's connection exists now and the segment is
// for it, as is Out: *conn.
bool syncache_input(
	struct tcp *tcp, struct syn_entry *entry, struct segment *seg, struct tcp_conn **conn
) must_check;
// SYN-ACKs sent again, or given up.
void syncache_tick(struct tcp *tcp);

// Put everything in seen->iss and, returned, our timestamp.
uint32_t syncookie_bake(struct tcp *tcp, struct syn_seen *seen) must_check;
// Does the segment, an ACK to a listener, bring back a cookie of ours? Out: *seen.
bool syncookie_check(struct tcp *tcp, const struct segment *seg, struct syn_seen *seen) must_check;

// What a SYN offers of what we want; all but the ISS.
struct syn_seen syn_seen_of(const struct tcp *tcp, const struct segment *seg, uint16_t mtu);
// The connection of a handshake that its ACK completes, in SYN_RECEIVED. NULL: the pool is empty.
struct tcp_conn *syn_complete(struct tcp *tcp, const struct syn_seen *seen) must_check;
// A segment of a handshake: SYN-ACK, or an ACK to what is not acceptable.
void output_syn(struct tcp *tcp, const struct syn_seen *seen, uint8_t flags, uint32_t ts_val);
