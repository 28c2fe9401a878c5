// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/approval/state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- the row

static const struct chain_link *actor(const struct subject *subject)
{
	return &subject->links[subject->n_links - 1];
}

static json_t *link_json(const struct chain_link *link)
{
	char node[NODE_TEXT_SIZE], subject[NODE_TEXT_SIZE], token[NODE_TEXT_SIZE];

	return json_pack(
		"{s:s, s:s, s:s, s:o, s:o, s:o, s:s}", "node", node_text(&link->node, node),
		"subject", node_text(&link->subject, subject), "token",
		node_text(&link->token, token), "issuer", text_show(span_str(link->issuer)), "key",
		text_show(span_str(link->key)), "name", text_show(span_str(link->name)), "kind",
		subject_kind_name(link->kind)
	);
}

static char *links_text(const struct subject *subject)
{
	json_t *list = json_array();
	bool bad = list == NULL;

	for (uint16_t i = 0; i < subject->n_links && !bad; i++)
		bad = json_array_append_new(list, link_json(&subject->links[i])) != 0;
	char *text = bad ? NULL : json_dumps(list, JSON_COMPACT);
	json_decref(list);
	return text;
}

static char *approvers_text(const struct approval_rule *rule)
{
	json_t *list = json_array();
	bool bad = list == NULL;

	for (uint16_t i = 0; i < rule->n_approvers && !bad; i++)
		bad = json_array_append_new(list, json_string(rule->approvers[i])) != 0;
	char *text = bad ? NULL : json_dumps(list, JSON_COMPACT);
	json_decref(list);
	return text;
}

int asked_chain(const struct subject *subject, bool by_node, struct digest *out)
{
	struct span pieces[SUBJECT_LINKS_MAX];

	for (uint16_t i = 0; i < subject->n_links; i++) {
		const struct chain_link *link = &subject->links[i];
		pieces[i] = span_of(by_node ? &link->node : &link->subject, sizeof(link->node));
	}
	return digest_of(pieces, subject->n_links, out);
}

static int insert(struct approvals *a, const struct asked *asked, char *links, char *approvers)
{
	const struct approval_request *q = asked->request;
	const struct held *held = asked->held;
	const char *text = held == NULL ? "" : held->text;
	const char *masked = held == NULL ? "" : held->text + held->text_len;
	char who[512], database[64], purpose[APPROVAL_PURPOSE_MAX + 1];

	if (links == NULL || approvers == NULL)
		return -ENOMEM;
	text_copy(who, sizeof(who), q->subject->chain);
	text_copy(database, sizeof(database), q->database);
	text_copy(purpose, sizeof(purpose), asked->purpose);
	return store_run(
		a->config.store,
		"INSERT INTO approvals(id, kind, mode, state, purpose, epoch, worker, session,"
		" session_name, requested_ns, deadline_ns, timeout_ns, valid_ns, digest, chain,"
		" policy, subject, links, who, resource, database, rule, approvers, quorum,"
		" effects, text, masked, cut)"
		" VALUES(?,?,?,'pending',?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
		STORE_VALUES(
			store_text(asked->id), store_text(asked->is_access ? "access" : "command"),
			store_text(q->rule.mode == APPROVAL_RETRY ? "retry" : "wait"),
			store_text(purpose), store_integer((int64_t)a->config.epoch),
			store_integer(q->worker), store_integer((int64_t)q->session),
			store_text(q->session_name), store_integer((int64_t)asked->now),
			store_integer((int64_t)(asked->now + q->rule.timeout_ns)),
			store_integer((int64_t)q->rule.timeout_ns),
			store_integer((int64_t)asked->valid_ns),
			store_blob(asked->digest.b, sizeof(asked->digest.b)),
			store_blob(asked->chain.b, sizeof(asked->chain.b)),
			store_blob(q->policy, 32),
			store_blob(&actor(q->subject)->subject, sizeof(struct node_id)),
			store_text(links), store_text(who), store_text(q->resource),
			store_text(database), store_text(q->rule.name), store_text(approvers),
			store_integer(q->rule.quorum == 0 ? 1 : q->rule.quorum),
			store_integer(held == NULL ? 0 : held->effects),
			store_blob(text, held == NULL ? 0 : held->text_len),
			store_blob(masked, held == NULL ? 0 : held->masked_len),
			store_integer(held != NULL && held->cut)
		)
	);
}

