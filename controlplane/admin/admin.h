// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The admin API: HTTP on a Unix socket for root and the gateway's own user, and, when asked for,
// metrics and health over TCP.
//
//   GET  /v1/status               versions, policy, recorder, audit head, workers
//   GET  /v1/workers              every worker's counters
//   GET  /v1/sessions             ?limit= &before= &live=1 &subject= &resource=, newest first
//   GET  /v1/sessions/ID
//   POST /v1/sessions/ID/kill     {"reason": "..."}
//   GET  /v1/policy
//   POST /v1/reload
//   POST /v1/token                {"subject": "...", "groups": [...], "ttl": seconds}
//   GET  /v1/openapi.json         what it all is: openapi.json, beside this file
//   GET  /metrics                 Prometheus text; also over TCP, as the two below
//   GET  /healthz                 200: this process answers
//   GET  /readyz                  200: workers run, a policy is in force, the recorder writes
//
// It runs where admin_poll is called and knows no other module: what it needs from them comes
// through struct admin_ops, which is called on that thread too.

#pragma once

#include "dataplane/api/stats.h"
#include "dataplane/base/addr.h"
#include "dataplane/base/err.h"

#include <jansson.h>

enum admin_limit {
	ADMIN_WHY = 1024, // bytes of an error text, NUL included
	ADMIN_WORKERS_MAX = 64,
	ADMIN_GROUPS_MAX = 64,     // in a token
	ADMIN_METRICS_MAX = 64,    // of admin_ops.metrics
	ADMIN_PAGE_MAX = 1000,     // sessions in an answer
	ADMIN_BODY_MAX = 64 << 10, // bytes of a request
	ADMIN_STALE_MS = 1000,     // a worker whose last loop is older is not ready
};

struct admin_page {
	unsigned limit;
	int64_t before; // only rows with a smaller "n"; 0: from the newest on
	bool live;
	const char *subject, *resource; // NULL: any
};

struct admin_token {
	const char *subject;
	const char *groups[ADMIN_GROUPS_MAX];
	size_t n_groups;
	uint32_t ttl_s;
};

struct admin_metric {
	const char *name; // without the prefix "bulkhead_"; a counter's ends with "_total"
	const char *help;
	bool counter; // else a gauge
	double value;
};

// Every JSON value is a new reference, NULL when memory is short or as said. `why` is ADMIN_WHY
// bytes, empty at the call. Results are 0 or negative.
struct admin_ops {
	void *context;
	json_t *(*status)(void *context); // an object, the workers are added to it
	json_t *(*sessions)(void *context, const struct admin_page *page); // an array, with "n"
	json_t *(*session)(void *context, const char *id);                 // NULL: there is none
	int (*kill)(void *context, const char *id, const char *reason);    // -ENOENT: not open
	json_t *(*policy)(void *context);                                  // NULL: none in force
	int (*reload)(void *context, char *why);
	// Out: *token, freed by the caller. Never logged, never audited.
	int (*token)(void *context, const struct admin_token *ask, char **token, char *why);
	// Counters of the other parts. Returns how many of `max` were filled in.
	size_t (*metrics)(void *context, struct admin_metric *out, size_t max);
	bool (*ready)(void *context, char *why); // all but the workers, which are looked at here
	const char *(*bad_name)(unsigned bad);   // of worker_stats.bad, NULL behind the last
	// Somebody changed something, or was refused: for the audit. `status` is HTTP's.
	void (*called
	)(void *context, uint32_t uid, const char *method, const char *path, unsigned status);
};

struct admin_config {
	const char *socket;             // path; made with mode 0600
	const struct endpoint *metrics; // NULL: none
	const struct worker_stats *workers[ADMIN_WORKERS_MAX];
	unsigned n_workers;
	struct admin_ops ops; // all set
};

struct admin;

// Listen. A socket that nobody listens on any more is replaced. `config` is copied, what it points
// to is borrowed. Out: *out. Returns 0, -EADDRINUSE, -ENAMETOOLONG, -errno.
int admin_new(const struct admin_config *config, struct admin **out) must_check;
// Work on what has come, without waiting. Call often, always from one thread.
void admin_poll(struct admin *admin);
// Closes everything and removes the socket. Accepts NULL.
void admin_free(struct admin *admin);
