// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A command that waits for a human: it stays unconsumed at the head of its client's leg, nothing
// behind it is read, and control is asked. Private to relay/.
//
//   NONE -> NEW        it has an id, and is being recorded
//        -> ASKING     it is on record; control does not know of it yet
//        -> WAITING    control has it
//        -> DECIDED    one way or the other: it is judged once more, then runs or is refused
//        -> NONE

#pragma once

#include "dataplane/api/event.h"
#include "dataplane/api/verdict.h"
#include "dataplane/base/list.h"

enum hold_size {
	HOLD_NOTICE_MS = 30000,   // between two words to the client
	HOLD_DEFAULT_MS = 600000, // for rules that say nothing
	HOLD_MARGIN_MS = 10000,   // control's own answer comes first
	HOLD_VERB_MAX = 61,
	// Bytes of a command that may wait: the memory is the worker's, and nobody reads more.
	HOLD_COMMAND_MAX = 256 << 10,
};

enum hold_state { HOLD_NONE, HOLD_NEW, HOLD_ASKING, HOLD_WAITING, HOLD_DECIDED };

struct session_hold {
	struct session *session;
	enum hold_state state;
	struct list node;            // in relay.held, unless NONE
	struct held *held;           // ASKING: ours still
	uint64_t id;                 // of held
	uint64_t reference;          // by which people know the request
	bool retry;                  // it does not wait; the client is told of nothing but the end
	uint8_t digest[32];          // of held: what a decision is about
	enum verdict_reason outcome; // DECIDED
	char reason[96];             // DECIDED: for the client
	char verb[HOLD_VERB_MAX];    // for the client
	bool doubt; // an error went by: the command may be one that the server would skip
	uint32_t rights_version; // of the session, by which it was judged last
	uint32_t timeout_ms;     // as the client was told
	uint64_t notice_us, deadline_us;
	uint64_t gone; // id of one that nobody waits for, and control was not told; 0: none
	const char *gone_reason;
};

// `hold` may be NULL.
static inline enum hold_state hold_state(const struct session_hold *hold)
{
	return hold == NULL ? HOLD_NONE : hold->state;
}

// It is parked: nothing of the client is looked at.
static inline bool hold_is_parked(const struct session_hold *hold)
{
	return hold_state(hold) == HOLD_ASKING || hold_state(hold) == HOLD_WAITING;
}
