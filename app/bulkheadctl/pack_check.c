// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/bulkheadctl/pack_check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

// Out: *effects, more of them.
static int read_words(
	const char *key, const char *const *words, uint64_t *effects, char why[static PATTERN_WHY]
)
{
	for (; words != NULL && *words != NULL; words++) {
		uint64_t effect = effects_parse(span_str(*words));
		if (effect == 0) {
			snprintf(
				why, PATTERN_WHY, "%s: `%s` is no effect and no flag", key, *words
			);
			return ERR_CONFIG;
		}
		*effects |= effect;
	}
	return 0;
}

// Mark the patterns of `kind` that the names mean; `marks` NULL: only ask whether there are any.
static int mark_names(
	const struct pattern_lib *lib, const char *key, const char *const *names,
	enum pattern_kind kind, bool *marks, char why[static PATTERN_WHY]
)
{
	uint16_t ids[PATTERN_MAX];

	for (; names != NULL && *names != NULL; names++) {
		size_t n = pattern_lib_select(lib, *names, ids), kept = 0;
		for (size_t i = 0; i < n; i++) {
			if (pattern_lib_info(lib, ids[i])->kind != kind)
				continue;
			if (marks != NULL)
				marks[ids[i]] = true;
			kept++;
		}
		if (kept > 0)
			continue;
		snprintf(
			why, PATTERN_WHY, "%s: `%s` is no pattern for %s, and no group of such",
			key, *names, kind == PATTERN_BLOCK ? "statements" : "data"
		);
		return ERR_CONFIG;
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
	int ret = read_words("deny", pack->deny, &out->stops, why);
	if (ret == 0)
		ret = read_words("hold", pack->hold, &out->stops, why);
	if (ret == 0)
		ret = mark_names(lib, "mask", pack->mask, PATTERN_ENTITY, NULL, why);
	if (ret == 0)
		ret = mark_names(lib, "block", pack->block, PATTERN_BLOCK, marks, why);
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
