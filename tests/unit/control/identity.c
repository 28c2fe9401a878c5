// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Where keys come from, how often, and who waits for them.

#include "controlplane/identity/identity.h"

#include "controlplane/identity/logins.h"
#include "controlplane/identity/source.h"
#include "tests/unit/control/http.h"
#include "tests/unit/control/sample.h"
#include "tests/unit/control/token.h"

#include <curl/curl.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const uint64_t start = 1700000000;
static struct token_key old_key = {"old", "ES256"}, new_key = {"new", "ES256"};
static char *old_set, *both_sets;
static char folder[64];

#define REST SAMPLE_RESOURCES SAMPLE_LISTENERS SAMPLE_RULES

static struct identity *with_issuers(const char *issuers)
{
	struct config_errors errors = {0};
	struct identity_set *set = NULL;
	char text[4096];

	snprintf(
		text, sizeof(text),
		"gateway:\n  workers: [0]\n  state: %s\n"
		"  ports:\n    - {device: \"net_tap0\", address: 10.0.1.4/24}\n%s" REST,
		folder, issuers
	);
	struct config *config = sample_config(text);
	struct identity *id = identity_new();
	assert_non_null(id);
	assert_int_equal(identity_prepare(config, &set, &errors), 0);
	identity_commit(id, set);
	config_free(config);
	config_errors_fini(&errors);
	return id;
}

static void commit_again(struct identity *id, uint16_t port)
{
	struct config_errors errors = {0};
	struct identity_set *set = NULL;
	char text[4096];

	snprintf(
		text, sizeof(text),
		SAMPLE_GATEWAY "issuers:\n  - {name: web, issuer: \"https://web\", audience: gw,\n"
			       "     keys: {url: \"http://127.0.0.1:%u/keys\"}}\n" REST,
		port
	);
	struct config *config = sample_config(text);
	assert_int_equal(identity_prepare(config, &set, &errors), 0);
	identity_commit(id, set);
	config_free(config);
}

static struct identity *with_url(uint16_t port)
{
	char text[1024];

	snprintf(
		text, sizeof(text),
		"issuers:\n  - {name: web, issuer: \"https://web\", audience: gw,\n"
		"     keys: {url: \"http://127.0.0.1:%u/keys\"}}\n",
		port
	);
	return with_issuers(text);
}

static int verify(struct identity *id, const struct token_key *key, uint64_t now)
{
	struct subject *subject = NULL;
	char why[JWT_WHY];
	char *token = token_make(
		key, "{\"iss\":\"https://web\",\"aud\":\"gw\",\"sub\":\"a\",\"exp\":1800000000}"
	);

	int rc = identity_verify(id, span_str(token), NULL, now, &subject, why);
	subject_free(subject);
	free(token);
	return rc;
}

static void wait_fetches(struct identity *id, uint64_t n)
{
	uint64_t failed;

	for (int i = 0; i < 1000 && identity_fetches(id, &failed) < n; i++)
		usleep(10000);
	assert_int_equal(identity_fetches(id, &failed), n);
}

static unsigned requests(struct http *http)
{
	return __atomic_load_n(&http->requests, __ATOMIC_ACQUIRE);
}

static void an_unknown_key_fetches_at_most_every_five_minutes(void **)
{
	struct http http;

	http_start(&http, old_set);
	struct identity *id = with_url(http.port);
	assert_int_equal(verify(id, &old_key, start), -EAGAIN);
	wait_fetches(id, 1);
	assert_int_equal(verify(id, &old_key, start), 0);
	// Not one of a thousand strangers is worth a request.
	for (uint64_t i = 0; i < 1000; i++)
		assert_int_equal(verify(id, &new_key, start + i * 299 / 1000), ERR_AUTH);
	assert_int_equal(requests(&http), 1);
	// The issuer rolls its key over.
	__atomic_store_n(&http.body, both_sets, __ATOMIC_RELEASE);
	assert_int_equal(verify(id, &new_key, start + 299), ERR_AUTH);
	assert_int_equal(verify(id, &new_key, start + 300), -EAGAIN);
	assert_int_equal(verify(id, &old_key, start + 300), 0);
	wait_fetches(id, 2);
	assert_int_equal(verify(id, &new_key, start + 301), 0);
	assert_int_equal(requests(&http), 2);
	identity_free(id);
	http_stop(&http);
}

static void one_fetch_serves_all_who_wait(void **)
{
	struct http http;

	http_start(&http, old_set);
	__atomic_store_n(&http.delay_ms, 200, __ATOMIC_RELEASE);
	struct identity *id = with_url(http.port);
	for (int i = 0; i < 100; i++)
		assert_int_equal(verify(id, &old_key, start), -EAGAIN);
	wait_fetches(id, 1);
	assert_int_equal(verify(id, &old_key, start), 0);
	assert_int_equal(requests(&http), 1);
	identity_free(id);
	http_stop(&http);
}

