// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

// What one call wrote to standard error.
static char written[16384];
static int pipe_read = -1, saved = -1;

static void capture(void)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	saved = dup(STDERR_FILENO);
	assert_true(dup2(fds[1], STDERR_FILENO) >= 0);
	close(fds[1]);
	pipe_read = fds[0];
}

static const char *captured(void)
{
	size_t n = 0;

	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	for (;;) {
		ssize_t r = read(pipe_read, written + n, sizeof(written) - 1 - n);
		if (r <= 0)
			break;
		n += (size_t)r;
	}
	close(pipe_read);
	written[n] = '\0';
	return written;
}

static int count(const char *text, char c)
{
	int n = 0;

	for (; *text != '\0'; text++)
		n += *text == c;
	return n;
}

static void a_line_has_its_parts(void **)
{
	int year, month, day, hour, minute, second, ms, at = 0;

	log_setup(LOG_INFO, false);
	capture();
	log_line(LOG_WARN, "tls", "handshake failed peer=%s", "10.0.0.1:5");
	const char *line = captured();
	sscanf(line, "%d-%d-%dT%d:%d:%d.%dZ%n", &year, &month, &day, &hour, &minute, &second, &ms,
	       &at);
	assert_int_equal(at, strlen("2026-01-01T00:00:00.000Z"));
	assert_string_equal(line + at, " warn tls: handshake failed peer=10.0.0.1:5\n");
}

static void json_is_one_object_a_line(void **)
{
	log_setup(LOG_INFO, true);
	capture();
	log_line(LOG_ERROR, "tls", "say \"%s\"", "a\\b\n");
	const char *line = captured();
	assert_memory_equal(line, "{\"time\":\"", 9);
	assert_non_null(
		strstr(line, "Z\",\"level\":\"error\",\"area\":\"tls\","
			     "\"message\":\"say \\\"a\\\\b\\\\x0a\\\"\"}\n")
	);
	assert_int_equal(count(line, '\n'), 1);
}

static void a_peer_cannot_forge_a_line(void **)
{
	log_setup(LOG_INFO, false);
	capture();
	log_line(LOG_INFO, "relay", "user=%s", "a\nb\r\x1b[31m\x7f\xc3\xa9\\n");
	const char *line = captured();
	assert_int_equal(count(line, '\n'), 1);
	assert_non_null(strstr(line, "user=a\\x0ab\\x0d\\x1b[31m\\x7f\\xc3\\xa9\\\\n\n"));
}

static void levels_above_the_threshold_are_dropped(void **)
{
	log_setup(LOG_WARN, false);
	capture();
	log_line(LOG_INFO, "tcp", "no");
	log_line(LOG_WARN, "tcp", "yes");
	const char *line = captured();
	assert_null(strstr(line, "no\n"));
	assert_non_null(strstr(line, "yes\n"));
}

static void long_messages_are_cut_and_marked(void **)
{
	char text[5000];

	memset(text, '\n', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_setup(LOG_INFO, false);
	capture();
	log_line(LOG_INFO, "tcp", "%s", text);
	const char *line = captured();
	assert_true(strlen(line) > 3000 && strlen(line) < 4500);
	assert_string_equal(line + strlen(line) - 4, "...\n");
}

// Starts right after a second begins, so that one window sees all of it.
static void a_flood_is_limited_and_counted(void **)
{
	struct log_limit limit = {0};
	struct timespec now;

	log_setup(LOG_INFO, false);
	do {
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_nsec > 500000000);
	capture();
	for (int i = 0; i < 25; i++)
		log_limited(&limit, LOG_INFO, "tcp", "flood");
	limit.window--; // a second goes by
	log_limited(&limit, LOG_INFO, "tcp", "after");
	log_limited(&limit, LOG_INFO, "tcp", "again");
	const char *lines = captured();
	assert_int_equal(count(lines, '\n'), 12);
	assert_non_null(strstr(lines, "after suppressed=15\n"));
	assert_non_null(strstr(lines, "again\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_its_parts),
		cmocka_unit_test(json_is_one_object_a_line),
		cmocka_unit_test(a_peer_cannot_forge_a_line),
		cmocka_unit_test(levels_above_the_threshold_are_dropped),
		cmocka_unit_test(long_messages_are_cut_and_marked),
		cmocka_unit_test(a_flood_is_limited_and_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
