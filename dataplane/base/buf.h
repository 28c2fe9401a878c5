// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A queue of bytes in one contiguous block: appended at the tail, consumed at the head. It grows by
// doubling up to its limit and owns no memory while empty (buf_trim).

#pragma once

#include "dataplane/base/blocks.h"
#include "dataplane/base/span.h"

struct buf {
	uint8_t *data;
	size_t cap;
	size_t head; // first byte not consumed
	size_t tail; // one past the last byte
	size_t limit;
	struct blocks *blocks; // where memory comes from; NULL: the heap, for use off the workers
};

// An empty buf that will never hold more than `limit` bytes. Allocates nothing yet.
void buf_init(struct buf *buf, struct blocks *blocks, size_t limit);

// Give all memory back; the buf stays usable. Accepts a zeroed buf.
void buf_fini(struct buf *buf);

// Make room for `n` more bytes at the tail. May move the content: spans into the buf end here.
// Returns 0, ERR_LIMIT, or ERR_POOL_EMPTY; the content is untouched on error.
int buf_reserve(struct buf *buf, size_t n) must_check;

// Append a copy of `bytes`. Returns as buf_reserve; all or nothing.
int buf_append(struct buf *buf, struct span bytes) must_check;
int buf_append_u8(struct buf *buf, uint8_t v) must_check;
int buf_append_be16(struct buf *buf, uint16_t v) must_check;
int buf_append_be32(struct buf *buf, uint32_t v) must_check;

// Give the memory back if nothing is in it.
void buf_trim(struct buf *buf);

static inline size_t buf_len(const struct buf *buf)
{
	return buf->tail - buf->head;
}

// How many more bytes its limit lets in.
static inline size_t buf_room(const struct buf *buf)
{
	return buf_len(buf) < buf->limit ? buf->limit - buf_len(buf) : 0;
}

// What is in the buf; valid until the next call that appends, reserves, trims or consumes.
static inline struct span buf_span(const struct buf *buf)
{
	// No arithmetic on the NULL of a buf without memory: clang's sanitizer stops at it.
	return (struct span){buf->data == NULL ? NULL : buf->data + buf->head, buf_len(buf)};
}

// Where buf_reserve(n) made room; say how much of it was written with buf_commit.
static inline uint8_t *buf_tail(struct buf *buf)
{
	return buf->data + buf->tail;
}

// At most what was reserved.
static inline void buf_commit(struct buf *buf, size_t n)
{
	buf->tail += n;
}

// Drop everything behind the first `n` bytes; undoes appends.
static inline void buf_truncate(struct buf *buf, size_t n)
{
	buf->tail = buf->head + n;
}

// Drop the first `n` bytes, at most buf_len.
static inline void buf_consume(struct buf *buf, size_t n)
{
	buf->head += n;
	if (buf->head == buf->tail)
		buf->head = buf->tail = 0;
}
