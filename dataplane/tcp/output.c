// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Segments out. Each is a fresh packet with the header, which borrows its payload from the send
// queue. conn_output runs once a loop for each connection that something happened to, so that
// ACKs ride on data and bursts share them.

#include "dataplane/tcp/ledger.h"
#include "dataplane/tcp/loss.h"
#include "dataplane/tcp/syncache.h"
#include "dataplane/tcp/wire.h"

struct header {
	uint32_t seq, ack;
	uint16_t wnd;
	uint8_t flags;
	uint8_t options_len;
	uint8_t options[TCP_OPTIONS_MAX];
};

// Takes over `pkt`; an error of the layer below is a loss, which TCP repairs.
static void transmit(
	struct tcp *tcp, struct pkt *pkt, const struct endpoint *local,
	const struct endpoint *remote, const struct header *h
)
{
	uint32_t len = TCP_HEADER_LEN + h->options_len;
	uint8_t *p = pkt_extend(pkt, len);
	wire_put16(p, local->port);
	wire_put16(p + 2, remote->port);
	wire_put32(p + 4, h->seq);
	wire_put32(p + 8, h->ack);
	p[12] = (uint8_t)(len / 4 << 4);
	p[13] = h->flags;
	wire_put16(p + 14, h->wnd);
	wire_put32(p + 16, 0); // checksum: ip/ or the port; no urgent data
	memcpy(p + TCP_HEADER_LEN, h->options, h->options_len);
	pkt->l4_len = (uint8_t)len;
	tcp->stats.tx_segments++;
	(void)tcp->ops.output(tcp->ops.ctx, pkt, &local->addr, &remote->addr);
}

static struct pkt *header_new(struct tcp *tcp)
{
	struct pkt *pkt = pkt_get(tcp->pkts);
	if (pkt == NULL)
		tcp->stats.no_memory++;
	else
		pkt->flags = 0;
	return pkt;
}

// The largest window that can be told: without scaling not the whole buffer.
static uint32_t window_limit(const struct tcp_conn *conn)
{
	uint32_t limit = min_u32(buffer_receive(conn), (uint32_t)UINT16_MAX << conn->rcv_scale);
	return ledger_window(conn, limit);
}

static uint32_t offered(const struct tcp_conn *conn)
{
	return seq_lt(conn->rcv_nxt, conn->rcv_adv) ? conn->rcv_adv - conn->rcv_nxt : 0;
}

// RFC 9293 3.8.6.2.2: the right edge moves by a worthwhile step or not at all, and never back.
// Scaling rounds; where rounding down would pull the edge back it rounds up instead (RFC 7323 2.4).
// That moves the edge a little each time, so there is an end to it, an eighth beyond the buffer:
// beyond, a peer that sends tiny segments sees the edge go back by less than one unit, and what it
// sent up to the farthest edge is still taken.
uint16_t output_window(struct tcp_conn *conn)
{
	uint32_t limit = window_limit(conn);
	uint32_t room = limit > conn->rcv_bytes ? limit - conn->rcv_bytes : 0;
	uint32_t old = offered(conn);
	uint32_t step = min_u32(conn->mss_offered, limit / 2);
	uint32_t unit = UINT32_C(1) << conn->rcv_scale;
	uint32_t field = (room >= old + step ? room : old) >> conn->rcv_scale;
	if (field * unit < old && (field + 1) * unit <= room + limit / 8 + unit)
		field++;
	field = min_u32(field, UINT16_MAX);
	conn->rcv_adv = seq_max(conn->rcv_adv, conn->rcv_nxt + field * unit);
	return (uint16_t)field;
}

// The caller has read: tell the peer when that is worth a segment.
void output_window_opened(struct tcp_conn *conn)
{
	uint32_t limit = window_limit(conn);
	uint32_t room = limit > conn->rcv_bytes ? limit - conn->rcv_bytes : 0;
	if ((conn->flags & (CONN_LIVE | CONN_FIN_RECEIVED)) != CONN_LIVE ||
	    room < offered(conn) + min_u32(2u * conn->mss_offered, limit / 2))
		return;
	conn->flags |= CONN_ACK_NOW;
	conn_mark(conn);
}

uint16_t tcp_syn_window(const struct tcp *tcp)
{
	return (uint16_t)min_u32(tcp->config.rcv_buf, UINT16_MAX);
}

static uint16_t syn_window(struct tcp_conn *conn)
{
	uint16_t wnd = tcp_syn_window(conn->tcp);
	conn->rcv_adv = seq_max(conn->rcv_adv, conn->rcv_nxt + wnd);
	return wnd;
}

