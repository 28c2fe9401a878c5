// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/audit/audit.h"
#include "controlplane/audit/verify.h"
#include "recorder_scratch.h"

#include <dirent.h>
#include <errno.h>

// What a verification said.
struct said {
	struct audit_report report;
	uint64_t fault_line; // of the first fault
	char text[4096];     // all findings
};

static void hear(void *context, enum audit_finding finding, uint64_t line, const char *text)
{
	struct said *said = context;
	size_t n = strlen(said->text);

	if (finding == AUDIT_FAULT && said->report.faults == 1)
		said->fault_line = line;
	snprintf(
		said->text + n, sizeof(said->text) - n, "%s %llu %s\n",
		finding == AUDIT_FAULT ? "fault" : "note", (unsigned long long)line, text
	);
}

static struct said verify(const struct scratch *s)
{
	struct said said = {0};

	assert_int_equal(audit_verify(s->path, NULL, NULL, hear, &said, &said.report), 0);
	return said;
}

// Five lines: 1 started, 2 to 4 admin calls, 5 stopped.
static void small_log(const struct scratch *s)
{
	static const uint32_t uids[] = {0, 1000};
	const struct audit_caller root = {.uid = &uids[0]}, other = {.uid = &uids[1]};
	struct audit *audit;

	assert_int_equal(audit_open(s->path, &audit), 0);
	assert_int_equal(audit_started(audit, "1.0", 42), 0);
	assert_int_equal(audit_admin_call(audit, &root, "POST", "/v1/reload", 200, ""), 0);
	assert_int_equal(audit_admin_call(audit, &root, "GET", "/v1/status", 200, ""), 0);
	assert_int_equal(audit_admin_call(audit, &other, "GET", "/v1/status", 403, ""), 0);
	assert_int_equal(audit_stopped(audit, "signal"), 0);
	audit_close(audit);
}

static void a_log_that_nobody_touched_verifies(void **)
{
	struct scratch s = scratch_make();

	small_log(&s);
	struct said said = verify(&s);
	assert_string_equal(said.text, "");
	assert_int_equal(said.report.lines, 5);
	assert_int_equal(said.report.last.seq, 5);
	small_log(&s); // the chain goes on behind a restart
	said = verify(&s);
	assert_string_equal(said.text, "");
	assert_int_equal(said.report.lines, 10);
	assert_int_equal(said.report.last.seq, 10);
	scratch_remove(&s);
}

static void a_change_of_any_byte_is_named(void **)
{
	struct scratch s = scratch_make();
	size_t n;

	small_log(&s);
	uint8_t *bytes = scratch_read(&s, "audit/audit.log", &n);
	uint64_t line = 1;
	for (size_t at = 0; at < n; at++) {
		uint8_t was = bytes[at];
		for (unsigned bit = 0; bit < 8; bit += 3) {
			bytes[at] = (uint8_t)(was ^ (1u << bit));
			scratch_write(&s, "audit/audit.log", bytes, n);
			struct said said = verify(&s);
			assert_true(said.report.faults > 0);
			// Of the last line only the head file knows, which is about no line when
			// the newline is gone.
			if (said.fault_line != line && !(line == 5 && was == '\n'))
				fail_msg(
					"line %llu byte %zu: %s", (unsigned long long)line, at,
					said.text
				);
		}
		bytes[at] = was;
		line += was == '\n';
	}
	free(bytes);
	scratch_remove(&s);
}

static void a_line_taken_out_or_put_in_is_named(void **)
{
	struct scratch s = scratch_make();
	size_t n;

	small_log(&s);
	uint8_t *bytes = scratch_read(&s, "audit/audit.log", &n);
	uint8_t *second = (uint8_t *)memchr(bytes, '\n', n) + 1;
	uint8_t *third = (uint8_t *)memchr(second, '\n', n - (size_t)(second - bytes)) + 1;
	size_t one = (size_t)(third - second), before = (size_t)(second - bytes);
	uint8_t *edited = malloc(n + one);

	memcpy(edited, bytes, before);
	memcpy(edited + before, third, n - before - one);
	scratch_write(&s, "audit/audit.log", edited, n - one);
	struct said said = verify(&s);
	assert_int_equal(said.fault_line, 2); // seq 3 where 2 must be
	assert_non_null(
		strstr(said.text, "fault 1 has been changed, or lines behind it are missing")
	);
	memcpy(edited + before, second, one); // twice
	memcpy(edited + before + one, second, n - before);
	scratch_write(&s, "audit/audit.log", edited, n + one);
	said = verify(&s);
	assert_true(said.report.faults > 0);
	scratch_write(&s, "audit/audit.log", second, n - before); // without the first
	said = verify(&s);
	assert_int_equal(said.fault_line, 1);
	free(edited);
	free(bytes);
	scratch_remove(&s);
}

