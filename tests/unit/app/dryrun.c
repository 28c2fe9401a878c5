// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Recordings made here, judged by policies that are not the one they were made under.

#include "app/dryrun.h"

#include "app/dryrun_run.h"
#include "controlplane/policy/build.h"
#include "tests/unit/control/recorder_scratch.h"
#include "tests/unit/control/sample.h"

#include <errno.h>
#include <time.h>

#include <cmocka.h>

static const struct config_folders library = {.n = 1, .list = {PATTERNS}};
static const uint64_t second = 1000000000, epoch = 5000000000;

// ---- a recording

struct tape {
	struct scratch folder;
	struct segment_writer *writer;
	struct session_index *index;
	uint64_t sequence, now;
};

static void put(
	struct tape *t, enum record_type type, uint8_t message, session_id id, const char *text
)
{
	struct buf raw;
	const struct segment_record record = {
		.type = (uint8_t)type,
		.message = message,
		.session = id,
		.time_ns = t->now,
		.sequence = ++t->sequence,
		.data = span_str(text),
	};
	const struct segment_header header = {.epoch = epoch, .seq = 1};

	buf_init(&raw, NULL, SEGMENT_RAW_MAX);
	assert_int_equal(segment_record_put(&raw, &record), 0);
	assert_int_equal(segment_put(t->writer, buf_span(&raw)), 0);
	buf_fini(&raw);
	assert_int_equal(index_record(t->index, &header, &record, record.data), 0);
	t->now += second / 100;
}

static int tape_make(void **state)
{
	struct tape *t = calloc(1, sizeof(*t));
	const struct segment_header header = {.epoch = epoch, .seq = 1, .created_ns = 10 * second};

	assert_non_null(t);
	t->folder = scratch_make();
	t->now = 100 * second;
	assert_int_equal(index_open(t->folder.path, &t->index), 0);
	assert_int_equal(segment_create(t->folder.path, &header, &t->writer), 0);
	*state = t;
	setenv("BULKHEAD_TEST_SECRET", "secret", 1);
	return 0;
}

static int tape_free(void **state)
{
	struct tape *t = *state;

	segment_writer_free(t->writer);
	index_close(t->index);
	scratch_remove(&t->folder);
	free(t);
	return 0;
}

#define LINK(kind, name, groups)                                                                 \
	"{\"node\":\"00112233445566778899aabbccddeeff\",\"subject\":"                            \
	"\"00112233445566778899aabbccddeeff\",\"token\":\"00112233445566778899aabbccdd"          \
	"eeff\",\"kind\":\"" kind "\",\"issuer\":\"test\",\"key\":\"" name "\",\"name\":\"" name \
	"\",\"groups\":[" groups "]}"
#define OPEN(links)                                                                          \
	"{\"subject\":\"alice\",\"resource\":\"orders\",\"client\":\"10.0.0.9:4711\","       \
	"\"rule\":\"old\",\"links\":[" links "],\"scope\":{\"effects\":[\"read\",\"write\"," \
	"\"ddl\",\"admin\",\"exec\",\"unknown\"],\"hold\":[]},\"policy\":1}"
#define VERDICT(action, reason, effect)                                                       \
	"{\"action\":\"" action "\",\"reason\":\"" reason "\",\"rule\":\"old\",\"policy\":1," \
	"\"effects\":[" effect "]}"

static void command(struct tape *t, session_id id, const char *text, const char *verdict)
{
	put(t, RECORD_COMMAND, 'Q', id, text);
	put(t, RECORD_VERDICT, 'Q', id, verdict);
}

// ---- a run

static struct snapshot *policy(const char *text)
{
	static const uint8_t key[32] = {7};
	struct config_errors errors = {0};
	struct snapshot *snapshot = NULL;
	struct config *config = sample_config(text);

	config->gateway.patterns = library;
	assert_int_equal(snapshot_build(config, 1, 1, key, NULL, &snapshot, &errors), 0);
	config_errors_fini(&errors);
	config_free(config);
	return snapshot;
}

