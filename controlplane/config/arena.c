// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/config/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum arena_size { ALIGNMENT = 16, CHUNK = 64 << 10 };

struct chunk {
	struct chunk *next;
	size_t size, used; // of data
	uint8_t data[] __attribute__((aligned(ALIGNMENT)));
};

struct arena {
	struct chunk *chunks; // the first one has room
};

struct arena *arena_new(void)
{
	return calloc(1, sizeof(struct arena));
}

void arena_free(struct arena *arena)
{
	if (arena == NULL)
		return;
	while (arena->chunks != NULL) {
		struct chunk *chunk = arena->chunks;
		arena->chunks = chunk->next;
		explicit_bzero(chunk->data, chunk->used);
		free(chunk);
	}
	free(arena);
}

static struct chunk *chunk_add(struct arena *arena, size_t need)
{
	size_t size = need > CHUNK ? need : CHUNK;
	struct chunk *chunk = calloc(1, sizeof(*chunk) + size);

	if (chunk == NULL)
		return NULL;
	chunk->size = size;
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	return chunk;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct chunk *chunk = arena->chunks;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	if (chunk == NULL || size > chunk->size - chunk->used)
		chunk = chunk_add(arena, size);
	if (chunk == NULL)
		return NULL;
	void *p = chunk->data + chunk->used;
	chunk->used += size;
	return p;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	if (size != 0 && count > SIZE_MAX / size)
		return NULL;
	return arena_alloc(arena, count * size);
}

char *arena_text(struct arena *arena, const char *text, size_t n)
{
	char *copy = n == SIZE_MAX ? NULL : arena_alloc(arena, n + 1);

	if (copy != NULL && n > 0)
		memcpy(copy, text, n);
	return copy;
}
