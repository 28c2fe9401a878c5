// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Who asked a human for what, who said yes or no, and what became of it. What is approved is
// exactly one command (struct held's digest: bytes, parameters, resource, chain, policy), once, for
// a while; or one chain's access to one resource, from the approval on, for a while (a grant).
//
// States, as the table `approvals` knows them; every arrow is one transaction with a guard, so that
// of two that come at once exactly one happens:
//
//	pending --quorum of yes--> approved --run again (retry)--> used
//	   |                          |  \--nobody ran it in time--> expired
//	   |                          \--policy changed--> cancelled
//	   |--quorum of yes, and the session waits (wait)--> used --it had left--> cancelled
//	   |--one no--> refused
//	   |--nobody in time--> expired
//	   \--client left, cancelled, policy changed, gateway started again (wait)--> cancelled
//
// The change, what the audit log is to be told of it (table `told`) and the notifications
// (notify_put) are one transaction. The exact text of a command is erased with its decision; the
// masked one stays.
//
// The control thread's. Usage: approvals_new; approvals_policy with each policy that comes into
// force; the calls below as events come; approvals_tick often; approvals_free.

#pragma once

#include "controlplane/audit/audit.h"
#include "controlplane/store/store.h"
#include "dataplane/api/event.h"

#include <jansson.h>

struct approvals;
struct notify;

enum approval_limit {
	APPROVAL_ID_SIZE = 17, // 16 hex digits and a NUL
	APPROVAL_WHY = 160,
	APPROVAL_COMMENT_MAX = 1000, // bytes; longer ones are cut
	APPROVAL_PURPOSE_MAX = 200,
	// Pending at a time, commands and accesses together, whatever the rules say.
	APPROVAL_WORKER_MAX = 1024,
	APPROVAL_SUBJECT_MAX = 256,
	// Requests of all that act for one root, those that ended at once too: a second, and in a
	// burst. Each is a row, a line of the audit log, and a message to people.
	APPROVAL_ROOT_RATE = 1,
	APPROVAL_ROOT_BURST = 512,
	APPROVAL_RESOURCE_MAX = 1024,
};

// Now, in nanoseconds. Durations go by `steady`; a jump of `wall` moves what is stored along.
struct approval_time {
	uint64_t wall_ns;   // since 1970
	uint64_t steady_ns; // never jumps, counts through no restart
};
struct approval_time approval_now(void);

// Hand a command to a worker; false when its ring is full, upon which it is offered again.
typedef bool approval_send(void *context, uint16_t worker, const struct command *command);

struct approvals_config {
	struct store *store;
	struct audit *audit;
	struct notify *notify; // NULL: nobody is notified
	uint64_t epoch;        // of this process: sessions of others have ended
	approval_send *send;
	// Is the person revoked? What such a one has said does not count any more.
	bool (*is_revoked)(void *context, const struct node_id *subject);
	void *context;
};

// All in `config` is borrowed. What an earlier process left parked is cancelled. Returns 0, -ENOMEM
// or as store_run.
int approvals_new(
	const struct approvals_config *config, struct approval_time now, struct approvals **out
) must_check;
// Nobody is answered any more: the workers have ended. Accepts NULL.
void approvals_free(struct approvals *approvals);

// A policy is in force (snapshot.digest). What waits under another one is cancelled: parked
// sessions get DECISION_AGAIN and judge anew. Grants stay.
void approvals_policy(
	struct approvals *approvals, const uint8_t digest[static 32], struct approval_time now
);

// What is due by time, and what could not be told or written before. Call often.
void approvals_tick(struct approvals *approvals, struct approval_time now);

// ---- requests

enum approval_mode { APPROVAL_WAIT, APPROVAL_RETRY };

// What the rule says about it. Borrowed for the call.
struct approval_rule {
	const char *name;
	uint16_t n_approvers; // groups, any of which an approver must be in; 0: nobody may
	const char *const *approvers;
	uint16_t quorum;         // different people; 0 counts as 1
	uint64_t timeout_ns;     // to decide in
	enum approval_mode mode; // of a command
	// From the approval on. A command in mode retry: to run it in. Access: how long it lasts.
	uint64_t valid_ns;
	uint32_t pending; // of one subject at a time; 0: APPROVAL_SUBJECT_MAX
};

// Who asks. Borrowed for the call.
struct approval_request {
	uint16_t worker;
	session_id session;       // 0: none (asked over the API)
	const char *session_name; // printable; "" with session 0
	const struct subject *subject;
	const char *resource;
	const char *database;
	const uint8_t *policy; // snapshot.digest that the request was made under, 32 bytes
	struct approval_rule rule;
};

