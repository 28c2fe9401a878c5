// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Several at once, a store that is locked or full, a process that is killed.

#include "tests/unit/approval/rig.h"

#include <sqlite3.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define ID "0000000000000001"

enum { ROUNDS = 12 };

static struct subject *bot(void)
{
	return WHO("person:ann", "agent:bot");
}

// ---- two at once, each with a connection of its own

struct side {
	struct rig rig; // only what differs from the other's
	const struct subject *who;
	bool yes;
	uint64_t held;
	pthread_barrier_t *start;
	int result;
};

static bool drop(void *, uint16_t, const struct command *)
{
	return true;
}

static bool keep(void *context, uint16_t, const struct command *command)
{
	*(struct command *)context = *command;
	return true;
}

static bool nobody(void *, const struct node_id *)
{
	return false;
}

static struct approvals *second(struct rig *rig, struct store **store, void *context)
{
	struct approvals *approvals;
	char why[STORE_WHY];

	assert_int_equal(store_open(rig->scratch.path, store, why), 0);
	rig_hurry(rig->store);
	rig_hurry(*store);
	const struct approvals_config config = {
		.store = *store,
		.audit = rig->audit,
		.epoch = rig->epoch,
		.send = context == NULL ? drop : keep,
		.is_revoked = nobody,
		.context = context,
	};
	int r;
	do
		r = approvals_new(&config, rig->now, &approvals);
	while (r == -EBUSY);
	assert_int_equal(r, 0);
	approvals_policy(approvals, rig->policy, rig->now);
	return approvals;
}

static void *vote(void *context)
{
	struct side *side = context;
	char why[APPROVAL_WHY];

	pthread_barrier_wait(side->start);
	do
		side->result = approvals_vote(
			side->rig.approvals, ID, side->who, side->yes, "", side->rig.now, why
		);
	while (side->result == -EBUSY);
	return NULL;
}

static void both(struct side *a, struct side *b, void *(*run)(void *))
{
	pthread_barrier_t start;
	pthread_t threads[2];

	pthread_barrier_init(&start, NULL, 2);
	a->start = b->start = &start;
	assert_int_equal(pthread_create(&threads[0], NULL, run, a), 0);
	assert_int_equal(pthread_create(&threads[1], NULL, run, b), 0);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	pthread_barrier_destroy(&start);
}

static void two_votes(bool a_yes, bool b_yes, uint16_t quorum, int first, int other)
{
	struct rig rig;
	struct store *store;

	rig_start(&rig);
	rig.rule.mode = APPROVAL_RETRY;
	rig.rule.quorum = quorum;
	rig_hold(&rig, 1, bot(), "x");
	struct side a = {.rig = rig, .who = WHO("person:dan"), .yes = a_yes};
	struct side b = {.rig = rig, .who = WHO("person:eve"), .yes = b_yes};
	b.rig.approvals = second(&rig, &store, NULL);
	both(&a, &b, vote);
	assert_true(
		(a.result == first && b.result == other) || (a.result == other && b.result == first)
	);
	approvals_free(b.rig.approvals);
	store_close(store);
	rig_stop(&rig);
}

static void of_two_votes_at_once_one_decides(void **)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		two_votes(true, true, 1, VOTE_APPROVED, VOTE_OVER);
		two_votes(false, false, 1, VOTE_REFUSED, VOTE_OVER);
		two_votes(true, true, 2, VOTE_COUNTED, VOTE_APPROVED);
	}
}

static void a_yes_and_a_no_at_once_are_one_of_them(void **)
{
	struct rig rig;
	struct store *store;
	unsigned approved = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		rig_start(&rig);
		rig.rule.mode = APPROVAL_RETRY;
		rig_hold(&rig, 1, bot(), "x");
		struct side a = {.rig = rig, .who = WHO("person:dan"), .yes = true};
		struct side b = {.rig = rig, .who = WHO("person:eve"), .yes = false};
		b.rig.approvals = second(&rig, &store, NULL);
		both(&a, &b, vote);
		assert_true(
			(a.result == VOTE_APPROVED && b.result == VOTE_OVER) ||
			(a.result == VOTE_OVER && b.result == VOTE_REFUSED)
		);
		assert_string_equal(
			rig_state(&rig, ID), a.result == VOTE_APPROVED ? "approved" : "refused"
		);
		approved += a.result == VOTE_APPROVED;
		approvals_free(b.rig.approvals);
		store_close(store);
		rig_stop(&rig);
	}
	print_message("%u of %u approved\n", approved, ROUNDS);
}

static void *run_again(void *context)
{
	struct side *side = context;

	pthread_barrier_wait(side->start);
	rig_hold(&side->rig, side->held, side->who, "x");
	return NULL;
}

