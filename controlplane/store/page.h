// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Lists that are read a page at a time, the newest entry first.

#pragma once

#include "controlplane/store/store.h"

#include <jansson.h>

enum store_page_limit {
	STORE_PAGE_MAX = 1000, // rows
	STORE_PAGE_VALUES = 8,
};

struct store_page {
	unsigned limit; // rows; 0 or more than STORE_PAGE_MAX: that many
	// One row as JSON. NULL: no memory.
	json_t *(*row)(void *context, const struct store_row *row);
	void *context;
};

// Read a page by `sql`, as in store.h: its first column is a number by which it orders its rows,
// falling, and its last parameter, which is not among `values`, how many it may give. At most
// STORE_PAGE_VALUES values. Out: *list, an array of the caller's; *next, the number of its last row
// when others follow, else 0. Returns 0, -ENOMEM or as store_run.
int store_page(
	struct store *store, const char *sql, const struct store_value *values, unsigned n_values,
	const struct store_page *page, json_t **list, int64_t *next
) must_check;
