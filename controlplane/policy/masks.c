// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/config/read.h"
#include "controlplane/policy/parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// How exactly a rule speaks of a pattern: what is more exact wins over what is less.
enum precision { UNNAMED, BY_GROUP, BY_GROUP_STYLED, BY_NAME, BY_NAME_STYLED };

struct choice {
	enum precision precision;
	struct mask_style style;
	const struct config_mask *mask; // what chose it
};

static bool is_same_style(const struct mask_style *a, const struct mask_style *b)
{
	return a->kind == b->kind && a->keep_first == b->keep_first &&
	       a->keep_last == b->keep_last && strcmp(a->fixed, b->fixed) == 0;
}

// The place of a name, in the policy or in a pack.
struct place {
	const char *file;
	struct config_position at;
};

static struct place in_policy(const struct build_job *job, struct config_position at)
{
	return (struct place){job->config->file, at};
}

static struct place in_pack(const struct pattern_pack *pack, struct pattern_place at)
{
	return (struct place){pack->file, {at.line, at.column}};
}

// Names nothing in the library: say so, with what it might have meant.
static void unknown_pattern(struct build_job *job, struct place place, const char *name)
{
	static const char *names[2 * PATTERN_MAX];
	size_t count = pattern_lib_count(job->lib), n = 0;
	char hint[96];

	for (uint16_t id = 0; id < count; id++) {
		const struct pattern_info *info = pattern_lib_info(job->lib, id);
		names[n++] = info->name;
		for (size_t g = 0; info->groups[g] != NULL && n < 2 * PATTERN_MAX - count; g++)
			names[n++] = info->groups[g];
	}
	config_error_add(
		job->errors, place.file, place.at, "no pattern or group is called `%.64s`%s", name,
		read_suggestion(name, names, n, hint)
	);
}

// The ids of one kind behind `name`. Adds an error when there are none.
static size_t select_ids(
	struct build_job *job, struct place place, const char *name, enum pattern_kind kind,
	uint16_t ids[static PATTERN_MAX]
)
{
	size_t all = pattern_lib_select(job->lib, name, ids), n = 0;

	for (size_t i = 0; i < all; i++)
		if (pattern_lib_info(job->lib, ids[i])->kind == kind)
			ids[n++] = ids[i];
	if (all == 0 && build_is_pack(job, name))
		config_error_add(
			job->errors, place.file, place.at, "`%.64s` is a pack; move it to `use`",
			name
		);
	else if (all == 0)
		unknown_pattern(job, place, name);
	else if (n == 0)
		config_error_add(
			job->errors, place.file, place.at,
			kind == PATTERN_ENTITY
				? "`%.64s` is a pattern for statements; move it to `block`"
				: "`%.64s` is a pattern for data; move it to `mask`",
			name
		);
	return n;
}

static void choose(
	struct build_job *job, const struct config_mask *mask, uint16_t id, struct choice *choice
)
{
	const char *name = pattern_lib_info(job->lib, id)->name;
	bool by_name = strcmp(name, mask->pattern) == 0;
	enum precision precision = by_name ? (mask->has_style ? BY_NAME_STYLED : BY_NAME)
					   : (mask->has_style ? BY_GROUP_STYLED : BY_GROUP);
	struct mask_style style = mask->has_style ? mask->style : job->library_styles[id];

	if (precision < choice->precision)
		return;
	if (precision == choice->precision && !is_same_style(&style, &choice->style))
		config_error_add(
			job->errors, job->config->file, mask->at,
			"pattern `%s` gets another style here than in line %u; name it itself once",
			name, choice->mask->at.line
		);
	*choice = (struct choice){precision, style, mask};
}

// One pattern has one style in the whole file: a value is masked once, whichever rule asks.
static void settle(struct build_job *job, uint16_t rule, uint16_t id, const struct choice *choice)
{
	uint16_t before = job->style_rule[id];

	bit_set(build_wanted(job, rule), id);
	if (before != UINT16_MAX && !is_same_style(&choice->style, &job->styles[id])) {
		config_error_add(
			job->errors, job->config->file, choice->mask->at,
			"pattern `%s` gets another style here than in rule `%s` in line %u; "
			"a pattern has one style in all rules, so give it with the same `style`",
			pattern_lib_info(job->lib, id)->name, job->config->rules[before].name,
			job->config->rules[before].at.line
		);
		return;
	}
	job->styles[id] = choice->style;
	job->style_rule[id] = rule;
}

