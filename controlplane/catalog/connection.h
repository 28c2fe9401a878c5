// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A connection of the control plane to a PostgreSQL resource, on which no call takes longer than
// its deadline, whatever the server does.

#pragma once

#include "dataplane/api/snapshot.h"
#include "dataplane/base/err.h"

#include <libpq-fe.h>

enum connection_limit {
	CONNECTION_SECONDS = 5, // to connect, and for each query
	CONNECTION_WHY = 256,
	CONNECTION_PARAMS = 4,
};

// With the resource's address, TLS and credential. `stop`, set from another thread, ends any wait.
// Out: *out, freed by PQfinish. Returns 0 or -EIO with `why`.
int connection_open(
	const struct resource *resource, const bool *stop, PGconn **out,
	char why[static CONNECTION_WHY]
) must_check;

// One statement with `n` text parameters. Out: *out, rows, freed by PQclear; NULL where the
// statement has none. Returns 0 or -EIO with `why`, after which the connection is of no more use.
int connection_query(
	PGconn *conn, const bool *stop, const char *sql, int n, const char *const *params,
	PGresult **out, char why[static CONNECTION_WHY]
) must_check;
