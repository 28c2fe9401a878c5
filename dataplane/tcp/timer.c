// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A connection's deadlines, all on one wheel node, which is armed for the earliest.

#include "dataplane/tcp/loss.h"

static const int64_t NEVER_MS = INT64_MAX;

// Until the first deadline; 0: it has passed.
static int64_t next_ms(const struct tcp_conn *conn)
{
	int64_t next = NEVER_MS;
	for (int i = 0; i < DUE_COUNT; i++) {
		if (due_runs(conn, i) && due_left(conn, i) < next)
			next = due_left(conn, i) > 0 ? due_left(conn, i) : 0;
	}
	return (conn->flags & CONN_RETRY) != 0 && next > TCP_RETRY_MS ? TCP_RETRY_MS : next;
}

void conn_schedule(struct tcp_conn *conn)
{
	int64_t next = next_ms(conn);
	// A connection that waits for nothing would stay for ever.
	assert(next != NEVER_MS);
	wheel_arm(&conn->tcp->wheel, &conn->timer, conn->tcp->now_ms + (uint64_t)next);
}

bool conn_is_watched(const struct tcp_conn *conn)
{
	int64_t next = next_ms(conn);
	if ((conn->flags & CONN_LIVE) == 0 || (conn->flags & CONN_DIRTY) != 0)
		return true;
	int32_t wheel_ms = (int32_t)(conn->timer.deadline - (uint32_t)conn->tcp->now_ms);
	return next != NEVER_MS && !list_empty(&conn->timer.link) &&
	       wheel_ms <= (next > 0 ? next : 1);
}

void timer_arm_resend(struct tcp_conn *conn)
{
	const struct tcp_config *config = &conn->tcp->config;
	uint64_t rto_ms = (uint64_t)conn->rto_ms << conn->backoff;
	if (rto_ms > config->rto_max_ms)
		rto_ms = config->rto_max_ms;
	due_in(conn, DUE_RESEND, rto_ms);
	conn->resend = RESEND_RTO;
}

void timer_arm_sooner(struct tcp_conn *conn, enum resend what, uint32_t us)
{
	due_in(conn, DUE_RESEND, (conn->tcp->now_us + us + 999) / 1000 - conn->tcp->now_ms);
	conn->resend = (uint8_t)what;
}

// Progress buys a released connection time, but not for ever: a peer that takes a byte now and then
// must not hold our memory.
void timer_arm_patience(struct tcp_conn *conn)
{
	uint64_t wait_ms = conn->tcp->config.fin_wait_2_ms;
	uint64_t longest_ms = wait_ms * TCP_LINGER_FACTOR;
	uint32_t gone_ms = (uint32_t)conn->tcp->now_ms - conn->released_ms;
	uint64_t left_ms = longest_ms > gone_ms ? longest_ms - gone_ms : 0;
	due_in(conn, DUE_STATE, wait_ms < left_ms ? wait_ms : left_ms);
}

// The peer is alive. That puts off the next look at it, but hastens none.
void timer_arm_alive(struct tcp_conn *conn)
{
	uint32_t idle_ms = conn->tcp->config.keepalive_idle_ms;
	if (idle_ms == 0)
		idle_ms = TCP_IDLE_CHECK_MS;
	if (!due_runs(conn, DUE_ALIVE) || due_left(conn, DUE_ALIVE) < (int64_t)idle_ms)
		due_in(conn, DUE_ALIVE, idle_ms);
}

void timer_back_off(struct tcp_conn *conn)
{
	if (conn->backoff < TCP_BACKOFF_MAX)
		conn->backoff++;
}

static bool give_up(struct tcp_conn *conn)
{
	struct tcp *tcp = conn->tcp;
	if (conn->retries < tcp->config.data_retries) {
		conn->retries++;
		return false;
	}
	tcp->stats.timed_out++;
	conn_reset(conn, -ETIMEDOUT);
	return true;
}

