// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/database.h"

#include "patterns/expression.h"

#include <openssl/evp.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int databases_init(struct databases *databases, const char *folder, size_t max)
{
	*databases = (struct databases){};
	cache_open(folder, &databases->cache);
	databases->room = max;
	databases->list = calloc(max + 1, sizeof(databases->list[0]));
	return databases->list == NULL ? -ENOMEM : key_index_init(&databases->index, max);
}

// What decides about the bytes of a database.
static int make_key(
	const char *const *texts, const unsigned *ids, unsigned n, uint8_t key[static CACHE_KEY]
)
{
	const unsigned flags = expression_flags(), mode = HS_MODE_BLOCK;
	const char *version = hs_version();
	hs_platform_info_t platform = {};
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	bool ok = ctx != NULL && hs_populate_platform(&platform) == HS_SUCCESS &&
		  EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
		  EVP_DigestUpdate(ctx, version, strlen(version) + 1) == 1 &&
		  EVP_DigestUpdate(ctx, &platform, sizeof(platform)) == 1 &&
		  EVP_DigestUpdate(ctx, &flags, sizeof(flags)) == 1 &&
		  EVP_DigestUpdate(ctx, &mode, sizeof(mode)) == 1;
	for (unsigned i = 0; i < n && ok; i++) {
		const unsigned id = ids == NULL ? 0 : ids[i];
		ok = EVP_DigestUpdate(ctx, &id, sizeof(id)) == 1 &&
		     EVP_DigestUpdate(ctx, texts[i], strlen(texts[i]) + 1) == 1;
	}
	ok = ok && EVP_DigestFinal_ex(ctx, key, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	return ok ? 0 : -ENOMEM;
}

static hs_database_t *from_cache(
	const struct databases *databases, const uint8_t key[static CACHE_KEY]
)
{
	const struct span *bytes = cache_find(&databases->cache, key);
	hs_database_t *db = NULL;

	if (bytes == NULL ||
	    hs_deserialize_database((const char *)bytes->p, bytes->n, &db) != HS_SUCCESS)
		return NULL;
	return db;
}

static int compile(
	const char *const *texts, const unsigned *ids, unsigned n, hs_database_t **out,
	unsigned *which, char *why, size_t why_size
)
{
	unsigned *flags = calloc(n, sizeof(*flags));
	hs_compile_error_t *error = NULL;

	if (flags == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++)
		flags[i] = expression_flags();
	hs_error_t result =
		hs_compile_multi(texts, flags, ids, n, HS_MODE_BLOCK, NULL, out, &error);
	free(flags);
	if (result == HS_SUCCESS)
		return 0;
	*which = error == NULL || error->expression < 0 ? 0 : (unsigned)error->expression;
	snprintf(why, why_size, "%s", error == NULL ? "out of memory" : error->message);
	hs_free_compile_error(error);
	return ERR_CONFIG;
}

static int add(
	struct databases *databases, hs_database_t *db, uint32_t *slot,
	const uint8_t key[static CACHE_KEY]
)
{
	size_t size = 0;

	if (databases->count == databases->room || hs_database_size(db, &size) != HS_SUCCESS ||
	    hs_alloc_scratch(db, &databases->scratch) != HS_SUCCESS) {
		hs_free_database(db);
		return -ENOMEM;
	}
	struct database *new = &databases->list[databases->count++];
	memcpy(new->key, key, CACHE_KEY);
	new->db = db;
	*slot = (uint32_t)databases->count;
	databases->size += size;
	return 0;
}

int databases_get(
	struct databases *databases, const char *const *texts, const unsigned *ids, unsigned n,
	hs_database_t **out, unsigned *which, char *why, size_t why_size
)
{
	uint8_t key[CACHE_KEY];

	int result = make_key(texts, ids, n, key);
	if (result != 0)
		return result;
	uint32_t *slot =
		key_index_slot(&databases->index, databases->list, sizeof(databases->list[0]), key);
	if (*slot == 0) {
		hs_database_t *db = from_cache(databases, key);
		databases->compiled += db == NULL;
		if (db == NULL)
			result = compile(texts, ids, n, &db, which, why, why_size);
		if (result == 0)
			result = add(databases, db, slot, key);
	}
	if (result == 0)
		*out = databases->list[*slot - 1].db;
	return result;
}

static int keep(struct databases *databases)
{
	struct cache_entry *entries = calloc(databases->count + 1, sizeof(*entries));
	size_t n = 0;
	int result = entries == NULL ? -ENOMEM : 0;

	for (; n < databases->count && result == 0; n++) {
		char *bytes = NULL;
		size_t size = 0;
		if (hs_serialize_database(databases->list[n].db, &bytes, &size) != HS_SUCCESS) {
			result = -ENOMEM;
			break;
		}
		memcpy(entries[n].key, databases->list[n].key, CACHE_KEY);
		entries[n].bytes = span_of((const uint8_t *)bytes, size);
	}
	if (result == 0)
		result = cache_keep(&databases->cache, entries, n);
	for (size_t i = 0; i < n; i++)
		free((void *)(uintptr_t)entries[i].bytes.p); // the library's allocator is malloc
	free(entries);
	return result;
}

void databases_done(struct databases *databases)
{
	if (databases->compiled > 0 && databases->cache.folder != NULL)
		(void)keep(databases);
	cache_close(&databases->cache);
	key_index_fini(&databases->index);
}

void databases_fini(struct databases *databases)
{
	for (size_t i = 0; i < databases->count; i++)
		hs_free_database(databases->list[i].db);
	free(databases->list);
	hs_free_scratch(databases->scratch);
	cache_close(&databases->cache);
	key_index_fini(&databases->index);
	*databases = (struct databases){};
}
