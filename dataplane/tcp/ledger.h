// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// How much of the packets set aside for queues is taken, and what is done about it.
//
// Connection blocks, TIME_WAIT entries and those of the SYN cache come from tables of their own,
// which nobody can outgrow; packets are what all connections share, so one peer can take those of
// all: by never reading (what waits to be sent), or by leaving holes (what waits out of order).
//
//             receiving                                 sending
//   normal    buffers grow where that is of use         the same
//             (buffer.c)
//   pressure  buffers shrink to the least, windows to   no connection queues more than a few
//             a few segments; long out-of-order queues  segments
//             are dropped
//   critical  windows of two segments; every            hardly any
//             out-of-order queue is dropped; who
//             has two segments unread gets no more
//   critical, either: the connection that for the longest holds up the most, for its peer does not
//   take it or nobody reads it, is reset, and what it holds is dropped; handshakes beyond half
//   their table leave nothing here but cookies.
//
// A level is left well below where it was entered.

#pragma once

#include "dataplane/tcp/conn.h"

enum ledger_limit {
	LEDGER_PRESSURE = 70, // per cent of a queue's packets
	LEDGER_CRITICAL = 90,
	LEDGER_RELIEF = 10,         // so much less ends it
	LEDGER_SWEEP = 256,         // connection blocks looked at in a tick
	LEDGER_SHARE = 4,           // one connection may grow to this part of what is left
	LEDGER_PRESSURE_WINDOW = 4, // segments
	LEDGER_CRITICAL_WINDOW = 2,
	LEDGER_PRESSURE_SEND = 16,
	LEDGER_CRITICAL_SEND = 4,
	LEDGER_OOO = 16,       // packets out of order that a connection may keep under pressure
	LEDGER_TAKE_MS = 1000, // in which a peer with room takes what was sent
	LEDGER_STALL_MS = 30 * 1000,     // that a packet waits to be taken, or read
	LEDGER_STALL_MAX_MS = 120 * 1000 // beyond, or with a peer that does not answer
};

// The largest receive window to offer now, of `limit` that the connection would have.
uint32_t ledger_window(const struct tcp_conn *conn, uint32_t limit);
// How many packets a connection's send queue may have now, of `segs` that it would have.
uint32_t ledger_send_segs(const struct tcp_conn *conn, uint32_t segs);
// How far one connection's buffer may grow now, in packets: a part of what is left, so that the
// more there are the less each gets, and some is left for the next. 0: not at all.
uint32_t ledger_share(enum tcp_memory level, uint32_t used, uint32_t max);
// May one more packet in order be kept? When little is left, not for whoever has some unread.
bool ledger_takes(const struct tcp_conn *conn);
// May one more packet out of order be kept?
bool ledger_keeps_ooo(const struct tcp_conn *conn);
// Is a queue about to be full?
bool ledger_is_critical(const struct tcp *tcp);
// Once a loop: find the level, and look for whom to relieve of packets.
void ledger_tick(struct tcp *tcp);
