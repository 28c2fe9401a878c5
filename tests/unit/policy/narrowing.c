// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Adding a link to a chain, or narrowing the scope of its tokens, never adds a right: tried on
// random policies and chains. A seed is printed when it does; give it as the argument to repeat.

#include "tests/unit/policy/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 60000, NAMES = 6, DAY_S = 86400 };

static const char *const names[NAMES] = {"a", "b", "c", "role:d", "role:e", "f"};
static struct rule_name hashed[NAMES];
static struct rule_budget budgets[] = {
	{BUDGET_ROWS, BUDGET_PER_SUBTREE, 60, 1, false},
	{BUDGET_COMMANDS, BUDGET_PER_ROOT, 60, 1, false},
};
static uint64_t state;

// SplitMix64
static uint64_t draw(uint64_t below)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (z ^ z >> 31) % below;
}

static struct rule_whom draw_whom(void)
{
	struct rule_whom whom = {0};
	unsigned at = (unsigned)draw(NAMES - 1);

	if (draw(3) == 0)
		whom.kinds = (uint8_t)(1 + draw(7));
	if (draw(2) == 0) {
		whom.groups = &hashed[at];
		whom.n_groups = (uint16_t)(1 + draw(2));
	}
	if (draw(4) == 0) {
		whom.subjects = &hashed[at];
		whom.n_subjects = 1 + (draw(2) == 0);
	}
	return whom;
}

static void draw_rule(struct fixture *f)
{
	struct rule *rule = fixture_rule(f, "r", (uint32_t)draw(EFFECT_ALL + 1));

	rule->any_subject = draw(2) == 0;
	rule->right.hold = (uint32_t)(draw(EFFECT_ALL + 1) & draw(EFFECT_ALL + 1));
	rule->right.deny = (uint32_t)(draw(EFFECT_ALL + 1) & draw(EFFECT_ALL + 1));
	rule->right.record = (enum record_mode)draw(3);
	rule->right.idle_timeout_ms = (uint32_t)draw(4) * 100;
	rule->right.blocks[0] = draw(8);
	rule->right.entities[1] = draw(8);
	rule->right.columns[2] = draw(8);
	rule->resources[0] = 1 + draw(3);
	rule->needs_grant = draw(4) == 0;
	rule->budgets = budgets;
	rule->n_budgets = (uint16_t)draw(3);
	if (draw(2) == 0)
		rule->root = draw_whom();
	if (draw(3) == 0)
		rule->actor = draw_whom();
	if (draw(4) == 0)
		rule->ancestor = draw_whom();
	if (draw(4) == 0)
		rule->min_depth = (uint16_t)draw(3);
	if (draw(4) == 0)
		rule->max_depth = (uint16_t)draw(5);
	if (draw(4) == 0)
		rule->when = (struct rule_when
		){(uint8_t)(1 + draw(127)), (uint16_t)draw(1440), (uint16_t)(1 + draw(1440)), 0};
}

static void draw_link(struct fixture *f)
{
	fixture_link(
		f, names[draw(NAMES)], names[draw(NAMES)], (enum subject_kind)draw(3),
		draw(5) == 0 ? NULL : names[draw(NAMES)]
	);
}

static void draw_scope(struct token_scope *scope)
{
	static const char *const orders[] = {"orders"};

	scope->effects &= (uint32_t)draw(EFFECT_ALL + 1);
	scope->hold |= (uint32_t)(draw(EFFECT_ALL + 1) & draw(EFFECT_ALL + 1));
	if (draw(3) == 0) {
		scope->n_resources = scope->any_resource ? (uint16_t)draw(2) : 0;
		scope->any_resource = false;
		scope->resources = orders;
	}
}

static bool has_all(const uint64_t *outer, const uint64_t *inner, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if ((inner[i] & ~outer[i]) != 0)
			return false;
	return true;
}

// Shorter or as long; 0 stands for the configuration's, which is as good as any other value.
static bool is_as_short(const struct rights *a, const struct rights *b)
{
	if (b->idle_default && !a->idle_default)
		return false;
	return b->right.idle_timeout_ms == 0 ||
	       (a->right.idle_timeout_ms != 0 &&
		a->right.idle_timeout_ms <= b->right.idle_timeout_ms);
}

// What is wrong with `after`, which must not be more than `before`; NULL: nothing.
static const char *more(const struct rights *before, const struct rights *after)
{
	const struct right *b = &before->right, *a = &after->right;

	if (after->n_links == 0)
		return NULL;
	if (before->n_links == 0)
		return "a right where there was none";
	if ((a->allow & ~b->allow) != 0)
		return "an effect is allowed that was not";
	if (((a->allow | a->hold) & ~(b->allow | b->hold)) != 0)
		return "an effect can be approved that was denied";
	if ((a->allow & a->hold) != 0 || (a->deny | a->allow | a->hold) != EFFECT_ALL)
		return "an effect is in two lists, or in none";
	if (!has_all(a->blocks, b->blocks, SNAPSHOT_PATTERN_WORDS) ||
	    !has_all(a->entities, b->entities, SNAPSHOT_PATTERN_WORDS) ||
	    !has_all(a->columns, b->columns, COLUMN_WORDS))
		return "a block or a mask is gone";
	if (a->record < b->record)
		return "it is recorded less";
	if (!is_as_short(after, before))
		return "it may be idle for longer";
	if (before->grant_rule != POLICY_NO_RULE && after->grant_rule == POLICY_NO_RULE)
		return "no grant is needed any more";
	if ((before->metrics & ~after->metrics) != 0)
		return "a budget is gone";
	return NULL;
}

static const char *try(uint64_t seed, unsigned *rights)
{
	static struct fixture f;
	unsigned n_rules, n_links;

	state = seed;
	fixture_init(&f);
	n_rules = 1 + (unsigned)draw(FIXTURE_RULES);
	for (unsigned i = 0; i < n_rules; i++)
		draw_rule(&f);
	f.request.wall_ns = draw(7 * DAY_S) * 1000000000;
	draw_link(&f);
	n_links = (unsigned)draw(SUBJECT_LINKS_MAX);
	for (unsigned i = 0; i < n_links; i++) {
		*rights += fixture_rights(&f);
		const struct rights before = f.rights;
		if (draw(3) == 0)
			draw_scope(&f.subject.scope);
		else
			draw_link(&f);
		if (f.subject.n_links == SUBJECT_LINKS_MAX)
			return NULL;
		(void)fixture_rights(&f);
		const char *fault = more(&before, &f.rights);
		if (fault != NULL)
			return fault;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct timespec now;
	unsigned rights = 0;

	clock_gettime(CLOCK_REALTIME, &now);
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0)
				 : (uint64_t)now.tv_sec * 1000003 + (uint64_t)now.tv_nsec;
	for (unsigned i = 0; i < NAMES; i++)
		hashed[i] = (struct rule_name){rule_name_hash(names[i]), names[i]};
	for (unsigned i = 0; i < (argc > 1 ? 1 : ROUNDS); i++) {
		const char *fault = try(seed + i, &rights);
		if (fault == NULL)
			continue;
		printf("seed %llu: %s\n", (unsigned long long)(seed + i), fault);
		return 1;
	}
	printf("from seed %llu: %u rights compared\n", (unsigned long long)seed, rights);
	return argc == 1 && rights < ROUNDS / 10; // too few say nothing
}
