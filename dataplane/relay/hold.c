// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/relay/hold.h"

#include "dataplane/relay/session.h"

#include <assert.h>
#include <stdio.h>

// ---- the client is kept informed

static void name_time(uint32_t ms, char *out, size_t size)
{
	uint32_t s = ms / 1000;

	if (s >= 120)
		snprintf(out, size, "%u minutes", s / 60);
	else
		snprintf(out, size, "%u seconds", s);
}

// Without room for it nothing is lost: the client does not read what it was told before.
static void tell(struct relay *relay, struct session *s, const char *message, const char *detail)
{
	const struct denial what = {
		.code = "00000",
		.message = message,
		.detail = detail,
		.hint = "Cancel the statement to go on without it.",
	};
	struct proto_io io = session_io(s);

	if (s->hold->retry) {
		s->hold->notice_us = UINT64_MAX;
		return;
	}
	s->hold->notice_us = relay->now.us + HOLD_NOTICE_MS * UINT64_C(1000);
	if (leg_backlog(&s->client) <= relay->config.high_water)
		(void)s->proto->notice(s->proto_state, &what, &io);
}

static void tell_first(struct relay *relay, struct session *s, const struct verdict *v)
{
	const struct snapshot *snapshot = relay->snapshot;
	const char *rule = v->rule < snapshot->n_rules ? snapshot->rules[v->rule].name : "none";
	char message[320], detail[96], names[64], time[32];

	effects_list(v->effects, names, sizeof(names));
	if (v->reason == REASON_BUDGET)
		snprintf(
			message, sizeof(message),
			"bulkhead: %s waits for approval (reference %016llx): a budget of rule "
			"\"%s\" is spent",
			s->hold->verb, (unsigned long long)s->hold->id, rule
		);
	else
		snprintf(
			message, sizeof(message),
			"bulkhead: %s waits for approval (reference %016llx): rule \"%s\" holds "
			"the effect %s",
			s->hold->verb, (unsigned long long)s->hold->id, rule, names
		);
	name_time(s->hold->timeout_ms, time, sizeof(time));
	snprintf(detail, sizeof(detail), "It waits for at most %s.", time);
	tell(relay, s, message, detail);
}

static void tell_again(struct relay *relay, struct session *s)
{
	char message[160];

	snprintf(
		message, sizeof(message),
		"bulkhead: %s still waits for approval (reference %016llx)", s->hold->verb,
		(unsigned long long)s->hold->id
	);
	tell(relay, s, message, NULL);
}

// ---- from one state to the next

// When nothing of it is left to be done.
static void put_back(struct relay *relay, struct session *s)
{
	if (s->hold->state != HOLD_NONE || s->hold->gone != 0)
		return;
	pool_put(relay->holds, s->hold);
	s->hold = NULL;
}

void hold_forget(struct relay *relay, struct session *s)
{
	struct session_hold *h = s->hold;

	if (hold_state(h) == HOLD_NONE)
		return;
	held_free(h->held);
	h->held = NULL;
	h->state = HOLD_NONE;
	h->reason[0] = '\0';
	list_remove(&h->node);
	relay->n_held--;
	put_back(relay, s);
}

void hold_leave(struct relay *relay, struct session *s, const char *reason)
{
	if (hold_state(s->hold) == HOLD_WAITING) {
		s->hold->gone = s->hold->id;
		s->hold->gone_reason = reason;
	}
	hold_forget(relay, s);
}

static void begin(
	struct relay *relay, struct session *s, const struct verdict *v,
	const uint8_t digest[static 32]
)
{
	const struct snapshot *snapshot = relay->snapshot;

	if (s->hold == NULL) {
		s->hold = pool_get(relay->holds);
		assert(s->hold != NULL); // there is one for each session
		*s->hold = (struct session_hold){.session = s};
	}
	struct session_hold *h = s->hold;
	h->state = HOLD_NEW;
	do
		h->id = relay->ops.random(relay->ops.ctx);
	while (h->id == 0);
	h->reference = h->id;
	h->retry = v->rule < snapshot->n_rules && snapshot->rules[v->rule].retry;
	memcpy(h->digest, digest, sizeof(h->digest));
	list_append(&relay->held, &h->node);
	relay->n_held++;
	relay->stats->held++;
}

// `reason` may be NULL.
static void decided(
	struct relay *relay, struct session *s, enum verdict_reason outcome, const char *reason
)
{
	struct session_hold *h = s->hold;
	size_t n = reason == NULL ? 0 : strnlen(reason, sizeof(h->reason) - 1);

	held_free(h->held);
	h->held = NULL;
	h->state = HOLD_DECIDED;
	h->outcome = outcome;
	if (n > 0)
		memcpy(h->reason, reason, n);
	h->reason[n] = '\0';
	session_wake(relay, s);
}

