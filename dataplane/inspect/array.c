// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/inspect/array.h"

#include "dataplane/base/cursor.h"
#include "dataplane/inspect/types.h"

#include <errno.h>

enum { DIMENSIONS_MAX = 6, HAS_NULLS_AT = 4, HEAD = 12 }; // MAXDIM; array_send

bool array_is_known(uint32_t type_oid)
{
	switch (type_oid) {
	case PG_XML_ARRAY:
	case PG_JSON_ARRAY:
	case PG_BYTEA_ARRAY:
	case PG_NAME_ARRAY:
	case PG_INT2_ARRAY:
	case PG_INT4_ARRAY:
	case PG_INT8_ARRAY:
	case PG_TEXT_ARRAY:
	case PG_BPCHAR_ARRAY:
	case PG_VARCHAR_ARRAY:
	case PG_INET_ARRAY:
	case PG_NUMERIC_ARRAY:
	case PG_UUID_ARRAY:
	case PG_JSONB_ARRAY:
		return true;
	default:
		return false;
	}
}

// Copy an element, masked. Out: *null, it became NULL.
static int copy_element(
	const struct value_scan *s, uint32_t type, struct span element, struct buf *out, bool *null,
	uint32_t *found
)
{
	size_t start = buf_len(out);
	uint32_t before = *found;
	int r = buf_append_be32(out, (uint32_t)element.n);
	if (r == 0)
		r = value_mask(s, type, 1, &element, null, out, found);
	if (r != 0)
		return r;
	if (*null) {
		buf_truncate(out, start);
		return buf_append_be32(out, UINT32_MAX);
	}
	if (*found == before)
		return buf_append(out, element);
	uint8_t *length = buf_tail(out) - element.n - 4;
	for (unsigned i = 0; i < 4; i++)
		length[i] = (uint8_t)(element.n >> (24 - 8 * i));
	return 0;
}

// Returns -ENOENT when `value` is not as arrays are written.
static int copy_array(
	const struct value_scan *s, struct span value, struct buf *out, uint32_t *found
)
{
	struct cursor c = cursor_of(value);
	size_t start = buf_len(out);
	bool any_null = false;
	uint32_t dimensions = cursor_be32(&c);
	(void)cursor_be32(&c);
	uint32_t type = cursor_be32(&c);
	if (c.bad || dimensions > DIMENSIONS_MAX || array_is_known(type))
		return -ENOENT;
	(void)cursor_bytes(&c, (size_t)dimensions * 8); // sizes and bounds
	int r = c.bad ? -ENOENT : buf_append(out, span_first(value, HEAD + dimensions * 8));
	while (r == 0 && !c.bad && cursor_left(&c) > 0) {
		uint32_t n = cursor_be32(&c);
		bool null = n == UINT32_MAX;
		struct span element = cursor_bytes(&c, null ? 0 : n);
		if (c.bad)
			r = -ENOENT;
		else if (null)
			r = buf_append_be32(out, UINT32_MAX);
		else
			r = copy_element(s, type, element, out, &null, found);
		any_null = any_null || null;
	}
	if (r == 0 && any_null)
		(buf_tail(out) - (buf_len(out) - start))[HAS_NULLS_AT + 3] = 1;
	return r;
}

int array_mask(
	const struct value_scan *scan, struct span *value, bool *null, struct buf *out,
	uint32_t *found
)
{
	size_t start = buf_len(out);
	uint32_t n = 0;
	int r = copy_array(scan, *value, out, &n);
	if (r == -ENOENT || (r == 0 && n == 0)) {
		buf_truncate(out, start);
		*null = r != 0;
		*found += r != 0;
		return 0;
	}
	*found += n;
	*value = (struct span){NULL, buf_len(out) - start};
	return r;
}
