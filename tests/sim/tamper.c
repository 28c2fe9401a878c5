// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/sim/tamper.h"

#include "dataplane/tcp/conn.h"
#include "dataplane/tcp/wire.h"
#include "tests/sim/frame.h"

enum {
	SEQ_AT = 4, // in the TCP header
	FLAGS_AT = 13,
	WINDOW_AT = 14,
	SECOND_US = 1000 * 1000,
};

struct view {
	uint16_t from, to;
	uint32_t seq, len;
	size_t tcp;    // offset of the TCP header in the frame
	size_t header; // of the payload
	size_t end;    // of the datagram
	uint8_t flags;
};

static bool view_of(const uint8_t *frame, size_t n, struct view *v)
{
	struct frame_place place;
	struct frame_tcp segment;
	struct span whole = span_of(frame, n);
	if (!frame_find(whole, &place) || !frame_read(whole, &segment))
		return false;
	*v = (struct view){
		.from = segment.from.port,
		.to = segment.to.port,
		.seq = segment.seq,
		.len = (uint32_t)segment.payload.n,
		.tcp = place.upper_at,
		.header = place.end - segment.payload.n,
		.end = place.end,
		.flags = segment.flags,
	};
	return true;
}

static uint32_t view_end(const struct view *v)
{
	return v->seq + v->len + ((v->flags & (TCP_FIN | TCP_SYN)) != 0 ? 1 : 0);
}

// Lengths and checksums for a frame of `n` bytes.
static void finish(uint8_t *frame, size_t n)
{
	frame_set_length(frame, n);
	frame_seal(frame, n);
}

static struct tamper_flow *flow_of(struct tamper *t, const struct view *v)
{
	for (uint32_t i = 0; i < t->n_flows; i++) {
		if (t->flows[i].from == v->from && t->flows[i].to == v->to)
			return &t->flows[i];
	}
	if (t->n_flows == TAMPER_FLOWS_MAX)
		return NULL;
	struct tamper_flow *flow = &t->flows[t->n_flows++];
	*flow = (struct tamper_flow){.from = v->from, .to = v->to, .end = v->seq};
	return flow;
}

static bool drops(struct tamper *t, struct tamper_flow *flow, const struct view *v, bool resent)
{
	const struct tamper_config *config = &t->config;
	if ((v->flags & TCP_FIN) != 0 && flow->fins < config->drop_fins) {
		flow->fins++;
		return true;
	}
	if (resent && flow->resent < config->drop_resent) {
		flow->resent++;
		return true;
	}
	if (v->len > 0 || (v->flags & (TCP_SYN | TCP_FIN | TCP_RST)) != 0)
		return false;
	t->acks++;
	return t->acks > config->drop_ack_at && t->acks - config->drop_ack_at <= config->drop_acks;
}

static void window_change(struct tamper *t, uint8_t *frame, const struct view *v, uint64_t now_us)
{
	const struct tamper_config *config = &t->config;
	uint8_t *at = frame + v->tcp + WINDOW_AT;
	uint16_t window = (uint16_t)(at[0] << 8 | at[1]);
	if ((v->flags & (TCP_SYN | TCP_RST)) != 0)
		return;
	if (now_us >= config->zero_from_us && now_us < config->zero_until_us)
		window = 0;
	else if (rng_chance(&t->rng, config->shrink_ppm))
		window /= 8;
	else
		return;
	wire_put16(at, window);
	t->changed++;
}

// Two halves; the first keeps neither FIN nor PSH.
static void split(
	struct tamper *t, const uint8_t *frame, const struct view *v, tamper_emit *emit, void *ctx
)
{
	uint8_t part[FRAME_MAX];
	uint32_t first = 1 + rng_below(&t->rng, v->len - 1);
	memcpy(part, frame, v->header + first);
	part[v->tcp + FLAGS_AT] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	finish(part, v->header + first);
	emit(ctx, part, v->header + first);
	memcpy(part, frame, v->header);
	memcpy(part + v->header, frame + v->header + first, v->len - first);
	wire_put32(part + v->tcp + SEQ_AT, v->seq + first);
	finish(part, v->header + v->len - first);
	emit(ctx, part, v->header + v->len - first);
	t->changed++;
}

// A segment in the sender's name, beyond all it has sent, so that it cannot be the next one.
static void forge(
	struct tamper *t, const uint8_t *frame, const struct view *v, uint32_t end,
	tamper_emit *emit, void *ctx
)
{
	static const uint8_t kinds[] = {TCP_RST,           TCP_RST | TCP_ACK, TCP_SYN,
					TCP_SYN | TCP_ACK, TCP_ACK,           TCP_FIN | TCP_ACK};
	uint8_t forged[FRAME_HEADERS_MAX];
	size_t n = v->tcp + TCP_HEADER_LEN;
	memcpy(forged, frame, n);
	uint8_t flags = kinds[rng_below(&t->rng, sizeof(kinds))];
	uint32_t seq = end + 1 + rng_below(&t->rng, 30000);
	if ((flags & (TCP_SYN | TCP_RST)) ==
	    0) // FIN and ACK would count: far outside, or of nothing
		seq += 0x40000000;
	if ((flags & TCP_RST) != 0)
		t->resets[t->n_resets++ % TAMPER_RESETS] = seq;
	wire_put32(forged + v->tcp + SEQ_AT, seq);
	forged[v->tcp + 12] = TCP_HEADER_LEN / 4 << 4;
	forged[v->tcp + FLAGS_AT] = flags;
	finish(forged, n);
	emit(ctx, forged, n);
	t->forged++;
}

