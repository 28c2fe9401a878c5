// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/checksum.h"

// cmocka.h wants these first.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

typedef bool (*check_function)(const uint8_t *, size_t);

static bool passes(check_function check, const char *text)
{
	uint8_t values[40];
	size_t n = checksum_values(span_str(text), values, sizeof(values));
	return check(values, n);
}

// Every single wrong character and, where `swaps`, every exchange of two neighbours is noticed.
static void detects(check_function check, const char *text, unsigned base, bool swaps)
{
	uint8_t values[40];
	size_t n = checksum_values(span_str(text), values, sizeof(values));
	assert_true(check(values, n));
	for (size_t i = 0; i < n; i++) {
		uint8_t right = values[i];
		for (uint8_t wrong = 0; wrong < base; wrong++) {
			values[i] = wrong;
			assert_true(wrong == right || !check(values, n));
		}
		values[i] = right;
		if (!swaps || i == 0 || values[i - 1] == right || values[i] >= base)
			continue;
		values[i] = values[i - 1];
		values[i - 1] = right;
		assert_false(check(values, n));
		values[i - 1] = values[i];
		values[i] = right;
	}
}

static void characters_become_values(void **)
{
	uint8_t out[8];
	assert_int_equal(checksum_values(SPAN_LIT("1a-Z 9"), out, 8), 4);
	assert_memory_equal(out, "\x01\x0a\x23\x09", 4);
	assert_int_equal(checksum_values(SPAN_LIT("123456789"), out, 8), 0);
	assert_int_equal(checksum_digits(SPAN_LIT("12.34"), out, 8), 4);
	assert_int_equal(checksum_digits(SPAN_LIT("12a4"), out, 8), 0);
	assert_true(checksum_has_digits(SPAN_LIT("1-2"), out, 2));
	assert_false(checksum_has_digits(SPAN_LIT("1-2"), out, 3));
	assert_false(checksum_has_digits(SPAN_LIT("1-2-3"), out, 2));
	assert_int_equal(checksum_number((const uint8_t *)"\x01\x00\x07", 3), 107);
	assert_true(checksum_repeats((const uint8_t *)"\x01\x01\x01", 3));
	assert_false(checksum_repeats((const uint8_t *)"\x01\x01\x02", 3));
}

static void days_are_those_of_the_calendar(void **)
{
	assert_true(checksum_date(2024, 2, 29));
	assert_true(checksum_date(2000, 2, 29));
	assert_false(checksum_date(1900, 2, 29));
	assert_false(checksum_date(2023, 4, 31));
	assert_false(checksum_date(2023, 0, 1));
	assert_false(checksum_date(2023, 13, 1));
	assert_false(checksum_date(2023, 1, 0));
}

static void errors_are_noticed(void **)
{
	detects(checksum_luhn, "79927398713", 10, false);
	detects(checksum_verhoeff, "2363", 10, true);
	detects(checksum_verhoeff, "123456789012340509874", 10, false);
	detects(checksum_damm, "5724", 10, true);
	detects(checksum_mod11_10, "794623", 10, false);
	detects(checksum_mod11_2, "07940", 10, true);
	detects(checksum_mod11_2, "079X", 10, false);
	detects(checksum_mod37_36, "A12425GABC1234002M", 36, false);
	detects(checksum_mod97_10, "79444", 10, true);
}

static void nothing_is_no_number(void **)
{
	static const check_function checks[] = {
		checksum_luhn,     checksum_verhoeff, checksum_damm,     checksum_mod11_2,
		checksum_mod97_10, checksum_mod11_10, checksum_mod37_36,
	};
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		assert_false(passes(checks[i], ""));
		assert_false(passes(checks[i], "0"));
	}
	assert_false(passes(checksum_verhoeff, "23A3"));
	assert_false(passes(checksum_damm, "5A24"));
	assert_false(passes(checksum_mod11_10, "79A623"));
	assert_false(passes(checksum_mod37_36, "0Z"));
}

static void sums(void **)
{
	static const uint8_t d[] = {1, 2, 3}, weights[] = {3, 2, 1};
	assert_int_equal(checksum_weighted(d, weights, 3), 10);
	assert_int_equal(checksum_modulo(d, 3, 97), 26);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(characters_become_values),
		cmocka_unit_test(days_are_those_of_the_calendar),
		cmocka_unit_test(errors_are_noticed),
		cmocka_unit_test(nothing_is_no_number),
		cmocka_unit_test(sums),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
