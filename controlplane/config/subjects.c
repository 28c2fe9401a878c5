// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// `subjects:` of a rule: whom it speaks of, the root and the links below it.

#include "controlplane/config/sections.h"
#include "dataplane/api/subject.h"

#include <stdio.h>
#include <string.h>

enum { DEPTH_MAX = 64 };

#define WHOM_KEYS "groups", "roles", "subjects", "issuers", "kind"

static void read_roles(struct reader *r, const struct node *node, struct config_names *out)
{
	static const char prefix[] = "role:";
	struct config_names names = {0};

	(void
	)read_names(r, node, "roles", CONFIG_NAMES_MAX, SUBJECT_KEY_MAX - sizeof(prefix), &names);
	struct config_name *list = arena_array(r->arena, names.n, sizeof(*list));
	for (uint16_t i = 0; i < names.n && list != NULL; i++) {
		size_t size = sizeof(prefix) + strlen(names.list[i].text);
		char *text = arena_alloc(r->arena, size);
		if (text == NULL)
			list = NULL;
		else
			snprintf(text, size, "%s%s", prefix, names.list[i].text);
		if (list != NULL)
			list[i] = (struct config_name){names.list[i].at, text};
	}
	if (list == NULL)
		r->no_memory = true;
	else
		*out = (struct config_names){names.n, list};
}

static void read_whom(struct reader *r, const struct node *node, struct config_whom *out)
{
	static const struct word kinds[] = {
		{"human", SUBJECT_HUMAN},
		{"agent", SUBJECT_AGENT},
		{NULL, 0}};
	int kind;

	const struct node *value = tree_get(node, "groups");
	if (value != NULL)
		(void)read_names(
			r, value, "groups", CONFIG_NAMES_MAX, SUBJECT_KEY_MAX - 1, &out->groups
		);
	value = tree_get(node, "roles");
	if (value != NULL)
		read_roles(r, value, &out->roles);
	value = tree_get(node, "subjects");
	if (value != NULL)
		(void)read_names(
			r, value, "subjects", CONFIG_NAMES_MAX, SUBJECT_KEY_MAX - 1, &out->subjects
		);
	value = tree_get(node, "issuers");
	if (value != NULL)
		(void)read_names(
			r, value, "issuers", CONFIG_ISSUERS_MAX, SNAPSHOT_NAME_MAX - 1,
			&out->issuers
		);
	value = tree_get(node, "kind");
	if (value != NULL && read_word(r, value, "kind", kinds, &kind))
		out->kinds = (uint8_t)(1 << kind);
}

// The key by which `node` says who; NULL when it does not.
static const struct node *find_whom(const struct node *node)
{
	static const char *const keys[] = {WHOM_KEYS};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (tree_get(node, keys[i]) != NULL)
			return tree_get(node, keys[i]);
	return NULL;
}

// `actor:` or `ancestor:`.
static void read_link(
	struct reader *r, const struct node *node, const char *what, struct config_whom *out
)
{
	static const char *const keys[] = {WHOM_KEYS, NULL};

	out->at = node->key_at;
	out->given = true;
	if (!read_map(r, node, what, keys))
		return;
	if (find_whom(node) == NULL)
		read_fail(
			r, node->at,
			"%s names nobody; give `groups`, `roles`, `subjects`, `issuers` "
			"or `kind`, or remove it",
			what
		);
	read_whom(r, node, out);
}

static void read_depth(struct reader *r, const struct node *node, struct config_rule *out)
{
	uint64_t depth;

	const struct node *value = tree_get(node, "min_depth");
	if (value != NULL && read_number(r, value, "min_depth", 1, DEPTH_MAX, &depth))
		out->min_depth = (uint16_t)depth;
	const struct node *min = value;
	value = tree_get(node, "max_depth");
	if (value != NULL && read_number(r, value, "max_depth", 0, DEPTH_MAX, &depth))
		out->max_depth = (uint16_t)depth;
	if (min != NULL && out->min_depth > out->max_depth)
		read_fail(
			r, min->at,
			"`min_depth` is above `max_depth`: the rule can never match; correct one"
		);
	if (out->max_depth == 0 && out->ancestor.given)
		read_fail(
			r, out->ancestor.at,
			"with `max_depth: 0` nobody has an ancestor: the rule can never match; "
			"remove one"
		);
	if (out->max_depth == 0 && out->actor.given)
		read_fail(
			r, out->actor.at,
			"with `max_depth: 0` the actor is the root itself; say it without `actor`"
		);
}

void section_subjects(struct reader *r, const struct node *node, struct config_rule *out)
{
	static const char *const keys[] = {WHOM_KEYS, "any",      "min_depth", "max_depth",
					   "actor",   "ancestor", NULL};

	if (!read_map(r, node, "`subjects`", keys))
		return;
	const struct node *any = tree_get(node, "any");
	if (any != NULL && read_bool(r, any, "any", &out->any_subject) && !out->any_subject)
		read_fail(r, any->key_at, "`any: false` says nothing; remove it");
	out->root.at = node->key_at;
	out->root.given = find_whom(node) != NULL;
	read_whom(r, node, &out->root);
	const struct node *value = tree_get(node, "actor");
	if (value != NULL)
		read_link(r, value, "`actor`", &out->actor);
	const struct node *named = value;
	value = tree_get(node, "ancestor");
	if (value != NULL)
		read_link(r, value, "`ancestor`", &out->ancestor);
	named = named == NULL ? value : named;
	named = out->root.given ? find_whom(node) : named;
	read_depth(r, node, out);
	if (any == NULL && named == NULL)
		read_fail(
			r, node->at,
			"`subjects` names nobody; give `groups`, `roles`, `subjects`, `issuers`, "
			"`kind`, `actor` or `ancestor`, or `any: true`"
		);
	if (any != NULL && named != NULL)
		read_fail(
			r, any->key_at, "`any: true` contradicts `%s`; keep one of them", named->key
		);
}