static json_t *finish(struct dryruns *runs, const char *id)
{
	const struct timespec pause = {.tv_nsec = 2000000};
	bool running = true;
	json_t *json = NULL;

	while (running) {
		json_decref(json);
		json = dryruns_json(runs, id, &running);
		assert_non_null(json);
		nanosleep(&pause, NULL);
	}
	return json;
}

// Judge the tape by `text`, the commands between the two times.
static json_t *judge_between(struct tape *t, const char *text, uint64_t from, uint64_t to)
{
	const struct dryrun_ask ask = {
		.text = span_str(text),
		.patterns = &library,
		.from_ns = from,
		.to_ns = to,
		.limit = 3,
	};
	struct snapshot *current = policy(SAMPLE);
	char id[DRYRUN_ID_SIZE];

	if (t->writer != NULL) {
		assert_int_equal(segment_sync(t->writer), 0);
		assert_int_equal(index_commit(t->index), 0);
	}
	struct dryruns *runs = dryruns_new("t.yaml", t->folder.path, t->index);
	assert_non_null(runs);
	assert_int_equal(dryruns_start(runs, current, &ask, id), 0);
	json_t *json = finish(runs, id);
	dryruns_free(runs);
	snapshot_free(current);
	return json;
}

static json_t *judge(struct tape *t, const char *text)
{
	return judge_between(t, text, 0, UINT64_MAX / 2);
}

static const char *word(const json_t *json, const char *key)
{
	return json_string_value(json_object_get(json, key));
}

static json_int_t number(const json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}

static json_int_t counted(const json_t *json, const char *change)
{
	return number(json_object_get(json, "counts"), change);
}

static json_int_t gap(const json_t *json, const char *text)
{
	const json_t *gaps = json_object_get(json, "unjudged");

	for (size_t i = 0; i < json_array_size(gaps); i++)
		if (strstr(word(json_array_get(gaps, i), "text"), text) != NULL)
			return number(json_array_get(gaps, i), "count");
	return 0;
}

// ---- tests

#define WITH(text) SAMPLE_GATEWAY SAMPLE_ISSUERS SAMPLE_RESOURCES SAMPLE_LISTENERS text

static void verdicts(void **state)
{
	struct tape *t = *state;

	put(t, RECORD_OPEN, 0, 1, OPEN(LINK("human", "alice", "\"agents\"")));
	command(t, 1, "SELECT 1", VERDICT("forward", "allowed", "\"read\""));
	command(t, 1, "DELETE FROM a", VERDICT("forward", "allowed", "\"write\""));
	command(t, 1, "DROP TABLE a", VERDICT("deny", "effect", "\"ddl\""));
	command(t, 1, "TRUNCATE a", VERDICT("hold", "hold", "\"write\""));
	put(t, RECORD_VERDICT, 'Q', 1, VERDICT("forward", "approved", "\"write\""));
	put(t, RECORD_CLOSE, 0, 1, "{\"commands\":4}");
	json_t *json = judge(t, SAMPLE);
	assert_string_equal(word(json, "state"), "done");
	assert_int_equal(number(json, "sessions"), 1);
	assert_int_equal(number(json, "commands"), 4);
	assert_int_equal(number(json, "same"), 2);
	assert_int_equal(counted(json, "denied"), 2);
	const json_t *change = json_array_get(json_object_get(json, "changes"), 0);
	assert_string_equal(word(change, "text"), "DELETE FROM a");
	assert_string_equal(word(change, "before"), "forward");
	assert_string_equal(word(change, "after"), "deny");
	assert_string_equal(word(change, "after_rule"), "read");
	assert_int_equal(number(json, "done"), number(json, "total"));
	json_decref(json);

	json =
		judge(t, WITH("rules:\n"
			      "  - name: all\n"
			      "    subjects: {groups: [agents]}\n"
			      "    resources: [orders]\n"
			      "    effects: {allow: [read, write, ddl]}\n"));
	assert_int_equal(counted(json, "denied"), 0);
	assert_int_equal(counted(json, "allowed"), 2); // what was denied, and what was held
	json_decref(json);
}

