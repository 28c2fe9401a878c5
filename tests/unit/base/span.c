// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/base/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void equality_is_by_content(void **)
{
	assert_true(span_equal(SPAN_LIT("abc"), span_of("abcd", 3)));
	assert_false(span_equal(SPAN_LIT("abc"), SPAN_LIT("abd")));
	assert_false(span_equal(SPAN_LIT("abc"), SPAN_LIT("ab")));
	assert_true(span_equal((struct span){NULL, 0}, SPAN_LIT("")));
}

static void strings_and_literals_leave_out_the_nul(void **)
{
	assert_int_equal(SPAN_LIT("a\0b").n, 3);
	assert_int_equal(span_str("abc").n, 3);
	assert_int_equal(span_str(NULL).n, 0);
}

static void parts_never_leave_the_whole(void **)
{
	struct span s = SPAN_LIT("abc");

	assert_true(span_equal(span_from(s, 1), SPAN_LIT("bc")));
	assert_int_equal(span_from(s, 3).n, 0);
	assert_int_equal(span_from(s, SIZE_MAX).n, 0);
	assert_ptr_equal(span_from(s, SIZE_MAX).p, s.p + 3);
	assert_int_equal(span_from((struct span){NULL, 0}, 1).n, 0);
	assert_true(span_equal(span_first(s, 2), SPAN_LIT("ab")));
	assert_true(span_equal(span_first(s, SIZE_MAX), s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equality_is_by_content),
		cmocka_unit_test(strings_and_literals_leave_out_the_nul),
		cmocka_unit_test(parts_never_leave_the_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
