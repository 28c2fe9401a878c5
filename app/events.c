// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { EVENTS_PER_WORKER = 64 };

static uint64_t seconds(void)
{
	return (uint64_t)time(NULL);
}

static const char *session_name(
	const struct control *control, session_id id, char out[static SESSION_NAME_SIZE]
)
{
	return segment_session_name(control->epoch, id, out);
}

static const char *resource_name(const struct control *control, const struct event *event)
{
	return names_text(
		&control->names,
		names_number(&control->names, event->snapshot_version, event->resource)
	);
}

// ---- logins

static struct event *waiting_find(struct control *control, session_id session)
{
	for (uint32_t i = 0; i < control->n_waiting; i++) {
		if (control->waiting[i].session == session)
			return &control->waiting[i];
	}
	return NULL;
}

static void waiting_forget(struct control *control, session_id session)
{
	struct event *event = waiting_find(control, session);

	if (event != NULL)
		*event = control->waiting[--control->n_waiting];
}

static int audit_refusal(struct control *control, const struct event *event, const char *reason)
{
	char name[SESSION_NAME_SIZE];

	return audit_login_refused(
		control->audit, session_name(control, event->session, name), event,
		resource_name(control, event), reason
	);
}

// What is revoked when the answer leaves is refused, whatever was true when it was found: nothing
// may come between the look at the list and the ring. Out: *refusal.
static bool is_refused(
	const struct control *control, const struct event *event, const struct command *command,
	struct command *refusal
)
{
	char why[REVOCATION_WHY];

	if (command->subject == NULL || event == NULL ||
	    !control_is_revoked(control, event, command->subject, why))
		return false;
	*refusal = *command;
	refusal->subject = NULL;
	snprintf(refusal->reason, sizeof(refusal->reason), "%s", why);
	return true;
}

// A refusal is told only when the audit log has it: an answer that is not taken is offered again.
bool control_answer(void *ctx, uint16_t worker, const struct command *command)
{
	struct control *control = ctx;
	const struct event *event = control->login;
	struct ring *ring = workers_commands(control->workers, worker);
	struct command refusal;

	if (event == NULL || event->session != command->session)
		event = waiting_find(control, command->session);
	if (ring_count(ring) > ring->mask)
		return false;
	bool revoked = is_refused(control, event, command, &refusal);
	const struct command *answer = revoked ? &refusal : command;
	if (answer->subject == NULL && event != NULL) {
		struct event told = *event;
		told.subject = command->subject; // who it was, if the token has proved that
		if (audit_refusal(control, &told, answer->reason) == ERR_LIMIT)
			return false;
	}
	if (!ring_push(ring, answer))
		return false;
	if (revoked)
		subject_free(command->subject);
	waiting_forget(control, command->session);
	return true;
}

static void on_login(struct control *control, const struct event *event)
{
	// Its answer may come later, and finds it here. When there is no room it comes at once:
	// logins takes no more either, and refuses.
	if (control->n_waiting < LOGINS_WAITING_MAX) {
		control->waiting[control->n_waiting] = *event;
		control->waiting[control->n_waiting].token = NULL;
		control->n_waiting++;
	}
	control->login = event;
	logins_add(control->logins, event, seconds());
	control->login = NULL;
}

// ---- sessions

static void row_fill(
	const struct control *control, const struct event *event, const char *resource,
	struct session_row *row
)
{
	const struct subject *subject = event->subject;

	*row = (struct session_row){
		.epoch = control->epoch,
		.session = event->session,
		.policy = event->snapshot_version,
	};
	session_name(control, event->session, row->id);
	if (subject != NULL) {
		snprintf(row->issuer, sizeof(row->issuer), "%s", subject->issuer);
		snprintf(row->subject, sizeof(row->subject), "%s", subject->key);
		snprintf(row->name, sizeof(row->name), "%s", subject->name);
		snprintf(row->chain, sizeof(row->chain), "%s", subject->chain);
	}
	endpoint_text(&event->client, row->client);
	snprintf(row->resource, sizeof(row->resource), "%s", resource);
	snprintf(row->database, sizeof(row->database), "%s", event->database);
	snprintf(row->user, sizeof(row->user), "%s", event->user);
	snprintf(row->application, sizeof(row->application), "%s", event->application);
}

static void put_row(struct control *control, const struct session_row *row)
{
	if (index_session_put(control->index, row) != 0)
		log_limited(
			&control->limit, LOG_ERROR, "control", "session %s is not in the index",
			row->id
		);
}

