// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// bulkheadctl itself, on recordings of the recorder. The program is named by the first argument.

#include "controlplane/recorder/recorder.h"
#include "recorder_scratch.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *program;
static struct scratch scratch;
static char id[SESSION_NAME_SIZE], other[SESSION_NAME_SIZE];
static char output[1 << 20];

enum { EPOCH = 7000 };

static void put(
	struct record_queue *queue, enum record_type type, char message, session_id session,
	struct span text
)
{
	assert_true(record_has_room(queue, text.n, 1));
	record_write(
		queue, type, (uint8_t)message, session, 1795305600000000000 + queue->sequence, true,
		text
	);
}

static void record(struct record_queue *queue)
{
	put(queue, RECORD_OPEN, 0, 5,
	    SPAN_LIT("{\"subject\":\"t/o\",\"chain\":\"root > agent-7\",\"resource\":\"orders\","
		     "\"client\":\"10.0.0.9:40000\",\"rule\":\"r1\",\"policy\":3}"));
	put(queue, RECORD_OPEN, 0, 6, SPAN_LIT("{\"subject\":\"other\"}"));
	put(queue, RECORD_COMMAND, 'Q', 5, SPAN_LIT("SELECT *\nFROM customers \x1b[2J\xff"));
	put(queue, RECORD_VERDICT, 'Q', 5,
	    SPAN_LIT("{\"action\":\"forward\",\"reason\":\"allowed\",\"rule\":\"r1\","
		     "\"effects\":[\"read\"]}"));
	put(queue, RECORD_ANSWER, 'T', 5, SPAN_LIT("id\tname"));
	put(queue, RECORD_ANSWER, 'D', 5, SPAN_LIT("1\tB\xc3\xa4r"));
	put(queue, RECORD_ANSWER, 'D', 6, SPAN_LIT("not of this session"));
	put(queue, RECORD_ANSWER, 'D', 5, SPAN_LIT("22\t\\N"));
	put(queue, RECORD_ANSWER, 'D', 5, SPAN_LIT("3\ta\\\\b\\nc"));
	put(queue, RECORD_ANSWER, 'C', 5, SPAN_LIT("SELECT 3"));
	put(queue, RECORD_ANSWER, 'Z', 5, SPAN_LIT(""));
	put(queue, RECORD_COMMAND, 'Q', 5, SPAN_LIT("DROP TABLE customers"));
	put(queue, RECORD_VERDICT, 'Q', 5,
	    SPAN_LIT("{\"action\":\"deny\",\"reason\":\"effect\",\"rule\":\"r1\","
		     "\"effects\":[\"ddl\"]}"));
	put(queue, RECORD_ANSWER, 'E', 5,
	    SPAN_LIT("ERROR\tERROR\t42P01\trelation does not exist\tparse.c"));
	put(queue, RECORD_CLOSE, 0, 5,
	    SPAN_LIT("{\"end\":\"terminated\",\"reason\":\"\",\"commands\":2,\"denied\":1}"));
	record_flush(queue);
}

static int set_up(void **)
{
	struct record_queue queue, *queues[] = {&queue};
	struct recorder_config config = {.epoch = EPOCH, .queues = queues, .n_queues = 1};
	struct recorder *recorder;

	scratch = scratch_make();
	config.state = scratch.path;
	segment_session_name(EPOCH, 5, id);
	segment_session_name(EPOCH, 99, other);
	assert_int_equal(record_queue_init(&queue, 16), 0);
	assert_int_equal(audit_open(scratch.path, &config.audit), 0);
	assert_int_equal(index_open(scratch.path, &config.index), 0);
	assert_int_equal(recorder_start(&config, &recorder), 0);
	record(&queue);
	recorder_stop(recorder);
	index_close(config.index);
	audit_close(config.audit);
	record_queue_fini(&queue);
	return 0;
}

static int tear_down(void **)
{
	scratch_remove(&scratch);
	return 0;
}

