// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The list of what is revoked: a token, a subject, a node of a chain, a resource. What is on it may
// not log in; ending the sessions that live is for the caller, when it is on it.
//
// In memory for the check of a login, in the store so that a restart does not forget. An entry that
// the store could not take holds all the same, and is offered to the store again: whoever pulls the
// kill switch while the disk is full still means it.
//
// One control thread.

#pragma once

#include "controlplane/store/store.h"
#include "dataplane/api/event.h"

#include <jansson.h>

enum revocation_limit {
	REVOCATION_LABEL = 352, // bytes, NUL included: an issuer and a key fit
	REVOCATION_REASON = 256,
	REVOCATION_BY = 352,
	REVOCATION_WHY = 96,
	REVOCATIONS_MAX = 65536, // in force at once
};

struct revocation {
	int64_t n; // its number, counting up from 1; set by the list
	enum revoke_kind kind;
	struct node_id node;
	char label[REVOCATION_LABEL]; // what people call it
	char reason[REVOCATION_REASON];
	char by[REVOCATION_BY]; // whose decision it was
	uint64_t at_s;          // since 1970
	uint64_t until_s;       // 0: for ever
	uint64_t lifted_s;      // 0: it was not
	char lifted_by[REVOCATION_BY];
	bool stored;       // a restart will not forget it
	bool done;         // every worker has answered
	uint64_t sessions; // done: that it ended
	uint64_t cut_us;   // done: from the call until none of them passed another byte
	uint64_t took_us;  // done: from the call to the last connection closed
};

struct revocations;

// Read what is in force. `store` is borrowed. Out: *out, freed by revocations_free. Returns 0,
// -ENOMEM, or as store_each.
int revocations_open(struct store *store, uint64_t now_s, struct revocations **out) must_check;
// Accepts NULL.
void revocations_free(struct revocations *list);

// Put `ask` (kind, node, label, reason, by, until_s) on the list. One for the same thing that is in
// force keeps its number and gets the new words and end. Out: *out, as it is now. Returns 0, also
// when it is not stored yet; -EINVAL, its id is none or its end is past; ERR_LIMIT; -ENOMEM.
int revocation_add(
	struct revocations *list, const struct revocation *ask, uint64_t now_s,
	struct revocation *out
) must_check;
// Take it off. Out: *out, as it is now. Returns 0; -ENOENT, there is none of that number;
// -EALREADY, it is not in force any more; or as store_run, and it is still in force.
int revocation_lift(
	struct revocations *list, int64_t n, const char *by, uint64_t now_s, struct revocation *out
) must_check;
// What became of it at the workers: n, sessions, cut_us and took_us of `what`.
void revocation_done(struct revocations *list, const struct revocation *what);

// Out: *out. Returns 0, -ENOENT, or as store_each.
int revocation_get(struct revocations *list, int64_t n, struct revocation *out) must_check;
// Call `each` for at most `limit`, the newest first, with numbers below `before` (0: from the
// newest on), until it returns false. `in_force`: only those at `now_s`. Returns as store_each.
typedef bool revocation_each_fn(void *context, const struct revocation *revocation);
int revocation_list(
	struct revocations *list, unsigned limit, int64_t before, bool in_force, uint64_t now_s,
	revocation_each_fn *each, void *context
) must_check;
// As the admin API shows it; NULL when memory is short.
json_t *revocation_json(const struct revocation *revocation) must_check;

// May `subject` not go to `resource` (REVOKE_RESOURCE; a node of zeros: any)? Out: `why`, when it
// may not, for log and audit: which link, and the reason given.
bool revocation_check(
	const struct revocations *list, const struct subject *subject,
	const struct node_id *resource, uint64_t now_s, char why[static REVOCATION_WHY]
);

// Is this one link revoked, by its token, subject or node?
bool revocation_of_link(
	const struct revocations *list, const struct chain_link *link, uint64_t now_s
);
// Is somebody revoked, by whatever token they come?
bool revocation_of_subject(
	const struct revocations *list, const struct node_id *subject, uint64_t now_s
);

// Forget those that have ended, store what is not stored. Call about once a second.
void revocations_tick(struct revocations *list, uint64_t now_s);
// In force now.
uint32_t revocations_count(const struct revocations *list);
