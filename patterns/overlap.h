// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Matches that overlap become one finding over all their bytes, with one defined winner.

#pragma once

#include "patterns/patterns.h"

// Sort as the functions below want it: by start, the longer first, then by id, then by form: one
// value may be found in two readings, and what is told of it depends on no order of finding.
void overlap_sort(struct finding *matches, size_t n);
// Add the next match. Out: *closed, the finding before, when the match does not join it, or when
// together they would be longer than `limit`; it then ends where the match begins. Returns whether
// there is one.
bool overlap_add(
	struct scan_join *join, const struct finding *match, uint32_t limit, struct finding *closed
);

// Sort `matches` in place, join those that share a byte, and write the result to out[0..max).
// The winner of a joined group is its longest match, then the leftmost, then the lowest id. Its
// form is that of the first match that is not plain; it is `joined` when it is longer than the
// winner. Returns how many findings there are, which may be more than `max`.
size_t overlap_resolve(struct finding *matches, size_t n, struct finding *out, size_t max);
