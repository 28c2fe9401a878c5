// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// bytea as text: \x and two digits a byte (bytea_output = hex), or as it was typed.

#pragma once

#include "dataplane/inspect/value.h"

// As value_mask, for a bytea in text. One of the older output format that holds something is NULL.
int bytea_mask(
	const struct value_scan *scan, struct span *value, bool *null, struct buf *out,
	uint32_t *found
) must_check;
