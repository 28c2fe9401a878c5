// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Structured log lines on standard error: time, level, area, message, key=value pairs; or JSON.
// Never per packet. What a peer can trigger goes through log_limited.

#pragma once

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

struct log_limit {
	uint64_t window; // seconds; lines in this second
	uint32_t count;
	uint32_t suppressed;
};

// Lines above `level` are dropped; `json` chooses one JSON object a line.
void log_setup(enum log_level level, bool json);

// `area` is the layer ("tls", "policy"). Thread-safe: one write(2) a line. Control characters in
// the text are escaped: a peer cannot forge a line.
void log_line(enum log_level level, const char *area, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

// At most 10 lines a second per `limit`; how many were left out is said in the next line that
// passes.
void log_limited(
	struct log_limit *limit, enum log_level level, const char *area, const char *format, ...
) __attribute__((format(printf, 4, 5)));
// Would log_limited leave a line out now? Then it is counted as left out: for callers that are many
// at once and whose arguments cost something.
bool log_is_limited(struct log_limit *limit, enum log_level level);
