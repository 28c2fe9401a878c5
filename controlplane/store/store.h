// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What must outlive the process and exists nowhere else: approvals, votes, grants, revocations,
// budgets, signing keys, notifications that are not delivered yet. SQLite, <state>/store.db.
// (The index of sessions, bulkhead.db, can be built again from the recordings; this cannot.)
//
// A commit that has returned 0 survives kill -9 and power failure. Nothing here is thread-safe: the
// control thread owns a store, and what other threads learn they hand to it.
//
// Usage of a change:
//	int r = store_begin(store);
//	if (r == 0)
//		r = store_run(store, "UPDATE ... WHERE id=? AND state=?", STORE_VALUES(
//			store_text(id), store_text("pending")));
//	if (r == 0 && store_changes(store) != 1)
//		r = -ENOENT;              // somebody was faster: a guard, not an error of the store
//	r = store_end(store, r);          // commits when r is 0, else rolls back
//
// Tables are made by the migrations in schema.c.

#pragma once

#include "dataplane/base/err.h"
#include "dataplane/base/span.h"

#include <stdbool.h>
#include <stdint.h>

enum store_limit {
	STORE_WHY = 384,
	STORE_BUSY_MS = 250, // the longest wait for another process that has it locked
};

struct store;

// Open the store under `state`, which exists; create it (mode 0600) when there is none; bring it up
// to the newest schema. Out: *out, ended with store_close. Returns 0, or a negative result with
// `why`, which says what to do: ERR_MALFORMED, it is damaged or something else; ERR_UNSUPPORTED, a
// newer Bulkhead wrote it; -EBUSY, -ENOSPC, -EIO, -ENOMEM. A damaged store is never replaced: it
// holds revocations.
int store_open(const char *state, struct store **out, char why[static STORE_WHY]) must_check;
// Rolls back what is open. Accepts NULL.
void store_close(struct store *store);

// ---- values and rows

enum store_type { STORE_NULL, STORE_INTEGER, STORE_TEXT, STORE_BLOB };

struct store_value {
	enum store_type type;
	int64_t integer;
	struct span bytes; // STORE_TEXT, STORE_BLOB: borrowed until the call returns
};

static inline struct store_value store_integer(int64_t v)
{
	return (struct store_value){.type = STORE_INTEGER, .integer = v};
}

// NULL gives SQL's NULL.
static inline struct store_value store_text(const char *s)
{
	if (s == NULL)
		return (struct store_value){.type = STORE_NULL};
	return (struct store_value){.type = STORE_TEXT, .bytes = span_str(s)};
}

static inline struct store_value store_blob(const void *p, size_t n)
{
	return (struct store_value){.type = STORE_BLOB, .bytes = span_of(p, n)};
}

static inline struct store_value store_null(void)
{
	return (struct store_value){.type = STORE_NULL};
}

// The values of a statement's parameters, in order.
#define STORE_VALUES(...)                          \
	(const struct store_value[]){__VA_ARGS__}, \
		sizeof((const struct store_value[]){__VA_ARGS__}) / sizeof(struct store_value)
#define STORE_NO_VALUES NULL, 0

struct store_row;

// Columns count from 0; NULL reads as 0, "" and an empty span. What is returned lives until the
// callback returns.
int64_t store_row_integer(const struct store_row *row, unsigned column);
const char *store_row_text(const struct store_row *row, unsigned column);
struct span store_row_blob(const struct store_row *row, unsigned column);
bool store_row_is_null(const struct store_row *row, unsigned column);

// ---- statements. `sql` is one statement, a string that stays where it is (a literal): it is
// prepared once and found again by its address.
//
// All return 0 or: -EBUSY, another process has the store locked; -ENOSPC, the disk is full;
// -EEXIST, a row with that key is there; -ENOMEM; -EIO for all else. What failed is in
// store_health.

int store_run(
	struct store *store, const char *sql, const struct store_value *values, unsigned n_values
) must_check;
// Rows that the last store_run inserted, changed or deleted.
unsigned store_changes(const struct store *store);
// The INTEGER PRIMARY KEY that the last store_run inserted.
int64_t store_last_id(const struct store *store);

// Calls `each` for every row until it returns false. It may run other statements, but not `sql`.
typedef bool store_each_fn(void *context, const struct store_row *row);
int store_each(
	struct store *store, const char *sql, const struct store_value *values, unsigned n_values,
	store_each_fn *each, void *context
) must_check;

// ---- transactions

// Takes the right to write at once, so that what is read inside is still so at the commit. Not
// nested. Returns as store_run.
int store_begin(struct store *store) must_check;
// Commit when `result` is 0, else roll back. Returns `result`, or why the commit failed: then
// nothing has changed.
int store_end(struct store *store, int result) must_check;
bool store_is_inside(const struct store *store);

// Write what was erased out of the write-ahead log too. It need not succeed: the next one will.
void store_checkpoint(struct store *store);

// ---- health

struct store_health {
	bool healthy;         // the last change went through
	uint64_t failures;    // since the start
	uint64_t failed_at_s; // seconds since 1970; 0: never
	int error;            // the last failure's result
	char why[STORE_WHY];  // SQLite's words
};

struct store_health store_health(const struct store *store);
// When it is not healthy: try again with a change that means nothing. Call about once a second.
void store_probe(struct store *store);
