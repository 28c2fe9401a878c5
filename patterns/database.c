// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/database.h"

#include "patterns/expression.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What decides about the bytes of every database, and is the same for all.
static int begin_key(struct databases *databases)
{
	const unsigned flags = expression_flags(), mode = HS_MODE_BLOCK;
	const char *version = hs_version();
	EVP_MD_CTX *ctx = databases->key = EVP_MD_CTX_new();

	// Asked once: to ask a CPU within a virtual machine takes longer than to compile a table.
	if (ctx == NULL || hs_populate_platform(&databases->platform) != HS_SUCCESS)
		return -ENOMEM;
	bool ok = EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
		  EVP_DigestUpdate(ctx, version, strlen(version) + 1) == 1 &&
		  EVP_DigestUpdate(ctx, &databases->platform, sizeof(databases->platform)) == 1 &&
		  EVP_DigestUpdate(ctx, &flags, sizeof(flags)) == 1 &&
		  EVP_DigestUpdate(ctx, &mode, sizeof(mode)) == 1;
	return ok ? 0 : -ENOMEM;
}

int databases_init(struct databases *databases, const char *folder, size_t max)
{
	*databases = (struct databases){};
	cache_open(folder, &databases->cache);
	databases->room = max;
	databases->list = calloc(max + 1, sizeof(databases->list[0]));
	if (databases->list == NULL || begin_key(databases) != 0)
		return -ENOMEM;
	return key_index_init(&databases->index, max);
}

static int make_key(
	const struct databases *databases, const char *const *texts, const unsigned *ids,
	unsigned n, uint8_t key[static CACHE_KEY]
)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	bool ok = ctx != NULL && EVP_MD_CTX_copy_ex(ctx, databases->key) == 1;
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
	const struct databases *databases, const char *const *texts, const unsigned *ids,
	unsigned n, hs_database_t **out, unsigned *which, char *why, size_t why_size
)
{
	unsigned *flags = calloc(n, sizeof(*flags));
	hs_compile_error_t *error = NULL;

	if (flags == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++)
		flags[i] = expression_flags();
	hs_error_t result = hs_compile_multi(
		texts, flags, ids, n, HS_MODE_BLOCK, &databases->platform, out, &error
	);
	free(flags);
	if (result == HS_SUCCESS)
		return 0;
	*which = error == NULL || error->expression < 0 ? 0 : (unsigned)error->expression;
	snprintf(why, why_size, "%s", error == NULL ? "out of memory" : error->message);
	hs_free_compile_error(error);
	return ERR_CONFIG;
}

// The place of the expressions: a new one is empty. *slot is 0 until something is there.
static int find(
	const struct databases *databases, const char *const *texts, const unsigned *ids,
	unsigned n, uint32_t **slot, struct database *out
)
{
	int result = make_key(databases, texts, ids, n, out->key);

	if (result != 0)
		return result;
	*slot = key_index_slot(
		&databases->index, databases->list, sizeof(databases->list[0]), out->key
	);
	if (**slot != 0)
		*out = databases->list[**slot - 1];
	return 0;
}

static int add(struct databases *databases, const struct database *new, uint32_t *slot)
{
	if (databases->count == databases->room)
		return -ENOMEM;
	databases->list[databases->count++] = *new;
	*slot = (uint32_t)databases->count;
	return 0;
}

static int add_database(
	struct databases *databases, const char *const *texts, const unsigned *ids, unsigned n,
	uint32_t *slot, struct database *new, unsigned *which, char *why, size_t why_size
)
{
	size_t size = 0;

	new->db = from_cache(databases, new->key);
	if (new->db == NULL) {
		databases->compiled++;
		int result = compile(databases, texts, ids, n, &new->db, which, why, why_size);
		if (result != 0)
			return result;
	}
	if (hs_database_size(new->db, &size) != HS_SUCCESS ||
	    hs_alloc_scratch(new->db, &databases->scratch) != HS_SUCCESS ||
	    add(databases, new, slot) != 0) {
		hs_free_database(new->db);
		return -ENOMEM;
	}
	databases->size += size;
	return 0;
}

int databases_get(
	struct databases *databases, const char *const *texts, const unsigned *ids, unsigned n,
	hs_database_t **out, unsigned *which, char *why, size_t why_size
)
{
	struct database found = {};
	uint32_t *slot;
	int result = find(databases, texts, ids, n, &slot, &found);

	if (result == 0 && *slot == 0)
		result = add_database(databases, texts, ids, n, slot, &found, which, why, why_size);
	*out = found.db;
	return result;
}

int databases_get_anchored(
	struct databases *databases, const char *text, bool folds, struct anchored *out, char *why,
	size_t why_size
)
{
	char anchored[EXPRESSION_MAX + 16], alone[EXPRESSION_MAX + 8];
	const char *texts[] = {anchored};
	struct database found = {};
	uint32_t *slot;
	unsigned which;

	snprintf(alone, sizeof(alone), "%s%s", folds ? "(?i)" : "", text);
	snprintf(anchored, sizeof(anchored), "^(?:%s)", alone);
	int result = find(databases, texts, NULL, 1, &slot, &found);
	if (result == 0 && *slot == 0)
		result = table_new(alone, &found.table);
	if (result == 0 && *slot == 0 && found.table != NULL) {
		result = add(databases, &found, slot);
		if (result != 0)
			free(found.table);
		databases->tables += result == 0;
		databases->size += result == 0 ? found.table->size : 0;
	} else if (result == 0 && *slot == 0) {
		result = add_database(
			databases, texts, NULL, 1, slot, &found, &which, why, why_size
		);
	}
	*out = (struct anchored){found.table, found.db};
	return result;
}

static int keep(struct databases *databases)
{
	struct cache_entry *entries = calloc(databases->count + 1, sizeof(*entries));
	size_t n = 0;
	int result = entries == NULL ? -ENOMEM : 0;

	for (size_t i = 0; i < databases->count; i++) {
		char *bytes = NULL;
		size_t size = 0;
		if (databases->list[i].db == NULL)
			continue;
		if (hs_serialize_database(databases->list[i].db, &bytes, &size) != HS_SUCCESS) {
			result = -ENOMEM;
			break;
		}
		memcpy(entries[n].key, databases->list[i].key, CACHE_KEY);
		entries[n++].bytes = span_of((const uint8_t *)bytes, size);
	}
	if (result == 0)
		result = cache_keep(&databases->cache, entries, n);
	for (size_t i = 0; i < n; i++)
		free((void *)(uintptr_t)entries[i].bytes.p); // the library's allocator is malloc
	free(entries);
	return result;
}

// What was needed to make them.
static void forget(struct databases *databases)
{
	cache_close(&databases->cache);
	key_index_fini(&databases->index);
	EVP_MD_CTX_free(databases->key);
	databases->key = NULL;
}

void databases_done(struct databases *databases)
{
	if (databases->compiled > 0 && databases->cache.folder != NULL)
		(void)keep(databases);
	forget(databases);
}

void databases_fini(struct databases *databases)
{
	for (size_t i = 0; i < databases->count; i++) {
		hs_free_database(databases->list[i].db);
		free(databases->list[i].table);
	}
	free(databases->list);
	hs_free_scratch(databases->scratch);
	forget(databases);
	*databases = (struct databases){};
}
