// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A parse tree out of libpg_query's bytes, in memory that goes all at once. Private to inspect/.

#pragma once

#include "dataplane/base/span.h"

#include <pg_query/pg_query.pb-c.h>

enum { TREE_BYTES_MAX = 256 << 20 };

struct tree_chunk;

// Memory for one tree at a time. Zeroed: empty.
struct tree {
	struct tree_chunk *chunks; // the last one is kept
	size_t bytes;
};

// The tree of `data`, or NULL: not what the library packs, too large, or no memory. Valid until the
// next call or tree_fini.
const PgQuery__ParseResult *tree_read(struct tree *tree, struct span data);
// Give back what a large tree took.
void tree_trim(struct tree *tree);
void tree_fini(struct tree *tree);
