// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What store.c and statement.c share.

#pragma once

#include "controlplane/store/store.h"

#include <sqlite3.h>

enum store_size { STORE_STATEMENTS_MAX = 256 };

struct store_statement {
	const char *sql; // by its address
	sqlite3_stmt *prepared;
};

struct store {
	sqlite3 *db;
	struct store_statement statements[STORE_STATEMENTS_MAX];
	unsigned n_statements;
	struct store_health health;
};

struct store_row {
	sqlite3_stmt *statement;
};

// Note SQLite's (extended) error, which left `errno` behind if the system refused something (it is
// set to 0 before; sqlite3_system_errno does not know it for a COMMIT). Returns what the callers of
// the store are told.
int store_failed(struct store *store, int code) must_check;
