// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What patterns find in values that the masker will ask about soon: they are scanned together
// (scan_values), which costs a fraction of what each costs alone. What is not here is scanned when
// it is asked about, with the same result.

#pragma once

#include "dataplane/inspect/value.h"

enum ahead_limit {
	AHEAD_VALUES = 512,
	AHEAD_BYTES = 16 * 1024, // of all values; a row more when there is one
	AHEAD_FINDINGS = 8 * VALUE_FINDINGS_MAX,
	AHEAD_TEXT = 8 * 1024, // of values that are no text
};

struct inspect_ahead {
	size_t count, next; // those before `next` have been asked about, or never will be
	size_t bytes, text_n;
	const uint64_t *wanted;
	struct span keys[AHEAD_VALUES]; // where the values lie
	struct scan_value values[AHEAD_VALUES];
	struct finding findings[AHEAD_FINDINGS];
	char text[AHEAD_TEXT];
};

// Add a value of the column `name`, that value_mask will be asked about. When it is not one that is
// scanned as it stands it is left out. False: no room.
bool ahead_add(
	struct inspect_ahead *ahead, struct span name, uint32_t type_oid, uint16_t format,
	struct span value
) must_check;
// Scan what has been added.
void ahead_scan(struct inspect_ahead *ahead, const struct value_scan *scan);
// Nothing that lies before `at` in the same memory will be asked about any more.
void ahead_pass(struct inspect_ahead *ahead, const uint8_t *at);
// Out: *findings and *n as value_look's, of the value at `key`. False: it is not known.
bool ahead_take(
	struct inspect_ahead *ahead, const struct value_scan *scan, struct span key,
	struct finding findings[static VALUE_FINDINGS_MAX], int *n
) must_check;
