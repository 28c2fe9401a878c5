// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Text as gateways see it, the same for the same seed: without anything to find, or with findings
// now and then. No two lines are alike.

#pragma once

#include "dataplane/base/span.h"

enum sample_kind {
	SAMPLE_LOG,  // log lines of several programs
	SAMPLE_JSON, // an API's answers
	SAMPLE_CSV,  // exports of several tables
	SAMPLE_ROWS, // PostgreSQL's answers: RowDescription and DataRow messages (protocol 55.7)
	SAMPLE_KINDS,
	// Messages that hold records of the first three encoded.
	SAMPLE_BASE64 = SAMPLE_KINDS,
	SAMPLE_HEX,
	SAMPLE_URL,
	SAMPLE_ESCAPED, // JSON in a JSON string
	SAMPLE_ALL_KINDS,
};

enum sample_limit { SAMPLE_COLUMNS_MAX = 16 };

const char *sample_kind_name(enum sample_kind kind);
// Fill `out`. One finding in each `every` bytes, of several entities in turn; 0: none. `seed` is
// any number; for a long text, fill a buffer again and again with seeds of their own.
void sample_fill(enum sample_kind kind, uint32_t seed, size_t every, uint8_t *out, size_t n);

// The values of SAMPLE_ROWS, as the gateway's masker scans them. Zeroed but for `text` at first.
struct sample_rows {
	struct span text;
	size_t at, row_end;
	struct span names[SAMPLE_COLUMNS_MAX]; // of the columns
	uint32_t column;
};

// Out: the next value that is not NULL and not empty, and the name of its column. Both point into
// the text. False at its end; a message that is cut there counts as no more.
bool sample_rows_next(struct sample_rows *rows, struct span *name, struct span *value);
