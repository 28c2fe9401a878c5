// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What policy decides about a command.

#pragma once

#include "dataplane/base/span.h"

enum verdict_action { VERDICT_FORWARD, VERDICT_HOLD, VERDICT_REWRITE, VERDICT_DENY, VERDICT_KILL };

enum verdict_reason {
	REASON_ALLOWED,
	REASON_NO_RULE,       // nothing matches this subject and resource
	REASON_EFFECT,        // an effect the rule does not allow
	REASON_SCOPE,         // an effect that a token of the chain does not carry
	REASON_HOLD,          // an effect that the rule holds for approval
	REASON_APPROVERS,     // rules of the chain hold it for different people
	REASON_BUDGET,        // a budget is spent
	REASON_BLOCKED,       // a blocklist pattern
	REASON_MASKED_COLUMN, // it would carry a masked column past the masker
	REASON_UNRESOLVED,    // a column rule names a column that does not exist
	// What became of a command that was held.
	REASON_APPROVED,
	REASON_REFUSED,   // by an approver, or because it cannot be held
	REASON_TIMEOUT,   // nobody decided in time
	REASON_LIMIT,     // too many wait already
	REASON_SIZE,      // it is too large to wait
	REASON_LATER,     // it is asked for; the client runs it again once it is approved
	REASON_CANCELLED, // by the client
	REASON_EXPIRED,
	REASON_REVOKED,
	REASON_COUNT,
};

struct verdict {
	enum verdict_action action;
	enum verdict_reason reason;
	uint16_t rule;     // that decided: index in the snapshot; UINT16_MAX: none
	uint16_t link;     // of the chain, whose rule that is
	uint64_t effects;  // those that decided, and flags
	uint16_t pattern;  // REASON_BLOCKED: which
	uint64_t approval; // held.id; 0: nobody is asked
};

const char *verdict_action_name(enum verdict_action action);
const char *verdict_reason_name(enum verdict_reason reason);