// What the head file pins and what it does not.
static void cut_anywhere_the_head_file_tells(void **)
{
	struct scratch s = scratch_make();
	size_t n;

	small_log(&s);
	uint8_t *bytes = scratch_read(&s, "audit/audit.log", &n);
	for (size_t cut = 0; cut < n; cut++) {
		scratch_write(&s, "audit/audit.log", bytes, cut);
		struct said said = verify(&s);
		assert_true(said.report.faults > 0);
		assert_non_null(strstr(said.text, "has been cut"));
	}
	free(bytes);
	scratch_remove(&s);
}

// A crash: lines that the head file does not pin yet, the last of them torn.
static void a_torn_last_line_is_no_fault_and_is_set_aside(void **)
{
	struct scratch s = scratch_make();
	size_t n, head_n;

	small_log(&s);
	uint8_t *bytes = scratch_read(&s, "audit/audit.log", &n);
	uint8_t *head = scratch_read(&s, "audit/head", &head_n);
	small_log(&s);
	free(bytes);
	bytes = scratch_read(&s, "audit/audit.log", &n);
	const uint8_t *last = memrchr(bytes, '\n', n - 1);
	size_t whole = (size_t)(last - bytes) + 1;
	for (size_t cut = whole; cut < n; cut++) {
		struct audit *audit;
		scratch_remove(&s);
		assert_int_equal(mkdir(s.path, 0700), 0);
		assert_int_equal(mkdir(scratch_file(&s, "audit"), 0700), 0);
		scratch_write(&s, "audit/audit.log", bytes, cut);
		scratch_write(&s, "audit/head", head, head_n);
		struct said said = verify(&s);
		assert_int_equal(said.report.faults, 0);
		assert_int_equal(said.report.lines, 9);
		assert_int_equal(strstr(said.text, "incomplete last line") != NULL, cut > whole);
		assert_non_null(strstr(said.text, "does not pin the last 4 lines"));
		assert_int_equal(audit_open(s.path, &audit), 0);
		audit_close(audit);
		said = verify(&s);
		assert_int_equal(said.report.faults, 0);
		assert_int_equal(said.report.lines, cut > whole ? 10 : 9);
		if (cut == whole)
			continue;
		size_t m;
		uint8_t *now = scratch_read(&s, "audit/audit.log", &m);
		now[m] = '\0';
		const char *recovered = strstr((char *)now + whole, "\"type\":\"recovered\"");
		assert_non_null(recovered);
		char side[80];
		snprintf(side, sizeof(side), "audit/%.40s", strstr(recovered, "audit.log.torn-"));
		*strchr(side, '"') = '\0';
		free(now);
		now = scratch_read(&s, side, &m);
		assert_int_equal(m, cut - whole);
		assert_memory_equal(now, bytes + whole, m);
		free(now);
	}
	free(head);
	free(bytes);
	scratch_remove(&s);
}

static void a_log_behind_its_head_goes_on_and_says_so(void **)
{
	struct scratch s = scratch_make();
	struct audit *audit;
	size_t n;

	small_log(&s);
	uint8_t *bytes = scratch_read(&s, "audit/audit.log", &n);
	const uint8_t *last = memrchr(bytes, '\n', n - 1);
	scratch_write(&s, "audit/audit.log", bytes, (size_t)(last - bytes) + 1);
	assert_int_equal(audit_open(s.path, &audit), 0);
	audit_close(audit);
	struct said said = verify(&s);
	assert_int_equal(said.fault_line, 5);
	assert_non_null(strstr(said.text, "lines at the end are missing"));
	scratch_remove(&s);

	s = scratch_make();
	small_log(&s);
	bytes[n - 3] ^= 1;
	scratch_write(&s, "audit/audit.log", bytes, n);
	assert_int_equal(audit_open(s.path, &audit), 0);
	audit_close(audit);
	said = verify(&s);
	assert_true(said.report.faults > 0);
	assert_non_null(strstr(said.text, "the gateway found at its start"));
	free(bytes);
	scratch_remove(&s);
}

static void a_head_that_an_outsider_kept_pins_the_log(void **)
{
	struct scratch s = scratch_make();
	struct said said = {0};
	struct audit_head pin, other = {.seq = 99};

	small_log(&s);
	assert_int_equal(audit_head_read(s.path, &pin), 0);
	small_log(&s);
	assert_int_equal(audit_verify(s.path, &pin, NULL, hear, &said, &said.report), 0);
	assert_int_equal(said.report.faults, 0);
	assert_int_equal(audit_verify(s.path, &other, NULL, hear, &said, &said.report), 0);
	assert_int_equal(said.report.faults, 1);
	pin.hash.b[7] ^= 1;
	assert_int_equal(audit_verify(s.path, &pin, NULL, hear, &said, &said.report), 0);
	assert_int_equal(said.report.faults, 1);
	scratch_remove(&s);
}

