// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What open sessions have done so far: told to control, of each at most once a second.

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
	if (s->state != SESSION_OPEN || !s->opened || s->progress_told == done(s) ||
	    !list_empty(&s->progress))
		return;
	s->progress_us = relay->now.us + interval_us;
	list_append(&relay->progress, &s->progress);
}

// One in a pass: what is of use to people only is not to fill the ring before what sessions wait
// for.
void progress_tell(struct relay *relay)
{
	struct session *s = list_entry(relay->progress.next, struct session, progress);

	if (list_empty(&relay->progress) || relay->now.us < s->progress_us)
		return;
	struct event event = session_event(relay, s, EVENT_PROGRESS);
	session_count(s, &event);
	if (s->state == SESSION_OPEN && !relay->ops.event(relay->ops.ctx, &event))
		return;
	s->progress_told = done(s);
	list_remove(&s->progress);
}
