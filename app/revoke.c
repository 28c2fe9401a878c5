// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The kill switch: from a call to the last closed connection.
//
// What is revoked is on the list, and in the store, before a worker hears of it: a login that is
// refused by the list comes behind the command in no ring.

#include "app/control.h"
#include "controlplane/identity/node.h"
#include "controlplane/notify/text.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

// A bit a worker.
static_assert((int)SNAPSHOT_WORKERS_MAX <= 64);

struct revoking {
	struct revoking *next;
	struct revocation is;
	struct command command;
	uint64_t untold, unanswered; // workers, one bit each
	uint64_t asked_ns;           // since 1970
	uint64_t cut_ns, last_ns;    // so far
	uint64_t sessions;           // ended so far
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static struct audit_revocation audit_of(const struct revocation *r, const char *what)
{
	return (struct audit_revocation){
		.number = r->n,
		.kind = revoke_kind_name(r->kind),
		.what = what,
		.label = r->label,
		.reason = r->reason,
		.by = r->by,
		.until_s = r->until_s,
	};
}

// The switch works without its line; that it is missing is said.
static void audit_begun(struct control *control, const struct revocation *r)
{
	char what[NODE_TEXT_SIZE];
	const struct audit_revocation told = audit_of(r, node_text(&r->node, what));

	if (audit_revoked(control->audit, &told) != 0)
		log_line(
			LOG_ERROR, "audit", "revocation number=%" PRId64 " is not in the audit log",
			r->n
		);
}

// Nor does it wait for those who are told of it.
static void notify_begun(struct control *control, const struct revocation *r)
{
	json_t *fields = json_pack(
		"{s:s, s:o, s:o, s:o}", "kind", revoke_kind_name(r->kind), "who",
		text_show(span_str(r->label)), "by", text_show(span_str(r->by)), "reason",
		text_show(span_str(r->reason))
	);

	int ret = fields == NULL ? -ENOMEM : store_begin(control->store);
	if (ret == 0)
		ret = store_end(
			control->store,
			notify_put(control->notify, NOTIFY_REVOKED, fields, now_ns())
		);
	json_decref(fields);
	if (ret != 0)
		log_line(
			LOG_ERROR, "notify", "nobody is told of revocation number=%" PRId64 ": %s",
			r->n, err_text(ret)
		);
}

// ---- to the workers

static bool give(struct control *control, const struct revoking *r, uint16_t worker)
{
	if (control->revoking_at[worker] >= REVOKES_AT_ONCE ||
	    !ring_push(workers_commands(control->workers, worker), &r->command))
		return false;
	control->revoking_at[worker]++;
	return true;
}

void control_revoke_push(struct control *control)
{
	uint64_t busy = 0; // these workers take no more: what comes later waits its turn

	for (struct revoking *r = control->revoking; r != NULL; r = r->next) {
		for (uint16_t w = 0; w < control->contexts.n_workers; w++) {
			uint64_t bit = UINT64_C(1) << w;
			if ((r->untold & bit) == 0 || (busy & bit) != 0)
				continue;
			if (give(control, r, w))
				r->untold &= ~bit;
			else
				busy |= bit;
		}
	}
}

static void enqueue(struct control *control, struct revoking *r)
{
	struct revoking **at = &control->revoking;

	while (*at != NULL)
		at = &(*at)->next;
	*at = r;
}

int control_revoke(struct control *control, const struct revocation *ask, struct revocation *out)
{
	uint64_t asked_ns = now_ns();
	struct revoking *r = calloc(1, sizeof(*r));
	uint16_t n_workers = control->contexts.n_workers;

	if (r == NULL)
		return -ENOMEM;
	int ret = revocation_add(control->revocations, ask, asked_ns / 1000000000, &r->is);
	if (ret != 0) {
		free(r);
		return ret;
	}
	*out = r->is;
	r->command = (struct command){
		.type = COMMAND_REVOKE,
		.number = ++control->last_revoking,
		.kind = ask->kind,
		.revoked = ask->node,
	};
	r->asked_ns = asked_ns;
	r->untold = r->unanswered = UINT64_MAX >> (64 - n_workers);
	enqueue(control, r);
	control_revoke_push(control);
	audit_begun(control, &r->is);
	notify_begun(control, &r->is);
	log_line(
		LOG_WARN, "revocation", "number=%" PRId64 " %s \"%s\" by=\"%s\" reason=\"%s\"",
		r->is.n, revoke_kind_name(r->is.kind), r->is.label, r->is.by, r->is.reason
	);
	return 0;
}

// ---- from the workers

static struct revoking *find(struct control *control, uint64_t number)
{
	struct revoking *r = control->revoking;

