// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/sim/wire.h"

#include "tests/sim/frame.h"

// When the frame has left, by the wire's rate; 0 when the queue is full.
static uint64_t departure(struct wire *wire, size_t n, uint64_t now_us)
{
	const struct wire_config *config = &wire->config;
	if (config->rate_kbps == 0)
		return now_us;
	if (wire->busy_until_us < now_us)
		wire->busy_until_us = now_us;
	uint64_t waiting = (wire->busy_until_us - now_us) * config->rate_kbps / 8000;
	if (waiting + n > config->queue_bytes)
		return 0;
	wire->busy_until_us += n * 8000 / config->rate_kbps;
	return wire->busy_until_us;
}

// Only what a checksum covers: neither ARP nor the header of IPv6 has one.
static bool corrupt(struct wire *wire, struct rng *rng, uint8_t *frame, size_t n)
{
	struct frame_place place;
	if (!rng_chance(rng, wire->config.corrupt_ppm) || !frame_find(span_of(frame, n), &place) ||
	    place.version == 0)
		return false;
	size_t from = place.version == 4 ? place.ip_at : place.upper_at;
	if (from >= place.end)
		return false;
	uint32_t at = (uint32_t)from + rng_below(rng, (uint32_t)(place.end - from));
	frame[at] ^= (uint8_t)(1 << rng_below(rng, 8));
	wire->stats.corrupted++;
	return true;
}

struct wire_fate wire_send(
	struct wire *wire, struct rng *rng, uint8_t *frame, size_t n, uint64_t now_us
)
{
	const struct wire_config *config = &wire->config;
	struct wire_fate fate = {0};
	wire->stats.frames++;
	uint64_t left = departure(wire, n, now_us);
	if (left == 0) {
		wire->stats.overflowed++;
		return fate;
	}
	if (rng_chance(rng, config->loss_ppm)) {
		wire->stats.lost++;
		return fate;
	}
	fate.corrupt = corrupt(wire, rng, frame, n);
	fate.copies = 1;
	if (rng_chance(rng, config->duplicate_ppm)) {
		wire->stats.duplicated++;
		fate.copies = 2;
	}
	for (int i = 0; i < fate.copies; i++) {
		fate.arrives_us[i] = left + config->delay_us;
		if (config->reorder_us > 0 && rng_chance(rng, config->reorder_ppm)) {
			wire->stats.reordered++;
			fate.arrives_us[i] += rng_below(rng, config->reorder_us) + 1;
		}
	}
	return fate;
}
