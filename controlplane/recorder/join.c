// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/recorder/join.h"

void join_init(struct join *join, size_t limit)
{
	*join = (struct join){0};
	buf_init(&join->pieces, NULL, limit);
}

void join_fini(struct join *join)
{
	buf_fini(&join->pieces);
	*join = (struct join){0};
}

bool join_add(struct join *join, const struct segment_record *record, struct span *whole)
{
	bool continues = (record->flags & RECORD_CONTINUES) != 0;

	if (!join->inside && !continues) {
		*whole = record->data;
		return true;
	}
	if (!join->inside) {
		buf_consume(&join->pieces, buf_len(&join->pieces));
		join->dropped = false;
	}
	join->inside = continues;
	if (!join->dropped && buf_append(&join->pieces, record->data) != 0)
		join->dropped = true;
	if (continues || join->dropped)
		return false;
	*whole = buf_span(&join->pieces);
	return true;
}
