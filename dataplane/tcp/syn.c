// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The handshake, both ways (RFC 9293 3.5, 3.10.7.3), and the initial sequence number.

#include "dataplane/tcp/loss.h"
#include "dataplane/tcp/syncache.h"

// RFC 6528: a 4-microsecond clock plus a keyed hash of the connection's name.
uint32_t isn_new(const struct tcp *tcp, const struct flow *flow)
{
	return (uint32_t)(tcp->now_us / 4) +
	       (uint32_t)hash_keyed(&tcp->isn_key, flow, sizeof(*flow));
}

uint8_t syn_scale(const struct tcp *tcp)
{
	uint8_t scale = 0;
	while (scale < TCP_SCALE_MAX && tcp->config.rcv_buf_max >> scale > UINT16_MAX)
		scale++;
	return scale;
}

uint16_t tcp_mss_offered(const struct tcp *tcp, const struct flow *flow, uint16_t mtu)
{
	uint32_t overhead = flow_overhead(flow);
	uint32_t mss = mtu < TCP_MSS_MIN + overhead ? TCP_MSS_MIN : mtu - overhead;
	return (uint16_t)min_u32(mss, tcp->config.mss_max);
}

// What does not depend on the peer.
static void prepare(struct tcp_conn *conn, uint16_t mss_offered)
{
	const struct tcp_config *config = &conn->tcp->config;
	conn->mss = conn->mss_offered = mss_offered;
	uint8_t scale = config->window_scale ? syn_scale(conn->tcp) : 0;
	conn->rcv_scale = scale & TCP_SCALE_BITS;
	conn->recover = conn->fack = conn->snd_una;
	conn->snd_nxt = conn->snd_una + 1;
	due_in(conn, DUE_STATE, config->handshake_ms);
}

static void negotiate(struct tcp_conn *conn, const struct segment *seg)
{
	const struct tcp_config *config = &conn->tcp->config;
	const struct tcp_options *options = &seg->options;
	uint32_t mss = options->mss == 0 ? flow_mss_default(&conn->flow)
					 : max_u32(options->mss, TCP_MSS_MIN);
	// What the route allows, or less if ICMP said so already.
	uint16_t mss_path = (uint16_t)min_u32(conn_mss_path(conn), mss);
	if (config->timestamps && options->has_ts) {
		conn->flags |= CONN_TS;
		conn->ts_recent = options->ts_val;
		conn->ts_recent_s = (uint32_t)(conn->tcp->now_ms / 1000);
	}
	if (config->sack && options->sack_permitted)
		conn->flags |= CONN_SACK;
	if (config->window_scale && options->has_scale) {
		conn->flags |= CONN_SCALE;
		conn->snd_scale = min_u32(options->scale, TCP_SCALE_MAX) & TCP_SCALE_BITS;
	} else {
		conn->rcv_scale = 0;
	}
	conn->mss_top = (uint16_t)min_u32(conn->mss_offered, mss);
	conn_mss_set(conn, mss_path);
	ecn_negotiate(conn, seg);
	conn->rcv_nxt = conn->rcv_adv = conn->last_ack = seg->seq + 1;
	conn->snd_wnd = conn->snd_wnd_max = seg->wnd; // never scaled in a SYN (RFC 7323 2.2)
	conn->snd_wl1 = seg->seq;
	buffer_begin(conn);
}

static void syn_send(struct tcp_conn *conn)
{
	uint8_t flags = conn->state == TCP_SYN_SENT ? TCP_SYN : TCP_SYN | TCP_ACK;
	conn->syn_us = (uint32_t)conn->tcp->now_us;
	output_bare(conn, conn->snd_una, flags);
	timer_arm_resend(conn);
	conn_mark(conn);
}

static void syn_received(struct tcp_conn *conn, const struct segment *seg)
{
	negotiate(conn, seg);
	conn_set_state(conn, TCP_SYN_RECEIVED);
	syn_send(conn);
}

struct syn_seen syn_seen_of(const struct tcp *tcp, const struct segment *seg, uint16_t mtu)
{
	const struct tcp_config *config = &tcp->config;
	const struct tcp_options *options = &seg->options;
	struct syn_seen seen = {
		.flow = {seg->where->local, seg->where->remote},
		.irs = seg->seq,
		.ts_val = options->ts_val,
		.sent_us = (uint32_t)tcp->now_us,
		.mss = options->mss,
		.wnd = seg->wnd,
		.scale = options->scale > TCP_SCALE_MAX ? TCP_SCALE_MAX : options->scale,
	};
	seen.mss_offered = tcp_mss_offered(tcp, &seen.flow, mtu);
	if (config->window_scale && options->has_scale)
		seen.options |= SYN_SCALE;
	if (config->sack && options->sack_permitted)
		seen.options |= SYN_SACK;
	if (config->timestamps && options->has_ts)
		seen.options |= SYN_TS;
	if (config->ecn && (seg->flags & (TCP_ECE | TCP_CWR)) == (TCP_ECE | TCP_CWR))
		seen.options |= SYN_ECN;
	return seen;
}

struct tcp_conn *syn_complete(struct tcp *tcp, const struct syn_seen *seen)
{
	struct tcp_conn *conn = conn_new(tcp, &seen->flow);
	if (conn == NULL)
		return NULL;
	struct segment syn = {
		.seq = seen->irs,
		.wnd = seen->wnd,
		.flags = (seen->options & SYN_ECN) != 0 ? TCP_SYN | TCP_ECE | TCP_CWR : TCP_SYN,
		.options =
			{
				.mss = seen->mss,
				.scale = seen->scale,
				.has_scale = (seen->options & SYN_SCALE) != 0,
				.sack_permitted = (seen->options & SYN_SACK) != 0,
				.has_ts = (seen->options & SYN_TS) != 0,
				.ts_val = seen->ts_val,
			},
	};
	conn->snd_una = seen->iss;
	conn->flags |= CONN_PASSIVE | ((seen->options & SYN_RESENT) != 0 ? CONN_SYN_RESENT : 0);
	conn->syn_us = seen->sent_us;
	prepare(conn, seen->mss_offered);
	negotiate(conn, &syn);
	conn->rcv_adv += tcp_syn_window(tcp);
	conn_set_state(conn, TCP_SYN_RECEIVED);
	return conn;
}

