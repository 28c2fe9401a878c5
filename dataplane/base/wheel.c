// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/base/wheel.h"

#include <assert.h>

// A slot of level 0 comes up every WHEEL_L0 ms, one of level 1 every L1_SPAN, of level 2 every
// L2_SPAN. A slot of level 1 or 2 that comes up is dealt out to the levels below.
enum wheel_span {
	L0_BITS = 8,
	L1_BITS = 16,
	L1_SPAN = WHEEL_L0 * WHEEL_L1,
	L2_SPAN = L1_SPAN * WHEEL_L2,
};
static_assert(1 << L0_BITS == WHEEL_L0 && 1 << L1_BITS == L1_SPAN);

static void lists_init(struct list *lists, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		list_init(&lists[i]);
}

void wheel_init(struct wheel *wheel, uint64_t now_ms)
{
	wheel->now = now_ms;
	lists_init(wheel->l0, WHEEL_L0);
	lists_init(wheel->l1, WHEEL_L1);
	lists_init(wheel->l2, WHEEL_L2);
	list_init(&wheel->due);
}

void wheel_node_init(struct wheel_node *node)
{
	list_init(&node->link);
	node->deadline = 0;
	node->slot_at = 0;
}

// Put an unlinked node into the slot of its deadline, which lies after now. What lies beyond the
// last level waits in its farthest slot and is dealt again from there.
static void insert(struct wheel *wheel, struct wheel_node *node)
{
	uint32_t left = node->deadline - (uint32_t)wheel->now;
	uint64_t at = wheel->now + left;
	struct list *slot;

	if (left >= L2_SPAN)
		at = wheel->now + L2_SPAN - 1;
	if (left < WHEEL_L0) {
		slot = &wheel->l0[at % WHEEL_L0];
	} else if (left < L1_SPAN) {
		at = at >> L0_BITS << L0_BITS;
		slot = &wheel->l1[(at >> L0_BITS) % WHEEL_L1];
	} else {
		at = at >> L1_BITS << L1_BITS;
		slot = &wheel->l2[(at >> L1_BITS) % WHEEL_L2];
	}
	node->slot_at = (uint32_t)at;
	list_append(slot, &node->link);
}

static bool is_ahead(const struct wheel *wheel, uint32_t ms)
{
	return (int32_t)(ms - (uint32_t)wheel->now) > 0;
}

void wheel_arm(struct wheel *wheel, struct wheel_node *node, uint64_t deadline_ms)
{
	bool waiting = !list_empty(&node->link) && is_ahead(wheel, node->slot_at);

	if (deadline_ms <= wheel->now)
		deadline_ms = wheel->now + 1;
	if (deadline_ms - wheel->now > WHEEL_FAR_MS)
		deadline_ms = wheel->now + WHEEL_FAR_MS;
	node->deadline = (uint32_t)deadline_ms;
	if (waiting && (int32_t)(node->deadline - node->slot_at) >= 0)
		return;
	list_remove(&node->link);
	insert(wheel, node);
}

void wheel_disarm(struct wheel_node *node)
{
	list_remove(&node->link);
	node->deadline = 0;
}

// A slot came up: its nodes are due, or wait on (dealt down, or re-armed for later).
static void deal(struct wheel *wheel, struct list *slot)
{
	struct list nodes;

	if (list_empty(slot))
		return;
	// A node may go back to the same slot, one turn on: take them all out first.
	nodes = *slot;
	nodes.next->prev = &nodes;
	nodes.prev->next = &nodes;
	list_init(slot);
	for (struct list *link = list_shift(&nodes); link != NULL; link = list_shift(&nodes)) {
		struct wheel_node *node = list_entry(link, struct wheel_node, link);
		if (is_ahead(wheel, node->deadline)) {
			insert(wheel, node);
		} else {
			node->slot_at = (uint32_t)wheel->now;
			list_append(&wheel->due, link);
		}
	}
}

// After a long sleep, dealing every slot once is cheaper than one tick after the other.
static void jump(struct wheel *wheel, uint64_t now_ms)
{
	wheel->now = now_ms;
	for (unsigned int i = 0; i < WHEEL_L0; i++)
		deal(wheel, &wheel->l0[i]);
	for (unsigned int i = 0; i < WHEEL_L1; i++)
		deal(wheel, &wheel->l1[i]);
	for (unsigned int i = 0; i < WHEEL_L2; i++)
		deal(wheel, &wheel->l2[i]);
}

void wheel_advance(struct wheel *wheel, uint64_t now_ms)
{
	if (now_ms > wheel->now && now_ms - wheel->now > L1_SPAN)
		jump(wheel, now_ms);
	while (wheel->now < now_ms) {
		wheel->now++;
		if (wheel->now % L1_SPAN == 0)
			deal(wheel, &wheel->l2[(wheel->now >> L1_BITS) % WHEEL_L2]);
		if (wheel->now % WHEEL_L0 == 0)
			deal(wheel, &wheel->l1[(wheel->now >> L0_BITS) % WHEEL_L1]);
		deal(wheel, &wheel->l0[wheel->now % WHEEL_L0]);
	}
}

struct wheel_node *wheel_next(struct wheel *wheel)
{
	struct list *link = list_shift(&wheel->due);

	if (link == NULL)
		return NULL;
	struct wheel_node *node = list_entry(link, struct wheel_node, link);
	node->deadline = 0;
	return node;
}
