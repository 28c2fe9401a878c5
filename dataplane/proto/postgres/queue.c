// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/proto/postgres/queue.h"

#include "dataplane/proto/postgres/columns.h"
#include "dataplane/proto/postgres/memory.h"
#include "dataplane/proto/postgres/objects.h"

bool pg3_queue_has_room(const struct pg3 *pg)
{
	return pg->queue.count + 2 <= pg->config->pipeline_max;
}

static int grow(struct pg3 *pg)
{
	struct queue *q = &pg->queue;
	uint32_t cap = q->cap == 0 ? 4 : q->cap * 2;
	size_t block;
	struct answer *ring = pg3_memory_get(pg, cap * sizeof(*ring), &block);

	if (ring == NULL)
		return ERR_LIMIT;
	for (uint32_t i = 0; i < q->count; i++)
		ring[i] = q->ring[(q->head + i) & (q->cap - 1)];
	pg3_memory_put(pg, q->ring, q->block);
	q->ring = ring;
	q->block = block;
	q->cap = cap;
	q->head = 0;
	return 0;
}

struct answer *pg3_queue_push(struct pg3 *pg, enum answer_kind kind)
{
	struct queue *q = &pg->queue;

	if (q->count >= pg->config->pipeline_max || (q->count == q->cap && grow(pg) != 0))
		return NULL;
	struct answer *a = &q->ring[(q->head + q->count) & (q->cap - 1)];
	q->count++;
	*a = (struct answer){.kind = kind, .seq = pg->seq};
	pg->piped = kind != ANSWER_SYNC && kind != ANSWER_QUERY && kind != ANSWER_CALL;
	return a;
}

void pg3_queue_note_traits(struct pg3 *pg, struct answer *answer, uint8_t traits)
{
	answer->traits = traits;
	for (unsigned i = 0; i < TRAIT_COUNT; i++)
		pg->queue.traits[i] += traits >> i & 1;
}

void pg3_queue_forget_trait(struct pg3 *pg, struct answer *answer, enum trait trait)
{
	if ((answer->traits & trait) == 0)
		return;
	answer->traits &= (uint8_t)~trait;
	pg->queue.traits[__builtin_ctz(trait)]--;
}

bool pg3_queue_has_trait(const struct pg3 *pg, enum trait trait)
{
	return pg->queue.traits[__builtin_ctz(trait)] > 0;
}

struct answer *pg3_queue_head(struct pg3 *pg)
{
	return pg->queue.count == 0 ? NULL : &pg->queue.ring[pg->queue.head];
}

void pg3_queue_pop(struct pg3 *pg)
{
	struct queue *q = &pg->queue;
	struct answer *a = pg3_queue_head(pg);

	for (unsigned i = 0; i < TRAIT_COUNT; i++)
		q->traits[i] -= a->traits >> i & 1;
	pg3_statement_unref(pg, a->statement);
	pg3_portal_unref(pg, a->portal);
	pg3_columns_unref(pg, a->columns);
	if (a->refusal != NULL)
		pg3_memory_put(pg, a->refusal, a->refusal->block);
	q->head = (q->head + 1) & (q->cap - 1);
	q->count--;
}

// The server did not do what the entry asked for.
static void undo(struct pg3 *pg, struct answer *a)
{
	switch (a->kind) {
	case ANSWER_PARSE:
		if (a->statement != NULL)
			pg3_object_unlink(pg, &pg->statements, &a->statement->object);
		break;
	case ANSWER_BIND:
		if (a->portal != NULL)
			pg3_object_unlink(pg, &pg->portals, &a->portal->object);
		break;
	case ANSWER_DESCRIBE_PORTAL:
		if (a->portal != NULL)
			a->portal->asked = false;
		break;
	case ANSWER_DESCRIBE_STATEMENT:
	case ANSWER_EXECUTE:
	case ANSWER_CLOSE:
	case ANSWER_SYNC:
	case ANSWER_QUERY:
	case ANSWER_CALL:
		break;
	}
}

void pg3_queue_fail(struct pg3 *pg)
{
	struct answer *a = pg3_queue_head(pg);

	while (a != NULL && a->kind != ANSWER_SYNC) {
		undo(pg, a);
		pg3_queue_pop(pg);
		a = pg3_queue_head(pg);
	}
	pg->skipping = a == NULL;
}

void pg3_queue_fini(struct pg3 *pg)
{
	while (pg3_queue_head(pg) != NULL)
		pg3_queue_pop(pg);
	pg3_memory_put(pg, pg->queue.ring, pg->queue.block);
	pg->queue = (struct queue){0};
}
