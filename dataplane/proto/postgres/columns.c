// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/proto/postgres/columns.h"

#include "dataplane/base/cursor.h"
#include "dataplane/proto/postgres/memory.h"

void pg3_columns_unref(struct pg3 *pg, struct columns *columns)
{
	if (columns != NULL && --columns->refs == 0)
		pg3_memory_put(pg, columns, columns->block);
}

static void read_column(struct cursor *c, struct proto_column *column)
{
	column->name = cursor_cstr(c);
	column->table_oid = cursor_be32(c);
	column->attnum = cursor_be16(c);
	column->type_oid = cursor_be32(c);
	(void)cursor_be16(c); // typlen follows from the type
	column->type_modifier = (int32_t)cursor_be32(c);
	column->format = cursor_be16(c);
	if (column->format > 1)
		c->bad = true;
}

bool pg3_columns_read(
	struct pg3 *pg, struct span body, struct columns **columns, enum proto_bad *bad
)
{
	struct columns *recent = pg->recent;
	size_t block;

	if (recent != NULL && span_equal(recent->raw, body)) {
		recent->refs++;
		*columns = recent;
		return true;
	}
	struct cursor c = cursor_of(body);
	uint16_t n = cursor_be16(&c);
	*bad = PROTO_BAD_MALFORMED;
	if (c.bad || n > PROTO_FIELDS_MAX)
		return false;
	size_t array = n * sizeof(struct proto_column);
	struct columns *new = pg3_memory_get(pg, sizeof(*new) + array + body.n, &block);
	if (new == NULL) {
		*bad = PROTO_BAD_LIMIT;
		return false;
	}
	uint8_t *copy = (uint8_t *)new + sizeof(*new) + array;
	memcpy(copy, body.p, body.n);
	*new = (struct columns){.refs = 2, .n = n, .block = block, .raw = {copy, body.n}};
	c = cursor_of(span_from(new->raw, 2));
	for (uint16_t i = 0; i < n; i++)
		read_column(&c, &new->column[i]);
	if (!cursor_done(&c)) {
		pg3_memory_put(pg, new, block);
		return false;
	}
	pg3_columns_unref(pg, pg->recent);
	pg->recent = new;
	*columns = new;
	return true;
}
