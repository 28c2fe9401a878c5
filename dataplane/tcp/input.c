// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A segment for a connection that knows its peer's sequence numbers: the checks and steps of
// RFC 9293 3.10.7.4, with RFC 5961 and RFC 7323.

#include "dataplane/tcp/loss.h"

static void ack_soon(struct tcp_conn *conn)
{
	conn->flags |= CONN_ACK_NOW;
	conn_mark(conn);
}

// An ACK to a segment that is refused. One that carries data deserves it always (the peer is
// retransmitting); for the rest the rate limit keeps two hosts from answering each other for ever.
static void refuse(struct tcp_conn *conn, const struct segment *seg)
{
	if (seg->len > 0 && (seg->flags & TCP_SYN) == 0)
		ack_soon(conn);
	else if (conn_may_challenge(conn))
		ack_soon(conn);
}

// At once. When there is no packet for it a retry is due, which the wheel has to hear of.
static void answer(struct tcp_conn *conn, uint32_t seq, uint8_t flags)
{
	output_bare(conn, seq, flags);
	conn_mark(conn);
}

static void challenge(struct tcp_conn *conn)
{
	if (!conn_may_challenge(conn))
		return;
	conn->tcp->stats.challenge_acks++;
	if (conn_is_synchronised(conn))
		ack_soon(conn);
	else // there is no output yet that it could ride on
		answer(conn, conn->snd_nxt, TCP_ACK);
}

// RFC 7323 5.3 R1, and 3.2: once negotiated, every segment but RST carries timestamps.
static bool paws_accepts(struct tcp_conn *conn, const struct segment *seg)
{
	if ((conn->flags & CONN_TS) == 0 || (seg->flags & TCP_RST) != 0)
		return true;
	struct tcp *tcp = conn->tcp;
	if (!seg->options.has_ts) {
		tcp->stats.paws_dropped++;
		return false;
	}
	if (!seq_lt(seg->options.ts_val, conn->ts_recent) ||
	    (uint32_t)(tcp->now_ms / 1000) - conn->ts_recent_s > TCP_PAWS_IDLE_S)
		return true;
	tcp->stats.paws_dropped++;
	refuse(conn, seg);
	return false;
}

// Cut what lies left of rcv_nxt or right of the window. What remains may be empty; its ACK field
// still counts.
static void trim(struct tcp_conn *conn, struct segment *seg)
{
	if (seq_lt(seg->seq, conn->rcv_nxt)) {
		uint32_t old = conn->rcv_nxt - seg->seq;
		if (seg->len > 0 || (seg->flags & TCP_FIN) != 0)
			ack_soon(conn); // a duplicate: our ACK was lost
		if (old > seg->len) {
			old = seg->len;
			seg->flags &= (uint8_t)~TCP_FIN;
		}
		reassembly_twice(conn, seg, seg->seq, seg->seq + old);
		pkt_pull(seg->pkt, old);
		seg->len -= old;
		seg->seq = conn->rcv_nxt;
	}
	uint32_t room = seq_lt(seg->seq, conn->rcv_adv) ? conn->rcv_adv - seg->seq : 0;
	if (seg->len > room) {
		seg->pkt->len = seg->len = room;
		seg->flags &= (uint8_t)~TCP_FIN;
		ack_soon(conn);
	}
}

// RFC 9293 3.10.7.4 first, a little wider at both ends: a bare ACK sent before data that overtook
// it, or from the very edge of a full window, is still news about our own data. So is the ACK on
// data sent again or on a probe, all of it old: the peer may not say it a second time.
static bool sequence_accepts(struct tcp_conn *conn, struct segment *seg)
{
	uint32_t end = seg->seq + seg->len + ((seg->flags & TCP_FIN) != 0 ? 1 : 0);
	uint32_t edge = seq_max(conn->rcv_adv, conn->rcv_nxt);
	bool old = seq_lt(end, conn->last_ack);
	if (!old && seq_le(seg->seq, edge))
		return true;
	conn->tcp->stats.bad_seq++;
	if ((seg->flags & TCP_RST) == 0)
		refuse(conn, seg);
	return old && conn->last_ack - end <= conn->tcp->config.rcv_buf_max &&
	       (seg->flags & (TCP_RST | TCP_SYN)) == 0 && conn_is_synchronised(conn);
}

// RFC 5961 3.2: only the exact sequence number resets; one outside the window is not even
// answered. sequence_accepts lets the right edge itself pass.
static void reset_input(struct tcp_conn *conn, const struct segment *seg)
{
	if (seg->seq != conn->rcv_nxt) {
		if (seq_lt(seg->seq, conn->rcv_adv))
			challenge(conn);
		return;
	}
	conn->tcp->stats.reset_received++;
	int error = -ECONNRESET;
	if (conn->state == TCP_SYN_RECEIVED && (conn->flags & CONN_PASSIVE) == 0)
		error = -ECONNREFUSED;
	else if (conn->state == TCP_CLOSING || conn->state == TCP_LAST_ACK)
		error = 0; // both sides were done, and the peer has forgotten already
	conn_close(conn, TCP_CLOSED, error);
}

// RFC 7323 4.3 (2).
static void ts_update(struct tcp_conn *conn, const struct segment *seg)
{
	if ((conn->flags & CONN_TS) == 0 || seq_lt(conn->last_ack, seg->seq))
		return;
	conn->ts_recent = seg->options.ts_val; // not older: PAWS has seen to it
	conn->ts_recent_s = (uint32_t)(conn->tcp->now_ms / 1000);
}

