// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/base/blocks.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>

// The region is counted in units of the smallest block. A piece of order k is 2^k units and starts
// at a multiple of its size, so its buddy's number differs in bit k alone; a block handed out is
// one to three pieces in a row. All bookkeeping is kept beside the region: a write that strays out
// of a block can spoil data, never the allocator.
enum { ORDERS = 18, NO_UNIT = UINT32_MAX };
static_assert((size_t)BLOCKS_SMALLEST << (ORDERS - 1) == BLOCKS_LARGEST);

enum unit_state { UNIT_INSIDE, UNIT_FREE, UNIT_USED }; // INSIDE: not the first of its piece

struct unit {
	uint32_t prev, next; // free pieces of one order; NO_UNIT at the ends
	uint8_t state;
	uint8_t order;
};

struct blocks {
	uint8_t *region;
	struct unit *units;
	uint32_t n_units;
	uint32_t free[ORDERS];
	struct blocks_stats stats;
};

static void unit_link(struct blocks *blocks, uint32_t at, uint8_t order)
{
	uint32_t next = blocks->free[order];

	blocks->units[at] = (struct unit){NO_UNIT, next, UNIT_FREE, order};
	if (next != NO_UNIT)
		blocks->units[next].prev = at;
	blocks->free[order] = at;
}

static void unit_unlink(struct blocks *blocks, uint32_t at)
{
	struct unit *unit = &blocks->units[at];

	if (unit->prev == NO_UNIT)
		blocks->free[unit->order] = unit->next;
	else
		blocks->units[unit->prev].next = unit->next;
	if (unit->next != NO_UNIT)
		blocks->units[unit->next].prev = unit->prev;
	unit->state = UNIT_INSIDE;
}

// Cut the region into the largest aligned blocks, highest first: low addresses are used first.
static void carve(struct blocks *blocks)
{
	uint32_t end = blocks->n_units;

	while (end > 0) {
		uint8_t order = ORDERS - 1;
		while ((1u << order) > end || (end & ((1u << order) - 1)) != 0)
			order--;
		end -= 1u << order;
		unit_link(blocks, end, order);
	}
}

struct blocks *blocks_new(size_t bytes)
{
	if (bytes == 0 || bytes / BLOCKS_SMALLEST >= NO_UNIT - 1)
		return NULL;

	struct blocks *blocks = calloc(1, sizeof(*blocks));
	if (blocks == NULL)
		return NULL;
	blocks->n_units = (uint32_t)((bytes + BLOCKS_SMALLEST - 1) / BLOCKS_SMALLEST);
	blocks->stats.total = (size_t)blocks->n_units * BLOCKS_SMALLEST;
	for (unsigned int i = 0; i < ORDERS; i++)
		blocks->free[i] = NO_UNIT;
	// A large calloc is fresh pages: like the region, it costs memory only where it is used.
	blocks->units = calloc(blocks->n_units, sizeof(*blocks->units));
	blocks->region =
		mmap(NULL, blocks->stats.total, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (blocks->region == MAP_FAILED)
		blocks->region = NULL;
	if (blocks->units == NULL || blocks->region == NULL) {
		blocks_free(blocks);
		return NULL;
	}
	carve(blocks);
	return blocks;
}

void blocks_free(struct blocks *blocks)
{
	if (blocks == NULL)
		return;
	if (blocks->region != NULL)
		munmap(blocks->region, blocks->stats.total);
	free(blocks->units);
	free(blocks);
}

static uint8_t order_of(size_t size)
{
	uint8_t order = 0;

	while (((size_t)BLOCKS_SMALLEST << order) < size)
		order++;
	return order;
}

// Units that `want` bytes cost: an eighth of the next power of two is the step, so that a message
// of just over a megabyte does not hold two.
static uint32_t units_of(size_t want)
{
	uint8_t order = order_of(want);
	uint32_t step = order < 3 ? 1 : 1u << (order - 3);
	uint32_t units = (uint32_t)((want + BLOCKS_SMALLEST - 1) / BLOCKS_SMALLEST);

	return units == 0 ? 1 : (units + step - 1) / step * step;
}

static void mark_used(struct blocks *blocks, uint32_t at, uint8_t order)
{
	blocks->units[at].state = UNIT_USED;
	blocks->units[at].order = order;
}

// Use the first `n` units of a block that is in no list; the rest becomes free. What is used lies
// in pieces, one for each binary digit of `n`, the largest first: so each is aligned to its own
// size.
static void take_front(struct blocks *blocks, uint32_t at, uint8_t order, uint32_t n)
{
	while (n < 1u << order) {
		order--;
		if (n <= 1u << order) {
			unit_link(blocks, at + (1u << order), order);
		} else {
			mark_used(blocks, at, order);
			at += 1u << order;
			n -= 1u << order;
		}
	}
	mark_used(blocks, at, order);
}

void *blocks_get(struct blocks *blocks, size_t want, size_t *got)
{
	uint8_t order = want > BLOCKS_LARGEST ? ORDERS : order_of(want);

	while (order < ORDERS && blocks->free[order] == NO_UNIT)
		order++;
	if (order >= ORDERS) {
		blocks->stats.empty++;
		return NULL;
	}
	uint32_t at = blocks->free[order], n = units_of(want);
	unit_unlink(blocks, at);
	take_front(blocks, at, order, n);

	*got = (size_t)n * BLOCKS_SMALLEST;
	blocks->stats.used += *got;
	if (blocks->stats.used > blocks->stats.peak)
		blocks->stats.peak = blocks->stats.used;
	return blocks->region + (size_t)at * BLOCKS_SMALLEST;
}

static void piece_put(struct blocks *blocks, uint32_t at, uint8_t order)
{
	// Our own double free or foreign pointer; no peer can cause it.
	assert(blocks->units[at].state == UNIT_USED && blocks->units[at].order == order);

	blocks->units[at].state = UNIT_INSIDE;
	while (order < ORDERS - 1) {
		uint32_t buddy = at ^ (1u << order);
		if (buddy >= blocks->n_units || blocks->units[buddy].state != UNIT_FREE ||
		    blocks->units[buddy].order != order)
			break;
		unit_unlink(blocks, buddy);
		at = at < buddy ? at : buddy;
		order++;
	}
	unit_link(blocks, at, order);
}

void blocks_put(struct blocks *blocks, void *block, size_t size)
{
	size_t offset = (size_t)((uint8_t *)block - blocks->region);

	assert(offset < blocks->stats.total && offset % BLOCKS_SMALLEST == 0);
	assert(size > 0 && size % BLOCKS_SMALLEST == 0);
	uint32_t at = (uint32_t)(offset / BLOCKS_SMALLEST);
	uint32_t n = (uint32_t)(size / BLOCKS_SMALLEST);

	blocks->stats.used -= size;
	while (n > 0) {
		uint8_t order = (uint8_t)(31 - __builtin_clz(n));
		piece_put(blocks, at, order);
		at += 1u << order;
		n -= 1u << order;
	}
}

struct blocks_stats blocks_stats(const struct blocks *blocks)
{
	return blocks->stats;
}
