// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The end of service: politely, then firmly, then at once.

#include "dataplane/relay/session.h"

bool session_is_between(const struct session *s)
{
	return s->state == SESSION_OPEN && !s->detached && !s->strict_waiting &&
	       hold_state(s->hold) == HOLD_NONE && s->proto->is_between(s->proto_state);
}

enum step session_dismiss(
	struct relay *relay, struct session *s, enum session_end end, const char *reason
)
{
	static const struct denial why = {
		.fatal = true,
		.code = "57P01",
		.message = "terminating connection due to administrator command",
	};
	(void)session_end(relay, s, end, &why, reason);
	session_wake(relay, s);
	return STEP_ENDED;
}

void session_dismiss_all(struct relay *relay, enum session_end end, const char *reason)
{
	for (uint32_t i = 0; i < relay->n_slots; i++) {
		struct session *s = pool_at(relay->sessions, i);
		// Those that carry a cancel end by themselves, when it is delivered.
		if (s->state != SESSION_FREE && !s->detached)
			(void)session_dismiss(relay, s, end, reason);
	}
}

// Each looks for itself whether it may end.
static void wake_all(struct relay *relay)
{
	for (uint32_t i = 0; i < relay->n_slots; i++) {
		struct session *s = pool_at(relay->sessions, i);
		if (s->state != SESSION_FREE)
			session_wake(relay, s);
	}
}

void relay_drain(struct relay *relay, enum relay_drain drain)
{
	if (drain == relay->drain)
		return;
	relay->drain = drain;
	switch (drain) {
	case RELAY_SERVES:
		break;
	case RELAY_CLOSES:
		wake_all(relay);
		break;
	case RELAY_QUITS:
		tokens_close(relay->tokens);
		session_dismiss_all(relay, END_SHUTDOWN, "shutdown");
		break;
	case RELAY_ENDS:
		session_dismiss_all(relay, END_SHUTDOWN, "drain: its time is over");
		break;
	}
}

void relay_abort(struct relay *relay)
{
	for (uint32_t i = 0; i < relay->n_slots; i++) {
		struct session *s = pool_at(relay->sessions, i);
		if (s->state == SESSION_FREE)
			continue;
		(void)session_end(relay, s, END_SHUTDOWN, NULL, "reset at the end");
		s->cancel_due = false; // there is no time for it
		leg_abandon(&s->client);
		leg_abandon(&s->server);
		session_wake(relay, s);
	}
}

void *relay_probe_cookie(struct relay *relay)
{
	return relay->health;
}

void relay_probe(struct relay *relay, bool healthy)
{
	health_set(relay->health, healthy);
}
