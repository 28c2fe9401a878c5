// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/sim/peer.h"

#include "dataplane/base/cursor.h"

enum {
	OPTION_MSS = 2,
	OPTION_SCALE = 3,
	OPTION_SACK_PERMITTED = 4,
	OPTION_SACK = 5,
	OPTION_TS = 8
};
enum { SYN_AGAIN_US = 1000 * 1000 };

void peer_violation(struct peer *peer, const char *what)
{
	// A SYN among the junk opens another connection, of which the peer knows nothing.
	bool other = (peer->config.hostile & PEER_JUNK) != 0;
	if (peer->fault == NULL && !other)
		peer->fault = what;
}

void peer_fault(struct peer *peer, const char *what)
{
	if (peer->config.hostile == 0)
		peer_violation(peer, what);
}

void peer_init(
	struct peer *peer, const struct peer_config *config, uint64_t seed, uint64_t now_us,
	void (*emit)(void *ctx, const uint8_t *frame, size_t n), void *ctx
)
{
	*peer = (struct peer){
		.config = *config,
		.rng = rng_of(seed),
		.state = config->active ? PEER_CALLS : PEER_LISTENS,
		.emit = emit,
		.ctx = ctx,
		.rto_us = PEER_RTO_US,
		.resend_us = now_us,
		.progress_us = now_us,
	};
	peer->iss = (uint32_t)rng_next(&peer->rng);
	peer->snd_una = peer->iss;
	peer->snd_nxt = peer->iss + 1;
}

bool peer_is_done(const struct peer *peer)
{
	return peer->snd_una - peer->iss - 1 >= peer->config.to_send &&
	       peer->rcv_nxt - peer->irs - 1 >= peer->config.to_receive;
}

bool peer_can_take(const struct peer *peer)
{
	uint32_t unit = peer->scales ? 1u << peer->config.scale : 1; // less cannot be said
	return peer->unread + unit <= peer->config.buffer;
}

struct told {
	uint16_t mss;
	bool scales, sack, has_ts;
	uint8_t scale;
	uint32_t ts, echo;
};

static void sack_check(struct peer *peer, const struct frame_tcp *seg, struct cursor *v, bool first)
{
	uint32_t left = cursor_be32(v), right = cursor_be32(v);
	if (!peer->sack)
		peer_fault(peer, "SACK though it was not agreed");
	if (v->bad || !after(right, left) || after(right, peer->snd_nxt))
		peer_fault(peer, "SACK of what was never sent");
	if (!first && !after(left, seg->ack)) // the first may tell of a duplicate (RFC 2883)
		peer_fault(peer, "SACK of what is acknowledged");
}

static void option_read(
	struct peer *peer, const struct frame_tcp *seg, uint8_t kind, struct cursor *v,
	struct told *told
)
{
	bool syn = (seg->flags & FRAME_SYN) != 0;
	if (kind == OPTION_MSS) {
		told->mss = cursor_be16(v);
	} else if (kind == OPTION_SCALE) {
		told->scales = true;
		told->scale = cursor_u8(v);
	} else if (kind == OPTION_SACK_PERMITTED) {
		told->sack = true;
	} else if (kind == OPTION_TS) {
		told->has_ts = true;
		told->ts = cursor_be32(v);
		told->echo = cursor_be32(v);
	} else if (kind == OPTION_SACK) {
		for (bool first = true; cursor_left(v) > 0; first = false)
			sack_check(peer, seg, v, first);
	} else {
		peer_fault(peer, "an option that nobody knows");
	}
	if (!syn && (kind == OPTION_MSS || kind == OPTION_SCALE || kind == OPTION_SACK_PERMITTED))
		peer_fault(peer, "an option that belongs into a SYN");
}

