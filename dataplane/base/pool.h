// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A fixed number of objects of one size, allocated at start. Get and put are O(1); LIFO, so that a
// fresh object is warm in the cache. Objects are addressed by index too: an index with a
// generation makes a handle that goes stale when its object is put back.

#pragma once

#include "dataplane/base/err.h"

#include <stddef.h>
#include <stdint.h>

struct pool;

struct pool_stats {
	uint32_t size;
	uint32_t used;
	uint32_t peak;
	uint64_t empty; // requests refused
};

// `count` zeroed objects of `size` bytes, each aligned to a cache line.
// Returns NULL when memory is short. Free with pool_free.
struct pool *pool_new(uint32_t count, size_t size) must_check;
void pool_free(struct pool *pool);

// An object with undefined content (zeroed the first time). Returns NULL, counted, when none is
// left.
void *pool_get(struct pool *pool) must_check;
// Accepts NULL.
void pool_put(struct pool *pool, void *object);

uint32_t pool_index(const struct pool *pool, const void *object);
// The object at `index`, in use or not; NULL when the index is beyond the pool.
void *pool_at(const struct pool *pool, uint32_t index);
// How often the object at `index` was put back: a handle's generation.
uint32_t pool_generation(const struct pool *pool, uint32_t index);
struct pool_stats pool_stats(const struct pool *pool);
