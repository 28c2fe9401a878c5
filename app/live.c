// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/live.h"

#include <errno.h>
#include <stdlib.h>

int live_init(struct live *live, uint32_t max)
{
	uint32_t slots = 16;

	while (slots < 2 * max)
		slots *= 2;
	*live = (struct live){.mask = slots - 1};
	live->entries = calloc(slots, sizeof(*live->entries));
	return live->entries == NULL ? -ENOMEM : 0;
}

void live_fini(struct live *live)
{
	free(live->entries);
	*live = (struct live){0};
}

// Ids are ours, made of a worker, a slot and a generation: mixing them spreads them, no peer
// chooses.
static uint32_t place_of(const struct live *live, session_id id)
{
	return (uint32_t)(id * 0x9e3779b97f4a7c15 >> 32) & live->mask;
}

// Where `id` is, or the free entry at which a search for it ends.
static uint32_t probe(const struct live *live, session_id id)
{
	uint32_t at = place_of(live, id);

	while (live->entries[at].id != id && live->entries[at].id != 0)
		at = (at + 1) & live->mask;
	return at;
}

bool live_add(struct live *live, session_id id, uint32_t value, const struct subject *subject)
{
	if (live->n > live->mask / 2)
		return false;
	uint32_t at = probe(live, id);
	live->n += live->entries[at].id == 0;
	live->entries[at] = (struct live_entry){.id = id, .value = value, .subject = subject};
	return true;
}

const struct live_entry *live_find(const struct live *live, session_id id)
{
	const struct live_entry *entry = &live->entries[probe(live, id)];

	return entry->id == id ? entry : NULL;
}

void live_progress(struct live *live, const struct event *event)
{
	struct live_entry *entry = &live->entries[probe(live, event->session)];

	if (entry->id != event->session)
		return;
	entry->commands = event->commands;
	entry->denied = event->denied;
	entry->masked = event->masked;
	entry->rows = event->rows;
	entry->bytes_in = event->bytes_in;
	entry->bytes_out = event->bytes_out;
}

void live_remove(struct live *live, session_id id)
{
	uint32_t at = probe(live, id);

	if (live->entries[at].id != id)
		return;
	// Close the gap: whoever probed past it must still be found.
	for (uint32_t next = (at + 1) & live->mask; live->entries[next].id != 0;
	     next = (next + 1) & live->mask) {
		uint32_t home = place_of(live, live->entries[next].id);
		if (((next - home) & live->mask) >= ((next - at) & live->mask)) {
			live->entries[at] = live->entries[next];
			at = next;
		}
	}
	live->entries[at] = (struct live_entry){0};
	live->n--;
}

const struct live_entry *live_next(const struct live *live, uint32_t *at)
{
	while (*at <= live->mask) {
		const struct live_entry *entry = &live->entries[(*at)++];
		if (entry->id != 0)
			return entry;
	}
	return NULL;
}