// Run it with these words; what it printed, errors too, is in `output`.
static int run(const char *words)
{
	char line[2048];

	snprintf(line, sizeof(line), "%s %s 2>&1", program, words);
	FILE *pipe = popen(line, "r");
	assert_non_null(pipe);
	size_t n = fread(output, 1, sizeof(output) - 1, pipe);
	output[n] = '\0';
	int status = pclose(pipe);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int run_id(const char *words, const char *session, const char *more)
{
	char line[1000];

	snprintf(line, sizeof(line), "%s %s --state %s %s", words, session, scratch.path, more);
	return run(line);
}

static void a_session_replays_as_psql_would_show_it(void **)
{
	static const char wanted[] =
		"2026-11-22 00:00:00.000  open      root > agent-7 (t/o) from 10.0.0.9:40000 to "
		"orders, rule \"r1\", policy 3\n"
		"2026-11-22 00:00:00.000  command   SELECT *\nFROM customers \\x1b[2J\\xff\n"
		"2026-11-22 00:00:00.000  verdict   forward (allowed) by rule \"r1\": read\n"
		" id | name\n"
		"----+--------\n"
		" 1  | B\xc3\xa4r\n"
		" 22 | (null)\n"
		" 3  | a\\b\\nc\n"
		"2026-11-22 00:00:00.000  done      SELECT 3\n"
		"2026-11-22 00:00:00.000  command   DROP TABLE customers\n"
		"2026-11-22 00:00:00.000  verdict   deny (effect) by rule \"r1\": ddl\n"
		"2026-11-22 00:00:00.000  error     ERROR 42P01: relation does not exist\n"
		"2026-11-22 00:00:00.000  close     terminated; commands 2, denied 1\n";

	assert_int_equal(run_id("sessions replay", id, "--no-delay"), 0);
	assert_string_equal(output, wanted);
	assert_int_equal(run_id("sessions replay", id, "--speed 1000"), 0);
	assert_string_equal(output, wanted);
}

static void json_is_one_object_a_line(void **)
{
	size_t n = 0;

	assert_int_equal(run_id("sessions replay", id, "--no-delay --json"), 0);
	for (char *line = strtok(output, "\n"); line != NULL; line = strtok(NULL, "\n"), n++) {
		json_t *json = json_loads(line, 0, NULL);
		const char *type = json_string_value(json_object_get(json, "type"));
		assert_non_null(type);
		if (n == 1)
			assert_string_equal(
				json_string_value(json_object_get(json, "text")),
				"SELECT *\nFROM customers \x1b[2J\\xff"
			);
		json_decref(json);
	}
	assert_int_equal(n, 13);
}

static void what_is_not_there_is_said(void **)
{
	assert_int_equal(run_id("sessions replay", other, "--no-delay"), 1);
	assert_non_null(strstr(output, "nothing is on record of session"));
	assert_int_equal(run_id("sessions replay", "xyz", ""), 2);
	assert_int_equal(run_id("sessions show", other, ""), 1);
	assert_int_equal(run("sessions replay"), 2);
	assert_int_equal(run("sessions list --socket /nonexistent"), 3);
	assert_non_null(strstr(output, "no gateway answers at /nonexistent"));
}

static void a_wrong_command_is_named(void **)
{
	static const struct {
		const char *words;
		int status;
		const char *said;
	} runs[] = {
		{"", 2, "bulkheadctl: a command is needed\nusage: bulkheadctl COMMAND"},
		{"bogus", 2, "bulkheadctl: unknown command `bogus`\nusage: "},
		{"bogus --help", 2, "bulkheadctl: unknown command `bogus`\nusage: "},
		{"sessions", 2, "bulkheadctl: `sessions` needs one of its commands\nusage: "},
		{"sessions bogus", 2, "bulkheadctl: unknown command `sessions bogus`\nusage: "},
		{"--help", 0, "usage: bulkheadctl COMMAND"},
		{"sessions --help", 0,
		 "usage: bulkheadctl sessions [OPTION]...\n\n  sessions list"},
		{"audit --help", 0, "usage: bulkheadctl audit [OPTION]...\n\n  audit verify"},
		{"patterns --help", 0,
		 "usage: bulkheadctl patterns [OPTION]...\n\n  patterns list"},
	};

	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		assert_int_equal(run(runs[i].words), runs[i].status);
		assert_ptr_equal(strstr(output, runs[i].said), output);
	}
	assert_null(strstr(output, "sessions list"));
}

