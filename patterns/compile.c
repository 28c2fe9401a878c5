// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/library.h"
#include "patterns/set.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int refused(const char *name, hs_compile_error_t *error, char *why)
{
	snprintf(
		why, PATTERN_WHY, "%s: Hyperscan refuses it: %s", name,
		error == NULL ? "out of memory" : error->message
	);
	hs_free_compile_error(error);
	return ERR_CONFIG;
}

static int keep_database(struct pattern_set *set, hs_database_t *db, const char *name, char *why)
{
	size_t size = 0;
	if (hs_database_size(db, &size) != HS_SUCCESS ||
	    hs_alloc_scratch(db, &set->scratch) != HS_SUCCESS) {
		snprintf(why, PATTERN_WHY, "%s: no memory for its scratch", name);
		return -ENOMEM;
	}
	set->size += size;
	return 0;
}

// Compile `text` so that it matches from the first byte only.
static int compile_anchored(
	struct pattern_set *set, const char *text, const char *name, hs_database_t **out, char *why
)
{
	char anchored[EXPRESSION_MAX + 8];
	hs_compile_error_t *error = NULL;
	snprintf(anchored, sizeof(anchored), "^(?:%s)", text);
	if (hs_compile(anchored, expression_flags(), HS_MODE_BLOCK, NULL, out, &error) !=
	    HS_SUCCESS)
		return refused(name, error, why);
	return keep_database(set, *out, name, why);
}

// Decide how its matches are found.
static int find_entry(
	struct pattern_set *set, struct set_entry *entry, const struct definition *def, char *why
)
{
	unsigned tiers = 0;
	uint32_t index = (uint32_t)(entry - set->entries);
	if (locator_add(&set->locator, index, def, &tiers, &entry->gate) != 0) {
		snprintf(why, PATTERN_WHY, "out of memory");
		return -ENOMEM;
	}
	entry->tiers = (uint8_t)tiers;
	if ((tiers & TIER_SEARCHED) != 0 && def->candidate_width.max > set->overlap)
		set->overlap = def->candidate_width.max;
	return 0;
}

static int compile_entry(
	struct pattern_set *set, struct set_entry *entry, const struct definition *def, char *why
)
{
	entry->left = def->left;
	entry->right = def->right;
	entry->candidate_min = def->candidate_width.min;
	entry->lead = def->lead;
	entry->width = def->pattern_width.max;
	entry->validator_count = def->validator_count;
	for (size_t i = 0; i < def->validator_count; i++)
		entry->validators[i] = def->validators[i]->accepts;
	entry->sure = def->info.score >= PATTERN_SURE;
	int result = find_entry(set, entry, def, why);
	if (result == 0)
		result = compile_anchored(set, def->pattern, def->info.name, &entry->pattern, why);
	if (result == 0 && !entry->sure && def->strong != NULL)
		result = compile_anchored(set, def->strong, def->info.name, &entry->strong, why);
	if (result == 0 && def->before != NULL)
		result = compile_anchored(set, def->before, def->info.name, &entry->before, why);
	return result;
}

// What is searched for: malloced.
static char *candidate_text(const struct definition *def)
{
	const char *expression = def->info.score >= PATTERN_SURE ? def->pattern : def->strong;
	char *text = NULL;
	if (def->anchor != NULL)
		return strdup(def->anchor);
	if (asprintf(&text, "(?:%s)(?:%s)", def->before == NULL ? "" : def->before, expression) < 0)
		return NULL;
	return text;
}

