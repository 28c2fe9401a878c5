// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What stands in the place of a masked value.

#pragma once

#include "dataplane/api/snapshot.h"
#include "dataplane/base/buf.h"
#include "dataplane/inspect/placeholder.h"

enum style_use { STYLE_USE_HASH, STYLE_USE_PLACEHOLDER, STYLE_USE_TOKEN };

enum { STYLE_NO_PATTERN = UINT16_MAX, STYLE_MAC = 32 };

// The styles as one session sees them.
struct styler {
	const struct snapshot *snapshot;
	// Of the chain of agents. Tokens and placeholders of one value are the same to all sessions
	// below it, and to nobody else.
	struct node_id root;
};

// Append what `style` makes of `value`. `pattern` is what found it, by which it is named and its
// placeholder validated, or STYLE_NO_PATTERN for a column. MASK_NULL is redacted here: whoever can
// make a value NULL has done so. So is a value that has no placeholder. Returns as buf_append.
int style_apply(
	const struct styler *styler, const struct mask_style *style, uint16_t pattern,
	struct span value, struct buf *out
) must_check;

// Append a placeholder that `wish` accepts too (may be NULL). Returns as placeholder_append.
int style_placeholder(
	const struct styler *styler, uint16_t pattern, struct span value,
	const struct placeholder_wish *wish, struct buf *out
) must_check;

// A keyed hash of `value` (HMAC-SHA-256), for one use and, but for hashes, one root: the bytes a
// token, a hash or a placeholder is made of. Allocates at a thread's first call. Returns 0 or
// -ENOMEM.
int style_mac(
	const struct styler *styler, enum style_use use, struct span value,
	uint8_t out[static STYLE_MAC]
) must_check;

// Does the result for `value` fit into a JSON string, an array literal or XML as it is?
bool style_is_plain(const struct mask_style *style, struct span value);

// For what is kept as evidence: a style that shows nothing of a value and cannot be taken for one.
// `style` itself, or one that redacts.
const struct mask_style *style_for_record(const struct mask_style *style);

// For a finding that is not just a value of its pattern: encoded, where a part or the form of it
// says nothing good, or joined with what other patterns found, which it must not show. `style`
// itself, or one that redacts.
const struct mask_style *style_for_impure(const struct mask_style *style);
