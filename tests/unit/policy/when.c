// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// When a time window is open, and when that changes.

#include "dataplane/policy/when.h"

#include "tests/unit/policy/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

enum { MON = 1, TUE = 2, FRI = 16, SUN = 64, ALL = 127 };

static uint64_t at(int day, int hour, int minute)
{
	// 2026-11-02 is a Monday.
	struct tm tm =
		{.tm_year = 126, .tm_mon = 10, .tm_mday = day, .tm_hour = hour, .tm_min = minute};
	return (uint64_t)timegm(&tm) * 1000000000;
}

// Open at `now`, and until or again at `next`.
static void check(const struct rule_when *when, uint64_t now, bool open, uint64_t next)
{
	uint64_t got = 0;
	assert_int_equal(when_is_open(when, now, &got), open);
	assert_int_equal(got, next);
}

static void no_window_is_always_open(void **)
{
	check(&(struct rule_when){0}, at(2, 3, 4), true, UINT64_MAX);
}

static void a_window_is_half_open(void **)
{
	const struct rule_when when = {.days = ALL, .from = 8 * 60, .to = 18 * 60};
	check(&when, at(2, 7, 59), false, at(2, 8, 0));
	check(&when, at(2, 8, 0) - 1000000000, false, at(2, 8, 0));
	check(&when, at(2, 8, 0), true, at(2, 18, 0));
	check(&when, at(2, 18, 0) - 1, true, at(2, 18, 0));
	check(&when, at(2, 18, 0), false, at(3, 8, 0));
}

static void days_count(void **)
{
	const struct rule_when when = {.days = MON | FRI, .from = 8 * 60, .to = 18 * 60};
	check(&when, at(2, 9, 0), true, at(2, 18, 0));
	check(&when, at(2, 19, 0), false, at(6, 8, 0));
	check(&when, at(6, 9, 0), true, at(6, 18, 0));
	check(&when, at(6, 19, 0), false, at(9, 8, 0));
	const struct rule_when monday = {.days = MON, .to = 1440};
	check(&monday, at(2, 0, 0), true, at(3, 0, 0));
	check(&monday, at(3, 0, 0), false, at(9, 0, 0));
}

static void past_midnight_belongs_to_the_day_before(void **)
{
	const struct rule_when when = {.days = SUN, .from = 22 * 60, .to = 6 * 60};
	check(&when, at(1, 21, 59), false, at(1, 22, 0));
	check(&when, at(1, 23, 0), true, at(2, 6, 0));
	check(&when, at(2, 5, 59), true, at(2, 6, 0));
	check(&when, at(2, 6, 0), false, at(8, 22, 0));
	check(&when, at(2, 23, 0), false, at(8, 22, 0));
}

static void a_zone_moves_the_day(void **)
{
	const struct rule_when east = {.days = TUE, .from = 0, .to = 60, .zone = 330};
	check(&east, at(2, 18, 29), false, at(2, 18, 30));
	check(&east, at(2, 18, 30), true, at(2, 19, 30));
	const struct rule_when west = {.days = MON, .from = 23 * 60, .to = 1440, .zone = -300};
	check(&west, at(3, 4, 0), true, at(3, 5, 0));
	check(&west, at(3, 5, 0), false, at(10, 4, 0));
	check(&west, 0, false, (uint64_t)((4 * 24 + 28) * 3600) * 1000000000);
}

// ---- in rules

static struct fixture f;

static void rights_end_when_a_window_closes(void **)
{
	fixture_init(&f);
	struct rule *rule = fixture_rule(&f, "rule", EFFECT_READ);
	rule->when = (struct rule_when){.days = ALL, .from = 8 * 60, .to = 18 * 60};
	fixture_link(&f, "entra", "alice", SUBJECT_HUMAN, NULL);
	f.request.wall_ns = at(2, 9, 0);
	assert_true(fixture_rights(&f));
	assert_int_equal(f.rights.until, at(2, 18, 0));
	assert_int_equal(f.rights.since, at(2, 9, 0));
	f.request.wall_ns = at(2, 18, 0);
	assert_false(fixture_rights(&f));
	assert_int_equal(f.rights.until, at(3, 8, 0));
}

static void an_earlier_rule_may_come_into_force_later(void **)
{
	fixture_init(&f);
	struct rule *strict = fixture_rule(&f, "at night", EFFECT_READ);
	strict->when = (struct rule_when){.days = ALL, .from = 20 * 60, .to = 6 * 60};
	fixture_rule(&f, "else", EFFECT_READ | EFFECT_WRITE);
	struct rule *behind = fixture_rule(&f, "never reached", EFFECT_READ);
	behind->when = (struct rule_when){.days = ALL, .from = 600, .to = 601};
	fixture_link(&f, "entra", "alice", SUBJECT_HUMAN, NULL);
	f.request.wall_ns = at(2, 9, 0);
	assert_true(fixture_rights(&f));
	assert_int_equal(f.rights.rule, 1);
	assert_int_equal(f.rights.until, at(2, 20, 0));
	f.request.wall_ns = at(2, 20, 0);
	assert_true(fixture_rights(&f));
	assert_int_equal(f.rights.rule, 0);
	assert_int_equal(f.rights.until, at(3, 6, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_window_is_always_open),
		cmocka_unit_test(a_window_is_half_open),
		cmocka_unit_test(days_count),
		cmocka_unit_test(past_midnight_belongs_to_the_day_before),
		cmocka_unit_test(a_zone_moves_the_day),
		cmocka_unit_test(rights_end_when_a_window_closes),
		cmocka_unit_test(an_earlier_rule_may_come_into_force_later),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