// The same words, but the chain is not let in: by its groups, and by its second link.
static void chains(void **state)
{
	struct tape *t = *state;

	put(t, RECORD_OPEN, 0, 1, OPEN(LINK("human", "bob", "\"people\"")));
	command(t, 1, "SELECT 1", VERDICT("forward", "allowed", "\"read\""));
	put(t, RECORD_OPEN, 0, 2,
	    OPEN(LINK("human", "alice", "\"agents\"") "," LINK("agent", "robot", "")));
	command(t, 2, "SELECT 2", VERDICT("forward", "allowed", "\"read\""));
	put(t, RECORD_OPEN, 0, 3, "{\"subject\":\"old\",\"resource\":\"orders\"}");
	command(t, 3, "SELECT 3", VERDICT("forward", "allowed", "\"read\""));
	command(t, 4, "SELECT 4", VERDICT("forward", "allowed", "\"read\""));
	json_t *json =
		judge(t, WITH("rules:\n"
			      "  - name: people only\n"
			      "    subjects: {groups: [agents], max_depth: 0}\n"
			      "    resources: [orders]\n"
			      "    effects: {allow: [read]}\n"));
	assert_int_equal(number(json, "sessions"), 3);
	assert_int_equal(number(json, "commands"), 2);
	assert_int_equal(counted(json, "denied"), 2);
	assert_int_equal(gap(json, "all groups"), 1);
	assert_int_equal(gap(json, "beginning"), 1);
	json_decref(json);
}

static void answers(void **state)
{
	struct tape *t = *state;

	put(t, RECORD_OPEN, 0, 1, OPEN(LINK("human", "alice", "\"agents\"")));
	command(t, 1, "SELECT email FROM c", VERDICT("forward", "allowed", "\"read\""));
	put(t, RECORD_ANSWER, 'T', 1, "id\temail");
	put(t, RECORD_ANSWER, 'D', 1, "1\tcarol@example.com");
	put(t, RECORD_ANSWER, 'D', 1, "2\t\\N");
	put(t, RECORD_ANSWER, 'C', 1, "SELECT 2");
	command(t, 1, "SELECT email FROM d", VERDICT("forward", "allowed", "\"read\""));
	put(t, RECORD_ANSWER, 'D', 1, "[REDACTED:email]");
	put(t, RECORD_CLOSE, 0, 1, "{\"commands\":2}");
	json_t *json =
		judge(t, WITH("rules:\n"
			      "  - name: read\n"
			      "    subjects: {groups: [agents]}\n"
			      "    resources: [orders]\n"
			      "    effects: {allow: [read]}\n"
			      "    mask: [email]\n"));
	assert_int_equal(counted(json, "masked"), 1);
	assert_int_equal(counted(json, "unmasked"), 0);
	assert_int_equal(number(json, "same"), 1);
	json_decref(json);
	json =
		judge(t, WITH("rules:\n"
			      "  - name: read\n"
			      "    subjects: {groups: [agents]}\n"
			      "    resources: [orders]\n"
			      "    effects: {allow: [read]}\n"));
	assert_int_equal(counted(json, "masked"), 0);
	assert_int_equal(counted(json, "unmasked"), 1);
	json_decref(json);
}

static void bad_text(void **state)
{
	json_t *json =
		judge(*state, WITH("rules:\n"
				   "  - name: read\n"
				   "    subjects: {groups: [agents]}\n"
				   "    resources: [nowhere]\n"
				   "    effects: {allow: [read]}\n"));
	const json_t *errors = json_object_get(json, "errors");

	assert_string_equal(word(json, "state"), "refused");
	assert_int_equal(json_array_size(errors), 1);
	assert_non_null(strstr(json_string_value(json_array_get(errors, 0)), "t.yaml:"));
	json_decref(json);
}

