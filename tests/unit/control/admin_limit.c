// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/admin/limit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct limiter limiter;

static int set_up(void **)
{
	limiter_init(&limiter);
	return 0;
}

static unsigned taken(const char *name, unsigned tries, uint32_t rate, uint64_t now_ms)
{
	unsigned n = 0;

	for (unsigned i = 0; i < tries; i++)
		n += limiter_take(&limiter, span_str(name), rate, 2 * rate, now_ms);
	return n;
}

static void a_burst_and_then_the_rate(void **)
{
	assert_int_equal(taken("a", 100, 10, 1000), 20);
	assert_int_equal(taken("a", 100, 10, 1099), 0);
	assert_int_equal(taken("a", 100, 10, 1100), 1); // a tenth of a second, waited for in parts
	assert_int_equal(taken("a", 100, 10, 2100), 10);
	assert_int_equal(taken("a", 100, 10, UINT64_MAX / 2), 20); // no more than the burst
}

static void names_do_not_share(void **)
{
	assert_int_equal(taken("a", 100, 1, 5), 2);
	assert_int_equal(taken("b", 100, 1, 5), 2);
}

static void a_lower_rate_holds_at_once(void **)
{
	assert_int_equal(taken("a", 1, 1000, 5), 1);
	assert_int_equal(taken("a", 100, 1, 5), 2);
}

// Names by the thousand: the table stays as it is, and who comes again in time is still known.
static void many_names_make_room(void **)
{
	char name[16];

	for (unsigned i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "%u", i);
		assert_int_equal(taken(name, 3, 1, 1000 + i), 2);
		assert_int_equal(taken(name, 1, 1, 1000 + i), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_burst_and_then_the_rate, set_up),
		cmocka_unit_test_setup(names_do_not_share, set_up),
		cmocka_unit_test_setup(a_lower_rate_holds_at_once, set_up),
		cmocka_unit_test_setup(many_names_make_room, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
