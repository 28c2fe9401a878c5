// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/expression.h"

// cmocka.h wants these first.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *refused(const char *text)
{
	static char why[512];
	struct expression_width width;
	why[0] = '\0';
	return expression_check(text, &width, why, sizeof(why)) == 0 ? NULL : why;
}

static void width_is_told(void **)
{
	struct expression_width width;
	char why[512];
	assert_int_equal(expression_check("a[bc]{2,5}\\.", &width, why, sizeof(why)), 0);
	assert_int_equal(width.min, 4);
	assert_int_equal(width.max, 7);
}

static void no_greatest_width_is_told(void **)
{
	struct expression_width width;
	char why[512];
	assert_int_equal(expression_check("ab+", &width, why, sizeof(why)), 0);
	assert_int_equal(width.min, 2);
	assert_true(width.max == EXPRESSION_UNBOUNDED);
}

static void nothing_is_refused(void **)
{
	assert_non_null(strstr(refused("a?"), "nothing"));
}

static void looking_outside_is_refused(void **)
{
	assert_non_null(strstr(refused("^a"), "byte 1"));
	assert_non_null(strstr(refused("a$"), "byte 2"));
	assert_non_null(refused("\\ba"));
	assert_non_null(refused("a\\z"));
	assert_non_null(refused("(?=a)b"));
	assert_non_null(refused("(?x)a #b"));
	assert_non_null(refused("(?im)a"));
	assert_non_null(refused("(*UTF8)a"));
	assert_non_null(refused("\\Qa\\E"));
}

static void classes_and_escapes_are_read(void **)
{
	assert_null(refused("[$^]a"));
	assert_null(refused("[^]$]a"));
	assert_null(refused("[\\]$]a"));
	assert_null(refused("[[:alpha:]$]"));
	assert_null(refused("\\$\\^\\("));
	assert_null(refused("(?i)a(?:b)(c)(?i:d)"));
}

static void broken_text_is_refused(void **)
{
	assert_non_null(refused("a("));
	assert_non_null(refused("a)|(b"));
	assert_non_null(refused("a["));
	assert_non_null(refused("a\\"));
	assert_non_null(refused("(a)\\1"));
}

static void an_overlong_text_is_refused(void **)
{
	char text[EXPRESSION_MAX + 1];
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_non_null(strstr(refused(text), "longer"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(width_is_told),
		cmocka_unit_test(no_greatest_width_is_told),
		cmocka_unit_test(nothing_is_refused),
		cmocka_unit_test(looking_outside_is_refused),
		cmocka_unit_test(classes_and_escapes_are_read),
		cmocka_unit_test(broken_text_is_refused),
		cmocka_unit_test(an_overlong_text_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
