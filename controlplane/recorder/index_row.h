// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// One row of the index: its columns in SQL and in memory. For index*.c only.

#pragma once

#include "controlplane/recorder/index.h"

#include <sqlite3.h>

// In the order of row_bind and, behind n, of row_read.
#define ROW_COLUMNS                                                                                \
	"n, id, epoch, session, opened, closed, issuer, subject, name, chain, resource, client,"   \
	" database, user, application, rule, end, reason, policy, commands, denied, masked, rows," \
	" bytes_in, bytes_out, first_segment"

// Bind all but n. Empty strings, and times and the segment of 0, are bound as NULL: unknown. The
// texts are borrowed until the next bind.
void row_bind(sqlite3_stmt *stmt, const struct session_row *row);
void row_read(sqlite3_stmt *stmt, struct session_row *row);
