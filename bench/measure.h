// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// One figure: what scanning a kind of text costs, over several turns.

#pragma once

#include "patterns/patterns.h"
#include "patterns/sample.h"

#include <hs.h>

#include <stdio.h>

enum measure_limit {
	MEASURE_TURNS = 64,        // at most
	MEASURE_PIECE = 64 * 1024, // bytes whose cycles are taken together
	MEASURE_VALUES = 0,        // spans that are values of rows, as the gateway scans them
};

// What scans: a set, or one Hyperscan database, or neither: then the bytes are only read.
struct subject {
	char name[32];
	struct pattern_set *set;
	struct scan_scratch *scratch;
	hs_database_t *db;
	hs_scratch_t *hs;
	uint64_t found;
};

struct figure {
	const char *section;
	struct subject *subject;
	const char *data; // what it scans, for people
	enum sample_kind kind;
	size_t span;     // bytes, or MEASURE_VALUES
	unsigned per_kb; // findings in the text
	bool forms;      // encoded ones are looked for
	unsigned rules;  // custom ones in the set
	size_t part;     // bytes of a text it takes in a turn; 0: not known yet
	unsigned turns;
	double rates[MEASURE_TURNS];     // bytes a second of CPU time
	double cycles[MEASURE_TURNS];    // of the time stamp counter a byte
	uint64_t bytes, spans, found;    // of all turns
	long switches;                   // that the kernel forced
	double rate, least, most, cycle; // at the end
};

// Scan `text` once, at most a stretch of it that takes `seconds`. The process ends when a scan
// fails.
void measure_turn(struct figure *figure, struct span text, double seconds);
// Medians and spread.
void measure_end(struct figure *figure);
double measure_median(double *values, unsigned n);
// CPU time of this thread, in seconds.
double measure_now(void);
// End the process, saying why, when it is not `good`.
void measure_need(bool good, const char *why);
// The end of the process ends a subject.
void measure_compile(
	struct subject *subject, const char *name, const struct pattern_lib *lib,
	const uint16_t *ids, size_t n
);
// Replace, byte by byte, what `subject` finds in the text, until it finds nothing: there must be
// nothing in a clean text. Returns how many findings there were.
uint64_t measure_clear(struct subject *subject, enum sample_kind kind, uint8_t *text, size_t n);

void measure_head(FILE *out);
void measure_row(FILE *out, const struct figure *figure);
void measure_json(FILE *out, const struct figure *figure);
