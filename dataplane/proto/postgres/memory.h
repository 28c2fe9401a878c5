// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Blocks of one session, counted against its limit.

#pragma once

#include "dataplane/proto/postgres/state.h"

// At least `want` bytes, zeroed up to `want`. Out: *block, the size to give back.
// NULL when the session's limit or the worker's memory is reached.
void *pg3_memory_get(struct pg3 *pg, size_t want, size_t *block) must_check;
// Accepts NULL.
void pg3_memory_put(struct pg3 *pg, void *memory, size_t block);
// Would pg3_memory_get stay within the session's limit?
bool pg3_memory_fits(const struct pg3 *pg, size_t want);

// Make `chunk` hold at least `want` bytes, keeping its first `keep`. Returns 0 or ERR_LIMIT.
int pg3_chunk_grow(struct pg3 *pg, struct chunk *chunk, size_t want, size_t keep) must_check;
void pg3_chunk_free(struct pg3 *pg, struct chunk *chunk);

// An array of `n` fields in a scratch chunk, zeroed; NULL as pg3_memory_get. The last one ends.
struct proto_field *pg3_scratch_fields(struct pg3 *pg, struct chunk *scratch, size_t n) must_check;
