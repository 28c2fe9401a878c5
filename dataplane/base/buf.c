// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/base/buf.h"

#include <stdlib.h>

void buf_init(struct buf *buf, struct blocks *blocks, size_t limit)
{
	*buf = (struct buf){.limit = limit, .blocks = blocks};
}

static void *memory_get(struct blocks *blocks, size_t want, size_t *got)
{
	if (blocks != NULL)
		return blocks_get(blocks, want, got);
	*got = want;
	return malloc(want);
}

static void memory_put(struct buf *buf)
{
	if (buf->blocks != NULL && buf->data != NULL)
		blocks_put(buf->blocks, buf->data, buf->cap);
	else
		free(buf->data);
	buf->data = NULL;
	buf->cap = buf->head = buf->tail = 0;
}

void buf_fini(struct buf *buf)
{
	memory_put(buf);
}

void buf_trim(struct buf *buf)
{
	if (buf_len(buf) == 0)
		memory_put(buf);
}

static void compact(struct buf *buf)
{
	size_t len = buf_len(buf);

	memmove(buf->data, buf->data + buf->head, len);
	buf->head = 0;
	buf->tail = len;
}

// Move to a block of at least twice the size, within the limit, that has room for `n` more.
static int grow(struct buf *buf, size_t n)
{
	size_t len = buf_len(buf);
	size_t want = buf->cap < BLOCKS_SMALLEST / 2 ? BLOCKS_SMALLEST : buf->cap * 2;

	if (want < len + n)
		want = len + n;
	if (want > buf->limit)
		want = buf->limit;

	size_t got;
	uint8_t *data = memory_get(buf->blocks, want, &got);
	if (data == NULL)
		return ERR_POOL_EMPTY;
	if (len > 0)
		memcpy(data, buf->data + buf->head, len);
	memory_put(buf);
	buf->data = data;
	buf->cap = got;
	buf->tail = len;
	return 0;
}

int buf_reserve(struct buf *buf, size_t n)
{
	size_t len = buf_len(buf);

	if (len > buf->limit || n > buf->limit - len)
		return ERR_LIMIT;
	if (n <= buf->cap - buf->tail)
		return 0;

	// Compacting moves at most three bytes for each one consumed, or else the buf grows: a
	// reader that takes small bites from a full buf must not cost a move of everything each
	// time.
	bool fits = n <= buf->cap - len;
	bool cheap = buf->head >= buf->cap / 4;
	if (!(fits && (cheap || buf->cap >= buf->limit))) {
		int r = grow(buf, n);
		if (r == 0 || !fits)
			return r;
	}
	compact(buf);
	return 0;
}

int buf_append(struct buf *buf, struct span bytes)
{
	int r = buf_reserve(buf, bytes.n);

	if (r != 0)
		return r;
	if (bytes.n > 0)
		memcpy(buf_tail(buf), bytes.p, bytes.n);
	buf_commit(buf, bytes.n);
	return 0;
}

int buf_append_u8(struct buf *buf, uint8_t v)
{
	return buf_append(buf, span_of(&v, 1));
}

int buf_append_be16(struct buf *buf, uint16_t v)
{
	uint8_t bytes[2] = {(uint8_t)(v >> 8), (uint8_t)v};

	return buf_append(buf, span_of(bytes, sizeof(bytes)));
}

int buf_append_be32(struct buf *buf, uint32_t v)
{
	uint8_t bytes[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};

	return buf_append(buf, span_of(bytes, sizeof(bytes)));
}
