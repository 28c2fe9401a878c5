// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/approval/state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { BATCH = 64 };

static const uint64_t ns_per_s = 1000000000;
static const uint64_t due_ns = 50000000;     // how often to look at what is due
static const int64_t drift_max = 2000000000; // of the wall clock, that nobody needs to hear of

// ---- rows that have ended

static int end_row(
	struct approvals *a, int64_t n, const char *to, const char *outcome, uint64_t now
)
{
	struct approval_row row;
	char from[sizeof(row.state)];
	bool expired = strcmp(to, "expired") == 0;

	int r = row_load_n(a, n, &row);
	if (r == 0) {
		memcpy(from, row.state, sizeof(from));
		r = row_move(a, &row, from, to, outcome, now);
	}
	json_t *fields = r == 0 ? row_fields(&row) : NULL;
	if (r == 0 && fields == NULL)
		r = -ENOMEM;
	if (r == 0 && expired && a->config.notify != NULL)
		r = notify_put(a->config.notify, NOTIFY_APPROVAL_EXPIRED, fields, now);
	if (r == 0)
		r = approval_tell(
			a, expired ? "approval_expired" : "approval_cancelled", json_incref(fields)
		);
	json_decref(fields);
	row_fini(&row);
	return r;
}

struct batch {
	int64_t n[BATCH];
	unsigned count;
};

static bool add_n(void *context, const struct store_row *row)
{
	struct batch *batch = context;

	batch->n[batch->count++] = store_row_integer(row, 0);
	return batch->count < BATCH;
}

struct ending {
	const char *sql; // finds them; none of them once it has ended
	const struct store_value *values;
	unsigned n_values;
	const char *to, *outcome;
};

static int find(struct approvals *a, const struct ending *ending, struct batch *batch)
{
	batch->count = 0;
	return store_each(
		a->config.store, ending->sql, ending->values, ending->n_values, add_n, batch
	);
}

// A look without the right to write, since mostly there are none; then those that are there with
// it.
static int end_batch(
	struct approvals *a, const struct ending *ending, uint64_t now, unsigned *count
)
{
	struct batch batch;

	int r = find(a, ending, &batch);
	*count = batch.count;
	if (r != 0 || batch.count == 0)
		return r;
	r = store_begin(a->config.store);
	if (r == 0) {
		r = find(a, ending, &batch);
		for (unsigned i = 0; i < batch.count && r == 0; i++)
			r = end_row(a, batch.n[i], ending->to, ending->outcome, now);
		r = store_end(a->config.store, r);
	}
	if (r != 0)
		return r;
	if (strcmp(ending->to, "expired") == 0)
		a->stats.expired += batch.count;
	else
		a->stats.cancelled += batch.count;
	return 0;
}

static int end_rows(
	struct approvals *a, const char *sql, const struct store_value *values, unsigned n_values,
	const char *to, const char *outcome, uint64_t now
)
{
	const struct ending ending = {sql, values, n_values, to, outcome};
	unsigned count;
	int r;

	do
		r = end_batch(a, &ending, now, &count);
	while (r == 0 && count == BATCH);
	return r;
}

// One that waited, and was answered already. Also one whose approval found nobody any more.
static int settle_parked(struct approvals *a, const struct parked *parked, uint64_t now)
{
	char id[APPROVAL_ID_SIZE];

	snprintf(id, sizeof(id), "%016llx", (unsigned long long)parked->id);
	return end_rows(
		a,
		"SELECT n FROM approvals WHERE id=? AND kind='command' AND mode='wait'"
		" AND (state='pending' OR (state='used' AND ?='cancelled'))",
		STORE_VALUES(store_text(id), store_text(parked->end)), parked->end, parked->outcome,
		now
	);
}

int approvals_settle(struct approvals *a, uint64_t now)
{
	int r = 0;

	for (size_t i = 0; i < a->n_parked && r == 0;) {
		if (a->parked[i].end == NULL) {
			i++;
			continue;
		}
		r = settle_parked(a, &a->parked[i], now);
		if (r == 0)
			parked_remove(a, &a->parked[i]);
	}
	if (r == 0) // their sessions ended with the process
		r = end_rows(
			a,
			"SELECT n FROM approvals WHERE state='pending' AND kind='command'"
			" AND mode='wait' AND epoch<>? LIMIT 64",
			STORE_VALUES(store_integer((int64_t)a->config.epoch)), "cancelled",
			"the gateway was started again", now
		);
	if (r == 0)
		r = end_rows(
			a,
			"SELECT n FROM approvals WHERE (state='pending' AND deadline_ns<=?1)"
			" OR (state='approved' AND kind='command' AND expires_ns<=?1) LIMIT 64",
			STORE_VALUES(store_integer((int64_t)now)), "expired", "", now
		);
	if (r == 0 && a->has_policy)
		r = end_rows(
			a,
			"SELECT n FROM approvals WHERE policy<>? AND (state='pending'"
			" OR (state='approved' AND kind='command')) LIMIT 64",
			STORE_VALUES(store_blob(a->policy, sizeof(a->policy))), "cancelled",
			"the policy has changed", now
		);
	a->unsettled = r != 0;
	return r;
}

