// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/notify/state.h"

#include <errno.h>
#include <stdlib.h>

enum { PAGE_MAX = 1000 };

#define COLUMNS                                                                          \
	"SELECT n, target, event, approval, state, attempts, next_ns, error, created_ns" \
	" FROM notifications "

static json_t *row_json(const struct store_row *row)
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

struct listing {
	json_t *list;
	unsigned n, limit;
	int64_t last;
	bool more, failed;
};

static bool list_one(void *context, const struct store_row *row)
{
	struct listing *l = context;

	if (l->n == l->limit) {
		l->more = true;
		return false;
	}
	l->failed = json_array_append_new(l->list, row_json(row)) != 0;
	l->last = store_row_integer(row, 0);
	l->n++;
	return !l->failed;
}

int notify_list(
	struct notify *notify, const char *state, int64_t before, unsigned limit, json_t **list,
	int64_t *next
)
{
	struct listing l = {.list = json_array(), .limit = limit};

	if (limit == 0 || limit > PAGE_MAX)
		l.limit = PAGE_MAX;
	int r = store_each(
		notify->store,
		COLUMNS
		"WHERE (?1=0 OR n<?1) AND (?2 IS NULL OR state=?2) ORDER BY n DESC LIMIT ?3",
		STORE_VALUES(store_integer(before), store_text(state), store_integer(l.limit + 1)),
		list_one, &l
	);
	if (r == 0 && (l.failed || l.list == NULL))
		r = -ENOMEM;
	if (r != 0) {
		json_decref(l.list);
		return r;
	}
	*list = l.list;
	*next = l.more ? l.last : 0;
	return 0;
}

static bool get_one(void *context, const struct store_row *row)
{
	*(json_t **)context = row_json(row);
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
