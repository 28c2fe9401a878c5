// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/catalog/catalog.h"

#include <stdlib.h>
#include <string.h>

struct shared {
	struct catalog catalog; // first: the address that is handed out
	uint32_t refs;
	struct catalog_column *columns;
	struct catalog_relation *relations;
	uint32_t *known;
};

static struct shared *shared_of(const struct catalog *catalog)
{
	return (struct shared *)(uintptr_t)catalog;
}

static void shared_free(struct shared *s)
{
	free(s->columns);
	free(s->relations);
	free(s->known);
	free(s);
}

struct catalog *catalog_new_unresolved(void)
{
	struct catalog none = {.resolved = false};

	memset(none.unresolved, 0xff, sizeof(none.unresolved));
	return catalog_new(&none);
}

static int by_place(const void *left, const void *right)
{
	const struct catalog_column *a = left, *b = right;

	if (a->table_oid != b->table_oid)
		return a->table_oid < b->table_oid ? -1 : 1;
	if (a->attnum != b->attnum)
		return a->attnum < b->attnum ? -1 : 1;
	return a->mask < b->mask ? -1 : a->mask > b->mask;
}

static int by_oid(const void *left, const void *right)
{
	const uint32_t *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

static void *copy(const void *from, uint32_t n, size_t size)
{
	void *p = calloc((size_t)n + 1, size);

	if (p != NULL && n > 0)
		memcpy(p, from, n * size);
	return p;
}

struct catalog *catalog_new(const struct catalog *from)
{
	struct shared *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->refs = 1;
	s->catalog = *from;
	s->columns = copy(from->columns, from->n_columns, sizeof(*s->columns));
	s->relations = copy(from->relations, from->n_relations, sizeof(*s->relations));
	s->known = copy(from->known, from->n_known, sizeof(*s->known));
	if (s->columns == NULL || s->relations == NULL || s->known == NULL) {
		shared_free(s);
		return NULL;
	}
	qsort(s->columns, from->n_columns, sizeof(*s->columns), by_place);
	qsort(s->known, from->n_known, sizeof(*s->known), by_oid);
	s->catalog.columns = s->columns;
	s->catalog.relations = s->relations;
	s->catalog.known = s->known;
	return &s->catalog;
}

struct catalog *catalog_ref(const struct catalog *catalog)
{
	if (catalog == NULL)
		return NULL;
	__atomic_fetch_add(&shared_of(catalog)->refs, 1, __ATOMIC_RELAXED);
	return &shared_of(catalog)->catalog;
}

void catalog_unref(const struct catalog *catalog)
{
	if (catalog != NULL &&
	    __atomic_sub_fetch(&shared_of(catalog)->refs, 1, __ATOMIC_ACQ_REL) == 0)
		shared_free(shared_of(catalog));
}
