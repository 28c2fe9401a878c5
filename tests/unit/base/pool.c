// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/base/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void objects_are_zeroed_aligned_and_apart(void **)
{
	struct pool *pool = pool_new(3, 65);
	uint8_t *objects[3];

	for (int i = 0; i < 3; i++) {
		objects[i] = pool_get(pool);
		assert_non_null(objects[i]);
		assert_int_equal((uintptr_t)objects[i] % 64, 0);
		for (int j = 0; j < 65; j++)
			assert_int_equal(objects[i][j], 0);
	}
	for (int i = 0; i < 3; i++)
		memset(objects[i], i + 1, 65);
	for (int i = 0; i < 3; i++)
		assert_int_equal(objects[i][64], i + 1);
	pool_free(pool);
}

static void the_limit_is_counted(void **)
{
	struct pool *pool = pool_new(1, 8);
	void *object = pool_get(pool);

	assert_null(pool_get(pool));
	assert_null(pool_get(pool));
	pool_put(pool, object);
	assert_int_equal(pool_stats(pool).size, 1);
	assert_int_equal(pool_stats(pool).used, 0);
	assert_int_equal(pool_stats(pool).peak, 1);
	assert_int_equal(pool_stats(pool).empty, 2);
	pool_put(pool, NULL);
	pool_free(pool);
}

static void the_last_put_is_the_first_to_come(void **)
{
	struct pool *pool = pool_new(3, 8);
	void *a = pool_get(pool), *b = pool_get(pool);

	pool_put(pool, a);
	pool_put(pool, b);
	assert_ptr_equal(pool_get(pool), b);
	assert_ptr_equal(pool_get(pool), a);
	pool_free(pool);
}

static void indices_find_their_objects(void **)
{
	struct pool *pool = pool_new(100, 100);

	for (int i = 0; i < 100; i++) {
		void *object = pool_get(pool);
		assert_ptr_equal(pool_at(pool, pool_index(pool, object)), object);
	}
	assert_null(pool_at(pool, 100));
	assert_null(pool_at(pool, UINT32_MAX));
	pool_free(pool);
}

static void a_handle_goes_stale(void **)
{
	struct pool *pool = pool_new(2, 8);
	void *object = pool_get(pool);
	uint32_t index = pool_index(pool, object);
	uint32_t generation = pool_generation(pool, index);

	pool_put(pool, object);
	assert_int_not_equal(pool_generation(pool, index), generation);
	assert_int_equal(pool_generation(pool, 2), 0);
	pool_free(pool);
}

static void impossible_pools_are_refused(void **)
{
	assert_null(pool_new(0, 8));
	assert_null(pool_new(8, 0));
	assert_null(pool_new(UINT32_MAX, SIZE_MAX / 4));
	assert_null(pool_new(1, SIZE_MAX));
	pool_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_are_zeroed_aligned_and_apart),
		cmocka_unit_test(the_limit_is_counted),
		cmocka_unit_test(the_last_put_is_the_first_to_come),
		cmocka_unit_test(indices_find_their_objects),
		cmocka_unit_test(a_handle_goes_stale),
		cmocka_unit_test(impossible_pools_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