bool tamper_has_reset(const struct tamper *t, uint32_t seq)
{
	for (uint32_t i = 0; i < t->n_resets && i < TAMPER_RESETS; i++) {
		if (t->resets[i] == seq)
			return true;
	}
	return false;
}

static bool joins(const struct tamper *t, const struct view *a, const struct view *b)
{
	return a->from == b->from && a->to == b->to && a->seq + a->len == b->seq && b->len > 0 &&
	       a->header == b->header && a->header + a->len + b->len <= t->config.frame_max &&
	       (b->flags & (TCP_SYN | TCP_RST)) == 0;
}

// Let go of what waits: joined with `frame` (then true), or before it.
static bool held_join(
	struct tamper *t, const uint8_t *frame, const struct view *v, tamper_emit *emit, void *ctx
)
{
	struct view held;
	if (t->held_n == 0 || !view_of(t->held, t->held_n, &held))
		return false;
	size_t n = t->held_n;
	t->held_n = 0;
	if (!joins(t, &held, v)) {
		emit(ctx, t->held, n);
		return false;
	}
	uint8_t both[FRAME_MAX];
	memcpy(both, frame, v->header);
	wire_put32(both + v->tcp + SEQ_AT, held.seq);
	memcpy(both + v->header, t->held + held.header, held.len);
	memcpy(both + v->header + held.len, frame + v->header, v->len);
	finish(both, v->header + held.len + v->len);
	emit(ctx, both, v->header + held.len + v->len);
	t->changed++;
	return true;
}

static void pass(
	struct tamper *t, const uint8_t *frame, const struct view *v, bool resent,
	tamper_emit *emit, void *ctx
)
{
	bool data = v->len > 0 && !resent && (v->flags & (TCP_SYN | TCP_FIN | TCP_RST)) == 0;
	if (held_join(t, frame, v, emit, ctx))
		return;
	if (data && rng_chance(&t->rng, t->config.join_ppm)) {
		memcpy(t->held, frame, v->end);
		t->held_n = v->end;
	} else if (v->len > 1 && (v->flags & TCP_SYN) == 0 && rng_chance(&t->rng, t->config.split_ppm)) {
		split(t, frame, v, emit, ctx);
	} else {
		emit(ctx, frame, v->end);
	}
}

bool tamper_frame(
	struct tamper *t, const uint8_t *frame, size_t n, uint64_t now_us, tamper_emit *emit,
	void *ctx
)
{
	struct view v;
	struct tamper_flow *flow;
	uint8_t copy[FRAME_MAX];
	if (!view_of(frame, n, &v) || (flow = flow_of(t, &v)) == NULL) {
		emit(ctx, frame, n);
		return true;
	}
	bool resent = v.len > 0 && !seq_lt(flow->end, view_end(&v));
	flow->end = seq_max(flow->end, view_end(&v));
	flow->fin_seen |= (v.flags & (TCP_FIN | TCP_RST)) != 0;
	if (drops(t, flow, &v, resent)) {
		t->dropped++;
		return false;
	}
	memcpy(copy, frame, v.end); // padding, if any, stays behind
	window_change(t, copy, &v, now_us);
	finish(copy, v.end);
	pass(t, copy, &v, resent, emit, ctx);
	// Later it would meet a connection that is over, and a SYN is then a SYN.
	if (!flow->fin_seen && (v.flags & TCP_SYN) == 0 && rng_chance(&t->rng, t->config.forge_ppm))
		forge(t, copy, &v, flow->end, emit, ctx);
	return true;
}

struct tamper_config tamper_random(struct rng *rng, uint64_t now_us, size_t frame_max)
{
	struct tamper_config config = {.frame_max = frame_max};
	uint32_t kinds = (uint32_t)(rng_next(rng) >> 32);
	if ((kinds & 1) != 0)
		config.drop_fins = (uint8_t)(1 + rng_below(rng, 3));
	if ((kinds & 2) != 0)
		config.drop_resent = (uint8_t)(1 + rng_below(rng, 3));
	if ((kinds & 4) != 0) {
		config.drop_ack_at = (uint16_t)rng_below(rng, 40);
		// With loss beside it, more would use up all retries of one segment.
		config.drop_acks = (uint16_t)(1 + rng_below(rng, 4));
	}
	if ((kinds & 8) != 0) {
		config.zero_from_us = now_us + rng_below(rng, SECOND_US);
		config.zero_until_us = config.zero_from_us + rng_below(rng, 5 * SECOND_US);
	}
	if ((kinds & 16) != 0)
		config.shrink_ppm = 1 + rng_below(rng, 300000);
	if ((kinds & 32) != 0)
		config.split_ppm = 1 + rng_below(rng, 500000);
	if ((kinds & 64) != 0)
		config.join_ppm = 1 + rng_below(rng, 300000);
	if ((kinds & 128) != 0)
		config.forge_ppm = 1 + rng_below(rng, 100000);
	return config;
}
