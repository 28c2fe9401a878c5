// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/policy/policy.h"

#include <string.h>

static bool any_equals(const char *const *list, uint16_t n, const char *value)
{
	for (uint16_t i = 0; i < n; i++)
		if (strcmp(list[i], value) == 0)
			return true;
	return false;
}

static bool in_a_group(const struct rule *rule, const struct subject *subject)
{
	for (uint16_t i = 0; i < subject->n_groups; i++)
		if (any_equals(rule->groups, rule->n_groups, subject->groups[i]))
			return true;
	return false;
}

static bool subject_matches(const struct rule *rule, const struct subject *subject)
{
	if (subject->depth > rule->max_depth)
		return false;
	if (rule->n_issuers > 0 && !any_equals(rule->issuers, rule->n_issuers, subject->issuer))
		return false;
	if (rule->n_groups > 0 && !in_a_group(rule, subject))
		return false;
	if (rule->n_subjects > 0 && !any_equals(rule->subjects, rule->n_subjects, subject->key))
		return false;
	return rule->any_subject || rule->n_groups > 0 || rule->n_subjects > 0 ||
	       rule->n_issuers > 0;
}

uint16_t policy_rule(
	const struct snapshot *snapshot, const struct subject *subject, uint16_t resource
)
{
	for (uint16_t i = 0; i < snapshot->n_rules; i++) {
		const struct rule *rule = &snapshot->rules[i];
		if (bit_is_set(rule->resources, resource) && subject_matches(rule, subject))
			return i;
	}
	return POLICY_NO_RULE;
}

struct verdict policy_judge(const struct policy_input *input)
{
	struct verdict v = {.action = VERDICT_DENY, .reason = REASON_NO_RULE, .rule = input->rule};
	if (input->rule >= input->snapshot->n_rules)
		return v;
	const struct rule *rule = &input->snapshot->rules[input->rule];
	uint32_t kinds = input->effects->kinds & ~(uint32_t)EFFECT_SESSION;
	uint32_t refused = kinds & (rule->deny | ~(rule->allow | rule->hold));
	if (input->blocked >= 0) {
		v.reason = REASON_BLOCKED;
		v.pattern = (uint16_t)input->blocked;
	} else if (refused != 0) {
		v.reason = REASON_EFFECT;
		v.effects = refused;
	} else if (input->unresolved) {
		v.reason = REASON_UNRESOLVED;
	} else if (input->carries_masked) {
		v.reason = REASON_MASKED_COLUMN;
	} else if ((kinds & rule->hold) != 0) {
		v.action = VERDICT_HOLD;
		v.reason = REASON_HOLD;
		v.effects = kinds & rule->hold;
	} else {
		v.action = VERDICT_FORWARD;
		v.reason = REASON_ALLOWED;
	}
	return v;
}
