// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Whom a rule speaks of, and what is left of the rights along a chain.

#include "tests/unit/policy/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct fixture f;

static int each(void **)
{
	fixture_init(&f);
	return 0;
}

// ---- which rule

static void nobody_gets_in_without_a_rule(void **)
{
	fixture_link(&f, "entra", "alice", SUBJECT_HUMAN, "agents");
	assert_false(fixture_rights(&f));
	assert_int_equal(f.rights.n_links, 0);
	assert_int_equal(f.rights.right.allow, 0);
	fixture_rule(&f, "empty", EFFECT_ALL)->any_subject = false; // it names nobody
	assert_false(fixture_rights(&f));
}

static void a_subject_without_links_gets_nothing(void **)
{
	fixture_rule(&f, "all", EFFECT_ALL);
	assert_false(fixture_rights(&f));
	f.subject.n_links = SUBJECT_LINKS_MAX + 1;
	assert_false(fixture_rights(&f));
}

static void the_first_match_wins(void **)
{
	struct rule *first = fixture_rule(&f, "first", EFFECT_READ);
	first->root = (struct rule_whom){.n_groups = 1, .groups = fixture_name(&f, "ops")};
	first->resources[0] = 1;
	fixture_rule(&f, "second", EFFECT_WRITE);
	fixture_link(&f, "entra", "alice", SUBJECT_HUMAN, "ops");
	assert_true(fixture_rights(&f));
	assert_int_equal(f.rights.rule, 0);
	assert_int_equal(f.rights.right.allow, EFFECT_READ);
	f.request.resource = 1;
	assert_true(fixture_rights(&f));
	assert_int_equal(f.rights.rule, 1);
}

static bool whom(struct rule_whom root)
{
	f.snapshot.n_rules = 0;
	memset(&f.rules[0], 0, sizeof(f.rules[0]));
	fixture_rule(&f, "rule", EFFECT_READ)->any_subject = false;
	f.rules[0].root = root;
	return fixture_rights(&f);
}

static void every_condition_on_the_root_counts(void **)
{
	const struct rule_name *ops = fixture_name(&f, "ops"), *dev = fixture_name(&f, "dev");
	const struct rule_name *alice = fixture_name(&f, "alice"), *bob = fixture_name(&f, "bob");
	const struct rule_name *entra = fixture_name(&f, "entra"), *other = fixture_name(&f, "o");
	const struct rule_name *role = fixture_name(&f, "role:Boss");

	fixture_link(&f, "entra", "alice", SUBJECT_HUMAN, "ops");
	assert_true(whom((struct rule_whom){.n_groups = 1, .groups = ops}));
	assert_false(whom((struct rule_whom){.n_groups = 1, .groups = dev}));
	assert_true(whom((struct rule_whom){.n_groups = 2, .groups = ops})); // dev is behind it
	assert_true(whom((struct rule_whom){.n_subjects = 1, .subjects = alice}));
	assert_false(whom((struct rule_whom){.n_subjects = 1, .subjects = bob}));
	assert_true(whom((struct rule_whom){.n_issuers = 1, .issuers = entra}));
	assert_false(whom((struct rule_whom){.n_issuers = 1, .issuers = other}));
	assert_false(whom((struct rule_whom){.n_roles = 1, .roles = role}));
	assert_false(whom((struct rule_whom
	){.n_groups = 1, .groups = ops, .n_roles = 1, .roles = role}));
	assert_true(whom((struct rule_whom){.kinds = 1 << SUBJECT_HUMAN}));
	assert_false(whom((struct rule_whom){.kinds = 1 << SUBJECT_AGENT}));
	assert_false(whom((struct rule_whom
	){.n_subjects = 1, .subjects = alice, .n_issuers = 1, .issuers = other}));
	f.subject.links[0].kind = SUBJECT_UNKNOWN; // not proven to be an agent is not human
	assert_false(whom((struct rule_whom){.kinds = 1 << SUBJECT_HUMAN}));
}

static void a_chain_of_the_provider_counts_for_the_depth(void **)
{
	fixture_rule(&f, "rule", EFFECT_READ)->max_depth = 1;
	fixture_link(&f, "entra", "alice", SUBJECT_HUMAN, NULL);
	f.subject.depth = 1;
	assert_true(fixture_rights(&f));
	f.subject.depth = 2;
	assert_false(fixture_rights(&f));
}

// ---- chains

