// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/publish/publish.h"

#include "patterns/patterns.h"

#include <urcu/urcu-qsbr.h>

#include <errno.h>
#include <stdlib.h>
#include <time.h>

enum {
	REHEARSAL_NS = 100000000, // a worker that has not done it by then, does without
	REHEARSAL_LOOK_NS = 200000,
};

struct publisher {
	struct snapshot_slot *slot;
	struct snapshot *current;
	struct snapshot *old[PUBLISHER_LIVE_MAX - 1]; // past their grace period, still held
	unsigned n_old;
};

struct publisher *publisher_new(struct snapshot_slot *slot)
{
	struct publisher *publisher = calloc(1, sizeof(*publisher));

	if (publisher != NULL)
		publisher->slot = slot;
	return publisher;
}

static void exchange(struct publisher *publisher, struct snapshot *next)
{
	__atomic_store_n(&publisher->slot->current, next, __ATOMIC_RELEASE);
	publisher->current = next;
}

void publisher_free(struct publisher *publisher)
{
	if (publisher == NULL)
		return;
	for (unsigned i = 0; i < publisher->n_old; i++)
		snapshot_free(publisher->old[i]);
	struct snapshot *last = publisher->current;
	exchange(publisher, NULL);
	snapshot_free(last);
	free(publisher);
}

// After the grace period no worker can take a first reference: what it has only goes down.
static bool is_held(const struct snapshot *snapshot)
{
	for (uint16_t w = 0; w < snapshot->n_workers; w++)
		if (__atomic_load_n(&snapshot->workers[w].refs, __ATOMIC_ACQUIRE) != 0)
			return true;
	return false;
}

unsigned publisher_reclaim(struct publisher *publisher)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < publisher->n_old; i++) {
		if (is_held(publisher->old[i]))
			publisher->old[kept++] = publisher->old[i];
		else
			snapshot_free(publisher->old[i]);
	}
	publisher->n_old = kept;
	return kept + (publisher->current != NULL);
}

static bool is_rehearsed(const struct snapshot *snapshot)
{
	for (uint16_t w = 0; w < snapshot->n_workers; w++)
		if (__atomic_load_n(&snapshot->workers[w].rehearsals, __ATOMIC_ACQUIRE) <
		    SCAN_REHEARSALS)
			return false;
	return true;
}

// Have the workers scan with what is new in `next`, a little in each turn, before all that they
// scan depends on it.
static void rehearse(struct publisher *publisher, const struct snapshot *next)
{
	const struct snapshot *old = publisher->current;
	const struct timespec look = {.tv_nsec = REHEARSAL_LOOK_NS};

	if (next->entities == old->entities && next->blocks == old->blocks)
		return;
	__atomic_store_n(&publisher->slot->coming, next, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < REHEARSAL_NS / REHEARSAL_LOOK_NS && !is_rehearsed(next); i++)
		(void)nanosleep(&look, NULL);
	__atomic_store_n(&publisher->slot->coming, NULL, __ATOMIC_RELEASE);
}

int publisher_publish(struct publisher *publisher, struct snapshot *next)
{
	struct snapshot *old = publisher->current;

	if (publisher_reclaim(publisher) >= PUBLISHER_LIVE_MAX)
		return -EBUSY;
	if (old != NULL)
		rehearse(publisher, next);
	exchange(publisher, next);
	if (old == NULL)
		return 0;
	urcu_qsbr_synchronize_rcu();
	if (is_held(old))
		publisher->old[publisher->n_old++] = old;
	else
		snapshot_free(old);
	return 0;
}

const struct snapshot *publisher_current(const struct publisher *publisher)
{
	return publisher->current;
}

uint32_t publisher_next_version(const struct publisher *publisher)
{
	return publisher->current == NULL ? 1 : publisher->current->version + 1;
}
