// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What a scripted peer does with data, and how it says so.

#include "tests/sim/peer.h"

enum { SILLY_READ_US = 20 * 1000, STRETCH = 8, ACKS_DIVIDED = 4 };

static uint32_t offset_of(const struct peer *peer, uint32_t seq)
{
	return seq - peer->irs - 1;
}

static bool is_asleep(const struct peer *peer, uint64_t now_us)
{
	return now_us >= peer->config.asleep_from_us && now_us < peer->config.awake_us;
}

void peer_read(struct peer *peer, uint64_t now_us)
{
	const struct peer_config *config = &peer->config;
	bool was_shut = !after(peer->last_edge, peer->rcv_nxt);
	uint32_t n = peer->unread;
	if (n == 0 || is_asleep(peer, now_us) || now_us < peer->read_us)
		return;
	if (config->silly) {
		uint32_t some = 1 + rng_below(&peer->rng, config->buffer / 8 + 1);
		n = some < n ? some : n;
		peer->read_us = now_us + SILLY_READ_US;
	}
	peer->unread -= n;
	if (was_shut)
		peer->progress_us = now_us; // only from now on can anything come
	if (!config->silent && (was_shut || config->silly))
		peer_ack(peer, now_us);
}

// An ACK that an honest one would not send.
static uint32_t hostile_ack(struct peer *peer)
{
	const struct peer_config *config = &peer->config;
	if ((config->hostile & PEER_BEYOND) != 0 && rng_chance(&peer->rng, config->hostile_ppm))
		return peer->rcv_end + 1 + rng_below(&peer->rng, 100000);
	if ((config->hostile & PEER_OPTIMISTIC) != 0 && rng_chance(&peer->rng, config->hostile_ppm))
		peer->rcv_nxt = peer->rcv_end; // what has not come will never be looked at
	return peer->rcv_nxt;
}

void peer_ack(struct peer *peer, uint64_t now_us)
{
	const struct peer_config *config = &peer->config;
	(void)now_us;
	peer->ack_us = 0;
	peer->unacked = 0;
	int times = rng_chance(&peer->rng, config->repeat_ppm) ? 3 : 1;
	uint32_t ack = hostile_ack(peer);
	for (int i = 0; i < times; i++)
		peer_emit(peer, FRAME_ACK, peer->snd_nxt, ack, 0);
	if (config->hostile != 0 && (config->hostile & PEER_JUNK) != 0 &&
	    rng_chance(&peer->rng, config->hostile_ppm))
		peer_emit(
			peer, (uint8_t)rng_next(&peer->rng),
			peer->snd_nxt + rng_below(&peer->rng, 70000) - 35000, ack,
			rng_below(&peer->rng, 100)
		);
}

static void ack_divided(struct peer *peer, uint32_t from)
{
	uint32_t n = peer->rcv_nxt - from;
	for (uint32_t i = 1; i < ACKS_DIVIDED && n > ACKS_DIVIDED; i++)
		peer_emit(peer, FRAME_ACK, peer->snd_nxt, from + n * i / ACKS_DIVIDED, 0);
}

static void ack_later(struct peer *peer, uint64_t now_us, uint32_t segments)
{
	peer->unacked++;
	if (peer->ack_us == 0)
		peer->ack_us = now_us + PEER_DELAY_US;
	if (segments != 0 && peer->unacked >= segments)
		peer_ack(peer, now_us);
}

static void ack_in_order(struct peer *peer, uint32_t before, uint64_t now_us)
{
	switch (peer->config.acks) {
	case PEER_ACKS_EACH:
		peer_ack(peer, now_us);
		break;
	case PEER_ACKS_SECOND:
		ack_later(peer, now_us, 2);
		break;
	case PEER_ACKS_STRETCH:
		ack_later(peer, now_us, STRETCH);
		break;
	case PEER_ACKS_LATE:
		ack_later(peer, now_us, 0);
		break;
	case PEER_ACKS_DIVIDED:
		ack_divided(peer, before);
		peer_ack(peer, now_us);
		break;
	}
}

// Compares and keeps the bytes, but for those beyond `edge`.
static void bytes_take(struct peer *peer, const struct frame_tcp *seg, uint32_t edge)
{
	for (uint32_t i = 0; i < seg->payload.n; i++) {
		uint32_t seq = seg->seq + i, offset = offset_of(peer, seq);
		if (offset >= peer->config.to_receive) {
			if (!after(peer->rcv_nxt, seq))
				peer_fault(peer, "more bytes than were written");
			continue;
		}
		if (seg->payload.p[i] != peer_byte(peer->config.receive_key, offset))
			peer_fault(peer, "a byte differs");
		if (!after(edge, seq))
			return;
		peer->has[offset] = true;
	}
}

static void advance(struct peer *peer, uint64_t now_us)
{
	uint32_t before = peer->rcv_nxt;
	while (offset_of(peer, peer->rcv_nxt) < peer->config.to_receive &&
	       peer->has[offset_of(peer, peer->rcv_nxt)])
		peer->rcv_nxt++;
	peer->unread += peer->rcv_nxt - before;
	if (peer->rcv_nxt == before)
		return;
	peer->progress_us = now_us;
	peer->drops = 0;
}

static void renege(struct peer *peer)
{
	for (uint32_t i = offset_of(peer, peer->rcv_nxt); i < peer->config.to_receive; i++)
		peer->has[i] = false;
}

static void fin_take(struct peer *peer, const struct frame_tcp *seg, uint64_t now_us)
{
	uint32_t at = seg->seq + (uint32_t)seg->payload.n;
	if ((seg->flags & FRAME_FIN) == 0)
		return;
	if (offset_of(peer, at) != peer->config.to_receive)
		peer_fault(peer, "FIN before the last byte");
	if (peer->rcv_nxt != at || peer->fin_came)
		return;
	peer->fin_came = true;
	peer->rcv_nxt++;
	peer->progress_us = now_us;
}

void peer_receive(struct peer *peer, const struct frame_tcp *seg, uint64_t now_us)
{
	const struct peer_config *config = &peer->config;
	bool fin = (seg->flags & FRAME_FIN) != 0;
	uint32_t end = seg->seq + (uint32_t)seg->payload.n, before = peer->rcv_nxt;
	if (after(end, peer->rcv_end))
		peer->rcv_end = end;
	if (seg->payload.n == 0 && !fin) {
		if (after(peer->rcv_nxt, seg->seq)) // a probe, or a keepalive
			peer_ack(peer, now_us);
		return;
	}
	if (rng_chance(&peer->rng, config->drop_ppm)) {
		peer->drops++;
		return;
	}
	if (rng_chance(&peer->rng, config->renege_ppm))
		renege(peer);
	bytes_take(peer, seg, config->strict ? peer->last_edge : peer->rcv_edge);
	peer->newest = offset_of(peer, seg->seq);
	advance(peer, now_us);
	peer_read(peer, now_us);
	fin_take(peer, seg, now_us);
	// What fills no gap and what comes again is answered at once (RFC 5681 4.2).
	if (peer->rcv_nxt == before || fin || after(before, seg->seq))
		peer_ack(peer, now_us);
	else
		ack_in_order(peer, before, now_us);
}
