// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What the commands for the pattern library share. Each returns an exit status and has said what
// went wrong.

#pragma once

#include "app/bulkheadctl/ctl.h"
#include "patterns/patterns.h"

enum { PATTERN_FILES_MAX = 64 };

// Load the library of --patterns, or the installed one, and behind it `n` files, at most
// PATTERN_FILES_MAX. Out: *lib.
int patterns_load(
	const struct args *args, const char *const *files, size_t n, struct pattern_lib **lib
);
// Patterns of a library, ready to be looked for.
struct pattern_scanner {
	const struct pattern_lib *lib;
	struct pattern_set *set;
	struct scan_scratch *scratch;
};

// Out: *s, for pattern_scanner_fini also on error.
int pattern_scanner_init(
	struct pattern_scanner *s, const struct pattern_lib *lib, const uint16_t *ids, size_t n
);
void pattern_scanner_fini(struct pattern_scanner *s);
// How pattern `id` is found. Out: *report.
int patterns_report(const struct pattern_lib *lib, uint16_t id, struct pattern_report *report);
