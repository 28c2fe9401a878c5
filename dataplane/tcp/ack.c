// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What an acknowledgement says: bytes that arrived, the window, what is missing, how long it took.

#include "dataplane/tcp/loss.h"

// RFC 6298 2.2, 2.3. A sample also ends the back-off (5.7 and Karn).
void rtt_sample(struct tcp_conn *conn, uint32_t rtt_us)
{
	const struct tcp_config *config = &conn->tcp->config;
	if (rtt_us == 0)
		rtt_us = 1;
	if ((conn->flags & CONN_RTT_KNOWN) == 0) {
		conn->flags |= CONN_RTT_KNOWN;
		conn->srtt_us8 = rtt_us * 8;
		conn->rttvar_us4 = rtt_us * 2;
	} else {
		uint32_t srtt = conn->srtt_us8 / 8;
		uint32_t off = srtt > rtt_us ? srtt - rtt_us : rtt_us - srtt;
		conn->rttvar_us4 += off - conn->rttvar_us4 / 4;
		conn->srtt_us8 += rtt_us - srtt;
	}
	uint32_t rto_ms = (conn->srtt_us8 / 8 + max_u32(conn->rttvar_us4, 1000)) / 1000 + 1;
	rto_ms = min_u32(max_u32(rto_ms, config->rto_min_ms), config->rto_max_ms);
	conn->rto_ms = (uint16_t)min_u32(rto_ms, UINT16_MAX);
	conn->backoff = 0;
}

// RFC 9293 3.10.7.4: an older segment must not bring an older window back. But a newer ACK always
// brings its window along: the window counts from the byte acknowledged, and the old one from there
// would reach beyond what the peer has offered. So every step of snd_una is an update, and WL2
// would always be snd_una.
static bool window_update(struct tcp_conn *conn, const struct segment *seg, bool newer)
{
	if (!newer && seq_lt(seg->seq, conn->snd_wl1))
		return false;
	uint32_t before = conn->snd_wnd;
	conn->snd_wnd = (uint32_t)seg->wnd << conn->snd_scale;
	conn->snd_wnd_max = max_u32(conn->snd_wnd_max, conn->snd_wnd);
	conn->snd_wl1 = seq_max(conn->snd_wl1, seg->seq);
	return conn->snd_wnd != before;
}

// RFC 6582: duplicate ACKs stand for segments that left the network.
static bool newreno(struct tcp_conn *conn, const struct ack_news *news)
{
	if (news->acked > 0) {
		uint32_t gone = news->segs > 0 ? news->segs - 1 : 0;
		conn->dup_acks = (uint16_t)(conn->dup_acks > gone ? conn->dup_acks - gone : 0);
		if (conn->recovery == RECOVERY_FAST && seq_lt(conn->snd_una, conn->recover)) {
			if ((tx_seg(conn->snd_head)->flags & TX_LOST) == 0)
				recovery_lose(conn, conn->snd_head); // a partial ACK: the next hole
		} else {
			conn->dup_acks = 0;
		}
		return false;
	}
	if (!news->duplicate || conn->recovery == RECOVERY_RTO)
		return false;
	// A peer may send more of them than there are segments on the way (RFC 5681 3.2 (4)).
	uint32_t flight = conn->snd_nxt - conn->snd_una;
	if (conn->dup_acks < conn->snd_segs &&
	    (conn->dup_acks < TCP_DUP_THRESH || (uint32_t)conn->dup_acks * conn->mss < flight))
		conn->dup_acks++;
	if (conn->recovery >= RECOVERY_FAST || conn->dup_acks < TCP_DUP_THRESH ||
	    !seq_lt(conn->recover, conn->snd_una))
		return false;
	recovery_lose(conn, conn->snd_head);
	return true;
}

