// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The admin API: HTTP on a Unix socket for root and the gateway's own user; HTTPS with tokens and
// roles, when the configuration says so; the token service by itself over HTTPS; and metrics and
// health over plain TCP. openapi.json says
// what there is to ask; routes.c has the table.
//
// It runs where admin_poll is called and knows no other module: what it needs from them comes
// through struct admin_ops, which is called on that thread too, but for what is marked slow.

#pragma once

#include "controlplane/config/config.h"
#include "dataplane/api/stats.h"
#include "dataplane/api/subject.h"
#include "dataplane/base/addr.h"
#include "dataplane/base/err.h"

#include <jansson.h>

#include <stdatomic.h>

enum admin_limit {
	ADMIN_WHY = 1024, // bytes of an error text, NUL included
	ADMIN_WORKERS_MAX = 64,
	ADMIN_GROUPS_MAX = 64,           // in a token
	ADMIN_METRICS_MAX = 96,          // of admin_ops.metrics
	ADMIN_PAGE_MAX = 1000,           // entries in an answer
	ADMIN_PAGE_DEFAULT = 100,        // the same, when nobody says
	ADMIN_BODY_MAX = 64 << 10,       // bytes of a request
	ADMIN_POLICY_MAX = 2 << 20,      // the same, of one with a configuration in it
	ADMIN_STALE_MS = 1000,           // a worker whose last loop is older is not ready
	ADMIN_ID_MAX = 64,               // bytes of what stands for * in a path
	ADMIN_FOLLOWERS_MAX = 16,        // clients of /v1/events
	ADMIN_FOLLOWER_BYTES = 64 << 10, // that one may leave unread
	ADMIN_SAMPLE_S = 5,              // of /v1/stats/history
	ADMIN_SAMPLES = 720,             // an hour of them
};

// Who asks.
struct admin_caller {
	bool local;                    // over the Unix socket: root or the gateway's own user
	uint32_t uid;                  // local: which of the two
	const struct subject *subject; // by token; NULL: without. Slow calls see none
	uint32_t roles;                // bits of enum config_role_name
	char address[ADDR_TEXT_MAX];   // not local: where it comes from
};

// What a list is asked for; "" and 0 when nobody says.
struct admin_page {
	unsigned limit; // 1 to ADMIN_PAGE_MAX
	int64_t cursor; // `next` of the page before
	bool live;
	char subject[SUBJECT_KEY_MAX], resource[SNAPSHOT_NAME_MAX], node[33];
	char state[16], kind[16], type[32];
};

// One call. Its texts are bounded and the members of `body` are of the types that the route's table
// says; whatever else they must be is the operation's to check.
struct admin_call {
	struct admin_caller caller;
	char id[ADMIN_ID_MAX]; // what stands for * in the path
	struct admin_page page;
	json_t *body;            // an object; borrowed. NULL: the method has none
	uint64_t number;         // the operation's own between its calls; 0 at first
	const atomic_bool *stop; // a slow one should give up
};

// An operation. Out: *out, a new reference, on success; `why`, which is empty at the call, else.
// Returns 0, or what becomes of it in HTTP:
//   -EINPROGRESS   not yet: it is called again with the same call until that changes
//   -EINVAL        400        -EPERM         403        -ENOENT        404
//   -EALREADY, -EEXIST, ERR_CONFIG 409       -ENOSYS        501, the configuration has none
//   -EAGAIN, -EBUSY, ERR_LIMIT     503       anything else  500
typedef int admin_op(void *context, struct admin_call *call, json_t **out, char why[ADMIN_WHY]);

struct admin_metric {
	const char *name; // without the prefix "bulkhead_"; a counter's ends with "_total"
	const char *help;
	bool counter; // else a gauge
	double value;
};

// How the console's users log in.
struct admin_console {
	const char *issuer; // its URL
	const char *client_id, *scope, *resource, *url;
};

// An operation that is NULL answers 501.
struct sts_request;

