// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/library.h"
#include "patterns/set.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int no_memory(char *why)
{
	snprintf(why, PATTERN_WHY, "out of memory");
	return -ENOMEM;
}

static int refused(const struct definition *def, const char *text, char *why)
{
	snprintf(
		why, PATTERN_WHY, "%.200s:%u:%u: %s: Hyperscan refuses it: %s", def->file,
		def->line, def->column, def->info.name, text
	);
	return ERR_CONFIG;
}

// Compile `text`, with letter case ignored or not, so that it matches from the first byte only.
static int compile_anchored(
	struct pattern_set *set, const char *text, bool folds, const struct definition *def,
	struct anchored *out, char *why
)
{
	char fault[256];
	int result =
		databases_get_anchored(&set->databases, text, folds, out, fault, sizeof(fault));
	if (result == ERR_CONFIG)
		return refused(def, fault, why);
	return result != 0 ? no_memory(why) : 0;
}

// The literal a match begins with is compared; only what follows it, if anything does, takes a
// table, which rules that differ in their literals share.
static int compile_pattern(
	struct pattern_set *set, struct set_entry *entry, const struct definition *def, char *why
)
{
	struct expression_prefix prefix;
	expression_prefix(def->pattern, &prefix);
	// Hyperscan compiles nothing that may be empty.
	if (prefix.n == 0 || (*prefix.rest != '\0' && def->pattern_width.min <= prefix.n))
		return compile_anchored(set, def->pattern, false, def, &entry->pattern, why);
	entry->prefix = malloc(prefix.n);
	if (entry->prefix == NULL)
		return no_memory(why);
	memcpy(entry->prefix, prefix.bytes, prefix.n);
	entry->prefix_size = (uint32_t)prefix.n;
	entry->prefix_folds = prefix.folds;
	if (*prefix.rest == '\0')
		return 0;
	return compile_anchored(set, prefix.rest, prefix.folds, def, &entry->pattern, why);
}

// What refuses most of what is no match, where matches are not told by a word they begin with.
static int make_probe(struct set_entry *entry, const struct definition *def)
{
	struct byte_set after = lead_after(def->right);
	struct automaton *automaton = NULL;
	const struct byte_set all = lead_after(BOUNDARY_NONE);
	int result = automaton_new(def->before, def->pattern, &after, &automaton);
	if (result == ERR_UNSUPPORTED && def->before != NULL) // too large: so much of it, then
		result = automaton_new(NULL, def->before, &all, &automaton);
	if (result == 0)
		result = probe_new(automaton, &entry->probe);
	automaton_free(automaton);
	return result == -ENOMEM ? result : 0; // without one Hyperscan is asked
}

// Decide how its matches are found.
static int find_entry(
	struct pattern_set *set, struct set_entry *entry, const struct definition *def, char *why
)
{
	unsigned tiers = 0;
	uint32_t index = (uint32_t)(entry - set->entries);
	if (locator_add(&set->locator, index, def, &tiers, &entry->gate, &entry->lead_gate) != 0)
		return no_memory(why);
	lead_brief_make(&entry->gate, &entry->brief);
	entry->tiers = (uint8_t)tiers;
	if (tiers != TIER_WORDS && make_probe(entry, def) != 0)
		return no_memory(why);
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
	for (size_t i = 0; i < def->validator_count; i++) {
		entry->validators[i] = def->validators[i]->accepts;
		entry->digest = entry->digest || def->validators[i]->digest;
	}
	entry->score = (uint8_t)def->info.score;
	entry->sure = def->info.score >= PATTERN_SURE;
	int result = find_entry(set, entry, def, why);
	if (result == 0)
		result = compile_pattern(set, entry, def, why);
	if (result == 0 && !entry->sure && def->strong != NULL)
		result = compile_anchored(set, def->strong, false, def, &entry->strong, why);
	if (result == 0 && def->before != NULL)
		result = compile_anchored(set, def->before, false, def, &entry->before, why);
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

static int compile_texts(
	const struct pattern_lib *lib, struct pattern_set *set, const char *const *texts,
	const unsigned *indexes, unsigned n, char *why
)
{
	char fault[256];
	unsigned which;
	int result = databases_get(
		&set->databases, texts, indexes, n, &set->candidates, &which, fault, sizeof(fault)
	);
	if (result == ERR_CONFIG)
		return refused(
			pattern_lib_definition(lib, set->entries[indexes[which]].id), fault, why
		);
	return result != 0 ? no_memory(why) : 0;
}

static int compile_candidates(const struct pattern_lib *lib, struct pattern_set *set, char *why)
{
	char **texts = calloc(set->count + 1, sizeof(*texts));
	unsigned *indexes = calloc(set->count + 1, sizeof(*indexes)), n = 0;
	int result = texts == NULL || indexes == NULL ? -ENOMEM : 0;

	for (unsigned i = 0; i < set->count && result == 0; i++) {
		if ((set->entries[i].tiers & TIER_SEARCHED) == 0)
			continue;
		texts[n] = candidate_text(pattern_lib_definition(lib, set->entries[i].id));
		if (texts[n] == NULL)
			result = -ENOMEM;
		else
			indexes[n++] = i;
	}
	if (result != 0)
		(void)no_memory(why);
	else if (n > 0)
		result = compile_texts(lib, set, (const char *const *)texts, indexes, n, why);
	for (unsigned i = 0; i < n; i++)
		free(texts[i]);
	free(texts);
	free(indexes);
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
	if (set == NULL)
		return no_memory(why);
	// Of each entry up to three, and the candidates.
	if (databases_init(&set->databases, pattern_lib_cache(lib), 3 * set->count + 1) != 0)
		result = no_memory(why);
	for (size_t i = 0; i < set->count && result == 0; i++) {
		struct set_entry *entry = &set->entries[i];
		const struct definition *def = pattern_lib_definition(lib, entry->id);
		entry->is_entity = def->info.kind == PATTERN_ENTITY;
		set->has_entities = set->has_entities || entry->is_entity;
		result = compile_entry(set, entry, def, why);
	}
	if (result == 0)
		result = compile_candidates(lib, set, why);
	if (result == 0 && (locator_finish(&set->locator) != 0 || set_fill_rehearsal(set) != 0))
		result = no_memory(why);
	if (result == 0)
		databases_done(&set->databases);
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
		free(set->entries[i].prefix);
		free(set->entries[i].probe);
	}
	locator_fini(&set->locator);
	databases_fini(&set->databases);
	free(set->rehearsal);
	free(set);
}

size_t pattern_set_count(const struct pattern_set *set)
{
	return set->count;
}

size_t pattern_set_size(const struct pattern_set *set)
{
	return set->databases.size;
}

const struct set_entry *set_entry_of(const struct pattern_set *set, uint16_t id)
{
	size_t low = 0, high = set->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (set->entries[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < set->count && set->entries[low].id == id ? &set->entries[low] : NULL;
}

bool pattern_set_accepts(const struct pattern_set *set, uint16_t id, struct span text)
{
	const struct set_entry *entry = set_entry_of(set, id);
	for (size_t i = 0; entry != NULL && i < entry->validator_count; i++) {
		if (!entry->validators[i](text))
			return false;
	}
	return true;
}

bool pattern_set_has_digest(const struct pattern_set *set, uint16_t id)
{
	const struct set_entry *entry = set_entry_of(set, id);
	return entry != NULL && entry->digest;
}
