// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A parse tree out of libpg_query's bytes, in memory that goes all at once. Private to inspect/.

#pragma once

#include "dataplane/base/span.h"

#include <pg_query/pg_query.pb-c.h>

enum { SYNTAX_BYTES_MAX = 256 << 20 };

struct syntax_chunk;

// Memory for one tree at a time. Zeroed: empty.
struct syntax {
	struct syntax_chunk *chunks; // the last one is kept
	size_t bytes;
};

// The tree of `data`, or NULL: not what the library packs, too large, or no memory. Valid until the
// next call or syntax_fini.
const PgQuery__ParseResult *syntax_read(struct syntax *tree, struct span data);
// Give back what a large tree took.
void syntax_trim(struct syntax *tree);
void syntax_fini(struct syntax *tree);