static void chain_of_three(void)
{
	fixture_link(&f, "entra", "alice", SUBJECT_HUMAN, "people");
	fixture_link(&f, "sts", "planner", SUBJECT_AGENT, "planners");
	fixture_link(&f, "sts", "worker", SUBJECT_AGENT, "workers");
}

static void every_link_needs_a_rule(void **)
{
	struct rule *rule = fixture_rule(&f, "shallow", EFFECT_READ);
	rule->max_depth = 1;
	chain_of_three();
	assert_false(fixture_rights(&f));
	assert_int_equal(f.rights.link, 2);
	assert_false(f.rights.out_of_scope);
	rule->max_depth = 2;
	assert_true(fixture_rights(&f));
	assert_int_equal(f.rights.n_links, 3);
	rule->min_depth = 1; // then the root itself has none
	assert_false(fixture_rights(&f));
	assert_int_equal(f.rights.link, 0);
}

static void an_actor_is_looked_at_in_each_beginning_of_the_chain(void **)
{
	struct rule *workers = fixture_rule(&f, "workers", EFFECT_READ);
	workers->actor = (struct rule_whom){.n_groups = 1, .groups = fixture_name(&f, "workers")};
	struct rule *agents = fixture_rule(&f, "agents", EFFECT_READ | EFFECT_WRITE);
	agents->actor = (struct rule_whom){.kinds = 1 << SUBJECT_AGENT};
	fixture_rule(&f, "others", EFFECT_READ | EFFECT_DDL);
	chain_of_three();
	assert_true(fixture_rights(&f));
	assert_int_equal(f.rights.rules[0], 2);
	assert_int_equal(f.rights.rules[1], 1);
	assert_int_equal(f.rights.rules[2], 0);
	assert_int_equal(f.rights.rule, 0);
	assert_int_equal(f.rights.right.allow, EFFECT_READ);
}

static void an_ancestor_is_above_the_actor(void **)
{
	struct rule *rule = fixture_rule(&f, "below the planner", EFFECT_READ);
	rule->ancestor =
		(struct rule_whom){.n_subjects = 1, .subjects = fixture_name(&f, "planner")};
	fixture_rule(&f, "others", EFFECT_READ);
	chain_of_three();
	assert_true(fixture_rights(&f));
	assert_int_equal(f.rights.rules[0], 1);
	assert_int_equal(f.rights.rules[1], 1); // the planner is not its own ancestor
	assert_int_equal(f.rights.rules[2], 0);
}

static void no_group_of_a_child_widens_its_right(void **)
{
	struct rule *admins = fixture_rule(&f, "admins", EFFECT_ALL);
	admins->actor = (struct rule_whom){.n_groups = 1, .groups = fixture_name(&f, "admins")};
	fixture_rule(&f, "people", EFFECT_READ);
	fixture_link(&f, "entra", "alice", SUBJECT_HUMAN, "people");
	fixture_link(&f, "sts", "agent", SUBJECT_AGENT, "admins");
	assert_true(fixture_rights(&f));
	assert_int_equal(f.rights.rule, 0);
	assert_int_equal(f.rights.right.allow, EFFECT_READ);
	assert_int_equal(f.rights.right.hold, 0);
	assert_int_equal(f.rights.right.deny, EFFECT_ALL & ~EFFECT_READ);
}

static void the_strictest_of_all_is_in_force(void **)
{
	struct rule *deep = fixture_rule(&f, "deep", EFFECT_READ | EFFECT_DDL);
	deep->min_depth = 2;
	deep->right.idle_timeout_ms = 1000;
	deep->needs_grant = true;
	bit_set(deep->right.columns, 3);
	struct rule *agent = fixture_rule(&f, "agent", EFFECT_READ | EFFECT_WRITE);
	agent->min_depth = 1;
	agent->right.hold = EFFECT_DDL;
	agent->right.record = RECORD_STRICT;
	bit_set(agent->right.entities, 2);
	struct rule *root = fixture_rule(&f, "root", EFFECT_ALL & ~EFFECT_EXEC);
	root->right.idle_timeout_ms = 5000;
	root->right.record = RECORD_ASYNC;
	bit_set(root->right.blocks, 1);
	chain_of_three();
	assert_true(fixture_rights(&f));
	const struct right *right = &f.rights.right;
	assert_int_equal(right->allow, EFFECT_READ);
	assert_int_equal(right->hold, EFFECT_DDL);
	assert_true(bit_is_set(right->blocks, 1));
	assert_true(bit_is_set(right->entities, 2));
	assert_true(bit_is_set(right->columns, 3));
	assert_int_equal(right->record, RECORD_STRICT);
	assert_int_equal(right->idle_timeout_ms, 1000);
	assert_true(f.rights.idle_default); // the agent's says nothing
	assert_int_equal(f.rights.grant_rule, 0);
	f.subject.n_links = 2;
	f.subject.depth = 1;
	assert_true(fixture_rights(&f));
	assert_int_equal(f.rights.grant_rule, POLICY_NO_RULE);
}

