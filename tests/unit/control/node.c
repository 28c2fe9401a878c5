// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/identity/node.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void ids_differ_by_kind_and_by_boundary(void **state)
{
	(void)state;
	const struct node_id ids[] = {
		node_of_subject("a", "bc"),
		node_of_subject("ab", "c"),
		node_of_token("a", SPAN_LIT("bc")),
		node_of_token("ab", SPAN_LIT("c")),
		node_of_resource("a"),
		node_of_resource("abc"),
		node_of_subject("a", ""),
	};
	const size_t n = sizeof(ids) / sizeof(ids[0]);

	for (size_t i = 0; i < n; i++) {
		assert_false(node_is_none(&ids[i]));
		for (size_t j = 0; j < i; j++)
			assert_false(node_equal(&ids[i], &ids[j]));
	}
	const struct node_id again = node_of_subject("a", "bc");
	assert_true(node_equal(&ids[0], &again));
}

static void text_reads_back_and_nothing_else_does(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"0123",
		"0123456789abcdef0123456789abcdeg",
		"0123456789ABCDEF0123456789ABCDEF",
		"0123456789abcdef0123456789abcdef0",
	};
	const struct node_id id = node_of_resource("orders");
	struct node_id read = {{0, 0}};
	char text[NODE_TEXT_SIZE];

	assert_true(node_parse(span_str(node_text(&id, text)), &read));
	assert_true(node_equal(&id, &read));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(node_parse(span_str(bad[i]), &read));
	assert_true(node_equal(&id, &read));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_differ_by_kind_and_by_boundary),
		cmocka_unit_test(text_reads_back_and_nothing_else_does),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
