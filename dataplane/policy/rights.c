// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/policy/chain.h"
#include "dataplane/policy/policy.h"
#include "dataplane/policy/when.h"

static bool comes_from(const struct rule *rule, const struct ip_addr *addr)
{
	for (uint16_t i = 0; i < rule->n_networks; i++)
		if (addr_has_prefix(addr, &rule->networks[i].addr, rule->networks[i].bits))
			return true;
	return rule->n_networks == 0;
}

// Give rule `index` to each link that has none yet and of whose chain it speaks. A rule whose time
// has not come would have been the first: the rights hold only until it comes. Returns how many.
static unsigned assign(
	const struct snapshot *snapshot, uint16_t index, struct chain *chain,
	const struct policy_request *request, struct rights *out
)
{
	const struct rule *rule = &snapshot->rules[index];
	uint64_t next = UINT64_MAX;
	bool open = true, asked = false;
	unsigned n = 0;

	for (uint16_t i = 0; i < chain->n; i++) {
		if (out->rules[i] != POLICY_NO_RULE || !chain_matches(chain, rule, i))
			continue;
		if (!asked) {
			asked = true;
			open = when_is_open(&rule->when, request->wall_ns, &next);
			out->until = next < out->until ? next : out->until;
		}
		if (!open)
			return 0;
		out->rules[i] = index;
		n++;
	}
	return n;
}

static bool find_rules(
	const struct snapshot *snapshot, const struct policy_request *request, struct rights *out
)
{
	struct chain chain;
	unsigned left;

	chain_init(&chain, request->subject);
	left = chain.n;
	for (uint16_t i = 0; i < SUBJECT_LINKS_MAX; i++)
		out->rules[i] = POLICY_NO_RULE;
	for (uint16_t i = 0; i < snapshot->n_rules && left > 0; i++) {
		const struct rule *rule = &snapshot->rules[i];
		if (bit_is_set(rule->resources, request->resource) &&
		    chain_root_matches(&chain, rule) && comes_from(rule, &request->client))
			left -= assign(snapshot, i, &chain, request, out);
	}
	out->n_links = chain.n;
	while (out->link < chain.n && out->rules[out->link] != POLICY_NO_RULE)
		out->link++;
	return chain.n > 0 && left == 0;
}

static void add_words(uint64_t *to, const uint64_t *from, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		to[i] |= from[i];
}

static void combine(const struct snapshot *snapshot, uint16_t index, struct rights *out)
{
	const struct rule *rule = &snapshot->rules[index];
	const struct right *from = &rule->right;
	struct right *to = &out->right;
	uint64_t left = (from->allow | from->hold) & ~from->deny;

	to->hold |= from->hold;
	to->deny |=
		from->deny & ~(uint64_t)EFFECT_ALL; // flags: those of effects are made by narrow
	to->allow &= left;                          // with what is held, until all are combined
	add_words(to->blocks, from->blocks, SNAPSHOT_PATTERN_WORDS);
	add_words(to->entities, from->entities, SNAPSHOT_PATTERN_WORDS);
	add_words(to->columns, from->columns, COLUMN_WORDS);
	if (from->record > to->record)
		to->record = from->record;
	if (from->idle_timeout_ms == 0)
		out->idle_default = true;
	else if (to->idle_timeout_ms == 0 || from->idle_timeout_ms < to->idle_timeout_ms)
		to->idle_timeout_ms = from->idle_timeout_ms;
	if (rule->needs_grant && out->grant_rule == POLICY_NO_RULE)
		out->grant_rule = index;
	for (uint16_t i = 0; i < rule->n_budgets; i++)
		out->metrics |= 1U << rule->budgets[i].metric;
}

static bool is_in_scope(const struct token_scope *scope, const char *resource)
{
	for (uint16_t i = 0; i < scope->n_resources && !scope->any_resource; i++)
		if (strcmp(scope->resources[i], resource) == 0)
			return true;
	return scope->any_resource;
}

static void narrow(const struct token_scope *scope, struct rights *out)
{
	struct right *right = &out->right;
	uint64_t left = right->allow & scope->effects;
	uint64_t flags = right->hold & ~(uint64_t)EFFECT_ALL & ~right->deny;

	right->hold = ((right->hold | scope->hold) & left) | flags;
	right->allow = left & ~right->hold;
	right->deny |= EFFECT_ALL & ~left;
	for (uint16_t i = 0; i < scope->n_budgets; i++)
		out->metrics |= 1U << scope->budgets[i].metric;
}

bool policy_rights(
	const struct snapshot *snapshot, const struct policy_request *request, struct rights *out
)
{
	const struct token_scope *scope = &request->subject->scope;

	*out = (struct rights){
		.rule = POLICY_NO_RULE,
		.grant_rule = POLICY_NO_RULE,
		.since = request->wall_ns,
		.until = UINT64_MAX,
	};
	bool found = find_rules(snapshot, request, out);
	out->out_of_scope =
		found && !is_in_scope(scope, snapshot->resources[request->resource].name);
	if (!found || out->out_of_scope) {
		out->n_links = 0;
		return false;
	}
	out->right.allow = EFFECT_ALL;
	for (uint16_t i = 0; i < out->n_links; i++)
		combine(snapshot, out->rules[i], out);
	narrow(scope, out);
	out->rule = out->rules[out->n_links - 1];
	return true;
}
