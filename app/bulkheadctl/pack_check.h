// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Does a pack keep its word: does it refuse what it says it refuses, and let pass the rest?

#pragma once

#include "app/bulkheadctl/statement.h"
#include "patterns/patterns.h"

struct pack_check {
	struct statement_reader reader;
	uint64_t stops;             // effects and flags
	struct pattern_set *blocks; // and their scratch; NULL: it blocks no text
	struct scan_scratch *scratch;
};

// What one example came to.
struct pack_said {
	bool refused;
	uint64_t effects; // effects and flags; 0 for text of no dialect
};

// What a pack means with the patterns of `lib`. Out: *out, for pack_check_fini also on error.
// Returns 0; -ENOMEM; ERR_CONFIG: it names what is none, and `why` says so.
int pack_check_init(
	struct pack_check *out, const struct pattern_lib *lib, const struct pattern_pack *pack,
	char why[static PATTERN_WHY]
) must_check;
void pack_check_fini(struct pack_check *check);
// Out: *out. Returns 0, -ENOMEM, or as scan_match.
int pack_check_example(
	struct pack_check *check, const struct pack_example *example, struct pack_said *out
) must_check;
