// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/approval/state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text == NULL ? "" : text;
}

// Whoever is part of the request: as any link of it, by any token.
static bool is_own(const json_t *links, const struct subject *voter)
{
	char text[NODE_TEXT_SIZE];
	size_t i;
	const json_t *link;

	for (uint16_t v = 0; v < voter->n_links; v++) {
		if (node_is_none(&voter->links[v].subject))
			return true; // nobody knows who it is
		node_text(&voter->links[v].subject, text);
		json_array_foreach(links, i, link)
		{
			if (strcmp(text_of(link, "subject"), text) == 0)
				return true;
		}
	}
	return false;
}

static bool is_approver(const json_t *approvers, const struct subject *voter)
{
	const struct chain_link *who = &voter->links[0];
	size_t i;
	const json_t *group;

	json_array_foreach(approvers, i, group)
	{
		for (uint16_t g = 0; g < who->n_groups; g++) {
			if (strcmp(json_string_value(group), who->groups[g]) == 0)
				return true;
		}
	}
	return false;
}

enum vote_result vote_may(
	const struct approval_row *row, const struct subject *voter, char why[static APPROVAL_WHY]
)
{
	if (voter->n_links != 1 || voter->depth != 0 || voter->links[0].kind != SUBJECT_HUMAN) {
		snprintf(
			why, APPROVAL_WHY, "%s",
			"only people decide, and the token does not prove that one does"
		);
		return VOTE_NOT_HUMAN;
	}
	if (is_own(row->links, voter)) {
		snprintf(
			why, APPROVAL_WHY, "%s",
			"nobody decides on a request of their own, or of those who act for them"
		);
		return VOTE_OWN;
	}
	if (!is_approver(row->approvers, voter)) {
		snprintf(
			why, APPROVAL_WHY,
			"rule \"%s\" asks others: the token names none of its "
			"groups",
			row->rule
		);
		return VOTE_NOT_APPROVER;
	}
	return VOTE_COUNTED;
}

// ---- one vote, in one transaction

struct voting {
	const struct subject *voter;
	bool yes;
	const char *comment;
	uint64_t now;
	char *why;
	enum vote_result result;
	enum decision decision; // for a session that waits, when `decided`
	bool decided;
};

static bool read_yes(void *context, const struct store_row *row)
{
	*(int *)context = store_row_integer(row, 0) != 0;
	return false;
}

// Out: *before: what the same person said: 0, 1, or -1 for nothing.
static int said_before(
	struct approvals *a, const struct approval_row *row, const struct chain_link *who,
	int *before
)
{
	*before = -1;
	return store_each(
		a->config.store, "SELECT yes FROM votes WHERE approval=? AND issuer=? AND key=?",
		STORE_VALUES(store_integer(row->n), store_text(who->issuer), store_text(who->key)),
		read_yes, before
	);
}

static int put_vote(struct approvals *a, const struct approval_row *row, const struct voting *v)
{
	const struct chain_link *who = &v->voter->links[0];
	char comment[APPROVAL_COMMENT_MAX + 1];

	snprintf(comment, sizeof(comment), "%s", v->comment == NULL ? "" : v->comment);
	json_t *shown = text_show(span_str(comment));
	if (shown == NULL)
		return -ENOMEM;
	int r = store_run(
		a->config.store,
		"INSERT INTO votes(approval, issuer, key, name, yes, comment, time_ns)"
		" VALUES(?,?,?,?,?,?,?) ON CONFLICT(approval, issuer, key) DO UPDATE SET"
		" yes=excluded.yes, comment=excluded.comment, time_ns=excluded.time_ns",
		STORE_VALUES(
			store_integer(row->n), store_text(who->issuer), store_text(who->key),
			store_text(who->name), store_integer(v->yes),
			store_text(json_string_value(shown)), store_integer((int64_t)v->now)
		)
	);
	if (r == 0) {
		json_t *fields = json_pack(
			"{s:s, s:s, s:s, s:s, s:s, s:O}", "id", row->id, "issuer", who->issuer,
			"subject", who->key, "name", who->name, "vote",
			v->yes ? "approve" : "refuse", "comment", shown
		);
		r = approval_tell(a, "approval_vote", fields);
	}
	json_decref(shown);
	return r;
}

struct count {
	const struct approvals_config *config;
	uint32_t yes;
};

static bool add_vote(void *context, const struct store_row *row)
{
	struct count *count = context;
	const struct node_id who = node_of_subject(store_row_text(row, 0), store_row_text(row, 1));

	count->yes += !count->config->is_revoked(count->config->context, &who);
	return true;
}

int votes_count(struct approvals *a, const struct approval_row *row, uint32_t *yes)
{
	struct count count = {&a->config, 0};

	int r = store_each(
		a->config.store, "SELECT issuer, key FROM votes WHERE approval=? AND yes=1",
		STORE_VALUES(store_integer(row->n)), add_vote, &count
	);
	*yes = count.yes;
	return r;
}

static int announce(struct approvals *a, const struct approval_row *row, const struct voting *v)
{
	json_t *fields = row_fields(row);
	int r = fields == NULL ? -ENOMEM : 0;

	if (r == 0 && json_object_set_new(fields, "by", json_string(v->voter->links[0].name)) != 0)
		r = -ENOMEM;
	if (r == 0 && a->config.notify != NULL)
		r = notify_put(
			a->config.notify,
			row->is_access ? NOTIFY_ACCESS_DECIDED : NOTIFY_APPROVAL_DECIDED, fields,
			v->now
		);
	if (r != 0) {
		json_decref(fields);
		return r;
	}
	return approval_tell(a, "approval_decided", fields);
}

