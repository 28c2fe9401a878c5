// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/policy/parts.h"

#include <errno.h>
#include <string.h>

static int copy_names(
	struct build_job *job, const struct config_names *from, uint16_t *n, const char ***out
)
{
	const char **texts = arena_array(job->arena, from->n, sizeof(*texts));

	if (texts == NULL)
		return -ENOMEM;
	for (uint16_t i = 0; i < from->n; i++) {
		texts[i] = arena_text(job->arena, from->list[i].text, strlen(from->list[i].text));
		if (texts[i] == NULL)
			return -ENOMEM;
	}
	*n = from->n;
	*out = texts;
	return 0;
}

static int build_rule(struct build_job *job, uint16_t i)
{
	const struct config_rule *from = &job->config->rules[i];
	struct rule *to = &job->rules[i];

	memcpy(to->name, from->name, sizeof(to->name));
	memcpy(to->resources, from->resource_bits, sizeof(to->resources));
	to->any_subject = from->any_subject;
	to->max_depth = from->max_depth;
	to->allow = from->allow;
	to->hold = from->hold;
	to->deny = from->deny;
	to->record = from->record;
	to->idle_timeout_ms = from->idle_timeout_ms;
	int rc = copy_names(job, &from->groups, &to->n_groups, &to->groups);
	if (rc == 0)
		rc = copy_names(job, &from->subjects, &to->n_subjects, &to->subjects);
	if (rc == 0)
		rc = copy_names(job, &from->issuers, &to->n_issuers, &to->issuers);
	// Without a library there is one error already, about the library.
	if (rc == 0 && job->lib != NULL)
		rc = build_rule_masks(job, i);
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
