// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What the rights mean for one command, and which rule is named.

#include "tests/unit/policy/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct fixture f;
static struct rule *wide, *narrow;
static struct effects effects;

// The root may read and write; its agent may read, and write when somebody approves.
static int each(void **)
{
	fixture_init(&f);
	narrow = fixture_rule(&f, "narrow", EFFECT_READ);
	narrow->min_depth = 1;
	narrow->right.hold = EFFECT_WRITE;
	narrow->can_approve = true;
	wide = fixture_rule(&f, "wide", EFFECT_READ | EFFECT_WRITE | EFFECT_EXEC);
	wide->right.deny = EFFECT_DDL;
	fixture_link(&f, "entra", "alice", SUBJECT_HUMAN, NULL);
	fixture_link(&f, "sts", "agent", SUBJECT_AGENT, NULL);
	effects = (struct effects){0};
	return 0;
}

static struct verdict judge(uint32_t kinds, int blocked)
{
	effects.kinds = kinds;
	const struct policy_input input = {&f.snapshot, &f.rights, &effects, blocked, false, false};
	(void)fixture_rights(&f);
	return policy_judge(&input);
}

static void effects_decide(void **)
{
	assert_int_equal(judge(EFFECT_READ, -1).action, VERDICT_FORWARD);
	assert_int_equal(judge(EFFECT_READ | EFFECT_SESSION, -1).action, VERDICT_FORWARD);
	assert_int_equal(judge(EFFECT_READ | EFFECT_DDL, -1).action, VERDICT_DENY);
	assert_int_equal(judge(EFFECT_READ | EFFECT_DDL, -1).effects, EFFECT_DDL);
	assert_int_equal(judge(EFFECT_ADMIN, -1).reason, REASON_EFFECT); // in no list
	assert_int_equal(judge(EFFECT_UNKNOWN, -1).action, VERDICT_DENY);
	assert_int_equal(judge(0, -1).action, VERDICT_FORWARD);
}

static struct verdict judge_flags(uint32_t flags)
{
	effects.flags = flags;
	return judge(EFFECT_READ, -1);
}

// Along a chain each rule's flags count, and to be denied outdoes to be held.
static void flags_decide_where_a_rule_says_so(void **)
{
	assert_int_equal(judge_flags(EFFECT_SLEEP | EFFECT_STAR).action, VERDICT_FORWARD);
	wide->right.deny |= effects_with_flags(0, EFFECT_SLEEP);
	narrow->right.hold |= effects_with_flags(0, EFFECT_STAR);
	assert_int_equal(judge_flags(EFFECT_FILE).action, VERDICT_FORWARD);
	struct verdict v = judge_flags(EFFECT_SLEEP | EFFECT_FILE);
	assert_int_equal(v.action, VERDICT_DENY);
	assert_int_equal(v.reason, REASON_EFFECT);
	assert_int_equal(v.effects, effects_with_flags(0, EFFECT_SLEEP));
	assert_int_equal(v.rule, 1);
	v = judge_flags(EFFECT_STAR);
	assert_int_equal(v.action, VERDICT_HOLD);
	assert_int_equal(v.effects, effects_with_flags(0, EFFECT_STAR));
	assert_int_equal(v.rule, 0);
	wide->right.deny |= effects_with_flags(0, EFFECT_STAR);
	assert_int_equal(judge_flags(EFFECT_STAR).action, VERDICT_DENY);
}

static void a_denial_names_the_rule_and_link_that_decided(void **)
{
	struct verdict v = judge(EFFECT_DDL, -1);
	assert_int_equal(v.rule, 1); // the root's own
	assert_int_equal(v.link, 0);
	v = judge(EFFECT_EXEC, -1);
	assert_int_equal(v.rule, 0); // the root could
	assert_int_equal(v.link, 1);
}

static void a_held_effect_names_whose_people_approve(void **)
{
	struct verdict v = judge(EFFECT_WRITE | EFFECT_READ, -1);
	assert_int_equal(v.action, VERDICT_HOLD);
	assert_int_equal(v.reason, REASON_HOLD);
	assert_int_equal(v.effects, EFFECT_WRITE);
	assert_int_equal(v.rule, 0);
	// The root's own hold comes before its agent's.
	wide->right.hold = EFFECT_WRITE;
	wide->can_approve = true;
	assert_int_equal(judge(EFFECT_WRITE, -1).rule, 1);
}

static void name_approvers(struct rule *rule, const struct rule_name *groups, uint16_t n)
{
	rule->approvers = groups;
	rule->n_approvers = n;
	rule->can_approve = true;
	rule->quorum = 1;
}

