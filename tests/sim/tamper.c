// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/sim/tamper.h"

#include "dataplane/base/cursor.h"
#include "dataplane/ip/checksum.h"
#include "dataplane/tcp/conn.h"
#include "dataplane/tcp/wire.h"

enum {
	ETH_LEN = 14,
	IP4_LEN = 20,
	TCP_AT = ETH_LEN + IP4_LEN,
	PROTOCOL_TCP = 6,
	SEQ_AT = TCP_AT + 4,
	ACK_AT = TCP_AT + 8,
	FLAGS_AT = TCP_AT + 13,
	WINDOW_AT = TCP_AT + 14,
	WIRE_MTU = 1500,
	SECOND_US = 1000 * 1000,
};

struct view {
	uint16_t from, to;
	uint32_t seq, ack, len;
	size_t header; // offset of the payload in the frame
	uint8_t flags;
};

static bool view_of(const uint8_t *frame, size_t n, struct view *v)
{
	if (n < TCP_AT + TCP_HEADER_LEN || frame[12] != 8 || frame[13] != 0 ||
	    frame[ETH_LEN] != 0x45 || frame[ETH_LEN + 9] != PROTOCOL_TCP)
		return false;
	struct cursor c = cursor_of(span_of(frame + TCP_AT, TCP_HEADER_LEN));
	v->from = cursor_be16(&c);
	v->to = cursor_be16(&c);
	v->seq = cursor_be32(&c);
	v->ack = cursor_be32(&c);
	v->header = TCP_AT + (cursor_u8(&c) >> 4) * 4u;
	v->flags = cursor_u8(&c);
	v->len = (uint32_t)(n - v->header);
	return v->header <= n;
}

static uint32_t view_end(const struct view *v)
{
	return v->seq + v->len + ((v->flags & (TCP_FIN | TCP_SYN)) != 0 ? 1 : 0);
}

static void put_sum(uint8_t *at, uint64_t sum)
{
	uint16_t field = (uint16_t)~checksum_fold(sum);
	memcpy(at, &field, sizeof(field));
}

static struct ip_addr address_at(const uint8_t *at)
{
	uint32_t be;
	memcpy(&be, at, sizeof(be));
	return addr_from_v4(be);
}

// Lengths and checksums for a frame of `n` bytes.
static void finish(uint8_t *frame, size_t n)
{
	uint8_t *ip = frame + ETH_LEN, *tcp = frame + TCP_AT;
	uint32_t tcp_len = (uint32_t)(n - TCP_AT);
	wire_put16(ip + 2, (uint16_t)(n - ETH_LEN));
	wire_put16(ip + 10, 0);
	put_sum(ip + 10, checksum_add(0, ip, IP4_LEN));
	struct ip_addr source = address_at(ip + 12), dest = address_at(ip + 16);
	wire_put16(tcp + 16, 0);
	uint64_t sum = checksum_pseudo(&source, &dest, PROTOCOL_TCP, tcp_len);
	put_sum(tcp + 16, checksum_add(sum, tcp, tcp_len));
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
	uint16_t window = (uint16_t)(frame[WINDOW_AT] << 8 | frame[WINDOW_AT + 1]);
	if ((v->flags & (TCP_SYN | TCP_RST)) != 0)
		return;
	if (now_us >= config->zero_from_us && now_us < config->zero_until_us)
		window = 0;
	else if (rng_chance(&t->rng, config->shrink_ppm))
		window /= 8;
	else
		return;
	wire_put16(frame + WINDOW_AT, window);
	t->changed++;
}

// Two halves; the first keeps neither FIN nor PSH.
static void split(
	struct tamper *t, const uint8_t *frame, size_t n, const struct view *v, tamper_emit *emit,
	void *ctx
)
{
	uint8_t part[TAMPER_FRAME_MAX];
	uint32_t first = 1 + rng_below(&t->rng, v->len - 1);
	memcpy(part, frame, v->header + first);
	part[FLAGS_AT] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	finish(part, v->header + first);
	emit(ctx, part, v->header + first);
	memcpy(part, frame, v->header);
	memcpy(part + v->header, frame + v->header + first, v->len - first);
	wire_put32(part + SEQ_AT, v->seq + first);
	finish(part, n - first);
	emit(ctx, part, n - first);
	t->changed++;
}

