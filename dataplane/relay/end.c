// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// How a session ends: the client is told natively where it can be, both legs are flushed and
// closed, and control gets the last word.

#include "dataplane/relay/session.h"

#include <assert.h>

static void keep_detail(struct relay *relay, struct session *s, const char *detail)
{
	char text[SESSION_DETAIL_MAX] = "";
	memcpy(text, detail, strnlen(detail, sizeof(text) - 1));
	s->end_detail = shared_hold(relay->details, text);
}

// Ends that are somebody's fault are worth a line; the rest is in the record.
static bool is_worth_a_line(enum session_end end)
{
	return end != END_TERMINATED && end != END_CLIENT_CLOSED && end != END_CANCEL &&
	       end != END_SHUTDOWN && end != END_CLIENT_RESET;
}

enum step session_end(
	struct relay *relay, struct session *s, enum session_end end, const struct denial *denial,
	const char *detail
)
{
	if (s->state >= SESSION_CLOSING)
		return STEP_ENDED;
	struct proto_io io = session_io(s);
	hold_leave(relay, s, "the session has ended");
	bool tell = denial != NULL && !s->detached && s->client.conn != NULL && s->proto != NULL;
	if (tell)
		(void)s->proto->refuse(s->proto_state, denial, &io); // no room: FIN says it
	s->cancel_due = s->state == SESSION_OPEN && (s->text_runs || s->portals_run > 0) &&
			(end == END_EXPIRED || end == END_KILLED || end == END_REVOKED ||
			 end == END_BUDGET || end == END_SHUTDOWN);
	if (s->state < SESSION_OPEN && !s->detached)
		leg_abandon(&s->server); // nothing of value is under way
	if (is_worth_a_line(end) && !log_is_limited(&relay->log_limit, LOG_INFO)) {
		char peer[ADDR_TEXT_MAX];
		log_limited(
			&relay->log_limit, LOG_INFO, "session", "%016llx %s %s: %s: %s",
			(unsigned long long)s->id, endpoint_text(&s->peer, peer),
			s->names->resource, session_end_name(end), detail
		);
	}
	relay->stats->ended[end]++;
	s->end = end;
	keep_detail(relay, s, detail);
	s->state = SESSION_CLOSING;
	s->closing_until_us = relay->now.us + SESSION_CLOSING_MS * UINT64_C(1000);
	wheel_arm(&relay->wheel, &s->timer, relay->now.us / 1000 + SESSION_LINGER_MS);
	list_remove(&s->ready); // perhaps among those that wait to shake hands, which it will not
	session_wake(relay, s);
	return STEP_ENDED;
}

void session_linger(struct relay *relay, struct session *s)
{
	bool delivered = leg_is_delivered(&s->client) && leg_is_delivered(&s->server);
	if (delivered || relay->now.us >= s->closing_until_us) {
		leg_abandon(&s->client);
		leg_abandon(&s->server);
		return;
	}
	wheel_arm(&relay->wheel, &s->timer, relay->now.us / 1000 + SESSION_LINGER_MS);
}

static bool tell_control(struct relay *relay, struct session *s)
{
	struct event event = session_event(relay, s, EVENT_CLOSED);
	session_count(s, &event);
	static_assert(sizeof(event.reason) == SESSION_DETAIL_MAX);
	memcpy(event.reason, s->end_detail, sizeof(event.reason));
	return relay->ops.event(relay->ops.ctx, &event);
}

bool session_finish(struct relay *relay, struct session *s)
{
	if (s->cancel_due && (cancel_running(relay, s) || relay->now.us >= s->closing_until_us))
		s->cancel_due = false;
	bool client = leg_close(&s->client), server = leg_close(&s->server);
	if (s->sweep != 0 && leg_is_shut(&s->client) && leg_is_shut(&s->server))
		revoke_note(relay, s);
	if (!client || !server || s->cancel_due)
		return false;
	// The token is control's to read until it has answered.
	if (s->asked && !s->verified) {
		s->state = SESSION_CLOSING;
		return false;
	}
	s->state = SESSION_ENDED;
	if (s->opened && !s->close_recorded && !recording_close(relay, s))
		return false;
	s->close_recorded = true;
	if (s->detached)
		return true;
	return hold_tell_gone(relay, s) && tell_control(relay, s);
}
