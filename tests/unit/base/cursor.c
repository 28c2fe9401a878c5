// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/base/cursor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void fields_are_big_endian(void **)
{
	struct cursor c =
		cursor_of(SPAN_LIT("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"));

	assert_int_equal(cursor_u8(&c), 0x01);
	assert_int_equal(cursor_be16(&c), 0x0203);
	assert_int_equal(cursor_be32(&c), 0x04050607);
	assert_false(cursor_done(&c));
	assert_true(cursor_be64(&c) == 0x08090a0b0c0d0e0f);
	assert_true(cursor_done(&c));
}

static void a_read_past_the_end_yields_zero_and_stays_bad(void **)
{
	struct cursor c = cursor_of(SPAN_LIT("\xff\xff\xff"));

	assert_int_equal(cursor_be32(&c), 0);
	assert_true(c.bad);
	assert_int_equal(cursor_u8(&c), 0);
	assert_int_equal(cursor_be64(&c), 0);
	assert_int_equal(cursor_bytes(&c, 0).n, 0);
	assert_false(cursor_done(&c));
}

static void lengths_cannot_wrap(void **)
{
	struct cursor c = cursor_of(SPAN_LIT("abc"));

	assert_int_equal(cursor_bytes(&c, SIZE_MAX).n, 0);
	assert_true(c.bad);
}

static void a_loop_over_what_is_left_ends(void **)
{
	struct cursor c = cursor_of(SPAN_LIT("\1\2\3\4\5")), text = cursor_of(SPAN_LIT("ab"));

	while (cursor_left(&c) > 0)
		(void)cursor_be16(&c);
	assert_true(c.bad);
	while (cursor_left(&text) > 0)
		(void)cursor_cstr(&text);
	assert_true(text.bad);
}

static void nothing_can_be_read_from_nowhere(void **)
{
	struct cursor c = cursor_of((struct span){NULL, 0});
	struct cursor child = cursor_child(&c, 0);

	assert_true(cursor_done(&c));
	assert_true(cursor_done(&child));
	assert_int_equal(cursor_cstr(&child).n, 0);
	assert_true(child.bad);
	assert_int_equal(cursor_u8(&c), 0);
	assert_true(c.bad);
}

static void half_a_be64_is_bad(void **)
{
	struct cursor c = cursor_of(SPAN_LIT("\1\2\3\4\5\6\7"));

	(void)cursor_be64(&c);
	assert_true(c.bad);
}

static void strings_end_at_their_nul(void **)
{
	struct cursor c = cursor_of(SPAN_LIT("ab\0\0cd"));

	assert_true(span_equal(cursor_cstr(&c), SPAN_LIT("ab")));
	assert_true(span_equal(cursor_cstr(&c), SPAN_LIT("")));
	assert_false(c.bad);
	assert_int_equal(cursor_cstr(&c).n, 0);
	assert_true(c.bad);
}

static void a_child_is_bounded_by_its_length(void **)
{
	struct cursor c = cursor_of(SPAN_LIT("abcd"));
	struct cursor child = cursor_child(&c, 3);

	assert_int_equal(cursor_be16(&child), 'a' << 8 | 'b');
	assert_false(cursor_done(&child));
	assert_int_equal(cursor_be16(&child), 0);
	assert_true(child.bad);
	assert_false(c.bad);
	assert_int_equal(cursor_u8(&c), 'd');
	assert_true(cursor_done(&c));
}

static void a_child_that_does_not_fit_spoils_both(void **)
{
	struct cursor c = cursor_of(SPAN_LIT("abcd"));
	struct cursor child = cursor_child(&c, 5);

	assert_true(child.bad);
	assert_true(c.bad);
	assert_int_equal(cursor_u8(&child), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_big_endian),
		cmocka_unit_test(a_read_past_the_end_yields_zero_and_stays_bad),
		cmocka_unit_test(lengths_cannot_wrap),
		cmocka_unit_test(a_loop_over_what_is_left_ends),
		cmocka_unit_test(nothing_can_be_read_from_nowhere),
		cmocka_unit_test(half_a_be64_is_bad),
		cmocka_unit_test(strings_end_at_their_nul),
		cmocka_unit_test(a_child_is_bounded_by_its_length),
		cmocka_unit_test(a_child_that_does_not_fit_spoils_both),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
