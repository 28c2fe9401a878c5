// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The recorder as a whole: queues in, segments, index and audit log out.

#include "controlplane/audit/verify.h"
#include "controlplane/recorder/recorder.h"
#include "recorder_scratch.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

enum { QUEUES = 2, BLOCKS = 16, EPOCH = 1000 };

struct rig {
	struct scratch scratch;
	struct record_queue queues[QUEUES];
	struct record_queue *pointers[QUEUES];
	struct audit *audit;
	struct session_index *index;
	struct recorder *recorder;
};

// Static: when an assertion fails the recorder's thread goes on.
static struct rig rig;

static void start(uint64_t epoch, uint64_t segment_bytes)
{
	char path[sizeof(rig.scratch.path)];
	struct recorder_config config = {
		.state = path,
		.epoch = epoch,
		.queues = rig.pointers,
		.n_queues = QUEUES,
		.segment_bytes = segment_bytes,
	};

	for (int i = 0; i < QUEUES; i++) {
		assert_int_equal(record_queue_init(&rig.queues[i], BLOCKS), 0);
		rig.pointers[i] = &rig.queues[i];
	}
	assert_int_equal(audit_open(rig.scratch.path, &rig.audit), 0);
	assert_int_equal(index_open(rig.scratch.path, &rig.index), 0);
	config.audit = rig.audit;
	config.index = rig.index;
	memcpy(path, rig.scratch.path, sizeof(path));
	assert_int_equal(recorder_start(&config, &rig.recorder), 0);
	memset(path, 0, sizeof(path)); // a reload frees the configuration
}

static void stop(void)
{
	recorder_stop(rig.recorder);
	index_close(rig.index);
	audit_close(rig.audit);
	for (int i = 0; i < QUEUES; i++)
		record_queue_fini(&rig.queues[i]);
}

static void nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static void put_text(
	struct record_queue *queue, enum record_type type, session_id session, bool strict,
	const char *text
)
{
	struct span data = span_str(text);

	while (!record_has_room(queue, data.n, 1)) {
		record_flush(queue);
		nap();
	}
	record_write(queue, type, 'Q', session, 5000 + session, strict, data);
}

// Called for every record on disk, in order.
typedef void (*each_fn)(void *context, const struct segment_record *record);

static void each_record(const struct scratch *s, each_fn each, void *context)
{
	struct segment_file *files;
	size_t n;

	assert_int_equal(segment_list(s->path, &files, &n), 0);
	for (size_t i = 0; i < n; i++) {
		struct segment_reader *reader;
		struct segment_record record;
		struct span raw;
		int ret = segment_open(scratch_file(s, files[i].name), &reader);
		if (ret == ERR_TRUNCATED && i + 1 == n)
			break; // created, nothing in it yet
		assert_int_equal(ret, 0);
		while (segment_next(reader, &raw) == SEGMENT_FRAME) {
			struct cursor c = cursor_of(raw);
			while (cursor_left(&c) > 0) {
				assert_int_equal(segment_record_get(&c, &record), 0);
				each(context, &record);
			}
		}
		segment_reader_free(reader);
	}
	free(files);
}

struct last {
	uint64_t sequence[QUEUES]; // complete up to here
	uint64_t bytes;
};

static void follow(void *context, const struct segment_record *record)
{
	struct last *last = context;

	assert_true(record->worker < QUEUES);
	assert_int_equal(record->sequence, last->sequence[record->worker] + 1);
	last->sequence[record->worker] = record->sequence;
	last->bytes += record->data.n;
}

static void hear(void *context, enum audit_finding, uint64_t line, const char *text)
{
	char *all = context;
	size_t n = strlen(all);

	snprintf(all + n, 2048 - n, "%llu %s\n", (unsigned long long)line, text);
}

static void verify_clean(const struct scratch *s, uint64_t segments)
{
	struct audit_report report;
	char text[2048] = "";

	assert_int_equal(audit_verify(s->path, NULL, NULL, hear, text, &report), 0);
	assert_string_equal(text, "");
	assert_int_equal(report.segments, segments);
}