static int compile_candidates(const struct pattern_lib *lib, struct pattern_set *set, char *why)
{
	const char *texts[PATTERN_MAX] = {};
	unsigned flags[PATTERN_MAX], indexes[PATTERN_MAX], n = 0;
	hs_compile_error_t *error = NULL;
	int result = 0;

	for (unsigned i = 0; i < set->count; i++) {
		if ((set->entries[i].tiers & TIER_SEARCHED) == 0)
			continue;
		texts[n] = candidate_text(pattern_lib_definition(lib, set->entries[i].id));
		if (texts[n] == NULL) {
			snprintf(why, PATTERN_WHY, "out of memory");
			result = -ENOMEM;
			goto out;
		}
		flags[n] = expression_flags();
		indexes[n++] = i;
	}
	if (n == 0)
		return 0;
	if (hs_compile_multi(
		    texts, flags, indexes, n, HS_MODE_BLOCK, NULL, &set->candidates, &error
	    ) != HS_SUCCESS)
		result = refused("the candidates of the set", error, why);
	else
		result = keep_database(set, set->candidates, "the set", why);
out:
	for (unsigned i = 0; i < n; i++)
		free((void *)(uintptr_t)texts[i]);
	return result;
}

// An empty set with room for the ids, which it lists in rising order and once.
static struct pattern_set *set_new(const uint16_t *ids, size_t n)
{
	uint64_t wanted[PATTERN_ID_WORDS] = {};
	size_t count = 0;
	for (size_t i = 0; i < n; i++)
		wanted[ids[i] / 64] |= UINT64_C(1) << ids[i] % 64;
	for (size_t i = 0; i < PATTERN_ID_WORDS; i++)
		count += (size_t)__builtin_popcountll(wanted[i]);
	struct pattern_set *set = calloc(1, sizeof(*set) + count * sizeof(set->entries[0]));
	if (set == NULL)
		return NULL;
	for (uint16_t id = 0; id < PATTERN_MAX; id++) {
		if ((wanted[id / 64] & UINT64_C(1) << id % 64) != 0)
			set->entries[set->count++].id = id;
	}
	return set;
}

int pattern_set_compile(
	const struct pattern_lib *lib, const uint16_t *ids, size_t n, struct pattern_set **out,
	char why[static PATTERN_WHY]
)
{
	int result = 0;
	if (hs_valid_platform() != HS_SUCCESS) {
		snprintf(why, PATTERN_WHY, "Hyperscan does not run on this CPU (no SSSE3)");
		return ERR_UNSUPPORTED;
	}
	for (size_t i = 0; i < n; i++) {
		if (ids[i] >= pattern_lib_count(lib)) {
			snprintf(why, PATTERN_WHY, "no pattern has id %u", ids[i]);
			return -EINVAL;
		}
	}
	struct pattern_set *set = set_new(ids, n);
	if (set == NULL) {
		snprintf(why, PATTERN_WHY, "out of memory");
		return -ENOMEM;
	}
	for (size_t i = 0; i < set->count && result == 0; i++) {
		struct set_entry *entry = &set->entries[i];
		const struct definition *def = pattern_lib_definition(lib, entry->id);
		entry->is_entity = def->info.kind == PATTERN_ENTITY;
		set->has_entities = set->has_entities || entry->is_entity;
		result = compile_entry(set, entry, def, why);
	}
	if (result == 0)
		result = compile_candidates(lib, set, why);
	if (result == 0 && locator_finish(&set->locator) != 0) {
		snprintf(why, PATTERN_WHY, "out of memory");
		result = -ENOMEM;
	}
	if (result != 0) {
		pattern_set_free(set);
		return result;
	}
	*out = set;
	return 0;
}

void pattern_set_free(struct pattern_set *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->count; i++) {
		hs_free_database(set->entries[i].pattern);
		hs_free_database(set->entries[i].before);
		hs_free_database(set->entries[i].strong);
	}
	locator_fini(&set->locator);
	hs_free_database(set->candidates);
	hs_free_scratch(set->scratch);
	free(set);
}

size_t pattern_set_count(const struct pattern_set *set)
{
	return set->count;
}

size_t pattern_set_size(const struct pattern_set *set)
{
	return set->size;
}

bool pattern_set_accepts(const struct pattern_set *set, uint16_t id, struct span text)
{
	size_t low = 0, high = set->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (set->entries[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == set->count || set->entries[low].id != id)
		return true;
	const struct set_entry *entry = &set->entries[low];
	for (size_t i = 0; i < entry->validator_count; i++) {
		if (!entry->validators[i](text))
			return false;
	}
	return true;
}
