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

// A window that the sender did not fill proves nothing (RFC 7661 3): no growth. `pipe_before` is
// what was in flight until this ACK came.
void congestion_acked(struct tcp_conn *conn, uint32_t bytes, uint32_t pipe_before)
{
	bool full = (conn->flags & CONN_CWND_LIMITED) != 0 || pipe_before + conn->mss > conn->cwnd;
	bool slow_start = conn->cwnd < conn->ssthresh;
	if (conn->recovery == RECOVERY_FAST)
		return;
	if (!full && !(slow_start && pipe_before >= conn->cwnd / 2))
		return;
	if (slow_start) {
		// Peers acknowledge whole bursts with one ACK, as we do; counting bytes (RFC 3465)
		// without its limit of two segments keeps their slow start from crawling. After a
		// timeout the limit of one holds, for what is acknowledged may be old.
		conn->cwnd += conn->recovery == RECOVERY_RTO ? min_u32(bytes, conn->mss) : bytes;
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
	conn->recover = conn->snd_nxt;
	conn->acked_bytes = 0;
}

// Entering fast recovery. No inflation: recovery_pipe already leaves out what left the network.
void congestion_loss(struct tcp_conn *conn)
{
	threshold_lower(conn);
	conn->cwnd = conn->ssthresh;
	conn->recovery = RECOVERY_FAST;
	conn->tcp->stats.fast_retransmits++;
}

// RFC 5681 3.1 (4): the threshold falls once for one loss, however often the timer expires.
void congestion_timeout(struct tcp_conn *conn)
{
	if (conn->retries <= 1)
		threshold_lower(conn);
	conn->recover = conn->snd_nxt;
	conn->cwnd = conn->mss;
	conn->dup_acks = 0;
	conn->recovery = RECOVERY_RTO;
}

// RFC 6582 3.2 (3), full ACK: leave without a burst.
void congestion_recovered(struct tcp_conn *conn)
{
	if (conn->recovery == RECOVERY_FAST) {
		uint32_t pipe = recovery_pipe(conn);
		conn->cwnd = min_u32(conn->ssthresh, max_u32(pipe, conn->mss) + conn->mss);
	}
	conn->recovery = RECOVERY_NONE;
	conn->dup_acks = 0;
	conn->acked_bytes = 0;
}

// RFC 5681 4.1: after silence the path is unknown again.
void congestion_restart(struct tcp_conn *conn)
{
	uint64_t silent_ms = (conn->tcp->now_us - conn->tx_us) / 1000;
	if (conn->snd_una == conn->snd_nxt && silent_ms > conn->rto_ms)
		conn->cwnd = min_u32(conn->cwnd, initial_window(conn));
}
