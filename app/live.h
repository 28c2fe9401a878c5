// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Which sessions are open; of each a number, who it is and what it has
// done so far. One control thread.

#pragma once

#include "dataplane/api/event.h"

struct live_entry {
	session_id id; // 0: free
	uint32_t value;
	const struct subject *subject; // borrowed, until the session is closed
	uint64_t commands, denied, masked, rows, bytes_in, bytes_out; // so far
};

struct live {
	struct live_entry *entries; // open addressing
	uint32_t mask;
	uint32_t n;
};

// Room for `max` sessions. Returns 0 or -ENOMEM. Free with live_fini.
int live_init(struct live *live, uint32_t max) must_check;
// Accepts a zeroed one.
void live_fini(struct live *live);

// False when there is no room.
bool live_add(struct live *live, session_id id, uint32_t value, const struct subject *subject)
	must_check;
// NULL when it is not there. Good until one is added or removed.
const struct live_entry *live_find(const struct live *live, session_id id) must_check;
// EVENT_PROGRESS: the session's counters. Nothing happens when it is not there.
void live_progress(struct live *live, const struct event *event);
// Nothing happens when it is not there.
void live_remove(struct live *live, session_id id);

// The next session from *at on, which is 0 at first; NULL behind the last. None must be added or
// removed in between.
const struct live_entry *live_next(const struct live *live, uint32_t *at);