// Nobody is approved by the one rule's people who was to be by the other's, too.
static void the_strictest_rule_of_a_chain_says_who_approves(void **)
{
	const struct rule_name both[] = {{1, "dba"}, {2, "ops"}}, third[] = {{3, "boss"}};
	wide->right.hold = EFFECT_WRITE;
	name_approvers(wide, both, 2);
	name_approvers(narrow, &both[1], 1);
	struct verdict v = judge(EFFECT_WRITE, -1);
	assert_int_equal(v.action, VERDICT_HOLD);
	assert_int_equal(v.rule, 0); // the agent's: ops are among the root's approvers
	assert_int_equal(v.link, 1);
	wide->quorum = 2;
	v = judge(EFFECT_WRITE, -1);
	assert_int_equal(v.action, VERDICT_DENY); // more people, and others
	assert_int_equal(v.reason, REASON_APPROVERS);
	name_approvers(narrow, both, 2);
	narrow->quorum = 3;
	assert_int_equal(judge(EFFECT_WRITE, -1).rule, 0);
	name_approvers(narrow, third, 1);
	assert_int_equal(judge(EFFECT_WRITE, -1).reason, REASON_APPROVERS);
	// One text, held by each for another effect.
	wide->right.hold = EFFECT_EXEC;
	narrow->right.allow |= EFFECT_EXEC;
	assert_int_equal(judge(EFFECT_WRITE, -1).action, VERDICT_HOLD);
	assert_int_equal(judge(EFFECT_WRITE | EFFECT_EXEC, -1).reason, REASON_APPROVERS);
}

static void what_a_token_holds_is_held(void **)
{
	f.subject.scope.hold = EFFECT_READ;
	struct verdict v = judge(EFFECT_READ, -1);
	assert_int_equal(v.action, VERDICT_HOLD);
	assert_int_equal(v.rule, 0); // the only one with approvers
	narrow->can_approve = false;
	v = judge(EFFECT_READ, -1);
	assert_int_equal(v.action, VERDICT_DENY); // nobody could
	assert_int_equal(v.reason, REASON_REFUSED);
}

static void what_a_token_does_not_carry_is_its_own_reason(void **)
{
	f.subject.scope.effects = EFFECT_WRITE;
	assert_int_equal(judge(EFFECT_READ, -1).reason, REASON_SCOPE);
	assert_int_equal(judge(EFFECT_DDL, -1).reason, REASON_EFFECT);
	assert_int_equal(judge(EFFECT_WRITE, -1).action, VERDICT_HOLD);
}

static void a_blocked_pattern_comes_first(void **)
{
	bit_set(wide->right.blocks, 5);
	struct verdict v = judge(EFFECT_READ, 5);
	assert_int_equal(v.action, VERDICT_DENY);
	assert_int_equal(v.reason, REASON_BLOCKED);
	assert_int_equal(v.pattern, 5);
	assert_int_equal(v.rule, 1);
}

static void masked_columns_refuse(void **)
{
	(void)judge(EFFECT_READ, -1);
	struct policy_input input = {&f.snapshot, &f.rights, &effects, -1, true, false};
	assert_int_equal(policy_judge(&input).reason, REASON_MASKED_COLUMN);
	input.unresolved = true;
	assert_int_equal(policy_judge(&input).reason, REASON_UNRESOLVED);
}

static void without_a_right_everything_is_refused(void **)
{
	f.snapshot.n_rules = 0;
	struct verdict v = judge(EFFECT_READ, -1);
	assert_int_equal(v.action, VERDICT_DENY);
	assert_int_equal(v.reason, REASON_NO_RULE);
	assert_int_equal(v.rule, POLICY_NO_RULE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(effects_decide, each),
		cmocka_unit_test_setup(flags_decide_where_a_rule_says_so, each),
		cmocka_unit_test_setup(a_denial_names_the_rule_and_link_that_decided, each),
		cmocka_unit_test_setup(a_held_effect_names_whose_people_approve, each),
		cmocka_unit_test_setup(the_strictest_rule_of_a_chain_says_who_approves, each),
		cmocka_unit_test_setup(what_a_token_holds_is_held, each),
		cmocka_unit_test_setup(what_a_token_does_not_carry_is_its_own_reason, each),
		cmocka_unit_test_setup(a_blocked_pattern_comes_first, each),
		cmocka_unit_test_setup(masked_columns_refuse, each),
		cmocka_unit_test_setup(without_a_right_everything_is_refused, each),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
