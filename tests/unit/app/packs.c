// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Every pack of the library refuses what it says it refuses, and lets pass what it says passes.

#include "app/bulkheadctl/pack_check.h"

// cmocka.h wants these first.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct pattern_lib *lib;

static int set_up(void **)
{
	static const char *const folders[] = {PATTERN_LIBRARY};
	char why[PATTERN_WHY] = "";
	if (pattern_lib_load(folders, 1, &lib, why) != 0)
		fail_msg("%s", why);
	return 0;
}

static int tear_down(void **)
{
	pattern_lib_free(lib);
	return 0;
}

static size_t judge_all(
	const char *name, struct pack_check *check, const struct pack_example *examples, size_t n,
	bool refused
)
{
	size_t wrong = 0;
	for (size_t i = 0; i < n; i++) {
		struct pack_said said;
		char names[256];
		assert_int_equal(pack_check_example(check, &examples[i], &said), 0);
		if (said.refused == refused)
			continue;
		effects_list(said.effects, names, sizeof(names));
		print_error(
			"%s %s: %s (%s)\n", name, refused ? "lets pass" : "refuses",
			examples[i].text, names
		);
		wrong++;
	}
	return wrong;
}

static void packs_keep_their_word(void **)
{
	size_t wrong = 0, examples = 0;
	for (size_t i = 0; i < pattern_lib_pack_count(lib); i++) {
		const struct pattern_pack *pack = pattern_lib_pack(lib, i);
		struct pack_check check;
		char why[PATTERN_WHY] = "";
		if (pack_check_init(&check, lib, pack, why) != 0)
			fail_msg("%s: %s", pack->name, why);
		wrong += judge_all(pack->name, &check, pack->refused, pack->refused_count, true);
		wrong += judge_all(pack->name, &check, pack->passed, pack->passed_count, false);
		examples += pack->refused_count + pack->passed_count;
		pack_check_fini(&check);
	}
	print_message("%zu packs, %zu examples\n", pattern_lib_pack_count(lib), examples);
	assert_true(pattern_lib_pack_count(lib) > 0);
	assert_int_equal(wrong, 0);
}

static void names_nothing(const struct pattern_pack *pack, const char *says)
{
	struct pack_check check;
	char why[PATTERN_WHY] = "";
	assert_int_equal(pack_check_init(&check, lib, pack, why), ERR_CONFIG);
	assert_string_equal(why, says);
	pack_check_fini(&check);
}

static void what_names_nothing_is_told(void **)
{
	static const char *const effect[] = {"ddl", "wriet", NULL}, *const data[] = {"email", NULL},
				 *const nothing[] = {"no-such", NULL},
				 *const statement[] = {"sql-sleep", NULL};
	static const struct pattern_place at[] = {{7, 8}, {7, 13}};
	names_nothing(
		&(struct pattern_pack){.file = "p.yaml", .deny = effect, .deny_at = at},
		"p.yaml:7:13: `wriet` is no effect and no flag"
	);
	names_nothing(
		&(struct pattern_pack){.file = "p.yaml", .hold = effect, .hold_at = at},
		"p.yaml:7:13: `wriet` is no effect and no flag"
	);
	names_nothing(
		&(struct pattern_pack){.file = "p.yaml", .block = nothing, .block_at = at},
		"p.yaml:7:8: `no-such` is no pattern for statements, and no group of such"
	);
	names_nothing(
		&(struct pattern_pack){.file = "p.yaml", .block = data, .block_at = at},
		"p.yaml:7:8: `email` is no pattern for statements, and no group of such"
	);
	names_nothing(
		&(struct pattern_pack){.file = "p.yaml", .mask = statement, .mask_at = at},
		"p.yaml:7:8: `sql-sleep` is no pattern for data, and no group of such"
	);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packs_keep_their_word),
		cmocka_unit_test(what_names_nothing_is_told),
	};
	return cmocka_run_group_tests_name("packs", tests, set_up, tear_down);
}
