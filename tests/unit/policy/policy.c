// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Which rule speaks, and what it says.

#include "dataplane/policy/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct rule rules[3];
static struct snapshot snapshot = {.version = 1, .rules = rules};
static struct subject subject;
static struct effects effects;

static int each(void **state)
{
	static const char *groups[] = {"agents", "ops"}, *subjects[] = {"tenant/alice"},
			  *issuers[] = {"entra"};
	(void)state;
	memset(rules, 0, sizeof(rules));
	for (int i = 0; i < 3; i++) {
		rules[i].max_depth = UINT16_MAX;
		bit_set(rules[i].resources, 0);
	}
	rules[0].groups = groups;
	rules[0].n_groups = 2;
	rules[0].max_depth = 1;
	rules[0].allow = EFFECT_READ;
	rules[0].hold = EFFECT_WRITE;
	rules[0].deny = EFFECT_DDL;
	rules[1].subjects = subjects;
	rules[1].n_subjects = 1;
	rules[1].issuers = issuers;
	rules[1].n_issuers = 1;
	rules[2].any_subject = true;
	bit_set(rules[2].resources, 7);
	snapshot.n_rules = 3;
	subject = (struct subject){.issuer = "entra", .key = "tenant/bob"};
	effects = (struct effects){0};
	return 0;
}

static void nothing_matches_without_a_rule(void **state)
{
	(void)state;
	snapshot.n_rules = 2;
	assert_int_equal(policy_rule(&snapshot, &subject, 0), POLICY_NO_RULE);
}

static void the_first_match_wins(void **state)
{
	(void)state;
	subject.groups[subject.n_groups++] = "ops";
	assert_int_equal(policy_rule(&snapshot, &subject, 0), 0);
	assert_int_equal(policy_rule(&snapshot, &subject, 7), 2);
	assert_int_equal(policy_rule(&snapshot, &subject, 8), POLICY_NO_RULE);
}

static void a_deeper_chain_is_another_matter(void **state)
{
	(void)state;
	subject.groups[subject.n_groups++] = "agents";
	subject.depth = 2;
	assert_int_equal(policy_rule(&snapshot, &subject, 0), 2);
}

static void all_conditions_must_hold(void **state)
{
	(void)state;
	memcpy(subject.key, "tenant/alice", 13);
	assert_int_equal(policy_rule(&snapshot, &subject, 0), 1);
	memcpy(subject.issuer, "other", 6);
	assert_int_equal(policy_rule(&snapshot, &subject, 0), 2);
}

static struct verdict judge(uint32_t kinds, int blocked)
{
	effects.kinds = kinds;
	const struct policy_input input = {&snapshot, 0, &effects, blocked, false, false};
	return policy_judge(&input);
}

static void effects_decide(void **state)
{
	(void)state;
	assert_int_equal(judge(EFFECT_READ, -1).action, VERDICT_FORWARD);
	assert_int_equal(judge(EFFECT_READ | EFFECT_SESSION, -1).action, VERDICT_FORWARD);
	assert_int_equal(judge(EFFECT_READ | EFFECT_DDL, -1).action, VERDICT_DENY);
	assert_int_equal(judge(EFFECT_READ | EFFECT_DDL, -1).effects, EFFECT_DDL);
	assert_int_equal(judge(EFFECT_ADMIN, -1).reason, REASON_EFFECT); // in no list
	assert_int_equal(judge(EFFECT_UNKNOWN, -1).action, VERDICT_DENY);
	assert_int_equal(judge(0, -1).action, VERDICT_FORWARD);
}

static void a_command_is_held_for_approval(void **state)
{
	(void)state;
	assert_int_equal(judge(EFFECT_WRITE, -1).action, VERDICT_HOLD);
	assert_int_equal(judge(EFFECT_WRITE, -1).reason, REASON_HOLD);
}

static void a_blocked_pattern_comes_first(void **state)
{
	(void)state;
	struct verdict v = judge(EFFECT_READ, 5);
	assert_int_equal(v.action, VERDICT_DENY);
	assert_int_equal(v.reason, REASON_BLOCKED);
	assert_int_equal(v.pattern, 5);
}

static void masked_columns_refuse(void **state)
{
	(void)state;
	effects.kinds = EFFECT_READ;
	struct policy_input input = {&snapshot, 0, &effects, -1, true, false};
	assert_int_equal(policy_judge(&input).reason, REASON_MASKED_COLUMN);
	input.unresolved = true;
	assert_int_equal(policy_judge(&input).reason, REASON_UNRESOLVED);
}

static void no_rule_denies(void **state)
{
	(void)state;
	const struct policy_input input = {&snapshot, POLICY_NO_RULE, &effects, -1, false, false};
	assert_int_equal(policy_judge(&input).action, VERDICT_DENY);
	assert_int_equal(policy_judge(&input).reason, REASON_NO_RULE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_matches_without_a_rule, each),
		cmocka_unit_test_setup(the_first_match_wins, each),
		cmocka_unit_test_setup(a_deeper_chain_is_another_matter, each),
		cmocka_unit_test_setup(all_conditions_must_hold, each),
		cmocka_unit_test_setup(effects_decide, each),
		cmocka_unit_test_setup(a_command_is_held_for_approval, each),
		cmocka_unit_test_setup(a_blocked_pattern_comes_first, each),
		cmocka_unit_test_setup(masked_columns_refuse, each),
		cmocka_unit_test_setup(no_rule_denies, each),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
