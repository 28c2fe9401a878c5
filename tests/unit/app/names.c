// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int learn(struct names *names, uint32_t version, const char *first, const char *second)
{
	struct resource resources[2] = {0};
	snprintf(resources[0].name, sizeof(resources[0].name), "%s", first);
	snprintf(resources[1].name, sizeof(resources[1].name), "%s", second);
	const struct snapshot snapshot = {
		.version = version,
		.n_resources = 2,
		.resources = resources};
	return names_learn(names, &snapshot);
}

static const char *name(const struct names *names, uint32_t version, uint16_t resource)
{
	return names_text(names, names_number(names, version, resource));
}

static void a_resource_has_the_name_of_its_version(void **)
{
	struct names names;

	assert_int_equal(names_init(&names), 0);
	assert_int_equal(learn(&names, 1, "orders", "billing"), 0);
	assert_int_equal(learn(&names, 2, "billing", "orders"), 0);
	assert_string_equal(name(&names, 1, 0), "orders");
	assert_string_equal(name(&names, 2, 0), "billing");
	assert_int_equal(names_number(&names, 1, 0), names_number(&names, 2, 1));
	assert_string_equal(name(&names, 3, 0), "");
	assert_string_equal(name(&names, 2, 2), "");
	names_fini(&names);
}

static void a_version_that_was_not_taken_is_replaced(void **)
{
	struct names names;

	assert_int_equal(names_init(&names), 0);
	assert_int_equal(learn(&names, 1, "wrong", "wrong too"), 0);
	assert_int_equal(learn(&names, 1, "orders", "billing"), 0);
	assert_string_equal(name(&names, 1, 0), "orders");
	names_fini(&names);
}

static void old_versions_are_forgotten_their_names_are_not(void **)
{
	struct names names;

	assert_int_equal(names_init(&names), 0);
	assert_int_equal(learn(&names, 1, "orders", "billing"), 0);
	uint32_t number = names_number(&names, 1, 0);
	for (uint32_t version = 2; version < 3 * NAMES_VERSIONS; version++)
		assert_int_equal(learn(&names, version, "other", "billing"), 0);
	assert_int_equal(names_number(&names, 1, 0), NAMES_NONE);
	assert_string_equal(names_text(&names, number), "orders");
	assert_int_equal(names.n, 4);
	names_fini(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_resource_has_the_name_of_its_version),
		cmocka_unit_test(a_version_that_was_not_taken_is_replaced),
		cmocka_unit_test(old_versions_are_forgotten_their_names_are_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
