// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pattern_name {
	const char *text;
	uint16_t id;
	bool group;
	const struct definition *def;
};

static int by_text(const void *left, const void *right)
{
	const struct pattern_name *a = left, *b = right;
	int order = strcmp(a->text, b->text);
	if (order != 0)
		return order;
	return a->id != b->id ? a->id - b->id : a->group - b->group;
}

static size_t count_names(const struct definition *definitions, size_t n)
{
	size_t count = 0;
	for (size_t i = 0; i < n; i++) {
		count += 2; // its own, and its list's
		for (const char *const *g = definitions[i].info.groups; *g != NULL; g++)
			count++;
	}
	return count;
}

static const char *list_name(const struct definition *def)
{
	return def->list == NULL ? NULL : def->list->info.name;
}

static void add_names(struct pattern_names *names, const struct definition *def, uint16_t id)
{
	const char *own = def->info.name, *list = list_name(def);
	names->list[names->count++] = (struct pattern_name){own, id, false, def};
	if (list != NULL && list != own)
		names->list[names->count++] = (struct pattern_name){list, id, false, def};
	for (const char *const *g = def->info.groups; *g != NULL; g++)
		names->list[names->count++] = (struct pattern_name){*g, id, true, def};
}

// Two of one name: both by a group, or by the one list they are in.
static bool may_share(const struct pattern_name *a, const struct pattern_name *b)
{
	return (a->group && b->group) || (a->text == b->text && a->text == list_name(a->def));
}

static int check_pair(const struct pattern_name *a, const struct pattern_name *b, char *why)
{
	if (a->group != b->group) {
		const struct definition *def = a->group ? a->def : b->def;
		const struct definition *own = a->group ? b->def : a->def;
		snprintf(
			why, PATTERN_WHY,
			"%.200s:%u:%u: the group '%s' of %s has the name of the pattern in %.200s",
			def->file, def->line, def->column, a->text, def->info.name, own->file
		);
	} else {
		snprintf(
			why, PATTERN_WHY, "%.200s:%u:%u: '%s' is the name of %.200s:%u too",
			b->def->file, b->def->line, b->def->column, b->text, a->def->file,
			a->def->line
		);
	}
	return ERR_CONFIG;
}

int pattern_names_init(
	struct pattern_names *out, const struct definition *definitions, size_t n,
	char why[static PATTERN_WHY]
)
{
	*out = (struct pattern_names
	){.list = calloc(count_names(definitions, n) + 1, sizeof(out->list[0]))};
	if (out->list == NULL) {
		snprintf(why, PATTERN_WHY, "out of memory");
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++)
		add_names(out, &definitions[i], (uint16_t)i);
	qsort(out->list, out->count, sizeof(out->list[0]), by_text);
	for (size_t i = 1; i < out->count; i++) {
		const struct pattern_name *a = &out->list[i - 1], *b = &out->list[i];
		if (strcmp(a->text, b->text) == 0 && !may_share(a, b))
			return check_pair(a, b, why);
	}
	return 0;
}

void pattern_names_fini(struct pattern_names *names)
{
	free(names->list);
	*names = (struct pattern_names){};
}

size_t pattern_names_find(
	const struct pattern_names *names, const char *name, uint16_t ids[static PATTERN_MAX]
)
{
	size_t low = 0, high = names->count, n = 0;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(names->list[middle].text, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < names->count && strcmp(names->list[low].text, name) == 0; low++)
		if (n == 0 || ids[n - 1] != names->list[low].id)
			ids[n++] = names->list[low].id;
	return n;
}
