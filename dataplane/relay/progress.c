// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What open sessions have done so far: told to control, of each at most once a second. Who has done
// nothing for as long gives back what it needs for work only.

#include "dataplane/relay/session.h"

static const uint64_t interval_us = 1000000;

// Each of them only counts up.
static uint64_t done(const struct session *s)
{
	return s->commands + s->denied + s->masked + s->rows;
}

// All wait equally long: the list is in the order in which they are due.
void progress_note(struct relay *relay, struct session *s)
{
	if (s->state != SESSION_OPEN || !s->opened || !list_empty(&s->progress))
		return;
	s->progress_us = relay->now.us + interval_us;
	list_append(&relay->progress, &s->progress);
}

// False: the ring is full.
static bool tell(struct relay *relay, struct session *s)
{
	struct event event = session_event(relay, s, EVENT_PROGRESS);
	session_count(s, &event);
	if (!relay->ops.event(relay->ops.ctx, &event))
		return false;
	s->progress_told = done(s);
	return true;
}

// One is told of in a pass: what is of use to people only is not to fill the ring before what
// sessions wait for.
void progress_tell(struct relay *relay)
{
	bool told = false;
	for (unsigned i = 0; i < RELAY_PROGRESS_PER_PASS && !list_empty(&relay->progress); i++) {
		struct session *s = list_entry(relay->progress.next, struct session, progress);
		bool open = s->state == SESSION_OPEN;
		if (relay->now.us < s->progress_us)
			return;
		if (open && s->progress_told != done(s)) {
			if (told || !tell(relay, s))
				return;
			told = true;
		}
		list_remove(&s->progress);
		if (!open)
			continue;
		if (relay->now.us - s->last_activity_us >= interval_us)
			s->proto->trim(s->proto_state);
		else
			progress_note(relay, s);
	}
}
