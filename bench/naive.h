// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What one would do at first: all expressions in one Hyperscan database, with start of match.

#pragma once

#include "bench/measure.h"

struct naive {
	size_t count;                   // expressions in it
	size_t left_out;                // that do not compile with start of match
	const char *names[PATTERN_MAX]; // of these
};

// Compile the patterns `ids`. Out: the subject, and what is in it and what is not.
void naive_compile(
	struct subject *subject, struct naive *naive, const struct pattern_lib *lib,
	const uint16_t *ids, size_t n
);
