// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/identity/node.h"
#include "controlplane/policy/parts.h"

#include <errno.h>
#include <string.h>

static int copy_names(
	struct build_job *job, const struct config_names *from, uint16_t *n,
	const struct rule_name **out
)
{
	struct rule_name *names = arena_array(job->arena, from->n, sizeof(*names));

	if (names == NULL)
		return -ENOMEM;
	for (uint16_t i = 0; i < from->n; i++) {
		const char *text = from->list[i].text;
		names[i].text = arena_text(job->arena, text, strlen(text));
		if (names[i].text == NULL)
			return -ENOMEM;
		names[i].hash = rule_name_hash(text);
	}
	*n = from->n;
	*out = names;
	return 0;
}

static int copy_whom(struct build_job *job, const struct config_whom *from, struct rule_whom *to)
{
	to->kinds = from->kinds;
	int rc = copy_names(job, &from->groups, &to->n_groups, &to->groups);
	if (rc == 0)
		rc = copy_names(job, &from->roles, &to->n_roles, &to->roles);
	if (rc == 0)
		rc = copy_names(job, &from->subjects, &to->n_subjects, &to->subjects);
	if (rc == 0)
		rc = copy_names(job, &from->issuers, &to->n_issuers, &to->issuers);
	return rc;
}

static int copy_conditions(struct build_job *job, const struct config_rule *from, struct rule *to)
{
	to->any_subject = from->any_subject;
	to->min_depth = from->min_depth;
	to->max_depth = from->max_depth;
	to->when = from->when;
	int rc = copy_whom(job, &from->root, &to->root);
	if (rc == 0)
		rc = copy_whom(job, &from->actor, &to->actor);
	if (rc == 0)
		rc = copy_whom(job, &from->ancestor, &to->ancestor);
	struct rule_network *networks =
		arena_array(job->arena, from->n_networks, sizeof(*networks));
	if (rc != 0 || networks == NULL)
		return -ENOMEM;
	for (uint16_t i = 0; i < from->n_networks; i++)
		networks[i] = from->networks[i];
	to->networks = networks;
	to->n_networks = from->n_networks;
	return 0;
}

static int copy_budgets(struct build_job *job, const struct config_rule *from, struct rule *to)
{
	struct rule_budget *budgets = arena_array(job->arena, from->n_budgets, sizeof(*budgets));

	if (budgets == NULL)
		return -ENOMEM;
	for (uint16_t i = 0; i < from->n_budgets; i++)
		budgets[i] = from->budgets[i];
	to->budgets = budgets;
	to->n_budgets = from->n_budgets;
	return 0;
}

static int build_rule(struct build_job *job, uint16_t i)
{
	const struct config_rule *from = &job->config->rules[i];
	struct rule *to = &job->rules[i];

	memcpy(to->name, from->name, sizeof(to->name));
	to->id = node_of_rule(from->name);
	memcpy(to->resources, from->resource_bits, sizeof(to->resources));
	to->right.allow = from->allow;
	to->right.hold = from->hold;
	to->right.deny = from->deny;
	to->right.record = from->record;
	to->right.idle_timeout_ms = from->idle_timeout_ms;
	to->can_approve = from->has_approval;
	to->approval_timeout_ms = from->approval.timeout_ms;
	to->retry = from->approval.mode == CONFIG_MODE_RETRY;
	to->needs_grant = from->has_access;
	to->quorum = (uint16_t)from->approval.quorum;
	int rc = copy_conditions(job, from, to);
	if (rc == 0)
		rc = copy_names(job, &from->approval.approvers, &to->n_approvers, &to->approvers);
	if (rc == 0)
		rc = copy_budgets(job, from, to);
	// Without a library there is one error already, about the library.
	if (rc == 0 && job->lib != NULL) {
		build_rule_packs(job, i);
		rc = build_rule_masks(job, i);
	}
	return rc;
}

int build_rules(struct build_job *job)
{
	struct snapshot *s = job->snapshot;
	int rc = 0;

	job->rules = arena_array(job->arena, job->config->n_rules, sizeof(*job->rules));
	job->columns = arena_array(job->arena, SNAPSHOT_COLUMNS_MAX, sizeof(*job->columns));
	if (job->rules == NULL || job->columns == NULL)
		return -ENOMEM;
	s->rules = job->rules;
	s->columns = job->columns;
	s->n_rules = job->config->n_rules;
	for (uint16_t i = 0; i < s->n_rules && rc == 0; i++)
		rc = build_rule(job, i);
	return rc;
}
