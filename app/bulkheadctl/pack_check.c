// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/bulkheadctl/pack_check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

// The words of one key of a pack, and where they stand.
struct words {
	const char *file;
	const char *const *list;
	const struct pattern_place *at;
};

static int fault(
	const struct words *words, size_t i, const char *says, char why[static PATTERN_WHY]
)
{
	snprintf(
		why, PATTERN_WHY, "%s:%u:%u: `%s` is %s", words->file, words->at[i].line,
		words->at[i].column, words->list[i], says
	);
	return ERR_CONFIG;
}

// Out: *effects, more of them.
static int read_words(const struct words *words, uint64_t *effects, char why[static PATTERN_WHY])
{
	for (size_t i = 0; words->list != NULL && words->list[i] != NULL; i++) {
		uint64_t effect = effects_parse(span_str(words->list[i]));
		if (effect == 0)
			return fault(words, i, "no effect and no flag", why);
		*effects |= effect;
	}
	return 0;
}

// Mark the patterns of `kind` that the names mean; `marks` NULL: only ask whether there are any.
static int mark_names(
	const struct pattern_lib *lib, const struct words *names, enum pattern_kind kind,
	bool *marks, char why[static PATTERN_WHY]
)
{
	uint16_t ids[PATTERN_MAX];

	for (size_t w = 0; names->list != NULL && names->list[w] != NULL; w++) {
		size_t n = pattern_lib_select(lib, names->list[w], ids), kept = 0;
		for (size_t i = 0; i < n; i++) {
			if (pattern_lib_info(lib, ids[i])->kind != kind)
				continue;
			if (marks != NULL)
				marks[ids[i]] = true;
			kept++;
		}
		if (kept == 0)
			return fault(
				names, w,
				kind == PATTERN_BLOCK
					? "no pattern for statements, and no group of such"
					: "no pattern for data, and no group of such",
				why
			);
	}
	return 0;
}

static int compile(
	struct pack_check *out, const struct pattern_lib *lib, const bool *marks,
	char why[static PATTERN_WHY]
)
{
	uint16_t ids[PATTERN_MAX];
	size_t n = 0;

	for (size_t id = 0; id < pattern_lib_count(lib); id++) {
		if (marks[id])
			ids[n++] = (uint16_t)id;
	}
	if (n == 0)
		return 0;
	int ret = pattern_set_compile(lib, ids, n, &out->blocks, why);
	if (ret != 0)
		return ret;
	out->scratch = scan_scratch_new(out->blocks);
	return out->scratch == NULL ? -ENOMEM : 0;
}

int pack_check_init(
	struct pack_check *out, const struct pattern_lib *lib, const struct pattern_pack *pack,
	char why[static PATTERN_WHY]
)
{
	bool *marks = calloc(PATTERN_MAX, sizeof(*marks));

	*out = (struct pack_check){0};
	if (marks == NULL)
		return -ENOMEM;
	const struct words deny = {pack->file, pack->deny, pack->deny_at};
	const struct words hold = {pack->file, pack->hold, pack->hold_at};
	const struct words mask = {pack->file, pack->mask, pack->mask_at};
	const struct words block = {pack->file, pack->block, pack->block_at};
	int ret = read_words(&deny, &out->stops, why);
	if (ret == 0)
		ret = read_words(&hold, &out->stops, why);
	if (ret == 0)
		ret = mark_names(lib, &mask, PATTERN_ENTITY, NULL, why);
	if (ret == 0)
		ret = mark_names(lib, &block, PATTERN_BLOCK, marks, why);
	if (ret == 0)
		ret = compile(out, lib, marks, why);
	free(marks);
	return ret;
}

void pack_check_fini(struct pack_check *check)
{
	scan_scratch_free(check->scratch);
	pattern_set_free(check->blocks);
	statement_reader_fini(&check->reader);
	*check = (struct pack_check){0};
}

int pack_check_example(
	struct pack_check *check, const struct pack_example *example, struct pack_said *out
)
{
	struct span text = span_str(example->text);

	*out = (struct pack_said){0};
	if (statement_is_dialect(example->dialect)) {
		const struct effects *effects =
			statement_effects(&check->reader, example->dialect, text);
		if (effects == NULL)
			return -ENOMEM;
		out->effects = effects_with_flags(effects->kinds, effects->flags);
		text = effects->normalised;
	}
	out->refused = (out->effects & check->stops) != 0;
	if (out->refused || check->blocks == NULL)
		return 0;
	int ret = scan_match(check->blocks, check->scratch, text, NULL);
	out->refused = ret != -ENOENT;
	return ret >= 0 || ret == -ENOENT ? 0 : ret;
}
