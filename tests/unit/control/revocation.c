// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/revocation/revocation.h"

#include "tests/unit/control/recorder_scratch.h"

#include <sqlite3.h>

#include <errno.h>

enum { NOW = 1800000000 };

static struct scratch scratch;
static struct store *store;
static struct revocations *list;

static void open_list(void)
{
	char why[STORE_WHY];

	assert_int_equal(store_open(scratch.path, &store, why), 0);
	assert_int_equal(revocations_open(store, NOW, &list), 0);
}

static void close_list(void)
{
	revocations_free(list);
	store_close(store);
}

static int set_up(void **)
{
	scratch = scratch_make();
	open_list();
	return 0;
}

static int tear_down(void **)
{
	close_list();
	scratch_remove(&scratch);
	return 0;
}

static struct node_id id(uint64_t n)
{
	return (struct node_id){{n, ~n}};
}

static struct revocation add(enum revoke_kind kind, uint64_t node, uint64_t until_s)
{
	struct revocation ask = {.kind = kind, .node = id(node), .until_s = until_s}, out;

	snprintf(ask.label, sizeof(ask.label), "thing %u", (unsigned)node);
	snprintf(ask.reason, sizeof(ask.reason), "leaked");
	snprintf(ask.by, sizeof(ask.by), "ann");
	assert_int_equal(revocation_add(list, &ask, NOW, &out), 0);
	return out;
}

// root 1, child 2, each with token + 10, subject + 20, node + 30.
static const struct subject *chain(void)
{
	static struct subject subject;

	subject.n_links = 2;
	for (unsigned i = 0; i < 2; i++)
		subject.links[i] = (struct chain_link
		){.token = id(11 + i), .subject = id(21 + i), .node = id(31 + i)};
	return &subject;
}

static bool refused(uint64_t now_s)
{
	const struct node_id resource = id(99);
	char why[REVOCATION_WHY] = "";

	bool is = revocation_check(list, chain(), &resource, now_s, why);
	assert_int_equal(is, strstr(why, "leaked") != NULL);
	return is;
}

static void a_fresh_list_refuses_nobody(void **)
{
	assert_false(refused(NOW));
	assert_int_equal(revocations_count(list), 0);
}

static void each_link_and_kind_counts(void **)
{
	static const struct {
		enum revoke_kind kind;
		uint64_t node;
	} cases[] = {{REVOKE_TOKEN, 11},   {REVOKE_TOKEN, 12}, {REVOKE_SUBJECT, 21},
		     {REVOKE_SUBJECT, 22}, {REVOKE_NODE, 31},  {REVOKE_NODE, 32},
		     {REVOKE_RESOURCE, 99}};
	struct revocation out;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct revocation r = add(cases[i].kind, cases[i].node, 0);
		assert_true(refused(NOW));
		assert_int_equal(revocation_lift(list, r.n, "bob", NOW + 1, &out), 0);
		assert_false(refused(NOW));
	}
}

static void another_kind_does_not(void **)
{
	(void)add(REVOKE_TOKEN, 21, 0);
	(void)add(REVOKE_SUBJECT, 31, 0);
	(void)add(REVOKE_NODE, 11, 0);
	(void)add(REVOKE_RESOURCE, 31, 0);
	assert_false(refused(NOW));
}

static void no_node_is_everybodys(void **)
{
	static const struct subject nobody = {.n_links = 1};
	const struct node_id none = {0};
	struct revocation ask = {.kind = REVOKE_NODE}, out;
	char why[REVOCATION_WHY];

	assert_int_equal(revocation_add(list, &ask, NOW, &out), -EINVAL);
	assert_false(revocation_check(list, &nobody, &none, NOW, why));
}