static void one_session(struct record_queue *queue, session_id id)
{
	put_text(
		queue, RECORD_OPEN, id, false,
		"{\"subject\":\"t/o\",\"chain\":\"root > a\",\"resource\":\"orders\","
		"\"client\":\"10.0.0.1:5\",\"rule\":\"r\",\"policy\":3}"
	);
	put_text(queue, RECORD_COMMAND, id, false, "DROP TABLE t");
	put_text(
		queue, RECORD_VERDICT, id, false,
		"{\"action\":\"deny\",\"reason\":\"effect\",\"rule\":\"r\",\"effects\":[\"ddl\"]}"
	);
	put_text(queue, RECORD_COMMAND, id, false, "SELECT 1");
	put_text(queue, RECORD_VERDICT, id, false, "{\"action\":\"forward\"}");
	put_text(queue, RECORD_ANSWER, id, false, "1");
	put_text(
		queue, RECORD_CLOSE, id, false,
		"{\"end\":\"terminated\",\"reason\":\"\",\"commands\":2,\"denied\":1,\"rows\":1}"
	);
	record_flush(queue);
}

static void a_session_is_recorded_indexed_and_audited(void **)
{
	rig = (struct rig){.scratch = scratch_make()};
	char id[SESSION_NAME_SIZE];
	struct recorder_stats stats;
	struct session_row row;
	struct last last = {0};
	size_t n;

	start(EPOCH, 0);
	one_session(&rig.queues[1], 7);
	while (!record_is_durable(&rig.queues[1], 7))
		nap();
	segment_session_name(EPOCH, 7, id);
	assert_int_equal(index_get(rig.index, id, &row), 0);
	assert_string_equal(row.subject, "t/o");
	assert_string_equal(row.chain, "root > a");
	assert_string_equal(row.resource, "orders");
	assert_string_equal(row.end, "terminated");
	assert_int_equal(row.policy, 3);
	assert_int_equal(row.commands, 2);
	assert_int_equal(row.denied, 1);
	assert_int_equal(row.session, 7);
	assert_int_equal(row.opened_ns, 5007);
	assert_int_equal(row.closed_ns, 5007);
	assert_int_equal(row.first_segment, 1);
	recorder_stats_get(rig.recorder, &stats);
	assert_int_equal(stats.records, 7);
	assert_true(stats.healthy);
	stop();
	each_record(&rig.scratch, follow, &last);
	assert_int_equal(last.sequence[1], 7);
	uint8_t *log = scratch_read(&rig.scratch, "audit/audit.log", &n);
	log[n] = '\0';
	const char *refused = strstr((char *)log, "\"type\":\"command_refused\"");
	assert_non_null(refused);
	assert_non_null(strstr(refused, id));
	assert_null(strstr(refused + 1, "\"type\":\"command_refused\""));
	assert_non_null(strstr((char *)log, "\"type\":\"segment_sealed\""));
	free(log);
	verify_clean(&rig.scratch, 1);
	scratch_remove(&rig.scratch);
}

// JSON that a block's end cuts in two, and names that are no UTF-8, are indexed all the same.
static void pieces_and_odd_bytes_reach_the_index(void **)
{
	static const uint8_t filler[RECORD_BLOCK_SIZE];
	rig = (struct rig){.scratch = scratch_make()};
	struct record_queue *queue = &rig.queues[0];
	char id[SESSION_NAME_SIZE];
	struct session_row row;

	start(EPOCH, 0);
	for (unsigned left = 0; left < 400; left += 50) {
		record_flush(queue);
		put_text(queue, RECORD_COMMAND, left, false, "SELECT 1");
		// Fill the block but for 128 + left bytes, in two records.
		size_t fill = RECORD_BLOCK_SIZE - queue->current->used - 2 * 32 - 128 - left;
		assert_true(record_has_room(queue, fill, 2));
		record_write(queue, RECORD_ANSWER, 'D', 1, 1, false, span_of(filler, fill / 2));
		record_write(
			queue, RECORD_ANSWER, 'D', 1, 1, false, span_of(filler, fill - fill / 2)
		);
		put_text(
			queue, RECORD_OPEN, left, false,
			"{\"subject\":\"t/o\",\"application\":\"caf\xe9\",\"resource\":\"orders\","
			"\"chain\":\"a rather long chain so that there is something to cut\"}"
		);
	}
	record_flush(&rig.queues[0]);
	while (!record_is_durable(&rig.queues[0], rig.queues[0].sequence))
		nap();
	for (unsigned left = 0; left < 400; left += 50) {
		segment_session_name(EPOCH, left, id);
		assert_int_equal(index_get(rig.index, id, &row), 0);
		assert_string_equal(row.application, "caf?");
	}
	stop();
	scratch_remove(&rig.scratch);
}

