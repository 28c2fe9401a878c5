// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// How much may be in flight: RFC 5681, RFC 6928.

#include "dataplane/tcp/conn.h"

static uint32_t initial_window(const struct tcp_conn *conn)
{
	return min_u32(10u * conn->mss, max_u32(2u * conn->mss, 14600));
}

void congestion_init(struct tcp_conn *conn)
{
	bool syn_lost = (conn->flags & CONN_SYN_RESENT) != 0;
	conn->cwnd = syn_lost ? conn->mss : initial_window(conn);
	conn->ssthresh = UINT32_MAX / 2;
}

// RFC 6937 3.1 with the rule of its successor for when to add a segment: only while an ACK makes
// progress and no further loss shows.
static void reduce_on(struct tcp_conn *conn, const struct ack_news *news)
{
	uint32_t pipe = recovery_pipe(conn);
	uint32_t may = 0;
	conn->prr_delivered += news->delivered;
	if (pipe > conn->ssthresh) {
		uint64_t share = (uint64_t)conn->prr_delivered * conn->ssthresh;
		uint64_t due = (share + conn->prr_flight - 1) / conn->prr_flight;
		may = due > conn->prr_out ? (uint32_t)due - conn->prr_out : 0;
	} else {
		uint32_t left = conn->prr_delivered > conn->prr_out
					? conn->prr_delivered - conn->prr_out
					: 0;
		left = max_u32(left, news->delivered);
		if (news->acked > 0 && !news->lost)
			left += conn->mss;
		may = min_u32(conn->ssthresh - pipe, left);
	}
	conn->cwnd = max_u32(pipe + may, conn->mss);
}

// A window that the sender did not fill proves nothing (RFC 7661 3): no growth. `pipe_before` is
// what was in flight until this ACK came.
void congestion_acked(struct tcp_conn *conn, const struct ack_news *news, uint32_t pipe_before)
{
	bool full = (conn->flags & CONN_CWND_LIMITED) != 0 || pipe_before + conn->mss > conn->cwnd;
	bool slow_start = conn->cwnd < conn->ssthresh;
	uint32_t bytes = news->acked;
	if (conn->recovery == RECOVERY_FAST || conn->recovery == RECOVERY_CWR) {
		reduce_on(conn, news);
		return;
	}
	if (bytes == 0 || news->recovered ||
	    (!full && !(slow_start && pipe_before >= conn->cwnd / 2)))
		return;
	if (slow_start) {
		// Peers acknowledge whole bursts with one ACK, as we do; counting bytes (RFC 3465)
		// without its limit of two segments keeps their slow start from crawling. After a
		// timeout the limit of one holds, for what is acknowledged may be old.
		bytes = conn->recovery == RECOVERY_RTO ? min_u32(bytes, conn->mss) : bytes;
		conn->cwnd += min_u32(bytes, conn->ssthresh - conn->cwnd);
	} else {
		conn->acked_bytes += bytes;
		if (conn->acked_bytes < conn->cwnd)
			return;
		conn->acked_bytes -= conn->cwnd;
		conn->cwnd += conn->mss;
	}
	// The send buffer bounds the flight; a larger window would only be a larger burst.
	conn->cwnd = min_u32(conn->cwnd, conn->tcp->config.snd_buf + initial_window(conn));
}

static void threshold_lower(struct tcp_conn *conn)
{
	conn->ssthresh = max_u32((conn->snd_nxt - conn->snd_una) / 2, 2u * conn->mss);
	conn->acked_bytes = 0;
}

// No inflation: recovery_pipe already leaves out what left the network.
void congestion_reduce(struct tcp_conn *conn, enum recovery recovery)
{
	if (recovery == RECOVERY_FAST)
		conn->tcp->stats.fast_retransmits++;
	if (conn->recovery == RECOVERY_CWR) { // one reduction in a round trip will do
		conn->recovery = (uint8_t)recovery;
		conn->recover = conn->snd_nxt;
		return;
	}
	undo_begin(conn);
	threshold_lower(conn);
	conn->recover = conn->snd_nxt;
	conn->recovery = (uint8_t)recovery;
	conn->prr_delivered = conn->prr_out = 0;
	conn->prr_flight = max_u32(conn->snd_nxt - conn->snd_una, conn->mss);
	// Until the first ACK of the recovery: what is in flight, and one packet sent again.
	conn->cwnd = max_u32(min_u32(conn->ssthresh, recovery_pipe(conn)), conn->mss);
}

// RFC 5681 3.1 (4): the threshold falls once for one loss, however often the timer expires.
void congestion_timeout(struct tcp_conn *conn)
{
	if (conn->retries <= 1) {
		undo_begin(conn);
		threshold_lower(conn);
	}
	undo_timeout(conn);
	conn->recover = conn->snd_nxt;
	conn->cwnd = conn->mss;
	conn->dup_acks = 0;
	conn->recovery = RECOVERY_RTO;
}

void congestion_recovered(struct tcp_conn *conn)
{
	if (conn->recovery == RECOVERY_FAST || conn->recovery == RECOVERY_CWR)
		conn->cwnd = conn->ssthresh;
	conn->recovery = RECOVERY_NONE;
	conn->frto = FRTO_NONE;
	conn->dup_acks = 0;
	conn->acked_bytes = 0;
}

// RFC 4015: back to what was known before.
void congestion_undo(struct tcp_conn *conn)
{
	conn->cwnd = max_u32(conn->cwnd, conn->prior_cwnd);
	conn->ssthresh = max_u32(conn->ssthresh, conn->prior_ssthresh);
	conn->recovery = RECOVERY_NONE;
	conn->dup_acks = 0;
}

// RFC 5681 4.1: after silence the path is unknown again. RFC 7661 would keep the window, but asks
// for pacing to send it; we have none, and slow start up to the old window is short.
void congestion_restart(struct tcp_conn *conn)
{
	uint64_t silent_ms = (conn->tcp->now_us - conn->tx_us) / 1000;
	if (conn->snd_una == conn->snd_nxt && silent_ms > conn->rto_ms)
		conn->cwnd = min_u32(conn->cwnd, initial_window(conn));
}
