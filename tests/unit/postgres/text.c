// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/proto/postgres/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void traits_are_never_missed(void **)
{
	const struct {
		const char *text;
		uint8_t traits;
	} cases[] = {
		{"", 0},
		{"select 1", 0},
		{"update t set a = 1", 0},
		{"begin", 0},
		{"set datestyle = iso", 0},
		{"select names, calls, done from copy", 0},
		{"insert into t values ('a; b')", 0},
		{"PREPARE x AS select 1", TRAIT_PREPARES},
		{"deallocate x; prEpare x as select 1", TRAIT_PREPARES},
		{"/**/prepare/**/x as select 1", TRAIT_PREPARES},
		{"declare c cursor for select 1", TRAIT_DECLARES},
		{"COPY t FROM STDIN", TRAIT_COPIES},
		{"copy t from'x';copy t from stdin", TRAIT_COPIES},
		{"copy t to stdout", 0},
		{"START_REPLICATION SLOT x LOGICAL 0/0", TRAIT_COPIES},
		{"SET client_encoding = latin1", TRAIT_SETS},
		{"set \"standard_conforming_strings\" to off", TRAIT_SETS},
		{"set u&\"\\0073tandard_conforming_strings\" to off", TRAIT_SETS},
		{"SET NAMES 'sjis'", TRAIT_SETS},
		{"reset all", TRAIT_SETS},
		{"DISCARD ALL", TRAIT_SETS},
		{"do $$ begin execute 'x'; end $$", TRAIT_SETS | TRAIT_REVERTS},
		{"call p()", TRAIT_SETS},
		{"execute p", TRAIT_SETS},
		{"select set_config('a', 'b', false)", TRAIT_SETS},
		{"select U&\"\\0073et_config\"('a', 'b', false)", TRAIT_SETS},
		{"update pg_settings set setting = 'off'", TRAIT_SETS},
		{"select 1; set client_encoding = latin1", TRAIT_SETS},
		{"rollback", TRAIT_REVERTS},
		{"COMMIT", TRAIT_REVERTS},
		{"end", TRAIT_REVERTS},
		{"abort", TRAIT_REVERTS},
		{"select 'commit'", 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t traits = pg3_text_traits(span_str(cases[i].text));
		if (traits != cases[i].traits)
			print_error("%s\n", cases[i].text);
		assert_int_equal(traits, cases[i].traits);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(traits_are_never_missed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