// Whoever sees `durable` finds the record on disk: read the files at once, as after a crash.
static void durable_means_on_disk(void **)
{
	rig = (struct rig){.scratch = scratch_make()};

	start(EPOCH, 0);
	for (unsigned i = 0; i < 50; i++) {
		struct record_queue *queue = &rig.queues[i % QUEUES];
		struct last last = {0};
		put_text(queue, RECORD_COMMAND, i, false, "async before");
		put_text(queue, RECORD_COMMAND, i, true, "strict");
		uint64_t wanted = queue->sequence;
		assert_false(record_is_durable(queue, wanted)); // it was not flushed yet
		record_flush(queue);
		while (!record_is_durable(queue, wanted))
			nap();
		each_record(&rig.scratch, follow, &last);
		assert_true(last.sequence[i % QUEUES] >= wanted);
	}
	stop();
	scratch_remove(&rig.scratch);
}

enum { MESSAGES = 4000 };

static void *work(void *arg)
{
	struct record_queue *queue = arg;
	uint8_t data[5000];
	uint64_t x = 88172645463325252;

	for (size_t i = 0; i < sizeof(data); i++) { // that does not compress
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		data[i] = (uint8_t)x;
	}
	for (uint64_t i = 0; i < MESSAGES; i++) {
		size_t n = (size_t)(i * 7919 % sizeof(data));
		while (!record_has_room(queue, n, 1)) {
			record_flush(queue);
			nap();
		}
		uint64_t sequence = record_write(
			queue, RECORD_ANSWER, 'D', i, i, i % 500 == 0, span_of(data, n)
		);
		if (i % 64 == 0 || i % 500 == 0)
			record_flush(queue);
		while (i % 500 == 0 && !record_is_durable(queue, sequence))
			nap();
	}
	record_flush(queue);
	return NULL;
}

static void two_workers_lose_nothing_over_many_segments(void **)
{
	rig = (struct rig){.scratch = scratch_make()};
	pthread_t workers[QUEUES];
	struct last last = {0};
	struct segment_file *files;
	uint64_t bytes = 0;
	size_t n;

	start(EPOCH, 64 << 10);
	for (int i = 0; i < QUEUES; i++)
		assert_int_equal(pthread_create(&workers[i], NULL, work, &rig.queues[i]), 0);
	uint64_t sequences = 0;
	for (int i = 0; i < QUEUES; i++) {
		pthread_join(workers[i], NULL);
		sequences += rig.queues[i].sequence;
	}
	stop();
	each_record(&rig.scratch, follow, &last);
	assert_int_equal(last.sequence[0] + last.sequence[1], sequences);
	for (uint64_t i = 0; i < MESSAGES; i++)
		bytes += i * 7919 % 5000;
	assert_int_equal(last.bytes, QUEUES * bytes);
	assert_int_equal(segment_list(rig.scratch.path, &files, &n), 0);
	free(files);
	assert_true(n > 1);
	verify_clean(&rig.scratch, n);
	scratch_remove(&rig.scratch);
}

