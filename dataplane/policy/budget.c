// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/policy/policy.h"

// Has an earlier link the same rule? Then the root has paid by it already.
static bool is_repeated(const struct rights *rights, uint16_t link)
{
	for (uint16_t i = 0; i < link; i++)
		if (rights->rules[i] == rights->rules[link])
			return true;
	return false;
}

static bool is_charged(const struct rights *rights, uint16_t link, enum budget_per per)
{
	switch (per) {
	case BUDGET_PER_NODE:
		return link + 1 == rights->n_links;
	case BUDGET_PER_SUBTREE:
		return true;
	case BUDGET_PER_ROOT:
		return !is_repeated(rights, link);
	}
	return false;
}

static void fill_of_rule(
	const struct rule *rule, const struct rule_budget *budget, const struct rights *rights,
	const struct subject *subject, uint16_t link, struct policy_budget *out
)
{
	uint16_t payer = budget->per == BUDGET_PER_ROOT ? 0 : link;

	*out = (struct policy_budget){
		.key =
			{
				.rule = rule->id,
				.node = subject->links[payer].node,
				.metric = budget->metric,
				.per = budget->per,
				.window_s = budget->window_s,
			},
		.limit = budget->limit,
		.hold = budget->hold,
		.rule = rights->rules[link],
		.link = payer,
	};
}

static void fill_of_token(
	const struct budget_limit *limit, const struct rights *rights, struct policy_budget *out
)
{
	*out = (struct policy_budget){
		.key =
			{
				.node = limit->node,
				.metric = limit->metric,
				.per = BUDGET_PER_SUBTREE,
				.window_s = limit->window_s,
			},
		.limit = limit->limit,
		.rule = POLICY_NO_RULE,
		.link = (uint16_t)(rights->n_links - 1),
	};
}

bool policy_budget_next(
	const struct snapshot *snapshot, const struct rights *rights, const struct subject *subject,
	uint32_t metrics, struct policy_budget_walk *walk, struct policy_budget *out
)
{
	for (; walk->link < rights->n_links; walk->link++, walk->budget = 0) {
		const struct rule *rule = &snapshot->rules[rights->rules[walk->link]];
		while (walk->budget < rule->n_budgets) {
			const struct rule_budget *budget = &rule->budgets[walk->budget++];
			if ((metrics >> budget->metric & 1) == 0 ||
			    !is_charged(rights, walk->link, budget->per))
				continue;
			fill_of_rule(rule, budget, rights, subject, walk->link, out);
			return true;
		}
	}
	while (walk->budget < subject->scope.n_budgets) {
		const struct budget_limit *limit = &subject->scope.budgets[walk->budget++];
		if ((metrics >> limit->metric & 1) == 0 || limit->window_s == 0)
			continue;
		fill_of_token(limit, rights, out);
		return true;
	}
	return false;
}
