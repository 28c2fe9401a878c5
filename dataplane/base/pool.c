// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/base/pool.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

enum { CACHE_LINE = 64 };

struct slot {
	uint32_t generation;
	bool used;
};

struct pool {
	uint8_t *objects; // aligned, inside `memory`
	void *memory;
	size_t stride;
	struct slot *slots;
	uint32_t *free; // stack of the indices not in use
	struct pool_stats stats;
};

struct pool *pool_new(uint32_t count, size_t size)
{
	if (count == 0 || size == 0 || size > SIZE_MAX / 2 / count - CACHE_LINE)
		return NULL;

	struct pool *pool = calloc(1, sizeof(*pool));
	if (pool == NULL)
		return NULL;
	pool->stride = (size + CACHE_LINE - 1) & ~(size_t)(CACHE_LINE - 1);
	// calloc and not aligned_alloc: fresh pages come zeroed and are not touched until used.
	pool->memory = calloc(1, count * pool->stride + CACHE_LINE);
	pool->slots = calloc(count, sizeof(*pool->slots));
	pool->free = calloc(count, sizeof(*pool->free));
	if (pool->memory == NULL || pool->slots == NULL || pool->free == NULL) {
		pool_free(pool);
		return NULL;
	}
	uintptr_t at = (uintptr_t)pool->memory;
	pool->objects = (uint8_t *)pool->memory + (-at & (CACHE_LINE - 1));
	pool->stats.size = count;
	for (uint32_t i = 0; i < count; i++)
		pool->free[i] = count - 1 - i;
	return pool;
}

void pool_free(struct pool *pool)
{
	if (pool == NULL)
		return;
	free(pool->memory);
	free(pool->slots);
	free(pool->free);
	free(pool);
}

void *pool_get(struct pool *pool)
{
	struct pool_stats *stats = &pool->stats;

	if (stats->used == stats->size) {
		stats->empty++;
		return NULL;
	}
	stats->used++;
	if (stats->used > stats->peak)
		stats->peak = stats->used;
	uint32_t index = pool->free[stats->size - stats->used];
	pool->slots[index].used = true;
	return pool->objects + index * pool->stride;
}

void pool_put(struct pool *pool, void *object)
{
	if (object == NULL)
		return;
	uint32_t index = pool_index(pool, object);
	// Our own double put or foreign pointer; no peer can cause it.
	assert(index < pool->stats.size && pool->slots[index].used);
	pool->slots[index].used = false;
	pool->slots[index].generation++;
	pool->free[pool->stats.size - pool->stats.used] = index;
	pool->stats.used--;
}

uint32_t pool_index(const struct pool *pool, const void *object)
{
	return (uint32_t)((size_t)((const uint8_t *)object - pool->objects) / pool->stride);
}

void *pool_at(const struct pool *pool, uint32_t index)
{
	return index < pool->stats.size ? pool->objects + index * pool->stride : NULL;
}

uint32_t pool_generation(const struct pool *pool, uint32_t index)
{
	return index < pool->stats.size ? pool->slots[index].generation : 0;
}

struct pool_stats pool_stats(const struct pool *pool)
{
	return pool->stats;
}
