// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Text as gateways see it, the same for the same seed: without anything to find, or with a finding
// now and then.

#pragma once

#include <stddef.h>
#include <stdint.h>

enum text_kind {
	TEXT_LOG,  // a service's log lines
	TEXT_JSON, // an API's answers
	TEXT_CSV,  // an export of orders
	TEXT_ROWS, // PostgreSQL's DataRow messages
	TEXT_KINDS,
};

const char *text_kind_name(enum text_kind kind);
// Fill `out`. One finding in each `every` bytes, of several entities in turn; 0: none.
void text_fill(enum text_kind kind, uint32_t seed, size_t every, uint8_t *out, size_t n);