// RFC 9293 3.8.6.1, with nothing in flight. An old sequence number makes the peer tell its window;
// when there is a window, but a small one, what fits goes out after all (3.8.6.2.1 (4)).
static void persist(struct tcp_conn *conn)
{
	if (give_up(conn))
		return;
	timer_back_off(conn);
	conn->tcp->stats.window_probes++;
	struct pkt *pkt = conn->snd_unsent;
	uint32_t usable = conn->snd_wnd;
	if (pkt != NULL && usable > 0 && usable < tx_seg_len(tx_seg(pkt)) &&
	    !send_split(conn, pkt, min_u32(usable, pkt->len)))
		return;
	if (usable == 0)
		output_bare(conn, conn->snd_una - 1, TCP_ACK);
	timer_arm_resend(conn);
}

// RFC 6298 5.4 to 5.6.
static void rto_expired(struct tcp_conn *conn)
{
	if (give_up(conn))
		return;
	conn->tcp->stats.rto_expired++;
	if ((conn->flags & CONN_CLAIM) != 0)
		mss_apply(conn, conn->mss_test);
	else
		blackhole_timeout(conn);
	recovery_lose_on_timeout(conn);
	congestion_timeout(conn);
	timer_back_off(conn);
	timer_arm_resend(conn);
}

static void flight_expired(struct tcp_conn *conn)
{
	switch ((enum resend)conn->resend) {
	case RESEND_RTO:
		rto_expired(conn);
		break;
	case RESEND_REORDERED:
		rack_expired(conn);
		break;
	case RESEND_PROBE:
		probe_expired(conn);
		break;
	}
}

static void resend_expired(struct tcp_conn *conn)
{
	if (!conn_is_synchronised(conn))
		syn_timeout(conn);
	else if (conn->snd_una != conn->snd_nxt)
		flight_expired(conn);
	else if (conn->snd_head != NULL)
		persist(conn);
}

// RFC 1122 4.2.3.6. While data is on the way the retransmission timer watches the peer.
static void alive_expired(struct tcp_conn *conn)
{
	struct tcp *tcp = conn->tcp;
	const struct tcp_config *config = &tcp->config;
	if (config->keepalive_idle_ms == 0) {
		timer_arm_alive(conn);
		return;
	}
	due_in(conn, DUE_ALIVE, max_u32(config->keepalive_interval_ms, 1));
	if (due_runs(conn, DUE_RESEND))
		return;
	if (conn->probes >= config->keepalive_probes) {
		tcp->stats.timed_out++;
		conn_reset(conn, -ETIMEDOUT);
		return;
	}
	conn->probes++;
	tcp->stats.keepalives++;
	output_bare(conn, conn->snd_una - 1, TCP_ACK);
}

// The handshake took too long, or a released connection makes no progress; or the path may have
// become a better one.
static void state_expired(struct tcp_conn *conn)
{
	if (conn_is_synchronised(conn) && (conn->flags & CONN_RELEASED) == 0) {
		conn->flags |= CONN_RAISE;
		return;
	}
	conn->tcp->stats.timed_out++;
	if (conn_is_synchronised(conn))
		conn_reset(conn, -ETIMEDOUT);
	else
		conn_close(
			conn, TCP_CLOSED,
			(conn->flags & CONN_UNREACHABLE) != 0 ? -EHOSTUNREACH : -ETIMEDOUT
		);
}

static void due_handle(struct tcp_conn *conn, enum due due)
{
	switch (due) {
	case DUE_STATE:
		state_expired(conn);
		break;
	case DUE_RESEND:
		resend_expired(conn);
		break;
	case DUE_ACK:
		conn->tcp->stats.delayed_acks++;
		conn->flags |= CONN_ACK_NOW;
		break;
	case DUE_ALIVE:
		alive_expired(conn);
		break;
	case DUE_COUNT:
		break;
	}
}

void timer_expired(struct tcp_conn *conn)
{
	conn_mark(conn);
	for (int i = 0; i < DUE_COUNT && (conn->flags & CONN_LIVE) != 0; i++) {
		if (!due_runs(conn, i) || due_left(conn, i) > 0)
			continue;
		due_stop(conn, i);
		due_handle(conn, i);
	}
}
