// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/overlap.h"

// cmocka.h wants these first.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void apart_stays_apart_and_is_sorted(void **)
{
	struct finding in[] = {{20, 30, 1}, {0, 5, 2}, {5, 9, 3}}, out[3];
	assert_int_equal(overlap_resolve(in, 3, out, 3), 3);
	assert_int_equal(out[0].pattern, 2);
	assert_int_equal(out[1].pattern, 3); // touching is not overlapping
	assert_int_equal(out[2].start, 20);
}

static void the_longest_wins_and_no_byte_is_lost(void **)
{
	struct finding in[] = {{0, 5, 9}, {3, 12, 4}, {11, 13, 1}}, out[3];
	assert_int_equal(overlap_resolve(in, 3, out, 3), 1);
	assert_int_equal(out[0].start, 0);
	assert_int_equal(out[0].end, 13);
	assert_int_equal(out[0].pattern, 4);
	assert_true(out[0].joined);
	struct finding inside[] = {{0, 9, 4}, {3, 9, 1}};
	assert_int_equal(overlap_resolve(inside, 2, out, 3), 1);
	assert_false(out[0].joined); // all of it is the winner's
}

static void ties_go_left_then_to_the_lower_id(void **)
{
	struct finding left[] = {{2, 6, 1}, {0, 4, 7}}, out[2];
	assert_int_equal(overlap_resolve(left, 2, out, 2), 1);
	assert_int_equal(out[0].pattern, 7);
	struct finding same[] = {{0, 4, 7}, {0, 4, 3}};
	assert_int_equal(overlap_resolve(same, 2, out, 2), 1);
	assert_int_equal(out[0].pattern, 3);
}

// Whichever was found first.
static void forms_have_an_order(void **)
{
	for (int swap = 0; swap < 2; swap++) {
		const struct finding url = {0, 4, 1, SCAN_URL}, json = {0, 4, 1, SCAN_JSON};
		struct finding in[] = {swap ? json : url, swap ? url : json}, out[2];
		overlap_sort(in, 2);
		assert_int_equal(in[0].form, SCAN_URL);
		assert_int_equal(overlap_resolve(in, 2, out, 2), 1);
		assert_int_equal(out[0].form, SCAN_URL);
	}
}

static void what_does_not_fit_is_counted(void **)
{
	struct finding in[] = {{0, 1, 0}, {2, 3, 0}, {4, 5, 0}}, out[1];
	assert_int_equal(overlap_resolve(in, 3, out, 1), 3);
	assert_int_equal(out[0].start, 0);
	assert_int_equal(overlap_resolve(in, 0, out, 1), 0);
}

// Against the definition, byte by byte: the union is kept and groups are maximal.
static void random_groups_cover_the_same_bytes(void **)
{
	uint32_t seed = 20260101;
	print_message("seed %u\n", seed);
	for (int round = 0; round < 2000; round++) {
		struct finding in[40], out[40];
		uint8_t covered[128] = {}, got[128] = {};
		for (int i = 0; i < 40; i++) {
			seed = seed * 1664525 + 1013904223;
			uint32_t start = seed >> 8 & 63, length = 1 + (seed >> 20 & 7);
			in[i] = (struct finding){start, start + length, (uint16_t)(seed >> 28)};
			memset(covered + start, 1, length);
		}
		size_t n = overlap_resolve(in, 40, out, 40);
		for (size_t i = 0; i < n; i++) {
			assert_true(i == 0 || out[i].start >= out[i - 1].end);
			memset(got + out[i].start, 1, out[i].end - out[i].start);
		}
		assert_memory_equal(covered, got, sizeof(got));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(apart_stays_apart_and_is_sorted),
		cmocka_unit_test(the_longest_wins_and_no_byte_is_lost),
		cmocka_unit_test(ties_go_left_then_to_the_lower_id),
		cmocka_unit_test(forms_have_an_order),
		cmocka_unit_test(what_does_not_fit_is_counted),
		cmocka_unit_test(random_groups_cover_the_same_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
