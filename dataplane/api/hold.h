// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A command that waits for a human, on its way from a worker to controlplane/approval. The command
// itself stays with its session, unread beyond; this is what approvers are shown, and the digest by
// which the session knows its command again.

#pragma once

#include "dataplane/api/subject.h"

enum hold_limit { HOLD_TEXT_MAX = 64 << 10 };

// One allocation, made by the worker with malloc and freed by control with free: a command that
// waits for a human is no matter of microseconds, and so nobody's lifetime depends on another's.
struct held {
	uint64_t id; // random, not 0; written as 16 hex digits
	// SHA-256 over everything that is approved: kind of command, statement, each parameter with
	// its format, what the session has set by which they mean something else, resource, the
	// nodes of the chain, digest of the policy, what holds it there.
	uint8_t digest[32];
	uint16_t rule;    // index in the snapshot of `snapshot_version`: whose approval it needs
	uint64_t effects; // that are held, and flags; 0: a budget is spent
	uint32_t
		text_len; // the command as it would be forwarded, parameters and settings behind it
	uint32_t masked_len; // the command as it is recorded; all that is kept once it is decided
	bool cut;            // as it is recorded it was longer than HOLD_TEXT_MAX
	char text[];         // text, then masked; no NUL
};