static int put_grant(struct approvals *a, const struct approval_row *row, uint64_t now)
{
	int r = store_run(
		a->config.store,
		"INSERT INTO grants(approval, chain, resource, granted_ns, expires_ns)"
		" VALUES(?,?,?,?,?)",
		STORE_VALUES(
			store_integer(row->n), store_blob(row->chain.b, sizeof(row->chain.b)),
			store_text(row->resource), store_integer((int64_t)now),
			store_integer((int64_t)(now + row->valid_ns))
		)
	);

	if (r != 0)
		return r;
	return approval_tell(
		a, "access_granted",
		json_pack(
			"{s:s, s:s, s:s, s:I, s:I}", "id", row->id, "who", row->who, "resource",
			row->resource, "granted_ns", (json_int_t)now, "expires_ns",
			(json_int_t)(now + row->valid_ns)
		)
	);
}

static int approve(struct approvals *a, struct approval_row *row, struct voting *v)
{
	bool waits = !row->is_access && !row->is_retry;
	uint32_t yes;

	int r = votes_count(a, row, &yes);
	if (r != 0)
		return r;
	if (yes < row->quorum) {
		snprintf(v->why, APPROVAL_WHY, "counted: %u of %u", yes, row->quorum);
		v->result = VOTE_COUNTED;
		return 0;
	}
	r = row_move(a, row, "pending", "approved", "", v->now);
	if (r == 0)
		r = announce(a, row, v);
	// The session that waits for it runs it now: nobody else can.
	if (r == 0 && waits)
		r = row_move(a, row, "approved", "used", "", v->now);
	if (r == 0 && waits)
		r = approval_tell(a, "approval_used", row_fields(row));
	if (r == 0 && row->is_access)
		r = put_grant(a, row, v->now);
	v->result = VOTE_APPROVED;
	v->decision = DECISION_APPROVED;
	v->decided = true;
	snprintf(v->why, APPROVAL_WHY, "approved");
	return r;
}

static int refuse(struct approvals *a, struct approval_row *row, struct voting *v)
{
	char outcome[96];

	memcpy(outcome, "by ", 4);
	text_copy(outcome + 3, sizeof(outcome) - 3, v->voter->links[0].name);
	int r = row_move(a, row, "pending", "refused", outcome, v->now);
	if (r == 0)
		r = announce(a, row, v);
	v->result = VOTE_REFUSED;
	v->decision = DECISION_REFUSED;
	v->decided = true;
	snprintf(v->why, APPROVAL_WHY, "refused");
	return r;
}

static int vote_inside(struct approvals *a, struct approval_row *row, struct voting *v)
{
	int before;

	v->result = vote_may(row, v->voter, v->why);
	if (v->result != VOTE_COUNTED)
		return 0;
	if (strcmp(row->state, "pending") != 0 || row->deadline_ns <= v->now) {
		bool late = strcmp(row->state, "pending") == 0;
		snprintf(
			v->why, APPROVAL_WHY, "it is %s%s%.100s", late ? "expired" : row->state,
			row->outcome[0] == '\0' ? "" : ": ", row->outcome
		);
		v->result = VOTE_OVER;
		return 0;
	}
	int r = said_before(a, row, &v->voter->links[0], &before);
	if (r != 0)
		return r;
	if (before == (int)v->yes) {
		snprintf(v->why, APPROVAL_WHY, "you have said so before: it takes somebody else");
		v->result = VOTE_TWICE;
		return 0;
	}
	r = put_vote(a, row, v);
	if (r != 0)
		return r;
	return v->yes ? approve(a, row, v) : refuse(a, row, v);
}

static void tell_session(
	struct approvals *a, const struct approval_row *row, const struct voting *v
)
{
	struct parked *parked = parked_find(a, strtoull(row->id, NULL, 16));

	if (v->decision == DECISION_APPROVED)
		a->stats.approved++;
	else
		a->stats.refused++;
	if (row->is_access || row->is_retry || parked == NULL)
		return;
	if (v->decision == DECISION_APPROVED)
		a->stats.used++;
	approval_decide(
		a, parked->worker, parked->session, parked->id, parked->id, v->decision,
		row->outcome
	);
	parked_remove(a, parked);
}

int approvals_vote(
	struct approvals *approvals, const char *id, const struct subject *voter, bool yes,
	const char *comment, struct approval_time now, char why[static APPROVAL_WHY]
)
{
	struct voting v = {
		.voter = voter,
		.yes = yes,
		.comment = comment,
		.now = approvals_clock(approvals, now),
		.why = why,
	};
	struct approval_row row = {0};

	why[0] = '\0';
	// What has ended meanwhile has ended, whatever the store has of it yet.
	int r = approvals_settle(approvals, v.now);
	if (r == 0)
		r = store_begin(approvals->config.store);
	if (r == 0) {
		r = row_load(approvals, id, &row);
		if (r == 0)
			r = vote_inside(approvals, &row, &v);
		r = store_end(approvals->config.store, r);
	}
	if (r == 0 && v.decided)
		tell_session(approvals, &row, &v);
	if (r == 0)
		told_flush(approvals);
	if (r == 0 && v.result >= VOTE_TWICE)
		approvals->stats.votes_turned_away++;
	row_fini(&row);
	return r == 0 ? (int)v.result : r;
}
