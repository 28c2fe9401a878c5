// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What the parts of the token service share.

#pragma once

#include "controlplane/sts/chain.h"
#include "controlplane/sts/keys.h"
#include "controlplane/sts/narrow.h"
#include "controlplane/sts/rate.h"

struct sts {
	struct sts_config config;
	const struct config *policy; // in force; NULL: none yet
	struct signing_keys *keys;   // NULL: not enabled
	struct rate rate;
	struct sts_stats stats;
	uint64_t next_forget; // seconds since 1970
};

// The providers' claims `iss`, by the configuration in force.
struct chain_service sts_service(const struct sts *sts);

// exchange.c: one request that is to become a child.
struct issue {
	const struct exchange *exchange;
	const struct sts_request *request;
	uint64_t now;
	struct subject *parent;
	struct subject *actor; // NULL: it has a plain name
	struct narrowed scope;
	char jti[33];
	char key[STS_ACTOR_MAX + 8]; // of an actor with a plain name
	struct subject_draft draft;  // the child's
	struct exchange_error error; // why it is refused
	char reason[JWT_WHY];        // the same for the audit, when that must say more; or ""
	unsigned status;             // of the answer
};

// Verify, narrow, sign. Out: *token, freed by the caller. Returns 0; ERR_MALFORMED, issue->error
// and issue->status say what the client is told; -ENOMEM.
int issue_child(struct sts *sts, struct issue *issue, char **token) must_check;

// tell.c: to the audit log. Both return as audit_write.
int tell_issued(struct sts *sts, const struct issue *issue) must_check;
int tell_refused(struct sts *sts, const struct issue *issue) must_check;
