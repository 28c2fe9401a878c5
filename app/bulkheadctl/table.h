// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Rows in columns, as psql prints them.

#pragma once

#include "dataplane/base/buf.h"

struct table {
	struct buf cells; // every cell behind the other
	size_t *ends;     // where each ends
	size_t n, room;   // cells
	size_t columns;   // 0: the first row says how many
	bool has_head;    // the first row is one
	bool failed;      // memory is short
};

void table_init(struct table *table);
void table_fini(struct table *table);

// Add one cell. `columns` of the table is set by the caller before the first.
void table_cell(struct table *table, struct span text);
// The same for a NUL-terminated string.
void table_text(struct table *table, const char *text);

// Rows in it, without the head.
size_t table_rows(const struct table *table);
// Print what is in it and take it out; the head stays for the next rows. `lines`: with psql's
// rules between the columns.
void table_print(struct table *table, bool lines);
