// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// How much may be in flight. The window grows by slow start (RFC 5681, 9406), then by one of the
// controls below; it shrinks in proportion to what arrives (RFC 6937).

#include "dataplane/tcp/loss.h"

enum {
	PIPE_ACK_MS = 1000,            // RFC 7661 4.2
	UNUSED_MAX_MS = 5 * 60 * 1000, // RFC 7661 4.4
};

static const uint32_t SSTHRESH_NONE = UINT32_MAX / 2;

static uint32_t newreno_reduce(struct tcp_conn *conn, uint32_t window)
{
	conn->acked_bytes = 0;
	return window / 2;
}

static void newreno_grow(struct tcp_conn *conn, uint32_t bytes)
{
	conn->acked_bytes += bytes;
	if (conn->acked_bytes < conn->cwnd)
		return;
	conn->acked_bytes -= conn->cwnd;
	conn->cwnd += conn->mss;
}

static void newreno_other(struct tcp_conn *)
{
}

// What differs between the controls.
static const struct control {
	void (*grow)(struct tcp_conn *conn, uint32_t bytes); // in congestion avoidance
	void (*pause)(struct tcp_conn *conn);
	uint32_t (*reduce)(struct tcp_conn *conn, uint32_t window); // to the threshold
	void (*timeout)(struct tcp_conn *conn);
	void (*undo)(struct tcp_conn *conn);
} controls[] = {
	[TCP_CUBIC] = {cubic_grow, cubic_pause, cubic_reduce, cubic_timeout, cubic_undo},
	[TCP_NEWRENO] = {newreno_grow, newreno_other, newreno_reduce, newreno_other, newreno_other},
};

static const struct control *control_of(const struct tcp_conn *conn)
{
	return &controls[conn->tcp->config.congestion];
}

static bool is_first_slow_start(const struct tcp_conn *conn)
{
	return conn->ssthresh == SSTHRESH_NONE;
}

static uint32_t initial_window(const struct tcp_conn *conn)
{
	return min_u32(10u * conn->mss, max_u32(2u * conn->mss, 14600));
}

void congestion_init(struct tcp_conn *conn)
{
	bool syn_lost = (conn->flags & CONN_SYN_RESENT) != 0;
	conn->cwnd = syn_lost ? conn->mss : initial_window(conn);
	conn->ssthresh = SSTHRESH_NONE;
	conn->round_end = conn->round_una = conn->snd_una;
	conn->validated_ms = (uint32_t)conn->tcp->now_ms;
}

// A round trip ends with the ACK for the first byte sent in it.
static void round_follow(struct tcp_conn *conn, const struct ack_news *news)
{
	bool first = is_first_slow_start(conn);
	if (news->acked > 0 && seq_lt(conn->round_end, conn->snd_una)) {
		uint16_t now_ms = (uint16_t)conn->tcp->now_ms;
		uint32_t sample = conn->snd_una - conn->round_una;
		uint32_t kept_ms = max_u32(PIPE_ACK_MS, conn->srtt_us8 / 8000 * 3);
		if (sample >= conn->pipe_ack || (uint16_t)(now_ms - conn->pipe_ack_ms) > kept_ms) {
			conn->pipe_ack = sample;
			conn->pipe_ack_ms = now_ms;
		}
		conn->round_end = conn->snd_nxt;
		conn->round_una = conn->snd_una;
		if (first)
			hystart_round(conn);
	}
	if (first && news->rtt_us > 0)
		hystart_sample(conn, news->rtt_us);
	if (first && !is_first_slow_start(conn))
		conn->cubic = (struct cubic){0};
}

// RFC 6937 3.1 with the rule of its successor for when to add a segment: only while an ACK makes
// progress and no further loss shows.
static void reduce_on(struct tcp_conn *conn, const struct ack_news *news)
{
	uint32_t pipe = recovery_pipe(conn);
	uint32_t may = 0;
	struct prr *prr = &conn->prr;
	prr->delivered += news->delivered;
	if (pipe > conn->ssthresh) {
		uint64_t share = (uint64_t)prr->delivered * conn->ssthresh;
		uint64_t due = (share + prr->flight - 1) / prr->flight;
		may = due > prr->out ? (uint32_t)due - prr->out : 0;
	} else {
		uint32_t left = prr->delivered > prr->out ? prr->delivered - prr->out : 0;
		left = max_u32(left, news->delivered);
		if (news->acked > 0 && !news->lost)
			left += conn->mss;
		may = min_u32(conn->ssthresh - pipe, left);
	}
	conn->cwnd = max_u32(pipe + may, conn->mss);
}

