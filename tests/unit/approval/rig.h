// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Approvals on a store and an audit log of their own, with a clock that stands still and workers
// that only remember what they were told.

#pragma once

#include "controlplane/approval/approval.h"
#include "controlplane/identity/node.h"
#include "tests/unit/control/recorder_scratch.h"

enum { RIG_COMMANDS = 256 };

struct rig {
	struct scratch scratch;
	struct store *store;
	struct audit *audit;
	struct approvals *approvals;
	struct approval_time now;
	uint64_t epoch;
	bool full;              // the workers' rings
	struct node_id revoked; // somebody; none at first
	unsigned n_commands;
	struct command commands[RIG_COMMANDS];
	struct approval_rule rule;
	uint8_t policy[32];
	char why[APPROVAL_WHY];
};

void rig_start(struct rig *rig);
void rig_stop(struct rig *rig);
// The two halves of a restart.
void rig_close(struct rig *rig);
void rig_open(struct rig *rig);
// As after kill -9, with another epoch; the clock goes on.
void rig_restart(struct rig *rig);
// Without waiting for the disk: where many are written, and none need survive.
void rig_hurry(struct store *store);
void rig_pass(struct rig *rig, uint64_t ms);

// A chain of names: "person:ann" is a human, "agent:bot" an agent, "thing:x" neither; the first is
// the root. Groups of the root: dba. Static: valid until the eighth call after it.
struct subject *rig_subject(const char *const *names, uint16_t n);
#define WHO(...)                                                                  \
	rig_subject(                                                              \
		(const char *const[]){__VA_ARGS__},                               \
		sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *) \
	)

// A command `text` of `subject`, held as `id`.
void rig_hold(struct rig *rig, uint64_t id, const struct subject *subject, const char *text);
void rig_access(struct rig *rig, session_id session, const struct subject *subject);
int rig_vote(struct rig *rig, const char *id, const struct subject *voter, bool yes);
// The command that the workers got last; there must be `n` by now.
const struct command *rig_last(const struct rig *rig, unsigned n);
// Its state, as approvals_get says.
const char *rig_state(struct rig *rig, const char *id);
json_t *rig_get(struct rig *rig, const char *id, const struct subject *viewer);
// How many lines of the audit log have the type.
unsigned rig_told(struct rig *rig, const char *type);
