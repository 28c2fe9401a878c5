// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/approval/state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct parked *parked_find(struct approvals *a, uint64_t id)
{
	for (size_t i = 0; i < a->n_parked; i++) {
		if (a->parked[i].id == id)
			return &a->parked[i];
	}
	return NULL;
}

void parked_remove(struct approvals *a, struct parked *parked)
{
	*parked = a->parked[--a->n_parked];
}

// ---- commands

struct outcome {
	enum decision decision;
	bool parks;
	uint64_t reference; // 0: the request is a new one
	char reason[96];
};

// What was approved runs now, unless those who said so are revoked meanwhile: then it is to be
// asked for again.
static int use(struct approvals *a, const struct same *same, uint64_t now, struct outcome *out)
{
	static const char revoked[] = "who approved it was revoked";
	struct approval_row row;
	uint32_t yes = 0;

	int r = row_load_n(a, same->n, &row);
	if (r == 0)
		r = votes_count(a, &row, &yes);
	bool stands = r == 0 && yes >= row.quorum;
	if (r == 0)
		r = row_move(
			a, &row, "approved", stands ? "used" : "cancelled", stands ? "" : revoked,
			now
		);
	if (r == 0)
		r = approval_tell(
			a, stands ? "approval_used" : "approval_cancelled", row_fields(&row)
		);
	row_fini(&row);
	if (r != 0)
		return r;
	a->stats.used += stands;
	a->stats.cancelled += !stands;
	out->decision = stands ? DECISION_APPROVED : DECISION_REFUSED;
	if (!stands)
		snprintf(out->reason, sizeof(out->reason), "%s", revoked);
	return 0;
}

static int hold_same(
	struct approvals *a, const struct same *same, uint64_t now, struct outcome *out
)
{
	out->reference = strtoull(same->id, NULL, 16);
	if (strcmp(same->state, "approved") == 0)
		return use(a, same, now, out);
	out->decision = strcmp(same->state, "refused") == 0 ? DECISION_REFUSED : DECISION_LATER;
	snprintf(
		out->reason, sizeof(out->reason), "%s",
		out->decision == DECISION_REFUSED ? "refused before" : "asked for before"
	);
	return 0;
}

static int hold_inside(struct approvals *a, const struct asked *asked, struct outcome *out)
{
	bool retry = asked->request->rule.mode == APPROVAL_RETRY;
	const char *limit = NULL;
	struct same same = {0};

	int r = retry ? asked_same(a, asked, &same) : 0;
	if (r != 0)
		return r;
	if (same.n != 0)
		return hold_same(a, &same, asked->now, out);
	r = asked_limits(a, asked->request, asked->now, &limit);
	if (r != 0)
		return r;
	if (limit != NULL) {
		out->decision = DECISION_LIMIT;
		snprintf(out->reason, sizeof(out->reason), "%s", limit);
		a->stats.limited++;
		return 0;
	}
	out->decision = DECISION_LATER;
	out->parks = !retry;
	a->stats.requested++;
	return asked_put(a, asked);
}

static int hold(
	struct approvals *a, const struct approval_request *request, const struct held *held,
	uint64_t now, struct outcome *out
)
{
	char id[APPROVAL_ID_SIZE];
	struct asked asked = {
		.request = request,
		.id = id,
		.held = held,
		.valid_ns = request->rule.valid_ns,
		.purpose = "",
		.now = now,
	};

	snprintf(id, sizeof(id), "%016llx", (unsigned long long)held->id);
	memcpy(asked.digest.b, held->digest, sizeof(asked.digest.b));
	int r = asked_chain(request->subject, true, &asked.chain);
	// Room before the row: a session that is not known here would not be answered.
	if (r == 0 && !grow((void **)&a->parked, &a->cap_parked, a->n_parked, sizeof(*a->parked)))
		r = -ENOMEM;
	if (r == 0)
		r = store_begin(a->config.store);
	if (r == 0)
		r = store_end(a->config.store, hold_inside(a, &asked, out));
	if (r == 0 && out->parks)
		a->parked[a->n_parked++] = (struct parked){
			.id = held->id,
			.worker = request->worker,
			.session = request->session,
			.deadline_ns = now + request->rule.timeout_ns,
		};
	return r;
}

void approvals_hold(
	struct approvals *approvals, const struct approval_request *request, struct held *held,
	struct approval_time now
)
{
	struct outcome out = {0};

	if (memcmp(request->policy, approvals->policy, sizeof(approvals->policy)) != 0) {
		out.decision = DECISION_AGAIN;
	} else if (request->subject->n_links == 0 || request->rule.n_approvers == 0) {
		out.decision = DECISION_REFUSED;
		snprintf(out.reason, sizeof(out.reason), "the rule names nobody who approves");
	} else {
		int r = hold(approvals, request, held, approvals_clock(approvals, now), &out);
		if (r != 0) {
			out = (struct outcome){.decision = DECISION_REFUSED};
			snprintf(
				out.reason, sizeof(out.reason),
				"the gateway cannot ask for approval now"
			);
			approval_failed(
				approvals, "a command", request->subject, request->resource, r
			);
		} else {
			told_flush(approvals);
		}
	}
	if (!out.parks)
		approval_decide(
			approvals, request->worker, request->session, held->id, out.reference,
			out.decision, out.reason
		);
	explicit_bzero(held->text, (size_t)held->text_len + held->masked_len);
	free(held);
}

// An answer that is on its way is taken back; one that has crossed this is not used.
static void answer_drop(struct approvals *a, uint64_t held_id)
{
	for (size_t i = 0; i < a->n_answers; i++) {
		const struct command *command = &a->answers[i].command;
		if (command->type != COMMAND_DECISION || command->number != held_id)
			continue;
		memmove(&a->answers[i], &a->answers[i + 1],
			(--a->n_answers - i) * sizeof(*a->answers));
		return;
	}
}

void approvals_gone(
	struct approvals *approvals, uint64_t held_id, const char *reason, struct approval_time now
)
{
	struct approvals *a = approvals;
	struct parked *parked = parked_find(a, held_id);

	answer_drop(a, held_id);
	if (parked == NULL) {
		if (!grow((void **)&a->parked, &a->cap_parked, a->n_parked, sizeof(*a->parked)))
			return; // an approval that was not used stays as used
		parked = &a->parked[a->n_parked++];
		*parked = (struct parked){.id = held_id};
	} else if (parked->end != NULL) {
		return; // expired, or the policy changed: that came first
	}
	parked->end = "cancelled";
	text_copy(parked->outcome, sizeof(parked->outcome), reason);
	(void)(approvals_settle(a, approvals_clock(a, now)) == 0);
}
