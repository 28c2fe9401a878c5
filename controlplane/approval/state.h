// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What the parts of controlplane/approval share. `now` is nanoseconds since 1970 as
// approvals_clock tells them, not the wall's.

#pragma once

#include "controlplane/approval/approval.h"
#include "controlplane/identity/node.h"
#include "controlplane/notify/notify.h"
#include "controlplane/notify/text.h"
#include "controlplane/recorder/digest.h"
#include "controlplane/sts/rate.h"
#include "dataplane/api/snapshot.h"
#include "dataplane/base/log.h"

// A session that waits (APPROVAL_WAIT). When that ends without a vote, the session is answered at
// once, whatever the store says; the row follows as soon as the store takes it, and before any
// vote.
struct parked {
	uint64_t id; // held.id
	uint16_t worker;
	session_id session;
	uint64_t deadline_ns;
	const char *end; // the state that its row is to get; NULL: it waits
	char outcome[64];
};

struct answer { // that a worker's ring had no room for
	uint16_t worker;
	struct command command;
};

struct grant_user {
	int64_t grant;
	uint16_t worker;
	session_id session;
};

struct approvals {
	struct approvals_config config;
	uint8_t policy[32];
	bool has_policy;
	struct approval_time anchor; // what `wall` was at `steady`
	struct parked *parked;
	struct answer *answers;
	struct grant_user *users;
	size_t n_parked, n_answers, n_users;
	size_t cap_parked, cap_answers, cap_users;
	int64_t told;               // the last event that the audit log has taken
	bool erased;                // text that may be in the write-ahead log still
	bool unsettled;             // rows wait for the store
	uint64_t due_ns, second_ns; // by `steady`: when to look again
	struct approvals_stats stats;
	struct log_limit limit;
	struct rate rate; // of requests, by root
};

uint64_t approvals_clock(const struct approvals *a, struct approval_time time);

// ---- tell.c

// Give or queue. Without memory the session is not answered: its own timeout ends it.
void approval_answer(struct approvals *a, uint16_t worker, const struct command *command);
void approval_decide(
	struct approvals *a, uint16_t worker, session_id session, uint64_t held_id,
	uint64_t reference, enum decision decision, const char *reason
);
void answers_flush(struct approvals *a);

// Inside the transaction of what is told of; takes `fields`.
int approval_tell(struct approvals *a, const char *type, json_t *fields) must_check;
// After a commit: what was told goes to the audit log; erased there once it is on disk.
void told_flush(struct approvals *a);
void told_erase(struct approvals *a);
// The store failed: said in the log, and at once in the audit log.
void approval_failed(
	struct approvals *a, const char *what, const struct subject *subject, const char *resource,
	int result
);

// ---- row.c

struct approval_row {
	int64_t n;
	char id[APPROVAL_ID_SIZE];
	bool is_access, is_retry;
	char state[16], outcome[160], purpose[APPROVAL_PURPOSE_MAX + 1];
	uint64_t epoch;
	uint16_t worker;
	session_id session;
	char session_name[24];
	uint64_t requested_ns, deadline_ns, timeout_ns, valid_ns;
	uint64_t decided_ns, expires_ns; // 0: not yet
	struct digest digest, chain, policy;
	json_t *links, *approvers;
	char who[512], resource[64], database[64], rule[64];
	uint32_t quorum;
	uint64_t effects;
	json_t *text, *masked; // displayable; text NULL: erased
	bool cut;
};

// Out: *row, ended with row_fini whatever the result. Returns 0, -ENOENT, -ENOMEM or as store_run.
int row_load(struct approvals *a, const char *id, struct approval_row *row) must_check;
int row_load_n(struct approvals *a, int64_t n, struct approval_row *row) must_check;
void row_fini(struct approval_row *row);
// For openapi.json's Approval; `viewer` as in approval_query. NULL: no memory, or the store failed.
json_t *row_json(struct approvals *a, const struct approval_row *row, const struct subject *viewer);
// For audit log and notifications; without the exact command.
json_t *row_fields(const struct approval_row *row);

// Guarded: only when the row is in state `from`; else -ESTALE. Erases the exact text.
int row_move(
	struct approvals *a, struct approval_row *row, const char *from, const char *to,
	const char *outcome, uint64_t now
) must_check;

// ---- asked.c: a request on its way into the store

struct asked {
	const struct approval_request *request;
	const char *id;
	bool is_access;
	struct digest digest, chain;
	const struct held *held; // NULL: access
	uint64_t valid_ns;
	const char *purpose;
	uint64_t now;
};

struct same {
	int64_t n; // 0: there is none
	char id[APPROVAL_ID_SIZE];
	char state[16];
};

// Who, through whom: of a command, by the places in the tree, which its digest holds too; of an
// access, by the subjects, since its grant outlives their tokens.
int asked_chain(const struct subject *subject, bool by_node, struct digest *out) must_check;
// The newest request of the same chain for the same thing that still says something: it is pending,
// approved and not used, or was refused no longer ago than it could have been pending.
int asked_same(struct approvals *a, const struct asked *asked, struct same *same) must_check;
// Out: *which limit is reached, or NULL.
int asked_limits(
	struct approvals *a, const struct approval_request *request, uint64_t now,
	const char **which
) must_check;
// Inside a transaction: the row, the audit event, the notifications.
int asked_put(struct approvals *a, const struct asked *asked) must_check;

// ---- vote.c

// VOTE_COUNTED: the subject may. Out: `why` not.
enum vote_result vote_may(
	const struct approval_row *row, const struct subject *voter, char why[static APPROVAL_WHY]
);
// Inside a transaction. Out: *yes, the different people who have approved it and are not revoked.
int votes_count(struct approvals *a, const struct approval_row *row, uint32_t *yes) must_check;

// ---- request.c

struct parked *parked_find(struct approvals *a, uint64_t id);
void parked_remove(struct approvals *a, struct parked *parked);

// ---- settle.c

// Write what has ended by time, or could not be written before. Returns 0 or as store_run.
int approvals_settle(struct approvals *a, uint64_t now) must_check;

// ---- approval.c

// Room for one more item of `size` bytes behind the `n` there are. False: no memory.
bool grow(void **list, size_t *cap, size_t n, size_t size);
