// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Values in encoded form: stretches of a text that stand for another text are decoded into memory
// of the scratch, scanned there, and what is found is mapped back. Twice at most: base64 of JSON's
// escapes, URL-encoded base64.
//
// What is found in one place depends on nothing farther from it than reach and left say; so a text
// may be scanned in windows, and here it is.

#pragma once

#include "patterns/set.h"

enum decode_limit {
	DECODE_DEPTH = 2, // encodings one in another
	DECODE_REACH =
		32 * 1024, // most bytes of an encoded value, unless a pattern is wider itself
	DECODE_MIN = 8,    // least bytes of a value in base64 or hex
	// Bytes that may be decoded for each byte of a text, and besides. More is a text made to
	// cost.
	DECODE_BUDGET = 16,
	DECODE_BUDGET_LEAST = 64 * 1024,
};

// What is around the start of a match in a text, by how often the text has been decoded.
struct decode_range {
	size_t left;  // bytes before it that may decide about it
	size_t reach; // bytes from it that may
};
struct decode_ranges {
	struct decode_range level[DECODE_DEPTH + 1];
};

struct decode_ranges decode_ranges(const struct pattern_set *set);

// The memory it takes; NULL when there is none. Freed by decode_free, which accepts NULL.
struct decode *decode_new(const struct pattern_set *set) must_check;
void decode_free(struct decode *decode);

// The range of a match in text that is not decoded.
struct decode_range decode_plain_range(const struct decode *decode);

// What may be decoded of a text of `n` bytes.
static inline size_t decode_budget(size_t n)
{
	return n < SIZE_MAX / DECODE_BUDGET - DECODE_BUDGET_LEAST
		       ? n * DECODE_BUDGET + DECODE_BUDGET_LEAST
		       : SIZE_MAX;
}

// Look for encoded text of the forms `forms` (bits of enum scan_form) in `text`, and add what is
// found and begins in [from, to) to the matches of `scratch`. More than `budget` bytes decoded are
// too many matches. Returns 0 or -EIO.
int decode_scan(
	struct decode *decode, struct scan_scratch *scratch, uint32_t forms, struct span text,
	size_t from, size_t to, size_t budget
) must_check;
