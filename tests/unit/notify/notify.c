// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/notify/notify.h"

#include "tests/unit/control/recorder_scratch.h"
#include "tests/unit/notify/receiver.h"

#include <curl/curl.h>
#include <sqlite3.h>

#include <errno.h>
#include <time.h>

struct rig {
	struct scratch scratch;
	struct store *store;
	struct notify *notify;
	struct config_notification targets[4];
	uint16_t n_targets;
};

static const struct notify_limits limits = {
	.attempts = 3,
	.backoff_ms = 2,
	.backoff_max_ms = 20,
	.timeout_ms = 60000, // no test waits for it
	.kept = 20,
};

static void open_all(struct rig *rig)
{
	char why[STORE_WHY] = "";

	assert_int_equal(store_open(rig->scratch.path, &rig->store, why), 0);
	assert_int_equal(notify_new(rig->store, "https://gw.example", &limits, &rig->notify), 0);
	assert_int_equal(notify_configure(rig->notify, rig->targets, rig->n_targets, why), 0);
}

static void add(struct rig *rig, const char *name, const struct receiver *receiver)
{
	struct config_notification *target = &rig->targets[rig->n_targets++];

	*target = (struct config_notification){.events = UINT32_MAX};
	snprintf(target->name, sizeof(target->name), "%s", name);
	receiver_url(receiver, target->url, sizeof(target->url));
}

static void stop(struct rig *rig)
{
	notify_free(rig->notify);
	store_close(rig->store);
	scratch_remove(&rig->scratch);
}

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static int put_inside(struct rig *rig, int result)
{
	json_t *fields = json_pack(
		"{s:s, s:s, s:s, s:s, s:s}", "id", "00000000000000ab", "who",
		"ann > <!channel> *bot*", "resource", "orders", "excerpt", "UPDATE t SET a=?",
		"effects", "write"
	);

	int r = store_begin(rig->store);
	if (r == 0)
		r = notify_put(rig->notify, NOTIFY_APPROVAL_REQUESTED, fields, now());
	json_decref(fields);
	return store_end(rig->store, r == 0 ? result : r);
}

static void put(struct rig *rig)
{
	assert_int_equal(put_inside(rig, 0), 0);
}

// A round of the control loop.
static void tick(struct rig *rig)
{
	notify_tick(rig->notify, now());
	usleep(500);
}

static void until_requests(struct rig *rig, const struct receiver *receiver, unsigned n)
{
	while (receiver_requests(receiver) < n)
		tick(rig);
}

static unsigned listed(struct rig *rig, const char *state)
{
	json_t *list = NULL;
	int64_t next;

	assert_int_equal(notify_list(rig->notify, state, 0, 100, &list, &next), 0);
	unsigned n = (unsigned)json_array_size(list);
	json_decref(list);
	return n;
}

static void until_listed(struct rig *rig, const char *state, unsigned n)
{
	while (listed(rig, state) != n)
		tick(rig);
}

