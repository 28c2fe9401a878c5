// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What decoding and streams ask of the scanner.

#pragma once

#include "patterns/piece.h"

// The matches of a scan so far, in no order; they may overlap.
struct match_list {
	size_t count;
	bool overflow; // there were more: none is kept from then on
	struct finding list[SCAN_FINDINGS_MAX];
};

struct match_list *scanner_matches(struct scan_scratch *scratch);

// Add the matches in the pieces of `text`, which have been decoded, at their places in it. What is
// wanted is as in the scan that goes on. Returns 0 or -EIO.
int scanner_find(struct scan_scratch *scratch, struct span text, struct scan_pieces pieces)
	must_check;

// As scan_named, for the matches that begin in [from, to) of `in`. They are left as matches, to be
// joined by the caller. `from` and `to` are at most in.n.
int scanner_scan_range(
	const struct pattern_set *set, struct scan_scratch *scratch, struct span name,
	struct span in, size_t from, size_t to, const struct pattern_choice *wanted
) must_check;
