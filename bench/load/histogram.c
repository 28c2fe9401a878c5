// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "bench/load/histogram.h"

static unsigned class_of(uint64_t value)
{
	if (value < 1 << HISTOGRAM_STEP)
		return (unsigned)value;
	unsigned power = 63 - (unsigned)__builtin_clzll(value);
	unsigned class = (power - HISTOGRAM_STEP + 1) << HISTOGRAM_STEP;
	class += (unsigned)(value >> (power - HISTOGRAM_STEP)) & ((1 << HISTOGRAM_STEP) - 1);
	return class < HISTOGRAM_CLASSES ? class : HISTOGRAM_CLASSES - 1;
}

static uint64_t value_of(unsigned class)
{
	if (class < 1 << HISTOGRAM_STEP)
		return class;
	unsigned power = (class >> HISTOGRAM_STEP) - 1;
	return (UINT64_C(1) << HISTOGRAM_STEP | (class & ((1 << HISTOGRAM_STEP) - 1))) << power;
}

void histogram_add(struct histogram *h, uint64_t value)
{
	h->counts[class_of(value)]++;
	h->n++;
}

uint64_t histogram_quantile(const struct histogram *h, double p)
{
	double wanted = p * (double)h->n;
	uint64_t seen = 0;

	for (unsigned i = 0; h->n > 0 && i < HISTOGRAM_CLASSES; i++) {
		seen += h->counts[i];
		if (seen > 0 && (double)seen >= wanted)
			return value_of(i);
	}
	return 0;
}