// Our FIN is acknowledged (3.10.7.4, fifth).
static void fin_acked(struct tcp_conn *conn)
{
	if ((conn->flags & CONN_FIN_QUEUED) == 0 || conn->snd_head != NULL)
		return;
	if (conn->state == TCP_FIN_WAIT_1)
		conn_set_state(conn, TCP_FIN_WAIT_2);
	else if (conn->state == TCP_CLOSING)
		timewait_enter(conn);
	else if (conn->state == TCP_LAST_ACK)
		conn_close(conn, TCP_CLOSED, 0);
}

// The peer's FIN is in order (3.10.7.4, eighth).
static void fin_received(struct tcp_conn *conn)
{
	conn->flags |= CONN_FIN_RECEIVED | CONN_ACK_NOW;
	if (conn->state == TCP_ESTABLISHED)
		conn_set_state(conn, TCP_CLOSE_WAIT);
	else if (conn->state == TCP_FIN_WAIT_1)
		conn_set_state(conn, TCP_CLOSING);
	conn_report(conn, TCP_EV_FIN);
	if (conn->state == TCP_FIN_WAIT_2)
		timewait_enter(conn);
}

static bool takes_data(const struct tcp_conn *conn)
{
	return conn->state == TCP_ESTABLISHED || conn->state == TCP_FIN_WAIT_1 ||
	       conn->state == TCP_FIN_WAIT_2;
}

// RFC 5681 4.2: acknowledge every second full segment at once, and one that fills a gap or part of
// it; any other within the delay.
static void schedule_ack(struct tcp_conn *conn, bool gap)
{
	if (conn->quick_acks > 0) {
		conn->quick_acks--;
		conn->flags |= CONN_ACK_NOW;
	}
	if (conn->rcv_nxt - conn->last_ack >= 2u * conn->rcv_mss || gap)
		conn->flags |= CONN_ACK_NOW;
	if (!due_runs(conn, DUE_ACK))
		due_in(conn, DUE_ACK, conn->tcp->config.delayed_ack_ms);
}

static void data_input(struct tcp_conn *conn, struct segment *seg)
{
	if ((seg->len == 0 && (seg->flags & TCP_FIN) == 0) || !takes_data(conn))
		return;
	if (seg->len > 0 && (conn->flags & CONN_RELEASED) != 0) {
		conn_reset(conn, -ECONNRESET); // RFC 1122 4.2.2.13: nobody will read it
		return;
	}
	uint32_t before = conn->rcv_nxt;
	conn->tcp->stats.rx_bytes += seg->len;
	conn->rcv_mss = (uint16_t)max_u32(conn->rcv_mss, min_u32(seg->len, conn->mss_offered));
	bool hole = seg->seq != conn->rcv_nxt;
	bool gap = conn->ooo_segs > 0;
	bool fin = reassembly_input(conn, seg);
	if (conn->rcv_nxt != before) {
		schedule_ack(conn, gap);
		conn_report(conn, TCP_EV_READABLE);
	}
	if (fin) {
		reassembly_prune(conn); // beyond the end; or it came again, and SACK is silent now
		conn->rcv_nxt++;
		fin_received(conn);
	}
	if (!hole || (conn->flags & CONN_LIVE) == 0)
		return;
	// RFC 5681 4.2: a segment beyond a hole is answered at once. Without SACK the peer counts
	// these ACKs, so each is sent; with SACK one at the end of the loop says it all.
	if ((conn->flags & CONN_SACK) == 0)
		output_ack(conn);
	else
		conn->flags |= CONN_ACK_NOW;
}

// In SYN_RECEIVED the SYN may come again: our SYN-ACK was lost, or both sides opened at once.
static bool syn_repeated(struct tcp_conn *conn, struct segment *seg)
{
	if (conn->state != TCP_SYN_RECEIVED || seg->seq != conn->rcv_nxt - 1 ||
	    (seg->flags & (TCP_SYN | TCP_RST)) != TCP_SYN)
		return false;
	if ((seg->flags & TCP_ACK) == 0) {
		answer(conn, conn->snd_una, TCP_SYN | TCP_ACK);
		return true;
	}
	seg->flags &= (uint8_t)~TCP_SYN;
	seg->seq++;
	return false;
}

void conn_input(struct tcp_conn *conn, struct segment *seg)
{
	if (conn->state == TCP_SYN_SENT) {
		syn_sent_input(conn, seg);
		return;
	}
	if (syn_repeated(conn, seg) || !paws_accepts(conn, seg) || !sequence_accepts(conn, seg))
		return;
	if ((seg->flags & TCP_RST) != 0) {
		reset_input(conn, seg);
		return;
	}
	if ((seg->flags & TCP_SYN) != 0) { // RFC 5961 4.2
		challenge(conn);
		return;
	}
	if ((seg->flags & TCP_ACK) == 0) {
		conn->tcp->stats.bad_ack++;
		return;
	}
	if (conn->state == TCP_SYN_RECEIVED && !syn_acked(conn, seg))
		return;
	if (!ack_input(conn, seg))
		return;
	timer_arm_alive(conn);
	conn->probes = 0;
	ts_update(conn, seg);
	ecn_data(conn, seg);
	trim(conn, seg);
	conn_mark(conn);
	fin_acked(conn);
	if ((conn->flags & CONN_LIVE) != 0)
		data_input(conn, seg);
}