static struct told options_read(struct peer *peer, const struct frame_tcp *seg)
{
	struct told told = {0};
	struct cursor c = cursor_of(seg->options);
	while (cursor_left(&c) > 0) {
		uint8_t kind = cursor_u8(&c);
		if (kind == 0)
			break;
		if (kind == 1)
			continue;
		uint8_t len = cursor_u8(&c);
		struct cursor v = cursor_child(&c, len < 2 ? 256 : len - 2u);
		option_read(peer, seg, kind, &v, &told);
		if (c.bad || !cursor_done(&v))
			peer_fault(peer, "a malformed option");
	}
	return told;
}

// RFC 7323 3.2: on every segment but RST once agreed, and else never.
static void timestamps_check(
	struct peer *peer, const struct frame_tcp *seg, const struct told *told
)
{
	if ((seg->flags & (FRAME_SYN | FRAME_RST)) != 0)
		return;
	if (told->has_ts != peer->timestamps)
		peer_fault(peer, told->has_ts ? "timestamps unasked" : "no timestamps");
	if (told->has_ts && after(told->ts, peer->ts_recent))
		peer->ts_recent = told->ts;
}

static void open_up(struct peer *peer, const struct frame_tcp *seg)
{
	const struct peer_config *config = &peer->config;
	struct told told = options_read(peer, seg);
	bool answer = config->active;
	if (answer && ((told.scales && !config->scales) || (told.sack && !config->sack) ||
		       (told.has_ts && !config->timestamps)))
		peer_fault(peer, "an option accepted that was not offered");
	peer->scales = told.scales && config->scales;
	peer->sack = told.sack && config->sack;
	peer->timestamps = told.has_ts && config->timestamps;
	peer->snd_scale = peer->scales ? told.scale : 0;
	peer->snd_mss = told.mss != 0 ? told.mss : addr_is_v4(&config->local.addr) ? 536 : 1220;
	peer->ts_recent = told.ts;
	peer->irs = seg->seq;
	peer->rcv_nxt = peer->rcv_end = seg->seq + 1;
	peer->rcv_edge = peer->last_edge = peer->rcv_nxt; // the SYN that offers one comes now
	peer->snd_edge = peer->snd_una + 1 + seg->window;
}

static void listens(struct peer *peer, const struct frame_tcp *seg, uint64_t now_us)
{
	if ((seg->flags & (FRAME_SYN | FRAME_ACK | FRAME_RST)) != FRAME_SYN)
		return;
	peer->config.remote = seg->from;
	open_up(peer, seg);
	peer->state = PEER_ANSWERS;
	peer->progress_us = now_us;
	peer->resend_us = now_us;
}

static void calls(struct peer *peer, const struct frame_tcp *seg, uint64_t now_us)
{
	if ((seg->flags & (FRAME_SYN | FRAME_ACK | FRAME_RST)) != (FRAME_SYN | FRAME_ACK) ||
	    seg->ack != peer->snd_nxt)
		return;
	open_up(peer, seg);
	peer->snd_una = seg->ack;
	peer->state = PEER_OPEN;
	peer->progress_us = now_us;
	peer->resend_us = now_us + PEER_RTO_US;
	peer_ack(peer, now_us);
}

static void answers(struct peer *peer, const struct frame_tcp *seg, uint64_t now_us)
{
	if ((seg->flags & FRAME_SYN) != 0 || seg->ack != peer->snd_nxt)
		return;
	peer->snd_una = seg->ack;
	peer->snd_edge = seg->ack + ((uint32_t)seg->window << peer->snd_scale);
	peer->state = PEER_OPEN;
	peer->progress_us = now_us;
}

static void reset_by(struct peer *peer, const struct frame_tcp *seg)
{
	peer_emit(peer, FRAME_RST, seg->ack, 0, 0);
}

