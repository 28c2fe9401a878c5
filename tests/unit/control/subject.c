// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A subject holds copies of all its draft names, and no chain gets out of bounds.

#include "controlplane/identity/subject.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct chain_link link_of(const char *key)
{
	const struct node_id id = {{1, 2}};

	return (struct chain_link
	){.node = id, .subject = id, .token = id, .issuer = "iss", .key = key};
}

static struct subject_draft draft_of(uint16_t n, const char *key)
{
	struct subject_draft draft = {.n_links = n, .scope = subject_scope_all(), .expires = 7};

	for (uint16_t i = 0; i < n && i < SUBJECT_LINKS_MAX; i++)
		draft.links[i] = link_of(key);
	return draft;
}

static void refused(const struct subject_draft *draft, const char *says)
{
	struct subject *s = NULL;
	char why[SUBJECT_WHY];

	assert_int_equal(subject_make(draft, SPAN_LIT("t"), &s, why), ERR_AUTH);
	assert_string_equal(why, says);
	assert_null(s);
}

static struct subject *made(const struct subject_draft *draft)
{
	struct subject *s = NULL;
	char why[SUBJECT_WHY];

	assert_int_equal(subject_make(draft, SPAN_LIT("t"), &s, why), 0);
	return s;
}

static void all_is_copied(void **)
{
	char key[] = "root", child[] = "child", group[] = "g1", resource[] = "orders";
	const char *groups[] = {group, "g2"}, *resources[] = {resource};
	struct subject_draft draft = draft_of(2, key);

	draft.links[0].groups = groups;
	draft.links[0].n_groups = 2;
	draft.links[0].name = "The Root";
	draft.links[1].key = child;
	draft.links[1].groups = groups + 1;
	draft.links[1].n_groups = 1;
	draft.links[1].name = "bad\nname";
	draft.scope.any_resource = false;
	draft.scope.resources = resources;
	draft.scope.n_resources = 1;
	draft.scope.depth_left = 3;
	struct subject *s = made(&draft);
	memset(key, 'x', 4);
	memset(child, 'x', 5);
	memset(group, 'x', 2);
	memset(resource, 'x', 6);
	groups[0] = groups[1] = resources[0] = NULL;
	assert_string_equal(s->key, "root");
	assert_string_equal(s->name, "The Root");
	assert_string_equal(s->issuer, "iss");
	assert_int_equal(s->n_groups, 2);
	assert_string_equal(s->groups[0], "g1");
	assert_string_equal(s->links[0].groups[1], "g2");
	assert_string_equal(s->links[1].groups[0], "g2");
	assert_string_equal(s->links[1].name, "child");
	assert_string_equal(s->scope.resources[0], "orders");
	assert_int_equal(s->scope.depth_left, 3);
	assert_string_equal(s->chain, "root > child");
	assert_int_equal(s->depth, 1);
	assert_int_equal(s->expires, 7);
	assert_int_equal(s->token_hash[0], 0xe3); // SHA-256 of "t"
	subject_free(s);
}

static void chains_are_bounded(void **)
{
	struct subject_draft draft = draft_of(SUBJECT_LINKS_MAX, "k");

	struct subject *s = made(&draft);
	assert_int_equal(s->depth, SUBJECT_LINKS_MAX - 1);
	assert_int_equal(s->scope.depth_left, 0);
	subject_free(s);
	draft.n_links++;
	refused(&draft, "token's chain of actors is too long");
	draft.n_links = 0;
	refused(&draft, "token's chain of actors is too long");
}

static void a_chain_too_long_to_show_keeps_both_ends(void **)
{
	char key[SUBJECT_KEY_MAX];

	memset(key, 'k', sizeof(key));
	key[100] = '\0';
	struct subject_draft draft = draft_of(SUBJECT_LINKS_MAX, key);
	draft.links[0].key = "root";
	draft.links[SUBJECT_LINKS_MAX - 1].key = "actor";
	struct subject *s = made(&draft);
	assert_int_equal(strncmp(s->chain, "root > ... > kkk", 16), 0);
	assert_string_equal(s->chain + strlen(s->chain) - 8, " > actor");
	assert_in_range(strlen(s->chain), 400, sizeof(s->chain) - 1);
	subject_free(s);
	key[100] = 'k';
	key[SUBJECT_KEY_MAX - 1] = '\0';
	draft = draft_of(3, key);
	refused(&draft, "token's chain of actors is too long");
}

static void what_cannot_be_shown_is_refused(void **)
{
	static const char *const wrong[] = {"", "a\nb", "a\x7f", "a\x1b[2J", "a\xc2\x9b[2J"};
	char longest[SUBJECT_GROUP_MAX + 2];

	memset(longest, 'g', sizeof(longest));
	longest[SUBJECT_GROUP_MAX + 1] = '\0';
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct subject_draft draft = draft_of(1, wrong[i]);
		refused(&draft, "token's chain has a subject without a usable name");
		draft = draft_of(1, "k");
		draft.links[0].groups = &wrong[i];
		draft.links[0].n_groups = 1;
		refused(&draft, "token has a group or role without a usable name");
	}
	const char *group = longest;
	struct subject_draft draft = draft_of(1, "k");
	draft.links[0].groups = &group;
	draft.links[0].n_groups = 1;
	refused(&draft, "token has a group or role without a usable name");
	longest[SUBJECT_GROUP_MAX] = '\0';
	subject_free(made(&draft));
}

static void a_long_name_is_cut_between_characters(void **)
{
	char name[SUBJECT_NAME_MAX + 8];
	struct subject_draft draft = draft_of(1, "k");

	memset(name, 'n', sizeof(name));
	memcpy(name + SUBJECT_NAME_MAX - 2, "\xc3\xa9", 3);
	draft.links[0].name = name;
	struct subject *s = made(&draft);
	assert_int_equal(strlen(s->name), SUBJECT_NAME_MAX - 2);
	subject_free(s);
}

static void nobody_is_without_an_id(void **)
{
	struct subject_draft draft = draft_of(2, "k");
	struct subject *s = NULL;
	char why[SUBJECT_WHY];

	draft.links[1].token = (struct node_id){{0, 0}};
	assert_int_equal(subject_make(&draft, SPAN_LIT("t"), &s, why), -ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_copied),
		cmocka_unit_test(chains_are_bounded),
		cmocka_unit_test(a_chain_too_long_to_show_keeps_both_ends),
		cmocka_unit_test(what_cannot_be_shown_is_refused),
		cmocka_unit_test(a_long_name_is_cut_between_characters),
		cmocka_unit_test(nobody_is_without_an_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
