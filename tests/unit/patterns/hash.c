// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/hash.h"

#include <openssl/evp.h>

// cmocka.h wants these first.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void sha256_is_that_of_openssl(void **)
{
	uint8_t text[119], ours[HASH_SIZE], theirs[HASH_SIZE];
	for (size_t n = 0; n <= sizeof(text); n++) {
		for (size_t i = 0; i < n; i++)
			text[i] = (uint8_t)(n * 31 + i * 7);
		hash_sha256(span_of(text, n), ours);
		assert_int_equal(EVP_Digest(text, n, theirs, NULL, EVP_sha256(), NULL), 1);
		assert_memory_equal(ours, theirs, HASH_SIZE);
	}
}

// The empty text's digest is in Keccak's submission; Ethereum's yellow paper names it KEC(()).
static void keccak256_of_nothing(void **)
{
	static const uint8_t nothing[HASH_SIZE] = {
		0xc5, 0xd2, 0x46, 0x01, 0x86, 0xf7, 0x23, 0x3c, 0x92, 0x7e, 0x7d,
		0xb2, 0xdc, 0xc7, 0x03, 0xc0, 0xe5, 0x00, 0xb6, 0x53, 0xca, 0x82,
		0x27, 0x3b, 0x7b, 0xfa, 0xd8, 0x04, 0x5d, 0x85, 0xa4, 0x70,
	};
	uint8_t out[HASH_SIZE];
	hash_keccak256(SPAN_LIT(""), out);
	assert_memory_equal(out, nothing, HASH_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_is_that_of_openssl),
		cmocka_unit_test(keccak256_of_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