static void the_last_good_keys_stay(void **)
{
	struct http http;
	uint64_t failed;

	http_start(&http, old_set);
	struct identity *id = with_url(http.port);
	identity_tick(id, start);
	wait_fetches(id, 1);
	__atomic_store_n(&http.status, 500, __ATOMIC_RELEASE);
	identity_tick(id, start + SOURCE_REFRESH - 1);
	identity_tick(id, start + SOURCE_REFRESH);
	wait_fetches(id, 2);
	assert_int_equal(verify(id, &old_key, start + SOURCE_REFRESH), 0);
	__atomic_store_n(&http.status, 200, __ATOMIC_RELEASE);
	__atomic_store_n(&http.body, "{\"keys\":[]}", __ATOMIC_RELEASE);
	identity_tick(id, start + 2 * SOURCE_REFRESH);
	wait_fetches(id, 3);
	assert_int_equal(verify(id, &old_key, start), 0);
	assert_int_equal(identity_fetches(id, &failed), 3);
	assert_int_equal(failed, 2);
	identity_free(id);
	http_stop(&http);
}

static void a_reload_does_not_fetch_again(void **)
{
	struct http http;

	http_start(&http, old_set);
	struct identity *id = with_url(http.port);
	identity_tick(id, start);
	wait_fetches(id, 1);
	for (int i = 0; i < 10; i++) {
		commit_again(id, http.port);
		identity_tick(id, start + 1);
		assert_int_equal(verify(id, &old_key, start + 1), 0);
		assert_int_equal(verify(id, &new_key, start + 1), ERR_AUTH);
	}
	assert_int_equal(requests(&http), 1);
	// One that is under way is not started again, and its keys arrive.
	__atomic_store_n(&http.delay_ms, 200, __ATOMIC_RELEASE);
	__atomic_store_n(&http.body, both_sets, __ATOMIC_RELEASE);
	assert_int_equal(verify(id, &new_key, start + 300), -EAGAIN);
	usleep(100000);
	for (int i = 0; i < 10; i++)
		commit_again(id, http.port);
	wait_fetches(id, 2);
	assert_int_equal(verify(id, &new_key, start + 300), 0);
	assert_int_equal(requests(&http), 2);
	identity_free(id);
	http_stop(&http);
}

static void an_end_does_not_wait_for_a_fetch(void **)
{
	struct http http;

	http_start(&http, old_set);
	__atomic_store_n(&http.delay_ms, 3000, __ATOMIC_RELEASE);
	struct identity *id = with_url(http.port);
	identity_tick(id, start);
	usleep(100000);
	struct timespec before, after;
	clock_gettime(CLOCK_MONOTONIC, &before);
	identity_free(id);
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_in_range(after.tv_sec - before.tv_sec, 0, 2);
	http_stop(&http);
}

static void an_issuer_that_hangs_does_not_delay_another(void **)
{
	struct http hangs, answers;
	char text[512];

	http_start(&hangs, old_set);
	http_start(&answers, old_set);
	__atomic_store_n(&hangs.delay_ms, 3000, __ATOMIC_RELEASE);
	snprintf(
		text, sizeof(text),
		"issuers:\n"
		"  - {name: a, issuer: \"https://a\", audience: gw, keys: {url: \"http://127.0.0.1:%u/\"}}\n"
		"  - {name: b, issuer: \"https://web\", audience: gw, keys: {url: \"http://127.0.0.1:%u/\"}}\n",
		hangs.port, answers.port
	);
	struct identity *id = with_issuers(text);
	identity_tick(id, start);
	wait_fetches(id, 1);
	assert_int_equal(verify(id, &old_key, start), 0);
	identity_free(id);
	http_stop(&hangs);
	http_stop(&answers);
}

static void the_state_of_keys_is_told(void **)
{
	struct identity_state state;
	struct http http;

	http_start(&http, old_set);
	struct identity *id = with_url(http.port);
	assert_true(identity_state(id, 0, &state));
	assert_string_equal(state.name, "web");
	assert_true(state.remote);
	assert_int_equal(state.keys, 0);
	assert_false(identity_state(id, 1, &state));
	identity_tick(id, start);
	wait_fetches(id, 1);
	assert_int_equal(verify(id, &new_key, start), ERR_AUTH);
	__atomic_store_n(&http.status, 503, __ATOMIC_RELEASE);
	identity_tick(id, start + SOURCE_REFRESH);
	wait_fetches(id, 2);
	assert_true(identity_state(id, 0, &state));
	assert_int_equal(state.keys, 1);
	assert_int_equal(state.good_at, start);
	assert_int_equal(state.failed, 1);
	assert_int_equal(state.unknown, 1);
	assert_string_equal(state.error, "HTTP status 503");
	// A day after the last good ones nobody gets in, and not in the moment before.
	assert_int_equal(verify(id, &old_key, start + SOURCE_LAST_GOOD - 1), 0);
	assert_int_equal(verify(id, &old_key, start + SOURCE_LAST_GOOD), -EAGAIN);
	wait_fetches(id, 3);
	assert_int_equal(verify(id, &old_key, start + SOURCE_LAST_GOOD), ERR_AUTH);
	assert_true(identity_state(id, 0, &state));
	assert_int_equal(state.keys, 0);
	identity_free(id);
	http_stop(&http);
}