static void established(struct tcp_conn *conn, const struct segment *seg)
{
	struct tcp *tcp = conn->tcp;
	conn->snd_una = seg->ack;
	conn->retries = 0;
	conn->backoff = 0;
	due_stop(conn, DUE_RESEND);
	due_stop(conn, DUE_STATE);
	timer_arm_alive(conn);
	if ((conn->flags & CONN_SYN_RESENT) == 0) {
		uint32_t rtt_us = (uint32_t)tcp->now_us - conn->syn_us; // Karn: else ambiguous
		rtt_sample(conn, rtt_us);
		rack_rtt(conn, rtt_us);
	} else {
		conn->rto_ms = (uint16_t)max_u32(conn->rto_ms, 3000); // RFC 6298 5.7
	}
	rack_restart(conn);
	congestion_init(conn);
	conn_set_state(conn, TCP_ESTABLISHED);
	conn->flags |= CONN_ACCEPTED;
	if ((conn->flags & CONN_PASSIVE) != 0) {
		tcp->stats.accepted++;
		conn_report(conn, TCP_EV_ACCEPTED);
	} else {
		tcp->stats.connected++;
		conn_report(conn, TCP_EV_CONNECTED);
	}
	if ((conn->flags & CONN_WANT_WRITE) != 0) {
		conn->flags &= ~(uint32_t)CONN_WANT_WRITE;
		conn_report(conn, TCP_EV_WRITABLE);
	}
	if ((conn->flags & CONN_RELEASED) != 0)
		timer_arm_patience(conn);
	if ((conn->flags & CONN_FIN_WANTED) != 0) { // closed while it was opening
		conn_set_state(conn, TCP_FIN_WAIT_1);
		send_fin(conn);
	}
}

// RFC 9293 3.10.7.3. Payload in a SYN is not taken; the peer sends it again.
void syn_sent_input(struct tcp_conn *conn, struct segment *seg)
{
	bool has_ack = (seg->flags & TCP_ACK) != 0;
	if (has_ack && seg->ack != conn->snd_nxt) {
		conn->tcp->stats.bad_ack++;
		output_reset(conn->tcp, seg);
		return;
	}
	if ((seg->flags & TCP_RST) != 0) {
		if (has_ack) {
			conn->tcp->stats.reset_received++;
			conn_close(conn, TCP_CLOSED, -ECONNREFUSED);
		}
		return;
	}
	if ((seg->flags & TCP_SYN) == 0)
		return;
	if (!has_ack) { // simultaneous open
		syn_received(conn, seg);
		return;
	}
	negotiate(conn, seg);
	conn->flags |= CONN_ACK_NOW;
	established(conn, seg);
}

bool syn_acked(struct tcp_conn *conn, const struct segment *seg)
{
	struct tcp *tcp = conn->tcp;
	if (seg->ack != conn->snd_nxt) {
		tcp->stats.bad_ack++;
		output_reset(tcp, seg);
		return false;
	}
	if ((conn->flags & CONN_PASSIVE) != 0) {
		const struct listener *listener = listener_find(tcp, &conn->flow.local);
		if (listener == NULL) {
			tcp->stats.no_listener++;
			conn_reset(conn, 0);
			return false;
		}
		conn->user = listener->cookie;
	}
	established(conn, seg);
	return true;
}

void syn_timeout(struct tcp_conn *conn)
{
	struct tcp *tcp = conn->tcp;
	if (conn->retries >= tcp->config.syn_retries) {
		tcp->stats.timed_out++;
		conn_close(
			conn, TCP_CLOSED,
			(conn->flags & CONN_UNREACHABLE) != 0 ? -EHOSTUNREACH : -ETIMEDOUT
		);
		return;
	}
	conn->retries++;
	timer_back_off(conn);
	conn->flags |= CONN_SYN_RESENT;
	tcp->stats.rto_expired++;
	tcp->stats.retransmits++;
	syn_send(conn);
}

int tcp_connect(
	struct tcp *tcp, const struct endpoint *remote, void *user, uint64_t now_us,
	struct tcp_conn **conn
)
{
	struct flow flow = {.remote = *remote};
	struct time_wait *tw;
	uint16_t mtu;
	tcp_clock_set(tcp, now_us);
	if (tcp->ops.route(tcp->ops.ctx, &remote->addr, &flow.local.addr, &mtu) != 0)
		return -EHOSTUNREACH;
	int result = port_choose(tcp, &flow, &tw);
	if (result != 0)
		return result;
	struct tcp_conn *fresh = conn_new(tcp, &flow);
	if (fresh == NULL)
		return ERR_POOL_EMPTY;
	if (tw != NULL) {
		if (seq_le(fresh->snd_una, tw->snd_nxt)) // RFC 6191 2
			fresh->snd_una = tw->snd_nxt + 1;
		timewait_drop(tcp, tw);
	}
	fresh->flags |= CONN_OWNED;
	fresh->user = user;
	prepare(fresh, tcp_mss_offered(tcp, &flow, mtu));
	conn_set_state(fresh, TCP_SYN_SENT);
	syn_send(fresh);
	*conn = fresh;
	return 0;
}