// By us and not by control: which is told, if it knows of it.
static void given_up(
	struct relay *relay, struct session *s, enum verdict_reason outcome, const char *reason
)
{
	if (hold_state(s->hold) == HOLD_WAITING) {
		s->hold->gone = s->hold->id;
		s->hold->gone_reason = reason;
	}
	decided(relay, s, outcome, NULL);
}

void hold_decide(struct relay *relay, struct session *s, const struct command *command)
{
	struct session_hold *h = s->hold;

	if (hold_state(h) != HOLD_WAITING || h->id != command->number) {
		relay->stats->decisions_stale++; // it was given up meanwhile, or is no decision
		return;
	}
	if (command->reference != 0)
		h->reference = command->reference;
	switch (command->decision) {
	case DECISION_APPROVED:
		relay->stats->hold_approved++;
		decided(relay, s, REASON_APPROVED, command->reason);
		break;
	case DECISION_REFUSED:
		relay->stats->hold_refused++;
		decided(relay, s, REASON_REFUSED, command->reason);
		break;
	case DECISION_TIMEOUT:
		relay->stats->hold_timeouts++;
		decided(relay, s, REASON_TIMEOUT, command->reason);
		break;
	case DECISION_LATER:
		decided(relay, s, REASON_LATER, command->reason);
		break;
	case DECISION_LIMIT:
		relay->stats->hold_limits++;
		decided(relay, s, REASON_LIMIT, command->reason);
		break;
	case DECISION_AGAIN:
		hold_forget(relay, s);
		session_wake(relay, s);
		break;
	}
}

bool hold_cancel(struct relay *relay, struct session *s)
{
	if (hold_state(s->hold) == HOLD_NONE)
		return false;
	relay->stats->hold_cancelled++;
	given_up(relay, s, REASON_CANCELLED, "cancelled");
	return true;
}

void hold_tick(struct relay *relay, struct session *s)
{
	struct session_hold *h = s->hold;

	if (!hold_is_parked(h))
		return;
	if (relay->now.us >= h->deadline_us) {
		relay->stats->hold_timeouts++;
		given_up(relay, s, REASON_TIMEOUT, "timeout");
	} else if (relay->now.us >= h->notice_us) {
		tell_again(relay, s);
	}
}

uint64_t hold_due_us(const struct session *s)
{
	const struct session_hold *h = s->hold;

	return h->notice_us < h->deadline_us ? h->notice_us : h->deadline_us;
}

void hold_doubt_all(struct relay *relay)
{
	list_take(&relay->stale, &relay->held);
}

void hold_wake_stale(struct relay *relay)
{
	for (unsigned i = 0; i < RELAY_WAKES_PER_PASS && !list_empty(&relay->stale); i++) {
		struct list *node = list_shift(&relay->stale);
		list_append(&relay->held, node);
		session_wake(relay, list_entry(node, struct session_hold, node)->session);
	}
}

// ---- control

bool hold_tell_gone(struct relay *relay, struct session *s)
{
	struct session_hold *h = s->hold;
	if (h == NULL || h->gone == 0)
		return true;
	struct event event = session_event(relay, s, EVENT_HOLD_GONE);
	event.number = h->gone;
	snprintf(event.reason, sizeof(event.reason), "%s", h->gone_reason);
	if (!relay->ops.event(relay->ops.ctx, &event))
		return false;
	h->gone = 0;
	put_back(relay, s);
	return true;
}

static bool ask(struct relay *relay, struct session *s)
{
	// Control hears of one at a time.
	if (!hold_tell_gone(relay, s))
		return false;
	struct event event = session_event(relay, s, EVENT_HOLD);
	event.held = s->hold->held;
	if (!relay->ops.event(relay->ops.ctx, &event))
		return false;
	s->hold->held = NULL; // control's
	s->hold->state = HOLD_WAITING;
	return true;
}

// A client of this protocol that sends no more waits for no answer either.
static bool is_gone(const struct session *s)
{
	return s->client.conn == NULL || tcp_conn_fin_received(s->client.conn);
}

enum step hold_step(struct relay *relay, struct session *s)
{
	struct session_hold *h = s->hold;

	if (!hold_is_parked(h))
		return STEP_MOVED;
	if (is_gone(s))
		return session_end(relay, s, END_CLIENT_CLOSED, NULL, "client closed");
	if (h->state == HOLD_ASKING && !ask(relay, s))
		return STEP_RETRY;
	if (!h->doubt && h->rights_version == s->rights_version)
		return STEP_IDLE;
	h->doubt = false;
	h->rights_version = s->rights_version;
	return STEP_MOVED; // perhaps it is not held any more, or by another rule
}

