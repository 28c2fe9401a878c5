// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/inspect/strict.h"

#include "dataplane/base/cursor.h"
#include "dataplane/inspect/typed.h"
#include "dataplane/inspect/types.h"

static bool binary_holds(
	const struct value_scan *s, uint32_t type_oid, struct span v, unsigned depth
);

// array_send: dimensions, has-nulls, element type, bounds, then each element behind its length.
static bool array_holds(const struct value_scan *s, struct span v, unsigned depth)
{
	struct cursor c = cursor_of(v);
	uint32_t dimensions = cursor_be32(&c);
	(void)cursor_be32(&c);
	uint32_t type = cursor_be32(&c);
	if (c.bad || dimensions > 6) // MAXDIM
		return false;
	(void)cursor_bytes(&c, (size_t)dimensions * 8);
	while (!c.bad && cursor_left(&c) > 0) {
		uint32_t n = cursor_be32(&c);
		if (n == UINT32_MAX)
			continue;
		if (binary_holds(s, type, cursor_bytes(&c, n), depth + 1))
			return true;
	}
	return false;
}

// record_send: number of fields, then type and length before each.
static bool record_holds(const struct value_scan *s, struct span v, unsigned depth)
{
	struct cursor c = cursor_of(v);
	(void)cursor_be32(&c);
	while (!c.bad && cursor_left(&c) > 0) {
		uint32_t type = cursor_be32(&c), n = cursor_be32(&c);
		if (n == UINT32_MAX)
			continue;
		if (binary_holds(s, type, cursor_bytes(&c, n), depth + 1))
			return true;
	}
	return false;
}

static bool typed_holds(const struct value_scan *s, uint32_t type_oid, struct span v)
{
	struct typed typed;
	return typed_read(type_oid, 1, v, &typed) && value_holds(s, span_of(typed.text, typed.n));
}

static bool binary_holds(
	const struct value_scan *s, uint32_t type_oid, struct span v, unsigned depth
)
{
	struct typed typed;
	if (depth > VALUE_NESTING_MAX)
		return true;
	if (typed_read(type_oid, 1, v, &typed))
		return value_holds(s, span_of(typed.text, typed.n));
	if (type_oid == PG_NUMERIC)
		return true; // longer than anybody's, or not as they are written
	if (value_class_of(type_oid, 1) != VALUE_STRICT)
		return value_holds(s, v);
	if (value_holds(s, v) || (v.n == 8 && type_oid == 0 && typed_holds(s, PG_INT8, v)))
		return true;
	return array_holds(s, v, depth) || record_holds(s, v, depth);
}

bool strict_holds(
	const struct value_scan *scan, uint32_t type_oid, uint16_t format, struct span value
)
{
	return format == 0 ? value_holds(scan, value) : binary_holds(scan, type_oid, value, 0);
}
