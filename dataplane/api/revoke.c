// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/api/event.h"

const char *revoke_kind_name(enum revoke_kind kind)
{
	switch (kind) {
	case REVOKE_TOKEN:
		return "token";
	case REVOKE_SUBJECT:
		return "subject";
	case REVOKE_NODE:
		return "node";
	case REVOKE_RESOURCE:
		return "resource";
	}
	return "unknown";
}

const struct node_id *chain_link_id(const struct chain_link *link, enum revoke_kind kind)
{
	switch (kind) {
	case REVOKE_TOKEN:
		return &link->token;
	case REVOKE_SUBJECT:
		return &link->subject;
	case REVOKE_NODE:
		return &link->node;
	case REVOKE_RESOURCE:
		break;
	}
	return NULL;
}

bool revoke_covers(
	enum revoke_kind kind, const struct node_id *what, const struct subject *subject,
	const struct node_id *resource
)
{
	if (kind == REVOKE_RESOURCE)
		return node_equal(resource, what);
	for (unsigned i = 0; i < subject->n_links; i++) {
		const struct node_id *id = chain_link_id(&subject->links[i], kind);
		if (id != NULL && node_equal(id, what))
			return true;
	}
	return false;
}
