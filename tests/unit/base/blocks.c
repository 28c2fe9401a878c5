// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/base/blocks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MB = 1 << 20 };

static void small_sizes_round_up_to_units(void **)
{
	struct blocks *blocks = blocks_new(MB);
	size_t got;

	assert_non_null(blocks);
	void *a = blocks_get(blocks, 1, &got);
	assert_non_null(a);
	assert_int_equal(got, BLOCKS_SMALLEST);
	void *b = blocks_get(blocks, BLOCKS_SMALLEST + 1, &got);
	assert_non_null(b);
	assert_int_equal(got, 2 * BLOCKS_SMALLEST);
	assert_int_equal(blocks_stats(blocks).used, 3 * BLOCKS_SMALLEST);
	blocks_put(blocks, a, BLOCKS_SMALLEST);
	blocks_put(blocks, b, 2 * BLOCKS_SMALLEST);
	assert_int_equal(blocks_stats(blocks).used, 0);
	assert_int_equal(blocks_stats(blocks).peak, 3 * BLOCKS_SMALLEST);
	blocks_free(blocks);
}

// Just over a power of two must not cost the next one.
static void large_sizes_cost_at_most_a_quarter_more(void **)
{
	struct blocks *blocks = blocks_new(4 * MB);
	size_t got;

	for (size_t want = 8 * BLOCKS_SMALLEST; want < 3 * MB; want += 777) {
		void *block = blocks_get(blocks, want, &got);
		assert_non_null(block);
		assert_in_range(got, want, want + want / 4);
		memset(block, 0xa5, got);
		// The rest is there for others, up to the last byte.
		void *rest = blocks_get(blocks, BLOCKS_SMALLEST, &(size_t){0});
		assert_non_null(rest);
		assert_int_equal(blocks_stats(blocks).used, got + BLOCKS_SMALLEST);
		blocks_put(blocks, rest, BLOCKS_SMALLEST);
		blocks_put(blocks, block, got);
	}
	assert_int_equal(blocks_stats(blocks).used, 0);
	void *whole = blocks_get(blocks, 4 * MB, &got);
	assert_non_null(whole);
	blocks_put(blocks, whole, got);
	blocks_free(blocks);
}

static void everything_can_be_used_and_comes_back_whole(void **)
{
	struct blocks *blocks = blocks_new(MB);
	void *small[MB / BLOCKS_SMALLEST];
	size_t got;

	for (size_t i = 0; i < MB / BLOCKS_SMALLEST; i++) {
		small[i] = blocks_get(blocks, BLOCKS_SMALLEST, &got);
		assert_non_null(small[i]);
		memset(small[i], (int)i, got);
	}
	assert_null(blocks_get(blocks, 1, &got));
	assert_int_equal(blocks_stats(blocks).empty, 1);
	for (size_t i = 0; i < MB / BLOCKS_SMALLEST; i++)
		blocks_put(blocks, small[i], BLOCKS_SMALLEST);
	void *whole = blocks_get(blocks, MB, &got);
	assert_non_null(whole);
	assert_int_equal(got, MB);
	blocks_put(blocks, whole, got);
	blocks_free(blocks);
}

static void an_odd_region_is_used_up(void **)
{
	struct blocks *blocks = blocks_new(7 * BLOCKS_SMALLEST - 5);
	void *all[7];
	size_t got;

	assert_int_equal(blocks_stats(blocks).total, 7 * BLOCKS_SMALLEST);
	assert_null(blocks_get(blocks, 8 * BLOCKS_SMALLEST, &got));
	for (int i = 0; i < 7; i++) {
		all[i] = blocks_get(blocks, 1, &got);
		assert_non_null(all[i]);
	}
	assert_null(blocks_get(blocks, 1, &got));
	for (int i = 0; i < 7; i++)
		blocks_put(blocks, all[i], BLOCKS_SMALLEST);
	void *four = blocks_get(blocks, 4 * BLOCKS_SMALLEST, &got);
	assert_non_null(four);
	blocks_put(blocks, four, got);
	blocks_free(blocks);
}

static void too_large_is_refused_and_counted(void **)
{
	struct blocks *blocks = blocks_new(2 * (size_t)BLOCKS_LARGEST);
	size_t got = 77;

	assert_null(blocks_get(blocks, (size_t)BLOCKS_LARGEST + 1, &got));
	assert_null(blocks_get(blocks, SIZE_MAX, &got));
	assert_int_equal(got, 77);
	assert_int_equal(blocks_stats(blocks).empty, 2);
	void *largest = blocks_get(blocks, BLOCKS_LARGEST, &got);
	assert_non_null(largest);
	blocks_put(blocks, largest, got);
	blocks_free(blocks);
}

static void impossible_regions_are_refused(void **)
{
	assert_null(blocks_new(0));
	assert_null(blocks_new(SIZE_MAX));
	blocks_free(NULL);
}

struct held {
	uint8_t *p;
	size_t n;
	uint8_t mark;
};

static void check_and_put(struct blocks *blocks, struct held *h)
{
	for (size_t i = 0; i < h->n; i++)
		assert_int_equal(h->p[i], h->mark);
	blocks_put(blocks, h->p, h->n);
	h->p = NULL;
}

// Blocks in use never overlap, whatever the order of gets and puts; and all memory comes back.
static void random_use_keeps_blocks_apart(void **)
{
	enum { HELD = 64, ROUNDS = 20000 };
	struct blocks *blocks = blocks_new(MB);
	struct held held[HELD] = {0};
	size_t got;

	srand(20260101);
	print_message("seed 20260101\n");
	for (int round = 0; round < ROUNDS; round++) {
		struct held *h = &held[rand() % HELD];
		if (h->p != NULL) {
			check_and_put(blocks, h);
			continue;
		}
		h->p = blocks_get(blocks, (size_t)rand() % (1u << (rand() % 17)), &got);
		if (h->p == NULL)
			continue;
		*h = (struct held){h->p, got, (uint8_t)round};
		memset(h->p, h->mark, h->n);
	}
	for (int i = 0; i < HELD; i++)
		if (held[i].p != NULL)
			check_and_put(blocks, &held[i]);
	assert_int_equal(blocks_stats(blocks).used, 0);
	void *whole = blocks_get(blocks, MB, &got);
	assert_non_null(whole);
	blocks_put(blocks, whole, got);
	blocks_free(blocks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_sizes_round_up_to_units),
		cmocka_unit_test(large_sizes_cost_at_most_a_quarter_more),
		cmocka_unit_test(everything_can_be_used_and_comes_back_whole),
		cmocka_unit_test(an_odd_region_is_used_up),
		cmocka_unit_test(too_large_is_refused_and_counted),
		cmocka_unit_test(impossible_regions_are_refused),
		cmocka_unit_test(random_use_keeps_blocks_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
