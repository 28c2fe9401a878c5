// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Compiled pattern sets, shared by all snapshots that ask for the same patterns of the same
// library: compiling takes half a second, and most reloads change rules, not patterns.

#pragma once

#include "patterns/patterns.h"

enum sets_size { SETS_DIGEST = 32 };

struct shared_set {
	struct pattern_set *set;
	bool done;  // compiled, with
	int result; // 0: there is a set
	char why[PATTERN_WHY];
	uint32_t refs;
	uint8_t digest[SETS_DIGEST];
	size_t n;
	uint16_t *ids; // rising
	struct shared_set *next;
};

// A digest over the names and bytes of the files in the `n` folders of a library. Returns 0 or
// -errno.
int sets_library_digest(const char *const *folders, size_t n, uint8_t out[static SETS_DIGEST])
	must_check;

// The set of the `n` patterns `ids`, in rising order, of `lib`, which `digest` stands for: one that
// a living snapshot uses, or a new one. Thread-safe: who asks for another meanwhile does not wait.
// Out: *out, given back by sets_put. Returns as pattern_set_compile.
int sets_get(
	const struct pattern_lib *lib, const uint8_t digest[static SETS_DIGEST],
	const uint16_t *ids, size_t n, struct shared_set **out, char why[static PATTERN_WHY]
) must_check;
// The last one frees it: all its scratches must be gone. Accepts NULL.
void sets_put(struct shared_set *shared);
