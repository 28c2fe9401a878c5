// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// How an issuer's keys are found, and what is not believed on the way.

#include "controlplane/identity/fetch.h"
#include "tests/unit/control/http.h"
#include "tests/unit/control/token.h"

#include <curl/curl.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static char *jwks;
static struct http http;
static struct config_issuer issuer;

static int fetch(char why[static FETCH_WHY])
{
	struct keyset *keys = NULL;
	bool stop = false;

	int rc = fetch_keys(&issuer, &stop, &keys, why);
	assert_int_equal(rc == 0, keys != NULL);
	keyset_unref(keys);
	return rc;
}

static void serve(char *metadata, size_t size, const char *format)
{
	snprintf(metadata, size, format, http.port, http.port, http.port);
	__atomic_store_n(&http.metadata, metadata, __ATOMIC_RELEASE);
}

static void keys_are_where_the_document_says(void **)
{
	char metadata[512], why[FETCH_WHY];

	serve(metadata, sizeof(metadata),
	      "{\"issuer\":\"http://127.0.0.1:%u\",\"jwks_uri\":\"http://127.0.0.1:%u/k\"}");
	assert_int_equal(fetch(why), 0);
	assert_int_equal(http.requests, 2);
	// The slash at the end is part of the name, and not of the path.
	strcat(issuer.issuer, "/");
	serve(metadata, sizeof(metadata),
	      "{\"issuer\":\"http://127.0.0.1:%u/\",\"jwks_uri\":\"http://127.0.0.1:%u/k\"}");
	assert_int_equal(fetch(why), 0);
}

static void a_document_that_is_not_the_issuers_is_refused(void **)
{
	static const struct {
		const char *metadata, *says;
	} wrong[] = {
		{"{\"issuer\":\"http://127.0.0.1:%u/\",\"jwks_uri\":\"http://127.0.0.1:%u/k\"}",
		 "the discovery document is not the issuer's"},
		{"{\"jwks_uri\":\"http://127.0.0.1:%u/k\"}",
		 "the discovery document is not the issuer's"},
		{"<html>", "the discovery document is not the issuer's"},
		{"[]", "the discovery document is not the issuer's"},
		{"{\"issuer\":\"http://evil\",\"issuer\":\"http://127.0.0.1:%u\","
		 "\"jwks_uri\":\"http://127.0.0.1:%u/k\"}",
		 "the discovery document is not the issuer's"},
		{"{\"issuer\":\"http://127.0.0.1:%u\"}",
		 "the discovery document has no usable jwks_uri"},
		{"{\"issuer\":\"http://127.0.0.1:%u\",\"jwks_uri\":7}",
		 "the discovery document has no usable jwks_uri"},
		{"{\"issuer\":\"http://127.0.0.1:%u\",\"jwks_uri\":\"http://10.0.0.1/k\"}",
		 "the discovery document has no usable jwks_uri"},
		{"{\"issuer\":\"http://127.0.0.1:%u\",\"jwks_uri\":\"file:///etc/passwd\"}",
		 "the discovery document has no usable jwks_uri"},
		{"{\"issuer\":\"http://127.0.0.1:%u\",\"jwks_uri\":\"https://u@h/k\"}",
		 "the discovery document has no usable jwks_uri"},
	};
	char metadata[512], why[FETCH_WHY];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		serve(metadata, sizeof(metadata), wrong[i].metadata);
		assert_int_not_equal(fetch(why), 0);
		assert_string_equal(why, wrong[i].says);
	}
}

static void a_redirect_is_not_followed(void **)
{
	char why[FETCH_WHY];

	__atomic_store_n(&http.status, 302, __ATOMIC_RELEASE);
	assert_int_not_equal(fetch(why), 0);
	assert_string_equal(why, "discovery: HTTP status 302");
	issuer.keys = CONFIG_KEYS_URL;
	snprintf(issuer.keys_url, sizeof(issuer.keys_url), "http://127.0.0.1:%u/k", http.port);
	assert_int_not_equal(fetch(why), 0);
	assert_string_equal(why, "HTTP status 302");
	assert_int_equal(http.requests, 2);
}

static void an_answer_without_end_is_cut(void **)
{
	char *huge = malloc(KEYSET_BYTES_MAX + 2), why[FETCH_WHY];

	memset(huge, ' ', KEYSET_BYTES_MAX + 1);
	huge[KEYSET_BYTES_MAX + 1] = '\0';
	issuer.keys = CONFIG_KEYS_URL;
	snprintf(issuer.keys_url, sizeof(issuer.keys_url), "http://127.0.0.1:%u/k", http.port);
	__atomic_store_n(&http.body, huge, __ATOMIC_RELEASE);
	assert_int_not_equal(fetch(why), 0);
	assert_string_equal(why, "the answer is too long");
	huge[KEYSET_BYTES_MAX] = '\0';
	assert_int_not_equal(fetch(why), 0);
	assert_non_null(strstr(why, "no JWK Set with a key for us"));
	free(huge);
}

static void plain_http_does_not_speak_tls(void **)
{
	char why[FETCH_WHY];

	snprintf(issuer.issuer, sizeof(issuer.issuer), "https://127.0.0.1:%u", http.port);
	assert_int_not_equal(fetch(why), 0);
	assert_int_equal(strncmp(why, "discovery: ", 11), 0);
}

static int enter(void **)
{
	http_start(&http, jwks);
	issuer = (struct config_issuer){.name = "web", .keys = CONFIG_KEYS_DISCOVERY};
	snprintf(issuer.issuer, sizeof(issuer.issuer), "http://127.0.0.1:%u", http.port);
	return 0;
}

static int leave(void **)
{
	http_stop(&http);
	return 0;
}

static int enter_all(void **)
{
	struct token_key key = {"k", "ES256", token_key_new(0)};

	jwks = token_jwks(&key, 1, "");
	EVP_PKEY_free(key.key);
	return curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK;
}

static int leave_all(void **)
{
	free(jwks);
	curl_global_cleanup();
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(keys_are_where_the_document_says),
		TEST(a_document_that_is_not_the_issuers_is_refused),
		TEST(a_redirect_is_not_followed),
		TEST(an_answer_without_end_is_cut),
		TEST(plain_http_does_not_speak_tls),
	};

	return cmocka_run_group_tests(tests, enter_all, leave_all);
}