static void keys_come_from_a_file(void **)
{
	struct config_errors errors = {0};
	struct identity_set *set = NULL;
	char path[128], text[512];

	snprintf(path, sizeof(path), "%s/jwks.json", folder);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(old_set, file);
	fclose(file);
	snprintf(
		text, sizeof(text),
		"issuers:\n  - {name: web, issuer: \"https://web\", audience: gw, keys: {file: %s}}\n",
		path
	);
	struct identity *id = with_issuers(text);
	assert_int_equal(verify(id, &old_key, start), 0);
	assert_int_equal(verify(id, &new_key, start), ERR_AUTH);
	identity_free(id);

	struct config *config = sample_config(SAMPLE);
	assert_int_equal(identity_prepare(config, &set, &errors), ERR_CONFIG);
	assert_string_equal(
		errors.lines[0],
		"t.yaml:6:64: jwks.json is no JWK Set with a key for us: No such file or directory"
	);
	config_errors_fini(&errors);
	config_free(config);
}

static void the_local_issuer_mints_what_it_accepts(void **)
{
	const char *groups[] = {"agents", "b"};
	struct local_claims claims = {"alice", groups, 2, 60, start};
	struct subject *subject = NULL;
	char why[LOCAL_WHY], path[128];
	char *token = NULL;
	struct stat info;

	struct identity *id = with_issuers("issuers:\n  - {name: demo, local: true}\n");
	assert_int_equal(identity_mint(id, &claims, &token, why), 0);
	identity_free(id);
	// The key pair stays.
	id = with_issuers("issuers:\n  - {name: demo, local: true}\n");
	assert_int_equal(identity_verify(id, span_str(token), NULL, start + 59, &subject, why), 0);
	assert_string_equal(subject->key, "alice");
	assert_string_equal(subject->groups[1], "b");
	assert_int_equal(subject->expires, start + 60);
	subject_free(subject);
	assert_int_equal(
		identity_verify(id, span_str(token), NULL, start + 60, &subject, why), ERR_AUTH
	);
	free(token);
	snprintf(path, sizeof(path), "%s/issuer-demo.jwk", folder);
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	claims.ttl_s = 0;
	assert_int_equal(identity_mint(id, &claims, &token, why), -EINVAL);
	claims.ttl_s = 60;
	claims.subject = "a\nb";
	assert_int_equal(identity_mint(id, &claims, &token, why), -EINVAL);
	claims.subject = "\xff";
	assert_int_equal(identity_mint(id, &claims, &token, why), -EINVAL);
	identity_free(id);
}

static void without_a_local_issuer_nothing_is_minted(void **)
{
	struct local_claims claims = {"alice", NULL, 0, 60, start};
	char why[LOCAL_WHY];
	char *token = NULL;
	struct identity *id = with_url(1);

	assert_int_equal(identity_mint(id, &claims, &token, why), -ENOENT);
	assert_string_equal(why, "no issuer is local; add one with `local: true`");
	identity_free(id);
}

// ---- logins

struct worker {
	bool full;
	unsigned n;
	struct command commands[8];
};

static bool take(void *ctx, uint16_t worker, const struct command *command)
{
	struct worker *w = ctx;

	assert_int_equal(worker, 3);
	if (w->full)
		return false;
	assert_in_range(w->n, 0, 7);
	w->commands[w->n++] = *command;
	return true;
}

static void add(struct logins *logins, session_id session, const char *token)
{
	struct event event = {.type = EVENT_LOGIN, .worker = 3, .session = session};

	// The session's bytes may change as soon as the call returns.
	char *copy = strdup(token);
	event.token = (const uint8_t *)copy;
	event.token_len = (uint32_t)strlen(copy);
	logins_add(logins, &event, start);
	memset(copy, 'x', strlen(copy));
	free(copy);
}

