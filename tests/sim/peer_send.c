// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What a scripted peer sends, and what it makes of answers.

#include "dataplane/tcp/wire.h"
#include "tests/sim/peer.h"

enum { FLIGHT_SEGMENTS = 12, RECUT_MAX = 200 };

static uint32_t data_end(const struct peer *peer)
{
	return peer->iss + 1 + peer->config.to_send;
}

static size_t put_syn_options(const struct peer *peer, uint8_t *at)
{
	const struct peer_config *config = &peer->config;
	bool answer = peer->state == PEER_ANSWERS;
	size_t n = 0;
	if (config->mss != 0) {
		at[n] = 2;
		at[n + 1] = 4;
		wire_put16(at + n + 2, config->mss);
		n += 4;
	}
	if (answer ? peer->scales : config->scales) {
		const uint8_t option[] = {1, 3, 3, config->scale};
		memcpy(at + n, option, sizeof(option));
		n += sizeof(option);
	}
	if (answer ? peer->sack : config->sack) {
		memcpy(at + n, (uint8_t[]){1, 1, 4, 2}, 4);
		n += 4;
	}
	return n;
}

static size_t put_ts(const struct peer *peer, uint8_t *at, uint32_t value)
{
	memcpy(at, (uint8_t[]){1, 1, 8, 10}, 4);
	wire_put32(at + 4, value);
	wire_put32(at + 8, peer->ts_recent);
	return 12;
}

// The next run of bytes kept at or behind *from, as offsets. False: there is none.
static bool next_block(const struct peer *peer, uint32_t *from, uint32_t *to)
{
	uint32_t end = peer->rcv_end - peer->irs - 1;
	while (*from < end && *from < PEER_STREAM_MAX && !peer->has[*from])
		(*from)++;
	*to = *from;
	while (*to < end && *to < PEER_STREAM_MAX && peer->has[*to])
		(*to)++;
	return *to > *from;
}

static void put_block(const struct peer *peer, uint8_t *at, uint32_t from, uint32_t to)
{
	wire_put32(at, peer->irs + 1 + from);
	wire_put32(at + 4, peer->irs + 1 + to);
}

// RFC 2018 4: the block that came last is the first.
static size_t put_sack(struct peer *peer, uint8_t *at)
{
	uint32_t from = peer->rcv_nxt - peer->irs - 1, to;
	uint32_t n = 0;
	if (!peer->sack || peer->fin_came)
		return 0;
	for (; next_block(peer, &from, &to); from = to) {
		bool newest = peer->newest >= from && peer->newest < to;
		uint32_t k = newest || n == 0 ? 0 : n < PEER_SACK_MAX ? n : PEER_SACK_MAX - 1;
		if (newest && n > 0)
			memmove(at + 12, at + 4, (n < PEER_SACK_MAX ? n : n - 1) * 8u);
		put_block(peer, at + 4 + k * 8u, from, to);
		n += n < PEER_SACK_MAX;
	}
	if ((peer->config.hostile & PEER_SACKS) != 0 &&
	    rng_chance(&peer->rng, peer->config.hostile_ppm)) {
		from = rng_below(&peer->rng, peer->config.to_receive + 5000);
		put_block(peer, at + 4, from, from + rng_below(&peer->rng, 20000));
		n += n == 0;
	}
	if (n == 0)
		return 0;
	memcpy(at, (uint8_t[]){1, 1, 5, (uint8_t)(2 + n * 8)}, 4);
	return 4 + n * 8u;
}

static size_t put_options(struct peer *peer, uint8_t *at, uint8_t flags, uint32_t n)
{
	bool syn = (flags & FRAME_SYN) != 0;
	bool ts = syn && peer->state == PEER_CALLS ? peer->config.timestamps : peer->timestamps;
	size_t len = syn ? put_syn_options(peer, at) : 0;
	if ((flags & FRAME_RST) != 0)
		return 0;
	if (ts)
		len += put_ts(peer, at + len, (uint32_t)(peer->now_us / 1000));
	if (!syn && n == 0)
		len += put_sack(peer, at + len);
	return len;
}

