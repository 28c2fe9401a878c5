// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/secrets/managed.h"

#include "tests/unit/control/http.h"

#include <curl/curl.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { NOW = 1800000000 };

static const char good[] = "{\"access_token\":\"head.claims.sign\",\"expires_on\":\"1800003600\","
			   "\"resource\":\"https://db\",\"token_type\":\"Bearer\"}";

static void forget_environment(void)
{
	static const char *const names[] = {
		"IDENTITY_ENDPOINT",
		"IDENTITY_HEADER",
		"AZURE_FEDERATED_TOKEN_FILE",
		"AZURE_TENANT_ID",
		"AZURE_CLIENT_ID",
		"AZURE_AUTHORITY_HOST",
		"AZURE_POD_IDENTITY_AUTHORITY_HOST",
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unsetenv(names[i]);
}

static void set_url(const char *name, const struct http *http, const char *path)
{
	char url[128];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", http->port, path);
	setenv(name, url, 1);
}

static int ask(const char *client_id, uint64_t now, struct credential_text **out, char *why)
{
	static const bool stop = false;
	struct azure_identity identity;
	uint32_t retry;

	int rc = azure_identity_find("https://db", client_id, &identity, why);
	return rc != 0 ? rc : azure_token(&identity, &stop, now, out, &retry, why);
}

static void expect_token(const char *client_id)
{
	struct credential_text *text = NULL;
	char why[HTTP_WHY] = "";

	assert_int_equal(ask(client_id, NOW, &text, why), 0);
	assert_int_equal(text->n, strlen("head.claims.sign"));
	assert_memory_equal(text->text, "head.claims.sign", text->n);
	assert_int_equal(text->expires, NOW + 3600);
	credential_text_free(text);
}

static void imds_is_asked_as_its_pages_say(void **)
{
	struct http http;

	forget_environment();
	http_start(&http, good);
	set_url("AZURE_POD_IDENTITY_AUTHORITY_HOST", &http, "");
	expect_token("11111111-2222-3333-4444-555555555555");
	assert_non_null(
		strstr(http.last,
		       "GET /metadata/identity/oauth2/token?api-version=2018-02-01&"
		       "resource=https%3A%2F%2Fdb&client_id=11111111-2222-3333-4444-555555555555 ")
	);
	assert_non_null(strstr(http.last, "\r\nMetadata: true\r\n"));
	http_stop(&http);
}

static void app_service_is_shown_its_header(void **)
{
	struct http http;

	forget_environment();
	http_start(&http, good);
	set_url("IDENTITY_ENDPOINT", &http, "/msi/token");
	setenv("IDENTITY_HEADER", "0a1b2c", 1);
	expect_token("");
	assert_non_null(strstr(http.last, "GET /msi/token?api-version=2019-08-01&"));
	assert_non_null(strstr(http.last, "\r\nX-IDENTITY-HEADER: 0a1b2c\r\n"));
	assert_null(strstr(http.last, "client_id"));
	http_stop(&http);
}

static void a_pod_trades_its_projected_token(void **)
{
	static const char answer[] =
		"{\"access_token\":\"head.claims.sign\",\"expires_in\":3600,\"token_type\":\"Bearer\"}";
	char path[] = "/tmp/bulkhead-projected.XXXXXX";
	struct http http;

	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "pod.token.sig\n", 14), 14);
	close(fd);
	forget_environment();
	http_start(&http, answer);
	set_url("AZURE_AUTHORITY_HOST", &http, "/");
	setenv("AZURE_FEDERATED_TOKEN_FILE", path, 1);
	setenv("AZURE_TENANT_ID", "tenant", 1);
	setenv("AZURE_CLIENT_ID", "client", 1);
	expect_token("");
	assert_non_null(strstr(http.last, "POST /tenant/oauth2/v2.0/token "));
	assert_non_null(strstr(http.last, "scope=https%3A%2F%2Fdb%2F.default"));
	assert_non_null(strstr(http.last, "client_assertion=pod.token.sig"));
	assert_non_null(strstr(http.last, "client_id=client&"));
	http_stop(&http);
	unlink(path);
}

