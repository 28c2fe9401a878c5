// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/store/page.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

struct reading {
	const struct store_page *page;
	json_t *list;
	unsigned limit;
	int64_t last;
	bool more, failed;
};

static bool read_one(void *context, const struct store_row *row)
{
	struct reading *r = context;

	// One more than the page holds is asked for, and tells that there is more.
	if (json_array_size(r->list) == r->limit) {
		r->more = true;
		return false;
	}
	r->last = store_row_integer(row, 0);
	r->failed = json_array_append_new(r->list, r->page->row(r->page->context, row)) != 0;
	return !r->failed;
}

int store_page(
	struct store *store, const char *sql, const struct store_value *values, unsigned n_values,
	const struct store_page *page, json_t **list, int64_t *next
)
{
	struct store_value all[STORE_PAGE_VALUES + 1];
	struct reading reading = {.page = page, .list = json_array(), .limit = page->limit};

	assert(n_values <= STORE_PAGE_VALUES);
	if (reading.limit == 0 || reading.limit > STORE_PAGE_MAX)
		reading.limit = STORE_PAGE_MAX;
	memcpy(all, values, n_values * sizeof(all[0]));
	all[n_values] = store_integer(reading.limit + 1);
	int r = reading.list == NULL
			? -ENOMEM
			: store_each(store, sql, all, n_values + 1, read_one, &reading);
	if (r == 0 && reading.failed)
		r = -ENOMEM;
	if (r != 0) {
		json_decref(reading.list);
		return r;
	}
	*list = reading.list;
	*next = reading.more ? reading.last : 0;
	return 0;
}