// With both sides opening at once (`ack`) only what the other offered.
static uint32_t syn_options(const struct tcp_conn *conn, bool ack, uint8_t *at)
{
	const struct tcp_config *config = &conn->tcp->config;
	const struct tcp_options options = {
		.mss = conn->mss_offered,
		.sack_permitted = ack ? (conn->flags & CONN_SACK) != 0 : config->sack,
		.has_ts = ack ? (conn->flags & CONN_TS) != 0
			      : config->timestamps && !balancer_is(&conn->flow.remote.addr),
		.ts_val = conn_ts_now(conn),
		.ts_ecr = ack ? conn->ts_recent : 0,
		.has_scale = ack ? (conn->flags & CONN_SCALE) != 0 : config->window_scale,
		.scale = conn->rcv_scale,
	};
	return options_write_syn(&options, at);
}

// A segment with ACK went out.
static void acknowledged(struct tcp_conn *conn)
{
	conn->last_ack = conn->rcv_nxt;
	conn->flags &= ~(uint32_t)CONN_ACK_NOW;
	due_stop(conn, DUE_ACK);
}

void output_bare(struct tcp_conn *conn, uint32_t seq, uint8_t flags)
{
	struct tcp *tcp = conn->tcp;
	struct pkt *pkt = header_new(tcp);
	if (pkt == NULL) {
		conn->flags |= CONN_RETRY;
		return;
	}
	struct header h = {.seq = seq, .flags = flags};
	bool ack = (flags & TCP_ACK) != 0;
	if (ack)
		h.ack = conn->rcv_nxt;
	if ((flags & TCP_SYN) != 0) {
		h.wnd = syn_window(conn);
		h.flags |= ecn_syn_flags(conn, ack);
		h.options_len = (uint8_t)syn_options(conn, ack, h.options);
	} else if ((flags & TCP_RST) == 0) {
		h.wnd = output_window(conn);
		h.flags |= (conn->flags & CONN_ECE) != 0 ? TCP_ECE : 0;
		h.options_len = (uint8_t)options_write(conn, true, h.options);
		conn->tcp->stats.dsacks_sent += (conn->flags & CONN_DSACK) != 0;
		conn->flags &= ~(uint32_t)CONN_DSACK;
	} else {
		tcp->stats.reset_sent++;
		// RFC 7323 3.2: so that PAWS can tell its age
		if ((conn->flags & CONN_TS) != 0)
			h.options_len = (uint8_t
			)options_write_ts(h.options, conn_ts_now(conn), conn->ts_recent);
	}
	transmit(tcp, pkt, &conn->flow.local, &conn->flow.remote, &h);
	// A probe is old on purpose; the peer may refuse it whole, with the ACK it carries.
	if (ack && !seq_lt(seq, conn->snd_una))
		acknowledged(conn);
}

// A peer that took its window back would refuse an ACK from beyond it: send from the edge.
void output_ack(struct tcp_conn *conn)
{
	uint32_t edge = conn->snd_una + conn->snd_wnd;
	output_bare(conn, seq_lt(edge, conn->snd_nxt) ? edge : conn->snd_nxt, TCP_ACK);
}

void output_reset(struct tcp *tcp, const struct segment *seg)
{
	if ((seg->flags & TCP_RST) != 0)
		return;
	struct pkt *pkt = header_new(tcp);
	if (pkt == NULL)
		return;
	struct header h = {.flags = TCP_RST};
	if ((seg->flags & TCP_ACK) != 0) {
		h.seq = seg->ack;
	} else {
		h.flags |= TCP_ACK;
		h.ack = seg->seq + seg->len + ((seg->flags & TCP_SYN) != 0 ? 1 : 0) +
			((seg->flags & TCP_FIN) != 0 ? 1 : 0);
	}
	tcp->stats.reset_sent++;
	transmit(tcp, pkt, &seg->where->local, &seg->where->remote, &h);
}

void output_syn(struct tcp *tcp, const struct syn_seen *seen, uint8_t flags, uint32_t ts_val)
{
	struct pkt *pkt = header_new(tcp);
	if (pkt == NULL)
		return;
	const struct tcp_options options = {
		.mss = seen->mss_offered,
		.sack_permitted = (seen->options & SYN_SACK) != 0,
		.has_ts = (seen->options & SYN_TS) != 0,
		.ts_val = ts_val,
		.ts_ecr = seen->ts_val,
		.has_scale = (seen->options & SYN_SCALE) != 0,
		.scale = syn_scale(tcp),
	};
	struct header h = {.seq = seen->iss, .ack = seen->irs + 1, .flags = flags};
	if ((flags & TCP_SYN) != 0) {
		h.wnd = tcp_syn_window(tcp);
		h.flags |= (seen->options & SYN_ECN) != 0 ? TCP_ECE : 0;
		h.options_len = (uint8_t)options_write_syn(&options, h.options);
	} else {
		h.seq++;
		h.wnd = (uint16_t)(tcp_syn_window(tcp) >> (options.has_scale ? options.scale : 0));
		if (options.has_ts)
			h.options_len =
				(uint8_t)options_write_ts(h.options, ts_val, options.ts_ecr);
	}
	transmit(tcp, pkt, &seen->flow.local, &seen->flow.remote, &h);
}

