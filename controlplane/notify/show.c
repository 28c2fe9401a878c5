// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/notify/state.h"
#include "controlplane/store/page.h"

#include <errno.h>

#define COLUMNS                                                                          \
	"SELECT n, target, event, approval, state, attempts, next_ns, error, created_ns" \
	" FROM notifications "

static json_t *row_json(void *, const struct store_row *row)
{
	bool pending = strcmp(store_row_text(row, 4), "pending") == 0;
	const char *error = store_row_text(row, 7);

	return json_pack(
		"{s:I, s:s, s:s, s:o, s:s, s:I, s:o, s:o, s:I}", "id",
		(json_int_t)store_row_integer(row, 0), "channel", store_row_text(row, 1), "event",
		store_row_text(row, 2), "approval",
		store_row_is_null(row, 3) ? json_null() : json_string(store_row_text(row, 3)),
		"state", store_row_text(row, 4), "attempts", (json_int_t)store_row_integer(row, 5),
		"next_ns", pending ? json_integer(store_row_integer(row, 6)) : json_null(), "error",
		error[0] == '\0' ? json_null() : json_string(error), "created_ns",
		(json_int_t)store_row_integer(row, 8)
	);
}

int notify_list(
	struct notify *notify, const char *state, int64_t before, unsigned limit, json_t **list,
	int64_t *next
)
{
	const struct store_page page = {.limit = limit, .row = row_json};

	return store_page(
		notify->store,
		COLUMNS
		"WHERE (?1=0 OR n<?1) AND (?2 IS NULL OR state=?2) ORDER BY n DESC LIMIT ?3",
		STORE_VALUES(store_integer(before), store_text(state)), &page, list, next
	);
}

static bool get_one(void *context, const struct store_row *row)
{
	*(json_t **)context = row_json(NULL, row);
	return false;
}

int notify_get(struct notify *notify, int64_t id, json_t **out)
{
	json_t *json = NULL;

	int r = store_each(
		notify->store, COLUMNS "WHERE n=?", STORE_VALUES(store_integer(id)), get_one, &json
	);
	if (r == 0 && json == NULL)
		return -ENOENT;
	if (r == 0)
		*out = json;
	return r;
}

static bool exists(void *context, const struct store_row *)
{
	*(bool *)context = true;
	return false;
}

int notify_requeue(struct notify *notify, int64_t id, uint64_t now_ns)
{
	bool there = false;

	int r = store_begin(notify->store);
	if (r == 0)
		r = store_run(
			notify->store,
			"UPDATE notifications SET state='pending', attempts=0, next_ns=?2"
			" WHERE n=?1 AND state='dead'",
			STORE_VALUES(store_integer(id), store_integer((int64_t)now_ns))
		);
	if (r == 0 && store_changes(notify->store) != 1) {
		r = store_each(
			notify->store, "SELECT 1 FROM notifications WHERE n=?",
			STORE_VALUES(store_integer(id)), exists, &there
		);
		if (r == 0)
			r = there ? -EALREADY : -ENOENT;
	}
	r = store_end(notify->store, r);
	if (r == 0)
		notify->strays = true; // its target may be gone
	return r;
}
