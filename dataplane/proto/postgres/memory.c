// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/proto/postgres/memory.h"

static size_t block_of(size_t want)
{
	size_t size = BLOCKS_SMALLEST;

	while (size < want && size < BLOCKS_LARGEST)
		size <<= 1;
	return size;
}

bool pg3_memory_fits(const struct pg3 *pg, size_t want)
{
	return pg->memory <= pg->config->memory_max &&
	       block_of(want) <= pg->config->memory_max - pg->memory;
}

void *pg3_memory_get(struct pg3 *pg, size_t want, size_t *block)
{
	if (!pg3_memory_fits(pg, want))
		return NULL;
	void *memory = blocks_get(pg->config->blocks, want, block);
	if (memory == NULL)
		return NULL;
	memset(memory, 0, want);
	pg->memory += *block;
	return memory;
}

void pg3_memory_put(struct pg3 *pg, void *memory, size_t block)
{
	if (memory == NULL)
		return;
	pg->memory -= block;
	blocks_put(pg->config->blocks, memory, block);
}

int pg3_chunk_grow(struct pg3 *pg, struct chunk *chunk, size_t want, size_t keep)
{
	if (want <= chunk->size)
		return 0;
	struct chunk bigger;
	bigger.p = pg3_memory_get(pg, want, &bigger.size);
	if (bigger.p == NULL)
		return ERR_LIMIT;
	if (keep > 0)
		memcpy(bigger.p, chunk->p, keep);
	pg3_chunk_free(pg, chunk);
	*chunk = bigger;
	return 0;
}

void pg3_chunk_free(struct pg3 *pg, struct chunk *chunk)
{
	pg3_memory_put(pg, chunk->p, chunk->size);
	*chunk = (struct chunk){0};
}

struct proto_field *pg3_scratch_fields(struct pg3 *pg, struct chunk *scratch, size_t n)
{
	size_t want = n * sizeof(struct proto_field);

	if (scratch->size > PG3_SCRATCH_KEPT && want <= PG3_SCRATCH_KEPT)
		pg3_chunk_free(pg, scratch);
	if (pg3_chunk_grow(pg, scratch, want == 0 ? 1 : want, 0) != 0)
		return NULL;
	memset(scratch->p, 0, want);
	return (struct proto_field *)(void *)scratch->p;
}
