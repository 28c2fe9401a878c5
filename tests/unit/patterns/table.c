// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Tables against Hyperscan: every end of expressions made up, in texts made up.

#include "patterns/table.h"

#include "patterns/expression.h"
#include "tests/unit/dice.h"

#include <hs.h>

// cmocka.h wants these first.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { EXPRESSIONS = 1500, TEXTS = 60, TEXT = 24, DEPTH = 3 };

static uint32_t seed = 20261123;

static uint32_t dice(uint32_t sides)
{
	return dice_roll(&seed, sides);
}

static bool ends[TEXT + 1];

static int on_end(unsigned, unsigned long long, unsigned long long to, unsigned, void *)
{
	ends[to] = true;
	return 0;
}

// NULL when Hyperscan refuses it, as what may be empty.
static hs_database_t *database(const char *text)
{
	char anchored[EXPRESSION_MAX + 8];
	hs_database_t *db = NULL;
	hs_compile_error_t *error = NULL;

	snprintf(anchored, sizeof(anchored), "^(?:%s)", text);
	if (hs_compile(anchored, expression_flags(), HS_MODE_BLOCK, NULL, &db, &error) !=
	    HS_SUCCESS)
		hs_free_compile_error(error);
	return db;
}

// Does the table tell the ends that are in `ends`?
static void compare(const struct table *table, const char *expression, const uint8_t *text)
{
	uint16_t place = table->start;

	for (size_t i = 0; i < TEXT; i++) {
		place = table_step(table, place, text[i]);
		bool end = (place & TABLE_END) != 0;
		if (end != ends[i + 1] || table_matches(table, text, i + 1) != end)
			fail_msg("%s: byte %zu of '%.*s'", expression, i, TEXT, (const char *)text);
	}
}

// Returns whether it has a table, or is nothing that is compiled.
static bool compare_all(const char *expression)
{
	struct table *table = NULL;
	hs_scratch_t *hs = NULL;
	hs_database_t *db = database(expression);

	assert_int_equal(table_new(expression, &table), 0);
	if (db == NULL || table == NULL) {
		bool compiled = db != NULL;
		free(table);
		hs_free_database(db);
		return !compiled;
	}
	assert_int_equal(hs_alloc_scratch(db, &hs), HS_SUCCESS);
	for (size_t i = 0; i < TEXTS; i++) {
		uint8_t text[TEXT];
		for (size_t k = 0; k < TEXT; k++)
			text[k] = dice(9) == 0 ? (uint8_t)dice(256)
					       : (uint8_t) "aaabbAB1c-_ \n"[dice(13)];
		memset(ends, 0, sizeof(ends));
		assert_int_equal(
			hs_scan(db, (const char *)text, TEXT, 0, hs, on_end, NULL), HS_SUCCESS
		);
		compare(table, expression, text);
	}
	hs_free_scratch(hs);
	hs_free_database(db);
	free(table);
	return true;
}

static char *write_choice(char *out, unsigned depth);

static char *write_part(char *out, unsigned depth)
{
	static const char *const atoms[] = {
		"a",        "b",      "A",
		"1",        "-",      "\\.",
		"\\x41",    "\\n",    ".",
		"\\d",      "\\D",    "_",
		"\\w",      "\\W",    "\\s",
		"\\S",      "[ab]",   "[^a]",
		"[a-f0-9]", "]",      "[]a]",
		"[^]]",     "[\\d-]", "[a\\-c]",
		"[^B]",     "[^\\W]", "[\\x80-\\xff]",
		"}",        "[-a]",
	};
	static const char *const repeats[] = {
		"?", "*", "+", "{2}", "{0,3}", "{1,}", "{2,5}", "{0}", "{3,7}", "*?",
	};
	if (depth > 0 && dice(3) == 0) {
		out += sprintf(out, "%s", ((const char *[]){"(", "(?:", "(?i:"})[dice(3)]);
		out = write_choice(out, depth - 1);
		out += sprintf(out, ")");
	} else {
		out += sprintf(out, "%s", atoms[dice(sizeof(atoms) / sizeof(atoms[0]))]);
	}
	if (dice(3) == 0)
		out += sprintf(out, "%s", repeats[dice(sizeof(repeats) / sizeof(repeats[0]))]);
	return out;
}

static char *write_choice(char *out, unsigned depth)
{
	for (uint32_t choices = 1 + (dice(4) == 0) + (dice(8) == 0); choices > 0; choices--) {
		for (uint32_t parts = 1 + dice(3); parts > 0; parts--) {
			if (dice(20) == 0)
				out += sprintf(out, "(?i)");
			out = write_part(out, depth);
		}
		if (choices > 1)
			out += sprintf(out, "|");
	}
	return out;
}

static void tables_tell_what_hyperscan_does(void **)
{
	size_t without = 0;

	for (size_t i = 0; i < EXPRESSIONS; i++) {
		char expression[EXPRESSION_MAX];
		write_choice(expression, DEPTH);
		without += !compare_all(expression);
	}
	assert_true(without < EXPRESSIONS / 20);
}

static void all_bytes_are_told_apart_alike(void **)
{
	static const char *const expressions[] = {
		"\\d", "\\D",    "\\w",      "\\W",   "\\s",       "\\S",
		".",   "[^\\n]", "(?i)[^k]", "(?i)k", "(?i)\\xe9",
	};
	for (size_t i = 0; i < sizeof(expressions) / sizeof(expressions[0]); i++) {
		struct table *table = NULL;
		hs_scratch_t *hs = NULL;
		hs_database_t *db = database(expressions[i]);
		assert_int_equal(table_new(expressions[i], &table), 0);
		assert_non_null(db);
		assert_non_null(table);
		assert_int_equal(hs_alloc_scratch(db, &hs), HS_SUCCESS);
		for (unsigned c = 0; c < 256; c++) {
			const uint8_t byte = (uint8_t)c;
			memset(ends, 0, sizeof(ends));
			assert_int_equal(
				hs_scan(db, (const char *)&byte, 1, 0, hs, on_end, NULL), HS_SUCCESS
			);
			assert_int_equal(table_matches(table, &byte, 1), ends[1]);
		}
		hs_free_scratch(hs);
		hs_free_database(db);
		free(table);
	}
}

static void what_is_too_large_has_none(void **)
{
	static const char *const large[] = {
		"[a-z]{5000}",
		"[a-z]{0,5000}x",
		"[a-z]{3,20}x[a-z]{12}x[a-z]{40}", // as many states as ways to have read it
		"((((a{1000}){1000}){1000}){1000}){1000}",
		"[[:alpha:]]x",
		"\\pL",
	};
	for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++) {
		struct table *table = NULL;
		assert_int_equal(table_new(large[i], &table), 0);
		assert_null(table);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_tell_what_hyperscan_does),
		cmocka_unit_test(all_bytes_are_told_apart_alike),
		cmocka_unit_test(what_is_too_large_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