// EVENT_HOLD. Takes `held`. One COMMAND_DECISION follows: at once when the store does not take it
// (DECISION_REFUSED), at a limit, in mode retry, and for another policy than the one in force
// (DECISION_AGAIN); else when it is decided, or its time is over.
void approvals_hold(
	struct approvals *approvals, const struct approval_request *request, struct held *held,
	struct approval_time now
);
// EVENT_HOLD_GONE: nobody waits for `held_id` any more. Requests in mode retry go on.
void approvals_gone(
	struct approvals *approvals, uint64_t held_id, const char *reason, struct approval_time now
);

// EVENT_ACCESS. One COMMAND_ACCESS follows at once: with the expiry of the grant that the chain has
// for the resource, or with expires 0 and, in `reason`, the reference of the request that was made,
// or what became of it.
void approvals_access(
	struct approvals *approvals, const struct approval_request *request,
	struct approval_time now
);
// EVENT_CLOSED: the session uses its grant no more.
void approvals_closed(struct approvals *approvals, session_id session);
// The same by the API: no session waits for the answer. `valid_ns`, at most the rule's, and
// `purpose` are what is asked for. Out: `id` of the request, an older one when it is pending still.
// Returns 0; -EALREADY, there is a grant, `id` names it; -EACCES, it was refused a short while ago;
// ERR_LIMIT; as store_run.
int approvals_ask(
	struct approvals *approvals, const struct approval_request *request, uint64_t valid_ns,
	const char *purpose, struct approval_time now, char id[static APPROVAL_ID_SIZE]
) must_check;

// ---- votes

enum vote_result {
	VOTE_COUNTED,      // and more are needed
	VOTE_APPROVED,     // it was the last one that was needed
	VOTE_REFUSED,      // it was a no
	VOTE_TWICE,        // the same person said so before
	VOTE_OVER,         // it is decided, expired or gone: `why` says which
	VOTE_NOT_HUMAN,    // an agent, one that acts for somebody, or not proven to be human
	VOTE_OWN,          // a link of the request's chain
	VOTE_NOT_APPROVER, // in none of the rule's groups
};

// `voter` comes from a token that was verified for this call. Out: `why`, a sentence for the voter.
// Returns an enum vote_result; -ENOENT, there is no such request; or as store_run: then nothing has
// changed.
int approvals_vote(
	struct approvals *approvals, const char *id, const struct subject *voter, bool yes,
	const char *comment, struct approval_time now, char why[static APPROVAL_WHY]
) must_check;

// ---- to look at; the JSON is that of openapi.json: Approval, Grant

struct approval_query {
	const char *state, *kind;     // exactly; NULL: any
	unsigned limit;               // at most STORE_PAGE_MAX
	int64_t before;               // `next` of the page before; 0: from the newest on
	const struct subject *viewer; // for may_vote, and for the exact text; NULL: nobody's
};

// Out: *list, an array, newest first; *next, 0 when nothing follows. Returns 0, -ENOMEM or as
// store_run.
int approvals_list(
	struct approvals *approvals, const struct approval_query *query, json_t **list,
	int64_t *next
) must_check;
// Returns 0, -ENOENT, -ENOMEM or as store_run.
int approvals_get(
	struct approvals *approvals, const char *id, const struct subject *viewer, json_t **out
) must_check;

// ---- grants; a grant's id is that of its approval

int grants_list(
	struct approvals *approvals, bool live, int64_t before, unsigned limit,
	struct approval_time now, json_t **list, int64_t *next
) must_check;
int grants_get(struct approvals *approvals, const char *id, json_t **out) must_check;
// End it, and the sessions that came in by it (COMMAND_KILL). `by`: who, for the audit. Returns 0;
// -ENOENT; -EALREADY, it is over; or as store_run.
int grants_revoke(
	struct approvals *approvals, const char *id, const char *by, const char *reason,
	struct approval_time now
) must_check;

struct approvals_stats {
	uint64_t pending;   // as of the last tick
	uint64_t parked;    // sessions that wait
	uint64_t requested; // the rest counts up
	uint64_t approved, refused, expired, cancelled, used, limited;
	uint64_t failed; // requests that the store did not take
	uint64_t votes_turned_away;
};
struct approvals_stats approvals_stats(const struct approvals *approvals);