// What to offer with an ACK of `ack`.
static uint16_t window_for(struct peer *peer, uint8_t flags, uint32_t ack)
{
	const struct peer_config *config = &peer->config;
	uint8_t scale = peer->scales && (flags & FRAME_SYN) == 0 ? config->scale : 0;
	uint32_t window = config->buffer > peer->unread ? config->buffer - peer->unread : 0;
	// With an ACK for less than all that came, what is left counts too.
	if (peer->state == PEER_OPEN && after(peer->rcv_nxt, ack))
		window += peer->rcv_nxt - ack;
	if (peer->state == PEER_OPEN && rng_chance(&peer->rng, config->shrink_ppm))
		window /= 8;
	window >>= scale;
	if (window > UINT16_MAX)
		window = UINT16_MAX;
	if ((flags & FRAME_ACK) != 0) {
		peer->last_edge = ack + (window << scale);
		if (after(peer->last_edge, peer->rcv_edge))
			peer->rcv_edge = peer->last_edge;
	}
	return (uint16_t)window;
}

void peer_emit(struct peer *peer, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t n)
{
	uint8_t frame[FRAME_MAX], options[40], payload[FRAME_MAX];
	const struct peer_config *config = &peer->config;
	bool lies =
		(config->hostile & PEER_LIES) != 0 && rng_chance(&peer->rng, config->hostile_ppm);
	for (uint32_t i = 0; i < n; i++)
		payload[i] = peer_byte(config->send_key, seq - peer->iss - 1 + i) ^ lies;
	struct frame_tcp segment = {
		.from = config->local,
		.to = config->remote,
		.seq = seq,
		.ack = (flags & FRAME_ACK) != 0 ? ack : 0,
		.flags = flags,
		.window = (flags & FRAME_RST) != 0 ? 0 : window_for(peer, flags, ack),
		.payload = span_of(payload, n),
	};
	segment.options = span_of(options, put_options(peer, options, flags, n));
	peer->emit(peer->ctx, frame, frame_write(frame, &config->link, &segment));
}

// How much payload one segment takes.
static uint32_t room(const struct peer *peer)
{
	uint32_t headers = addr_is_v4(&peer->config.local.addr) ? 40 : 60;
	uint32_t path = peer->config.mtu - headers;
	uint32_t mss = peer->snd_mss < path ? peer->snd_mss : path;
	return mss - (peer->timestamps ? 12 : 0);
}

static uint8_t fin_of(const struct peer *peer, uint32_t end)
{
	bool may = peer->config.ends == PEER_ENDS_HALF ||
		   (peer->config.ends != PEER_ENDS_NEVER && peer->fin_came);
	return end == data_end(peer) && may ? FRAME_FIN : 0;
}