// ---- the command

// What it runs is not all there to be shown: a portal whose parameters were judged by another
// policy, a statement that the gateway has not seen. And what SQL keeps for later (PREPARE,
// DECLARE) would run as often as it likes, with values nobody has seen.
static bool cannot_wait(const struct proto_msg *msg, const struct effects *effects)
{
	if (msg->command == PROTO_EXECUTE || (effects->flags & EFFECT_PREPARES) != 0)
		return true;
	return msg->command != PROTO_CALL && msg->statement.p == NULL;
}

static void refuse_by(struct verdict *v, enum verdict_reason reason)
{
	v->action = VERDICT_DENY;
	v->reason = reason;
}

// EXECUTE in SQL runs what the protocol's Parse has prepared: past its Bind, where it would wait.
static bool runs_held_name(const struct session *s, const struct effects *effects)
{
	return s->held_names && (effects->flags & EFFECT_INDIRECT) != 0 &&
	       (effects->kinds & EFFECT_UNKNOWN) != 0;
}

static void apply(const struct session_hold *h, struct verdict *v)
{
	if (h->state == HOLD_DECIDED) {
		v->action = h->outcome == REASON_APPROVED ? VERDICT_FORWARD : VERDICT_DENY;
		v->reason = h->outcome;
	}
	// In mode retry it may be a request that was made before.
	v->approval = h->state == HOLD_DECIDED || !h->retry ? h->reference : 0;
}

void hold_settle(
	struct relay *relay, struct session *s, const struct proto_msg *msg,
	const struct effects *effects, bool approved, struct verdict *v
)
{
	uint8_t digest[32];

	if (v->action != VERDICT_HOLD) {
		hold_leave(relay, s, "judged anew");
		if (v->action == VERDICT_FORWARD && runs_held_name(s, effects)) {
			refuse_by(v, REASON_HOLD);
			v->effects = s->rights->right.hold;
		}
	} else if (msg->command == PROTO_PREPARE) {
		v->action = VERDICT_FORWARD; // nothing runs: its Bind is held
		s->held_names = s->held_names || msg->named;
	} else if (approved) {
		v->action = VERDICT_FORWARD;
		v->reason = REASON_APPROVED;
	} else if (cannot_wait(msg, effects)) {
		refuse_by(v, v->reason);
	} else if (msg->raw.n + msg->statement.n > HOLD_COMMAND_MAX) {
		refuse_by(v, REASON_SIZE);
	} else if (held_digest(relay, s, msg, v, digest) != 0) {
		hold_leave(relay, s, "no memory");
		refuse_by(v, REASON_LIMIT);
	} else {
		if (hold_state(s->hold) != HOLD_NONE &&
		    memcmp(s->hold->digest, digest, sizeof(digest)) != 0)
			hold_leave(relay, s, "judged anew");
		if (hold_state(s->hold) == HOLD_NONE && relay->n_held >= relay->config.holds_max) {
			relay->stats->hold_limits++;
			refuse_by(v, REASON_LIMIT);
			return;
		}
		if (hold_state(s->hold) == HOLD_NONE)
			begin(relay, s, v, digest);
		apply(s->hold, v);
	}
}

static void note_verb(struct session_hold *h, const struct effects *effects)
{
	struct span verb = effects->verb.n == 0 ? SPAN_LIT("the statement") : effects->verb;
	size_t n = verb.n < sizeof(h->verb) ? verb.n : sizeof(h->verb) - 1;

	memcpy(h->verb, verb.p, n);
	h->verb[n] = '\0';
}

static uint32_t wait_ms(const struct relay *relay, const struct verdict *v)
{
	const struct snapshot *snapshot = relay->snapshot;
	uint32_t ms =
		v->rule < snapshot->n_rules ? snapshot->rules[v->rule].approval_timeout_ms : 0;

	return ms == 0 ? HOLD_DEFAULT_MS : ms;
}

enum step hold_park(
	struct relay *relay, struct session *s, const struct proto_msg *msg,
	const struct effects *effects, const struct verdict *v
)
{
	struct session_hold *h = s->hold;

	int r = held_new(relay, s, msg, v, &h->held);
	if (r != 0) {
		decided(relay, s, r == ERR_LIMIT ? REASON_SIZE : REASON_LIMIT, NULL);
		return STEP_RETRY;
	}
	h->state = HOLD_ASKING;
	h->doubt = false;
	h->rights_version = s->rights_version;
	h->timeout_ms = wait_ms(relay, v);
	h->deadline_us = relay->now.us + ((uint64_t)h->timeout_ms + HOLD_MARGIN_MS) * 1000;
	note_verb(h, effects);
	tell_first(relay, s, v);
	session_arm(relay, s);
	return hold_step(relay, s);
}