// The file size limit stands for the full disk: both fail a write in the middle.
static void a_full_disk_holds_everything_back_and_loses_nothing(void **)
{
	rig = (struct rig){.scratch = scratch_make()};
	struct rlimit before, small;
	struct recorder_stats stats;
	struct last last = {0};
	char text[4096];
	unsigned seed = 3;

	printf("seed %u\n", seed);
	srand(seed);
	start(EPOCH, 0);
	put_text(&rig.queues[0], RECORD_COMMAND, 1, true, "before");
	record_flush(&rig.queues[0]);
	while (!record_is_durable(&rig.queues[0], 1))
		nap();
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 8192;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	uint64_t durable = 0;
	for (;;) { // until the worker would have to wait
		for (size_t i = 0; i < sizeof(text) - 1; i++)
			text[i] = (char)('a' + rand() % 26);
		text[sizeof(text) - 1] = '\0';
		if (!record_has_room(&rig.queues[0], sizeof(text), 1)) {
			record_flush(&rig.queues[0]);
			nap();
			recorder_stats_get(rig.recorder, &stats);
			if (stats.failures > 3 && ring_count(&rig.queues[0].empty) == 0)
				break;
			continue;
		}
		record_write(&rig.queues[0], RECORD_COMMAND, 'Q', 1, 1, true, span_str(text));
	}
	durable = __atomic_load_n(&rig.queues[0].durable, __ATOMIC_ACQUIRE);
	assert_true(durable < rig.queues[0].sequence);
	assert_false(stats.healthy);
	assert_true(record_is_failing(&rig.queues[0]));
	for (int i = 0; i < 100; i++)
		nap();
	assert_false(record_is_durable(&rig.queues[0], durable + 1));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	record_flush(&rig.queues[0]);
	while (!record_is_durable(&rig.queues[0], rig.queues[0].sequence))
		nap();
	while (record_is_failing(&rig.queues[0])) // told behind `durable`
		nap();
	recorder_stats_get(rig.recorder, &stats);
	assert_true(stats.healthy);
	uint64_t sequence = rig.queues[0].sequence;
	stop();
	each_record(&rig.scratch, follow, &last);
	assert_int_equal(last.sequence[0], sequence);
	verify_clean(&rig.scratch, 1);
	scratch_remove(&rig.scratch);
}

// A child records without end and is killed; what it was told is durable must be there, the next
// start seals it, and everything verifies.
static void killed_at_any_time_the_rest_replays_and_verifies(void **)
{
	for (unsigned round = 0; round < 12; round++) {
		rig = (struct rig){.scratch = scratch_make()};
		struct last last = {0};
		uint64_t told = 0, got;
		int told_pipe[2];

		assert_int_equal(pipe(told_pipe), 0);
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			start(EPOCH, 30000);
			for (session_id i = 1;; i++) {
				one_session(&rig.queues[0], i);
				put_text(&rig.queues[0], RECORD_COMMAND, i, i % 3 == 0, "again");
				record_flush(&rig.queues[0]);
				got = __atomic_load_n(&rig.queues[0].durable, __ATOMIC_ACQUIRE);
				if (write(told_pipe[1], &got, sizeof(got)) != sizeof(got))
					_exit(1);
			}
		}
		close(told_pipe[1]);
		for (unsigned i = 0; i < 200 + round * 61; i++)
			assert_int_equal(read(told_pipe[0], &told, sizeof(told)), sizeof(told));
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		while (read(told_pipe[0], &got, sizeof(got)) == sizeof(got))
			told = got;
		close(told_pipe[0]);
		each_record(&rig.scratch, follow, &last);
		assert_true(last.sequence[0] >= told);

		start(EPOCH + 1, 30000);
		struct session_row row;
		char id[SESSION_NAME_SIZE];
		segment_session_name(EPOCH, 1, id);
		assert_int_equal(index_get(rig.index, id, &row), 0);
		assert_int_not_equal(row.closed_ns, 0);
		one_session(&rig.queues[0], 1);
		stop();
		struct segment_file *files;
		size_t n;
		assert_int_equal(segment_list(rig.scratch.path, &files, &n), 0);
		free(files);
		struct audit_report report;
		char text[2048] = "";
		assert_int_equal(
			audit_verify(rig.scratch.path, NULL, NULL, hear, text, &report), 0
		);
		if (report.faults != 0)
			fail_msg("%s", text);
		assert_int_equal(report.segments, n);
		scratch_remove(&rig.scratch);
	}
}

