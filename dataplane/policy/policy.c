// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/policy/policy.h"

enum side { SIDE_REFUSES, SIDE_HOLDS, SIDE_BLOCKS, SIDE_MASKS, SIDE_APPROVES };

static bool is_reason(const struct rule *rule, enum side side, uint32_t what)
{
	const struct right *right = &rule->right;

	switch (side) {
	case SIDE_REFUSES:
		return (what & (right->deny | ~(right->allow | right->hold))) != 0;
	case SIDE_HOLDS:
		return (what & right->hold) != 0;
	case SIDE_BLOCKS:
		return bit_is_set(right->blocks, what);
	case SIDE_MASKS:
		return bit_is_any_set(right->columns, COLUMN_WORDS);
	case SIDE_APPROVES:
		return rule->can_approve;
	}
	return false;
}

// The first link, from the root, whose rule is the reason. Out: *v, untouched when there is none.
static bool find_reason(
	const struct policy_input *input, enum side side, uint32_t what, struct verdict *v
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
	const struct policy_input *input, enum verdict_reason reason, enum side side, uint32_t what,
	struct verdict *v
)
{
	v->reason = reason;
	(void)find_reason(input, side, what, v);
}

static void hold(const struct policy_input *input, uint32_t effects, struct verdict *v)
{
	v->effects = effects;
	v->action = VERDICT_HOLD;
	v->reason = REASON_HOLD;
	if (find_reason(input, SIDE_HOLDS, effects, v) || find_reason(input, SIDE_APPROVES, 0, v))
		return;
	v->action = VERDICT_DENY;
	v->reason = REASON_REFUSED;
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
	uint32_t kinds = input->effects->kinds & ~(uint32_t)EFFECT_SESSION;
	uint32_t refused = kinds & ~(rights->right.allow | rights->right.hold);
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
	} else if ((kinds & rights->right.hold) != 0) {
		hold(input, kinds & rights->right.hold, &v);
	} else {
		v.action = VERDICT_FORWARD;
		v.reason = REASON_ALLOWED;
	}
	return v;
}