static void what_is_told_arrives_signed(void **)
{
	struct rig rig = {.scratch = scratch_make()};
	struct receiver receiver;
	char command[600], mac[96] = "";

	receiver_start(&receiver, MANNER_STATUS, 204);
	add(&rig, "ops", &receiver);
	rig.targets[0].secret = CONFIG_SECRET_ENV;
	strcpy(rig.targets[0].secret_name, "NOTIFY_TEST_KEY");
	setenv("NOTIFY_TEST_KEY", "k3y-of-the-hook", 1);
	open_all(&rig);
	put(&rig);
	until_listed(&rig, NULL, 0);
	assert_int_equal(receiver_requests(&receiver), 1);
	assert_string_equal(receiver.path, "/hook");
	FILE *f = fopen(scratch_file(&rig.scratch, "signed"), "w");
	assert_non_null(f);
	fprintf(f, "%s.%s", receiver.timestamp, receiver.body);
	fclose(f);
	snprintf(
		command, sizeof(command),
		"openssl dgst -sha256 -hmac k3y-of-the-hook %s/signed | sed 's/.*= //'",
		rig.scratch.path
	);
	f = popen(command, "r");
	assert_non_null(fgets(mac, sizeof(mac), f));
	pclose(f);
	mac[strcspn(mac, "\n")] = '\0';
	assert_int_equal(strlen(mac), 64);
	assert_int_equal(strncmp(receiver.signature, "v1=", 3), 0);
	assert_string_equal(receiver.signature + 3, mac);
	assert_true(strtoull(receiver.timestamp, NULL, 10) + 60 > now() / 1000000000);
	json_t *json = json_loads(receiver.body, 0, NULL);
	assert_string_equal(
		json_string_value(json_object_get(json, "event")), "approval_requested"
	);
	assert_string_equal(
		json_string_value(json_object_get(json, "link")),
		"https://gw.example/#/approvals/00000000000000ab"
	);
	assert_string_equal(
		json_string_value(json_object_get(json, "excerpt")), "UPDATE t SET a=?"
	);
	json_decref(json);
	receiver_stop(&receiver);
	stop(&rig);
}

static void what_did_not_happen_is_not_told(void **)
{
	struct rig rig = {.scratch = scratch_make()};
	struct receiver receiver;

	receiver_start(&receiver, MANNER_STATUS, 200);
	add(&rig, "ops", &receiver);
	open_all(&rig);
	assert_int_equal(put_inside(&rig, -ENOENT), -ENOENT);
	put(&rig);
	until_listed(&rig, NULL, 0);
	assert_int_equal(receiver_requests(&receiver), 1);
	receiver_stop(&receiver);
	stop(&rig);
}

static void only_what_is_wanted_is_told(void **)
{
	struct rig rig = {.scratch = scratch_make()};
	struct receiver all, none;

	receiver_start(&all, MANNER_STATUS, 200);
	receiver_start(&none, MANNER_STATUS, 200);
	add(&rig, "all", &all);
	add(&rig, "none", &none);
	rig.targets[1].events = 1 << NOTIFY_REVOKED;
	open_all(&rig);
	put(&rig);
	until_listed(&rig, NULL, 0);
	assert_int_equal(receiver_requests(&all), 1);
	assert_int_equal(receiver_requests(&none), 0);
	receiver_stop(&all);
	receiver_stop(&none);
	stop(&rig);
}

static void who_hangs_delays_nobody(void **)
{
	struct rig rig = {.scratch = scratch_make()};
	struct receiver bad, good;

	receiver_start(&bad, MANNER_HANG, 0);
	receiver_start(&good, MANNER_STATUS, 200);
	add(&rig, "bad", &bad);
	add(&rig, "good", &good);
	open_all(&rig);
	for (unsigned i = 0; i < 10; i++)
		put(&rig);
	until_requests(&rig, &bad, 1);
	until_requests(&rig, &good, 10);
	until_listed(&rig, NULL, 10);
	assert_int_equal(receiver_requests(&bad), 1);
	assert_int_equal(receiver_requests(&good), 10); // one at a time, and each once
	receiver_stop(&bad);
	receiver_stop(&good);
	stop(&rig);
}

