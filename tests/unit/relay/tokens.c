// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The cache of verified tokens by itself; the simulator tests it with sessions.

#include "dataplane/relay/tokens.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SESSIONS = 4, IDLE = 2, SECOND_US = 1000000, EXPIRES = 1000 };

static struct tokens *tokens;
static struct subject subjects[64];
static unsigned n_back;
static bool full;

static bool take_back(void *ctx, const struct subject *subject)
{
	bool *back = ctx;
	if (full)
		return false;
	assert_false(back[subject - subjects]); // never twice
	back[subject - subjects] = true;
	n_back++;
	return true;
}

static bool back[64];

static void settle(uint64_t now_us)
{
	tokens_settle(tokens, now_us, take_back, back);
}

static int set_up(void **)
{
	memset(back, 0, sizeof(back));
	n_back = 0;
	full = false;
	for (unsigned i = 0; i < 64; i++)
		subjects[i] = (struct subject){.expires = EXPIRES};
	tokens = tokens_new(SESSIONS, IDLE);
	return tokens == NULL;
}

static int tear_down(void **)
{
	tokens_free(tokens);
	return 0;
}

static struct token_key key(uint8_t token, uint8_t certificate, uint64_t resource)
{
	return (struct token_key
	){.token = {token}, .certificate = {certificate}, .resource = {{resource, 0}}};
}

static const struct tokens_now start = {.us = SECOND_US, .wall_s = 1, .policy = 1};

static struct token *add(unsigned i)
{
	const struct token_key k = key((uint8_t)i, 0, 1);
	struct token *token = tokens_add(tokens, &k, &subjects[i], &start);
	assert_non_null(token);
	return token;
}

static struct token *get(unsigned i, struct tokens_now now)
{
	const struct token_key k = key((uint8_t)i, 0, 1);
	return tokens_get(tokens, &k, &now);
}

static void serves_what_was_added(void **)
{
	struct token *a = add(1), *b = get(1, start);
	assert_ptr_equal(a, b);
	assert_ptr_equal(token_subject(b), &subjects[1]);
	assert_null(get(2, start));
	token_drop(tokens, a);
	token_drop(tokens, b);
	settle(start.us);
	assert_int_equal(n_back, 0);
	a = get(1, start);
	assert_non_null(a);
	token_drop(tokens, a);
}

// The same token over a connection with another certificate, or for another resource, proves
// nothing (RFC 8705 3).
static void every_part_of_the_key_counts(void **)
{
	const struct token_key bound = key(1, 7, 1), bare = key(1, 0, 1), stolen = key(1, 8, 1),
			       elsewhere = key(1, 7, 2);
	struct token *a = tokens_add(tokens, &bound, &subjects[1], &start);
	assert_null(tokens_get(tokens, &bare, &start));
	assert_null(tokens_get(tokens, &stolen, &start));
	assert_null(tokens_get(tokens, &elsewhere, &start));
	assert_ptr_equal(tokens_get(tokens, &bound, &start), a);
}

static void not_beyond_its_end(void **)
{
	struct tokens_now late = start;
	struct token *a = add(1);
	late.wall_s = EXPIRES - 1;
	assert_ptr_equal(get(1, late), a);
	late.wall_s = EXPIRES;
	assert_null(get(1, late));
	assert_null(get(1, start)); // gone for good
}

static void not_beyond_five_minutes(void **)
{
	struct tokens_now late = start;
	struct token *a = add(1);
	late.us = start.us + TOKENS_TTL_S * (uint64_t)SECOND_US - 1;
	assert_ptr_equal(get(1, late), a);
	late.us++;
	assert_null(get(1, late));
	settle(late.us);
	assert_int_equal(n_back, 0); // two hold it
	token_drop(tokens, a);
	token_drop(tokens, a);
	settle(late.us);
	assert_true(back[1]);
}

static void not_under_another_policy(void **)
{
	struct tokens_now other = start;
	(void)add(1);
	other.policy = 2;
	assert_null(get(1, other));
}

static void the_later_answer_is_served(void **)
{
	const struct token_key k = key(1, 0, 1);
	struct token *a = tokens_add(tokens, &k, &subjects[1], &start);
	struct token *b = tokens_add(tokens, &k, &subjects[2], &start);
	struct token *c = get(1, start);
	assert_ptr_equal(c, b);
	token_drop(tokens, a);
	settle(start.us);
	assert_true(back[1]);
	assert_false(back[2]);
}

static void the_least_recently_used_goes(void **)
{
	for (unsigned i = 1; i <= 3; i++)
		token_drop(tokens, add(i));
	settle(start.us);
	assert_true(back[1]);
	token_drop(tokens, get(2, start));
	token_drop(tokens, add(4));
	settle(start.us);
	assert_true(back[3] && !back[2]);
	assert_int_equal(tokens_count(tokens), IDLE);
}

static void revoked_is_not_served(void **)
{
	const struct node_id node = {{5, 5}}, other = {{6, 6}};
	subjects[1].n_links = 2;
	subjects[1].links[1].node = node;
	struct token *a = add(1), *b = add(2);
	tokens_revoke(tokens, REVOKE_NODE, &other);
	tokens_revoke(tokens, REVOKE_SUBJECT, &node);
	token_drop(tokens, get(1, start));
	tokens_revoke(tokens, REVOKE_NODE, &node);
	assert_null(get(1, start));
	assert_ptr_equal(get(2, start), b);
	assert_ptr_equal(token_subject(a), &subjects[1]); // its holder still reads it
	settle(start.us);
	assert_int_equal(n_back, 0);
	token_drop(tokens, a);
	settle(start.us);
	assert_true(back[1]);
}

static void nothing_is_asked_while_subjects_wait(void **)
{
	full = true;
	for (unsigned i = 1; i <= 3; i++)
		token_drop(tokens, add(i));
	settle(start.us);
	assert_false(tokens_may_ask(tokens));
	full = false;
	settle(start.us);
	assert_true(tokens_may_ask(tokens));
	assert_int_equal(n_back, 1);
}

static void closed_keeps_nothing(void **)
{
	struct token *a = add(1);
	token_drop(tokens, add(2));
	tokens_close(tokens);
	assert_null(get(1, start));
	token_drop(tokens, a);
	token_drop(tokens, add(3));
	settle(start.us);
	assert_int_equal(n_back, 3);
	assert_int_equal(tokens_count(tokens), 0);
}

static void without_places_nothing_is_served_twice(void **)
{
	tokens_free(tokens);
	tokens = tokens_new(SESSIONS, 0);
	struct token *a = add(1);
	assert_null(get(1, start));
	token_drop(tokens, a);
	settle(start.us);
	assert_true(back[1]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(serves_what_was_added),
		TEST(every_part_of_the_key_counts),
		TEST(not_beyond_its_end),
		TEST(not_beyond_five_minutes),
		TEST(not_under_another_policy),
		TEST(the_later_answer_is_served),
		TEST(the_least_recently_used_goes),
		TEST(revoked_is_not_served),
		TEST(nothing_is_asked_while_subjects_wait),
		TEST(closed_keeps_nothing),
		TEST(without_places_nothing_is_served_twice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