// ---- scope

static void a_scope_only_takes_away(void **)
{
	static const char *const ledger[] = {"ledger"};
	struct rule *rule = fixture_rule(&f, "rule", EFFECT_READ | EFFECT_WRITE);
	rule->right.hold = EFFECT_DDL;
	chain_of_three();
	f.subject.scope.effects = EFFECT_WRITE | EFFECT_DDL | EFFECT_ADMIN;
	f.subject.scope.hold = EFFECT_WRITE | EFFECT_EXEC;
	assert_true(fixture_rights(&f));
	assert_int_equal(f.rights.right.allow, 0);
	assert_int_equal(f.rights.right.hold, EFFECT_WRITE | EFFECT_DDL);
	f.subject.scope.any_resource = false;
	f.subject.scope.n_resources = 1;
	f.subject.scope.resources = ledger;
	assert_false(fixture_rights(&f));
	assert_true(f.rights.out_of_scope);
	f.request.resource = 1;
	assert_true(fixture_rights(&f));
	f.subject.scope.n_resources = 0;
	assert_false(fixture_rights(&f));
}

// ---- from

static bool from(const char *network, const char *client)
{
	static struct rule_network list;
	uint8_t bits;

	f.snapshot.n_rules = f.subject.n_links = 0;
	memset(&f.rules[0], 0, sizeof(f.rules[0]));
	fixture_link(&f, "entra", "alice", SUBJECT_HUMAN, NULL);
	assert_int_equal(addr_parse_prefix(network, &list.addr, &bits), 0);
	list.bits = strchr(network, ':') != NULL ? bits : (uint8_t)(96 + bits);
	struct rule *rule = fixture_rule(&f, "rule", EFFECT_READ);
	rule->networks = &list;
	rule->n_networks = 1;
	assert_int_equal(addr_parse(client, &f.request.client), 0);
	return fixture_rights(&f);
}

static void a_network_ends_where_its_prefix_says(void **)
{
	assert_true(from("10.0.1.0/24", "10.0.1.255"));
	assert_false(from("10.0.1.0/24", "10.0.2.0"));
	assert_true(from("10.0.0.128/25", "10.0.0.200"));
	assert_false(from("10.0.0.128/25", "10.0.0.127"));
	assert_true(from("10.0.1.9/32", "10.0.1.9"));
	assert_false(from("10.0.1.9/32", "10.0.1.8"));
	assert_true(from("0.0.0.0/0", "203.0.113.1"));
	assert_false(from("0.0.0.0/0", "2001:db8::1"));
	assert_true(from("10.0.1.0/24", "::ffff:10.0.1.3"));
	assert_true(from("2001:db8::/33", "2001:db8:7fff::1"));
	assert_false(from("2001:db8::/33", "2001:db8:8000::1"));
	assert_true(from("::/0", "2001:db8::1"));
	assert_false(from("::/0", "10.0.1.9"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nobody_gets_in_without_a_rule, each),
		cmocka_unit_test_setup(a_subject_without_links_gets_nothing, each),
		cmocka_unit_test_setup(the_first_match_wins, each),
		cmocka_unit_test_setup(every_condition_on_the_root_counts, each),
		cmocka_unit_test_setup(a_chain_of_the_provider_counts_for_the_depth, each),
		cmocka_unit_test_setup(every_link_needs_a_rule, each),
		cmocka_unit_test_setup(an_actor_is_looked_at_in_each_beginning_of_the_chain, each),
		cmocka_unit_test_setup(an_ancestor_is_above_the_actor, each),
		cmocka_unit_test_setup(no_group_of_a_child_widens_its_right, each),
		cmocka_unit_test_setup(the_strictest_of_all_is_in_force, each),
		cmocka_unit_test_setup(a_scope_only_takes_away, each),
		cmocka_unit_test_setup(a_network_ends_where_its_prefix_says, each),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
