// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What scanning with some patterns costs on this machine: together, on text of several kinds, and
// each alone. Every part has its time, so that no pattern makes it last.

#pragma once

#include "app/bulkheadctl/patterns.h"
#include "patterns/sample.h"

#include <stdlib.h>

enum { MEASURE_PARTS = 3 };

// One way of measuring.
struct measure_part {
	const char *head;
	uint32_t span;
	bool findings;
};

extern const struct measure_part measure_parts[MEASURE_PARTS];

struct measure_speed {
	double rate; // bytes a second of CPU time
	uint64_t found;
};

// A pattern, or all words of a list, which are found alike.
struct measure_unit {
	const uint16_t *ids;
	size_t n;
	bool own, reported;
	struct pattern_report report;
	struct measure_speed best[SAMPLE_KINDS];
	double ns_per_kb;
};

struct measured {
	const struct pattern_lib *lib;
	uint16_t ids[PATTERN_MAX]; // in rising order
	size_t n;
	size_t own; // ids from here on are the operator's own, and measured alone first
	struct measure_speed speeds[SAMPLE_KINDS][MEASURE_PARTS];
	double compile_ms;
	size_t size; // bytes of databases
	struct measure_unit *units;
	size_t n_units;
	size_t n_alone; // the first ones are measured, the costliest first; the rest is not
};

// Measure the `n` patterns `ids` of `lib`, which the caller has put into *m with `own`; takes
// seconds. Returns an exit status, and has said what went wrong. measured_fini in every case.
int measure_patterns(struct measured *m);
void measured_fini(struct measured *m);
