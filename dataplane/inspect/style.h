// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What stands in the place of a masked value.

#pragma once

#include "dataplane/api/snapshot.h"
#include "dataplane/base/buf.h"

// Append what `style` makes of `value`. `name` is the pattern's, or NULL for a column.
// Returns as buf_append.
int style_apply(
	const struct snapshot *snapshot, const struct mask_style *style, const char *name,
	struct span value, struct buf *out
) must_check;

// Does the style's result fit into a JSON string or an array literal without escapes?
bool style_is_plain(const struct mask_style *style);
