// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/approval/state.h"
#include "controlplane/store/page.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static const uint64_t ns_per_s = 1000000000;

// ---- to ask for access

struct grant {
	int64_t approval; // 0: there is none
	uint64_t expires_ns;
	char id[APPROVAL_ID_SIZE];
};

static bool read_grant(void *context, const struct store_row *row)
{
	struct grant *grant = context;

	grant->approval = store_row_integer(row, 0);
	grant->expires_ns = (uint64_t)store_row_integer(row, 1);
	snprintf(grant->id, sizeof(grant->id), "%s", store_row_text(row, 2));
	return false;
}

// What is left is a whole second at least: a session's expiry is in seconds.
static int find_grant(struct approvals *a, const struct asked *asked, struct grant *grant)
{
	*grant = (struct grant){0};
	return store_each(
		a->config.store,
		"SELECT g.approval, g.expires_ns, p.id FROM grants g JOIN approvals p"
		" ON p.n=g.approval WHERE g.chain=?1 AND g.resource=?2 AND g.revoked_ns IS NULL"
		" AND g.expires_ns>?3+1000000000 ORDER BY g.expires_ns DESC LIMIT 1",
		STORE_VALUES(
			store_blob(asked->chain.b, sizeof(asked->chain.b)),
			store_text(asked->request->resource), store_integer((int64_t)asked->now)
		),
		read_grant, grant
	);
}

enum access { ACCESS_GRANTED, ACCESS_ASKED, ACCESS_PENDING, ACCESS_REFUSED, ACCESS_LIMIT };

struct access_answer {
	enum access access;
	struct grant grant;
	char id[APPROVAL_ID_SIZE]; // of the request
	const char *limit;
};

static int ask_inside(struct approvals *a, const struct asked *asked, struct access_answer *out)
{
	struct same same;

	int r = find_grant(a, asked, &out->grant);
	if (r != 0)
		return r;
	if (out->grant.approval != 0) {
		out->access = ACCESS_GRANTED;
		return 0;
	}
	r = asked_same(a, asked, &same);
	if (r != 0)
		return r;
	if (same.n != 0) {
		bool refused = strcmp(same.state, "refused") == 0;
		out->access = refused ? ACCESS_REFUSED : ACCESS_PENDING;
		memcpy(out->id, same.id, sizeof(out->id));
		return 0;
	}
	r = asked_limits(a, asked->request, asked->now, &out->limit);
	if (r != 0)
		return r;
	if (out->limit != NULL) {
		out->access = ACCESS_LIMIT;
		a->stats.limited++;
		return 0;
	}
	out->access = ACCESS_ASKED;
	memcpy(out->id, asked->id, sizeof(out->id));
	a->stats.requested++;
	return asked_put(a, asked);
}

static int ask(
	struct approvals *a, const struct approval_request *request, uint64_t valid_ns,
	const char *purpose, uint64_t now, struct access_answer *out
)
{
	const struct span what[] = {SPAN_LIT("access"), span_str(request->resource)};
	char id[APPROVAL_ID_SIZE];
	struct asked asked = {
		.request = request,
		.id = id,
		.is_access = true,
		.valid_ns = valid_ns < request->rule.valid_ns ? valid_ns : request->rule.valid_ns,
		.purpose = purpose,
		.now = now,
	};
	uint64_t number = 0;

	*out = (struct access_answer){0};
	if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
		return -EIO;
	snprintf(id, sizeof(id), "%016llx", (unsigned long long)number);
	int r = digest_of(what, 2, &asked.digest);
	if (r == 0)
		r = asked_chain(request->subject, false, &asked.chain);
	if (r == 0)
		r = store_begin(a->config.store);
	if (r == 0)
		r = store_end(a->config.store, ask_inside(a, &asked, out));
	if (r == 0)
		told_flush(a);
	else
		approval_failed(a, "an access", request->subject, request->resource, r);
	return r;
}

static bool may_ask(const struct approval_request *request)
{
	return request->subject->n_links > 0 && request->rule.n_approvers > 0;
}

// Who came in by which grant is in the audit log before the session is let in.
static bool take_in(
	struct approvals *a, const struct approval_request *request, const struct grant *grant
)
{
	if (!grow((void **)&a->users, &a->cap_users, a->n_users, sizeof(*a->users)))
		return false;
	int r = audit_write(
		a->config.audit, "access_used",
		json_pack(
			"{s:s, s:s, s:o, s:s}", "id", grant->id, "session", request->session_name,
			"who", text_show(span_str(request->subject->chain)), "resource",
			request->resource
		)
	);
	if (r != 0)
		return false;
	a->users[a->n_users++] =
		(struct grant_user){grant->approval, request->worker, request->session};
	return true;
}

