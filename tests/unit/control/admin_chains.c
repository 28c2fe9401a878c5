// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/admin/chains.h"
#include "controlplane/identity/node.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct chains *chains;
static session_id last;

static int set_up(void **)
{
	chains = chains_new(64);
	return chains == NULL;
}

static int tear_down(void **)
{
	chains_free(chains);
	chains_free(NULL);
	return 0;
}

// A session of the chain root > names..., whose links' nodes are of their names.
static session_id opened(const char *names, uint64_t time_ns)
{
	struct subject subject = {0};
	char copy[64], session[17];

	snprintf(copy, sizeof(copy), "%s", names);
	for (char *name = strtok(copy, ">"); name != NULL; name = strtok(NULL, ">"))
		subject.links[subject.n_links++] = (struct chain_link){
			.node = node_of_subject("i", name),
			.subject = node_of_subject("i", name),
			.token = node_of_token("i", span_str(name)),
			.issuer = "i",
			.key = name,
			.name = name,
		};
	snprintf(session, sizeof(session), "%016llx", (unsigned long long)++last);
	chains_opened(chains, last, session, &subject, time_ns);
	return last;
}

static json_t *get(uint64_t skip, unsigned limit, bool live)
{
	json_t *json = chains_json(chains, skip, limit, live, NULL, NULL);

	assert_non_null(json);
	return json;
}

static const char *name_at(const json_t *list, size_t i)
{
	return json_string_value(json_object_get(json_array_get(list, i), "name"));
}

static json_int_t number(const json_t *node, const char *key)
{
	return json_integer_value(json_object_get(node, key));
}

static void a_tree_grows_from_chains(void **)
{
	session_id deep = opened("root>a>b", 10);
	opened("root>a", 20);
	chains_progress(
		chains, &(struct event){.session = deep, .commands = 2, .rows = 7, .time_ns = 25}
	);
	chains_progress(chains, &(struct event){.session = last, .commands = 5, .time_ns = 25});
	chains_progress(chains, &(struct event){.session = 999, .commands = 5});
	chains_closed(
		chains, &(struct event
			){.session = deep, .commands = 3, .rows = 7, .denied = 1, .time_ns = 30}
	);
	json_t *json = get(0, 10, false);
	const json_t *root = json_array_get(json_object_get(json, "chains"), 0);
	const json_t *a = json_array_get(json_object_get(root, "children"), 0);
	const json_t *b = json_array_get(json_object_get(a, "children"), 0);
	assert_int_equal(number(root, "sessions"), 0); // its own: it only started others
	assert_int_equal(number(a, "live"), 1);
	assert_int_equal(number(a, "commands"), 5);
	assert_int_equal(number(b, "live"), 0);
	assert_int_equal(number(b, "sessions"), 1);
	assert_int_equal(number(b, "commands"), 3);
	assert_int_equal(number(b, "rows"), 7);
	assert_int_equal(number(b, "depth"), 2);
	assert_int_equal(json_array_size(json_object_get(a, "open")), 1);
	json_decref(json);
	json_t *links = chains_links(chains, last);
	assert_string_equal(name_at(links, 0), "root");
	assert_string_equal(name_at(links, 1), "a");
	json_decref(links);
	assert_null(chains_links(chains, deep));
}

static void roots_come_in_pages_the_last_active_first(void **)
{
	opened("x", 1);
	session_id y = opened("y", 2);
	opened("z", 3);
	opened("x", 4);
	json_t *json = get(0, 2, false);
	assert_string_equal(name_at(json_object_get(json, "chains"), 0), "x");
	assert_string_equal(name_at(json_object_get(json, "chains"), 1), "z");
	assert_int_equal(number(json, "next"), 2);
	json_decref(json);
	json = get(2, 2, false);
	assert_string_equal(name_at(json_object_get(json, "chains"), 0), "y");
	assert_true(json_is_null(json_object_get(json, "next")));
	json_decref(json);
	chains_closed(chains, &(struct event){.session = y});
	json = get(0, 10, true);
	assert_int_equal(json_array_size(json_object_get(json, "chains")), 2);
	json_decref(json);
}

static void what_is_below_is_counted(void **)
{
	opened("root>a>b", 1);
	opened("root>a>c", 1);
	opened("other>b", 1);
	struct node_id a = node_of_subject("i", "a"), root = node_of_subject("i", "root");
	assert_int_equal(chains_below(chains, REVOKE_NODE, &a), 3);
	assert_int_equal(chains_below(chains, REVOKE_SUBJECT, &root), 4);
	assert_int_equal(chains_below(chains, REVOKE_RESOURCE, &root), 0);
}

// The oldest that nobody needs any more goes; who is open, and who is above, stays.
static void a_full_tree_forgets_the_idle(void **)
{
	char name[16];
	struct node_id node;

	session_id kept = opened("kept>child", 1);
	for (unsigned i = 0; i < CHAINS_NODES_MAX + 10; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		session_id id = opened(name, 2 + i);
		chains_closed(chains, &(struct event){.session = id, .time_ns = 2 + i});
	}
	assert_true(chains_leaf(chains, kept, &node));
	node = node_of_subject("i", "n0");
	assert_int_equal(chains_below(chains, REVOKE_NODE, &node), 0);
	node = node_of_subject("i", name);
	assert_int_equal(chains_below(chains, REVOKE_NODE, &node), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_tree_grows_from_chains, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			roots_come_in_pages_the_last_active_first, set_up, tear_down
		),
		cmocka_unit_test_setup_teardown(what_is_below_is_counted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_full_tree_forgets_the_idle, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
