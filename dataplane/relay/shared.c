// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/relay/shared.h"

#include "dataplane/base/list.h"
#include "dataplane/base/pool.h"

#include <assert.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS_MAX = 1 << 16 };

struct thing {
	struct list bucket;
	uint32_t holders;
	alignas(8) uint8_t bytes[];
};

struct shared {
	struct pool *pool;
	size_t size;
	struct hash_key key;
	uint32_t mask; // of the buckets, their number - 1
	struct list buckets[];
};

struct shared *shared_new(uint32_t count, size_t size, struct hash_key key)
{
	uint32_t n = 1;
	while (n < count && n < BUCKETS_MAX)
		n *= 2;
	struct shared *shared = malloc(sizeof(*shared) + n * sizeof(shared->buckets[0]));
	if (shared == NULL)
		return NULL;
	*shared = (struct shared){.size = size, .key = key, .mask = n - 1};
	for (uint32_t i = 0; i < n; i++)
		list_init(&shared->buckets[i]);
	shared->pool = pool_new(count, sizeof(struct thing) + size);
	if (shared->pool == NULL) {
		free(shared);
		return NULL;
	}
	return shared;
}

void shared_free(struct shared *shared)
{
	if (shared == NULL)
		return;
	pool_free(shared->pool);
	free(shared);
}

const void *shared_hold(struct shared *shared, const void *bytes)
{
	uint64_t hash = hash_keyed(&shared->key, bytes, shared->size);
	struct list *pos, *head = &shared->buckets[hash & shared->mask];
	list_foreach (pos, head) {
		struct thing *thing = list_entry(pos, struct thing, bucket);
		if (memcmp(thing->bytes, bytes, shared->size) == 0) {
			thing->holders++;
			return thing->bytes;
		}
	}
	struct thing *thing = pool_get(shared->pool);
	assert(thing != NULL); // there are never more things than holders
	thing->holders = 1;
	memcpy(thing->bytes, bytes, shared->size);
	list_append(head, &thing->bucket);
	return thing->bytes;
}

void shared_drop(struct shared *shared, const void *held)
{
	if (held == NULL)
		return;
	struct thing *thing = list_entry((uintptr_t)held, struct thing, bytes);
	if (--thing->holders > 0)
		return;
	list_remove(&thing->bucket);
	pool_put(shared->pool, thing);
}

uint32_t shared_count(const struct shared *shared)
{
	return pool_stats(shared->pool).used;
}