static void say_access(
	const struct access_answer *answer, const char *resource, char *out, size_t size
)
{
	switch (answer->access) {
	case ACCESS_GRANTED:
		snprintf(out, size, "bulkhead: the gateway cannot record the access");
		break;
	case ACCESS_ASKED:
		snprintf(
			out, size, "bulkhead: access to %.20s needs approval (reference %s)",
			resource, answer->id
		);
		break;
	case ACCESS_PENDING:
		snprintf(
			out, size, "bulkhead: access to %.20s waits for approval (reference %s)",
			resource, answer->id
		);
		break;
	case ACCESS_REFUSED:
		snprintf(
			out, size, "bulkhead: access to %.20s was refused (reference %s)", resource,
			answer->id
		);
		break;
	case ACCESS_LIMIT:
		snprintf(out, size, "bulkhead: too many requests wait %s", answer->limit);
		break;
	}
}

void approvals_access(
	struct approvals *approvals, const struct approval_request *request,
	struct approval_time now
)
{
	struct command command = {.type = COMMAND_ACCESS, .session = request->session};
	struct access_answer answer = {0};

	if (memcmp(request->policy, approvals->policy, sizeof(approvals->policy)) != 0) {
		snprintf(
			command.reason, sizeof(command.reason),
			"bulkhead: the policy has changed meanwhile, connect again"
		);
	} else if (!may_ask(request)) {
		snprintf(
			command.reason, sizeof(command.reason),
			"bulkhead: the rule names nobody who could grant access"
		);
	} else if (ask(approvals, request, UINT64_MAX, "", approvals_clock(approvals, now), &answer) != 0) {
		snprintf(
			command.reason, sizeof(command.reason),
			"bulkhead: the gateway cannot ask for access now"
		);
	} else if (answer.access == ACCESS_GRANTED && take_in(approvals, request, &answer.grant)) {
		command.expires = answer.grant.expires_ns / ns_per_s;
	} else {
		say_access(&answer, request->resource, command.reason, sizeof(command.reason));
	}
	approval_answer(approvals, request->worker, &command);
}

int approvals_ask(
	struct approvals *approvals, const struct approval_request *request, uint64_t valid_ns,
	const char *purpose, struct approval_time now, char id[static APPROVAL_ID_SIZE]
)
{
	struct access_answer answer;

	if (!may_ask(request))
		return -EACCES;
	int r =
		ask(approvals, request, valid_ns, purpose, approvals_clock(approvals, now),
		    &answer);
	if (r != 0)
		return r;
	switch (answer.access) {
	case ACCESS_GRANTED:
		memcpy(id, answer.grant.id, APPROVAL_ID_SIZE);
		return -EALREADY;
	case ACCESS_ASKED:
	case ACCESS_PENDING:
		memcpy(id, answer.id, APPROVAL_ID_SIZE);
		return 0;
	case ACCESS_REFUSED:
		memcpy(id, answer.id, APPROVAL_ID_SIZE);
		return -EACCES;
	case ACCESS_LIMIT:
		return ERR_LIMIT;
	}
	return ERR_LIMIT;
}

void approvals_closed(struct approvals *approvals, session_id session)
{
	for (size_t i = 0; i < approvals->n_users; i++) {
		if (approvals->users[i].session == session) {
			approvals->users[i] = approvals->users[--approvals->n_users];
			return;
		}
	}
}

// ---- grants

#define GRANTS                                                                              \
	"SELECT g.approval, p.id, p.links, p.resource, p.rule, g.granted_ns, g.expires_ns," \
	" g.revoked_ns, g.revoked_by, g.reason, p.who FROM grants g JOIN approvals p"       \
	" ON p.n=g.approval "