	while (r != NULL && r->command.number != number)
		r = r->next;
	return r;
}

static void forget(struct control *control, struct revoking *r)
{
	struct revoking **at = &control->revoking;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	free(r);
}

// The clock may have been set back in between.
static uint64_t took_us(const struct revoking *r, uint64_t until_ns)
{
	return until_ns > r->asked_ns ? (until_ns - r->asked_ns) / 1000 : 0;
}

static int audit_done(struct control *control, const struct revoking *r)
{
	char what[NODE_TEXT_SIZE];
	const struct audit_revocation told = audit_of(&r->is, node_text(&r->is.node, what));

	return audit_revocation_done(
		control->audit, &told, r->is.sessions, r->is.cut_us, r->is.took_us
	);
}

bool control_revoked(struct control *control, const struct event *event)
{
	struct revoking *r = find(control, event->number);
	uint64_t bit = UINT64_C(1) << event->worker;

	if (r == NULL)
		return true;
	if ((r->unanswered & bit) != 0) {
		control->revoking_at[event->worker]--;
		r->unanswered &= ~bit;
		r->sessions += event->commands;
		if (event->cut_ns > r->cut_ns)
			r->cut_ns = event->cut_ns;
		if (event->time_ns > r->last_ns)
			r->last_ns = event->time_ns;
	}
	if (r->unanswered != 0)
		return true;
	r->is.sessions = r->sessions;
	r->is.cut_us = took_us(r, r->cut_ns);
	r->is.took_us = took_us(r, r->last_ns);
	if (audit_done(control, r) == ERR_LIMIT)
		return false;
	revocation_done(control->revocations, &r->is);
	log_line(
		LOG_INFO, "revocation",
		"number=%" PRId64 " done sessions=%" PRIu64 " cut_ms=%.3f ms=%.3f", r->is.n,
		r->sessions, (double)r->is.cut_us / 1000, (double)r->is.took_us / 1000
	);
	forget(control, r);
	return true;
}

void control_revoke_free(struct control *control)
{
	while (control->revoking != NULL)
		forget(control, control->revoking);
}

// ---- the rest

int control_revocation_lift(
	struct control *control, int64_t number, const char *by, const char *reason,
	struct revocation *out
)
{
	char what[NODE_TEXT_SIZE];

	int r = revocation_lift(control->revocations, number, by, now_ns() / 1000000000, out);
	if (r != 0)
		return r;
	struct audit_revocation told = audit_of(out, node_text(&out->node, what));
	told.by = out->lifted_by;
	if (reason[0] != '\0')
		told.reason = reason;
	if (audit_revocation_lifted(control->audit, &told) != 0)
		log_line(
			LOG_ERROR, "audit",
			"the end of revocation number=%" PRId64 " is not in the audit log", out->n
		);
	return 0;
}

bool control_is_revoked(
	const struct control *control, const struct event *event, const struct subject *subject,
	char why[static REVOCATION_WHY]
)
{
	uint32_t number = names_number(&control->names, event->snapshot_version, event->resource);
	const struct node_id resource = node_of_resource(names_text(&control->names, number));

	return revocation_check(
		control->revocations, subject, &resource, now_ns() / 1000000000, why
	);
}

bool control_is_out(
	const struct control *control, const struct subject *subject,
	char why[static REVOCATION_WHY]
)
{
	static const struct node_id any_resource;

	return revocation_check(
		control->revocations, subject, &any_resource, now_ns() / 1000000000, why
	);
}

static json_t *live_json(const struct control *control, const struct live_entry *entry)
{
	char id[SESSION_NAME_SIZE];

	return json_pack(
		"{s:s,s:o,s:o,s:s}", "id", segment_session_name(control->epoch, entry->id, id),
		"subject", audit_string(span_str(entry->subject->key)), "chain",
		audit_string(span_str(entry->subject->chain)), "resource",
		names_text(&control->names, entry->value)
	);
}

static bool is_covered(
	const struct control *control, const struct live_entry *entry, enum revoke_kind kind,
	const struct node_id *node
)
{
	const struct node_id resource =
		kind == REVOKE_RESOURCE
			? node_of_resource(names_text(&control->names, entry->value))
			: (struct node_id){0};

	return revoke_covers(kind, node, entry->subject, &resource);
}

static void note_name(json_t *names, const char *name)
{
	for (size_t i = 0; i < json_array_size(names); i++) {
		if (strcmp(json_string_value(json_array_get(names, i)), name) == 0)
			return;
	}
	json_array_append_new(names, json_string(name));
}

json_t *control_revoke_preview(
	const struct control *control, enum revoke_kind kind, const struct node_id *node,
	const char *label
)
{
	json_t *sessions = json_array(), *resources = json_array();
	char text[NODE_TEXT_SIZE];
	json_int_t total = 0;
	uint32_t at = 0;

	for (const struct live_entry *e; (e = live_next(&control->live, &at)) != NULL;) {
		if (!is_covered(control, e, kind, node))
			continue;
		if (total++ < CONTROL_PREVIEW_MAX)
			json_array_append_new(sessions, live_json(control, e));
		note_name(resources, names_text(&control->names, e->value));
	}
	return json_pack(
		"{s:s,s:s,s:o,s:o,s:I,s:o}", "kind", revoke_kind_name(kind), "node",
		node_text(node, text), "label", audit_string(span_str(label)), "sessions", sessions,
		"total", total, "resources", resources
	);
}
