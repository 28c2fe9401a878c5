// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What the expressions of one set are compiled to, each once: tables, and where these would be
// large Hyperscan databases, which the cache may have.

#pragma once

#include "patterns/cache.h"
#include "patterns/table.h"

#include <hs.h>
#include <openssl/evp.h>

// One expression that is matched from a given byte on: one of the two, or nothing.
struct anchored {
	const struct table *table;
	const hs_database_t *db;
};

struct databases {
	struct database {
		uint8_t key[CACHE_KEY];
		hs_database_t *db;
		struct table *table; // instead
	} * list;
	size_t count, room;
	size_t tables; // of them
	struct key_index index;
	hs_scratch_t *scratch; // large enough for all; cloned, never used
	size_t size;           // bytes of all
	size_t compiled;       // databases that the cache did not have
	// While they are made.
	hs_platform_info_t platform;
	EVP_MD_CTX *key; // over what is the same in all keys
	struct cache cache;
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
// `text`, with letter case ignored or not, so that it matches from the first byte only. Out: *out,
// which the set frees. As databases_get.
int databases_get_anchored(
	struct databases *databases, const char *text, bool folds, struct anchored *out, char *why,
	size_t why_size
) must_check;
// All are made: keep what was compiled. What cannot be kept is compiled again another time.
void databases_done(struct databases *databases);
// Accepts a zeroed one.
void databases_fini(struct databases *databases);
