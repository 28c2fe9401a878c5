// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The tree of who started whom, and what those who follow the events are told of sessions.

#include "app/api.h"
#include "controlplane/audit/line.h"
#include "controlplane/identity/node.h"

#include <errno.h>
#include <time.h>

static bool is_revoked(void *context, const struct chain_link *link)
{
	const struct control *control = context;

	return revocation_of_link(control->revocations, link, (uint64_t)time(NULL));
}

static int on_chains(void *context, struct admin_call *call, json_t **out, char *)
{
	struct control *control = context;

	*out = chains_json(
		control->chains, (uint64_t)call->page.cursor, call->page.limit, call->page.live,
		is_revoked, control
	);
	return *out == NULL ? -ENOMEM : 0;
}

void api_chains(struct admin_ops *ops)
{
	ops->chains = on_chains;
}

// ---- as it happens

static json_t *session_json(
	const struct control *control, const struct event *event, const char *name,
	const char *resource
)
{
	const struct subject *subject = event->subject;
	char text[NODE_TEXT_SIZE];
	struct node_id leaf;

	json_t *json =
		json_pack("{s:s, s:o}", "id", name, "resource", audit_string(span_str(resource)));
	if (json == NULL || subject == NULL)
		return json;
	json_object_set_new(json, "subject", audit_string(span_str(subject->key)));
	json_object_set_new(json, "name", audit_string(span_str(subject->name)));
	json_object_set_new(json, "chain", audit_string(span_str(subject->chain)));
	if (chains_leaf(control->chains, event->session, &leaf))
		json_object_set_new(json, "node", json_string(node_text(&leaf, text)));
	return json;
}

void api_session_opened(
	struct control *control, const struct event *event, const char *name, const char *resource
)
{
	if (event->subject != NULL)
		chains_opened(
			control->chains, event->session, name, event->subject, event->time_ns
		);
	if (admin_is_followed(control->admin))
		admin_tell(
			control->admin, "session_opened",
			session_json(control, event, name, resource)
		);
}

void api_session_closed(
	struct control *control, const struct event *event, const char *name, const char *resource
)
{
	if (admin_is_followed(control->admin)) {
		json_t *json = session_json(control, event, name, resource);
		json_t *more = json_pack(
			"{s:I, s:I, s:I, s:I, s:o}", "commands", (json_int_t)event->commands,
			"rows", (json_int_t)event->rows, "masked", (json_int_t)event->masked,
			"denied", (json_int_t)event->denied, "reason",
			audit_string(span_str(event->reason))
		);
		(void)json_object_update_missing(json, more);
		json_decref(more);
		admin_tell(control->admin, "session_closed", json);
	}
	chains_closed(control->chains, event);
}