// ---- sessions that wait

static void end_parked(
	struct approvals *a, struct parked *parked, const char *to, const char *outcome,
	enum decision decision
)
{
	if (parked->end != NULL)
		return;
	parked->end = to;
	snprintf(parked->outcome, sizeof(parked->outcome), "%s", outcome);
	approval_decide(a, parked->worker, parked->session, parked->id, parked->id, decision, "");
}

static void end_late(struct approvals *a, uint64_t now)
{
	for (size_t i = 0; i < a->n_parked; i++) {
		if (a->parked[i].deadline_ns <= now)
			end_parked(a, &a->parked[i], "expired", "", DECISION_TIMEOUT);
	}
}

void approvals_policy(
	struct approvals *approvals, const uint8_t digest[static 32], struct approval_time now
)
{
	struct approvals *a = approvals;
	bool same = memcmp(a->policy, digest, sizeof(a->policy)) == 0;

	memcpy(a->policy, digest, sizeof(a->policy));
	a->has_policy = true;
	for (size_t i = 0; i < a->n_parked && !same; i++)
		end_parked(a, &a->parked[i], "cancelled", "the policy has changed", DECISION_AGAIN);
	if (approvals_settle(a, approvals_clock(a, now)) == 0)
		told_flush(a);
}

// ---- the clock

static int shift(struct approvals *a, int64_t by)
{
	int r = store_begin(a->config.store);

	if (r == 0)
		r = store_run(
			a->config.store,
			"UPDATE approvals SET deadline_ns=deadline_ns+?1,"
			" expires_ns=expires_ns+?1 WHERE state IN ('pending', 'approved')",
			STORE_VALUES(store_integer(by))
		);
	if (r == 0)
		r = store_run(
			a->config.store,
			"UPDATE grants SET expires_ns=expires_ns+?1 WHERE revoked_ns IS NULL"
			" AND expires_ns>?2",
			STORE_VALUES(store_integer(by), store_integer((int64_t)a->anchor.wall_ns))
		);
	return store_end(a->config.store, r);
}

// Somebody has set the wall clock. What was to last ten minutes lasts ten minutes all the same:
// the times in the store move along. Until they have, the old time goes on.
static void follow(struct approvals *a, struct approval_time time)
{
	uint64_t now = approvals_clock(a, time);
	int64_t by = (int64_t)(time.wall_ns - now);

	if (by >= -drift_max && by <= drift_max)
		return;
	a->anchor = (struct approval_time){.wall_ns = now, .steady_ns = time.steady_ns};
	if (shift(a, by) != 0)
		return;
	for (size_t i = 0; i < a->n_parked; i++)
		a->parked[i].deadline_ns += (uint64_t)by;
	a->anchor.wall_ns = time.wall_ns;
	log_line(
		LOG_WARN, "approval", "the clock jumped by %lld ms: deadlines follow",
		(long long)(by / 1000000)
	);
}

// ---- the loop's part

static bool read_pending(void *context, const struct store_row *row)
{
	*(uint64_t *)context = (uint64_t)store_row_integer(row, 0);
	return false;
}

static void each_second(struct approvals *a)
{
	if (store_each(
		    a->config.store, "SELECT count(*) FROM approvals WHERE state='pending'",
		    STORE_NO_VALUES, read_pending, &a->stats.pending
	    ) != 0)
		return;
	told_erase(a);
	if (a->erased)
		store_checkpoint(a->config.store);
	a->erased = false;
}

void approvals_tick(struct approvals *approvals, struct approval_time now)
{
	struct approvals *a = approvals;

	answers_flush(a);
	if (now.steady_ns < a->due_ns)
		return;
	a->due_ns = now.steady_ns + due_ns;
	follow(a, now);
	uint64_t clock = approvals_clock(a, now);
	end_late(a, clock);
	if (approvals_settle(a, clock) != 0)
		log_limited(
			&a->limit, LOG_ERROR, "approval", "what has ended is not in the store yet"
		);
	told_flush(a);
	if (now.steady_ns < a->second_ns)
		return;
	a->second_ns = now.steady_ns + ns_per_s;
	each_second(a);
}
