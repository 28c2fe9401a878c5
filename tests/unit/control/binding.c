// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A token that is bound to a certificate is good with that certificate and with nothing else.

#include "controlplane/identity/binding.h"

#include <jansson.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// RFC 8705 3.1 has this one in its example.
#define RFC_TEXT "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"
#define ZEROS    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static int check(const char *claims, const uint8_t *certificate, const char *reason)
{
	char why[JWT_WHY] = "";
	json_t *json = json_loads(claims, 0, NULL);

	assert_non_null(json);
	int rc = binding_check(json, certificate, why);
	json_decref(json);
	assert_string_equal(why, reason);
	return rc;
}

static void the_text_has_one_spelling(void **)
{
	uint8_t hash[BINDING_HASH], same[BINDING_HASH];
	char text[BINDING_TEXT_SIZE];

	for (size_t i = 0; i < sizeof(hash); i++)
		hash[i] = (uint8_t)(i * 37 + 1);
	assert_true(binding_parse(binding_text(hash, text), same));
	assert_memory_equal(hash, same, sizeof(hash));
	assert_int_equal(strlen(text), 43);
	text[42]++; // the two bits that mean nothing
	assert_false(binding_parse(text, same));
	assert_false(binding_parse("", same));
	assert_false(binding_parse(ZEROS, same));
	assert_false(binding_parse("bwcK0esc3ACC3DB2Y5+lESsXE8o9ltc05O89jdN/dg2", same));
	assert_false(binding_parse("bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg", same));
	assert_false(binding_parse("bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2A", same));
	assert_memory_equal(hash, same, sizeof(hash));
}

static void only_with_its_certificate(void **)
{
	uint8_t hash[BINDING_HASH], other[BINDING_HASH];
	const uint8_t zeros[BINDING_HASH] = {0};
	char claims[128] = "{\"cnf\":{\"x5t#S256\":\"", text[BINDING_TEXT_SIZE];

	memset(hash, 7, sizeof(hash));
	memset(other, 7, sizeof(other));
	other[31] = 8;
	strcat(strcat(claims, binding_text(hash, text)), "\"}}");
	assert_int_equal(check(claims, hash, ""), 0);
	assert_int_equal(check(claims, other, "token is bound to another certificate"), ERR_AUTH);
	assert_int_equal(
		check(claims, NULL, "token is bound to a certificate, and none was shown"), ERR_AUTH
	);
	assert_int_equal(
		check(claims, zeros, "token is bound to a certificate, and none was shown"),
		ERR_AUTH
	);
	// Whoever shows one may have a token that is bound to nothing.
	assert_int_equal(check("{}", hash, ""), 0);
	assert_int_equal(check("{}", NULL, ""), 0);
}

static void what_cannot_be_checked_is_refused(void **)
{
	static const char *const unknown[] = {
		"{\"cnf\":{}}",
		"{\"cnf\":null}",
		"{\"cnf\":\"x\"}",
		"{\"cnf\":{\"jkt\":\"" RFC_TEXT "\"}}",
		"{\"cnf\":{\"jwk\":{}}}",
		"{\"cnf\":{\"x5t#S256\":7}}",
		"{\"cnf\":{\"x5t#S256\":\"" RFC_TEXT "\",\"jkt\":\"a\"}}",
	};
	const uint8_t hash[BINDING_HASH] = {1};

	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		assert_int_equal(
			check(unknown[i], hash,
			      "token is bound to a key in a way that cannot be checked here"),
			ERR_AUTH
		);
	assert_int_equal(
		check("{\"cnf\":{\"x5t#S256\":\"" ZEROS "\"}}", hash,
		      "token's cnf has no usable x5t#S256"),
		ERR_AUTH
	);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_text_has_one_spelling),
		cmocka_unit_test(only_with_its_certificate),
		cmocka_unit_test(what_cannot_be_checked_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
