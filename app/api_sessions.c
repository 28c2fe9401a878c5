// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/api.h"

#include <errno.h>
#include <stdio.h>

// The index learns what a session has done when it is closed.
static json_t *row_json(const struct control *control, const struct session_row *row)
{
	const struct live_entry *live = NULL;
	struct session_row now = *row;

	if (row->epoch == control->epoch && row->closed_ns == 0)
		live = live_find(&control->live, row->session);
	if (live == NULL)
		return index_row_json(row);
	now.commands = live->commands;
	now.denied = live->denied;
	now.masked = live->masked;
	now.rows = live->rows;
	now.bytes_in = live->bytes_in;
	now.bytes_out = live->bytes_out;
	return index_row_json(&now);
}

struct listing {
	const struct control *control;
	json_t *rows;
};

static bool add_row(void *context, const struct session_row *row)
{
	const struct listing *listing = context;

	return json_array_append_new(listing->rows, row_json(listing->control, row)) == 0;
}

static const char *text_or_null(const char *text)
{
	return text[0] == '\0' ? NULL : text;
}

static int on_sessions(void *context, struct admin_call *call, json_t **out, char *)
{
	struct control *control = context;
	const struct session_query query = {
		.limit = call->page.limit,
		.before = call->page.cursor,
		.live = call->page.live,
		.subject = text_or_null(call->page.subject),
		.resource = text_or_null(call->page.resource),
	};
	json_t *rows = json_array();
	struct listing listing = {control, rows};
	json_t *next = NULL;

	int r = rows == NULL ? -ENOMEM : index_list(control->index, &query, add_row, &listing);
	if (r != 0) {
		json_decref(rows);
		return r;
	}
	size_t n = json_array_size(rows);
	if (n == query.limit)
		next = json_object_get(json_array_get(rows, n - 1), "n");
	*out = json_pack("{s:o,s:O?}", "sessions", rows, "next", next);
	return *out == NULL ? -ENOMEM : 0;
}

static int row_of(const struct control *control, const char *id, struct session_row *row, char *why)
{
	int r = index_get(control->index, id, row);

	if (r == -ENOENT)
		snprintf(why, ADMIN_WHY, "there is no session %.32s", id);
	return r;
}

static int on_session(void *context, struct admin_call *call, json_t **out, char *why)
{
	struct control *control = context;
	struct session_row row;
	struct node_id leaf;

	int r = row_of(control, call->id, &row, why);
	if (r != 0)
		return r;
	*out = row_json(control, &row);
	if (*out == NULL)
		return -ENOMEM;
	if (row.epoch == control->epoch && chains_leaf(control->chains, row.session, &leaf))
		json_object_set_new(*out, "links", chains_links(control->chains, row.session));
	return 0;
}

static int on_kill(void *context, struct admin_call *call, json_t **out, char *why)
{
	struct control *control = context;
	const char *reason = json_string_value(json_object_get(call->body, "reason"));
	struct command command = {.type = COMMAND_KILL};
	struct session_row row;

	int r = row_of(control, call->id, &row, why);
	if (r != 0)
		return r;
	uint16_t worker = session_id_worker(row.session);
	if (row.epoch != control->epoch || worker >= control->contexts.n_workers ||
	    live_find(&control->live, row.session) == NULL) {
		snprintf(why, ADMIN_WHY, "session %.32s is not open", call->id);
		return -ENOENT;
	}
	command.session = row.session;
	snprintf(
		command.reason, sizeof(command.reason), "%s",
		reason == NULL ? "killed by an operator" : reason
	);
	if (!ring_push(workers_commands(control->workers, worker), &command))
		return -EBUSY;
	*out = json_pack("{s:s}", "killed", call->id);
	return *out == NULL ? -ENOMEM : 0;
}

void api_sessions(struct admin_ops *ops)
{
	ops->sessions = on_sessions;
	ops->session = on_session;
	ops->kill = on_kill;
}
