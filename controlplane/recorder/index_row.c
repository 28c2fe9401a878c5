// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/recorder/index_row.h"

#include <stddef.h>

enum { N_COLUMNS = 26 };

// One table for both directions: where in the row a column lies.
struct column {
	enum { COLUMN_TEXT, COLUMN_NUMBER, COLUMN_MAYBE } kind; // MAYBE: a number, 0 is unknown
	size_t at, size;
};

#define TEXT(member)                                               \
	{                                                          \
		COLUMN_TEXT, offsetof(struct session_row, member), \
			sizeof(((struct session_row *)0)->member)  \
	}
#define NUMBER(kind, member)                                  \
	{                                                     \
		kind, offsetof(struct session_row, member), 8 \
	}

static const struct column columns[N_COLUMNS] = {
	NUMBER(COLUMN_NUMBER, n),
	TEXT(id),
	NUMBER(COLUMN_NUMBER, epoch),
	NUMBER(COLUMN_NUMBER, session),
	NUMBER(COLUMN_MAYBE, opened_ns),
	NUMBER(COLUMN_MAYBE, closed_ns),
	TEXT(issuer),
	TEXT(subject),
	TEXT(name),
	TEXT(chain),
	TEXT(resource),
	TEXT(client),
	TEXT(database),
	TEXT(user),
	TEXT(application),
	TEXT(rule),
	TEXT(end),
	TEXT(reason),
	NUMBER(COLUMN_MAYBE, policy),
	NUMBER(COLUMN_NUMBER, commands),
	NUMBER(COLUMN_NUMBER, denied),
	NUMBER(COLUMN_NUMBER, masked),
	NUMBER(COLUMN_NUMBER, rows),
	NUMBER(COLUMN_NUMBER, bytes_in),
	NUMBER(COLUMN_NUMBER, bytes_out),
	NUMBER(COLUMN_MAYBE, first_segment),
};

void row_bind(sqlite3_stmt *stmt, const struct session_row *row)
{
	for (int i = 1; i < N_COLUMNS; i++) {
		const char *at = (const char *)row + columns[i].at;
		uint64_t n = 0;
		if (columns[i].kind == COLUMN_TEXT) {
			size_t len = strnlen(at, columns[i].size);
			if (len == 0)
				sqlite3_bind_null(stmt, i);
			else
				sqlite3_bind_text(stmt, i, at, (int)len, SQLITE_STATIC);
			continue;
		}
		memcpy(&n, at, sizeof(n));
		if (columns[i].kind == COLUMN_MAYBE && n == 0)
			sqlite3_bind_null(stmt, i);
		else
			sqlite3_bind_int64(stmt, i, (sqlite3_int64)n);
	}
}

void row_read(sqlite3_stmt *stmt, struct session_row *row)
{
	*row = (struct session_row){0};
	for (int i = 0; i < N_COLUMNS; i++) {
		char *at = (char *)row + columns[i].at;
		if (columns[i].kind != COLUMN_TEXT) {
			sqlite3_int64 n = sqlite3_column_int64(stmt, i);
			memcpy(at, &n, sizeof(n));
			continue;
		}
		const unsigned char *text = sqlite3_column_text(stmt, i);
		size_t n = text == NULL ? 0 : (size_t)sqlite3_column_bytes(stmt, i);
		if (n >= columns[i].size)
			n = columns[i].size - 1;
		if (n > 0)
			memcpy(at, text, n);
	}
}
