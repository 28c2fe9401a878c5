// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/api.h"
#include "controlplane/identity/node.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WAIT_S = 5 }; // for the workers

static const char *text_of(const struct admin_call *call, const char *name)
{
	return json_string_value(json_object_get(call->body, name));
}

static const char *or_empty(const char *text)
{
	return text == NULL ? "" : text;
}

static bool kind_of(const char *text, enum revoke_kind *out)
{
	for (enum revoke_kind kind = REVOKE_TOKEN; kind <= REVOKE_RESOURCE; kind++) {
		if (strcmp(text, revoke_kind_name(kind)) == 0) {
			*out = kind;
			return true;
		}
	}
	return false;
}

static int refuse(char *why, const char *text)
{
	snprintf(why, ADMIN_WHY, "%s", text);
	return -EINVAL;
}

static int target_token(const struct admin_call *call, struct revocation *out, char *why)
{
	const char *token = text_of(call, "token");
	char bad[JWT_WHY] = "", node[NODE_TEXT_SIZE];

	if (token == NULL)
		return refuse(why, "kind token needs `token` or `node`");
	int r = jwt_node(span_str(token), &out->node, bad);
	if (r == ERR_AUTH)
		return refuse(why, bad);
	if (r == 0)
		snprintf(out->label, sizeof(out->label), "token %.8s", node_text(&out->node, node));
	return r;
}

static int target_subject(const struct admin_call *call, struct revocation *out, char *why)
{
	const char *issuer = text_of(call, "issuer"), *key = text_of(call, "key");

	if (issuer == NULL || key == NULL)
		return refuse(why, "kind subject needs `issuer` and `key`, or `node`");
	out->node = node_of_subject(issuer, key);
	snprintf(out->label, sizeof(out->label), "%s %s", issuer, key);
	return 0;
}

static int target_resource(const struct admin_call *call, struct revocation *out, char *why)
{
	const char *name = text_of(call, "resource");

	if (name == NULL)
		return refuse(why, "kind resource needs `resource` or `node`");
	out->node = node_of_resource(name);
	snprintf(out->label, sizeof(out->label), "%s", name);
	return 0;
}

// Somebody's name, if a link of a live session is it.
static void name_link(
	const struct control *control, enum revoke_kind kind, const struct node_id *node,
	char *label, size_t size
)
{
	uint32_t at = 0;

	for (const struct live_entry *e; (e = live_next(&control->live, &at)) != NULL;) {
		for (uint16_t i = 0; i < e->subject->n_links; i++) {
			const struct chain_link *link = &e->subject->links[i];
			const struct node_id *id = chain_link_id(link, kind);
			if (id == NULL || !node_equal(id, node))
				continue;
			snprintf(label, size, "%s", link->name);
			return;
		}
	}
}

static int target_node(
	const struct control *control, const char *text, struct revocation *out, char *why
)
{
	if (!node_parse(span_str(text), &out->node))
		return refuse(why, "`node` is 32 hexadecimal digits");
	if (node_is_none(&out->node))
		return refuse(why, "`node` is no node: nobody has that of zeros alone");
	snprintf(out->label, sizeof(out->label), "%s", text);
	name_link(control, out->kind, &out->node, out->label, sizeof(out->label));
	return 0;
}

// Out: kind, node and label.
static int target(
	const struct control *control, const struct admin_call *call, struct revocation *out,
	char *why
)
{
	const char *node = text_of(call, "node");

	*out = (struct revocation){0};
	if (!kind_of(or_empty(text_of(call, "kind")), &out->kind))
		return refuse(why, "`kind` is token, subject, node or resource");
	if (node != NULL)
		return target_node(control, node, out, why);
	switch (out->kind) {
	case REVOKE_TOKEN:
		return target_token(call, out, why);
	case REVOKE_SUBJECT:
		return target_subject(call, out, why);
	case REVOKE_RESOURCE:
		return target_resource(call, out, why);
	case REVOKE_NODE:
		break;
	}
	return refuse(why, "kind node needs `node`");
}

// ---- operations

static int put(json_t **out, json_t *json)
{
	*out = json;
	return json == NULL ? -ENOMEM : 0;
}

static int on_preview(void *context, struct admin_call *call, json_t **out, char *why)
{
	struct revocation ask;

	int r = target(context, call, &ask, why);
	if (r != 0)
		return r;
	r = put(out, control_revoke_preview(context, ask.kind, &ask.node, ask.label));
	if (r != 0)
		return r;
	const struct control *control = context;
	uint64_t nodes = chains_below(control->chains, ask.kind, &ask.node);
	json_object_set_new(*out, "nodes", json_integer((json_int_t)nodes));
	return 0;
}