// Truncate what a crash left at every byte of its last frame and start again.
static void cut_anywhere_the_next_start_seals_the_rest(void **)
{
	rig = (struct rig){.scratch = scratch_make()};
	static const char log[] = "audit/audit.log", head[] = "audit/head";
	size_t n, log_n, head_n;
	int status;

	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		start(EPOCH, 0);
		assert_int_equal(audit_started(rig.audit, "1", EPOCH), 0);
		for (session_id i = 1; i <= 2; i++) { // a frame each
			put_text(&rig.queues[0], RECORD_COMMAND, i, true, "SELECT 1");
			record_flush(&rig.queues[0]);
			while (!record_is_durable(&rig.queues[0], i))
				nap();
		}
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	struct segment_file *files;
	assert_int_equal(segment_list(rig.scratch.path, &files, &n), 0);
	assert_int_equal(n, 1);
	char name[64], torn[80];
	snprintf(name, sizeof(name), "%s", files[0].name);
	snprintf(torn, sizeof(torn), "%s.torn", name);
	free(files);
	uint8_t *bytes = scratch_read(&rig.scratch, name, &n);
	uint8_t *log_bytes = scratch_read(&rig.scratch, log, &log_n);
	uint8_t *head_bytes = scratch_read(&rig.scratch, head, &head_n);
	for (size_t cut = n; cut > SEGMENT_HEADER_SIZE - 2; cut -= cut > n - 110 ? 1 : 7) {
		char text[2048] = "";
		struct audit_report report;
		struct last last = {0};
		scratch_write(&rig.scratch, name, bytes, cut);
		scratch_write(&rig.scratch, log, log_bytes, log_n);
		scratch_write(&rig.scratch, head, head_bytes, head_n);
		unlink(scratch_file(&rig.scratch, torn));
		start(EPOCH + 1, 0);
		stop();
		each_record(&rig.scratch, follow, &last);
		assert_true(last.sequence[0] <= 2);
		assert_int_equal(last.sequence[0] == 2, cut == n);
		assert_int_equal(
			audit_verify(rig.scratch.path, NULL, NULL, hear, text, &report), 0
		);
		if (report.faults != 0)
			fail_msg("cut %zu: %s", cut, text);
		assert_int_equal(report.segments, cut >= SEGMENT_HEADER_SIZE);
	}
	free(bytes);
	free(log_bytes);
	free(head_bytes);
	scratch_remove(&rig.scratch);
}

static void a_changed_segment_is_named(void **)
{
	rig = (struct rig){.scratch = scratch_make()};
	struct audit_report report;
	char text[2048] = "";
	size_t n;

	start(EPOCH, 0);
	one_session(&rig.queues[0], 1);
	stop();
	struct segment_file *files;
	assert_int_equal(segment_list(rig.scratch.path, &files, &n), 0);
	uint8_t *bytes = scratch_read(&rig.scratch, files[0].name, &n);
	for (size_t at = 0; at < n; at += 3) {
		bytes[at] ^= 4;
		scratch_write(&rig.scratch, files[0].name, bytes, n);
		text[0] = '\0';
		assert_int_equal(
			audit_verify(rig.scratch.path, NULL, NULL, hear, text, &report), 0
		);
		assert_true(report.faults > 0);
		assert_non_null(strstr(text, files[0].name));
		bytes[at] ^= 4;
	}
	// Nor can a restart make it good.
	bytes[n - 70] ^= 4;
	scratch_write(&rig.scratch, files[0].name, bytes, n);
	start(EPOCH + 1, 0);
	stop();
	text[0] = '\0';
	assert_int_equal(audit_verify(rig.scratch.path, NULL, NULL, hear, text, &report), 0);
	assert_true(report.faults > 0);
	assert_non_null(strstr(text, "was sealed before, with another hash"));
	assert_int_equal(unlink(scratch_file(&rig.scratch, files[0].name)), 0);
	text[0] = '\0';
	assert_int_equal(audit_verify(rig.scratch.path, NULL, NULL, hear, text, &report), 0);
	assert_non_null(strstr(text, "is missing"));
	free(bytes);
	free(files);
	scratch_remove(&rig.scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_is_recorded_indexed_and_audited),
		cmocka_unit_test(pieces_and_odd_bytes_reach_the_index),
		cmocka_unit_test(durable_means_on_disk),
		cmocka_unit_test(two_workers_lose_nothing_over_many_segments),
		cmocka_unit_test(a_full_disk_holds_everything_back_and_loses_nothing),
		cmocka_unit_test(killed_at_any_time_the_rest_replays_and_verifies),
		cmocka_unit_test(cut_anywhere_the_next_start_seals_the_rest),
		cmocka_unit_test(a_changed_segment_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
