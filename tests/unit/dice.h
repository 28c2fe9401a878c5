// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Chance that a seed repeats.

#pragma once

#include <stdint.h>

// Returns a number below `sides`, and makes *seed that of the next one.
static inline uint32_t dice_roll(uint32_t *seed, uint32_t sides)
{
	*seed = *seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)*seed * sides >> 32);
}
