// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/config/sections.h"
#include "dataplane/api/effects.h"
#include "dataplane/api/subject.h"

#include <string.h>

enum rule_limit { NAMES_MAX = 256, MASKS_MAX = 256, DEPTH_MAX = 64 };

static const uint64_t ns_per_s = 1000000000;

static void read_subjects(struct reader *r, const struct node *node, struct config_rule *out)
{
	static const char *const keys[] = {"any",     "groups",    "subjects",
					   "issuers", "max_depth", NULL};
	uint64_t depth;

	if (!read_map(r, node, "`subjects`", keys))
		return;
	const struct node *any = tree_get(node, "any");
	if (any != NULL && read_bool(r, any, "any", &out->any_subject) && !out->any_subject)
		read_fail(r, any->key_at, "`any: false` says nothing; remove it");
	const struct node *value = tree_get(node, "groups");
	if (value != NULL)
		(void)read_names(r, value, "groups", NAMES_MAX, SUBJECT_KEY_MAX - 1, &out->groups);
	const struct node *named = value;
	value = tree_get(node, "subjects");
	if (value != NULL)
		(void
		)read_names(r, value, "subjects", NAMES_MAX, SUBJECT_KEY_MAX - 1, &out->subjects);
	named = named == NULL ? value : named;
	value = tree_get(node, "issuers");
	if (value != NULL)
		(void)read_names(
			r, value, "issuers", CONFIG_ISSUERS_MAX, SNAPSHOT_NAME_MAX - 1,
			&out->issuers
		);
	named = named == NULL ? value : named;
	value = tree_get(node, "max_depth");
	if (value != NULL && read_number(r, value, "max_depth", 0, DEPTH_MAX, &depth))
		out->max_depth = (uint16_t)depth;
	if (any == NULL && named == NULL)
		read_fail(
			r, node->at,
			"`subjects` names nobody; give `groups`, `subjects` or `issuers`, or `any: true`"
		);
	if (any != NULL && named != NULL)
		read_fail(
			r, any->key_at, "`any: true` contradicts `%s`; keep one of them", named->key
		);
}

static uint32_t read_effect_list(
	struct reader *r, const struct node *map, const char *key, struct config_rule *rule
)
{
	const struct node *node = tree_get(map, key);
	struct config_names names = {0};
	uint32_t effects = 0;

	if (node == NULL)
		return 0;
	(void)read_names(r, node, key, 8, 32, &names);
	for (uint16_t i = 0; i < names.n; i++) {
		const struct config_name *name = &names.list[i];
		uint32_t effect = effect_parse(span_str(name->text));
		if (effect == 0) {
			read_fail(
				r, name->at,
				"`%.32s` is no effect; one of read, write, ddl, admin, exec, unknown, session",
				name->text
			);
			continue;
		}
		if (((rule->allow | rule->hold | rule->deny) & effect) != 0)
			read_fail(
				r, name->at,
				"`%.32s` is in two lists of the rule's `effects`; keep one of them",
				name->text
			);
		effects |= effect;
	}
	return effects;
}

static void read_effects(struct reader *r, const struct node *node, struct config_rule *out)
{
	static const char *const keys[] = {"allow", "hold", "deny", NULL};

	if (!read_map(r, node, "`effects`", keys))
		return;
	out->allow = read_effect_list(r, node, "allow", out);
	out->hold = read_effect_list(r, node, "hold", out);
	out->deny = read_effect_list(r, node, "deny", out);
}

static bool is_same_target(const struct config_mask *a, const struct config_mask *b)
{
	if (a->is_column != b->is_column)
		return false;
	if (!a->is_column)
		return strcmp(a->pattern, b->pattern) == 0;
	return strcmp(a->schema, b->schema) == 0 && strcmp(a->table, b->table) == 0 &&
	       strcmp(a->column, b->column) == 0;
}

static void read_masks(struct reader *r, const struct node *node, struct config_rule *out)
{
	if (!read_list(r, node, "`mask`", MASKS_MAX))
		return;
	struct config_mask *masks = arena_array(r->arena, node->n, sizeof(*masks));
	if (masks == NULL) {
		r->no_memory = true;
		return;
	}
	out->masks = masks;
	for (const struct node *item = node->first; item != NULL; item = item->next) {
		struct config_mask *mask = &masks[out->n_masks];
		if (!section_mask(r, item, mask)) {
			*mask = (struct config_mask){0};
			continue;
		}
		for (uint16_t i = 0; i < out->n_masks; i++)
			if (is_same_target(&masks[i], mask))
				read_fail(
					r, item->at,
					"this rule masks it already, in line %u; remove one",
					masks[i].at.line
				);
		out->n_masks++;
	}
}

// They would change what is let through: to read and ignore them would be a lie.
static void refuse_unsupported(struct reader *r, const struct node *node)
{
	static const char *const keys[] = {"approval", "budget"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct node *value = tree_get(node, keys[i]);
		if (value != NULL)
			read_fail(
				r, value->key_at,
				"`%s` is not supported by this version; remove it", keys[i]
			);
	}
}

static void read_answer(struct reader *r, const struct node *node, struct config_rule *out)
{
	static const struct word modes[] = {
		{"off", RECORD_OFF},
		{"async", RECORD_ASYNC},
		{"strict", RECORD_STRICT},
		{NULL, 0}};
	int mode = RECORD_ASYNC;
	uint64_t ns;

	const struct node *value = tree_get(node, "block");
	if (value != NULL)
		(void)read_names(r, value, "block", NAMES_MAX, SNAPSHOT_NAME_MAX - 1, &out->blocks);
	value = tree_get(node, "mask");
	if (value != NULL)
		read_masks(r, value, out);
	value = tree_get(node, "record");
	if (value != NULL)
		(void)read_word(r, value, "record", modes, &mode);
	out->record = (enum record_mode)mode;
	value = tree_get(node, "idle_timeout");
	if (value != NULL &&
	    read_duration(r, value, "idle_timeout", ns_per_s, 30 * 86400 * ns_per_s, &ns))
		out->idle_timeout_ms = (uint32_t)(ns / 1000000);
}

static void read_rule(struct reader *r, const struct node *node, struct config_rule *out)
{
	static const char *const keys[] = {"name",     "subjects", "resources", "effects",
					   "block",    "mask",     "record",    "idle_timeout",
					   "approval", "budget",   NULL};

	out->at = node->at;
	out->max_depth = UINT16_MAX;
	if (!read_map(r, node, "a rule", keys))
		return;
	const struct node *value = read_need(r, node, "the rule", "name");
	if (value != NULL)
		(void)read_text(r, value, "name", out->name, sizeof(out->name));
	value = read_need(r, node, "the rule", "subjects");
	if (value != NULL)
		read_subjects(r, value, out);
	value = read_need(r, node, "the rule", "resources");
	if (value != NULL)
		(void)read_names(
			r, value, "resources", NAMES_MAX, SNAPSHOT_NAME_MAX - 1, &out->resources
		);
	value = read_need(r, node, "the rule", "effects");
	if (value != NULL)
		read_effects(r, value, out);
	read_answer(r, node, out);
	refuse_unsupported(r, node);
}

void section_rules(struct reader *r, const struct node *node, struct config *config)
{
	if (!read_list(r, node, "`rules`", SNAPSHOT_RULES_MAX))
		return;
	struct config_rule *list = arena_array(r->arena, node->n, sizeof(*list));
	if (list == NULL) {
		r->no_memory = true;
		return;
	}
	for (const struct node *item = node->first; item != NULL; item = item->next)
		read_rule(r, item, &list[config->n_rules++]);
	config->rules = list;
}