static void one_with_an_end_ends(void **)
{
	struct revocation ask = {.kind = REVOKE_NODE, .node = id(1), .until_s = NOW}, out;

	assert_int_equal(revocation_add(list, &ask, NOW, &out), -EINVAL);
	struct revocation r = add(REVOKE_NODE, 32, NOW + 10);
	assert_true(refused(NOW + 9));
	assert_false(refused(NOW + 10));
	revocations_tick(list, NOW + 9);
	assert_int_equal(revocations_count(list), 1);
	revocations_tick(list, NOW + 10);
	assert_int_equal(revocations_count(list), 0);
	assert_int_equal(revocation_lift(list, r.n, "bob", NOW + 10, &out), -EALREADY);
	assert_int_equal(out.n, r.n);
}

static void a_restart_forgets_nothing(void **)
{
	struct revocation ended = add(REVOKE_NODE, 1, NOW + 10), lifted = add(REVOKE_NODE, 2, 0),
			  out;
	struct revocation r = add(REVOKE_SUBJECT, 22, 0);

	assert_true(r.stored);
	r.sessions = 17;
	r.cut_us = 7000;
	r.took_us = 42000;
	revocation_done(list, &r);
	assert_int_equal(revocation_lift(list, lifted.n, "bob", NOW + 1, &out), 0);
	close_list();
	open_list();
	assert_true(refused(NOW));
	assert_int_equal(revocations_count(list), 2);
	assert_int_equal(revocation_get(list, r.n, &out), 0);
	assert_string_equal(out.label, "thing 22");
	assert_string_equal(out.reason, "leaked");
	assert_string_equal(out.by, "ann");
	assert_int_equal(out.kind, REVOKE_SUBJECT);
	assert_int_equal(out.at_s, NOW);
	assert_true(out.stored && out.done);
	assert_int_equal(out.sessions, 17);
	assert_int_equal(out.cut_us, 7000);
	assert_int_equal(out.took_us, 42000);
	assert_int_equal(revocation_get(list, lifted.n, &out), 0);
	assert_int_equal(out.lifted_s, NOW + 1);
	assert_string_equal(out.lifted_by, "bob");
	assert_int_equal(revocation_get(list, ended.n, &out), 0);
	assert_int_equal(add(REVOKE_NODE, 3, 0).n, r.n + 1);
}

// Another call for the same thing has the last word.
static void twice_is_once(void **)
{
	struct revocation first = add(REVOKE_NODE, 32, NOW + 10);
	struct revocation again = add(REVOKE_NODE, 32, 0);

	assert_int_equal(again.n, first.n);
	assert_int_equal(revocations_count(list), 1);
	assert_true(refused(NOW + 10));
	close_list();
	open_list();
	assert_true(refused(NOW + 10));
}

// One that has ended is history: the next is a new one.
static void again_after_its_end(void **)
{
	struct revocation ask = {.kind = REVOKE_NODE, .node = id(32), .reason = "leaked"}, out;
	struct revocation first = add(REVOKE_NODE, 32, NOW + 10);

	assert_int_equal(revocation_add(list, &ask, NOW + 20, &out), 0);
	assert_int_equal(out.n, first.n + 1);
	close_list();
	open_list();
	assert_true(refused(NOW + 100));
}

static void lifting_what_is_not(void **)
{
	struct revocation out, r = add(REVOKE_NODE, 32, 0);

	assert_int_equal(revocation_lift(list, r.n + 1, "bob", NOW, &out), -ENOENT);
	assert_int_equal(revocation_lift(list, r.n, "bob", NOW, &out), 0);
	assert_int_equal(revocation_lift(list, r.n, "bob", NOW, &out), -EALREADY);
	assert_int_equal(revocation_get(list, 77, &out), -ENOENT);
}

// ---- lists

struct seen {
	int64_t numbers[16];
	unsigned n;
};

static bool see(void *context, const struct revocation *r)
{
	struct seen *seen = context;

	seen->numbers[seen->n++] = r->n;
	return true;
}

