// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Text as gateways see it, to measure scans with: the same for the same seed, without anything to
// find, or with a finding now and then.

#pragma once

#include <stddef.h>
#include <stdint.h>

enum sample_kind {
	SAMPLE_LOG,  // a service's log lines
	SAMPLE_JSON, // an API's answers
	SAMPLE_CSV,  // an export of orders
	SAMPLE_ROWS, // PostgreSQL's DataRow messages
	SAMPLE_KINDS,
};

const char *sample_kind_name(enum sample_kind kind);
// Fill `out`. One finding in each `every` bytes, of several entities in turn; 0: none.
void sample_fill(enum sample_kind kind, uint32_t seed, size_t every, uint8_t *out, size_t n);