static void what_fails_is_tried_again_then_kept(void **)
{
	struct rig rig = {.scratch = scratch_make()};
	struct receiver receiver;
	json_t *list = NULL;
	int64_t next;

	receiver_start(&receiver, MANNER_STATUS, 500);
	add(&rig, "ops", &receiver);
	open_all(&rig);
	put(&rig);
	until_listed(&rig, "dead", 1);
	assert_int_equal(receiver_requests(&receiver), limits.attempts);
	assert_string_equal(receiver.deliveries[0], receiver.deliveries[2]);
	assert_int_equal(notify_list(rig.notify, "dead", 0, 10, &list, &next), 0);
	const json_t *dead = json_array_get(list, 0);
	int64_t id = json_integer_value(json_object_get(dead, "id"));
	assert_string_equal(json_string_value(json_object_get(dead, "error")), "HTTP status 500");
	assert_string_equal(
		json_string_value(json_object_get(dead, "approval")), "00000000000000ab"
	);
	assert_int_equal(json_integer_value(json_object_get(dead, "attempts")), 3);
	json_decref(list);
	for (unsigned i = 0; i < 100; i++)
		tick(&rig); // it rests
	assert_int_equal(receiver_requests(&receiver), limits.attempts);
	__atomic_store_n(&receiver.status, 200, __ATOMIC_RELEASE);
	assert_int_equal(notify_requeue(rig.notify, id + 1, now()), -ENOENT);
	assert_int_equal(notify_requeue(rig.notify, id, now()), 0);
	assert_int_equal(notify_requeue(rig.notify, id, now()), -EALREADY);
	until_listed(&rig, NULL, 0);
	assert_int_equal(receiver_requests(&receiver), limits.attempts + 1);
	receiver_stop(&receiver);
	stop(&rig);
}

static void nobody_is_sent_elsewhere(void **)
{
	struct rig rig = {.scratch = scratch_make()};
	struct receiver receiver;

	receiver_start(&receiver, MANNER_REDIRECT, 0);
	add(&rig, "ops", &receiver);
	open_all(&rig);
	put(&rig);
	until_listed(&rig, "dead", 1);
	assert_int_equal(receiver_requests(&receiver), limits.attempts);
	assert_string_equal(receiver.path, "/hook");
	receiver_stop(&receiver);
	stop(&rig);
}

static void who_closes_early_is_told_again(void **)
{
	struct rig rig = {.scratch = scratch_make()};
	struct receiver receiver;

	receiver_start(&receiver, MANNER_CLOSE, 200);
	add(&rig, "ops", &receiver);
	open_all(&rig);
	put(&rig);
	until_requests(&rig, &receiver, 1);
	__atomic_store_n(&receiver.manner, MANNER_STATUS, __ATOMIC_RELEASE);
	until_listed(&rig, NULL, 0);
	assert_true(receiver_requests(&receiver) >= 2);
	receiver_stop(&receiver);
	stop(&rig);
}

static void who_talks_without_end_has_been_told(void **)
{
	struct rig rig = {.scratch = scratch_make()};
	struct receiver receiver;

	receiver_start(&receiver, MANNER_ENDLESS, 200);
	add(&rig, "ops", &receiver);
	open_all(&rig);
	put(&rig);
	until_listed(&rig, NULL, 0);
	assert_int_equal(receiver_requests(&receiver), 1);
	receiver_stop(&receiver);
	stop(&rig);
}

static void nobody_there_is_a_dead_letter(void **)
{
	struct rig rig = {.scratch = scratch_make()};
	struct receiver receiver;

	receiver_start(&receiver, MANNER_STATUS, 200);
	add(&rig, "ops", &receiver);
	receiver_stop(&receiver);
	open_all(&rig);
	put(&rig);
	until_listed(&rig, "dead", 1);
	assert_int_equal(notify_stats(rig.notify).delivered, 0);
	stop(&rig);
}

static void what_waits_survives_the_process(void **)
{
	struct rig rig = {.scratch = scratch_make()};
	struct receiver receiver;

	receiver_start(&receiver, MANNER_HANG, 200);
	add(&rig, "ops", &receiver);
	open_all(&rig);
	put(&rig);
	put(&rig);
	until_requests(&rig, &receiver, 1);
	notify_free(rig.notify); // with one under way
	store_close(rig.store);
	__atomic_store_n(&receiver.manner, MANNER_STATUS, __ATOMIC_RELEASE);
	open_all(&rig);
	until_listed(&rig, NULL, 0);
	assert_int_equal(receiver_requests(&receiver), 3); // one of them twice
	assert_string_equal(receiver.deliveries[0], receiver.deliveries[1]);
	receiver_stop(&receiver);
	stop(&rig);
}

