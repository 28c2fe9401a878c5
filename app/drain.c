// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The end of service, by SIGTERM or by `bulkheadctl drain`: the probe fails first and new clients
// are taken on until the load balancer has noticed; then sessions end between their transactions;
// then wherever they are.

#include "app/drain.h"

#include "app/control.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

// Sessions have their own time for last words (dataplane/relay); this is for what is stuck beyond.
enum { LAST_MS = 7000 };

static uint64_t monotonic_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

const char *drain_phase_name(enum drain_phase phase)
{
	switch (phase) {
	case DRAIN_SERVES:
		return "serving";
	case DRAIN_WARNS:
		return "accepting";
	case DRAIN_CLOSES:
		return "closing";
	case DRAIN_ENDS:
		return "ending";
	case DRAIN_IS_DONE:
		return "drained";
	}
	return "unknown";
}

static void enter(struct control *control, enum drain_phase phase, uint64_t ms)
{
	static const enum relay_drain drains[] = {
		[DRAIN_SERVES] = RELAY_SERVES, [DRAIN_WARNS] = RELAY_SERVES,
		[DRAIN_CLOSES] = RELAY_CLOSES, [DRAIN_ENDS] = RELAY_ENDS,
		[DRAIN_IS_DONE] = RELAY_ENDS,
	};
	struct drain *drain = &control->drain;
	bool quits = drain->stops && phase >= DRAIN_ENDS;

	drain->phase = phase;
	drain->until_ms = monotonic_ms() + ms;
	if (phase != DRAIN_SERVES)
		workers_probe(control->workers, false); // at once
	workers_drain(control->workers, quits ? RELAY_QUITS : drains[phase]);
	log_line(
		LOG_INFO, "drain", "%s sessions=%" PRIu64 " for_ms=%" PRIu64,
		drain_phase_name(phase), workers_sessions(control->workers), ms
	);
}

void drain_begin(struct control *control, bool stops)
{
	struct drain *drain = &control->drain;

	drain->stops |= stops;
	if (drain->phase == DRAIN_SERVES) {
		drain->since_ms = monotonic_ms();
		enter(control, DRAIN_WARNS, control->config->gateway.timeouts.drain_accept_ms);
	} else if (drain->phase >= DRAIN_ENDS) {
		enter(control, DRAIN_ENDS, LAST_MS); // there are subjects to be given back, too
	}
}

int drain_end(struct control *control)
{
	struct drain *drain = &control->drain;

	if (drain->stops)
		return -EALREADY;
	if (drain->phase != DRAIN_SERVES)
		enter(control, DRAIN_SERVES, 0);
	return 0;
}

// Of all that the workers have out.
static bool is_empty(const struct control *control)
{
	return workers_sessions(control->workers) == 0 &&
	       (!control->drain.stops || workers_subjects(control->workers) == 0);
}

bool drain_tick(struct control *control)
{
	struct drain *drain = &control->drain;
	bool over = monotonic_ms() >= drain->until_ms;

	switch (drain->phase) {
	case DRAIN_SERVES:
		return false;
	case DRAIN_WARNS:
		if (over)
			enter(control, DRAIN_CLOSES, control->config->gateway.timeouts.drain_ms);
		return false;
	case DRAIN_CLOSES:
		if (over || workers_sessions(control->workers) == 0)
			enter(control, DRAIN_ENDS, LAST_MS);
		return false;
	case DRAIN_ENDS:
		if (over || is_empty(control))
			enter(control, DRAIN_IS_DONE, 0);
		return false;
	case DRAIN_IS_DONE:
		return drain->stops;
	}
	return false;
}

struct drain_state drain_state(const struct control *control)
{
	const struct drain *drain = &control->drain;
	uint64_t now = monotonic_ms();
	bool runs = drain->phase != DRAIN_SERVES;
	bool ends = runs && drain->phase != DRAIN_IS_DONE;

	return (struct drain_state){
		.phase = drain->phase,
		.stops = drain->stops,
		.sessions = workers_sessions(control->workers),
		.seconds = runs ? (now - drain->since_ms) / 1000 : 0,
		.left = ends && drain->until_ms > now ? (drain->until_ms - now + 999) / 1000 : 0,
	};
}
