// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Who is asking, and through whom: made by controlplane/identity from a verified token, owned by
// the worker it was given to, handed back with EVENT_SUBJECT. Immutable.
//
// A chain reads from the root, who logged in at an identity provider, to the one who acts now; each
// link was made by a token exchange of the one above (RFC 8693) and may only be narrower.

#pragma once

#include "dataplane/api/budget.h"
#include "dataplane/base/span.h"

enum subject_limit {
	SUBJECT_GROUPS_MAX = 256,
	SUBJECT_KEY_MAX = 256,
	SUBJECT_NAME_MAX = 128,
	SUBJECT_LINKS_MAX = 9, // the root and 8 delegations
	SUBJECT_BUDGETS_MAX = 16,
};

// Not proven to be an agent is not proven to be human.
enum subject_kind { SUBJECT_UNKNOWN, SUBJECT_HUMAN, SUBJECT_AGENT };

// "unknown", "human", "agent".
const char *subject_kind_name(enum subject_kind kind);

struct chain_link {
	// The place in the tree: of the root, its `subject`; of a delegated one, its `token`.
	struct node_id node;
	struct node_id subject; // of (issuer, key), whatever the token (subject_id)
	struct node_id token;   // of the token that made it (token_id)
	enum subject_kind kind;
	const char *issuer; // the policy's name for it
	const char *key;    // tid/oid, or sub: what identifies; never an e-mail address
	const char *name;   // for display
	uint16_t n_groups;
	const char *const *groups; // of its own token; app roles are "role:NAME"
};

// What the tokens of a chain leave of their subjects' rights: the intersection of all of them.
struct token_scope {
	bool any_resource;
	uint16_t n_resources;
	const char *const *resources; // names; unless any_resource
	uint32_t effects;             // that may be had at all; EFFECT_ALL: not narrowed
	uint32_t hold;                // that wait for approval, whatever the rule says
	uint16_t depth_left;          // delegations that may still follow
	uint16_t n_budgets;
	struct budget_limit budgets[SUBJECT_BUDGETS_MAX];
};

struct subject {
	// the root's
	char issuer[64];
	char key[SUBJECT_KEY_MAX];
	char name[SUBJECT_NAME_MAX];
	uint16_t n_groups;
	const char *groups[SUBJECT_GROUPS_MAX];
	// the chain's
	uint16_t depth;  // delegations: n_links - 1
	char chain[512]; // "root > agent > child", for the record
	uint16_t n_links;
	struct chain_link links[SUBJECT_LINKS_MAX]; // root first
	struct token_scope scope;
	// the token's
	uint64_t expires;       // seconds since 1970
	uint8_t token_hash[32]; // SHA-256
};
