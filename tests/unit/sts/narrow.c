// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A child may never do what its parent may not.

#include "controlplane/sts/narrow.h"

#include "controlplane/identity/node.h"
#include "controlplane/sts/chain.h"
#include "dataplane/api/effects.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { CHAINS = 3000 };

static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
static uint64_t state;

static uint64_t random_below(uint64_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % n;
}

static struct exchange_ask random_ask(void)
{
	struct exchange_ask ask = {0};
	struct exchange_error error;

	ask.has_effects = random_below(2) == 0;
	ask.effects = ask.has_effects ? (uint32_t)random_below(EFFECT_ALL + 1) : 0;
	ask.hold = (uint32_t)random_below(EFFECT_ALL + 1) & (uint32_t)random_below(EFFECT_ALL + 1);
	ask.has_depth = random_below(3) == 0;
	ask.depth = (uint16_t)random_below(SUBJECT_LINKS_MAX);
	if (random_below(2) == 0)
		for (size_t i = 0; i <= random_below(4); i++)
			assert_int_equal(
				exchange_add_resource(
					span_str(names[random_below(6)]), &ask, &error
				),
				0
			);
	ask.n_budgets = (uint16_t)random_below(3);
	for (uint16_t i = 0; i < ask.n_budgets; i++)
		ask.budgets[i] = (struct exchange_budget
		){(enum budget_metric)random_below(BUDGET_METRICS), 60, 1 + random_below(100)};
	return ask;
}

static bool allows(const struct token_scope *scope, const char *resource)
{
	for (uint16_t i = 0; i < scope->n_resources; i++)
		if (strcmp(scope->resources[i], resource) == 0)
			return true;
	return scope->any_resource;
}

static bool has_budget(const struct token_scope *scope, const struct budget_limit *budget)
{
	for (uint16_t i = 0; i < scope->n_budgets; i++) {
		const struct budget_limit *b = &scope->budgets[i];
		if (node_equal(&b->node, &budget->node) && b->metric == budget->metric &&
		    b->window_s == budget->window_s && b->limit <= budget->limit)
			return true;
	}
	return false;
}

static void is_no_wider(const struct token_scope *child, const struct token_scope *parent)
{
	assert_int_equal(child->effects & ~parent->effects, 0);
	assert_int_equal(parent->hold & ~child->hold, 0);
	assert_true(child->depth_left < parent->depth_left);
	assert_true(!child->any_resource || parent->any_resource);
	for (size_t i = 0; i < 6; i++)
		assert_true(!allows(child, names[i]) || allows(parent, names[i]));
	for (uint16_t i = 0; i < parent->n_budgets; i++)
		assert_true(has_budget(child, &parent->budgets[i]));
}

// What was asked for and granted is there, too.
static void is_as_asked(const struct token_scope *child, const struct exchange_ask *ask)
{
	if (ask->has_effects)
		assert_int_equal(child->effects & ~(ask->effects | EFFECT_SESSION), 0);
	assert_int_equal(ask->hold & ~child->hold, 0);
	if (ask->has_depth)
		assert_true(child->depth_left <= ask->depth);
	if (ask->has_resources)
		assert_int_equal(child->n_resources, ask->n_resources);
}

static const char *issuer(void *, const char *name)
{
	return strcmp(name, "test") == 0 ? "https://issuer" : NULL;
}

static const struct config_token_service config = {
	.enabled = true,
	.issuer = "https://gateway",
	.audience = "gateway",
};
static const struct chain_service service = {&config, issuer, NULL};

static struct subject *root_make(void)
{
	struct subject_draft draft = {.n_links = 1, .scope = subject_scope_all(), .expires = 2000};
	struct subject *root = NULL;
	char why[SUBJECT_WHY];

	draft.links[0] = (struct chain_link
	){.issuer = "test", .key = "ann", .name = "Ann", .kind = SUBJECT_HUMAN};
	draft.links[0].subject = draft.links[0].node = node_of_subject("test", "ann");
	draft.links[0].token = node_of_token("https://issuer", SPAN_LIT("1"));
	assert_int_equal(subject_make(&draft, (struct span){NULL, 0}, &root, why), 0);
	return root;
}

// As an exchange does it, written into claims and read out of them. NULL when it is refused.
static struct subject *child_make(const struct subject *parent, const struct exchange_ask *ask)
{
	static unsigned serial;
	struct subject_draft draft = {.n_links = parent->n_links + 1, .expires = 2000};
	struct narrowed narrowed;
	struct exchange_error error;
	struct subject *child = NULL;
	char jti[16], why[SUBJECT_WHY];

