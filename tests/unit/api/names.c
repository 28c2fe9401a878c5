// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Every value that reaches a log, a record or a metric has a name of its own.

#include "dataplane/api/effects.h"
#include "dataplane/api/stats.h"
#include "dataplane/api/verdict.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void effects_are_read_as_they_are_written(void **state)
{
	(void)state;
	for (uint32_t effect = 1; effect < EFFECT_ALL; effect <<= 1) {
		const char *name = effect_name((enum effect)effect);
		assert_non_null(name);
		assert_int_equal(effect_parse(span_str(name)), effect);
	}
	assert_null(effect_name((enum effect)(EFFECT_READ | EFFECT_WRITE)));
	assert_null(effect_name((enum effect)0));
	assert_int_equal(effect_parse(SPAN_LIT("")), 0);
	assert_int_equal(effect_parse(SPAN_LIT("rea")), 0);
	assert_int_equal(effect_parse(SPAN_LIT("READ")), 0);
}

static void flags_are_read_as_they_are_written(void **state)
{
	(void)state;
	size_t named = 0;
	for (uint32_t flag = 1; flag <= EFFECT_SUBQUERY_WRITE; flag <<= 1) {
		const char *name = effect_flag_name((enum effect_flag)flag);
		if (name == NULL)
			continue;
		named++;
		assert_int_equal(effect_flag_parse(span_str(name)), flag);
		assert_int_equal(effect_parse(span_str(name)), 0);
	}
	assert_int_equal(named, 21);
	char list[64];
	uint64_t both = effects_with_flags(EFFECT_READ | EFFECT_DDL, EFFECT_FILE | EFFECT_INDIRECT);
	effects_list(both, list, sizeof(list));
	assert_string_equal(list, "read, ddl, file");
	effects_list(both, list, 9);
	assert_string_equal(list, "read, dd");
	assert_int_equal(effects_parse(SPAN_LIT("ddl")), EFFECT_DDL);
	assert_int_equal(effects_parse(SPAN_LIT("file")), effects_with_flags(0, EFFECT_FILE));
	assert_null(effect_flag_name((enum effect_flag)(EFFECT_FILE | EFFECT_SLEEP)));
	assert_int_equal(effect_flag_parse(SPAN_LIT("indirect")), 0);
	assert_int_equal(effect_flag_parse(SPAN_LIT("")), 0);
}

static void every_end_has_its_own_name(void **state)
{
	(void)state;
	for (int i = 0; i < END_COUNT; i++) {
		assert_string_not_equal(session_end_name((enum session_end)i), "unknown");
		for (int j = 0; j < i; j++)
			assert_string_not_equal(
				session_end_name((enum session_end)i),
				session_end_name((enum session_end)j)
			);
	}
	assert_string_equal(session_end_name(END_COUNT), "unknown");
}

static void every_reason_has_its_own_name(void **state)
{
	(void)state;
	for (int i = 0; i < REASON_COUNT; i++) {
		assert_string_not_equal(verdict_reason_name((enum verdict_reason)i), "unknown");
		for (int j = 0; j < i; j++)
			assert_string_not_equal(
				verdict_reason_name((enum verdict_reason)i),
				verdict_reason_name((enum verdict_reason)j)
			);
	}
	for (int i = VERDICT_FORWARD; i <= VERDICT_KILL; i++)
		assert_string_not_equal(verdict_action_name((enum verdict_action)i), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(effects_are_read_as_they_are_written),
		cmocka_unit_test(flags_are_read_as_they_are_written),
		cmocka_unit_test(every_end_has_its_own_name),
		cmocka_unit_test(every_reason_has_its_own_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