// The index of a column mask, added when no rule before has the same.
static int column_index(struct build_job *job, const struct config_mask *mask)
{
	struct snapshot *s = job->snapshot;

	for (uint16_t i = 0; i < s->n_columns; i++) {
		const struct column_mask *c = &job->columns[i];
		if (strcmp(c->schema, mask->schema) == 0 && strcmp(c->table, mask->table) == 0 &&
		    strcmp(c->column, mask->column) == 0 &&
		    c->refuse_unresolved == mask->refuse_unresolved &&
		    is_same_style(&c->style, &mask->style))
			return i;
	}
	if (s->n_columns == SNAPSHOT_COLUMNS_MAX)
		return -1;
	struct column_mask *c = &job->columns[s->n_columns];
	memcpy(c->schema, mask->schema, sizeof(c->schema));
	memcpy(c->table, mask->table, sizeof(c->table));
	memcpy(c->column, mask->column, sizeof(c->column));
	c->style = mask->style;
	c->refuse_unresolved = mask->refuse_unresolved;
	return s->n_columns++;
}

static void add_column(struct build_job *job, uint16_t rule, const struct config_mask *mask)
{
	int index = column_index(job, mask);

	if (index < 0)
		config_error_add(
			job->errors, job->config->file, mask->at, "more than %d masked columns",
			SNAPSHOT_COLUMNS_MAX
		);
	else
		bit_set(job->rules[rule].right.columns, (uint32_t)index);
}

static void choose_all(
	struct build_job *job, const struct config_mask *mask, struct place place,
	struct choice *choices
)
{
	uint16_t ids[PATTERN_MAX];
	size_t n = select_ids(job, place, mask->pattern, PATTERN_ENTITY, ids);

	for (size_t k = 0; k < n; k++)
		choose(job, mask, ids[k], &choices[ids[k]]);
}

static void block_all(struct build_job *job, uint16_t rule, struct place place, const char *name)
{
	uint16_t ids[PATTERN_MAX];
	size_t n = select_ids(job, place, name, PATTERN_BLOCK, ids);

	for (size_t k = 0; k < n; k++)
		bit_set(build_wanted(job, rule), ids[k]);
}

// As if the rule itself said so, without a style.
static int take_packs(struct build_job *job, uint16_t rule, struct choice *choices)
{
	struct pack_walk walk = {0};
	const struct pattern_pack *pack;

	while ((pack = build_next_pack(job, &job->config->rules[rule], &walk)) != NULL) {
		for (size_t i = 0; pack->mask != NULL && pack->mask[i] != NULL; i++) {
			struct config_mask *mask = arena_array(job->arena, 1, sizeof(*mask));
			if (mask == NULL)
				return -ENOMEM;
			mask->at = walk.at;
			mask->pattern = pack->mask[i];
			choose_all(job, mask, in_pack(pack, pack->mask_at[i]), choices);
		}
		for (size_t i = 0; pack->block != NULL && pack->block[i] != NULL; i++)
			block_all(job, rule, in_pack(pack, pack->block_at[i]), pack->block[i]);
	}
	return 0;
}

int build_rule_masks(struct build_job *job, uint16_t i)
{
	const struct config_rule *rule = &job->config->rules[i];
	size_t count = job->snapshot->n_patterns;
	struct choice *choices = calloc(count + 1, sizeof(*choices));

	if (choices == NULL)
		return -ENOMEM;
	for (uint16_t m = 0; m < rule->n_masks; m++) {
		if (rule->masks[m].is_column)
			add_column(job, i, &rule->masks[m]);
		else
			choose_all(
				job, &rule->masks[m], in_policy(job, rule->masks[m].at), choices
			);
	}
	for (uint16_t b = 0; b < rule->blocks.n; b++)
		block_all(
			job, i, in_policy(job, rule->blocks.list[b].at), rule->blocks.list[b].text
		);
	int rc = take_packs(job, i, choices);
	for (uint16_t id = 0; id < count && rc == 0; id++)
		if (choices[id].precision != UNNAMED)
			settle(job, i, id, &choices[id]);
	free(choices);
	return rc;
}