// A text may name any file or host, but no secret is read for it and nobody is asked.
static void reads_no_secret(void **state)
{
	unsetenv("BULKHEAD_TEST_SECRET");
	setenv("BULKHEAD_TEST_SECRET", "for the policy in force", 1);
	static const char text[] = SAMPLE_GATEWAY SAMPLE_ISSUERS
		"resources:\n"
		"  - name: orders\n"
		"    protocol: postgres\n"
		"    address: no.such.host.invalid:5432\n"
		"    tls: off\n"
		"    credential: {user: app, password: {file: /no/such/file}}\n" SAMPLE_LISTENERS
			SAMPLE_RULES;
	json_t *json = judge(*state, text);

	assert_string_equal(word(json, "state"), "done");
	json_decref(json);
}

static void times_and_limit(void **state)
{
	struct tape *t = *state;

	put(t, RECORD_OPEN, 0, 1, OPEN(LINK("human", "alice", "\"agents\"")));
	command(t, 1, "DROP TABLE early", VERDICT("forward", "allowed", "\"ddl\""));
	t->now = 200 * second;
	for (int i = 0; i < 5; i++)
		command(t, 1, "DROP TABLE late", VERDICT("forward", "allowed", "\"ddl\""));
	json_t *json = judge_between(t, SAMPLE, 150 * second, 300 * second);
	assert_int_equal(number(json, "commands"), 5);
	assert_int_equal(counted(json, "denied"), 5);
	assert_int_equal(json_array_size(json_object_get(json, "changes")), 3);
	assert_true(json_is_true(json_object_get(json, "cut")));
	json_decref(json);
}

// Two run, the third is refused; one that is cancelled ends.
static void bounded(void **state)
{
	struct tape *t = *state;
	// Patterns that no living policy has: they are compiled first, which takes longer than
	// asking.
	static const char many[] =
		WITH("rules:\n  - {name: many, subjects: {any: true}, resources: [orders], "
		     "effects: {allow: [read]}, mask: [pii]}\n");
	struct snapshot *current = policy(SAMPLE);
	struct dryrun_ask ask =
		{.text = span_str(many), .patterns = &library, .to_ns = second, .limit = 1};
	struct dryruns *runs = dryruns_new("t.yaml", t->folder.path, t->index);
	char id[DRYRUN_ID_SIZE];
	int busy = 0;

	for (int i = 0; i < 3; i++)
		busy += dryruns_start(runs, current, &ask, id) == -EBUSY;
	assert_int_equal(busy, 1);
	assert_int_equal(dryruns_cancel(runs, id), 0);
	assert_int_equal(dryruns_cancel(runs, "0000000000000000"), -ENOENT);
	json_decref(finish(runs, id));
	ask.from_ns = 2 * second;
	assert_int_equal(dryruns_start(runs, current, &ask, id), -EINVAL);
	dryruns_free(runs);
	snapshot_free(current);
}

static void addresses(void **)
{
	struct ip_addr want;

	assert_int_equal(addr_parse("10.0.0.9", &want), 0);
	struct ip_addr got = dryrun_client("10.0.0.9:4711");
	assert_memory_equal(&got, &want, sizeof(got));
	assert_int_equal(addr_parse("fd00::1", &want), 0);
	got = dryrun_client("[fd00::1]:4711");
	assert_memory_equal(&got, &want, sizeof(got));
	got = dryrun_client("nonsense");
	assert_int_not_equal(memcmp(&got, &want, sizeof(got)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(verdicts, tape_make, tape_free),
		cmocka_unit_test_setup_teardown(chains, tape_make, tape_free),
		cmocka_unit_test_setup_teardown(answers, tape_make, tape_free),
		cmocka_unit_test_setup_teardown(bad_text, tape_make, tape_free),
		cmocka_unit_test_setup_teardown(reads_no_secret, tape_make, tape_free),
		cmocka_unit_test_setup_teardown(times_and_limit, tape_make, tape_free),
		cmocka_unit_test_setup_teardown(bounded, tape_make, tape_free),
		cmocka_unit_test(addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
