// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Where a worker's cycles go. A thread that follows its stages is in exactly one at any time; what
// the time stamp counter moves meanwhile is that stage's, so that all of them together are all the
// time there was, and nothing is counted twice. What a stage calls enters a stage of its own and
// goes back:
//
//	enum stage before = stage_enter(STAGE_SEAL);
//	... seal, which may enter STAGE_SEND ...
//	stage_leave(before);
//
// A thread that does not follow pays a load of thread-local memory and a branch for each of these.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum stage {
	STAGE_IDLE,      // whole turns of the loop that found no work
	STAGE_LOOP,      // clocks, counters, commands, the policy in force
	STAGE_RX,        // packets from the ports
	STAGE_INPUT,     // Ethernet, IP and TCP of what came in
	STAGE_RELAY,     // sessions: whose turn it is, their buffers and timers
	STAGE_HANDSHAKE, // TLS, until records are ours
	STAGE_OPEN,      // records decrypted
	STAGE_FRAME,     // the protocol: messages found, understood and passed on
	STAGE_JUDGE,     // statements: what they do, policy, budgets
	STAGE_SCAN,      // answers: findings, masking
	STAGE_RECORD,    // recordings
	STAGE_SEAL,      // records encrypted
	STAGE_OUTPUT,    // TCP, IP and Ethernet of what goes out
	STAGE_TIMERS,    // TCP's
	STAGE_TX,        // packets to the ports
	STAGE_COUNT,
};

const char *stage_name(enum stage stage);

struct stage_counts { // worker: rw, control: ro
	uint64_t cycles[STAGE_COUNT];
	uint64_t units[STAGE_COUNT]; // of work: packets, records, messages, commands
};

// Usage order: stages_follow on the thread itself, then in each turn of its loop stages_begin_turn,
// the work, stages_end_turn.
struct stages {
	struct stage_counts *counts;
	uint64_t turn[STAGE_COUNT]; // cycles of this turn
	uint64_t since;             // when `now` was entered
	enum stage now;
};

extern _Thread_local struct stages *stage_mine; // NULL: this thread does not follow

// `stages` is borrowed until the thread ends or follows others (NULL: none). Counts go to `counts`.
void stages_follow(struct stages *stages, struct stage_counts *counts);
// The time since the last turn's end belongs to this one. A turn begins in STAGE_LOOP.
void stages_begin_turn(void);
// All of a turn that was not busy is STAGE_IDLE's.
void stages_end_turn(bool busy);

static inline enum stage stage_switch(struct stages *mine, enum stage to)
{
	enum stage before = mine->now;
	uint64_t now = __builtin_ia32_rdtsc();

	mine->turn[before] += now - mine->since;
	mine->since = now;
	mine->now = to;
	return before;
}

// Returns the stage to go back to.
static inline enum stage stage_enter(enum stage stage)
{
	struct stages *mine = stage_mine;

	return __builtin_expect(mine == NULL, 1) ? stage : stage_switch(mine, stage);
}

static inline void stage_leave(enum stage before)
{
	(void)stage_enter(before);
}

// `n` units of work done.
static inline void stage_add(enum stage stage, uint64_t n)
{
	struct stages *mine = stage_mine;

	if (__builtin_expect(mine != NULL, 0))
		mine->counts->units[stage] += n;
}
