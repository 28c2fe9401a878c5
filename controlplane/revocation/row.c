// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/revocation/row.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS                                                                                  \
	"n, kind, id, label, reason, revoked_by, revoked_s, until_s, lifted_s, lifted_by, done," \
	" sessions, cut_us, took_us"

static bool kind_parse(const char *text, enum revoke_kind *out)
{
	for (enum revoke_kind kind = REVOKE_TOKEN; kind <= REVOKE_RESOURCE; kind++) {
		if (strcmp(text, revoke_kind_name(kind)) == 0) {
			*out = kind;
			return true;
		}
	}
	return false;
}

int row_put(struct store *store, const struct revocation *r)
{
	return store_run(
		store,
		"INSERT OR REPLACE INTO revocations(" COLUMNS
		") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
		STORE_VALUES(
			store_integer(r->n), store_text(revoke_kind_name(r->kind)),
			store_blob(&r->node, sizeof(r->node)), store_text(r->label),
			store_text(r->reason), store_text(r->by), store_integer((int64_t)r->at_s),
			store_integer((int64_t)r->until_s), store_integer((int64_t)r->lifted_s),
			store_text(r->lifted_by), store_integer(r->done),
			store_integer((int64_t)r->sessions), store_integer((int64_t)r->cut_us),
			store_integer((int64_t)r->took_us)
		)
	);
}

int row_lift(struct store *store, const struct revocation *r)
{
	return store_run(
		store, "UPDATE revocations SET lifted_s=?, lifted_by=? WHERE n=?",
		STORE_VALUES(
			store_integer((int64_t)r->lifted_s), store_text(r->lifted_by),
			store_integer(r->n)
		)
	);
}

int row_done(struct store *store, const struct revocation *r)
{
	return store_run(
		store, "UPDATE revocations SET done=1, sessions=?, cut_us=?, took_us=? WHERE n=?",
		STORE_VALUES(
			store_integer((int64_t)r->sessions), store_integer((int64_t)r->cut_us),
			store_integer((int64_t)r->took_us), store_integer(r->n)
		)
	);
}

struct reading {
	revocation_each_fn *each;
	void *context;
};

// A row that makes no sense, somebody's own handiwork, is passed over.
static bool read_row(void *context, const struct store_row *row)
{
	const struct reading *reading = context;
	struct span id = store_row_blob(row, 2);
	struct revocation r = {
		.n = store_row_integer(row, 0),
		.at_s = (uint64_t)store_row_integer(row, 6),
		.until_s = (uint64_t)store_row_integer(row, 7),
		.lifted_s = (uint64_t)store_row_integer(row, 8),
		.stored = true,
		.done = store_row_integer(row, 10) != 0,
		.sessions = (uint64_t)store_row_integer(row, 11),
		.cut_us = (uint64_t)store_row_integer(row, 12),
		.took_us = (uint64_t)store_row_integer(row, 13),
	};

	if (!kind_parse(store_row_text(row, 1), &r.kind) || id.n != sizeof(r.node))
		return true;
	memcpy(&r.node, id.p, sizeof(r.node));
	snprintf(r.label, sizeof(r.label), "%s", store_row_text(row, 3));
	snprintf(r.reason, sizeof(r.reason), "%s", store_row_text(row, 4));
	snprintf(r.by, sizeof(r.by), "%s", store_row_text(row, 5));
	snprintf(r.lifted_by, sizeof(r.lifted_by), "%s", store_row_text(row, 9));
	return reading->each(reading->context, &r);
}

int row_get(struct store *store, int64_t n, revocation_each_fn *each, void *context)
{
	struct reading reading = {each, context};

	return store_each(
		store, "SELECT " COLUMNS " FROM revocations WHERE n=?",
		STORE_VALUES(store_integer(n)), read_row, &reading
	);
}

static struct store_value below(int64_t before)
{
	return store_integer(before > 0 ? before : INT64_MAX);
}

int row_list(
	struct store *store, unsigned limit, int64_t before, revocation_each_fn *each, void *context
)
{
	struct reading reading = {each, context};

	return store_each(
		store, "SELECT " COLUMNS " FROM revocations WHERE n<? ORDER BY n DESC LIMIT ?",
		STORE_VALUES(below(before), store_integer(limit)), read_row, &reading
	);
}

int row_list_in_force(
	struct store *store, unsigned limit, int64_t before, uint64_t now_s,
	revocation_each_fn *each, void *context
)
{
	struct reading reading = {each, context};

	return store_each(
		store,
		"SELECT " COLUMNS " FROM revocations WHERE lifted_s=0 AND (until_s=0 OR until_s>?)"
		" AND n<? ORDER BY n DESC LIMIT ?",
		STORE_VALUES(store_integer((int64_t)now_s), below(before), store_integer(limit)),
		read_row, &reading
	);
}

static bool take_number(void *context, const struct store_row *row)
{
	*(int64_t *)context = store_row_integer(row, 0);
	return false;
}

int row_last(struct store *store, int64_t *n)
{
	*n = 0;
	return store_each(store, "SELECT max(n) FROM revocations", STORE_NO_VALUES, take_number, n);
}