static void two_processes_cannot_share_a_log(void **)
{
	struct scratch s = scratch_make();
	struct audit *one, *two;

	assert_int_equal(audit_open(s.path, &one), 0);
	assert_int_equal(audit_open(s.path, &two), -EBUSY);
	audit_close(one);
	assert_int_equal(audit_open(s.path, &two), 0);
	audit_close(two);
	audit_close(NULL);
	scratch_remove(&s);
}

static void events_carry_what_happened_and_no_token(void **)
{
	static const char token[] = "secret.token.bytes";
	struct scratch s = scratch_make();
	struct audit_stats stats;
	struct audit *audit;
	struct subject subject =
		{.issuer = "entra", .key = "t/o", .name = "agent \xff", .chain = "root > agent"};
	struct event event = {
		.subject = &subject,
		.token = (const uint8_t *)token,
		.token_len = sizeof(token),
		.user = "u\n\"x\"",
		.database = "d",
		.reason = "client-closed",
		.commands = 3,
		.snapshot_version = 7,
	};
	static const char *const groups[] = {"agents", "on-call"};
	size_t n;

	assert_int_equal(audit_open(s.path, &audit), 0);
	assert_int_equal(audit_session_opened(audit, "00ff", &event, "orders"), 0);
	assert_int_equal(audit_login_refused(audit, "00ff", &event, "orders", "expired"), 0);
	json_t *verdict =
		json_pack("{s:s,s:s,s:[s]}", "action", "deny", "rule", "r", "effects", "ddl");
	assert_int_equal(audit_command_refused(audit, "00ff", verdict), 0);
	json_decref(verdict);
	assert_int_equal(audit_session_closed(audit, "00ff", &event), 0);
	assert_int_equal(audit_policy_refused(audit, "/p", "3:1: no"), 0);
	assert_int_equal(audit_token_minted(audit, "agent-7", groups, 2, 60), 0);
	event.subject = NULL;
	assert_int_equal(audit_login_refused(audit, "00fe", &event, "orders", "forged"), 0);
	assert_int_equal(audit_sync(audit), 0);
	audit_stats_get(audit, &stats);
	assert_int_equal(stats.lines, 7);
	assert_int_equal(stats.head.seq, 7);
	assert_int_equal(stats.waiting, 0);
	assert_true(audit_is_healthy(audit));
	audit_close(audit);
	uint8_t *bytes = scratch_read(&s, "audit/audit.log", &n);
	bytes[n] = '\0';
	assert_null(strstr((char *)bytes, "secret.token"));
	assert_non_null(strstr((char *)bytes, "\"chain\":\"root > agent\""));
	assert_non_null(strstr((char *)bytes, "\"name\":\"agent \\\\xff\""));
	assert_non_null(strstr((char *)bytes, "\"effects\":[\"ddl\"]"));
	assert_non_null(strstr((char *)bytes, "\"commands\":3"));
	const char *refused = strstr((char *)bytes, "login_refused");
	const char *next = strchr(refused, '\n');
	assert_true(strstr(refused, "\"issuer\":\"entra\",\"subject\":\"t/o\"") < next);
	assert_true(strstr(refused, "\"chain\":\"root > agent\"") < next);
	const char *closed = strstr((char *)bytes, "session_closed");
	assert_true(strstr(closed, "\"subject\":\"t/o\"") < strchr(closed, '\n'));
	const char *minted = strstr((char *)bytes, "token_minted");
	assert_non_null(strstr(
		minted, "\"subject\":\"agent-7\",\"groups\":[\"agents\",\"on-call\"],\"ttl\":60"
	));
	const char *unknown = strstr(minted, "login_refused");
	assert_non_null(unknown);
	assert_null(strstr(unknown, "\"subject\""));
	free(bytes);
	assert_int_equal(verify(&s).report.faults, 0);
	scratch_remove(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_log_that_nobody_touched_verifies),
		cmocka_unit_test(a_change_of_any_byte_is_named),
		cmocka_unit_test(a_line_taken_out_or_put_in_is_named),
		cmocka_unit_test(cut_anywhere_the_head_file_tells),
		cmocka_unit_test(a_torn_last_line_is_no_fault_and_is_set_aside),
		cmocka_unit_test(a_log_behind_its_head_goes_on_and_says_so),
		cmocka_unit_test(a_head_that_an_outsider_kept_pins_the_log),
		cmocka_unit_test(two_processes_cannot_share_a_log),
		cmocka_unit_test(events_carry_what_happened_and_no_token),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
