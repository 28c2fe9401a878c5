// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// How much may be in flight, what of it is lost, and whether that was a mistake.

#pragma once

#include "dataplane/tcp/conn.h"

// What one ACK tells.
struct ack_news {
	const struct segment *seg;
	uint32_t acked;     // bytes that became acknowledged, FIN included
	uint32_t segs;      // packets that left the send queue for it
	uint32_t delivered; // bytes newly known to have arrived
	uint32_t rtt_us;    // of a packet that was sent once; 0: none
	uint32_t reo_us;    // until the reordering window of some packet has passed; 0: none waits
	bool duplicate;     // RFC 5681 2
	bool sacked;        // SACK blocks told something new
	bool dsack;         // its first block is a D-SACK
	bool original;      // something arrived that was sent once, before `recover`
	bool lost;          // packets were found to be lost
	bool recovered;     // it ended a recovery
};

// ack.c: what an ACK field, its window and its SACK blocks mean to the send queue.
bool ack_input(struct tcp_conn *conn, const struct segment *seg) must_check;
void rtt_sample(struct tcp_conn *conn, uint32_t rtt_us);

// recovery.c: which of the packets in flight arrived, which are lost.
void recovery_sack(struct tcp_conn *conn, struct ack_news *news);
void recovery_lose(struct tcp_conn *conn, struct pkt *pkt);
void recovery_lose_on_timeout(struct tcp_conn *conn);
// Whatever was called lost and not sent again is on its way after all.
void recovery_find_all(struct tcp_conn *conn);
uint32_t recovery_pipe(const struct tcp_conn *conn);

// rack.c: loss by time (RFC 8985).
void rack_rtt(struct tcp_conn *conn, uint32_t rtt_us); // of what was sent once
// With nothing in flight: whatever is sent from now on was sent after all that has arrived.
void rack_restart(struct tcp_conn *conn);
void rack_delivered(struct tcp_conn *conn, const struct tx_seg *seg, struct ack_news *news);
// Find what is lost; with news->lost and news->reo_us as results.
void rack_detect(struct tcp_conn *conn, struct ack_news *news);
void rack_dsack(struct tcp_conn *conn);
void rack_recovered(struct tcp_conn *conn);
void rack_expired(struct tcp_conn *conn);
bool rack_is_overdue(const struct tcp_conn *conn, const struct tx_seg *seg);

// probe.c: tail loss probes (RFC 8985 7).
// Let the timer wait for a probe instead of the RTO, where that is of use.
void probe_arm(struct tcp_conn *conn);
void probe_acked(struct tcp_conn *conn, const struct ack_news *news);
void probe_expired(struct tcp_conn *conn);

// undo.c: reductions that were a mistake (RFC 5682, 4015, 2883).
void undo_begin(struct tcp_conn *conn);
void undo_resent(struct tcp_conn *conn);
// May end the recovery.
void undo_acked(struct tcp_conn *conn, const struct ack_news *news);
void undo_timeout(struct tcp_conn *conn);

// congestion.c
void congestion_init(struct tcp_conn *conn);
void congestion_acked(struct tcp_conn *conn, const struct ack_news *news, uint32_t pipe_before);
// Enter RECOVERY_FAST or RECOVERY_CWR.
void congestion_reduce(struct tcp_conn *conn, enum recovery recovery);
void congestion_timeout(struct tcp_conn *conn);
void congestion_recovered(struct tcp_conn *conn);
void congestion_undo(struct tcp_conn *conn);
void congestion_restart(struct tcp_conn *conn);

// cubic.c, hystart.c: in the states for which struct tcp_conn has their members.
void cubic_grow(struct tcp_conn *conn, uint32_t bytes);
void cubic_pause(struct tcp_conn *conn); // an ACK that lets nothing grow
uint32_t cubic_reduce(struct tcp_conn *conn, uint32_t window);
void cubic_timeout(struct tcp_conn *conn);
void cubic_undo(struct tcp_conn *conn);
void hystart_round(struct tcp_conn *conn);
void hystart_sample(struct tcp_conn *conn, uint32_t rtt_us);
uint32_t hystart_growth(const struct tcp_conn *conn, uint32_t bytes);

// blackhole.c
void blackhole_timeout(struct tcp_conn *conn); // of what is in flight; before it is marked
void blackhole_acked(struct tcp_conn *conn, const struct pkt *pkt);
// With CONN_RAISE, of the first packet never sent: fill it beyond the MSS, if enough follows it.
void blackhole_raise(struct tcp_conn *conn, struct pkt *pkt);

// ecn.c
uint8_t ecn_syn_flags(const struct tcp_conn *conn, bool ack);
void ecn_negotiate(struct tcp_conn *conn, const struct segment *syn);
void ecn_data(struct tcp_conn *conn, const struct segment *seg);
void ecn_acked(struct tcp_conn *conn, const struct ack_news *news);
