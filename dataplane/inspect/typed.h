// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Values that are no text and yet have placeholders: integers, numerics, addresses, UUIDs. They are
// read as text, whatever their format, and written back in it.

#pragma once

#include "dataplane/base/span.h"
#include "dataplane/inspect/style.h"
#include "patterns/patterns.h"

enum { TYPED_TEXT_MAX = 512 };

struct typed {
	uint32_t type_oid;
	uint16_t format;
	struct span wire; // borrowed
	size_t n;         // bytes of text
	size_t core;      // of these, without the network of an address
	char text[TYPED_TEXT_MAX];
};

// Read `value`. False: another type, too long, or not as its type is written.
bool typed_read(uint32_t type_oid, uint16_t format, struct span value, struct typed *out);

// Append the value with each finding in the style of its pattern, or the whole in `whole` when that
// is not NULL (with one finding for its pattern, which may be STYLE_NO_PATTERN). Returns 0;
// -ENOENT, the type cannot hold what the styles make; or as buf_append.
int typed_rewrite(
	const struct typed *typed, const struct styler *styler, const struct mask_style *whole,
	const struct finding *findings, int n, struct buf *out
) must_check;
