// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// One request between its arrival and its answer. For admin/ only.

#pragma once

#include "controlplane/admin/admin.h"
#include "dataplane/base/buf.h"

struct admin {
	struct admin_config config;
	char *socket;
	void *local, *remote; // struct MHD_Daemon
	uint64_t requests;    // answered
};

struct request {
	struct admin *admin;
	void *connection; // struct MHD_Connection
	const char *method, *path;
	const char *id; // what stands for * in the route
	struct buf body;
	bool too_long;
};

// Filled in by a handler: `json` (taken) or `text` (taken, of `type`).
struct answer {
	unsigned status;
	json_t *json;
	struct buf text;
	const char *type;
};

// The value of a query argument, NULL when it is not there.
const char *request_argument(const struct request *request, const char *name);

// Who asks over the Unix socket; UINT32_MAX when that cannot be told.
uint32_t request_uid(const struct request *request);

// Answer with {"error": text}.
void answer_error(struct answer *answer, unsigned status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void answer_json(struct answer *answer, json_t *json); // 200, or 500 when NULL

// Find the route and handle the request. `local`: all routes; else only those for anyone.
void routes_handle(struct request *request, bool local, struct answer *answer);

// ---- metrics.c

// All counters in Prometheus' text format (version 0.0.4). Returns 0 or ERR_POOL_EMPTY, ERR_LIMIT.
int metrics_text(const struct admin *admin, struct buf *out) must_check;
// One worker's counters as an object; NULL when memory is short.
json_t *metrics_worker_json(const struct admin *admin, unsigned worker);
// Every worker has looped within ADMIN_STALE_MS. Else `why` says which has not.
bool metrics_workers_are_live(const struct admin *admin, char why[static ADMIN_WHY]);