static bool on_opened(struct control *control, const struct event *event)
{
	uint32_t number = names_number(&control->names, event->snapshot_version, event->resource);
	const char *resource = names_text(&control->names, number);
	struct session_row row;
	char name[SESSION_NAME_SIZE];

	session_name(control, event->session, name);
	if (audit_session_opened(control->audit, name, event, resource) == ERR_LIMIT)
		return false;
	if (!live_add(&control->live, event->session, number, event->subject))
		log_limited(&control->limit, LOG_ERROR, "control", "session %s has no place", name);
	row_fill(control, event, resource, &row);
	row.opened_ns = event->time_ns;
	put_row(control, &row);
	api_session_opened(control, event, name, resource);
	return true;
}

// A session that was never open is told of when somebody known was turned away; what never said who
// it is (a port scan, a broken handshake) is counted by the worker and fills no log.
static bool on_closed(struct control *control, const struct event *event)
{
	const struct live_entry *entry = live_find(&control->live, event->session);
	struct session_row row;
	char name[SESSION_NAME_SIZE];

	approvals_closed(control->approvals, event->session);
	session_name(control, event->session, name);
	if (entry == NULL) {
		if (event->subject != NULL &&
		    audit_refusal(control, event, event->reason) == ERR_LIMIT)
			return false;
		return true;
	}
	if (audit_session_closed(control->audit, name, event) == ERR_LIMIT)
		return false;
	row_fill(control, event, names_text(&control->names, entry->value), &row);
	live_remove(&control->live, event->session);
	row.closed_ns = event->time_ns;
	row.commands = event->commands;
	row.denied = event->denied;
	row.masked = event->masked;
	row.rows = event->rows;
	row.bytes_in = event->bytes_in;
	row.bytes_out = event->bytes_out;
	snprintf(row.reason, sizeof(row.reason), "%s", event->reason);
	put_row(control, &row);
	api_session_closed(control, event, name, row.resource);
	return true;
}

// ---- the loop's parts

// False: try again later, and nothing of this worker's before.
static bool handle(struct control *control, const struct event *event)
{
	switch (event->type) {
	case EVENT_LOGIN:
		on_login(control, event);
		return true;
	case EVENT_OPENED:
		return on_opened(control, event);
	case EVENT_CLOSED:
		return on_closed(control, event);
	case EVENT_PROGRESS:
		live_progress(&control->live, event);
		chains_progress(control->chains, event);
		return true;
	case EVENT_SUBJECT:
		subject_free(event->subject);
		return true;
	case EVENT_ACCESS:
		control_access(control, event);
		return true;
	case EVENT_HOLD:
		control_hold(control, event);
		return true;
	case EVENT_HOLD_GONE:
		control_hold_gone(control, event);
		return true;
	case EVENT_REVOKED:
		return control_revoked(control, event);
	case EVENT_CATALOG:
		catalogs_poke(control, event);
		return true;
	}
	return true;
}

static unsigned worker_events(struct control *control, uint16_t worker)
{
	struct ring *ring = workers_events(control->workers, worker);
	struct event *held = &control->held[worker];
	unsigned n;

	for (n = 0; n < EVENTS_PER_WORKER; n++) {
		if (!control->is_held[worker])
			control->is_held[worker] = ring_pop(ring, held);
		if (!control->is_held[worker] || !handle(control, held))
			break;
		control->is_held[worker] = false;
	}
	return n;
}

unsigned control_events(struct control *control)
{
	unsigned n = 0;

	for (uint16_t w = 0; w < control->contexts.n_workers; w++)
		n += worker_events(control, w);
	return n;
}

void control_tick(struct control *control)
{
	uint64_t now = seconds();
	char why[ADMIN_WHY];

	logins_poll(control->logins, now);
	control_revoke_push(control);
	control_approvals_tick(control);
	api_approvals_tick(control);
	catalogs_update(control);
	control_reload_poll(control);
	if (now == control->next_second)
		return;
	control->next_second = now;
	workers_probe(control->workers, admin_is_ready(control->admin, why));
	store_probe(control->store);
	identity_tick(control->identity, now);
	(void)publisher_reclaim(control->publisher);
	revocations_tick(control->revocations, now);
	(void)budgets_save(control->budgets, now);
	sts_tick(control->sts, now);
}
