// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SIZE = 256 * 1024 };

static uint8_t one[SIZE], other[SIZE];

static void the_same_seed_makes_the_same_text(void **)
{
	for (enum sample_kind kind = SAMPLE_LOG; kind < SAMPLE_ALL_KINDS; kind++) {
		sample_fill(kind, 7, 1024, one, SIZE);
		sample_fill(kind, 8, 1024, other, SIZE);
		assert_memory_not_equal(one, other, SIZE);
		sample_fill(kind, 7, 1024, other, SIZE);
		assert_memory_equal(one, other, SIZE);
	}
}

static int by_text(const void *a, const void *b)
{
	const struct span *x = a, *y = b;
	size_t n = x->n < y->n ? x->n : y->n;
	int order = memcmp(x->p, y->p, n);
	return order != 0 ? order : (x->n > y->n) - (x->n < y->n);
}

// Lines of 40 bytes or more: shorter ones are a record's inner lines.
static void no_two_lines_are_alike(void **)
{
	static struct span lines[SIZE / 40];
	for (enum sample_kind kind = SAMPLE_LOG; kind < SAMPLE_ALL_KINDS; kind++) {
		size_t n = 0, twice = 0;
		if (kind == SAMPLE_ROWS)
			continue;
		sample_fill(kind, 1, 0, one, SIZE);
		for (const uint8_t *p = one, *end = one + SIZE, *stop; p < end; p = stop + 1) {
			stop = memchr(p, '\n', (size_t)(end - p));
			if (stop == NULL)
				break;
			if (stop - p >= 40)
				lines[n++] = span_of(p, (size_t)(stop - p));
		}
		assert_true(n > 50);
		qsort(lines, n, sizeof(lines[0]), by_text);
		for (size_t i = 1; i < n; i++)
			twice += by_text(&lines[i - 1], &lines[i]) == 0;
		// The head of a table comes again with it.
		assert_true(twice < 20);
	}
}

static void rows_have_names_and_values(void **)
{
	struct span name, value;
	size_t values = 0, bytes = 0;
	sample_fill(SAMPLE_ROWS, 1, 0, one, SIZE);
	struct sample_rows rows = {.text = span_of(one, SIZE)};
	while (sample_rows_next(&rows, &name, &value)) {
		assert_true(name.n > 0 && name.n < 32);
		assert_true(value.p > one && value.n > 0 && value.p + value.n <= one + SIZE);
		values++;
		bytes += value.n;
	}
	assert_true(values > SIZE / 100 && bytes > SIZE / 2);
}

static void rows_end_where_they_are_cut(void **)
{
	struct span name, value;
	sample_fill(SAMPLE_ROWS, 1, 0, one, SIZE);
	for (size_t cut = 0; cut < 4096; cut++) {
		struct sample_rows rows = {.text = span_of(one, cut)};
		while (sample_rows_next(&rows, &name, &value))
			assert_true(value.p + value.n <= one + cut);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_seed_makes_the_same_text),
		cmocka_unit_test(no_two_lines_are_alike),
		cmocka_unit_test(rows_have_names_and_values),
		cmocka_unit_test(rows_end_where_they_are_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
