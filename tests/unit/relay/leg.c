// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A leg without its connection: not there yet, or given back. With one, the simulator tests it.

#include "dataplane/relay/leg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

enum { MEMORY = 1 << 20, MAX = 64 << 10 };

static void nothing_to_do(struct leg_io *leg)
{
	assert_int_equal(leg_pull(leg, 100), 0);
	assert_int_equal(leg_push(leg), 0);
	assert_true(leg_close(leg));
	assert_true(leg_is_delivered(leg));
	leg_abandon(leg);
	leg_fini(leg);
}

static void zeroed(void **state)
{
	struct leg_io leg = {0};
	(void)state;
	nothing_to_do(&leg);
}

static void waits_for_a_connection(void **state)
{
	struct blocks *blocks = blocks_new(MEMORY);
	struct leg_io leg;
	(void)state;
	assert_non_null(blocks);
	leg_init(&leg, blocks, MAX, MAX);
	assert_int_equal(blocks_stats(blocks).used, 0);
	assert_true(leg_is_flushed(&leg));
	assert_int_equal(buf_append(&leg.out, SPAN_LIT("early")), 0);
	assert_int_equal(leg_push(&leg), 0);
	assert_int_equal(leg_backlog(&leg), 5);
	assert_false(leg_is_flushed(&leg));
	leg_trim(&leg);
	assert_int_equal(leg_backlog(&leg), 5);
	buf_consume(&leg.out, 5);
	leg_trim(&leg);
	assert_int_equal(blocks_stats(blocks).used, 0);
	assert_int_equal(buf_append(&leg.plain, SPAN_LIT("late")), 0);
	nothing_to_do(&leg);
	assert_int_equal(blocks_stats(blocks).used, 0);
	blocks_free(blocks);
}

// What is expected has its place at once, and it is given back with the rest; what cannot have one
// changes nothing.
static void makes_room_for_what_comes(void **state)
{
	struct blocks *blocks = blocks_new(MEMORY);
	struct leg_io leg;
	(void)state;
	assert_non_null(blocks);
	leg_init(&leg, blocks, MAX, MAX);
	leg_expect(&leg, 40000);
	size_t used = blocks_stats(blocks).used;
	assert_in_range(used, 40000, LEG_EXPECT_MAX);
	for (int i = 0; i < 40; i++) {
		uint8_t row[1000] = {0};
		assert_int_equal(buf_append(&leg.out, span_of(row, sizeof(row))), 0);
		assert_int_equal(blocks_stats(blocks).used, used);
	}
	leg_expect(&leg, SIZE_MAX); // beyond the limit of `out`
	assert_int_equal(blocks_stats(blocks).used, used);
	buf_consume(&leg.out, 40000);
	leg_expect(&leg, SIZE_MAX);
	assert_in_range(blocks_stats(blocks).used, LEG_EXPECT_MAX, MAX);
	leg_trim(&leg);
	assert_int_equal(blocks_stats(blocks).used, 0);
	leg_fini(&leg);
	blocks_free(blocks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zeroed),
		cmocka_unit_test(waits_for_a_connection),
		cmocka_unit_test(makes_room_for_what_comes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
