// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/policy/policy.h"

enum side { SIDE_REFUSES, SIDE_HOLDS, SIDE_BLOCKS, SIDE_MASKS, SIDE_APPROVES };

static bool is_reason(const struct rule *rule, enum side side, uint64_t what)
{
	const struct right *right = &rule->right;

	switch (side) {
	case SIDE_REFUSES:
		return (what & (right->deny | (EFFECT_ALL & ~(right->allow | right->hold)))) != 0;
	case SIDE_HOLDS:
		return (what & right->hold) != 0;
	case SIDE_BLOCKS:
		return bit_is_set(right->blocks, (uint16_t)what);
	case SIDE_MASKS:
		return bit_is_any_set(right->columns, COLUMN_WORDS);
	case SIDE_APPROVES:
		return rule->can_approve;
	}
	return false;
}

// The first link, from the root, whose rule is the reason. Out: *v, untouched when there is none.
static bool find_reason(
	const struct policy_input *input, enum side side, uint64_t what, struct verdict *v
)
{
	for (uint16_t i = 0; i < input->rights->n_links; i++) {
		uint16_t rule = input->rights->rules[i];
		if (!is_reason(&input->snapshot->rules[rule], side, what))
			continue;
		v->rule = rule;
		v->link = i;
		return true;
	}
	return false;
}

static void deny(
	const struct policy_input *input, enum verdict_reason reason, enum side side, uint64_t what,
	struct verdict *v
)
{
	v->reason = reason;
	(void)find_reason(input, side, what, v);
}

static bool is_approver(const struct rule *rule, const struct rule_name *group)
{
	for (uint16_t i = 0; i < rule->n_approvers; i++)
		if (rule->approvers[i].hash == group->hash &&
		    strcmp(rule->approvers[i].text, group->text) == 0)
			return true;
	return false;
}

// Whoever approves by the one rule would do so by the other.
static bool is_as_strict(const struct rule *rule, const struct rule *other)
{
	if (rule == other)
		return true;
	if (rule->quorum < other->quorum)
		return false;
	for (uint16_t i = 0; i < rule->n_approvers; i++)
		if (!is_approver(other, &rule->approvers[i]))
			return false;
	return true;
}

static bool is_strictest(
	const struct policy_input *input, uint64_t effects, const struct rule *rule
)
{
	const struct rule *rules = input->snapshot->rules;

	for (uint16_t i = 0; i < input->rights->n_links; i++) {
		const struct rule *other = &rules[input->rights->rules[i]];
		if (is_reason(other, SIDE_HOLDS, effects) && !is_as_strict(rule, other))
			return false;
	}
	return true;
}

// The first rule, from the root, by which it is held as all that hold it want.
static bool find_strictest(const struct policy_input *input, uint64_t effects, struct verdict *v)
{
	for (uint16_t i = 0; i < input->rights->n_links; i++) {
		uint16_t index = input->rights->rules[i];
		const struct rule *rule = &input->snapshot->rules[index];
		if (!is_reason(rule, SIDE_HOLDS, effects) || !is_strictest(input, effects, rule))
			continue;
		v->rule = index;
		v->link = i;
		return true;
	}
	return false;
}

static void hold(const struct policy_input *input, uint64_t effects, struct verdict *v)
{
	v->effects = effects;
	v->action = VERDICT_HOLD;
	v->reason = REASON_HOLD;
	if (find_strictest(input, effects, v))
		return;
	if (find_reason(input, SIDE_HOLDS, effects, v)) {
		v->action = VERDICT_DENY;
		v->reason = REASON_APPROVERS;
	} else if (!find_reason(input, SIDE_APPROVES, 0, v)) { // a token holds it
		v->action = VERDICT_DENY;
		v->reason = REASON_REFUSED;
	}
}

struct verdict policy_judge(const struct policy_input *input)
{
	const struct rights *rights = input->rights;
	struct verdict v = {.action = VERDICT_DENY, .reason = REASON_NO_RULE, .rule = rights->rule};

	if (rights->n_links == 0) {
		v.rule = POLICY_NO_RULE;
		return v;
	}
	v.link = (uint16_t)(rights->n_links - 1);
	const struct right *right = &rights->right;
	uint64_t does = effects_with_flags(
		input->effects->kinds & ~(uint32_t)EFFECT_SESSION, input->effects->flags
	);
	uint64_t refused = does & (right->deny | (EFFECT_ALL & ~(right->allow | right->hold)));
	if (input->blocked >= 0) {
		v.pattern = (uint16_t)input->blocked;
		deny(input, REASON_BLOCKED, SIDE_BLOCKS, v.pattern, &v);
	} else if (refused != 0) {
		v.effects = refused;
		v.reason = find_reason(input, SIDE_REFUSES, refused, &v) ? REASON_EFFECT
									 : REASON_SCOPE;
	} else if (input->unresolved) {
		deny(input, REASON_UNRESOLVED, SIDE_MASKS, 0, &v);
	} else if (input->carries_masked) {
		deny(input, REASON_MASKED_COLUMN, SIDE_MASKS, 0, &v);
	} else if ((does & right->hold) != 0) {
		hold(input, does & right->hold, &v);
	} else {
		v.action = VERDICT_FORWARD;
		v.reason = REASON_ALLOWED;
	}
	return v;
}