static void loss_input(struct tcp_conn *conn, struct ack_news *news)
{
	probe_acked(conn, news);
	undo_acked(conn, news);
	if ((conn->flags & CONN_SACK) == 0)
		news->lost = newreno(conn, news);
	else if (news->sacked || news->acked > 0)
		rack_detect(conn, news);
	if (conn->recovery != RECOVERY_NONE && seq_le(conn->recover, conn->snd_una)) {
		if (conn->recovery >= RECOVERY_FAST)
			rack_recovered(conn);
		congestion_recovered(conn);
		news->recovered = true;
	}
	ecn_acked(conn, news);
	if (news->lost && conn->recovery < RECOVERY_FAST)
		congestion_reduce(conn, RECOVERY_FAST);
}

// The peer answered; what a timeout may conclude starts anew.
static void progress(struct tcp_conn *conn, uint32_t acked)
{
	bool idle = conn->snd_una == conn->snd_nxt;
	if (acked > 0 || idle || conn->snd_wnd == 0)
		conn->retries = 0;
	if (acked == 0) {
		if (idle && conn->snd_wnd > 0)
			conn->backoff = 0; // the persist timer's; the other's ends with a sample
		return;
	}
	claim_forget(conn);
	if (idle)
		due_stop(conn, DUE_RESEND); // RFC 6298 5.2
	else
		timer_arm_resend(conn); // 5.3
	probe_arm(conn);
	if ((conn->flags & CONN_RELEASED) != 0)
		timer_arm_patience(conn);
}

// Goes up by what an ACK tells to have arrived; without SACK a duplicate ACK stands for a segment.
static uint32_t delivered_sum(const struct tcp_conn *conn)
{
	return conn->snd_una + conn->sacked + (uint32_t)conn->dup_acks * conn->mss;
}

// Since the sum was `before`. It goes down when duplicate ACKs had been taken for more than came.
static uint32_t delivered_since(const struct tcp_conn *conn, uint32_t before)
{
	uint32_t sum = delivered_sum(conn);
	return seq_lt(before, sum) ? sum - before : 0;
}

// Outside of a recovery `recover` stays close behind snd_una, for beyond half of all sequence
// numbers it would seem to lie ahead.
static void recover_follow(struct tcp_conn *conn)
{
	if (conn->recovery == RECOVERY_NONE)
		conn->recover = seq_max(conn->recover, conn->snd_una - 1);
}

bool ack_input(struct tcp_conn *conn, const struct segment *seg)
{
	struct tcp *tcp = conn->tcp;
	// RFC 5961 5.2, which narrows RFC 9293 3.10.7.4.
	if (seq_lt(conn->snd_nxt, seg->ack) ||
	    seq_lt(seg->ack, conn->snd_una - conn->snd_wnd_max)) {
		tcp->stats.bad_ack++;
		if (conn_may_challenge(conn)) {
			tcp->stats.challenge_acks++;
			conn->flags |= CONN_ACK_NOW;
			conn_mark(conn);
		}
		return false;
	}
	if (seq_lt(seg->ack, conn->snd_una))
		return true; // old, but its payload counts
	uint32_t pipe = recovery_pipe(conn);
	uint32_t delivered = delivered_sum(conn);
	struct ack_news news = {.seg = seg, .acked = seg->ack - conn->snd_una};
	bool moved = window_update(conn, seg, news.acked > 0);
	news.duplicate = news.acked == 0 && !moved && seg->len == 0 &&
			 !seq_lt(seg->seq, conn->last_ack) && (seg->flags & TCP_FIN) == 0 &&
			 conn->snd_una != conn->snd_nxt;
	recovery_sack(conn, &news);
	if (news.duplicate)
		tcp->stats.dup_acks++;
	if (news.acked > 0)
		send_acked(conn, &news);
	loss_input(conn, &news);
	news.delivered = delivered_since(conn, delivered);
	congestion_acked(conn, &news, pipe);
	recover_follow(conn);
	progress(conn, news.acked);
	if (news.reo_us > 0)
		timer_arm_sooner(conn, RESEND_REORDERED, news.reo_us);
	return true;
}
