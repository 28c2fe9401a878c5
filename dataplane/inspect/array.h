// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Arrays in binary: masked element by element.

#pragma once

#include "dataplane/inspect/value.h"

// Is it the number of a built-in array whose elements can be masked?
bool array_is_known(uint32_t type_oid);

// As value_mask, for a binary value of such a type. Elements that can hold no replacement become
// NULL; the whole value does when it is not written as arrays are.
int array_mask(
	const struct value_scan *scan, struct span *value, bool *null, struct buf *out,
	uint32_t *found
) must_check;
