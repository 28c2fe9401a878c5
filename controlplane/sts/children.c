// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/sts/children.h"

static bool on_count(void *ctx, const struct store_row *row)
{
	*(uint32_t *)ctx = (uint32_t)store_row_integer(row, 0);
	return true;
}

static struct store_value blob(const struct node_id *node)
{
	return store_blob(node, sizeof(*node));
}

int children_count(struct store *store, const struct node_id *parent, uint64_t now, uint32_t *n)
{
	return store_each(
		store, "SELECT count(*) FROM chain_nodes WHERE parent=? AND expires_s>?",
		STORE_VALUES(blob(parent), store_integer((int64_t)now)), on_count, n
	);
}

int children_count_below(struct store *store, const struct node_id *root, uint64_t now, uint32_t *n)
{
	return store_each(
		store, "SELECT count(*) FROM chain_nodes WHERE root=? AND expires_s>?",
		STORE_VALUES(blob(root), store_integer((int64_t)now)), on_count, n
	);
}

int children_count_all(struct store *store, uint32_t *n)
{
	return store_each(store, "SELECT count(*) FROM chain_nodes", STORE_NO_VALUES, on_count, n);
}

int children_add(
	struct store *store, const struct chain_link *links, uint16_t n_links, uint64_t now,
	uint64_t expires
)
{
	const struct chain_link *child = &links[n_links - 1], *parent = child - 1;

	return store_run(
		store,
		"INSERT INTO chain_nodes(node, parent, root, subject, name, issued_s, expires_s)"
		" VALUES(?, ?, ?, ?, ?, ?, ?)",
		STORE_VALUES(
			blob(&child->node), blob(&parent->node), blob(&links[0].node),
			blob(&child->subject), store_text(child->name), store_integer((int64_t)now),
			store_integer((int64_t)expires)
		)
	);
}

int children_forget(struct store *store, uint64_t now)
{
	return store_run(
		store, "DELETE FROM chain_nodes WHERE expires_s<=?",
		STORE_VALUES(store_integer((int64_t)now))
	);
}
