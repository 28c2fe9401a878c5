// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Token buckets, one a name, in a table of fixed size. Whoever was seen longest ago makes room: an
// attacker with many addresses costs others nothing, and gets no more from each.

#pragma once

#include "dataplane/base/span.h"

enum limiter_size { LIMITER_SETS = 512, LIMITER_WAYS = 4 };

struct limiter {
	uint8_t seed[16]; // names do not choose their place
	struct limiter_bucket {
		uint64_t name; // 0: free
		uint64_t at_ms;
		uint64_t milli; // thousandths of a request that it may still make
	} buckets[LIMITER_SETS][LIMITER_WAYS];
};

void limiter_init(struct limiter *limiter);

// May `name` make one more request? `rate` a second, `burst` at once. `now_ms`: monotonic.
bool limiter_take(
	struct limiter *limiter, struct span name, uint32_t rate, uint32_t burst, uint64_t now_ms
);
