// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A value by its type: how it is read for patterns, and how it is rewritten in place.

#pragma once

#include "dataplane/inspect/inspect.h"
#include "dataplane/inspect/style.h"
#include "patterns/patterns.h"

enum value_class {
	VALUE_TEXT,   // any text will do
	VALUE_COPY,   // text that must keep its escapes (COPY)
	VALUE_JSON,   // text that must stay JSON
	VALUE_JSONB,  // binary: a version byte, then JSON
	VALUE_ARRAY,  // an array literal of text
	VALUE_XML,    // text that must stay XML
	VALUE_BYTES,  // bytea
	VALUE_STRICT, // numbers, dates, addresses...: cannot hold any text
};

enum value_limit { VALUE_FINDINGS_MAX = 128, VALUE_NESTING_MAX = 6 };

enum value_class value_class_of(uint32_t type_oid, uint16_t format);

// Bytes before the text: jsonb_send's first.
static inline size_t value_version(enum value_class class)
{
	return class == VALUE_JSONB;
}

// Patterns to look for.
struct value_scan {
	const struct snapshot *snapshot;
	struct scan_scratch *scratch;
	const uint64_t *wanted;      // classes of patterns; NULL: all
	struct span name;            // of the column the value comes from; may be empty
	struct inspect_ahead *ahead; // what is known already; may be NULL
	const struct styler *styler;
	bool for_record; // style_for_record
	bool no_null;    // no value may become NULL
};

// Returns the number of findings in `text`, or -1 when all of it must be taken as one. `text` is
// the value itself, or value_look_at is told where that lies.
int value_look(
	const struct value_scan *scan, struct span text,
	struct finding findings[static VALUE_FINDINGS_MAX]
);

int value_look_at(
	const struct value_scan *scan, struct span value, struct span text,
	struct finding findings[static VALUE_FINDINGS_MAX]
);

static inline bool value_holds(const struct value_scan *scan, struct span text)
{
	struct finding findings[VALUE_FINDINGS_MAX];
	return value_look(scan, text, findings) != 0;
}

// Is one of the findings of a style that makes the whole value NULL?
bool value_wants_null(const struct value_scan *scan, const struct finding *findings, int n);

// Mask what patterns find in one value. When they find something, either *null is set, because the
// style wants it or the type cannot hold a replacement, or the new bytes are appended to `out` and
// *value gets their number and a NULL pointer: `out` may still move (mask.c settles it). Out:
// *found, how many. Returns as buf_append.
int value_mask(
	const struct value_scan *scan, uint32_t type_oid, uint16_t format, struct span *value,
	bool *null, struct buf *out, uint32_t *found
) must_check;

// Append `text` to `out` with what patterns find replaced, as VALUE_TEXT or VALUE_COPY. Out:
// *found. Returns as buf_append.
int value_rewrite(
	const struct value_scan *scan, struct span text, enum value_class class, struct buf *out,
	uint32_t *found
) must_check;

// Mask a whole value, because of its column, in `style`. Out as value_mask.
int value_mask_whole(
	const struct value_scan *scan, const struct mask_style *style, uint32_t type_oid,
	uint16_t format, struct span *value, bool *null, struct buf *out
) must_check;
