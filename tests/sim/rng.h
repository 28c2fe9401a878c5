// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A small generator (xorshift64*), so that one printed seed repeats a whole run.

#pragma once

#include <stdbool.h>
#include <stdint.h>

struct rng {
	uint64_t state;
};

static inline uint64_t rng_next(struct rng *rng)
{
	rng->state ^= rng->state >> 12;
	rng->state ^= rng->state << 25;
	rng->state ^= rng->state >> 27;
	return rng->state * UINT64_C(2685821657736338717);
}

static inline struct rng rng_of(uint64_t seed)
{
	// Neighbouring seeds must not make similar runs; the state must not be 0.
	struct rng rng = {(seed + 1) * UINT64_C(0x9e3779b97f4a7c15) | 1};
	for (int i = 0; i < 8; i++)
		(void)rng_next(&rng);
	return rng;
}

// 0 to n - 1; n > 0.
static inline uint32_t rng_below(struct rng *rng, uint32_t n)
{
	return (uint32_t)((rng_next(rng) >> 32) % n);
}

// True `ppm` times in a million.
static inline bool rng_chance(struct rng *rng, uint32_t ppm)
{
	return ppm > 0 && rng_below(rng, 1000000) < ppm;
}
