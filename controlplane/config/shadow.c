// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// First match wins: a rule whose every subject, at every resource, is taken by an earlier rule is a
// mistake, most often one that lets more through than its author believes.

#include "controlplane/config/sections.h"

#include <string.h>

static bool holds(const struct config_names *names, const char *text)
{
	for (uint16_t i = 0; i < names->n; i++)
		if (strcmp(names->list[i].text, text) == 0)
			return true;
	return false;
}

// Whoever is in one of `inner` is in one of `outer`. An empty list asks for nothing.
static bool covers_names(const struct config_names *outer, const struct config_names *inner)
{
	if (outer->n == 0)
		return true;
	for (uint16_t i = 0; i < inner->n; i++)
		if (!holds(outer, inner->list[i].text))
			return false;
	return inner->n > 0;
}

static bool covers_whom(const struct config_whom *outer, const struct config_whom *inner)
{
	bool kinds =
		outer->kinds == 0 || (inner->kinds != 0 && (inner->kinds & ~outer->kinds) == 0);
	return kinds && covers_names(&outer->groups, &inner->groups) &&
	       covers_names(&outer->roles, &inner->roles) &&
	       covers_names(&outer->subjects, &inner->subjects) &&
	       covers_names(&outer->issuers, &inner->issuers);
}

static bool covers_chain(const struct config_rule *outer, const struct config_rule *inner)
{
	return outer->min_depth <= inner->min_depth && outer->max_depth >= inner->max_depth &&
	       covers_whom(&outer->root, &inner->root) &&
	       covers_whom(&outer->actor, &inner->actor) &&
	       (!outer->ancestor.given ||
		(inner->ancestor.given && covers_whom(&outer->ancestor, &inner->ancestor)));
}

static bool covers_networks(const struct config_rule *outer, const struct config_rule *inner)
{
	if (outer->n_networks == 0)
		return true;
	for (uint16_t i = 0; i < inner->n_networks; i++)
		if (!section_networks_cover(
			    outer->networks, outer->n_networks, &inner->networks[i]
		    ))
			return false;
	return inner->n_networks > 0;
}

static bool covers_times(const struct rule_when *outer, const struct rule_when *inner)
{
	return outer->days == 0 || (outer->days == inner->days && outer->from == inner->from &&
				    outer->to == inner->to && outer->zone == inner->zone);
}

static bool covers(const struct config_rule *outer, const struct config_rule *inner)
{
	return covers_chain(outer, inner) && covers_networks(outer, inner) &&
	       covers_times(&outer->when, &inner->when);
}

// Out: the first of the rules that together take everything from rule `at`; NULL when some is left.
static const struct config_rule *find_shadow(const struct config *config, uint16_t at)
{
	const struct config_rule *rule = &config->rules[at];
	uint64_t left[RESOURCE_WORDS], rest = 0;
	const struct config_rule *first = NULL;

	memcpy(left, rule->resource_bits, sizeof(left));
	for (uint16_t i = 0; i < at; i++) {
		const struct config_rule *earlier = &config->rules[i];
		uint64_t taken = 0;
		if (!covers(earlier, rule))
			continue;
		for (size_t w = 0; w < RESOURCE_WORDS; w++) {
			taken |= left[w] & earlier->resource_bits[w];
			left[w] &= ~earlier->resource_bits[w];
		}
		if (taken != 0 && first == NULL)
			first = earlier;
	}
	for (size_t w = 0; w < RESOURCE_WORDS; w++)
		rest |= left[w];
	return rest == 0 ? first : NULL;
}

void config_check_rules(struct reader *r, const struct config *config)
{
	for (uint16_t i = 0; i < config->n_rules; i++) {
		const struct config_rule *shadow = find_shadow(config, i);
		if (shadow != NULL)
			read_fail(
				r, config->rules[i].at,
				"rule `%s` can never match: rule `%s` in line %u takes all its subjects "
				"and resources; move it up or remove it",
				config->rules[i].name, shadow->name, shadow->at.line
			);
	}
}
