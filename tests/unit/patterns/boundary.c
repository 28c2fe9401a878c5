// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/boundary.h"

// cmocka.h wants these first.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static bool begins(enum boundary boundary, const char *text, size_t at)
{
	return boundary_begins(boundary, span_str(text), at);
}

static bool ends(enum boundary boundary, const char *text, size_t at)
{
	return boundary_ends(boundary, span_str(text), at);
}

static void the_edges_of_a_span_are_boundaries(void **)
{
	for (enum boundary b = BOUNDARY_NONE; b < BOUNDARY_COUNT; b++) {
		assert_true(begins(b, "x", 0));
		assert_true(ends(b, "x", 1));
		assert_string_not_equal(boundary_name(b), "?");
	}
}

static void word_forbids_letters_and_digits(void **)
{
	assert_false(begins(BOUNDARY_WORD, "ax", 1));
	assert_false(begins(BOUNDARY_WORD, "Zx", 1));
	assert_false(begins(BOUNDARY_WORD, "0x", 1));
	assert_true(begins(BOUNDARY_WORD, "_x", 1));
	assert_true(begins(BOUNDARY_WORD, "@x", 1));
	assert_true(begins(BOUNDARY_WORD, "[x", 1));
	assert_false(ends(BOUNDARY_WORD, "x9", 1));
	assert_true(ends(BOUNDARY_WORD, "x.9", 1));
	assert_true(begins(BOUNDARY_NONE, "ax", 1));
}

static void number_forbids_a_decimal_point(void **)
{
	assert_false(begins(BOUNDARY_NUMBER, "0.1", 2));
	assert_true(begins(BOUNDARY_NUMBER, ".1", 1));
	assert_true(begins(BOUNDARY_NUMBER, "a.1", 2));
	assert_false(ends(BOUNDARY_NUMBER, "1.0", 1));
	assert_true(ends(BOUNDARY_NUMBER, "1.", 1));
	assert_true(ends(BOUNDARY_NUMBER, "1. 2", 1));
}

static void apart_forbids_a_number_that_goes_on(void **)
{
	assert_false(begins(BOUNDARY_APART, "2026/1", 5));
	assert_false(begins(BOUNDARY_APART, "0-1", 2));
	assert_false(begins(BOUNDARY_APART, "0.1", 2));
	assert_false(begins(BOUNDARY_APART, "a1", 1));
	assert_true(begins(BOUNDARY_APART, "a-1", 2));
	assert_true(begins(BOUNDARY_APART, "-1", 1));
	assert_false(ends(BOUNDARY_APART, "1-0", 1));
	assert_false(ends(BOUNDARY_APART, "1/0", 1));
	assert_true(ends(BOUNDARY_APART, "1-a", 1));
	assert_true(ends(BOUNDARY_APART, "1/", 1));
}

static void address_forbids_another_group(void **)
{
	assert_false(begins(BOUNDARY_ADDRESS, "ax", 1));
	assert_false(begins(BOUNDARY_ADDRESS, "00:11", 3));
	assert_false(begins(BOUNDARY_ADDRESS, "x::1", 3));
	assert_false(begins(BOUNDARY_ADDRESS, " 00-11", 4));
	assert_false(begins(BOUNDARY_ADDRESS, "2001:db8", 5));
	assert_true(begins(BOUNDARY_ADDRESS, "MAC:00", 4));
	assert_true(begins(BOUNDARY_ADDRESS, "12345:00", 6)); // five digits are no group
	assert_true(begins(BOUNDARY_ADDRESS, ":00", 1));
	assert_true(begins(BOUNDARY_ADDRESS, "[::1", 1));
	assert_false(ends(BOUNDARY_ADDRESS, "11:00", 2));
	assert_false(ends(BOUNDARY_ADDRESS, "11::", 2));
	assert_false(ends(BOUNDARY_ADDRESS, "11:0f ", 2));
	assert_true(ends(BOUNDARY_ADDRESS, "11: up", 2));
	assert_true(ends(BOUNDARY_ADDRESS, "11:error", 2));
	assert_true(ends(BOUNDARY_ADDRESS, "11.", 2));
	assert_true(ends(BOUNDARY_ADDRESS, "11/64", 2));
}

static void identifier_and_dotted(void **)
{
	assert_false(begins(BOUNDARY_IDENTIFIER, "_x", 1));
	assert_false(begins(BOUNDARY_IDENTIFIER, "\xc3\xa9x", 2));
	assert_true(begins(BOUNDARY_IDENTIFIER, ".x", 1));
	assert_false(begins(BOUNDARY_DOTTED, ".x", 1));
	assert_false(ends(BOUNDARY_IDENTIFIER, "x$", 1));
}

static void base64_alphabets(void **)
{
	assert_false(begins(BOUNDARY_BASE64, "+x", 1));
	assert_true(begins(BOUNDARY_BASE64, "=x", 1));
	assert_false(ends(BOUNDARY_BASE64, "x=", 1));
	assert_true(begins(BOUNDARY_BASE64, "-x", 1));
	assert_false(begins(BOUNDARY_BASE64URL, "-x", 1));
	assert_true(begins(BOUNDARY_BASE64URL, "/x", 1));
}

static void utf8_sequences_are_not_split(void **)
{
	struct span text = span_str("a\xc3\xa9z\xbf");
	assert_false(boundary_splits_utf8(text, 0));
	assert_false(boundary_splits_utf8(text, 1));
	assert_true(boundary_splits_utf8(text, 2));
	assert_false(boundary_splits_utf8(text, 3));
	// A lone continuation byte behind ASCII is no sequence: other encodings have it.
	assert_false(boundary_splits_utf8(text, 4));
	assert_false(boundary_splits_utf8(text, 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_edges_of_a_span_are_boundaries),
		cmocka_unit_test(word_forbids_letters_and_digits),
		cmocka_unit_test(number_forbids_a_decimal_point),
		cmocka_unit_test(apart_forbids_a_number_that_goes_on),
		cmocka_unit_test(address_forbids_another_group),
		cmocka_unit_test(identifier_and_dotted),
		cmocka_unit_test(base64_alphabets),
		cmocka_unit_test(utf8_sequences_are_not_split),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
