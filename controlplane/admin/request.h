// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// One request between its arrival and its answer. For admin/ only.

#pragma once

#include "controlplane/admin/admin.h"
#include "controlplane/admin/assets.h"
#include "controlplane/admin/limit.h"
#include "dataplane/base/buf.h"

struct MHD_Connection;
struct MHD_Daemon;
struct feed;
struct history;
struct jobs;
struct job;
struct https;
struct https_pair;

enum http_status {
	HTTP_OK = 200,
	HTTP_CREATED = 201,
	HTTP_FOUND = 302,
	HTTP_NOT_MODIFIED = 304,
	HTTP_BAD_REQUEST = 400,
	HTTP_UNAUTHORIZED = 401,
	HTTP_FORBIDDEN = 403,
	HTTP_NOT_FOUND = 404,
	HTTP_METHOD = 405,
	HTTP_CONFLICT = 409,
	HTTP_TOO_LARGE = 413,
	HTTP_TOO_MANY = 429,
	HTTP_FAILED = 500,
	HTTP_NOT_IMPLEMENTED = 501,
	HTTP_UNAVAILABLE = 503,
};

enum entrance_kind {
	ENTRANCE_LOCAL,   // the Unix socket
	ENTRANCE_METRICS, // plain TCP: metrics and health, for anyone
	ENTRANCE_API,     // HTTPS
	ENTRANCE_TOKENS,  // HTTPS: the token service alone, for anyone
	ENTRANCE_COUNT,
};

// A connection, and since when it has been at what it is at: nobody may take for ever.
struct peer {
	struct entrance *entrance;
	struct MHD_Connection *connection;
	uint64_t since_ms;
	struct https_pair *pair; // of HTTPS: what it shakes hands with
	bool waits;              // for us, or follows events: that may take long
	struct peer *next, **link;
};

struct entrance {
	struct admin *admin;
	enum entrance_kind kind;
	struct MHD_Daemon *daemon; // NULL: not configured
	struct https *https;       // NULL: no TLS
	struct peer *peers;
};

struct admin {
	struct admin_config config;
	char *socket;
	struct entrance entrances[ENTRANCE_COUNT];
	struct limiter limiter;
	struct feed *feed;
	struct history *history;
	struct jobs *jobs;
	struct request *waiting; // suspended: their operation is not done
	uint64_t requests;       // answered
	uint64_t swept_ms;       // when connections were last looked at
};

// Filled in by a handler: `json` (taken), `text` (taken, of `type`), or `asset`.
struct answer {
	unsigned status; // 0: there is none yet
	json_t *json;
	struct buf text;
	const char *type;
	const struct asset *asset;
	const char *location; // HTTP_FOUND
	unsigned retry_s;     // Retry-After; 0: none
	bool follow;          // the events, as they come
	char why[128];        // for the audit alone
};

struct request {
	struct admin *admin;
	struct peer *peer;
	struct MHD_Connection *connection;
	const char *method, *path; // the connection's
	const struct route *route; // NULL: answered already
	struct admin_call call;
	struct buf body;
	size_t thrown; // bytes of the body that nobody wants
	bool too_long;
	struct job *job; // at work on another thread
	bool is_waiting;
	struct request *next; // of admin.waiting
	struct answer answer;
};

// ---- answer.c

// Answer with {"error": text}.
void answer_error(struct answer *answer, unsigned status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void answer_json(struct answer *answer, json_t *json); // 200, or 500 when NULL
// What an operation returned; takes `out`. `created`: 201 is its success.
void answer_op(struct answer *answer, int result, json_t *out, const char *why, bool created);
void answer_fini(struct answer *answer);
// Queue the request's answer, which it takes. False: the connection is to be closed.
bool answer_send(struct request *request);

// ---- auth.c

// Who asks, into request->call.caller, and may they? False: answered.
bool auth_check(struct request *request);

// ---- feed.c: server-sent events

struct feed *feed_new(void);
void feed_free(struct feed *feed); // its clients are gone
bool feed_has_room(const struct feed *feed);
bool feed_is_followed(const struct feed *feed);
// Tell all. `text`: one event in the format of the protocol.
void feed_tell(struct feed *feed, struct span text);
// Heartbeats; ends those whose token has expired or was revoked, or who have lost the role.
void feed_poll(struct feed *feed, uint64_t now_ms);
// Before the daemons stop: nobody waits any more.
void feed_stop(struct feed *feed);
struct MHD_Response;
// The response that follows; its end frees what is behind it. Takes the caller's subject. NULL when
// memory is short.
struct MHD_Response *feed_response(struct request *request);

// ---- history.c: samples of the workers' counters

struct history *history_new(void);
void history_free(struct history *history);
// Take a sample when one is due. Returns it for the feed, a new reference, or NULL.
json_t *history_poll(struct history *history, const struct admin *admin, uint64_t now_ms);
json_t *history_json(const struct history *history); // {"step_s", "samples"}

// ---- metrics.c

// All counters in Prometheus' text format (version 0.0.4). Returns 0 or ERR_POOL_EMPTY, ERR_LIMIT.
int metrics_text(const struct admin *admin, struct buf *out) must_check;
// One worker's counters as an object; NULL when memory is short.
json_t *metrics_worker_json(const struct admin *admin, unsigned worker);
// Every worker has looped within ADMIN_STALE_MS. Else `why` says which has not.
bool metrics_workers_are_live(const struct admin *admin, char why[static ADMIN_WHY]);

// ---- handlers of routes that need no operation

void handle_status(struct request *request, struct answer *answer);
void handle_workers(struct request *request, struct answer *answer);
void handle_history(struct request *request, struct answer *answer);
void handle_events(struct request *request, struct answer *answer);
void handle_whoami(struct request *request, struct answer *answer);
void handle_asset(struct request *request, struct answer *answer);
void handle_root(struct request *request, struct answer *answer);
void handle_console_config(struct request *request, struct answer *answer);
void handle_exchange(struct request *request, struct answer *answer);
void handle_jwks(struct request *request, struct answer *answer);
void handle_metadata(struct request *request, struct answer *answer);
void handle_metrics(struct request *request, struct answer *answer);
void handle_health(struct request *request, struct answer *answer);
void handle_ready(struct request *request, struct answer *answer);

// ---- clock

uint64_t admin_now_ms(void); // monotonic