static void emit_data(struct peer *peer, uint32_t seq, uint32_t n)
{
	uint8_t fin = fin_of(peer, seq + n);
	uint32_t end = seq + n + (fin != 0);
	peer->ack_us = 0;
	peer->unacked = 0;
	peer->fin_sent |= fin != 0;
	if (after(end, peer->snd_nxt))
		peer->snd_nxt = end;
	peer_emit(peer, FRAME_ACK | FRAME_PSH | fin, seq, peer->rcv_nxt, n);
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

// What was sent goes again from the first byte that is missing: in other cuts, with bytes before
// that came already, and some behind that were never sent.
static void resend(struct peer *peer)
{
	uint32_t from = peer->snd_una, end = data_end(peer), old = 0;
	int pieces = 1;
	peer->sent_us = peer->now_us;
	if (peer->config.recuts) {
		old = least(rng_below(&peer->rng, RECUT_MAX), from - peer->iss - 1);
		from -= old;
		pieces += (int)rng_below(&peer->rng, 3);
	}
	for (int i = 0; i < pieces && !after(from, end); i++) {
		uint32_t n = room(peer);
		if (peer->config.recuts) // but the first byte that is missing is there
			n = old + 1 + rng_below(&peer->rng, n - old);
		n = least(n, end - from);
		if (after(from + n, peer->snd_edge))
			n = after(peer->snd_edge, from) ? peer->snd_edge - from : 0;
		if (n == 0 && fin_of(peer, from) == 0)
			return;
		emit_data(peer, from, n);
		old = 0;
		from += n > 1 && peer->config.recuts ? n - rng_below(&peer->rng, n) : n;
	}
}

static bool is_owed(const struct peer *peer)
{
	return peer->snd_una != peer->snd_nxt;
}

static void overrun(struct peer *peer)
{
	const struct peer_config *config = &peer->config;
	if ((config->hostile & PEER_OVERRUN) != 0 && rng_chance(&peer->rng, config->hostile_ppm))
		peer_emit(
			peer, FRAME_ACK, peer->snd_edge - rng_below(&peer->rng, 500), peer->rcv_nxt,
			1 + rng_below(&peer->rng, 1000)
		);
}

static void timeout(struct peer *peer)
{
	uint32_t left = data_end(peer) - peer->snd_una;
	peer->resend_us = peer->now_us + peer->rto_us;
	peer->rto_us = least((uint32_t)peer->rto_us * 2, PEER_RTO_MAX_US);
	if (is_owed(peer))
		resend(peer);
	// RFC 9293 3.8.6.1: a byte beyond a window that is shut.
	if ((int32_t)left > 0 && !after(peer->snd_edge, peer->snd_una))
		emit_data(peer, peer->snd_una, 1);
}

void peer_send(struct peer *peer, uint64_t now_us)
{
	if (now_us >= peer->resend_us)
		timeout(peer);
	overrun(peer);
	for (;;) {
		uint32_t next = peer->snd_nxt, end = data_end(peer);
		if (peer->fin_sent || after(next, end) ||
		    next - peer->snd_una >= FLIGHT_SEGMENTS * room(peer))
			return;
		uint32_t n = least(end - next, room(peer));
		if (rng_below(&peer->rng, 4) == 0)
			n = least(n, 1 + rng_below(&peer->rng, 64));
		if (after(next + n, peer->snd_edge))
			n = after(peer->snd_edge, next) ? peer->snd_edge - next : 0;
		if (n == 0 && fin_of(peer, next) == 0)
			return;
		if (!is_owed(peer))
			peer->resend_us = now_us + peer->rto_us;
		if (peer->sent_us == 0)
			peer->sent_us = now_us;
		emit_data(peer, next, n);
	}
}

void peer_acked(struct peer *peer, const struct frame_tcp *seg, uint64_t now_us)
{
	uint32_t edge = seg->ack + ((uint32_t)seg->window << peer->snd_scale);
	if (after(peer->snd_una, seg->ack) || after(seg->ack, peer->snd_nxt))
		return;
	// RFC 9293 3.8.6: what was offered is not taken back.
	if (after(peer->snd_edge, edge + (1u << peer->snd_scale)) && peer->config.hostile == 0 &&
	    !peer->config.unordered)
		peer_fault(peer, "a window taken back");
	if (seg->ack != peer->snd_una) {
		peer->snd_una = seg->ack;
		peer->same = 0;
		peer->rto_us = PEER_RTO_US;
		peer->resend_us = now_us + PEER_RTO_US;
		peer->sent_us = is_owed(peer) && after(edge, seg->ack) ? now_us : 0;
	} else if (seg->payload.n == 0 && edge == peer->snd_edge && is_owed(peer)) {
		if (++peer->same == 3)
			resend(peer);
	}
	bool was_shut = !after(peer->snd_edge, peer->snd_una);
	if (after(edge, peer->snd_edge))
		peer->snd_edge = edge;
	if (was_shut && after(edge, peer->snd_una) && is_owed(peer))
		resend(peer); // the byte beyond it
}
