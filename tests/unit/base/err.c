// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/base/err.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void every_error_has_its_own_text(void **)
{
	for (int a = ERR_CONFIG; a <= ERR_TRUNCATED; a++) {
		assert_string_not_equal(err_text(a), "unknown error");
		for (int b = ERR_CONFIG; b < a; b++)
			assert_string_not_equal(err_text(a), err_text(b));
	}
}

static void errno_values_and_success_have_text(void **)
{
	assert_string_equal(err_text(0), "success");
	assert_string_equal(err_text(-EHOSTUNREACH), strerror(EHOSTUNREACH));
}

static void any_number_is_answered(void **)
{
	assert_string_equal(err_text(-5000), "unknown error");
	assert_string_equal(err_text(INT32_MIN), "unknown error");
	assert_non_null(err_text(-999));
	assert_non_null(err_text(INT32_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_error_has_its_own_text),
		cmocka_unit_test(errno_values_and_success_have_text),
		cmocka_unit_test(any_number_is_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