void output_tw_ack(struct tcp *tcp, const struct time_wait *tw)
{
	struct pkt *pkt = header_new(tcp);
	if (pkt == NULL)
		return;
	struct header h =
		{.seq = tw->snd_nxt, .ack = tw->rcv_nxt, .wnd = tw->wnd, .flags = TCP_ACK};
	if (tw->has_ts) {
		uint32_t now = ts_clock(tcp, &tw->flow);
		h.options_len = (uint8_t)options_write_ts(h.options, now, tw->ts_recent);
	}
	transmit(tcp, pkt, &tw->flow.local, &tw->flow.remote, &h);
}

// RFC 3168 6.1.2, 6.1.5: only what is sent for the first time.
static void ecn_mark(struct tcp_conn *conn, struct header *h, struct pkt *pkt, bool first)
{
	if ((conn->flags & CONN_ECN) == 0)
		return;
	if ((conn->flags & CONN_ECE) != 0)
		h->flags |= TCP_ECE;
	if (!first)
		return;
	pkt->flags |= PKT_TX_ECT;
	if ((conn->flags & CONN_CWR) != 0)
		h->flags |= TCP_CWR;
	conn->flags &= ~(uint32_t)CONN_CWR;
}

// One packet of the send queue, for the first time or again. False when the pool is empty.
static bool data_send(struct tcp_conn *conn, struct pkt *payload)
{
	struct tcp *tcp = conn->tcp;
	struct tx_seg *seg = tx_seg(payload);
	struct pkt *pkt = header_new(tcp);
	if (pkt == NULL) {
		conn->flags |= CONN_RETRY;
		return false;
	}
	// SACK blocks would not fit beside a full payload; conn_output sends them on their own.
	struct header h = {.seq = seg->seq, .ack = conn->rcv_nxt, .flags = TCP_ACK};
	h.wnd = output_window(conn);
	h.options_len = (uint8_t)options_write(conn, false, h.options);
	if ((seg->flags & TX_FIN) != 0)
		h.flags |= TCP_FIN;
	if (payload->len > 0 && payload->next == NULL)
		h.flags |= TCP_PSH;
	ecn_mark(conn, &h, pkt, seg->sends == 0 && payload->len > 0);
	if (payload->len > 0) {
		pkt->payload = pkt_ref(payload);
		pkt->payload_data = payload->data;
		pkt->payload_len = payload->len;
	}
	seg->sent_us = (uint32_t)tcp->now_us;
	if (seg->sends < UINT8_MAX)
		seg->sends++;
	tcp->stats.tx_bytes += payload->len;
	conn->tx_ms = (uint32_t)tcp->now_ms;
	if (conn->recovery == RECOVERY_FAST || conn->recovery == RECOVERY_CWR)
		conn->prr.out += tx_seg_len(seg);
	transmit(tcp, pkt, &conn->flow.local, &conn->flow.remote, &h);
	acknowledged(conn);
	// With nothing in flight until now, what runs is at most the persist timer; and a probe has
	// to be put off, or off altogether: conn_output.
	if (!due_runs(conn, DUE_RESEND) || conn->snd_una == conn->snd_nxt ||
	    conn->resend == RESEND_PROBE)
		timer_arm_resend(conn);
	return true;
}

static bool cwnd_allows(const struct tcp_conn *conn, uint32_t len)
{
	uint32_t pipe = recovery_pipe(conn);
	return pipe == 0 || pipe + len <= conn->cwnd;
}

// Packets known to be lost, in order. False when the window or the pool says stop.
static bool lost_send(struct tcp_conn *conn)
{
	if (conn->frto == FRTO_FRESH) // RFC 5682 2.1 (2b): new data only
		return true;
	uint32_t edge = conn->snd_una + conn->snd_wnd;
	for (struct pkt *pkt = conn->snd_head; conn->lost > 0 && pkt != conn->snd_unsent;
	     pkt = pkt->next) {
		struct tx_seg *seg = tx_seg(pkt);
		if ((seg->flags & (TX_LOST | TX_RESENT)) != TX_LOST)
			continue;
		if (pkt != conn->snd_head && seq_lt(edge, seg->end))
			return false;
		if (pkt->len > conn->mss && !send_split(conn, pkt, conn->mss))
			return false;
		// The first hole is filled whatever the window says (RFC 6582 3.2, RFC 6675 5
		// (4.3)).
		if (pkt != conn->snd_head && !cwnd_allows(conn, tx_seg_len(seg))) {
			conn->flags |= CONN_CWND_LIMITED;
			return false;
		}
		if (!data_send(conn, pkt))
			return false;
		seg->flags |= TX_RESENT;
		conn->lost -= tx_seg_len(seg);
		conn->tcp->stats.retransmits++;
		undo_resent(conn);
	}
	return true;
}

