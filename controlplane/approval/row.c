// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/approval/state.h"
#include "controlplane/store/page.h"
#include "dataplane/api/effects.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXCERPT_MAX = 160 };

#define COLUMNS                                                                                    \
	"SELECT n, id, kind, mode, state, outcome, purpose, epoch, worker, session, session_name," \
	" requested_ns, deadline_ns, timeout_ns, valid_ns, decided_ns, expires_ns, digest, chain," \
	" policy, links, approvers, who, resource, database, rule, quorum, effects, cut, text,"    \
	" masked FROM approvals "

// Reads the columns from left to right.
struct columns {
	const struct store_row *row;
	unsigned at;
};

static uint64_t next_number(struct columns *c)
{
	return (uint64_t)store_row_integer(c->row, c->at++);
}

static const char *next_text(struct columns *c)
{
	return store_row_text(c->row, c->at++);
}

static void next_copy(struct columns *c, char *out, size_t size)
{
	text_copy(out, size, next_text(c));
}

static void next_digest(struct columns *c, struct digest *out)
{
	struct span bytes = store_row_blob(c->row, c->at++);

	if (bytes.n == sizeof(out->b))
		memcpy(out->b, bytes.p, bytes.n);
}

static json_t *next_json(struct columns *c)
{
	return json_loads(next_text(c), 0, NULL);
}

static void read_who(struct columns *c, struct approval_row *row)
{
	row->links = next_json(c);
	row->approvers = next_json(c);
	next_copy(c, row->who, sizeof(row->who));
	next_copy(c, row->resource, sizeof(row->resource));
	next_copy(c, row->database, sizeof(row->database));
	next_copy(c, row->rule, sizeof(row->rule));
	row->quorum = (uint32_t)next_number(c);
	row->effects = next_number(c);
	row->cut = next_number(c) != 0;
	if (!store_row_is_null(c->row, c->at))
		row->text = text_show(store_row_blob(c->row, c->at));
	c->at++;
	row->masked = text_show(store_row_blob(c->row, c->at++));
}

static bool read_row(void *context, const struct store_row *store_row)
{
	struct approval_row *row = context;
	struct columns c = {store_row, 0};

	row->n = (int64_t)next_number(&c);
	next_copy(&c, row->id, sizeof(row->id));
	row->is_access = strcmp(next_text(&c), "access") == 0;
	row->is_retry = strcmp(next_text(&c), "retry") == 0;
	next_copy(&c, row->state, sizeof(row->state));
	next_copy(&c, row->outcome, sizeof(row->outcome));
	next_copy(&c, row->purpose, sizeof(row->purpose));
	row->epoch = next_number(&c);
	row->worker = (uint16_t)next_number(&c);
	row->session = next_number(&c);
	next_copy(&c, row->session_name, sizeof(row->session_name));
	row->requested_ns = next_number(&c);
	row->deadline_ns = next_number(&c);
	row->timeout_ns = next_number(&c);
	row->valid_ns = next_number(&c);
	row->decided_ns = next_number(&c);
	row->expires_ns = next_number(&c);
	next_digest(&c, &row->digest);
	next_digest(&c, &row->chain);
	next_digest(&c, &row->policy);
	read_who(&c, row);
	return false;
}

static int loaded(const struct approval_row *row, int r)
{
	if (r != 0)
		return r;
	if (row->n == 0)
		return -ENOENT;
	return json_is_array(row->links) && json_is_array(row->approvers) ? 0 : -ENOMEM;
}

int row_load(struct approvals *a, const char *id, struct approval_row *row)
{
	*row = (struct approval_row){0};
	return loaded(
		row, store_each(
			     a->config.store, COLUMNS "WHERE id=?", STORE_VALUES(store_text(id)),
			     read_row, row
		     )
	);
}

