// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Serialized databases in one file, so that a start does not compile what the last one did.
// Hyperscan trusts the bytes it reads: the file is used only when it and its folder are this user's
// own and closed to others, and when its digest fits. Anything else is as no file, and replaced.

#pragma once

#include "dataplane/base/err.h"
#include "dataplane/base/span.h"

enum cache_limit {
	CACHE_KEY = 32,             // bytes; SHA-256
	CACHE_FILE_MAX = 256 << 20, // bytes; what was used longest ago is left out
	CACHE_ENTRIES_MAX = 1 << 16,
};

struct cache_entry {
	uint8_t key[CACHE_KEY];
	struct span bytes; // a serialized database
};

// Where things with a key, all digests, stand in their array.
struct key_index {
	uint32_t *slots; // place in the array and 1; 0: free
	size_t mask;
};

// For at most `max` keys. Returns 0 or -ENOMEM.
int key_index_init(struct key_index *index, size_t max) must_check;
void key_index_fini(struct key_index *index);
// The slot of `key` among the elements at `list`, of `size` bytes, that begin with their keys.
uint32_t *key_index_slot(
	const struct key_index *index, const void *list, size_t size,
	const uint8_t key[static CACHE_KEY]
);

struct cache {
	char *folder; // NULL: nothing is read and nothing kept
	uint8_t *file;
	struct cache_entry *entries; // within the file, the most recently used first
	size_t count;
	struct key_index index;
};

// What `folder` holds; NULL: nothing. Without memory it holds nothing, too. Out: *out, for
// cache_close.
void cache_open(const char *folder, struct cache *out);
void cache_close(struct cache *cache);
// The bytes kept under `key`, or NULL.
const struct span *cache_find(const struct cache *cache, const uint8_t key[static CACHE_KEY]);
// Keep `n` entries, and behind them, as far as they fit, those that the file had besides. Makes the
// folder. Returns 0 or -errno: the old file stays.
int cache_keep(const struct cache *cache, const struct cache_entry *entries, size_t n) must_check;
