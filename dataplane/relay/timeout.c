// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Deadlines of a session: its login, its token, its idleness, its last words.

#include "dataplane/relay/session.h"

static void end_by_timer(struct relay *relay, struct session *s)
{
	const bool login = s->state != SESSION_OPEN;
	const struct denial why = {
		.fatal = true,
		.code = "57P05",
		.message = login ? "bulkhead: the login took too long"
				 : "bulkhead: the session was idle for too long",
	};
	(void)session_end(relay, s, login ? END_TIMEOUT_LOGIN : END_TIMEOUT_IDLE, &why, "timeout");
}

// Of the token, or of the grant that let it in; seconds since 1970.
static uint64_t expiry(const struct session *s)
{
	bool grant = s->grant_expires != 0 && s->grant_expires < s->subject->expires;

	return grant ? s->grant_expires : s->subject->expires;
}

static bool is_expired(const struct relay *relay, const struct session *s)
{
	return s->subject != NULL && relay->now.wall_ns / 1000000000 >= expiry(s);
}

static uint32_t idle_limit_ms(const struct relay *relay, const struct session *s)
{
	uint32_t own = s->rights->right.idle_timeout_ms, usual = relay->config.idle_timeout_ms;
	if (own == 0)
		return usual;
	return s->rights->idle_default && usual != 0 && usual < own ? usual : own;
}

// The deadline of an open session: idleness, the token's end or that of its rights; looked at anew
// at least every minute, so that a new policy's limits take hold.
void session_arm(struct relay *relay, struct session *s)
{
	uint64_t now = relay->now.us / 1000, next = now + 60000;
	uint64_t left = expiry(s) * 1000 - relay->now.wall_ns / 1000000;
	uint32_t idle = idle_limit_ms(relay, s);
	if (now + left < next)
		next = now + left;
	if (s->rights->until - relay->now.wall_ns < (next - now) * 1000000)
		next = now + (s->rights->until - relay->now.wall_ns) / 1000000 + 1;
	uint64_t due = s->last_activity_us / 1000 + idle;
	if (due <= now)
		due = now + 1000; // it works, and is looked at again
	if (idle != 0 && due < next)
		next = due;
	if (hold_is_parked(s->hold) && hold_due_us(s) / 1000 < next)
		next = hold_due_us(s) / 1000;
	wheel_arm(&relay->wheel, &s->timer, next <= now ? now + 1 : next);
}

// A server that works on a statement is not idle, unless its answer waits for a client that does
// not read.
static bool is_idle(const struct relay *relay, const struct session *s)
{
	uint32_t limit = idle_limit_ms(relay, s);
	bool works = (s->text_runs || s->portals_run > 0) && leg_is_flushed(&s->client);
	return limit != 0 && !works && !hold_is_parked(s->hold) &&
	       s->last_activity_us + (uint64_t)limit * 1000 <= relay->now.us;
}

bool session_expire(struct relay *relay, struct session *s)
{
	static const struct denial expired = {
		.fatal = true,
		.code = "28000",
		.message = "bulkhead: the token has expired",
		.hint = "Connect again with a new token.",
	};
	static const struct denial grant_over = {
		.fatal = true,
		.code = "28000",
		.message = "bulkhead: the grant of this resource has expired",
		.hint = "Connect again to ask for another one.",
	};
	if (!is_expired(relay, s))
		return false;
	bool grant = expiry(s) != s->subject->expires;
	(void)session_end(
		relay, s, END_EXPIRED, grant ? &grant_over : &expired,
		grant ? "grant expired" : "token expired"
	);
	return true;
}

void session_timeout(struct relay *relay, struct session *s)
{
	if (s->state == SESSION_CLOSING) {
		session_linger(relay, s);
	} else if (s->state != SESSION_OPEN) {
		end_by_timer(relay, s);
	} else if (session_expire(relay, s)) {
		// it has said why
	} else if (is_idle(relay, s)) {
		end_by_timer(relay, s);
	} else {
		hold_tick(relay, s);
		session_arm(relay, s);
	}
	session_wake(relay, s);
}
