// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/api/record.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum {
	// A record is not begun in a block that has less room than this: fragments of a few bytes
	// would cost more header than data.
	TAIL_MIN = sizeof(struct record) + 96,
	// What a block may lose: its tail, and the headers of two records that continue another's
	// message (two, because RECORD_DATA_MAX is less than a block).
	BLOCK_LOSS = TAIL_MIN + 2 * sizeof(struct record),
	BLOCK_USABLE = RECORD_BLOCK_SIZE - BLOCK_LOSS,
};

static_assert(sizeof(struct record) == 32, "no padding: the recorder reads it by memcpy");
static_assert(
	sizeof(struct record) + RECORD_DATA_MAX <= RECORD_BLOCK_SIZE, "a record fits a block"
);

int record_queue_init(struct record_queue *queue, uint32_t n_blocks)
{
	*queue = (struct record_queue){0};
	int ret = ring_init(&queue->full, n_blocks, sizeof(struct record_block *));
	if (ret == 0)
		ret = ring_init(&queue->empty, n_blocks, sizeof(struct record_block *));
	if (ret == 0) {
		queue->blocks = calloc(n_blocks, sizeof(*queue->blocks));
		ret = queue->blocks == NULL ? -ENOMEM : 0;
	}
	if (ret != 0) {
		record_queue_fini(queue);
		return ret;
	}
	queue->n_blocks = n_blocks;
	for (uint32_t i = 0; i < n_blocks; i++) {
		struct record_block *block = &queue->blocks[i];
		(void)ring_push(&queue->empty, &block); // as many slots as blocks
	}
	return 0;
}

void record_queue_fini(struct record_queue *queue)
{
	ring_fini(&queue->full);
	ring_fini(&queue->empty);
	free(queue->blocks);
	*queue = (struct record_queue){0};
}

static size_t room(const struct record_block *block)
{
	return block == NULL ? 0 : sizeof(block->data) - block->used;
}

bool record_has_room(struct record_queue *queue, size_t bytes, unsigned n)
{
	size_t left = room(queue->current);
	size_t usable = left > BLOCK_LOSS ? left - BLOCK_LOSS : 0;

	usable += (size_t)ring_count(&queue->empty) * BLOCK_USABLE;
	if (n * sizeof(struct record) <= usable && bytes <= usable - n * sizeof(struct record))
		return true;
	queue->waits++;
	return false;
}

// The block to write to next: the current one, or a fresh one when that is nearly full.
static struct record_block *writable(struct record_queue *queue)
{
	if (queue->current != NULL && room(queue->current) < TAIL_MIN)
		record_flush(queue);
	if (queue->current == NULL) {
		bool found = ring_pop(&queue->empty, &queue->current);
		assert(found); // record_has_room was asked
		(void)found;
		queue->current->used = 0;
		queue->current->strict = false;
	}
	return queue->current;
}

uint64_t record_write(
	struct record_queue *queue, enum record_type type, uint8_t message, session_id session,
	uint64_t time_ns, bool strict, struct span data
)
{
	struct record head = {
		.type = (uint8_t)type,
		.message = message,
		.session = session,
		.time_ns = time_ns,
	};

	do {
		struct record_block *block = writable(queue);
		size_t n = data.n;
		if (n > RECORD_DATA_MAX)
			n = RECORD_DATA_MAX;
		if (n > room(block) - sizeof(head))
			n = room(block) - sizeof(head);
		head.len = (uint32_t)n;
		head.flags = (uint16_t
		)((strict ? RECORD_IS_STRICT : 0) | (n < data.n ? RECORD_CONTINUES : 0));
		head.sequence = ++queue->sequence;
		memcpy(block->data + block->used, &head, sizeof(head));
		if (n > 0)
			memcpy(block->data + block->used + sizeof(head), data.p, n);
		block->used += (uint32_t)(sizeof(head) + n);
		block->strict = block->strict || strict;
		data = span_from(data, n);
	} while (data.n > 0);
	return queue->sequence;
}

void record_flush(struct record_queue *queue)
{
	if (queue->current == NULL || queue->current->used == 0)
		return;
	bool pushed = ring_push(&queue->full, &queue->current);
	assert(pushed); // as many slots as blocks
	(void)pushed;
	queue->current = NULL;
}
