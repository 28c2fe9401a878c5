// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Which budgets a chain pays.

#include "tests/unit/policy/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct fixture f;
static const struct rule_budget each_per[] = {
	{BUDGET_ROWS, BUDGET_PER_NODE, 60, 10, false},
	{BUDGET_ROWS, BUDGET_PER_SUBTREE, 60, 20, true},
	{BUDGET_ROWS, BUDGET_PER_ROOT, 60, 30, false},
	{BUDGET_COMMANDS, BUDGET_PER_NODE, 60, 40, false},
};

static int each(void **)
{
	fixture_init(&f);
	fixture_link(&f, "entra", "alice", SUBJECT_HUMAN, NULL);
	fixture_link(&f, "sts", "planner", SUBJECT_AGENT, NULL);
	fixture_link(&f, "sts", "worker", SUBJECT_AGENT, NULL);
	return 0;
}

static struct rule *spender(const char *name, uint64_t id)
{
	struct rule *rule = fixture_rule(&f, name, EFFECT_READ);

	rule->id = (struct node_id){{id, id}};
	rule->budgets = each_per;
	rule->n_budgets = 4;
	return rule;
}

// "limit@link" of each, in order.
static const char *paid(uint32_t metrics)
{
	static char text[256];
	struct policy_budget_walk walk = {0};
	struct policy_budget b;
	int n = 0;

	text[0] = '\0';
	assert_true(fixture_rights(&f));
	while (policy_budget_next(&f.snapshot, &f.rights, &f.subject, metrics, &walk, &b)) {
		if (b.rule != POLICY_NO_RULE) {
			assert_true(node_equal(&b.key.rule, &f.rules[b.rule].id));
			assert_true(node_equal(&b.key.node, &f.subject.links[b.link].node));
		}
		n += snprintf(
			text + n, sizeof(text) - (size_t)n, "%s%u@%u", n == 0 ? "" : " ",
			(unsigned)b.limit, b.link
		);
	}
	return text;
}

static void a_root_alone_pays_all_of_its_own(void **)
{
	spender("all", 1);
	f.subject.n_links = 1;
	f.subject.depth = 0;
	assert_string_equal(paid(1U << BUDGET_ROWS), "10@0 20@0 30@0");
	assert_string_equal(paid(1U << BUDGET_COMMANDS), "40@0");
	assert_string_equal(paid(1U << BUDGET_BYTES), "");
	assert_int_equal(f.rights.metrics, 1U << BUDGET_ROWS | 1U << BUDGET_COMMANDS);
}

static void each_link_pays_for_what_is_below(void **)
{
	spender("all", 1);
	// Per node the actor alone, per subtree all three, per root once.
	assert_string_equal(paid(1U << BUDGET_ROWS), "20@0 30@0 20@1 10@2 20@2");
}

static void a_link_pays_by_its_own_rule(void **)
{
	spender("deep", 1)->min_depth = 2;
	fixture_rule(&f, "others", EFFECT_READ);
	assert_string_equal(paid(1U << BUDGET_ROWS), "10@2 20@2 30@0");
}

static void a_token_has_budgets_of_its_own(void **)
{
	spender("deep", 1)->min_depth = 2;
	fixture_rule(&f, "others", EFFECT_READ);
	f.subject.scope.n_budgets = 3;
	f.subject.scope.budgets[0] = (struct budget_limit){{{1, 2}}, BUDGET_COMMANDS, 60, 50};
	f.subject.scope.budgets[1] = (struct budget_limit){{{1, 2}}, BUDGET_BYTES, 60, 60};
	f.subject.scope.budgets[2] = (struct budget_limit){{{1, 2}}, BUDGET_BYTES, 0, 60};
	assert_string_equal(paid(1U << BUDGET_COMMANDS), "40@2 50@2");
	assert_string_equal(paid(1U << BUDGET_BYTES), "60@2"); // no window, no budget
	assert_true((f.rights.metrics & 1U << BUDGET_BYTES) != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_root_alone_pays_all_of_its_own, each),
		cmocka_unit_test_setup(each_link_pays_for_what_is_below, each),
		cmocka_unit_test_setup(a_link_pays_by_its_own_rule, each),
		cmocka_unit_test_setup(a_token_has_budgets_of_its_own, each),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
