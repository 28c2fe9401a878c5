// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Text for a terminal: what clients, servers and files contain may hold control sequences, and text
// that changes its direction; none of it reaches the screen as such.

#pragma once

#include "dataplane/base/buf.h"
#include "dataplane/base/err.h"

#include <jansson.h>

#include <stdio.h>

// Write `text`; whatever could act on a terminal, and what is no UTF-8, as \xNN. `out` NULL: only
// measure. Newlines and tabs pass only with `lines`. Returns the columns it takes, one per
// character.
size_t text_write(FILE *out, struct span text, bool lines);

// The same for a string of JSON; NULL and other values give "".
size_t text_write_json(FILE *out, const json_t *string);

// A JSON string of any bytes: what is no UTF-8 becomes \xNN. NULL when memory is short.
json_t *text_json(struct span text);

// Append the file `path`, or standard input ("-"), to `out`. Returns 0, -errno or as buf_reserve.
int text_read_file(const char *path, struct buf *out) must_check;

// "2026-11-22 18:41:06.123" (UTC) of nanoseconds since 1970, into `out`, which it returns.
enum { TEXT_TIME_MAX = 32 };
const char *text_time(uint64_t ns, char out[static TEXT_TIME_MAX]);
