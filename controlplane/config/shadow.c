// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// First match wins: a rule whose every subject, at every resource, is taken by an earlier rule is a
// mistake, most often one that lets more through than its author believes.

#include "controlplane/config/sections.h"

#include <stdlib.h>
#include <string.h>

// A rule is covered only by one whose lists of names hold all of its own. So each rule is filed
// under the names of its shortest list, and one that is checked looks under the rarest name of each
// of its lists, and among the rules without names: of thousands only a few have to be compared.
enum { LISTS = 12, UNNAMED = LISTS };

struct filed {
	uint64_t hash;
	uint16_t rule;
};

struct files {
	size_t n;
	struct filed *list; // by hash, then rule
	uint16_t *found;    // rules to compare with
	size_t room;        // there; a rule may stand there twice, by a chance of hashes
};

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
	if (inner->n > outer->n) // no name stands twice in a list
		return false;
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

// ---- the rules by name

static const struct config_names *list_of(const struct config_rule *rule, unsigned i)
{
	static const struct config_names none = {0};
	const struct config_whom *whoms[] = {&rule->root, &rule->actor, &rule->ancestor};
	const struct config_whom *whom = whoms[i / 4];
	const struct config_names *lists[] = {
		&whom->groups, &whom->roles, &whom->subjects, &whom->issuers};

	return i >= 8 && !rule->ancestor.given ? &none : lists[i % 4];
}

static uint64_t hash_of(unsigned list, const char *text)
{
	return rule_name_hash(text) * (LISTS + 1) + list;
}

static unsigned shortest(const struct config_rule *rule)
{
	unsigned best = UNNAMED;

	for (unsigned i = 0; i < LISTS; i++) {
		const struct config_names *list = list_of(rule, i);
		if (list->n > 0 && (best == UNNAMED || list->n < list_of(rule, best)->n))
			best = i;
	}
	return best;
}

static size_t file_rule(const struct config_rule *rule, uint16_t index, struct filed *out)
{
	unsigned list = shortest(rule);

	if (list == UNNAMED) {
		out[0] = (struct filed){hash_of(UNNAMED, ""), index};
		return 1;
	}
	const struct config_names *names = list_of(rule, list);
	for (uint16_t i = 0; i < names->n; i++)
		out[i] = (struct filed){hash_of(list, names->list[i].text), index};
	return names->n;
}

static int by_hash(const void *left, const void *right)
{
	const struct filed *a = left, *b = right;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return a->rule - b->rule;
}

static int by_number(const void *left, const void *right)
{
	return *(const uint16_t *)left - *(const uint16_t *)right;
}

static bool file_rules(const struct config *config, struct files *files)
{
	size_t n = 0;

	for (uint16_t i = 0; i < config->n_rules; i++) {
		unsigned list = shortest(&config->rules[i]);
		n += list == UNNAMED ? 1 : list_of(&config->rules[i], list)->n;
	}
	*files = (struct files){
		.list = calloc(n + 1, sizeof(*files->list)),
		.found = calloc(2 * config->n_rules + 1U, sizeof(*files->found)),
		.room = 2 * config->n_rules,
	};
	if (files->list == NULL || files->found == NULL)
		return false;
	for (uint16_t i = 0; i < config->n_rules; i++)
		files->n += file_rule(&config->rules[i], i, files->list + files->n);
	qsort(files->list, files->n, sizeof(*files->list), by_hash);
	return true;
}

struct range {
	size_t from, to; // in files->list
};

// What is filed under hashes below this one.
static size_t count_below(const struct files *files, uint64_t hash)
{
	size_t low = 0, high = files->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (files->list[middle].hash < hash)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct range filed_under(const struct files *files, uint64_t hash)
{
	return (struct range){count_below(files, hash), count_below(files, hash + 1)};
}

// Whoever covers the list has all of its names: the rarest will do.
static struct range rarest(
	const struct files *files, unsigned list, const struct config_names *names
)
{
	struct range best = filed_under(files, hash_of(list, names->list[0].text));

	for (uint16_t i = 1; i < names->n && best.to > best.from; i++) {
		struct range next = filed_under(files, hash_of(list, names->list[i].text));
		if (next.to - next.from < best.to - best.from)
			best = next;
	}
	return best;
}

static size_t add_found(struct files *files, struct range range, uint16_t at, size_t n)
{
	for (; range.from < range.to && files->list[range.from].rule < at; range.from++)
		if (n < files->room)
			files->found[n++] = files->list[range.from].rule;
	return n;
}

// files->found: the rules before `at` that may cover it, in rising order. Returns how many.
static size_t find_likely(const struct config *config, struct files *files, uint16_t at)
{
	size_t n = add_found(files, filed_under(files, hash_of(UNNAMED, "")), at, 0);

	for (unsigned i = 0; i < LISTS; i++) {
		const struct config_names *names = list_of(&config->rules[at], i);
		if (names->n > 0)
			n = add_found(files, rarest(files, i, names), at, n);
	}
	qsort(files->found, n, sizeof(*files->found), by_number);
	return n;
}

// ---- what is left of a rule

static bool take(uint64_t left[static RESOURCE_WORDS], const struct config_rule *earlier)
{
	uint64_t taken = 0;

	for (size_t w = 0; w < RESOURCE_WORDS; w++) {
		taken |= left[w] & earlier->resource_bits[w];
		left[w] &= ~earlier->resource_bits[w];
	}
	return taken != 0;
}

static bool meets(const uint64_t left[static RESOURCE_WORDS], const struct config_rule *earlier)
{
	uint64_t common = 0;

	for (size_t w = 0; w < RESOURCE_WORDS; w++)
		common |= left[w] & earlier->resource_bits[w];
	return common != 0;
}

// Out: the first of the rules that together take everything from rule `at`; NULL when some is left.
static const struct config_rule *find_shadow(
	const struct config *config, struct files *files, uint16_t at
)
{
	const struct config_rule *rule = &config->rules[at];
	uint64_t left[RESOURCE_WORDS];
	const struct config_rule *first = NULL;
	size_t n = find_likely(config, files, at);

	memcpy(left, rule->resource_bits, sizeof(left));
	for (size_t i = 0; i < n; i++) {
		const struct config_rule *earlier = &config->rules[files->found[i]];
		if (meets(left, earlier) && covers(earlier, rule) && take(left, earlier) &&
		    first == NULL)
			first = earlier;
	}
	return bit_is_any_set(left, RESOURCE_WORDS) ? NULL : first;
}

void config_check_rules(struct reader *r, const struct config *config)
{
	struct files files;

	if (!file_rules(config, &files))
		read_fail(r, (struct config_position){1, 1}, "no memory to compare the rules");
	for (uint16_t i = 0; files.list != NULL && files.found != NULL && i < config->n_rules;
	     i++) {
		const struct config_rule *shadow = find_shadow(config, &files, i);
		if (shadow != NULL)
			read_fail(
				r, config->rules[i].at,
				"rule `%s` can never match: rule `%s` in line %u takes all its subjects "
				"and resources; move it up or remove it",
				config->rules[i].name, shadow->name, shadow->at.line
			);
	}
	free(files.list);
	free(files.found);
}
