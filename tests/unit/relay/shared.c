// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/relay/shared.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { HOLDERS = 300, SIZE = 24 };

static struct shared *shared;

static int set_up(void **)
{
	shared = shared_new(HOLDERS, SIZE, (struct hash_key){{1, 2}});
	return shared == NULL;
}

static int tear_down(void **)
{
	shared_free(shared);
	return 0;
}

static const char *hold(unsigned n)
{
	char thing[SIZE] = "";
	memcpy(thing, &n, sizeof(n));
	return shared_hold(shared, thing);
}

static void equal_things_are_one(void **)
{
	const char *first = hold(7), *second = hold(7), *other = hold(8);

	assert_ptr_equal(first, second);
	assert_ptr_not_equal(first, other);
	assert_int_equal(shared_count(shared), 2);
	shared_drop(shared, first);
	assert_int_equal(shared_count(shared), 2);
	assert_memory_equal(second, "\7\0\0\0", 4);
	shared_drop(shared, second);
	assert_int_equal(shared_count(shared), 1);
	shared_drop(shared, other);
	shared_drop(shared, NULL);
	assert_int_equal(shared_count(shared), 0);
}

static void the_last_byte_tells_things_apart(void **)
{
	char a[SIZE] = "", b[SIZE] = "";
	b[SIZE - 1] = 1;
	const void *x = shared_hold(shared, a), *y = shared_hold(shared, b);
	assert_ptr_not_equal(x, y);
	shared_drop(shared, x);
	shared_drop(shared, y);
}

static void there_is_room_for_all_holders(void **)
{
	const char *held[HOLDERS];

	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < HOLDERS; i++)
			held[i] = hold(i * (round + 1));
		assert_int_equal(shared_count(shared), HOLDERS);
		for (unsigned i = 0; i < HOLDERS; i++)
			assert_ptr_equal(shared_hold(shared, held[i]), held[i]);
		for (unsigned i = 0; i < HOLDERS; i++) {
			shared_drop(shared, held[i]);
			shared_drop(shared, held[i]);
		}
		assert_int_equal(shared_count(shared), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(equal_things_are_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			the_last_byte_tells_things_apart, set_up, tear_down
		),
		cmocka_unit_test_setup_teardown(there_is_room_for_all_holders, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
