// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/catalog/resolve.h"

#include <stdlib.h>
#include <string.h>

void catalog_masks(
	const struct snapshot *snapshot, uint16_t resource, uint64_t masks[static COLUMN_WORDS]
)
{
	memset(masks, 0, COLUMN_WORDS * sizeof(masks[0]));
	for (uint16_t i = 0; i < snapshot->n_rules; i++)
		if (bit_is_set(snapshot->rules[i].resources, resource))
			for (size_t w = 0; w < COLUMN_WORDS; w++)
				masks[w] |= snapshot->rules[i].right.columns[w];
}

static bool same_text(const struct catalog_relation *a, const struct catalog_relation *b)
{
	return a->mask == b->mask && strcmp(a->schema, b->schema) == 0 &&
	       strcmp(a->name, b->name) == 0;
}

bool catalog_equal(const struct catalog *a, const struct catalog *b)
{
	if (a->resolved != b->resolved || a->n_columns != b->n_columns ||
	    a->n_known != b->n_known || a->n_relations != b->n_relations ||
	    memcmp(a->unresolved, b->unresolved, sizeof(a->unresolved)) != 0 ||
	    memcmp(a->known, b->known, a->n_known * sizeof(a->known[0])) != 0 ||
	    memcmp(a->columns, b->columns, a->n_columns * sizeof(a->columns[0])) != 0)
		return false;
	for (uint32_t i = 0; i < a->n_relations; i++)
		if (!same_text(&a->relations[i], &b->relations[i]))
			return false;
	return true;
}

static bool same_server(const struct resource *a, const struct resource *b)
{
	return strcmp(a->name, b->name) == 0 && endpoint_equal(&a->address, &b->address) &&
	       strcmp(a->database, b->database) == 0 && strcmp(a->user, b->user) == 0;
}

static bool same_column(const struct column_mask *a, const struct column_mask *b)
{
	return strcmp(a->schema, b->schema) == 0 && strcmp(a->table, b->table) == 0 &&
	       strcmp(a->column, b->column) == 0;
}

// The mask of `from`, among `masks`, for the same column; -1 when there is none.
static int find_mask(
	const struct snapshot *from, const uint64_t *masks, const struct column_mask *wanted
)
{
	for (uint16_t i = 0; i < from->n_columns; i++)
		if (bit_is_set(masks, i) && same_column(&from->columns[i], wanted))
			return i;
	return -1;
}

struct carried {
	struct catalog catalog;
	struct catalog_column *columns;
	struct catalog_relation *relations;
};

static void carry_one(struct carried *to, const struct catalog *from, uint16_t old, uint16_t new)
{
	struct catalog *c = &to->catalog;

	for (uint32_t i = 0; i < from->n_columns; i++) {
		if (from->columns[i].mask != old)
			continue;
		to->columns[c->n_columns] = from->columns[i];
		to->columns[c->n_columns++].mask = new;
	}
	for (uint32_t i = 0; i < from->n_relations; i++) {
		if (from->relations[i].mask != old)
			continue;
		to->relations[c->n_relations] = from->relations[i];
		to->relations[c->n_relations++].mask = new;
	}
	if (bit_is_set(from->unresolved, old))
		bit_set(c->unresolved, new);
}

// How many of the new masks there are: each may take over all entries of an old one.
static size_t count_bits(const uint64_t *masks)
{
	size_t n = 0;

	for (size_t w = 0; w < COLUMN_WORDS; w++)
		n += (size_t)__builtin_popcountll(masks[w]);
	return n;
}

struct catalog *catalog_carry(
	const struct snapshot *from, uint16_t from_resource, const struct snapshot *to,
	uint16_t to_resource
)
{
	const struct catalog *old = from->resources[from_resource].catalog;
	uint64_t old_masks[COLUMN_WORDS], new_masks[COLUMN_WORDS];
	struct catalog *result = NULL;
	bool all = true;

	if (old == NULL || !old->resolved ||
	    !same_server(&from->resources[from_resource], &to->resources[to_resource]))
		return NULL;
	catalog_masks(from, from_resource, old_masks);
	catalog_masks(to, to_resource, new_masks);
	size_t n = count_bits(new_masks) + 1;
	struct carried carried = {
		.catalog = {.resolved = true, .n_known = old->n_known, .known = old->known},
		.columns = calloc(n * (old->n_columns + 1), sizeof(*carried.columns)),
		.relations = calloc(n * (old->n_relations + 1), sizeof(*carried.relations)),
	};
	for (uint16_t i = 0; i < to->n_columns && all; i++) {
		if (!bit_is_set(new_masks, i))
			continue;
		int mask = find_mask(from, old_masks, &to->columns[i]);
		all = mask >= 0 && carried.columns != NULL && carried.relations != NULL;
		if (all)
			carry_one(&carried, old, (uint16_t)mask, i);
	}
	carried.catalog.columns = carried.columns;
	carried.catalog.relations = carried.relations;
	if (all && carried.columns != NULL && carried.relations != NULL)
		result = catalog_new(&carried.catalog);
	free(carried.columns);
	free(carried.relations);
	return result;
}
