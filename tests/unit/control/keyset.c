// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/identity/keyset.h"

#include "tests/unit/control/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct token_key rsa = {"r", "RS256"}, ec = {"e", "ES256"}, small = {"s", "RS256"};

static int parse(const struct token_key *keys, size_t n, const char *extra, struct keyset **out)
{
	char *text = token_jwks(keys, n, extra);
	int rc = keyset_parse(span_str(text), NULL, out);

	free(text);
	return rc;
}

static void keys_are_found_by_name_and_type(void **)
{
	struct token_key all[] = {rsa, ec};
	struct keyset *set = NULL;

	assert_int_equal(parse(all, 2, "", &set), 0);
	assert_int_equal(keyset_count(set), 2);
	assert_non_null(keyset_find(set, "r", JWT_RS256));
	assert_non_null(keyset_find(set, "r", JWT_PS256));
	assert_null(keyset_find(set, "r", JWT_ES256));
	assert_non_null(keyset_find(set, "e", JWT_ES256));
	assert_null(keyset_find(set, "e", JWT_RS256));
	assert_null(keyset_find(set, "x", JWT_RS256));
	assert_null(keyset_find(NULL, "r", JWT_RS256));
	keyset_unref(set);
}

static void what_a_key_says_of_itself_limits_it(void **)
{
	struct keyset *set = NULL;

	assert_int_equal(parse(&rsa, 1, ",\"alg\":\"PS256\",\"use\":\"sig\"", &set), 0);
	assert_null(keyset_find(set, "r", JWT_RS256));
	assert_non_null(keyset_find(set, "r", JWT_PS256));
	keyset_unref(set);
	assert_int_equal(parse(&rsa, 1, ",\"use\":\"enc\"", &set), ERR_MALFORMED);
	assert_int_equal(parse(&rsa, 1, ",\"alg\":\"RS512\"", &set), ERR_MALFORMED);
	assert_int_equal(parse(&rsa, 1, ",\"key_ops\":[\"encrypt\"]", &set), ERR_MALFORMED);
	assert_int_equal(parse(&rsa, 1, ",\"key_ops\":[\"verify\"]", &set), 0);
	keyset_unref(set);
}

static void weak_keys_are_left_out(void **)
{
	struct token_key all[] = {small, ec};
	struct keyset *set = NULL;

	assert_int_equal(parse(all, 2, "", &set), 0);
	assert_int_equal(keyset_count(set), 1);
	keyset_unref(set);
}

static void what_is_no_key_set_is_refused(void **)
{
	static const char *const wrong[] = {
		"",
		"[]",
		"{}",
		"{\"keys\":{}}",
		"{\"keys\":[]}",
		"{\"keys\":[1,null,\"a\"]}",
		"{\"keys\":[{\"kty\":\"oct\",\"k\":\"c2VjcmV0\",\"kid\":\"a\"}]}",
		"{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"a\"}]}",
		// libcjose would end the process over these.
		"{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"a\",\"n\":\"AAAAA====AAA\",\"e\":\"AQAB\"}]}",
		"{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"a\",\"n\":\"AAAA\",\"e\":\"A=AB\"}]}",
		"{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"a\",\"n\":\"AA\",\"e\":\"AQAB\"}]}",
		"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"a\",\"x\":\"AA\",\"y\":\"AA\"}]}",
	};
	struct keyset *set = NULL;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(keyset_parse(span_str(wrong[i]), NULL, &set), ERR_MALFORMED);
	assert_null(set);
}

// What the tenants of Entra ID share has keys of others, and says whose.
static void a_shared_set_says_whose_a_key_is(void **)
{
	static const struct {
		const char *issuer;
		int result;
	} table[] = {
		{",\"issuer\":\"https://login.microsoftonline.com/{tenantid}/v2.0\"", 0},
		{",\"issuer\":\"https://login.microsoftonline.com/T/v2.0\"", 0},
		{",\"issuer\":\"https://sts.windows.net/{tenantid}/\"", 0},
		{"", 0},
		{",\"issuer\":\"https://login.microsoftonline.com/U/v2.0\"", ERR_MALFORMED},
		{",\"issuer\":\"https://evil/{tenantid}/v2.0\"", ERR_MALFORMED},
		{",\"issuer\":\"{tenantid}\"", ERR_MALFORMED},
		{",\"issuer\":7", ERR_MALFORMED},
	};
	struct config_issuer tenant = {
		.issuer = "https://login.microsoftonline.com/T/v2.0",
		.other = "https://sts.windows.net/T/",
		.profile = CONFIG_PROFILE_ENTRA,
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct keyset *set = NULL;
		char *text = token_jwks(&ec, 1, table[i].issuer);
		assert_int_equal(keyset_parse(span_str(text), &tenant, &set), table[i].result);
		keyset_unref(set);
		free(text);
	}
}

static void a_key_without_a_name_is_left_out(void **)
{
	struct token_key nameless = rsa;
	struct keyset *set = NULL;

	nameless.kid = "";
	assert_int_equal(parse(&nameless, 1, "", &set), ERR_MALFORMED);
}

static int enter(void **)
{
	rsa.key = token_key_new(2048);
	ec.key = token_key_new(0);
	small.key = token_key_new(1024);
	return 0;
}

static int leave(void **)
{
	EVP_PKEY_free(rsa.key);
	EVP_PKEY_free(ec.key);
	EVP_PKEY_free(small.key);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_found_by_name_and_type),
		cmocka_unit_test(what_a_key_says_of_itself_limits_it),
		cmocka_unit_test(weak_keys_are_left_out),
		cmocka_unit_test(what_is_no_key_set_is_refused),
		cmocka_unit_test(a_shared_set_says_whose_a_key_is),
		cmocka_unit_test(a_key_without_a_name_is_left_out),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