static void a_locked_store_forgets_no_result(void **)
{
	struct rig rig = {.scratch = scratch_make()};
	struct receiver receiver;
	sqlite3 *db = NULL;

	receiver_start(&receiver, MANNER_STATUS, 200);
	add(&rig, "ops", &receiver);
	open_all(&rig);
	put(&rig);
	tick(&rig);
	assert_int_equal(sqlite3_open(scratch_file(&rig.scratch, "store.db"), &db), SQLITE_OK);
	while (sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL) != SQLITE_OK)
		usleep(500);
	until_requests(&rig, &receiver, 1);
	for (unsigned i = 0; i < 50; i++)
		tick(&rig);
	assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	until_listed(&rig, NULL, 0);
	assert_int_equal(receiver_requests(&receiver), 1); // and is not sent again
	receiver_stop(&receiver);
	stop(&rig);
}

static void so_many_are_kept_and_no_more(void **)
{
	struct rig rig = {.scratch = scratch_make()};
	struct receiver receiver;

	receiver_start(&receiver, MANNER_HANG, 0);
	add(&rig, "ops", &receiver);
	open_all(&rig);
	for (unsigned i = 0; i < limits.kept + 5; i++)
		put(&rig);
	assert_int_equal(listed(&rig, NULL), limits.kept);
	assert_int_equal(notify_stats(rig.notify).discarded, 5);
	receiver_stop(&receiver);
	stop(&rig);
}

static void what_waits_for_who_is_gone_is_a_dead_letter(void **)
{
	struct rig rig = {.scratch = scratch_make()};
	struct receiver receiver;
	char why[STORE_WHY];

	receiver_start(&receiver, MANNER_HANG, 0);
	add(&rig, "ops", &receiver);
	open_all(&rig);
	put(&rig);
	assert_int_equal(notify_configure(rig.notify, NULL, 0, why), 0);
	until_listed(&rig, "dead", 1);
	receiver_stop(&receiver);
	stop(&rig);
}

static void a_secret_that_is_not_there_changes_nothing(void **)
{
	struct rig rig = {.scratch = scratch_make()};
	struct receiver receiver;
	char why[STORE_WHY] = "";

	receiver_start(&receiver, MANNER_STATUS, 200);
	add(&rig, "ops", &receiver);
	open_all(&rig);
	struct config_notification other = rig.targets[0];
	other.url_secret = CONFIG_SECRET_ENV;
	strcpy(other.url_name, "NOTIFY_TEST_NO_SUCH");
	assert_int_equal(notify_configure(rig.notify, &other, 1, why), ERR_CONFIG);
	assert_non_null(strstr(why, "NOTIFY_TEST_NO_SUCH"));
	setenv("NOTIFY_TEST_URL", "http://hooks.example/x", 1);
	strcpy(other.url_name, "NOTIFY_TEST_URL");
	assert_int_equal(notify_configure(rig.notify, &other, 1, why), ERR_CONFIG);
	put(&rig);
	until_requests(&rig, &receiver, 1);
	receiver_stop(&receiver);
	stop(&rig);
}

static int start_curl(void **)
{
	return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_told_arrives_signed),
		cmocka_unit_test(what_did_not_happen_is_not_told),
		cmocka_unit_test(only_what_is_wanted_is_told),
		cmocka_unit_test(who_hangs_delays_nobody),
		cmocka_unit_test(what_fails_is_tried_again_then_kept),
		cmocka_unit_test(nobody_is_sent_elsewhere),
		cmocka_unit_test(who_closes_early_is_told_again),
		cmocka_unit_test(who_talks_without_end_has_been_told),
		cmocka_unit_test(nobody_there_is_a_dead_letter),
		cmocka_unit_test(what_waits_survives_the_process),
		cmocka_unit_test(a_locked_store_forgets_no_result),
		cmocka_unit_test(so_many_are_kept_and_no_more),
		cmocka_unit_test(what_waits_for_who_is_gone_is_a_dead_letter),
		cmocka_unit_test(a_secret_that_is_not_there_changes_nothing),
	};
	return cmocka_run_group_tests(tests, start_curl, NULL);
}