static void faults_are_told_apart(void **)
{
	static const struct {
		int status;
		const char *body;
		int rc;
	} cases[] = {
		{404, "{}", -EAGAIN},
		{410, "{}", -EAGAIN},
		{429, "{\"error\":\"too_many\"}", -EAGAIN},
		{500, "not json", -EAGAIN},
		{400, "{\"error\":\"invalid_resource\"}", -EACCES},
		{302, "{}", -EACCES},
		{200, "", -EAGAIN},
		{200, "[]", -EAGAIN},
		{200, "{\"access_token\":\"\",\"expires_on\":\"1800003600\"}", -EAGAIN},
		{200, "{\"access_token\":\"a b\",\"expires_on\":\"1800003600\"}", -EAGAIN},
		{200, "{\"access_token\":\"a\\u0000b\",\"expires_on\":\"1800003600\"}", -EAGAIN},
		{200, "{\"access_token\":7,\"expires_on\":\"1800003600\"}", -EAGAIN},
		{200, "{\"access_token\":\"t\"}", -EAGAIN},
		{200, "{\"access_token\":\"t\",\"expires_on\":\"soon\"}", -EAGAIN},
		{200, "{\"access_token\":\"t\",\"expires_on\":\"1799999999\"}", -EAGAIN},
		{200, "{\"access_token\":\"t\",\"expires_on\":\"99999999999\"}", -EAGAIN},
		{200, "{\"access_token\":\"t\",\"expires_in\":\"-5\"}", -EAGAIN},
		{200, "{\"access_token\":\"t\",\"access_token\":\"u\",\"expires_in\":60}", -EAGAIN},
	};
	struct http http;

	forget_environment();
	http_start(&http, "");
	set_url("AZURE_POD_IDENTITY_AUTHORITY_HOST", &http, "");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct credential_text *text = NULL;
		char why[HTTP_WHY] = "";
		__atomic_store_n(&http.status, cases[i].status, __ATOMIC_RELEASE);
		__atomic_store_n(&http.body, cases[i].body, __ATOMIC_RELEASE);
		print_message("%d %s\n", cases[i].status, cases[i].body);
		assert_int_equal(ask("", NOW, &text, why), cases[i].rc);
		assert_null(text);
		assert_true(why[0] != '\0');
		assert_null(strstr(why, "access_token"));
	}
	http_stop(&http);
}

static void only_near_hosts_are_asked_in_clear(void **)
{
	static const char *const near[] = {
		"http://127.0.0.1", "http://127.0.0.1:80/x", "http://localhost/", "http://[::1]:8/",
		"http://169.254.169.254/metadata"};
	static const char *const far[] = {"http://127.0.0.1.example.org/",
					  "http://localhost.example.org/",
					  "http://10.0.0.1/",
					  "http://169.254.example.org/",
					  "http://169.254.169.254@example.org/",
					  "https://127.0.0.1/",
					  "http://[::1].example.org/"};

	for (size_t i = 0; i < sizeof(near) / sizeof(near[0]); i++)
		assert_true(http_is_near(near[i]));
	for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++)
		assert_false(http_is_near(far[i]));
}

static void the_thread_keeps_one_in_force(void **)
{
	char body[256], why[HTTP_WHY] = "", *text = NULL;
	const struct credential *first = NULL, *again = NULL;
	struct managed_stats stats;
	struct http http;

	forget_environment();
	snprintf(body, sizeof(body), "{\"access_token\":\"one\",\"expires_in\":\"%d\"}", 3600);
	http_start(&http, "busy");
	__atomic_store_n(&http.status, 503, __ATOMIC_RELEASE);
	set_url("AZURE_POD_IDENTITY_AUTHORITY_HOST", &http, "");
	struct managed *managed = managed_new();
	assert_non_null(managed);
	assert_int_equal(managed_find(managed, "https://db", "", &first, why), 0);
	assert_int_equal(managed_find(managed, "https://db", "", &again, why), 0);
	assert_ptr_equal(first, again);
	assert_int_equal(managed_find(managed, "https://db", "other", &again, why), 0);
	assert_ptr_not_equal(first, again);
	do
		managed_stats_get(managed, &stats);
	while (stats.failed < 2); // it goes on asking
	assert_int_equal(stats.missing, 2);
	assert_int_equal(managed_read(first, &text), -ENOENT);
	assert_null(credential_current(first));
	__atomic_store_n(&http.body, body, __ATOMIC_RELEASE);
	__atomic_store_n(&http.status, 200, __ATOMIC_RELEASE);
	do
		managed_stats_get(managed, &stats);
	while (stats.missing > 0);
	assert_int_equal(managed_read(first, &text), 0);
	assert_string_equal(text, "one");
	managed_text_free(text);
	assert_int_equal(credential_current(first)->n, 3);
	managed_free(managed);
	http_stop(&http);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(imds_is_asked_as_its_pages_say),
		cmocka_unit_test(app_service_is_shown_its_header),
		cmocka_unit_test(a_pod_trades_its_projected_token),
		cmocka_unit_test(faults_are_told_apart),
		cmocka_unit_test(only_near_hosts_are_asked_in_clear),
		cmocka_unit_test(the_thread_keeps_one_in_force),
	};

	curl_global_init(CURL_GLOBAL_DEFAULT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