static void pages_are_newest_first(void **)
{
	struct seen all = {0}, page = {0}, rest = {0}, live = {0};
	struct revocation out;

	for (uint64_t i = 1; i <= 5; i++)
		(void)add(REVOKE_NODE, i, i == 2 ? NOW + 10 : 0);
	assert_int_equal(revocation_lift(list, 4, "bob", NOW, &out), 0);
	assert_int_equal(revocation_list(list, 10, 0, false, NOW + 10, see, &all), 0);
	assert_int_equal(all.n, 5);
	assert_int_equal(all.numbers[0], 5);
	assert_int_equal(revocation_list(list, 2, 0, false, NOW, see, &page), 0);
	assert_int_equal(page.n, 2);
	assert_int_equal(revocation_list(list, 10, page.numbers[1], false, NOW, see, &rest), 0);
	assert_int_equal(rest.n, 3);
	assert_int_equal(rest.numbers[0], 3);
	assert_int_equal(revocation_list(list, 10, 0, true, NOW + 10, see, &live), 0);
	assert_int_equal(live.n, 3); // 5, 3, 1
	assert_int_equal(live.numbers[2], 1);
}

static void json_says_what_became_of_it(void **)
{
	struct revocation r = add(REVOKE_NODE, 32, 0);
	memset(r.label, 0xff, 20); // cut in the middle of a character, say
	json_t *json = revocation_json(&r);

	assert_non_null(json);
	assert_int_equal(json_integer_value(json_object_get(json, "id")), r.n);
	assert_string_equal(json_string_value(json_object_get(json, "kind")), "node");
	assert_true(json_is_null(json_object_get(json, "expires_ns")));
	assert_true(json_is_false(json_object_get(json, "done")));
	assert_null(json_object_get(json, "ms"));
	json_decref(json);
	r.sessions = 3;
	r.took_us = 1500;
	revocation_done(list, &r);
	assert_int_equal(revocation_get(list, r.n, &r), 0);
	json = revocation_json(&r);
	assert_int_equal(json_integer_value(json_object_get(json, "closed")), 3);
	assert_true(json_real_value(json_object_get(json, "ms")) == 1.5);
	json_decref(json);
}

// ---- a store that takes nothing

// Another process has it locked.
static sqlite3 *lock(void)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(scratch_file(&scratch, "store.db"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	return db;
}

static void it_holds_without_the_store(void **)
{
	struct revocation out;
	sqlite3 *db = lock();
	struct revocation r = add(REVOKE_NODE, 32, 0);

	assert_false(r.stored);
	assert_true(refused(NOW));
	assert_int_equal(revocation_get(list, r.n, &out), 0);
	assert_false(out.stored);
	r.sessions = 5;
	r.took_us = 100;
	revocation_done(list, &r);
	revocations_tick(list, NOW);
	sqlite3_close(db);
	revocations_tick(list, NOW);
	assert_int_equal(revocation_get(list, r.n, &out), 0);
	assert_true(out.stored);
	close_list();
	open_list();
	assert_true(refused(NOW));
	assert_int_equal(revocation_get(list, r.n, &out), 0);
	assert_int_equal(out.sessions, 5);
}

// What a restart would bring back is not said to be lifted.
static void it_is_not_lifted_without_the_store(void **)
{
	struct revocation out, r = add(REVOKE_NODE, 32, 0);
	sqlite3 *db = lock();

	assert_int_equal(revocation_lift(list, r.n, "bob", NOW, &out), -EBUSY);
	assert_true(refused(NOW));
	sqlite3_close(db);
	assert_int_equal(revocation_lift(list, r.n, "bob", NOW, &out), 0);
	assert_false(refused(NOW));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_fresh_list_refuses_nobody),
		TEST(each_link_and_kind_counts),
		TEST(another_kind_does_not),
		TEST(no_node_is_everybodys),
		TEST(one_with_an_end_ends),
		TEST(a_restart_forgets_nothing),
		TEST(twice_is_once),
		TEST(again_after_its_end),
		TEST(lifting_what_is_not),
		TEST(pages_are_newest_first),
		TEST(json_says_what_became_of_it),
		TEST(it_holds_without_the_store),
		TEST(it_is_not_lifted_without_the_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