static void a_login_waits_for_its_issuer_and_nobody_else(void **)
{
	struct local_claims claims = {"alice", NULL, 0, 60, start};
	struct worker worker = {0};
	struct http http;
	char text[512], why[LOCAL_WHY];
	char *local = NULL;

	http_start(&http, old_set);
	__atomic_store_n(&http.delay_ms, 200, __ATOMIC_RELEASE);
	snprintf(
		text, sizeof(text),
		"issuers:\n  - {name: web, issuer: \"https://web\", audience: gw,\n"
		"     keys: {url: \"http://127.0.0.1:%u/keys\"}}\n  - {name: demo, local: true}\n",
		http.port
	);
	struct identity *id = with_issuers(text);
	struct logins *logins = logins_new(id, take, &worker);
	char *slow = token_make(
		&old_key,
		"{\"iss\":\"https://web\",\"aud\":\"gw\",\"sub\":\"s\",\"exp\":1800000000}"
	);
	assert_int_equal(identity_mint(id, &claims, &local, why), 0);
	add(logins, 1, slow);
	add(logins, 2, local);
	add(logins, 3, "garbage");
	logins_poll(logins, start);
	assert_int_equal(worker.n, 2);
	assert_int_equal(worker.commands[0].session, 2);
	assert_string_equal(worker.commands[0].subject->key, "alice");
	assert_null(worker.commands[1].subject);
	assert_string_equal(worker.commands[1].reason, "token is no JWT in compact form");
	assert_int_equal(logins_stats(logins).waiting, 1);
	wait_fetches(id, 1);
	worker.full = true;
	logins_poll(logins, start);
	assert_int_equal(worker.n, 2);
	worker.full = false;
	logins_poll(logins, start);
	assert_int_equal(worker.n, 3);
	assert_int_equal(worker.commands[2].session, 1);
	assert_string_equal(worker.commands[2].subject->key, "s");
	assert_int_equal(logins_stats(logins).waiting, 0);
	assert_int_equal(logins_stats(logins).accepted, 2);
	assert_int_equal(logins_stats(logins).refused, 1);
	subject_free(worker.commands[0].subject);
	subject_free(worker.commands[2].subject);
	logins_free(logins);
	identity_free(id);
	free(slow);
	free(local);
	http_stop(&http);
}

static void a_login_does_not_wait_for_ever(void **)
{
	struct worker worker = {0};
	struct http http;

	http_start(&http, old_set);
	__atomic_store_n(&http.delay_ms, 500, __ATOMIC_RELEASE);
	struct identity *id = with_url(http.port);
	struct logins *logins = logins_new(id, take, &worker);
	char *slow = token_make(
		&old_key,
		"{\"iss\":\"https://web\",\"aud\":\"gw\",\"sub\":\"s\",\"exp\":1800000000}"
	);
	add(logins, 1, slow);
	add(logins, 2, slow);
	logins_poll(logins, start + LOGINS_WAIT_SECONDS - 1);
	assert_int_equal(worker.n, 0);
	logins_poll(logins, start + LOGINS_WAIT_SECONDS);
	assert_int_equal(worker.n, 2);
	assert_null(worker.commands[0].subject);
	assert_string_equal(
		worker.commands[0].reason, "the issuer's keys could not be fetched in time"
	);
	// Those that wait at the end are forgotten without a trace.
	add(logins, 3, slow);
	logins_free(logins);
	identity_free(id);
	free(slow);
	http_stop(&http);
}

static int enter(void **)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
	old_key.key = token_key_new(0);
	new_key.key = token_key_new(0);
	struct token_key both[] = {old_key, new_key};
	old_set = token_jwks(both, 1, "");
	both_sets = token_jwks(both, 2, "");
	snprintf(folder, sizeof(folder), "/tmp/bulkhead-identity-XXXXXX");
	return mkdtemp(folder) == NULL;
}

static int leave(void **)
{
	char command[128];

	EVP_PKEY_free(old_key.key);
	EVP_PKEY_free(new_key.key);
	free(old_set);
	free(both_sets);
	curl_global_cleanup();
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unknown_key_fetches_at_most_every_five_minutes),
		cmocka_unit_test(one_fetch_serves_all_who_wait),
		cmocka_unit_test(the_last_good_keys_stay),
		cmocka_unit_test(a_reload_does_not_fetch_again),
		cmocka_unit_test(an_end_does_not_wait_for_a_fetch),
		cmocka_unit_test(an_issuer_that_hangs_does_not_delay_another),
		cmocka_unit_test(the_state_of_keys_is_told),
		cmocka_unit_test(keys_come_from_a_file),
		cmocka_unit_test(the_local_issuer_mints_what_it_accepts),
		cmocka_unit_test(without_a_local_issuer_nothing_is_minted),
		cmocka_unit_test(a_login_waits_for_its_issuer_and_nobody_else),
		cmocka_unit_test(a_login_does_not_wait_for_ever),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