// A segment in the sender's name, beyond all it has sent, so that it cannot be the next one.
static void forge(
	struct tamper *t, const uint8_t *frame, const struct tamper_flow *flow, tamper_emit *emit,
	void *ctx
)
{
	static const uint8_t kinds[] = {TCP_RST,           TCP_RST | TCP_ACK, TCP_SYN,
					TCP_SYN | TCP_ACK, TCP_ACK,           TCP_FIN | TCP_ACK};
	uint8_t forged[TCP_AT + TCP_HEADER_LEN];
	memcpy(forged, frame, sizeof(forged));
	uint8_t flags = kinds[rng_below(&t->rng, sizeof(kinds))];
	uint32_t seq = flow->end + 1 + rng_below(&t->rng, 30000);
	if ((flags & (TCP_SYN | TCP_RST)) ==
	    0) // FIN and ACK would count: far outside, or of nothing
		seq += 0x40000000;
	wire_put32(forged + SEQ_AT, seq);
	forged[TCP_AT + 12] = TCP_HEADER_LEN / 4 << 4;
	forged[FLAGS_AT] = flags;
	finish(forged, sizeof(forged));
	emit(ctx, forged, sizeof(forged));
	t->forged++;
}

static bool joins(const struct view *a, const struct view *b)
{
	return a->from == b->from && a->to == b->to && a->seq + a->len == b->seq && b->len > 0 &&
	       a->header == b->header && a->header - ETH_LEN + a->len + b->len <= WIRE_MTU &&
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
	if (!joins(&held, v)) {
		emit(ctx, t->held, n);
		return false;
	}
	uint8_t both[TAMPER_FRAME_MAX];
	memcpy(both, frame, v->header);
	wire_put32(both + SEQ_AT, held.seq);
	memcpy(both + v->header, t->held + held.header, held.len);
	memcpy(both + v->header + held.len, frame + v->header, v->len);
	finish(both, v->header + held.len + v->len);
	emit(ctx, both, v->header + held.len + v->len);
	t->changed++;
	return true;
}

static void pass(
	struct tamper *t, const uint8_t *frame, size_t n, const struct view *v, bool resent,
	tamper_emit *emit, void *ctx
)
{
	bool data = v->len > 0 && !resent && (v->flags & (TCP_SYN | TCP_FIN | TCP_RST)) == 0;
	if (held_join(t, frame, v, emit, ctx))
		return;
	if (data && rng_chance(&t->rng, t->config.join_ppm)) {
		memcpy(t->held, frame, n);
		t->held_n = n;
	} else if (v->len > 1 && (v->flags & TCP_SYN) == 0 && rng_chance(&t->rng, t->config.split_ppm)) {
		split(t, frame, n, v, emit, ctx);
	} else {
		emit(ctx, frame, n);
	}
}

bool tamper_frame(
	struct tamper *t, const uint8_t *frame, size_t n, uint64_t now_us, tamper_emit *emit,
	void *ctx
)
{
	struct view v;
	struct tamper_flow *flow;
	uint8_t copy[TAMPER_FRAME_MAX];
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
	memcpy(copy, frame, n);
	window_change(t, copy, &v, now_us);
	finish(copy, n);
	pass(t, copy, n, &v, resent, emit, ctx);
	// Later it would meet a connection that is over, and a SYN is then a SYN.
	if (!flow->fin_seen && (v.flags & TCP_SYN) == 0 && rng_chance(&t->rng, t->config.forge_ppm))
		forge(t, copy, flow, emit, ctx);
	return true;
}

struct tamper_config tamper_random(struct rng *rng, uint64_t now_us)
{
	struct tamper_config config = {0};
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