	snprintf(jti, sizeof(jti), "%u", serial++);
	struct node_id node = chain_token(&config, jti);
	if (narrow_scope(&parent->scope, ask, &node, &narrowed, &error) != 0)
		return NULL;
	draft.scope = narrowed.scope;
	memcpy(draft.links, parent->links, parent->n_links * sizeof(draft.links[0]));
	draft.links[parent->n_links] = (struct chain_link
	){.node = node,
	  .token = node,
	  .subject = node_of_subject("gateway", "agent:x"),
	  .issuer = "gateway",
	  .key = "agent:x",
	  .name = "x",
	  .kind = SUBJECT_AGENT};
	const struct chain_child made = {&draft, jti, 1000, NULL};
	json_t *claims = chain_claims(&service, &made);
	assert_non_null(claims);
	int rc = chain_subject(&service, claims, SPAN_LIT("token"), 1000, &child, why);
	if (rc != 0)
		print_error("%s\n", why);
	assert_int_equal(rc, 0);
	json_decref(claims);
	return child;
}

static void chains_only_get_narrower(void **)
{
	unsigned made = 0, refused = 0, longest = 0;

	const char *seed = getenv("SEED");
	state = seed == NULL ? (uint64_t)time(NULL) * 2654435761u | 1 : strtoull(seed, NULL, 10);
	print_message("SEED=%llu\n", (unsigned long long)state);
	for (int i = 0; i < CHAINS; i++) {
		struct subject *parent = root_make();
		for (int tries = 0; tries < 60; tries++) {
			struct exchange_ask ask = random_ask();
			struct subject *child = child_make(parent, &ask);
			if (child == NULL) {
				refused++;
				continue;
			}
			is_no_wider(&child->scope, &parent->scope);
			is_as_asked(&child->scope, &ask);
			assert_int_equal(child->n_links, parent->n_links + 1);
			if (child->n_links > longest)
				longest = child->n_links;
			subject_free(parent);
			parent = child;
			made++;
		}
		subject_free(parent);
	}
	print_message("made %u, refused %u, longest %u\n", made, refused, longest);
	assert_true(made > CHAINS && refused > CHAINS);
	assert_int_equal(longest, SUBJECT_LINKS_MAX);
}

static void more_is_refused_and_named(void **)
{
	const char *const mine[] = {"a", "b"};
	struct token_scope parent = subject_scope_all();
	const struct node_id node = {{1, 2}};
	struct narrowed out;
	struct exchange_error error;

	parent.any_resource = false;
	parent.n_resources = 2;
	parent.resources = mine;
	parent.effects = EFFECT_READ | EFFECT_SESSION;
	parent.depth_left = 2;
	parent.n_budgets = 1;
	parent.budgets[0] = (struct budget_limit){{{9, 9}}, BUDGET_ROWS, 3600, 100};

	struct exchange_ask ask = {.has_effects = true, .effects = EFFECT_READ | EFFECT_WRITE};
	assert_int_equal(narrow_scope(&parent, &ask, &node, &out, &error), ERR_MALFORMED);
	assert_string_equal(error.code, "invalid_scope");
	assert_string_equal(error.text, "the effect write is not in the parent's scope");

	ask = (struct exchange_ask){0};
	assert_int_equal(exchange_add_resource(SPAN_LIT("c"), &ask, &error), 0);
	assert_int_equal(narrow_scope(&parent, &ask, &node, &out, &error), ERR_MALFORMED);
	assert_string_equal(error.code, "invalid_target");
	assert_string_equal(error.text, "the resource c is not in the parent's scope");

	ask = (struct exchange_ask){.has_depth = true, .depth = 2};
	assert_int_equal(narrow_scope(&parent, &ask, &node, &out, &error), ERR_MALFORMED);
	assert_string_equal(error.text, "max_depth is 1 at most here");

	ask = (struct exchange_ask){.n_budgets = 1, .budgets = {{BUDGET_ROWS, 3600, 101}}};
	assert_int_equal(narrow_scope(&parent, &ask, &node, &out, &error), ERR_MALFORMED);
	assert_string_equal(error.text, "the budget of rows is larger than the parent's");
	ask.budgets[0].limit = 100;
	assert_int_equal(narrow_scope(&parent, &ask, &node, &out, &error), 0);
	assert_int_equal(out.scope.n_budgets, 2);
	assert_true(node_equal(&out.scope.budgets[1].node, &node));

	parent.depth_left = 0;
	ask = (struct exchange_ask){0};
	assert_int_equal(narrow_scope(&parent, &ask, &node, &out, &error), ERR_MALFORMED);
	assert_string_equal(error.text, "the parent may not delegate any further");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chains_only_get_narrower),
		cmocka_unit_test(more_is_refused_and_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