struct admin_ops {
	void *context;
	admin_op *status;
	admin_op *sessions, *session, *kill;
	admin_op *recording; // slow: on a thread of its own
	admin_op *chains;
	admin_op *approvals, *approval, *approve, *refuse;
	admin_op *access, *grants, *revoke_grant;
	admin_op *preview, *revocations, *revocation, *revoke, *lift;
	admin_op *budgets;
	admin_op *notifications, *requeue;
	admin_op *policy, *policy_text, *reload;
	admin_op *drained, *drain, *undrain;
	admin_op *dry_run, *dry_run_state, *dry_run_cancel;
	admin_op *token;          // its result is never logged and never audited
	admin_op *audit, *verify; // slow

	// Counters of the other parts. Returns how many of `max` were filled in.
	size_t (*metrics)(void *context, struct admin_metric *out, size_t max);
	bool (*ready)(void *context, char *why); // all but the workers, which are looked at here
	const char *(*bad_name)(unsigned bad);   // of worker_stats.bad, NULL behind the last
	// Who holds this token, which is not revoked? `certificate`: SHA-256 of the one that the
	// client has proven to hold, NULL: none. Out: *out, given back by subject_free. Returns 0;
	// ERR_AUTH with `why` for the audit; -EAGAIN: not now; -ENOMEM.
	int (*authenticate
	)(void *context, struct span token, const uint8_t *certificate, const struct subject **out,
	  char *why);
	void (*subject_free)(void *context, const struct subject *subject);
	// Would its token be refused by now: expired, or revoked? Asked about those who stay.
	bool (*is_over)(void *context, const struct subject *subject);
	uint32_t (*roles)(void *context, const struct subject *subject); // admin_roles
	uint32_t (*rate)(void *context);                                 // admin.rate
	bool (*console)(void *context, struct admin_console *out);       // false: no login
	// The token service (controlplane/sts/sts.h); NULL: there is none.
	int (*exchange
	)(void *context, const struct sts_request *request, json_t **out, unsigned *status);
	json_t *(*jwks)(void *context); // NULL: there are none
	json_t *(*metadata)(void *context);
	// Somebody called, or was refused: for the audit. `status` is HTTP's; `why` says more about
	// a refusal, or is "".
	void (*called
	)(void *context, const struct admin_caller *caller, const char *method, const char *path,
	  unsigned status, const char *why);
};

// The roles of a verified subject: those of `config` whose issuers and groups or subjects it fits;
// admin includes auditor. A delegated one has none, and only a human is an approver.
uint32_t admin_roles(const struct config_admin *config, const struct subject *subject);

struct admin_config {
	const char *socket;                // path; made with mode 0600
	const struct endpoint *metrics;    // NULL: none
	const struct config_https *https;  // NULL: none
	const struct config_https *tokens; // of the token service alone; NULL: it is on `https`
	const struct worker_stats *workers[ADMIN_WORKERS_MAX];
	unsigned n_workers;
	struct admin_ops ops;
};

struct admin;

// Listen. A socket that nobody listens on any more is replaced. `config` is copied, what it points
// to is borrowed. Out: *out. `why`, of ADMIN_WHY bytes, says what failed. Returns 0, -EADDRINUSE,
// -ENAMETOOLONG, ERR_CERTIFICATE, -errno.
int admin_new(const struct admin_config *config, struct admin **out, char *why) must_check;
// Work on what has come, without waiting. Call often, always from one thread.
void admin_poll(struct admin *admin);
// Closes everything and removes the socket. Accepts NULL.
void admin_free(struct admin *admin);

// Is everything as it should be, the workers included: what /readyz says. Out: `why`, of ADMIN_WHY
// bytes, when not.
bool admin_is_ready(const struct admin *admin, char *why);

// Read the certificate and key of `https` again; connections from now on get them. When it fails,
// with `why`, the old ones stay. Nothing when there is no such listener. Returns 0 or as admin_new.
int admin_https_reload(struct admin *admin, const struct config_https *https, char *why) must_check;
int admin_tokens_reload(struct admin *admin, const struct config_https *tokens, char *why)
	must_check; // the same, of the token service's own

// Does anybody follow /v1/events? What nobody hears need not be made. Accepts NULL.
bool admin_is_followed(const struct admin *admin);
// Tell those who do. `data` is taken; NULL: memory was short, nobody is told.
void admin_tell(struct admin *admin, const char *event, json_t *data);