void api_name_caller(const struct admin_caller *caller, char by[static API_BY_MAX])
{
	if (caller->subject != NULL)
		snprintf(by, API_BY_MAX, "%s %s", caller->subject->issuer, caller->subject->key);
	else if (caller->local)
		snprintf(by, API_BY_MAX, "uid %u", caller->uid);
}

// Out: call->number, the revocation's.
static int revoke(struct control *control, struct admin_call *call, char *why)
{
	struct revocation ask, is;

	int r = target(control, call, &ask, why);
	if (r != 0)
		return r;
	int64_t for_s = json_integer_value(json_object_get(call->body, "for_s"));
	if (for_s > 0)
		ask.until_s = (uint64_t)time(NULL) + (uint64_t)for_s;
	snprintf(ask.reason, sizeof(ask.reason), "%s", or_empty(text_of(call, "reason")));
	api_name_caller(&call->caller, ask.by);
	r = control_revoke(control, &ask, &is);
	if (r == 0)
		call->number = (uint64_t)is.n;
	return r;
}

static int tell(struct control *control, const struct revocation *is, json_t **out)
{
	int r = put(out, revocation_json(is));

	if (r == 0 && admin_is_followed(control->admin))
		admin_tell(control->admin, "revocation", json_deep_copy(*out));
	return r;
}

// Answered when every worker has ended what it had, or does not say so in time.
static int on_revoke(void *context, struct admin_call *call, json_t **out, char *why)
{
	struct control *control = context;
	struct revocation is;
	int r = 0;

	if (call->number == 0)
		r = revoke(control, call, why);
	if (r == 0)
		r = revocation_get(control->revocations, (int64_t)call->number, &is);
	if (r != 0)
		return r;
	if (!is.done && (uint64_t)time(NULL) < is.at_s + WAIT_S)
		return -EINPROGRESS;
	return tell(control, &is, out);
}

static bool add(void *list, const struct revocation *revocation)
{
	return json_array_append_new(list, revocation_json(revocation)) == 0;
}

static int on_revocations(void *context, struct admin_call *call, json_t **out, char *)
{
	struct control *control = context;
	const struct admin_page *page = &call->page;
	json_t *list = json_array(), *next = NULL;

	int r = list == NULL ? -ENOMEM
			     : revocation_list(
				       control->revocations, page->limit, page->cursor, page->live,
				       (uint64_t)time(NULL), add, list
			       );
	if (r != 0) {
		json_decref(list);
		return r;
	}
	size_t n = json_array_size(list);
	if (n == page->limit)
		next = json_object_get(json_array_get(list, n - 1), "id");
	return put(out, json_pack("{s:o,s:O?}", "revocations", list, "next", next));
}

// Out: *n. A number of the list, from a path.
static int number_of(const struct admin_call *call, int64_t *n, char *why)
{
	char *end;

	errno = 0;
	*n = strtoll(call->id, &end, 10);
	if (errno == 0 && *end == '\0' && *n > 0)
		return 0;
	snprintf(why, ADMIN_WHY, "there is no revocation %.32s", call->id);
	return -ENOENT;
}

static int answer(const struct admin_call *call, int r, char *why)
{
	if (r == -ENOENT)
		snprintf(why, ADMIN_WHY, "there is no revocation %.32s", call->id);
	else if (r == -EALREADY)
		snprintf(why, ADMIN_WHY, "revocation %.32s is not in force any more", call->id);
	return r;
}

static int on_revocation(void *context, struct admin_call *call, json_t **out, char *why)
{
	struct control *control = context;
	struct revocation is;
	int64_t n;

	int r = number_of(call, &n, why);
	if (r == 0)
		r = revocation_get(control->revocations, n, &is);
	return r == 0 ? put(out, revocation_json(&is)) : answer(call, r, why);
}

static int on_lift(void *context, struct admin_call *call, json_t **out, char *why)
{
	char by[API_BY_MAX] = "";
	struct revocation is;
	int64_t n;

	api_name_caller(&call->caller, by);
	int r = number_of(call, &n, why);
	if (r == 0)
		r = control_revocation_lift(context, n, by, or_empty(text_of(call, "reason")), &is);
	return r == 0 ? tell(context, &is, out) : answer(call, r, why);
}

void api_revocations(struct admin_ops *ops)
{
	ops->preview = on_preview;
	ops->revocations = on_revocations;
	ops->revocation = on_revocation;
	ops->revoke = on_revoke;
	ops->lift = on_lift;
}