static void of_two_that_run_it_at_once_one_does(void **)
{
	struct rig rig;
	struct store *store;
	struct command command = {0};

	for (unsigned i = 0; i < ROUNDS; i++) {
		rig_start(&rig);
		rig.rule.mode = APPROVAL_RETRY;
		rig_hold(&rig, 1, bot(), "x");
		assert_int_equal(rig_vote(&rig, ID, WHO("person:dan"), true), VOTE_APPROVED);
		rig.n_commands = 0;
		struct side a = {.rig = rig, .who = bot(), .held = 2};
		struct side b = {.rig = rig, .who = bot(), .held = 3};
		b.rig.approvals = second(&rig, &store, &command);
		both(&a, &b, run_again);
		// What `a` got is in `rig`: its approvals send there.
		unsigned used = command.decision == DECISION_APPROVED;
		used += rig_last(&rig, 1)->decision == DECISION_APPROVED;
		assert_int_equal(used, 1);
		approvals_free(b.rig.approvals);
		store_close(store);
		rig_stop(&rig);
	}
}

static void *vote_or_expire(void *context)
{
	struct side *side = context;

	if (side->who != NULL)
		return vote(context);
	pthread_barrier_wait(side->start);
	rig_pass(&side->rig, 60000);
	rig_pass(&side->rig, 1000);
	return NULL;
}

static void a_vote_and_the_end_of_time_at_once_are_one_of_them(void **)
{
	struct rig rig;
	struct store *store;

	for (unsigned i = 0; i < ROUNDS; i++) {
		rig_start(&rig);
		rig.rule.mode = APPROVAL_RETRY;
		rig_hold(&rig, 1, bot(), "x");
		struct side a = {.rig = rig, .who = WHO("person:dan"), .yes = true};
		struct side b = {.rig = rig};
		b.rig.approvals = second(&rig, &store, NULL);
		both(&a, &b, vote_or_expire);
		assert_true(a.result == VOTE_APPROVED || a.result == VOTE_OVER);
		assert_string_equal(
			rig_state(&rig, ID), a.result == VOTE_APPROVED ? "approved" : "expired"
		);
		approvals_free(b.rig.approvals);
		store_close(store);
		rig_stop(&rig);
	}
}

// ---- the store

