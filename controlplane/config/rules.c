// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/config/sections.h"
#include "dataplane/api/effects.h"

#include <string.h>

enum rule_limit { MASKS_MAX = 256 };

static const uint64_t ns_per_s = 1000000000;

enum { EFFECT_WORDS_MAX = 32 };

static uint64_t read_effect_list(
	struct reader *r, const struct node *map, const char *key, bool flags,
	struct config_rule *rule
)
{
	const struct node *node = tree_get(map, key);
	struct config_names names = {0};
	uint64_t effects = 0;

	if (node == NULL)
		return 0;
	(void)read_names(r, node, key, EFFECT_WORDS_MAX, 32, &names);
	for (uint16_t i = 0; i < names.n; i++) {
		const struct config_name *name = &names.list[i];
		uint64_t effect = effects_parse(span_str(name->text));
		if (effect == 0)
			read_fail(
				r, name->at,
				"`%.32s` is no effect; one of read, write, ddl, admin, exec, unknown, "
				"session, or a flag such as no-where (bulkhead.yaml(5) lists them)",
				name->text
			);
		else if (effect > EFFECT_ALL && !flags)
			read_fail(
				r, name->at,
				"`%.32s` is a flag, which can be in `hold` or `deny` only: without "
				"them it passes",
				name->text
			);
		else if (((rule->allow | rule->hold | rule->deny) & effect) != 0)
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
	out->allow = read_effect_list(r, node, "allow", false, out);
	out->hold = read_effect_list(r, node, "hold", true, out);
	out->deny = read_effect_list(r, node, "deny", true, out);
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
		(void)read_names(
			r, value, "block", CONFIG_NAMES_MAX, SNAPSHOT_NAME_MAX - 1, &out->blocks
		);
	value = tree_get(node, "use");
	if (value != NULL)
		(void
		)read_names(r, value, "use", CONFIG_NAMES_MAX, SNAPSHOT_NAME_MAX - 1, &out->packs);
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

static void read_conditions(struct reader *r, const struct node *node, struct config_rule *out)
{
	const struct node *value = tree_get(node, "from");
	if (value != NULL)
		section_from(r, value, out);
	value = tree_get(node, "when");
	if (value != NULL)
		section_when(r, value, &out->when);
}

static void read_people(struct reader *r, const struct node *node, struct config_rule *out)
{
	const struct node *value = tree_get(node, "approval");
	out->has_approval = value != NULL;
	if (value != NULL)
		section_approval(r, value, &out->approval);
	value = tree_get(node, "access");
	out->has_access = value != NULL;
	if (value != NULL)
		section_access(r, value, &out->access);
	value = tree_get(node, "budget");
	if (value != NULL)
		section_budget(r, value, out);
}

// What is held needs somebody who may let it through.
static void check_holds(struct reader *r, const struct node *node, const struct config_rule *rule)
{
	if (rule->has_approval)
		return;
	if (rule->hold != 0)
		read_fail(
			r, tree_get(node, "effects")->at,
			"`hold` needs to know who approves; give the rule an `approval`"
		);
	if (rule->budget_holds)
		read_fail(
			r, tree_get(node, "budget")->at,
			"`spent: hold` needs to know who approves; give the rule an `approval`"
		);
}

static void read_rule(struct reader *r, const struct node *node, struct config_rule *out)
{
	static const char *const keys[] = {"name",      "subjects",     "from",     "when",
					   "resources", "effects",      "approval", "access",
					   "budget",    "block",        "use",      "mask",
					   "record",    "idle_timeout", NULL};

	out->at = node->at;
	out->max_depth = UINT16_MAX;
	if (!read_map(r, node, "a rule", keys))
		return;
	const struct node *value = read_need(r, node, "the rule", "name");
	if (value != NULL)
		(void)read_text(r, value, "name", out->name, sizeof(out->name));
	value = read_need(r, node, "the rule", "subjects");
	if (value != NULL)
		section_subjects(r, value, out);
	read_conditions(r, node, out);
	value = read_need(r, node, "the rule", "resources");
	if (value != NULL)
		(void)read_names(
			r, value, "resources", CONFIG_NAMES_MAX, SNAPSHOT_NAME_MAX - 1,
			&out->resources
		);
	value = read_need(r, node, "the rule", "effects");
	if (value != NULL)
		read_effects(r, value, out);
	read_people(r, node, out);
	read_answer(r, node, out);
	check_holds(r, node, out);
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