int asked_put(struct approvals *a, const struct asked *asked)
{
	struct approval_row row = {0};
	char *links = links_text(asked->request->subject);
	char *approvers = approvers_text(&asked->request->rule);

	int r = insert(a, asked, links, approvers);
	free(links);
	free(approvers);
	if (r == 0)
		r = row_load(a, asked->id, &row);
	json_t *fields = r == 0 ? row_fields(&row) : NULL;
	if (r == 0 && fields == NULL)
		r = -ENOMEM;
	if (r == 0 && a->config.notify != NULL)
		r = notify_put(
			a->config.notify,
			asked->is_access ? NOTIFY_ACCESS_REQUESTED : NOTIFY_APPROVAL_REQUESTED,
			fields, asked->now
		);
	if (r == 0)
		r = approval_tell(
			a, asked->is_access ? "access_requested" : "approval_requested",
			json_incref(fields)
		);
	json_decref(fields);
	row_fini(&row);
	return r;
}

// ---- limits

static const uint64_t ns_per_s = 1000000000;

struct pending {
	uint64_t subject, resource, worker, rule;
};

static bool read_pending(void *context, const struct store_row *row)
{
	struct pending *p = context;

	p->subject = (uint64_t)store_row_integer(row, 0);
	p->resource = (uint64_t)store_row_integer(row, 1);
	p->worker = (uint64_t)store_row_integer(row, 2);
	p->rule = (uint64_t)store_row_integer(row, 3);
	return false;
}

int asked_limits(
	struct approvals *a, const struct approval_request *q, uint64_t now, const char **which
)
{
	struct pending p = {0};
	int r = store_each(
		a->config.store,
		"SELECT sum(subject=?1), sum(resource=?2), sum(worker=?3 AND session<>0),"
		" sum(subject=?1 AND rule=?4) FROM approvals WHERE state='pending'",
		STORE_VALUES(
			store_blob(&actor(q->subject)->subject, sizeof(struct node_id)),
			store_text(q->resource), store_integer(q->worker), store_text(q->rule.name)
		),
		read_pending, &p
	);

	*which = NULL;
	if (p.subject >= APPROVAL_SUBJECT_MAX)
		*which = "of the same subject";
	else if (q->rule.pending != 0 && p.rule >= q->rule.pending)
		*which = "of the same subject by this rule";
	else if (p.resource >= APPROVAL_RESOURCE_MAX)
		*which = "for this resource";
	else if (p.worker >= APPROVAL_WORKER_MAX)
		*which = "on this worker";
	// What is asked for and given up again does not wait, but people are told of it each time.
	else if (!rate_take(
			 &a->rate, &q->subject->links[0].subject, now / ns_per_s,
			 APPROVAL_ROOT_RATE, APPROVAL_ROOT_BURST
		 ))
		*which = "of the same root, or came at once";
	return r;
}

// ---- the same once more

static bool read_same(void *context, const struct store_row *row)
{
	struct same *same = context;

	same->n = store_row_integer(row, 0);
	snprintf(same->id, sizeof(same->id), "%s", store_row_text(row, 1));
	snprintf(same->state, sizeof(same->state), "%s", store_row_text(row, 2));
	return false;
}

int asked_same(struct approvals *a, const struct asked *asked, struct same *same)
{
	*same = (struct same){0};
	return store_each(
		a->config.store,
		"SELECT n, id, state FROM approvals WHERE digest=?1 AND chain=?2 AND kind=?3"
		" AND (kind='access' OR (mode='retry' AND policy=?4)) AND resource=?5"
		" AND ((state='pending' AND deadline_ns>?6)"
		"  OR (state='approved' AND kind='command' AND expires_ns>?6)"
		"  OR (state='refused' AND decided_ns+timeout_ns>?6))"
		" ORDER BY n DESC LIMIT 1",
		STORE_VALUES(
			store_blob(asked->digest.b, sizeof(asked->digest.b)),
			store_blob(asked->chain.b, sizeof(asked->chain.b)),
			store_text(asked->is_access ? "access" : "command"),
			store_blob(asked->request->policy, 32),
			store_text(asked->request->resource), store_integer((int64_t)asked->now)
		),
		read_same, same
	);
}