// How much of `pkt` may go: sender's SWS avoidance, RFC 9293 3.8.6.2.1. A packet that fits goes,
// part of one only if it fills half the largest window the peer ever had.
static uint32_t window_allows(const struct tcp_conn *conn, const struct tx_seg *seg)
{
	uint32_t edge = conn->snd_una + conn->snd_wnd;
	uint32_t usable = seq_lt(seg->seq, edge) ? edge - seg->seq : 0;
	if (tx_seg_len(seg) <= usable)
		return tx_seg_len(seg);
	return usable > 0 && usable >= conn->snd_wnd_max / 2 ? usable : 0;
}

// Part of a packet, and its caller has more than the queue would hold: it waits to be filled, for
// the peer would keep its ACK of an odd end back, and with it the room that the caller waits for.
// Something is in flight, and its ACK brings either room or the end of the wait.
static bool waits_to_be_filled(const struct tcp_conn *conn, const struct pkt *pkt)
{
	return pkt->next == NULL && pkt->len < conn->mss && conn->snd_una != conn->snd_nxt &&
	       (conn->flags & (CONN_WANT_WRITE | CONN_FIN_QUEUED)) == CONN_WANT_WRITE;
}

static void fresh_send(struct tcp_conn *conn)
{
	conn->flags &= ~(uint32_t)CONN_CWND_LIMITED;
	while (conn->snd_unsent != NULL) {
		struct pkt *pkt = conn->snd_unsent;
		struct tx_seg *seg = tx_seg(pkt);
		if (waits_to_be_filled(conn, pkt))
			return;
		if ((conn->flags & CONN_RAISE) != 0)
			blackhole_raise(conn, pkt);
		if (pkt->len > conn->mss && (seg->flags & TX_LARGE) == 0 &&
		    !send_split(conn, pkt, conn->mss))
			return;
		uint32_t n = window_allows(conn, seg);
		if (n == 0)
			return;
		if (n < tx_seg_len(seg) && !send_split(conn, pkt, n))
			return;
		if (!cwnd_allows(conn, n)) {
			conn->flags |= CONN_CWND_LIMITED;
			return;
		}
		if (!data_send(conn, pkt))
			return;
		conn->snd_nxt = seg->end;
		conn->snd_unsent = pkt->next;
	}
}

// The last packet that was sent.
static struct pkt *last_sent(const struct tcp_conn *conn)
{
	struct pkt *last = conn->snd_unsent == NULL ? conn->snd_tail : conn->snd_head;
	while (last != NULL && last->next != conn->snd_unsent)
		last = last->next;
	return last;
}

// RFC 8985 7.3; the congestion window is not asked.
bool output_probe(struct tcp_conn *conn)
{
	struct pkt *pkt = conn->snd_unsent;
	if (pkt != NULL && pkt->len <= conn->mss &&
	    window_allows(conn, tx_seg(pkt)) == tx_seg_len(tx_seg(pkt))) {
		if (!data_send(conn, pkt))
			return false;
		conn->snd_nxt = tx_seg(pkt)->end;
		conn->snd_unsent = pkt->next;
		return true;
	}
	pkt = last_sent(conn);
	if (pkt == NULL || pkt->len > conn->mss || !data_send(conn, pkt))
		return false;
	conn->flags |= CONN_PROBE_OLD;
	conn->tcp->stats.retransmits++;
	return true;
}

void conn_output(struct tcp_conn *conn)
{
	if ((conn->flags & CONN_LIVE) == 0 || !conn_is_synchronised(conn))
		return;
	if ((conn->flags & CONN_RETRY) != 0)
		send_retry(conn);
	if ((conn->flags & CONN_ACK_NOW) != 0 &&
	    (reassembly_blocks(conn) > 0 || (conn->flags & CONN_DSACK) != 0))
		output_ack(conn);
	if (conn->snd_head != NULL) {
		uint32_t nxt = conn->snd_nxt;
		congestion_restart(conn);
		if (lost_send(conn))
			fresh_send(conn);
		if (conn->snd_nxt != nxt)
			probe_arm(conn);
		// Nothing in flight and nothing may go: only a probe can find out more.
		if (conn->snd_head != NULL && !due_runs(conn, DUE_RESEND))
			timer_arm_resend(conn);
	}
	if ((conn->flags & CONN_ACK_NOW) != 0)
		output_ack(conn);
}