static sqlite3 *lock(const struct rig *rig)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(scratch_file(&rig->scratch, "store.db"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
	return db;
}

static void unlock(sqlite3 *db)
{
	assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void a_locked_store_approves_nothing_and_loses_nothing(void **)
{
	struct rig rig;

	rig_start(&rig);
	rig_hold(&rig, 1, bot(), "x");
	rig_hold(&rig, 2, bot(), "y");
	rig_hold(&rig, 3, bot(), "z");
	sqlite3 *db = lock(&rig);
	assert_int_equal(rig_vote(&rig, ID, WHO("person:dan"), true), -EBUSY);
	assert_int_equal(rig.n_commands, 0);
	rig_hold(&rig, 4, bot(), "new");
	assert_int_equal(rig_last(&rig, 1)->decision, DECISION_REFUSED);
	assert_int_equal(rig_told(&rig, "approval_failed"), 1);
	approvals_gone(rig.approvals, 2, "client closed", rig.now);
	rig_pass(&rig, 60000); // the session hears of it, whatever the store says
	assert_int_equal(rig.n_commands, 3);
	assert_int_equal(rig.commands[1].decision, DECISION_TIMEOUT);
	assert_int_equal(rig.commands[2].decision, DECISION_TIMEOUT);
	rig.now.steady_ns -= UINT64_C(60000000000); // even for one who has yet to hear the time
	assert_int_equal(rig_vote(&rig, ID, WHO("person:dan"), true), -EBUSY);
	unlock(db);
	assert_int_equal(rig_vote(&rig, ID, WHO("person:dan"), true), VOTE_OVER);
	assert_int_equal(rig_vote(&rig, "0000000000000002", WHO("person:dan"), true), VOTE_OVER);
	assert_string_equal(rig_state(&rig, ID), "expired");
	assert_string_equal(rig_state(&rig, "0000000000000002"), "cancelled");
	assert_string_equal(rig_state(&rig, "0000000000000003"), "expired");
	assert_int_equal(rig.n_commands, 3);
	rig_stop(&rig);
}

static void a_full_disk_is_told_to_who_asks(void **)
{
	struct rig rig;
	struct rlimit before, small = {.rlim_cur = 512 << 10};
	char *text = malloc(60001);
	unsigned n = 0;

	memset(text, 'x', 60000);
	text[60000] = '\0';
	rig_start(&rig);
	getrlimit(RLIMIT_FSIZE, &before);
	small.rlim_max = before.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	rig_hold(&rig, 1, bot(), "x");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (uint64_t i = 2; rig.n_commands == 0 && i < 100; i++, n++)
		rig_hold(&rig, i, bot(), text);
	assert_true(n > 1 && n < 90);
	assert_int_equal(rig_last(&rig, 1)->decision, DECISION_REFUSED);
	assert_int_equal(store_health(rig.store).error, -ENOSPC);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(rig_vote(&rig, ID, WHO("person:dan"), true), VOTE_APPROVED);
	assert_int_equal(rig_last(&rig, 2)->decision, DECISION_APPROVED);
	free(text);
	rig_stop(&rig);
}

// ---- kill -9

struct step {
	uint64_t id;
	char what; // a: approved, u: used
};

static void storm(struct rig *rig, int out)
{
	char id[APPROVAL_ID_SIZE], text[32];

	rig->rule.mode = APPROVAL_RETRY;
	for (uint64_t i = 1;; i += 2) {
		snprintf(id, sizeof(id), "%016llx", (unsigned long long)i);
		snprintf(text, sizeof(text), "command %llu", (unsigned long long)i);
		rig->n_commands = 0;
		rig_hold(rig, i, bot(), text);
		struct step step = {i, 'a'};
		if (rig_vote(rig, id, WHO("person:dan"), true) != VOTE_APPROVED ||
		    write(out, &step, sizeof(step)) != sizeof(step))
			_exit(1);
		rig_hold(rig, i + 1, bot(), text);
		step.what = 'u';
		if (rig->commands[1].decision != DECISION_APPROVED ||
		    write(out, &step, sizeof(step)) != sizeof(step))
			_exit(1);
		rig_pass(rig, 1100); // so that what was told is erased now and then
	}
}

// Lines of one type about one request, counted once for each number.
static unsigned lines_about(const char *log, size_t n, const char *type, const char *id)
{
	char what[96], about[48];
	json_int_t seen[8];
	unsigned count = 0;

	snprintf(what, sizeof(what), "\"type\":\"%s\"", type);
	snprintf(about, sizeof(about), "\"id\":\"%s\"", id);
	for (const char *at = log; at < log + n;) {
		const char *end = memchr(at, '\n', (size_t)(log + n - at));
		size_t length = (size_t)((end == NULL ? log + n : end) - at);
		if (memmem(at, length, what, strlen(what)) != NULL &&
		    memmem(at, length, about, strlen(about)) != NULL) {
			json_t *json = json_loadb(at, length, 0, NULL);
			json_int_t event = json_integer_value(json_object_get(json, "event"));
			bool twice = false;
			for (unsigned i = 0; i < count; i++)
				twice |= seen[i] == event;
			if (!twice)
				seen[count++] = event;
			json_decref(json);
		}
		at += length + 1;
	}
	return count;
}

static void check(struct rig *rig, const struct step *step, const char *log, size_t n)
{
	char id[APPROVAL_ID_SIZE];

	snprintf(id, sizeof(id), "%016llx", (unsigned long long)step->id);
	assert_int_equal(lines_about(log, n, "approval_decided", id), 1);
	if (step->what == 'u') {
		assert_string_equal(rig_state(rig, id), "used");
		assert_int_equal(lines_about(log, n, "approval_used", id), 1);
	} else {
		assert_string_not_equal(rig_state(rig, id), "pending");
	}
}

static void kill_9_loses_and_doubles_nothing(void **)
{
	static struct step steps[1000];
	struct rig rig;
	int pipes[2];
	unsigned n = 0;

	rig_start(&rig);
	rig_close(&rig);
	assert_int_equal(pipe(pipes), 0);
	pid_t child = fork();
	if (child == 0) {
		rig_open(&rig);
		storm(&rig, pipes[1]);
	}
	close(pipes[1]);
	while (n < 60 && read(pipes[0], &steps[n], sizeof(*steps)) == sizeof(*steps))
		n++;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	while (n < 1000 && read(pipes[0], &steps[n], sizeof(*steps)) == sizeof(*steps))
		n++;
	close(pipes[0]);
	assert_true(n >= 60);
	rig.now.wall_ns += 1000000;
	rig_open(&rig);
	rig_pass(&rig, 1100);
	assert_int_equal(audit_sync(rig.audit), 0);
	size_t size = 0;
	char *log = (char *)scratch_read(&rig.scratch, "audit/audit.log", &size);
	for (unsigned i = 0; i < n; i++)
		check(&rig, &steps[i], log, size);
	free(log);
	rig_stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_two_votes_at_once_one_decides),
		cmocka_unit_test(a_yes_and_a_no_at_once_are_one_of_them),
		cmocka_unit_test(of_two_that_run_it_at_once_one_does),
		cmocka_unit_test(a_vote_and_the_end_of_time_at_once_are_one_of_them),
		cmocka_unit_test(a_locked_store_approves_nothing_and_loses_nothing),
		cmocka_unit_test(a_full_disk_is_told_to_who_asks),
		cmocka_unit_test(kill_9_loses_and_doubles_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
