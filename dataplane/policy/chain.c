// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/policy/chain.h"

void chain_init(struct chain *chain, const struct subject *subject)
{
	chain->n = subject->n_links <= SUBJECT_LINKS_MAX ? subject->n_links : 0;
	chain->depth = 0;
	if (chain->n > 0 && subject->depth >= chain->n)
		chain->depth = (uint16_t)(subject->depth - (chain->n - 1));
	for (uint16_t i = 0; i < chain->n; i++)
		chain->who[i] = (struct chain_who){
			.link = &subject->links[i],
			.key = rule_name_hash(subject->links[i].key),
			.issuer = rule_name_hash(subject->links[i].issuer),
		};
}

static bool any_is(const struct rule_name *names, uint16_t n, uint64_t hash, const char *text)
{
	for (uint16_t i = 0; i < n; i++)
		if (names[i].hash == hash && strcmp(names[i].text, text) == 0)
			return true;
	return false;
}

static void fill_filter(struct chain_who *who)
{
	for (uint16_t i = 0; i < who->link->n_groups; i++) {
		uint64_t hash = rule_name_hash(who->link->groups[i]);
		who->filter[hash >> 6 & 15] |= UINT64_C(1) << (hash & 63);
	}
	who->ready = true;
}

static bool has_group(const struct chain_link *link, const char *name)
{
	for (uint16_t i = 0; i < link->n_groups; i++)
		if (strcmp(link->groups[i], name) == 0)
			return true;
	return false;
}

static bool is_in_one_of(struct chain_who *who, const struct rule_name *names, uint16_t n)
{
	if (!who->ready)
		fill_filter(who);
	for (uint16_t i = 0; i < n; i++) {
		uint64_t hash = names[i].hash;
		if ((who->filter[hash >> 6 & 15] >> (hash & 63) & 1) != 0 &&
		    has_group(who->link, names[i].text))
			return true;
	}
	return n == 0;
}

static bool is_whom(struct chain_who *who, const struct rule_whom *whom)
{
	if (whom->kinds != 0 && (whom->kinds >> who->link->kind & 1) == 0)
		return false;
	if (whom->n_issuers > 0 &&
	    !any_is(whom->issuers, whom->n_issuers, who->issuer, who->link->issuer))
		return false;
	if (whom->n_subjects > 0 &&
	    !any_is(whom->subjects, whom->n_subjects, who->key, who->link->key))
		return false;
	return is_in_one_of(who, whom->groups, whom->n_groups) &&
	       is_in_one_of(who, whom->roles, whom->n_roles);
}

static bool is_given(const struct rule_whom *whom)
{
	return whom->kinds != 0 || whom->n_groups > 0 || whom->n_roles > 0 ||
	       whom->n_subjects > 0 || whom->n_issuers > 0;
}

bool chain_root_matches(struct chain *chain, const struct rule *rule)
{
	if (!rule->any_subject && !is_given(&rule->root) && !is_given(&rule->actor) &&
	    !is_given(&rule->ancestor))
		return false; // it names nobody
	return chain->n > 0 && is_whom(&chain->who[0], &rule->root);
}

bool chain_matches(struct chain *chain, const struct rule *rule, uint16_t last)
{
	uint32_t depth = (uint32_t)chain->depth + last;

	if (depth < rule->min_depth || depth > rule->max_depth)
		return false;
	if (is_given(&rule->actor) && !is_whom(&chain->who[last], &rule->actor))
		return false;
	if (!is_given(&rule->ancestor))
		return true;
	for (uint16_t i = 0; i < last; i++)
		if (is_whom(&chain->who[i], &rule->ancestor))
			return true;
	return false;
}
