// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What the server says: every carrier of values is masked, then recorded, then passed on.

#include "dataplane/base/stage.h"
#include "dataplane/relay/session.h"

enum { AHEAD_COLUMNS = 64 }; // of rows that are looked at before their turn

static bool span_is(struct span s, const char *text)
{
	return span_equal(s, span_str(text));
}

// Settings that change how the server reads statements, and so how we must.
static void follow_parameter(struct session *s, const struct proto_msg *msg)
{
	if (msg->n_fields != 2)
		return;
	struct span name = msg->fields[0].value, value = msg->fields[1].value;
	if (span_is(name, "client_encoding"))
		s->reading.utf8 = span_is(value, "UTF8");
	else if (span_is(name, "standard_conforming_strings"))
		s->reading.standard_strings = span_is(value, "on");
}

// Noted when the server says it is done: an earlier answer's ReadyForQuery must not pass for its.
static void follow_ddl(struct session *s, const struct proto_msg *msg)
{
	if (msg->completes && msg->carrier != PROTO_ERROR && command_may_change_catalog(msg->tag))
		s->ddl_pending = true;
}

void answer_tell_catalog(struct relay *relay, struct session *s)
{
	struct event event = {
		.type = EVENT_CATALOG,
		.worker = relay->config.worker,
		.resource = s->resource,
		.session = s->id,
		.snapshot_version = s->policy_version,
		.time_ns = relay->now.wall_ns,
	};
	if (relay->ops.event(relay->ops.ctx, &event))
		s->catalog_due = false;
}

static bool masks_anything(const struct relay *relay, const struct session *s)
{
	return relay->snapshot->entities != NULL || session_resource(relay, s)->catalog != NULL;
}

static bool is_known(
	const struct relay *relay, const struct session *s, const struct proto_msg *row
)
{
	const struct ahead_of *known = &relay->ahead_of;
	return known->session == s->id && known->rights_version == s->rights_version &&
	       known->snapshot_version == relay->snapshot->version && row->raw.p < known->end;
}

static void forget_ahead(struct relay *relay)
{
	inspect_ahead_clear(relay->ahead);
	relay->ahead_of = (struct ahead_of){0};
}

// The rows that lie behind this one are scanned with it.
static void look_ahead(
	struct relay *relay, const struct session *s, const struct mask_context *context,
	const struct proto_msg *row
)
{
	struct span values[AHEAD_COLUMNS], rest = buf_span(&s->server.plain);
	size_t n = row->raw.n;
	if (is_known(relay, s, row))
		return;
	// Another session's may have lain where this row lies.
	forget_ahead(relay);
	if (row->n_fields > AHEAD_COLUMNS)
		return;
	if (row->n_fields == 1 && s->proto->row_ahead(row, span_from(rest, n), values) == 0)
		return; // a value alone
	for (uint32_t i = 0; i < row->n_fields; i++)
		values[i] = row->fields[i].null ? (struct span){0} : row->fields[i].value;
	while (n > 0 && inspect_ahead_add(context, row, values)) {
		rest = span_from(rest, n);
		n = s->proto->row_ahead(row, rest, values);
	}
	inspect_ahead_scan(context);
	relay->ahead_of =
		(struct ahead_of){s->id, s->rights_version, relay->snapshot->version, rest.p};
}

void answer_forget_ahead(struct relay *relay, const struct session *s)
{
	if (relay->ahead_of.session == s->id)
		forget_ahead(relay);
}

static int mask(struct relay *relay, struct session *s, struct proto_msg *msg)
{
	const struct snapshot *snapshot = relay->snapshot;
	struct mask_outcome outcome = {0};
	const struct mask_context context = {
		.snapshot = snapshot,
		.right = &s->rights->right,
		.resource = session_resource(relay, s),
		.scratch = snapshot->workers[relay->config.worker].entity_scratch,
		.exposed = command_is_exposed(msg->tag),
		.root = s->subject->links[0].node,
		.ahead = msg->carrier == PROTO_ROW ? relay->ahead : NULL,
	};
	enum stage before = stage_enter(STAGE_SCAN);
	if (msg->carrier == PROTO_ROW)
		look_ahead(relay, s, &context, msg);
	buf_consume(&relay->scratch, buf_len(&relay->scratch));
	int r = inspect_mask(&context, msg, &relay->scratch, &outcome);
	stage_add(STAGE_SCAN, 1);
	stage_leave(before);
	s->masked += outcome.values + outcome.columns;
	relay->stats->masked_values += outcome.values;
	relay->stats->masked_columns += outcome.columns;
	if (outcome.unknown_relation && s->catalog_told != s->catalog_version + 1) {
		relay->stats->unknown_relations++;
		s->catalog_told = s->catalog_version + 1;
		s->catalog_due = true;
	}
	return r;
}

static enum step unrecorded(struct relay *relay, struct session *s)
{
	static const struct denial why = {
		.fatal = true,
		.code = "54000",
		.message = "bulkhead: an answer is too large to be recorded",
	};
	return session_end(relay, s, END_LIMIT, &why, "answer too large to be recorded");
}

enum step answer_result(struct relay *relay, struct session *s, struct proto_msg *msg)
{
	static const struct denial unmasked = {
		.fatal = true,
		.code = "54000",
		.message = "bulkhead: an answer could not be masked within the gateway's limits",
	};
	struct proto_io io = session_io(s);
	if (msg->carrier == PROTO_PARAMETER)
		follow_parameter(s, msg);
	uint64_t masked = s->masked;
	follow_ddl(s, msg);
	// The server skips what comes behind an error: perhaps what waits for approval, too.
	if (msg->carrier == PROTO_ERROR && s->hold != NULL)
		s->hold->doubt = true;
	if (masks_anything(relay, s) && mask(relay, s, msg) != 0)
		return session_end(relay, s, END_LIMIT, &unmasked, "no room to mask");
	if (budget_answer(relay, s, msg, s->masked - masked) == STEP_ENDED)
		return STEP_ENDED;
	if (msg->carrier == PROTO_ROW) {
		s->rows++;
		relay->stats->rows++;
	}
	if (s->state == SESSION_OPEN && !recording_answer(relay, s, msg))
		return unrecorded(relay, s);
	if (s->proto->forward(s->proto_state, msg, &io) != 0)
		return session_end(relay, s, END_LIMIT, NULL, "no room to forward");
	return STEP_MOVED;
}

// An error inside a pipeline skips what follows it: ReadyForQuery sets all that right.
static void follow_running(struct session *s, const struct proto_msg *msg)
{
	if (msg->completes && s->portals_run > 0)
		s->portals_run--;
	if (msg->transaction != 0) {
		s->portals_run = 0;
		s->text_runs = false;
	}
}

enum step answer_other(struct relay *relay, struct session *s, struct proto_msg *msg)
{
	struct proto_io io = session_io(s);
	if (s->state == SESSION_OPEN && msg->completes && !recording_answer(relay, s, msg))
		return unrecorded(relay, s);
	if (s->proto->forward(s->proto_state, msg, &io) != 0)
		return session_end(relay, s, END_LIMIT, NULL, "no room to forward");
	follow_ddl(s, msg);
	follow_running(s, msg);
	if (msg->transaction == 'I' && s->ddl_pending) {
		s->ddl_pending = false;
		s->catalog_due = session_resource(relay, s)->catalog != NULL;
		if (s->catalog_due)
			answer_tell_catalog(relay, s);
	}
	return STEP_MOVED;
}
