// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A YAML file as a tree of nodes with places. A subset of YAML on purpose: one document, maps with
// plain keys, lists, scalars; no anchors, aliases, tags or control characters, so that what is read
// is what is seen. Depth, size and breadth are bounded.

#pragma once

#include "controlplane/config/arena.h"
#include "controlplane/config/config.h"

enum tree_limit { TREE_DEPTH_MAX = 12, TREE_KEYS_MAX = 64, TREE_ITEMS_MAX = 4096 };

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
	enum node_kind kind;
	bool quoted; // a scalar that is text whatever it looks like
	struct config_position at;
	const char *text; // scalar
	const char *key;  // inside a map, else NULL
	struct config_position key_at;
	uint32_t n; // items or keys
	struct node *first, *next;
};

// Out: *root, in `arena`. Returns 0; ERR_CONFIG, *errors says where; -ENOMEM.
int tree_read(
	struct arena *arena, const char *file, struct span text, struct node **root,
	struct config_errors *errors
) must_check;

// The value of `key` in a map; NULL when it is not there.
const struct node *tree_get(const struct node *map, const char *key);
