// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Values that can hold no replacement: whether a pattern finds something in them.

#pragma once

#include "dataplane/inspect/value.h"

// What has no text of its own is read as bytes, as an integer where its size is one's, and as an
// array or a record where its shape is one's: a custom type cannot hide a value. Nested deeper than
// VALUE_NESTING_MAX: yes.
bool strict_holds(
	const struct value_scan *scan, uint32_t type_oid, uint16_t format, struct span value
);
