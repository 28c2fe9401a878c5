// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/store/state.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

static int result_of(int code, int number)
{
	// SQLite calls only ENOSPC a full disk; a quota and a file size limit are no different.
	if ((code & 0xff) == SQLITE_IOERR && (number == EFBIG || number == EDQUOT))
		return -ENOSPC;
	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_CONSTRAINT:
		if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY)
			return -EEXIST;
		return -EIO;
	default:
		return -EIO;
	}
}

int store_failed(struct store *store, int code)
{
	int result = result_of(code, errno);

	if (result == -EEXIST)
		return result; // the caller's matter
	store->health.healthy = false;
	store->health.failures++;
	store->health.failed_at_s = (uint64_t)time(NULL);
	store->health.error = result;
	snprintf(store->health.why, sizeof(store->health.why), "%s", sqlite3_errmsg(store->db));
	// Who waited in vain once does not wait again for each that follows.
	if (result == -EBUSY)
		sqlite3_busy_timeout(store->db, 0);
	return result;
}

static int find(struct store *store, const char *sql, sqlite3_stmt **out)
{
	for (unsigned i = 0; i < store->n_statements; i++) {
		if (store->statements[i].sql == sql) {
			*out = store->statements[i].prepared;
			return 0;
		}
	}
	if (store->n_statements == STORE_STATEMENTS_MAX)
		return ERR_LIMIT;
	int code = sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
	if (code != SQLITE_OK)
		return store_failed(store, sqlite3_extended_errcode(store->db));
	store->statements[store->n_statements++] = (struct store_statement){sql, *out};
	return 0;
}

static void bind(sqlite3_stmt *statement, const struct store_value *values, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const struct store_value *v = &values[i];
		const void *p = v->bytes.n == 0 ? "" : (const void *)v->bytes.p;
		int at = (int)i + 1;

		switch (v->type) {
		case STORE_NULL:
			sqlite3_bind_null(statement, at);
			break;
		case STORE_INTEGER:
			sqlite3_bind_int64(statement, at, v->integer);
			break;
		case STORE_TEXT:
			sqlite3_bind_text(statement, at, p, (int)v->bytes.n, SQLITE_STATIC);
			break;
		case STORE_BLOB:
			sqlite3_bind_blob(statement, at, p, (int)v->bytes.n, SQLITE_STATIC);
			break;
		}
	}
}

int store_each(
	struct store *store, const char *sql, const struct store_value *values, unsigned n_values,
	store_each_fn *each, void *context
)
{
	sqlite3_stmt *statement = NULL;
	int code;

	int r = find(store, sql, &statement);
	if (r != 0)
		return r;
	bind(statement, values, n_values);
	errno = 0;
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		const struct store_row row = {statement};
		if (each != NULL && !each(context, &row)) {
			code = SQLITE_DONE;
			break;
		}
	}
	if (code != SQLITE_DONE)
		r = store_failed(store, sqlite3_extended_errcode(store->db));
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return r;
}

int store_run(
	struct store *store, const char *sql, const struct store_value *values, unsigned n_values
)
{
	return store_each(store, sql, values, n_values, NULL, NULL);
}

unsigned store_changes(const struct store *store)
{
	return (unsigned)sqlite3_changes(store->db);
}

int64_t store_last_id(const struct store *store)
{
	return sqlite3_last_insert_rowid(store->db);
}

int64_t store_row_integer(const struct store_row *row, unsigned column)
{
	return sqlite3_column_int64(row->statement, (int)column);
}

const char *store_row_text(const struct store_row *row, unsigned column)
{
	const void *text = sqlite3_column_text(row->statement, (int)column);

	return text == NULL ? "" : text;
}

struct span store_row_blob(const struct store_row *row, unsigned column)
{
	const void *p = sqlite3_column_blob(row->statement, (int)column);

	return span_of(p, (size_t)sqlite3_column_bytes(row->statement, (int)column));
}

bool store_row_is_null(const struct store_row *row, unsigned column)
{
	return sqlite3_column_type(row->statement, (int)column) == SQLITE_NULL;
}
