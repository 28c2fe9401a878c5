// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum log_size {
	MESSAGE_MAX = 1024, // longer ones are cut
	LINE_MAX_BYTES = 4 * MESSAGE_MAX + 256,
	LINES_PER_SECOND = 10,
};

// Written by log_setup, read by every thread.
static _Atomic int threshold = LOG_INFO;
static _Atomic bool as_json;

struct line {
	size_t n;
	char text[LINE_MAX_BYTES];
};

void log_setup(enum log_level level, bool json)
{
	atomic_store_explicit(&threshold, (int)level, memory_order_relaxed);
	atomic_store_explicit(&as_json, json, memory_order_relaxed);
}

static const char *level_name(enum log_level level)
{
	switch (level) {
	case LOG_ERROR:
		return "error";
	case LOG_WARN:
		return "warn";
	case LOG_INFO:
		return "info";
	case LOG_DEBUG:
		return "debug";
	}
	return "unknown";
}

// LINE_MAX_BYTES holds the longest line there can be; the checks only guard against a mistake.
static void put(struct line *line, const char *text)
{
	size_t n = strlen(text);

	if (n < sizeof(line->text) - line->n) {
		memcpy(line->text + line->n, text, n);
		line->n += n;
	}
}

// Only printable ASCII passes as it is: neither a newline, a terminal's control sequence nor text
// that changes its direction reaches the reader. Backslash and quote are escaped as in JSON; any
// other byte becomes \xNN, in JSON behind a backslash of its own.
static void put_escaped(struct line *line, const char *text, bool json)
{
	char one[8];

	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		if (c == '\\' || (c == '"' && json))
			snprintf(one, sizeof(one), "\\%c", c);
		else if (c >= ' ' && c < 0x7f)
			snprintf(one, sizeof(one), "%c", c);
		else
			snprintf(one, sizeof(one), json ? "\\\\x%02x" : "\\x%02x", c);
		put(line, one);
	}
}

static void put_time(struct line *line)
{
	struct timespec now;
	struct tm tm;
	char text[48];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	size_t n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, sizeof(text) - n, ".%03dZ", (int)(now.tv_nsec / 1000000));
	put(line, text);
}

static void write_line(enum log_level level, const char *area, const char *message)
{
	bool json = atomic_load_explicit(&as_json, memory_order_relaxed);
	struct line line = {.n = 0};

	put(&line, json ? "{\"time\":\"" : "");
	put_time(&line);
	put(&line, json ? "\",\"level\":\"" : " ");
	put(&line, level_name(level));
	put(&line, json ? "\",\"area\":\"" : " ");
	put_escaped(&line, area, json);
	put(&line, json ? "\",\"message\":\"" : ": ");
	put_escaped(&line, message, json);
	put(&line, json ? "\"}\n" : "\n");
	// There is nowhere to report that the log cannot be written.
	ssize_t written = write(STDERR_FILENO, line.text, line.n);
	(void)written;
}

static void format_line(
	enum log_level level, const char *area, uint32_t suppressed, const char *format,
	va_list args
)
{
	char message[MESSAGE_MAX];

	int n = vsnprintf(message, sizeof(message), format, args);
	if (n < 0)
		return;
	if ((size_t)n >= sizeof(message))
		memcpy(message + sizeof(message) - 4, "...", 4);
	if (suppressed > 0) {
		size_t at = strnlen(message, sizeof(message) - 32);
		snprintf(message + at, sizeof(message) - at, " suppressed=%u", suppressed);
	}
	write_line(level, area, message);
}

static bool passes(enum log_level level)
{
	return (int)level <= atomic_load_explicit(&threshold, memory_order_relaxed);
}

void log_line(enum log_level level, const char *area, const char *format, ...)
{
	va_list args;

	if (!passes(level))
		return;
	va_start(args, format);
	format_line(level, area, 0, format, args);
	va_end(args);
}

bool log_is_limited(struct log_limit *limit, enum log_level level)
{
	struct timespec now;

	if (!passes(level))
		return true;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (limit->window != (uint64_t)now.tv_sec) {
		limit->window = (uint64_t)now.tv_sec;
		limit->count = 0;
	}
	if (limit->count < LINES_PER_SECOND)
		return false;
	limit->suppressed++;
	return true;
}

void log_limited(
	struct log_limit *limit, enum log_level level, const char *area, const char *format, ...
)
{
	va_list args;

	if (log_is_limited(limit, level))
		return;
	limit->count++;
	va_start(args, format);
	format_line(level, area, limit->suppressed, format, args);
	va_end(args);
	limit->suppressed = 0;
}
