// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// `budget:` of a rule: what its subjects may use up in a window of time.

#include "dataplane/api/budget.h"

#include "controlplane/config/sections.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { BUDGETS_MAX = 4, WINDOW_TEXT = 32 };

static const uint64_t ns_per_s = 1000000000;

// What stands before or behind the slash, as a node of its own at the same place.
static struct node part_of(const struct node *node, const char *text)
{
	struct node part = *node;

	part.text = text;
	part.kind = NODE_SCALAR;
	return part;
}

// "10000/h", "50MB/10m".
static bool read_amount(
	struct reader *r, const struct node *node, const char *key, bool bytes,
	struct rule_budget *out
)
{
	char text[2 * WINDOW_TEXT], window[WINDOW_TEXT];
	uint64_t ns;

	if (!read_text(r, node, key, text, sizeof(text)))
		return false;
	char *slash = strchr(text, '/');
	if (slash == NULL || slash == text || slash[1] == '\0' || strlen(slash) >= WINDOW_TEXT) {
		read_fail(
			r, node->at, "`%s` must be an amount in a time, such as %s/h or %s/10m",
			key, bytes ? "50MB" : "1000", bytes ? "10MB" : "200"
		);
		return false;
	}
	*slash = '\0';
	bool digit = slash[1] >= '0' && slash[1] <= '9';
	snprintf(window, sizeof(window), "%s%s", digit ? "" : "1", slash + 1);
	const struct node amount = part_of(node, text), time = part_of(node, window);
	if (!(bytes ? read_size(r, &amount, key, 1, BUDGET_AMOUNT_MAX, &out->limit)
		    : read_number(r, &amount, key, 1, BUDGET_AMOUNT_MAX, &out->limit)))
		return false;
	if (!read_duration(r, &time, key, ns_per_s, 31 * 86400 * ns_per_s, &ns))
		return false;
	if (ns % ns_per_s != 0) {
		read_fail(r, node->at, "`%s` must count in whole seconds", key);
		return false;
	}
	out->window_s = (uint32_t)(ns / ns_per_s);
	return true;
}

static bool is_there(const struct config_rule *rule, const struct rule_budget *budget)
{
	for (uint16_t i = 0; i < rule->n_budgets; i++)
		if (rule->budgets[i].metric == budget->metric &&
		    rule->budgets[i].per == budget->per &&
		    rule->budgets[i].window_s == budget->window_s)
			return true;
	return false;
}

static void check_budget(
	struct reader *r, const struct node *node, const struct config_rule *rule,
	const struct rule_budget *budget
)
{
	if (is_there(rule, budget))
		read_fail(r, node->key_at, "the rule has this budget already; keep one of them");
	if (budget->metric == BUDGET_SESSIONS && budget->hold)
		read_fail(
			r, node->key_at,
			"`spent: hold` holds commands, and `sessions` are refused when they begin; "
			"put it into a `budget` of its own, or use `access`"
		);
	if (budget->metric == BUDGET_WRITES && ((rule->allow | rule->hold) & EFFECT_WRITE) == 0)
		read_fail(
			r, node->key_at,
			"the rule neither allows nor holds the effect write: there is nothing to "
			"count; remove it"
		);
}

// One map: a `per`, a `spent` and at least one metric.
static void read_budget(
	struct reader *r, const struct node *node, struct config_rule *out, struct rule_budget *list
)
{
	static const char *const keys[] = {"per",    "sessions", "commands", "rows", "bytes",
					   "masked", "writes",   "spent",    NULL};
	static const struct word pers[] = {
		{"node", BUDGET_PER_NODE},
		{"subtree", BUDGET_PER_SUBTREE},
		{"root", BUDGET_PER_ROOT},
		{NULL, 0}};
	static const struct word ends[] = {{"deny", 0}, {"hold", 1}, {NULL, 0}};
	int per = BUDGET_PER_SUBTREE, hold = 0;
	bool any = false;

	if (!read_map(r, node, "`budget`", keys))
		return;
	const struct node *value = tree_get(node, "per");
	if (value != NULL)
		(void)read_word(r, value, "per", pers, &per);
	value = tree_get(node, "spent");
	if (value != NULL)
		(void)read_word(r, value, "spent", ends, &hold);
	for (unsigned m = 0; m < BUDGET_METRICS; m++) {
		const char *key = budget_metric_name((enum budget_metric)m);
		struct rule_budget budget = {
			.metric = (enum budget_metric)m,
			.per = (enum budget_per)per,
			.hold = hold == 1,
		};
		value = tree_get(node, key);
		any = any || value != NULL;
		if (value == NULL || !read_amount(r, value, key, m == BUDGET_BYTES, &budget))
			continue;
		check_budget(r, value, out, &budget);
		out->budget_holds = out->budget_holds || budget.hold;
		list[out->n_budgets++] = budget;
	}
	if (!any)
		read_fail(
			r, node->at,
			"`budget` limits nothing; give sessions, commands, rows, bytes, masked or "
			"writes"
		);
}

void section_budget(struct reader *r, const struct node *node, struct config_rule *out)
{
	struct rule_budget *list =
		arena_array(r->arena, BUDGETS_MAX * BUDGET_METRICS, sizeof(*list));

	if (list == NULL) {
		r->no_memory = true;
		return;
	}
	out->budgets = list;
	const struct node *item = read_one_or_more(r, node, "budget", BUDGETS_MAX);
	for (; item != NULL; item = item->next)
		read_budget(r, item, out, list);
}
