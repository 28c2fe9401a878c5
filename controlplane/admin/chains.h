// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Who started whom: a tree of the nodes that have been seen, with the sessions that are open and
// sums over what they all did. In memory, for people to look at; rights and revocations are decided
// elsewhere. When it is full, what was idle longest is forgotten.
//
// One control thread.

#pragma once

#include "dataplane/api/event.h"

#include <jansson.h>

enum chains_limit {
	CHAINS_NODES_MAX = 16384,
	CHAINS_OPEN_MAX = 100, // ids of open sessions that a node tells
};

struct chains;

// Room for `sessions` at a time. NULL when memory is short.
struct chains *chains_new(uint32_t sessions);
void chains_free(struct chains *chains); // accepts NULL

// A session of `subject` is open; `name` is its printable name.
void chains_opened(
	struct chains *chains, session_id session, const char *name, const struct subject *subject,
	uint64_t time_ns
);
// EVENT_PROGRESS: its counters are the event's. Nothing happens when it is not known.
void chains_progress(struct chains *chains, const struct event *event);
// It is closed: its counters are the event's. Nothing happens when it is not known.
void chains_closed(struct chains *chains, const struct event *event);

// Is this node revoked itself? Of `link` its ids are set. For "revoked" below.
typedef bool chains_revoked_fn(void *context, const struct chain_link *link);

// {"chains": [...], "next"}: trees, whose roots were active last first. `skip` of them are left
// out, at most `limit` are told; `live`: only those with open sessions. NULL when memory is short.
json_t *chains_json(
	const struct chains *chains, uint64_t skip, unsigned limit, bool live,
	chains_revoked_fn *revoked, void *context
);

// The links of an open session, root first; NULL when it is not known.
json_t *chains_links(const struct chains *chains, session_id session);
// The leaf of an open session. False when it is not known.
bool chains_leaf(const struct chains *chains, session_id session, struct node_id *out);

// How many known nodes are at or below what this revokes; of a resource there are none.
uint64_t chains_below(const struct chains *chains, enum revoke_kind kind, const struct node_id *id);
// "name (issuer)" of the node or subject; "" when it is not known.
void chains_label(const struct chains *chains, const struct node_id *node, char *out, size_t size);