int row_load_n(struct approvals *a, int64_t n, struct approval_row *row)
{
	*row = (struct approval_row){0};
	return loaded(
		row, store_each(
			     a->config.store, COLUMNS "WHERE n=?", STORE_VALUES(store_integer(n)),
			     read_row, row
		     )
	);
}

void row_fini(struct approval_row *row)
{
	json_decref(row->links);
	json_decref(row->approvers);
	json_decref(row->text);
	json_decref(row->masked);
}

int row_move(
	struct approvals *a, struct approval_row *row, const char *from, const char *to,
	const char *outcome, uint64_t now
)
{
	bool used = strcmp(to, "used") == 0;
	int r = store_run(
		a->config.store,
		"UPDATE approvals SET state=?3, outcome=?4, decided_ns=coalesce(decided_ns, ?5),"
		" used_ns=CASE WHEN ?6 THEN ?5 ELSE used_ns END,"
		" expires_ns=CASE ?3 WHEN 'approved' THEN ?5+valid_ns ELSE expires_ns END,"
		" text=NULL WHERE n=?1 AND state=?2",
		STORE_VALUES(
			store_integer(row->n), store_text(from), store_text(to),
			store_text(outcome), store_integer((int64_t)now), store_integer(used)
		)
	);

	if (r != 0)
		return r;
	if (store_changes(a->config.store) != 1)
		return -ESTALE;
	a->erased = true;
	snprintf(row->state, sizeof(row->state), "%s", to);
	text_copy(row->outcome, sizeof(row->outcome), outcome);
	return 0;
}

// ---- to show

static json_t *effects_json(uint64_t effects)
{
	json_t *list = json_array();

	for (uint64_t left = effects; left != 0; left &= left - 1) {
		const char *name = effects_name(left & -left);
		if (name != NULL)
			json_array_append_new(list, json_string(name));
	}
	return list;
}

static json_t *time_json(uint64_t ns)
{
	return ns == 0 ? json_null() : json_integer((json_int_t)ns);
}

static json_t *digest_json(const struct digest *digest)
{
	char text[DIGEST_TEXT_SIZE];

	return json_string(digest_text(digest, text));
}

static bool add_vote(void *context, const struct store_row *row)
{
	return json_array_append_new(
		       context,
		       json_pack(
			       "{s:s, s:s, s:s, s:s, s:s, s:I}", "issuer", store_row_text(row, 0),
			       "key", store_row_text(row, 1), "name", store_row_text(row, 2),
			       "vote", store_row_integer(row, 3) != 0 ? "approve" : "refuse",
			       "comment", store_row_text(row, 4), "at_ns",
			       (json_int_t)store_row_integer(row, 5)
		       )
	       ) == 0;
}

static json_t *votes_json(struct approvals *a, const struct approval_row *row)
{
	json_t *list = json_array();

	int r = list == NULL ? -ENOMEM
			     : store_each(
				       a->config.store,
				       "SELECT issuer, key, name, yes, comment, time_ns FROM votes"
				       " WHERE approval=? ORDER BY time_ns",
				       STORE_VALUES(store_integer(row->n)), add_vote, list
			       );
	if (r == 0)
		return list;
	json_decref(list);
	return NULL;
}

// What only the one kind has.
static int add_kind(json_t *json, const struct approval_row *row)
{
	if (row->is_access) {
		json_int_t s = (json_int_t)(row->valid_ns / 1000000000);
		int bad = json_object_set_new(json, "duration_s", json_integer(s));
		return bad | json_object_set_new(json, "reason", json_string(row->purpose));
	}
	int bad = json_object_set_new(json, "mode", json_string(row->is_retry ? "retry" : "wait"));
	bad |= json_object_set_new(json, "effects", effects_json(row->effects));
	bad |= json_object_set_new(json, "budget", json_boolean(row->effects == 0));
	bad |= json_object_set(json, "masked", row->masked);
	bad |= json_object_set_new(json, "cut", json_boolean(row->cut));
	return bad | json_object_set_new(json, "digest", digest_json(&row->digest));
}