static json_t *grant_json(void *, const struct store_row *row)
{
	json_t *links = json_loads(store_row_text(row, 2), 0, NULL);
	size_t n = json_array_size(links);
	json_t *actor = n == 0 ? NULL : json_array_get(links, n - 1);
	json_t *revoked =
		store_row_is_null(row, 7) ? json_null() : json_integer(store_row_integer(row, 7));

	json_t *json = json_pack(
		"{s:s, s:O?, s:O?, s:O?, s:O?, s:s, s:s, s:s, s:I, s:I, s:o, s:s, s:s, s:s}", "id",
		store_row_text(row, 1), "issuer", json_object_get(actor, "issuer"), "key",
		json_object_get(actor, "key"), "name", json_object_get(actor, "name"), "node",
		json_object_get(actor, "node"), "resource", store_row_text(row, 3), "rule",
		store_row_text(row, 4), "approval", store_row_text(row, 1), "granted_ns",
		(json_int_t)store_row_integer(row, 5), "expires_ns",
		(json_int_t)store_row_integer(row, 6), "revoked_ns", revoked, "revoked_by",
		store_row_text(row, 8), "reason", store_row_text(row, 9), "who",
		store_row_text(row, 10)
	);
	json_decref(links);
	return json;
}

int grants_list(
	struct approvals *approvals, bool live, int64_t before, unsigned limit,
	struct approval_time now, json_t **list, int64_t *next
)
{
	const struct store_page page = {.limit = limit, .row = grant_json};

	return store_page(
		approvals->config.store,
		GRANTS "WHERE (?1=0 OR g.approval<?1)"
		       " AND (?2=0 OR (g.revoked_ns IS NULL AND g.expires_ns>?3))"
		       " ORDER BY g.approval DESC LIMIT ?4",
		STORE_VALUES(
			store_integer(before), store_integer(live),
			store_integer((int64_t)approvals_clock(approvals, now))
		),
		&page, list, next
	);
}

static bool get_one(void *context, const struct store_row *row)
{
	*(json_t **)context = grant_json(NULL, row);
	return false;
}

int grants_get(struct approvals *approvals, const char *id, json_t **out)
{
	json_t *json = NULL;

	int r = store_each(
		approvals->config.store, GRANTS "WHERE p.id=?", STORE_VALUES(store_text(id)),
		get_one, &json
	);
	if (r == 0 && json == NULL)
		return -ENOENT;
	if (r == 0)
		*out = json;
	return r;
}

static int revoke_inside(
	struct approvals *a, const char *id, const char *by, const char *reason, uint64_t now,
	int64_t *grant
)
{
	struct approval_row row;

	int r = row_load(a, id, &row);
	if (r == 0)
		r = store_run(
			a->config.store,
			"UPDATE grants SET revoked_ns=?2, revoked_by=?3, reason=?4"
			" WHERE approval=?1 AND revoked_ns IS NULL AND expires_ns>?2",
			STORE_VALUES(
				store_integer(row.n), store_integer((int64_t)now), store_text(by),
				store_text(reason)
			)
		);
	if (r == 0 && store_changes(a->config.store) != 1)
		r = row.is_access && strcmp(row.state, "approved") == 0 ? -EALREADY : -ENOENT;
	json_t *fields = r == 0 ? row_fields(&row) : NULL;
	if (r == 0 &&
	    (fields == NULL || json_object_set_new(fields, "by", text_show(span_str(by))) != 0 ||
	     json_object_set_new(fields, "reason", text_show(span_str(reason))) != 0))
		r = -ENOMEM;
	if (r == 0 && a->config.notify != NULL)
		r = notify_put(a->config.notify, NOTIFY_ACCESS_REVOKED, fields, now);
	if (r == 0)
		r = approval_tell(a, "access_revoked", json_incref(fields));
	json_decref(fields);
	*grant = row.n;
	row_fini(&row);
	return r;
}

static void kill_users(struct approvals *a, int64_t grant)
{
	struct command command = {
		.type = COMMAND_KILL,
		.reason = "the access was revoked",
	};

	for (size_t i = 0; i < a->n_users; i++) {
		if (a->users[i].grant != grant)
			continue;
		command.session = a->users[i].session;
		approval_answer(a, a->users[i].worker, &command);
	}
}

int grants_revoke(
	struct approvals *approvals, const char *id, const char *by, const char *reason,
	struct approval_time now
)
{
	char shown_by[256], shown_reason[256];
	int64_t grant = 0;

	text_copy(shown_by, sizeof(shown_by), by);
	text_copy(shown_reason, sizeof(shown_reason), reason);
	int r = store_begin(approvals->config.store);
	if (r == 0) {
		r = revoke_inside(
			approvals, id, shown_by, shown_reason, approvals_clock(approvals, now),
			&grant
		);
		r = store_end(approvals->config.store, r);
	}
	if (r != 0)
		return r;
	kill_users(approvals, grant);
	told_flush(approvals);
	return 0;
}
