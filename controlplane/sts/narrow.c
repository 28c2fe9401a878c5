// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/sts/narrow.h"

#include "dataplane/api/effects.h"

#include <string.h>

static bool has_resource(const struct token_scope *scope, const char *name)
{
	for (uint16_t i = 0; i < scope->n_resources; i++)
		if (strcmp(scope->resources[i], name) == 0)
			return true;
	return scope->any_resource;
}

static int narrow_resources(
	const struct token_scope *parent, const struct exchange_ask *ask, struct narrowed *out,
	struct exchange_error *error
)
{
	if (!ask->has_resources)
		return 0;
	for (uint16_t i = 0; i < ask->n_resources; i++) {
		if (!has_resource(parent, ask->resources[i]))
			return exchange_refuse(
				error, "invalid_target",
				"the resource %s is not in the parent's scope", ask->resources[i]
			);
		out->resources[i] = ask->resources[i];
	}
	out->scope.any_resource = false;
	out->scope.n_resources = ask->n_resources;
	out->scope.resources = out->resources;
	return 0;
}

// Transaction control and a session's own settings need no right: they come with any.
static int narrow_effects(
	const struct token_scope *parent, const struct exchange_ask *ask, struct narrowed *out,
	struct exchange_error *error
)
{
	uint32_t more = ask->effects & ~parent->effects & ~(uint32_t)EFFECT_SESSION;

	out->scope.hold = parent->hold | ask->hold;
	if (!ask->has_effects)
		return 0;
	if (more != 0)
		return exchange_refuse(
			error, "invalid_scope", "the effect %s is not in the parent's scope",
			effect_name((enum effect)(more & -more))
		);
	out->scope.effects = (ask->effects | EFFECT_SESSION) & parent->effects;
	return 0;
}

static int narrow_depth(
	const struct token_scope *parent, const struct exchange_ask *ask, struct narrowed *out,
	struct exchange_error *error
)
{
	if (parent->depth_left == 0)
		return exchange_refuse(
			error, "invalid_scope", "the parent may not delegate any further"
		);
	out->scope.depth_left = parent->depth_left - 1;
	if (!ask->has_depth)
		return 0;
	if (ask->depth > out->scope.depth_left)
		return exchange_refuse(
			error, "invalid_scope", "max_depth is %u at most here",
			out->scope.depth_left
		);
	out->scope.depth_left = ask->depth;
	return 0;
}

// The parent's stay, and are charged by the child too: its own can only add to them. One that is
// larger than the parent's would promise what is not there.
static int narrow_budget(
	const struct token_scope *parent, const struct exchange_budget *ask,
	const struct node_id *child, struct narrowed *out, struct exchange_error *error
)
{
	for (uint16_t i = 0; i < parent->n_budgets; i++) {
		const struct budget_limit *b = &parent->budgets[i];
		if (b->metric == ask->metric && b->window_s == ask->window_s &&
		    b->limit < ask->limit)
			return exchange_refuse(
				error, "invalid_scope",
				"the budget of %s is larger than the parent's",
				budget_metric_name(ask->metric)
			);
	}
	if (out->scope.n_budgets == SUBJECT_BUDGETS_MAX)
		return exchange_refuse(
			error, "invalid_scope", "the chain has %d budgets, which is the most",
			SUBJECT_BUDGETS_MAX
		);
	out->scope.budgets[out->scope.n_budgets++] = (struct budget_limit){
		.node = *child,
		.metric = ask->metric,
		.window_s = ask->window_s,
		.limit = ask->limit,
	};
	return 0;
}

int narrow_scope(
	const struct token_scope *parent, const struct exchange_ask *ask,
	const struct node_id *child, struct narrowed *out, struct exchange_error *error
)
{
	out->scope = *parent;
	int rc = narrow_depth(parent, ask, out, error);
	if (rc == 0)
		rc = narrow_resources(parent, ask, out, error);
	if (rc == 0)
		rc = narrow_effects(parent, ask, out, error);
	for (uint16_t i = 0; i < ask->n_budgets && rc == 0; i++)
		rc = narrow_budget(parent, &ask->budgets[i], child, out, error);
	return rc;
}
