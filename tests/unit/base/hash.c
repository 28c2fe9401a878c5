// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const uint8_t bytes[64] = {
	0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
	22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
	44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63,
};

// Expected values from CPython 3.11, whose bytes hash is SipHash-1-3: PYTHONHASHSEED=0 is the zero
// key; the second key is what PYTHONHASHSEED=1 expands to.
static void values_are_those_of_another_implementation(void **)
{
	static const struct hash_key zero = {{0, 0}};
	static const struct hash_key one = {{0xaed66ce184be2329, 0xebe9bbf1f1499052}};

	assert_true(hash_keyed(&zero, bytes, 1) == 0x68a914128e01e473);
	assert_true(hash_keyed(&zero, bytes, 7) == 0x2f098ab0c751325a);
	assert_true(hash_keyed(&zero, bytes, 8) == 0xead411e67ebe2eea);
	assert_true(hash_keyed(&zero, bytes, 15) == 0xf30eb725bb91c9ea);
	assert_true(hash_keyed(&zero, bytes, 63) == 0x385d3e39e5f37359);
	assert_true(hash_keyed(&one, bytes, 15) == 0xfa87985f39e97a53);
}

static void no_bytes_have_a_hash_too(void **)
{
	static const struct hash_key a = {{1, 2}}, b = {{1, 3}};

	assert_true(hash_keyed(&a, NULL, 0) == hash_keyed(&a, bytes, 0));
	assert_true(hash_keyed(&a, NULL, 0) != hash_keyed(&b, NULL, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_those_of_another_implementation),
		cmocka_unit_test(no_bytes_have_a_hash_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
