// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/admin/chains_state.h"
#include "controlplane/audit/line.h"
#include "controlplane/identity/node.h"

#include <stdio.h>

struct teller {
	chains_revoked_fn *revoked;
	void *context;
};

// What was cut inside a character is no UTF-8 any more.
static json_t *text(const char *s)
{
	return audit_string(span_str(s));
}

// Who it is, as Link in openapi.json.
static json_t *link_json(const struct chain_node *node, const struct node_id *token)
{
	char ids[3][NODE_TEXT_SIZE];

	return json_pack(
		"{s:s, s:s, s:s, s:o, s:o, s:o, s:s}", "node", node_text(&node->node, ids[0]),
		"subject", node_text(&node->subject, ids[1]), "token", node_text(token, ids[2]),
		"issuer", text(node->issuer), "key", text(node->key), "name", text(node->name),
		"kind", subject_kind_name(node->kind)
	);
}

static json_t *open_json(const struct chain_node *node)
{
	json_t *list = json_array();
	struct list *at;

	list_foreach (at, &node->open) {
		const struct chain_session *s = list_entry(at, struct chain_session, of_node);
		if (json_array_size(list) >= CHAINS_OPEN_MAX)
			break;
		json_array_append_new(list, json_string(s->name));
	}
	return list;
}

// Depth is bounded by SUBJECT_LINKS_MAX.
static json_t *node_json(const struct teller *teller, const struct chain_node *node)
{
	json_t *json = link_json(node, &node->token);
	json_t *children = json_array();
	struct list *at;

	list_foreach (at, &node->children)
		json_array_append_new(
			children, node_json(teller, list_entry(at, struct chain_node, sibling))
		);
	const struct chain_link ids = {
		.node = node->node,
		.subject = node->subject,
		.token = node->token};
	bool revoked = teller->revoked != NULL && teller->revoked(teller->context, &ids);
	json_t *more = json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:o, s:o}", "depth",
		(json_int_t)node->depth, "live", (json_int_t)node->live, "sessions",
		(json_int_t)node->sessions, "commands", (json_int_t)node->commands, "rows",
		(json_int_t)node->rows, "masked", (json_int_t)node->masked, "denied",
		(json_int_t)node->denied, "first_ns", (json_int_t)node->first_ns, "last_ns",
		(json_int_t)node->last_ns, "revoked", revoked, "open", open_json(node), "children",
		children
	);
	if (json_object_update_missing(json, more) != 0) {
		json_decref(json);
		json = NULL;
	}
	json_decref(more);
	return json;
}

static bool is_live(const struct chain_node *node)
{
	struct list *at;

	if (node->live > 0)
		return true;
	list_foreach (at, &node->children) {
		if (is_live(list_entry(at, struct chain_node, sibling)))
			return true;
	}
	return false;
}

json_t *chains_json(
	const struct chains *chains, uint64_t skip, unsigned limit, bool live,
	chains_revoked_fn *revoked, void *context
)
{
	const struct teller teller = {revoked, context};
	json_t *list = json_array(), *next = json_null();
	uint64_t n = 0;

	// From the end: the root that was active last.
	for (struct list *at = chains->roots.prev; at != &chains->roots; at = at->prev) {
		const struct chain_node *root = list_entry(at, struct chain_node, sibling);
		if ((live && !is_live(root)) || n++ < skip)
			continue;
		if (json_array_size(list) == limit) {
			next = json_integer((json_int_t)(skip + limit));
			break;
		}
		json_array_append_new(list, node_json(&teller, root));
	}
	return json_pack("{s:o, s:o}", "chains", list, "next", next);
}

json_t *chains_links(const struct chains *chains, session_id id)
{
	const struct chain_session *session = chains_session(chains, id);
	json_t *list = json_array();

	for (const struct chain_node *node = session == NULL ? NULL : session->leaf; node != NULL;
	     node = node->parent)
		json_array_insert_new(
			list, 0,
			link_json(node, node->parent == NULL ? &session->root_token : &node->token)
		);
	if (session != NULL)
		return list;
	json_decref(list);
	return NULL;
}

// ---- blast radius

static bool is_below(const struct chain_node *node, enum revoke_kind kind, const struct node_id *id)
{
	for (; node != NULL; node = node->parent) {
		switch (kind) {
		case REVOKE_TOKEN:
			if (node_equal(&node->token, id))
				return true;
			break;
		case REVOKE_SUBJECT:
			if (node_equal(&node->subject, id))
				return true;
			break;
		case REVOKE_NODE:
			if (node_equal(&node->node, id))
				return true;
			break;
		case REVOKE_RESOURCE:
			return false;
		}
	}
	return false;
}

uint64_t chains_below(const struct chains *chains, enum revoke_kind kind, const struct node_id *id)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < CHAINS_BUCKETS; i++) {
		for (struct chain_node *node = chains->nodes[i]; node != NULL; node = node->next)
			n += is_below(node, kind, id);
	}
	return n;
}

void chains_label(const struct chains *chains, const struct node_id *id, char *out, size_t size)
{
	const struct chain_node *node = chains_node(chains, id);

	out[0] = '\0';
	if (node != NULL)
		snprintf(out, size, "%s (%s)", node->name, node->issuer);
}
