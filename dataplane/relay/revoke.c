// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// COMMAND_REVOKE: every session at or below what is revoked ends, a bounded number in a pass. First
// all are cut off: nothing is read from them any more. Then each is told and closed. What remains
// to be done for a session that has ended (its record, its memory) waits until no other is to be
// closed.
//
// A session whose token control still looks at has no subject yet and is not looked for: control
// has the revocation on its list before it sends the command, and so refuses the token; an answer
// that it had given before lies before the command in the ring.

#include "dataplane/relay/session.h"

#include <assert.h>

static struct sweep *sweep_at(struct relay *relay, uint32_t i)
{
	return &relay->sweeps[(relay->first_sweep + i) % REVOKES_AT_ONCE];
}

void revoke_begin(struct relay *relay, const struct command *command)
{
	assert(relay->n_sweeps < REVOKES_AT_ONCE); // control keeps the rest back
	tokens_revoke(relay->tokens, command->kind, &command->revoked);
	*sweep_at(relay, relay->n_sweeps++) = (struct sweep){
		.number = command->number,
		.kind = command->kind,
		.node = command->revoked,
	};
}

static bool is_revoked(const struct session *s, const struct sweep *sweep)
{
	if (s->state == SESSION_FREE || s->state == SESSION_ENDED || s->subject == NULL)
		return false;
	return revoke_covers(sweep->kind, &sweep->node, s->subject, &s->names->resource_node);
}

static void end(struct relay *relay, struct session *s, struct sweep *sweep)
{
	static const struct denial why = {
		.fatal = true,
		.code = "57P01",
		.message = "bulkhead: access was revoked",
		.hint = "The operator of the gateway knows why.",
	};
	// One that closes already still has to be waited for, unless another revocation does.
	sweep->ended += s->state < SESSION_CLOSING;
	if (s->sweep == 0) {
		s->sweep = (uint8_t)(sweep - relay->sweeps + 1);
		sweep->closing++;
		list_append(&relay->cut, &s->leave);
	}
	(void)session_end(relay, s, END_REVOKED, &why, "revoked");
}

static bool is_looking(const struct relay *relay, const struct sweep *sweep)
{
	return sweep->at < relay->n_slots;
}

// Out: *looks and *ends, what is left of this pass's share.
static void look(struct relay *relay, struct sweep *sweep, uint32_t *looks, uint32_t *ends)
{
	while (is_looking(relay, sweep) && *looks > 0 && *ends > 0) {
		struct session *s = pool_at(relay->sessions, sweep->at++);
		--*looks;
		if (!is_revoked(s, sweep))
			continue;
		--*ends;
		end(relay, s, sweep);
	}
}

// Nobody reports that a FIN went out.
static void note_closed(struct relay *relay)
{
	struct list mark;
	list_init(&mark);
	list_append(&relay->leaving, &mark);
	for (uint32_t i = 0; relay->leaving.next != &mark && i < RELAY_REVOKE_NOTES; i++) {
		struct list *node = list_shift(&relay->leaving);
		struct session *s = list_entry(node, struct session, leave);
		if (leg_is_shut(&s->client) && leg_is_shut(&s->server))
			revoke_note(relay, s);
		else
			list_append(&relay->leaving, node);
	}
	list_remove(&mark);
}

static void close_some(struct relay *relay)
{
	for (uint32_t i = 0; i < RELAY_REVOKE_CLOSES; i++) {
		struct list *node = list_shift(&relay->cut);
		if (node == NULL)
			return;
		list_append(&relay->leaving, node);
		session_work(relay, list_entry(node, struct session, leave));
	}
}

static bool tell_control(struct relay *relay, const struct sweep *sweep)
{
	const struct event event = {
		.type = EVENT_REVOKED,
		.worker = relay->config.worker,
		.number = sweep->number,
		.commands = sweep->ended,
		.cut_ns = sweep->cut_ns,
		.time_ns = sweep->last_ns != 0 ? sweep->last_ns : sweep->cut_ns,
	};
	return relay->ops.event(relay->ops.ctx, &event);
}

// Out: *looks and *ends as of look(). The time is that of this pass's begin: what was looked at in
// the one before is cut off.
static void go_on(struct relay *relay, struct sweep *sweep, uint32_t *looks, uint32_t *ends)
{
	if (is_looking(relay, sweep))
		look(relay, sweep, looks, ends);
	else if (sweep->cut_ns == 0)
		sweep->cut_ns = relay->now.wall_ns;
}

bool revoke_is_closing(const struct relay *relay)
{
	return !list_empty(&relay->cut);
}

bool revoke_step(struct relay *relay)
{
	uint32_t looks = RELAY_REVOKE_LOOKS, ends = RELAY_REVOKE_ENDS;
	if (relay->n_sweeps == 0)
		return false;
	note_closed(relay);
	for (uint32_t i = 0; i < relay->n_sweeps; i++)
		go_on(relay, sweep_at(relay, i), &looks, &ends);
	if (looks == RELAY_REVOKE_LOOKS)
		close_some(relay);
	// In their order: a session of two revocations is waited for by the first.
	while (relay->n_sweeps > 0) {
		struct sweep *first = sweep_at(relay, 0);
		if (first->cut_ns == 0 || first->closing > 0 || !tell_control(relay, first))
			break;
		relay->first_sweep = (relay->first_sweep + 1) % REVOKES_AT_ONCE;
		relay->n_sweeps--;
	}
	return relay->n_sweeps > 0;
}

void revoke_note(struct relay *relay, struct session *s)
{
	struct sweep *sweep = &relay->sweeps[s->sweep - 1];
	s->sweep = 0;
	list_remove(&s->leave);
	sweep->closing--;
	sweep->last_ns = relay->now.wall_ns;
}
