// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Counts of durations by size, exact to 1.6%: 64 classes between two powers of two.

#pragma once

#include <stdint.h>

enum { HISTOGRAM_STEP = 6, HISTOGRAM_CLASSES = 40 << HISTOGRAM_STEP };

struct histogram {
	uint64_t n;
	uint64_t counts[HISTOGRAM_CLASSES];
};

void histogram_add(struct histogram *h, uint64_t value);
// The value that the part `p` of all, 0 to 1, does not exceed; 0 when there are none.
uint64_t histogram_quantile(const struct histogram *h, double p);