static void grow(struct tcp_conn *conn, uint32_t bytes)
{
	if (conn->cwnd >= conn->ssthresh) {
		control_of(conn)->grow(conn, bytes);
	} else {
		// Peers acknowledge whole bursts with one ACK, as we do; counting bytes (RFC 3465)
		// with a wide limit keeps their slow start from crawling. After a timeout the limit
		// is one packet, for what is acknowledged may be old.
		if (is_first_slow_start(conn))
			bytes = hystart_growth(conn, bytes);
		else if (conn->recovery == RECOVERY_RTO)
			bytes = min_u32(bytes, conn->mss);
		conn->cwnd += min_u32(bytes, conn->ssthresh - conn->cwnd);
	}
	// The send buffer bounds the flight; a larger window would only be a larger burst.
	conn->cwnd = min_u32(conn->cwnd, conn->tcp->config.snd_buf_max + initial_window(conn));
}

// RFC 7661 4.4: a window that was not put to use for so long is worth half.
static void unused(struct tcp_conn *conn)
{
	uint32_t now_ms = (uint32_t)conn->tcp->now_ms;
	if (!is_first_slow_start(conn))
		control_of(conn)->pause(conn);
	if (now_ms - conn->validated_ms < UNUSED_MAX_MS)
		return;
	conn->validated_ms = now_ms;
	conn->ssthresh = max_u32(conn->ssthresh, conn->cwnd / 4 * 3);
	conn->cwnd = max_u32(conn->cwnd / 2, initial_window(conn));
}

// A window that the sender did not fill proves nothing (RFC 7661 3): no growth. `pipe_before` is
// what was in flight until this ACK came.
void congestion_acked(struct tcp_conn *conn, const struct ack_news *news, uint32_t pipe_before)
{
	round_follow(conn, news);
	if (conn->recovery == RECOVERY_FAST || conn->recovery == RECOVERY_CWR) {
		reduce_on(conn, news);
		return;
	}
	if (news->acked == 0 || news->recovered)
		return;
	bool full = (conn->flags & CONN_CWND_LIMITED) != 0 || pipe_before + conn->mss > conn->cwnd;
	if (full || (conn->cwnd < conn->ssthresh && pipe_before >= conn->cwnd / 2)) {
		conn->validated_ms = (uint32_t)conn->tcp->now_ms;
		grow(conn, news->acked);
	} else {
		unused(conn);
	}
}

// What was in use of the window (RFC 5681 3.1 (4)): the tail of an answer is little, the answer
// itself was more (RFC 7661 4.4.1).
static void threshold_lower(struct tcp_conn *conn)
{
	uint32_t used = max_u32(conn->snd_nxt - conn->snd_una, conn->pipe_ack);
	if (is_first_slow_start(conn))
		conn->cubic = (struct cubic){0};
	conn->ssthresh = control_of(conn)->reduce(conn, min_u32(used, conn->cwnd));
	conn->ssthresh = max_u32(conn->ssthresh, 2u * conn->mss);
	conn->flags |= CONN_CWR;
	// What a probe might tell would be the same loss again.
	conn->flags &= ~(uint32_t)(CONN_PROBED | CONN_PROBE_OLD);
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
	conn->prr = (struct prr){.flight = max_u32(conn->snd_nxt - conn->snd_una, conn->mss)};
	// Until the first ACK of the recovery: what is in flight, and one packet sent again.
	conn->cwnd = max_u32(min_u32(conn->ssthresh, recovery_pipe(conn)), conn->mss);
}

// RFC 5681 3.1 (4): the threshold falls once for one loss, however often the timer expires. Window
// probes may have counted retries before; then this is the first loss all the same.
void congestion_timeout(struct tcp_conn *conn)
{
	if (conn->retries <= 1 || is_first_slow_start(conn)) {
		undo_begin(conn);
		threshold_lower(conn);
	}
	control_of(conn)->timeout(conn);
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
	if (conn->tcp->config.congestion == TCP_NEWRENO)
		conn->acked_bytes = 0;
}

// RFC 4015: back to what was known before.
void congestion_undo(struct tcp_conn *conn)
{
	conn->cwnd = max_u32(conn->cwnd, conn->prior_cwnd);
	conn->ssthresh = max_u32(conn->ssthresh, conn->prior_ssthresh);
	if (is_first_slow_start(conn))
		conn->hystart = (struct hystart){0};
	else
		control_of(conn)->undo(conn);
	conn->recovery = RECOVERY_NONE;
	conn->dup_acks = 0;
}

// RFC 5681 4.1: after silence the path is unknown again. RFC 7661 would keep the window, but asks
// for pacing to send it; we have none, and slow start up to the old window is short.
void congestion_restart(struct tcp_conn *conn)
{
	uint32_t silent_ms = (uint32_t)conn->tcp->now_ms - conn->tx_ms;
	if (conn->snd_una != conn->snd_nxt || silent_ms <= conn->rto_ms)
		return;
	if (!is_first_slow_start(conn)) {
		conn->ssthresh = max_u32(conn->ssthresh, conn->cwnd / 4 * 3);
		control_of(conn)->pause(conn);
	}
	conn->cwnd = min_u32(conn->cwnd, initial_window(conn));
	rack_restart(conn);
}
