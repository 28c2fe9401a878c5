// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Another value of the same form: as long, digits where digits were, letters of the same case where
// letters were, everything else as it was, and still accepted by whatever checks such values.
//
// No code knows how any check digit is computed. Candidates are drawn from a keyed seed, which
// makes them the same for the same value, and tried: first all anew with each pair of last
// characters, which is where check digits mostly are; then, for numbers with a date or a country in
// them, parts of it, down to single characters. How many are tried is bounded.
//
// What is an e-mail or an IP address as a whole becomes one that nobody can have (RFC 2606, 5737,
// 3849).

#pragma once

#include "dataplane/base/buf.h"

enum { PLACEHOLDER_SEED = 32 };

// What the placeholder must be accepted by. A pure function.
struct placeholder_wish {
	bool (*accepts)(const void *ctx, struct span text);
	const void *ctx;
};

// Append a placeholder for `value`, the same for the same seed; never the value itself. Half of its
// letters and digits or more are drawn anew. A character outside ASCII becomes a letter. Returns 0;
// -ENOENT, there is none or it was not found: `out` is as it was; or as buf_append.
int placeholder_append(
	const uint8_t seed[static PLACEHOLDER_SEED], struct span value,
	const struct placeholder_wish *wish, struct buf *out
) must_check;