json_t *row_json(struct approvals *a, const struct approval_row *row, const struct subject *viewer)
{
	char why[APPROVAL_WHY] = "log in to vote";
	bool pending = strcmp(row->state, "pending") == 0;
	bool may = viewer != NULL && vote_may(row, viewer, why) == VOTE_COUNTED;
	uint64_t ends = pending ? row->deadline_ns : row->expires_ns;

	json_t *json = json_pack(
		"{s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:s, s:o, s:O, s:s, s:I, s:o, s:o, s:i, s:O,"
		" s:o, s:b}",
		"id", row->id, "kind", row->is_access ? "access" : "command", "state", row->state,
		"outcome", row->outcome, "session",
		row->session_name[0] == '\0' ? json_null() : json_string(row->session_name),
		"resource", row->resource, "database", row->database, "rule", row->rule,
		"policy_digest", digest_json(&row->policy), "chain", row->links, "who", row->who,
		"requested_ns", (json_int_t)row->requested_ns, "expires_ns", time_json(ends),
		"decided_ns", time_json(row->decided_ns), "quorum", (int)row->quorum, "approvers",
		row->approvers, "votes", votes_json(a, row), "may_vote", may && pending
	);
	int bad = json == NULL ? -1 : add_kind(json, row);
	if (bad == 0 && pending && may && row->text != NULL)
		bad = json_object_set(json, "text", row->text);
	if (bad == 0 && !may)
		bad = json_object_set_new(json, "why_not", json_string(why));
	if (bad == 0)
		return json;
	json_decref(json);
	return NULL;
}

json_t *row_fields(const struct approval_row *row)
{
	char effects[128], *approvers;

	effects_list(row->effects, effects, sizeof(effects));
	approvers = json_dumps(row->approvers, JSON_COMPACT);
	const char *masked = json_string_value(row->masked);
	json_t *fields = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id", row->id,
		"kind", row->is_access ? "access" : "command", "state", row->state, "outcome",
		row->outcome, "who", row->who, "resource", row->resource, "database", row->database,
		"rule", row->rule, "effects",
		row->is_access      ? ""
		: row->effects == 0 ? "budget"
				    : effects,
		"approvers", approvers == NULL ? "" : approvers, "purpose", row->purpose, "session",
		row->session_name
	);
	if (fields != NULL && !row->is_access)
		json_object_set_new(fields, "excerpt", text_excerpt(span_str(masked), EXCERPT_MAX));
	free(approvers);
	return fields;
}

// ---- lists

struct listing {
	struct approvals *a;
	const struct subject *viewer;
};

static json_t *list_one(void *context, const struct store_row *store_row)
{
	const struct listing *l = context;
	struct approval_row row = {0};

	read_row(&row, store_row);
	json_t *json = row_json(l->a, &row, l->viewer);
	row_fini(&row);
	return json;
}

int approvals_list(
	struct approvals *approvals, const struct approval_query *query, json_t **list,
	int64_t *next
)
{
	struct listing l = {approvals, query->viewer};
	const struct store_page page = {query->limit, list_one, &l};

	return store_page(
		approvals->config.store,
		COLUMNS "WHERE (?1=0 OR n<?1) AND (?2 IS NULL OR state=?2)"
			" AND (?3 IS NULL OR kind=?3) ORDER BY n DESC LIMIT ?4",
		STORE_VALUES(
			store_integer(query->before), store_text(query->state),
			store_text(query->kind)
		),
		&page, list, next
	);
}

int approvals_get(
	struct approvals *approvals, const char *id, const struct subject *viewer, json_t **out
)
{
	struct approval_row row;
	json_t *json = NULL;

	int r = row_load(approvals, id, &row);
	if (r == 0) {
		json = row_json(approvals, &row, viewer);
		r = json == NULL ? -ENOMEM : 0;
	}
	row_fini(&row);
	if (r == 0)
		*out = json;
	return r;
}
