// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/base/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct stages stages;
static struct stage_counts counts;

static int follow(void **)
{
	memset(&counts, 0, sizeof(counts));
	stages_follow(&stages, &counts);
	return 0;
}

static int forget(void **)
{
	stages_follow(NULL, NULL);
	return 0;
}

static uint64_t sum(void)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < STAGE_COUNT; i++)
		all += counts.cycles[i];
	return all;
}

// A stage that takes at least so many cycles.
static void stay(enum stage stage, uint64_t cycles)
{
	enum stage before = stage_enter(stage);
	uint64_t begin = __builtin_ia32_rdtsc();

	while (__builtin_ia32_rdtsc() - begin < cycles)
		;
	stage_leave(before);
}

static void each_cycle_belongs_to_the_innermost_stage(void **)
{
	stages_begin_turn();
	enum stage before = stage_enter(STAGE_RELAY);
	assert_int_equal(before, STAGE_LOOP);
	stay(STAGE_SCAN, 100000);
	stay(STAGE_SEAL, 200000);
	stage_leave(before);
	stages_end_turn(true);
	assert_in_range(counts.cycles[STAGE_SCAN], 100000, UINT64_MAX);
	assert_in_range(counts.cycles[STAGE_SEAL], 200000, UINT64_MAX);
	assert_in_range(counts.cycles[STAGE_RELAY], 1, UINT64_MAX);
	assert_int_equal(counts.cycles[STAGE_IDLE], 0);
	assert_int_equal(counts.cycles[STAGE_TX], 0);
}

static void all_stages_together_are_all_the_time(void **)
{
	uint64_t begin = stages.since;

	for (unsigned i = 0; i < 10; i++) {
		stages_begin_turn();
		stay(STAGE_RX, 1000);
		stages_end_turn(i % 2 == 0);
	}
	assert_int_equal(sum(), stages.since - begin);
}

static void a_turn_without_work_is_idle(void **)
{
	stages_begin_turn();
	stay(STAGE_RX, 1000);
	stages_end_turn(false);
	assert_in_range(counts.cycles[STAGE_IDLE], 1000, UINT64_MAX);
	assert_int_equal(sum(), counts.cycles[STAGE_IDLE]);
}

static void units_are_counted(void **)
{
	stage_add(STAGE_OPEN, 2);
	stage_add(STAGE_OPEN, 1);
	assert_int_equal(counts.units[STAGE_OPEN], 3);
}

static void who_does_not_follow_counts_nothing(void **)
{
	stages_follow(NULL, NULL);
	stages_begin_turn();
	enum stage before = stage_enter(STAGE_SEAL);
	stage_add(STAGE_SEAL, 1);
	stage_leave(before);
	stages_end_turn(true);
	assert_int_equal(sum(), 0);
	assert_int_equal(counts.units[STAGE_SEAL], 0);
}

static void every_stage_has_a_name(void **)
{
	for (unsigned i = 0; i < STAGE_COUNT; i++) {
		assert_non_null(stage_name((enum stage)i));
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(
				stage_name((enum stage)i), stage_name((enum stage)j)
			);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			each_cycle_belongs_to_the_innermost_stage, follow, forget
		),
		cmocka_unit_test_setup_teardown(
			all_stages_together_are_all_the_time, follow, forget
		),
		cmocka_unit_test_setup_teardown(a_turn_without_work_is_idle, follow, forget),
		cmocka_unit_test_setup_teardown(units_are_counted, follow, forget),
		cmocka_unit_test_setup_teardown(who_does_not_follow_counts_nothing, follow, forget),
		cmocka_unit_test_setup_teardown(every_stage_has_a_name, follow, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
