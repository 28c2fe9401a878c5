// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// Each test runs over the heap and over blocks.
static struct blocks *source(void **state)
{
	return *state;
}

static int with_blocks(void **state)
{
	*state = blocks_new(1 << 20);
	return *state == NULL;
}

static int without_leak(void **state)
{
	size_t used = blocks_stats(*state).used;

	blocks_free(*state);
	return used != 0;
}

static void bytes_come_out_as_they_went_in(void **state)
{
	struct buf buf;

	buf_init(&buf, source(state), 100);
	assert_int_equal(buf_append(&buf, SPAN_LIT("ab")), 0);
	assert_int_equal(buf_append_u8(&buf, 1), 0);
	assert_int_equal(buf_append_be16(&buf, 0x0203), 0);
	assert_int_equal(buf_append_be32(&buf, 0x04050607), 0);
	assert_int_equal(buf_append(&buf, (struct span){NULL, 0}), 0);
	assert_true(span_equal(buf_span(&buf), SPAN_LIT("ab\1\2\3\4\5\6\7")));
	buf_consume(&buf, 3);
	assert_true(span_equal(buf_span(&buf), SPAN_LIT("\2\3\4\5\6\7")));
	buf_truncate(&buf, 2);
	assert_true(span_equal(buf_span(&buf), SPAN_LIT("\2\3")));
	buf_fini(&buf);
}

static void the_limit_holds_and_nothing_is_half_done(void **state)
{
	struct buf buf;

	buf_init(&buf, source(state), 5);
	assert_int_equal(buf_append(&buf, SPAN_LIT("abc")), 0);
	assert_int_equal(buf_append(&buf, SPAN_LIT("def")), ERR_LIMIT);
	assert_int_equal(buf_reserve(&buf, SIZE_MAX), ERR_LIMIT);
	assert_int_equal(buf_append_be32(&buf, 0), ERR_LIMIT);
	assert_true(span_equal(buf_span(&buf), SPAN_LIT("abc")));
	assert_int_equal(buf_append(&buf, SPAN_LIT("de")), 0);
	assert_int_equal(buf_append_u8(&buf, 'f'), ERR_LIMIT);
	buf_consume(&buf, 1);
	assert_int_equal(buf_append_u8(&buf, 'f'), 0);
	assert_true(span_equal(buf_span(&buf), SPAN_LIT("bcdef")));
	buf_fini(&buf);
}

static void it_owns_nothing_when_trimmed_empty(void **state)
{
	struct buf buf;

	buf_init(&buf, source(state), 4096);
	buf_trim(&buf);
	assert_null(buf.data);
	assert_int_equal(buf_append(&buf, SPAN_LIT("abc")), 0);
	buf_trim(&buf);
	assert_int_equal(buf_len(&buf), 3);
	buf_consume(&buf, 3);
	buf_trim(&buf);
	assert_null(buf.data);
	assert_int_equal(buf.cap, 0);
	assert_int_equal(buf_append(&buf, SPAN_LIT("abc")), 0);
	buf_fini(&buf);
	assert_int_equal(buf_append(&buf, SPAN_LIT("abc")), 0);
	buf_fini(&buf);
}

static void fini_accepts_a_zeroed_buf(void **)
{
	struct buf buf = {0};

	buf_fini(&buf);
	buf_trim(&buf);
}

static void consumed_room_is_used_before_more_is_asked_for(void **state)
{
	struct buf buf;

	buf_init(&buf, source(state), 1 << 16);
	assert_int_equal(buf_reserve(&buf, 1024), 0);
	size_t cap = buf.cap;
	memset(buf_tail(&buf), 'x', cap);
	buf_commit(&buf, cap);
	buf_consume(&buf, cap / 2);
	assert_int_equal(buf_reserve(&buf, cap / 2), 0);
	assert_int_equal(buf.cap, cap);
	buf_fini(&buf);
}

// A full buf whose reader takes one byte at a time must not be moved once for each.
static void small_bites_do_not_move_everything_each_time(void **state)
{
	struct buf buf;
	int moved = 0;

	buf_init(&buf, source(state), 1 << 16);
	assert_int_equal(buf_reserve(&buf, 4096), 0);
	memset(buf_tail(&buf), 'x', 4096);
	buf_commit(&buf, 4096);
	for (int i = 0; i < 10000; i++) {
		buf_consume(&buf, 1);
		const uint8_t *before = buf_span(&buf).p;
		assert_int_equal(buf_append_u8(&buf, 'x'), 0);
		moved += buf_span(&buf).p != before;
	}
	assert_true(moved < 10);
	assert_true(buf.cap <= 16384);
	buf_fini(&buf);
}

static void an_empty_source_leaves_the_content(void **state)
{
	struct blocks *blocks = source(state);
	struct buf a, b;

	if (blocks == NULL)
		return;
	buf_init(&a, blocks, 1 << 20);
	buf_init(&b, blocks, 1 << 20);
	assert_int_equal(buf_reserve(&a, 1 << 19), 0);
	assert_int_equal(buf_append(&b, SPAN_LIT("abc")), 0);
	assert_int_equal(buf_reserve(&b, 1 << 19), ERR_POOL_EMPTY);
	assert_true(span_equal(buf_span(&b), SPAN_LIT("abc")));
	buf_fini(&a);
	assert_int_equal(buf_reserve(&b, 1 << 18), 0);
	assert_true(span_equal(buf_span(&b), SPAN_LIT("abc")));
	buf_fini(&b);
}

// Against a plain array: any mix of calls yields the same bytes.
static void random_use_matches_a_model(void **state)
{
	enum { LIMIT = 20000 };
	static uint8_t model[LIMIT];
	size_t n = 0;
	struct buf buf;

	srand(20260102);
	print_message("seed 20260102\n");
	buf_init(&buf, source(state), LIMIT);
	for (int round = 0; round < 20000; round++) {
		uint8_t bytes[1500];
		size_t take = (size_t)rand() % (n + 1);
		size_t add = (size_t)rand() % sizeof(bytes);
		memset(bytes, round, add);
		if (rand() % 3 == 0) {
			buf_consume(&buf, take);
			memmove(model, model + take, n - take);
			n -= take;
			buf_trim(&buf);
		}
		int want = add > LIMIT - n ? ERR_LIMIT : 0;
		assert_int_equal(buf_append(&buf, span_of(bytes, add)), want);
		if (want == 0) {
			memcpy(model + n, bytes, add);
			n += add;
		}
		assert_true(span_equal(buf_span(&buf), span_of(model, n)));
	}
	buf_fini(&buf);
}

#define BOTH(test) \
	cmocka_unit_test(test), cmocka_unit_test_setup_teardown(test, with_blocks, without_leak)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(bytes_come_out_as_they_went_in),
		BOTH(the_limit_holds_and_nothing_is_half_done),
		BOTH(it_owns_nothing_when_trimmed_empty),
		BOTH(consumed_room_is_used_before_more_is_asked_for),
		BOTH(small_bites_do_not_move_everything_each_time),
		BOTH(an_empty_source_leaves_the_content),
		BOTH(random_use_matches_a_model),
		cmocka_unit_test(fini_accepts_a_zeroed_buf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
