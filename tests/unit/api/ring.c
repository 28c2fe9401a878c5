// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/api/ring.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { PASSED = 200000 };

static void the_count_must_be_a_power_of_two(void **)
{
	struct ring ring;

	assert_int_equal(ring_init(&ring, 0, 8), -EINVAL);
	assert_int_equal(ring_init(&ring, 3, 8), -EINVAL);
	assert_int_equal(ring_init(&ring, 4, 0), -EINVAL);
	assert_int_equal(ring_init(&ring, 4, 8), 0);
	ring_fini(&ring);
	ring_fini(&ring);
}

static void a_full_ring_takes_no_more_and_keeps_the_order(void **)
{
	struct ring ring;
	uint64_t v;

	assert_int_equal(ring_init(&ring, 4, sizeof(v)), 0);
	for (uint32_t round = 0; round < 10; round++) {
		for (v = 0; v < 4; v++)
			assert_true(ring_push(&ring, &v));
		assert_false(ring_push(&ring, &v));
		assert_int_equal(ring_count(&ring), 4);
		for (uint64_t i = 0; i < 4; i++) {
			assert_true(ring_pop(&ring, &v));
			assert_int_equal(v, i);
		}
		assert_false(ring_pop(&ring, &v));
	}
	ring_fini(&ring);
}

static void the_indices_may_wrap(void **)
{
	struct ring ring;
	uint64_t v = 7;

	assert_int_equal(ring_init(&ring, 2, sizeof(v)), 0);
	ring.head = ring.tail = UINT32_MAX;
	assert_true(ring_push(&ring, &v));
	assert_true(ring_push(&ring, &v));
	assert_false(ring_push(&ring, &v));
	assert_int_equal(ring_count(&ring), 2);
	assert_true(ring_pop(&ring, &v));
	assert_true(ring_pop(&ring, &v));
	assert_false(ring_pop(&ring, &v));
	ring_fini(&ring);
}

static void *produce(void *arg)
{
	for (uint64_t v = 0; v < PASSED; v++) {
		while (!ring_push(arg, &v))
			sched_yield();
	}
	return NULL;
}

static void two_threads_lose_nothing(void **)
{
	struct ring ring;
	pthread_t producer;
	uint64_t v;

	assert_int_equal(ring_init(&ring, 64, sizeof(v)), 0);
	assert_int_equal(pthread_create(&producer, NULL, produce, &ring), 0);
	for (uint64_t i = 0; i < PASSED; i++) {
		while (!ring_pop(&ring, &v))
			sched_yield();
		assert_int_equal(v, i);
	}
	pthread_join(producer, NULL);
	assert_false(ring_pop(&ring, &v));
	ring_fini(&ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_count_must_be_a_power_of_two),
		cmocka_unit_test(a_full_ring_takes_no_more_and_keeps_the_order),
		cmocka_unit_test(the_indices_may_wrap),
		cmocka_unit_test(two_threads_lose_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
