// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The Hyperscan databases of one set: each expression is compiled once, or found in the cache.

#pragma once

#include "patterns/cache.h"

#include <hs.h>

struct databases {
	struct database {
		uint8_t key[CACHE_KEY];
		hs_database_t *db;
	} * list;
	size_t count, room;
	struct key_index index;
	hs_scratch_t *scratch; // large enough for all; cloned, never used
	size_t size;           // bytes of all
	size_t compiled;       // of them, those that the cache did not have
	struct cache cache;    // while they are made
};

// `folder` is the cache's, or NULL. `max`: databases at most. Returns 0 or -ENOMEM; databases_fini
// also on error.
int databases_init(struct databases *databases, const char *folder, size_t max) must_check;
// The database of the `n` expressions `texts`, which report `ids`; NULL: zero. Out: *out, which the
// set frees. Returns 0, -ENOMEM; ERR_CONFIG with `why`, *which: the expression that is at fault.
int databases_get(
	struct databases *databases, const char *const *texts, const unsigned *ids, unsigned n,
	hs_database_t **out, unsigned *which, char *why, size_t why_size
) must_check;
// All are made: keep what was compiled. What cannot be kept is compiled again another time.
void databases_done(struct databases *databases);
// Accepts a zeroed one.
void databases_fini(struct databases *databases);