static void sessions_are_listed_without_a_gateway(void **)
{
	assert_int_equal(run_id("sessions list", "", ""), 0);
	assert_non_null(strstr(output, " FORWARDED  DENIED "));
	const char *line = strstr(output, id);
	assert_non_null(line);
	assert_non_null(strstr(line, "root > agent-7"));
	assert_non_null(strstr(line, "terminated"));
	assert_int_equal(run_id("sessions list", "", "--subject t/o --json"), 0);
	json_t *json = json_loads(output, 0, NULL);
	assert_int_equal(json_array_size(json_object_get(json, "sessions")), 1);
	json_decref(json);
	assert_int_equal(run_id("sessions list", "", "--live"), 0);
	assert_null(strstr(output, id));
	assert_int_equal(run_id("sessions list", "", "--limit 0"), 2);
	assert_int_equal(run_id("sessions show", id, ""), 0);
	assert_non_null(strstr(output, "10.0.0.9:40000"));
	assert_non_null(strstr(output, "\nopened         2026-11-22 00:00:00.000\n"));
	assert_non_null(strstr(output, "\nforwarded      2\n"));
	assert_null(strstr(output, "\nn "));
}

// A gateway that answers the next request with this. Returns the process.
static pid_t answer_once(const char *json)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char request[4096], reply[4096];

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/ctl.sock", scratch.path);
	unlink(address.sun_path);
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 1), 0);
	int n = snprintf(
		reply, sizeof(reply), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
		strlen(json), json
	);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		alarm(10);
		int peer = accept(listener, NULL, NULL);
		bool ok = read(peer, request, sizeof(request)) > 0 && write(peer, reply, n) == n;
		_exit(ok ? 0 : 1);
	}
	close(listener);
	return pid;
}