// What holds for every segment of a connection, whoever the peer is.
static void segment_check(struct peer *peer, const struct frame_tcp *seg)
{
	uint32_t mss = peer->config.mss;
	uint32_t fallback = addr_is_v4(&seg->from.addr) ? 536 : 1220;
	uint32_t most = mss == 0 ? fallback : mss;
	struct told told = options_read(peer, seg);
	timestamps_check(peer, seg, &told);
	// RFC 6691; an MSS below 216 is not honoured, for it is an attack on packet rates.
	if (seg->payload.n + seg->options.n > (most < 216 ? 216 : most))
		peer_violation(peer, "a segment larger than the MSS");
	if ((seg->flags & FRAME_RST) == 0 && (seg->flags & FRAME_ACK) == 0)
		peer_violation(peer, "a segment without ACK");
	if (after(seg->ack, peer->snd_nxt) && (seg->flags & FRAME_RST) == 0)
		peer_fault(peer, "an ACK of what was never sent");
	if (after(seg->seq + (uint32_t)seg->payload.n, peer->rcv_edge))
		peer_violation(peer, "data beyond the window");
}

void peer_input(struct peer *peer, const struct frame_tcp *seg, uint64_t now_us)
{
	bool vanished = peer->config.ends == PEER_ENDS_VANISH && now_us >= peer->config.ends_us;
	bool reset = (seg->flags & FRAME_RST) != 0;
	peer->now_us = now_us;
	if (vanished)
		return;
	if (peer->state == PEER_GONE) {
		if (!reset && peer->config.ends == PEER_ENDS_RESET)
			reset_by(peer, seg);
		return;
	}
	if (peer->state >= PEER_ANSWERS && (seg->flags & FRAME_SYN) == 0)
		segment_check(peer, seg);
	if (reset && peer->state > PEER_CALLS) {
		peer->state = PEER_GONE;
		return;
	}
	if (peer->state == PEER_LISTENS)
		listens(peer, seg, now_us);
	else if (peer->state == PEER_CALLS)
		calls(peer, seg, now_us);
	else if (peer->state == PEER_ANSWERS)
		answers(peer, seg, now_us);
	if (peer->state != PEER_OPEN)
		return;
	if ((seg->flags & FRAME_SYN) != 0) { // its SYN-ACK again: the ACK was lost
		peer_ack(peer, now_us);
		return;
	}
	peer_acked(peer, seg, now_us);
	peer_receive(peer, seg, now_us);
	peer_send(peer, now_us);
}

// RFC 1122 4.2.3.2: an ACK waits for less than half a second.
static void ack_check(struct peer *peer)
{
	uint64_t patience_us = peer->config.ack_patience_us;
	bool open = after(peer->snd_edge, peer->snd_una);
	if (patience_us != 0 && open && peer->sent_us != 0 &&
	    peer->now_us - peer->sent_us > patience_us)
		peer_fault(peer, "no ACK for what came");
}

static void handshake_again(struct peer *peer)
{
	bool calls_now = peer->state == PEER_CALLS;
	if (peer->now_us < peer->resend_us)
		return;
	peer->resend_us = peer->now_us + SYN_AGAIN_US;
	peer_emit(
		peer, calls_now ? FRAME_SYN : FRAME_SYN | FRAME_ACK, peer->iss,
		calls_now ? 0 : peer->rcv_nxt, 0
	);
}

void peer_tick(struct peer *peer, uint64_t now_us)
{
	const struct peer_config *config = &peer->config;
	peer->now_us = now_us;
	if (now_us >= config->ends_us && peer->state != PEER_GONE) {
		if (config->ends == PEER_ENDS_VANISH)
			return;
		if (config->ends == PEER_ENDS_RESET) {
			if (peer->state == PEER_OPEN)
				peer_emit(peer, FRAME_RST, peer->snd_nxt, 0, 0);
			peer->state = PEER_GONE;
		}
	}
	switch (peer->state) {
	case PEER_LISTENS:
	case PEER_GONE:
		return;
	case PEER_CALLS:
	case PEER_ANSWERS:
		handshake_again(peer);
		return;
	case PEER_OPEN:
		peer_read(peer, now_us);
		peer_send(peer, now_us);
		if (peer->ack_us != 0 && now_us >= peer->ack_us)
			peer_ack(peer, now_us);
		ack_check(peer);
		return;
	}
}
