// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// One line of the audit log: a JSON object with "seq", "time", "type", what happened, and last
// "prev", the SHA-256 of the line before it without its newline (zeros for the first line).

#pragma once

#include "controlplane/recorder/digest.h"

#include <jansson.h>

enum audit_line_size { AUDIT_LINE_MAX = 64 << 10, AUDIT_TYPE_MAX = 32 };

struct audit_line {
	uint64_t seq; // from 1
	char type[AUDIT_TYPE_MAX];
	struct digest prev;
	json_t *json; // the whole object
};

// Parse a line without its newline. Out: *line, on success; free with audit_line_fini. Returns 0 or
// ERR_MALFORMED.
int audit_line_parse(struct span text, struct audit_line *line) must_check;
// Accepts a zeroed line.
void audit_line_fini(struct audit_line *line);

// Build the line. `fields` is an object whose members follow "type"; NULL: none. Returns text to be
// freed with free(), no newline; NULL when memory is short.
char *audit_line_text(
	uint64_t seq, uint64_t time_ns, const char *type, const json_t *fields,
	const struct digest *prev
) must_check;

// A JSON string of any bytes, at most 1024 of them: what is not UTF-8 becomes \xNN, what is cut
// off "...". NULL when memory is short, which json_object_set_new takes as a failure.
json_t *audit_string(struct span text) must_check;

// The head: the number and the hash of the last line; what an outsider keeps to pin the log.
struct audit_head {
	uint64_t seq; // 0: the log is empty
	struct digest hash;
};

// Read the head file. Returns 0, -errno (-ENOENT: none) or ERR_MALFORMED.
int audit_head_read(const char *state, struct audit_head *head) must_check;
// Replace it, atomically. Returns 0 or -errno.
int audit_head_write(const char *state, const struct audit_head *head) must_check;