static void run_answered(const char *command, const char *json)
{
	char words[1000];
	int status;

	pid_t pid = answer_once(json);
	snprintf(words, sizeof(words), "%s --socket %s/ctl.sock", command, scratch.path);
	assert_int_equal(run(words), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void numbers_have_units(void **)
{
	static const struct {
		int uptime;
		const char *said;
	} times[] = {
		{0, "uptime: 0 s\n"},       {59, "uptime: 59 s\n"},    {60, "uptime: 1m00s\n"},
		{3599, "uptime: 59m59s\n"}, {3779, "uptime: 1h02m\n"}, {86400, "uptime: 1d00h\n"},
	};
	char json[512];

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		snprintf(
			json, sizeof(json),
			"{\"uptime\":%d,\"sessions\":3,\"workers\":[],"
			"\"logins\":{\"waiting\":4},\"audit\":{\"waiting\":5},"
			"\"recorder\":{\"waiting\":6,\"bytes\":7,\"records\":8}}",
			times[i].uptime
		);
		run_answered("status", json);
		assert_non_null(strstr(output, times[i].said));
	}
	assert_non_null(strstr(output, "sessions: 3 open\n"));
	assert_non_null(strstr(output, "logins:\n  waiting: 4\n"));
	assert_non_null(strstr(output, "audit:\n  waiting: 5 bytes\n"));
	assert_non_null(strstr(output, "  waiting: 6 bytes\n  bytes: 7 bytes\n  records: 8\n"));
}

static void the_policy_is_a_table_without_json(void **)
{
	static const char policy[] = "{\"version\":3,\"file\":\"/etc/b.yaml\",\"rules\":2}";

	run_answered("policy", policy);
	assert_string_equal(output, "version: 3\nfile: /etc/b.yaml\nrules: 2\n");
	run_answered("policy --json", policy);
	assert_memory_equal(output, policy, strlen(policy));
}

static void check_tells_errors_from_warnings(void **)
{
	assert_int_equal(run("policy check /nonexistent.yaml --json"), 1);
	json_t *json = json_loads(output, 0, NULL);
	assert_true(json_is_false(json_object_get(json, "valid")));
	assert_int_equal(json_array_size(json_object_get(json, "errors")), 1);
	assert_true(json_is_array(json_object_get(json, "warnings")));
	assert_int_equal(json_array_size(json_object_get(json, "warnings")), 0);
	json_decref(json);
}

static void verify_has_an_exit_status_for_evidence(void **)
{
	static const char log[] = "audit/audit.log";
	char head[256], line[300];
	size_t n;

	assert_int_equal(run_id("audit verify", "", ""), 0);
	assert_non_null(strstr(output, "1 segment checked, 0 faults, 0 notes"));
	assert_int_equal(sscanf(strstr(output, "head: "), "head: %200s", head), 1);
	snprintf(line, sizeof(line), "--head %s", head);
	assert_int_equal(run_id("audit verify", "", line), 0);
	char *last = &line[strlen(line) - 1];
	*last = *last == '0' ? '1' : '0';
	assert_int_equal(run_id("audit verify", "", line), 4);
	assert_int_equal(run_id("audit verify", "", "--head 1"), 2);
	uint8_t *bytes = scratch_read(&scratch, log, &n);
	bytes[20] ^= 1;
	scratch_write(&scratch, log, bytes, n);
	assert_int_equal(run_id("audit verify", "", ""), 4);
	assert_non_null(strstr(output, "FAULT: line 1 "));
	assert_int_equal(run_id("audit verify", "", "--json"), 4);
	json_t *json = json_loads(output, 0, NULL);
	assert_true(json_is_false(json_object_get(json, "verified")));
	assert_true(json_array_size(json_object_get(json, "findings")) > 0);
	json_decref(json);
	bytes[20] ^= 1;
	scratch_write(&scratch, log, bytes, n);
	free(bytes);
}

// What a crash leaves of a segment replays; what was changed is told from that.
static void a_torn_segment_replays_to_its_end(void **)
{
	struct segment_file *files;
	size_t n, m;

	assert_int_equal(segment_list(scratch.path, &files, &n), 0);
	assert_int_equal(n, 1);
	uint8_t *bytes = scratch_read(&scratch, files[0].name, &m);
	scratch_write(&scratch, files[0].name, bytes, m - SEGMENT_FRAME_HEADER_SIZE - 3);
	assert_int_equal(run_id("sessions replay", id, "--no-delay"), 0);
	assert_non_null(strstr(output, "ends inside a frame: the recording stops there"));
	bytes[m - SEGMENT_FRAME_HEADER_SIZE - 3] ^= 1;
	scratch_write(&scratch, files[0].name, bytes, m);
	assert_int_equal(run_id("sessions replay", id, "--no-delay"), 4);
	assert_non_null(strstr(output, "has been changed or damaged"));
	bytes[m - SEGMENT_FRAME_HEADER_SIZE - 3] ^= 1;
	scratch_write(&scratch, files[0].name, bytes, m);
	free(bytes);
	free(files);
}

int main(int, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_replays_as_psql_would_show_it),
		cmocka_unit_test(json_is_one_object_a_line),
		cmocka_unit_test(what_is_not_there_is_said),
		cmocka_unit_test(a_wrong_command_is_named),
		cmocka_unit_test(sessions_are_listed_without_a_gateway),
		cmocka_unit_test(numbers_have_units),
		cmocka_unit_test(the_policy_is_a_table_without_json),
		cmocka_unit_test(check_tells_errors_from_warnings),
		cmocka_unit_test(verify_has_an_exit_status_for_evidence),
		cmocka_unit_test(a_torn_segment_replays_to_its_end),
	};
	program = argv[1];
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
