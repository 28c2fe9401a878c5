// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Memory blocks from one region reserved at start (buddy system, with what a block does not need
// given back at once). One per worker: no lock, no system call after start, a bounded total.
// O(log size) to get and to put.

#pragma once

#include "dataplane/base/err.h"

#include <stddef.h>
#include <stdint.h>

struct blocks;

enum blocks_size {
	BLOCKS_SMALLEST = 1 << 10,
	BLOCKS_LARGEST = 1 << 27,
};

struct blocks_stats {
	size_t total;   // bytes of the region
	size_t used;    // bytes handed out
	size_t peak;    // most that was ever handed out
	uint64_t empty; // requests refused for want of memory
};

// Reserve a region of at least `bytes` bytes; pages are touched when first used.
// Returns NULL when the region cannot be mapped. Free with blocks_free.
struct blocks *blocks_new(size_t bytes) must_check;
void blocks_free(struct blocks *blocks);

// A block of at least `want` bytes, and at most a quarter or BLOCKS_SMALLEST more (which is the
// caller's too). Out: *got, its size.
// Returns NULL, counted, when no block is free or `want` exceeds BLOCKS_LARGEST.
// The caller gives it back with blocks_put and the same size.
void *blocks_get(struct blocks *blocks, size_t want, size_t *got) must_check;
void blocks_put(struct blocks *blocks, void *block, size_t size);

struct blocks_stats blocks_stats(const struct blocks *blocks);
