// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The tree in memory. For chains*.c only.

#pragma once

#include "controlplane/admin/chains.h"
#include "dataplane/base/list.h"

enum { CHAINS_BUCKETS = 8192 }; // a power of two

struct chain_node {
	struct node_id node, subject, token;
	enum subject_kind kind;
	char issuer[64], key[SUBJECT_KEY_MAX], name[SUBJECT_NAME_MAX];
	unsigned depth;
	struct chain_node *parent; // NULL: a root
	struct list children;      // chain_node.sibling
	struct list sibling;       // of the parent's children, or of the roots
	struct list open;          // chain_session.of_node
	struct chain_node *next;   // of its bucket
	unsigned live;             // open sessions
	uint64_t sessions, commands, rows, masked, denied;
	uint64_t first_ns, last_ns;
};

struct chain_session {
	session_id id; // 0: free
	char name[17];
	struct chain_node *leaf;
	struct node_id root_token;               // which of the root's it came by
	uint64_t commands, rows, masked, denied; // that its leaf has in its sums
	struct list of_node;
	struct chain_session *next; // of its bucket, or of the free ones
};

struct chains {
	struct chain_node *nodes[CHAINS_BUCKETS];
	unsigned n_nodes;
	struct list roots; // chain_node.sibling; active last, last
	struct chain_session *sessions;
	uint32_t n_sessions; // places
	struct chain_session *buckets[CHAINS_BUCKETS];
	struct chain_session *free;
};

struct chain_session *chains_session(const struct chains *chains, session_id id);
struct chain_node *chains_node(const struct chains *chains, const struct node_id *id);
