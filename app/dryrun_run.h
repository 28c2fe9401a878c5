// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The parts of one dry run. All of it runs on one thread.

#pragma once

#include "app/dryrun.h"
#include "controlplane/config/config.h"
#include "controlplane/recorder/segment.h"
#include "dataplane/inspect/inspect.h"
#include "dataplane/policy/policy.h"

// What a recording cannot tell, and how often that mattered.
enum dryrun_gap {
	GAP_LITERALS,   // commands
	GAP_HELD,       // commands
	GAP_BUDGET,     // commands
	GAP_COLUMNS,    // commands
	GAP_EXPRESSION, // commands
	GAP_GRANT,      // sessions
	GAP_GROUPS,     // sessions
	GAP_BEGINNING,  // commands
	GAP_TOO_LARGE,  // commands
	GAP_UNRECORDED, // sessions
	GAP_COUNT,
};

enum dryrun_change {
	CHANGE_DENIED,
	CHANGE_HELD,
	CHANGE_ALLOWED,
	CHANGE_MASKED,
	CHANGE_UNMASKED,
	CHANGE_OTHER, // of the reason only
	CHANGE_COUNT,
};

struct judge {
	const struct snapshot *snapshot; // the candidate
	struct inspect_cache *cache;
	struct buf scratch, text;
	uint64_t from_ns, to_ns;
	uint32_t limit;
	// found
	uint64_t sessions, commands, same;
	uint64_t changes[CHANGE_COUNT], gaps[GAP_COUNT];
	json_t *examples;
	bool cut; // more changes than `limit`
};

// A session in the recordings, between its RECORD_OPEN and its RECORD_CLOSE.
struct judged;

// Returns 0 or -ENOMEM. Free with judge_fini. `snapshot` is borrowed.
int judge_init(struct judge *judge, const struct snapshot *snapshot, const struct dryrun_ask *ask)
	must_check;
void judge_fini(struct judge *judge); // accepts a zeroed one

// `json`: what RECORD_OPEN says, or NULL when that is lost. NULL when memory is short.
struct judged *judged_new(struct judge *judge, const char *name, const json_t *json) must_check;
// The last command counts; then freed. `json`: what RECORD_CLOSE says, or NULL. Accepts NULL.
void judged_end(struct judge *judge, struct judged *session, const json_t *json);

// The next message of the session; `data` is the whole of it.
void judged_command(
	struct judge *judge, struct judged *session, uint64_t time_ns, struct span data
);
void judged_verdict(
	struct judge *judge, struct judged *session, uint64_t time_ns, const json_t *json
);
void judged_answer(struct judge *judge, struct judged *session, uint8_t message, struct span data);

// The subject that RECORD_OPEN's JSON tells of, freed by subject_free; NULL when it does not tell
// enough to judge by.
struct subject *dryrun_subject(const json_t *json) must_check;
// "10.0.0.1:4711" and "[::1]:4711"; what is neither is no address at all.
struct ip_addr dryrun_client(const char *text);

struct dryrun_progress {
	uint64_t done, total;                                     // bytes of recordings
	bool (*report)(void *context, const struct judge *judge); // false: stop
	void *context;
};

// Judge what lies under `state` by what `judge` holds. Returns 0, -ECANCELED, -ENOMEM or what
// reading the folder returns; what is damaged is left out.
int dryrun_read(
	struct judge *judge, const char *state, struct session_index *index,
	struct dryrun_progress *progress
) must_check;

// The candidate: `text` as `file` says it, with what `like` knows of servers and columns. Out:
// *out, freed by snapshot_free. Returns as snapshot_build_trial.
int dryrun_candidate(
	const char *file, const struct config_folders *patterns, struct span text,
	const struct snapshot *like, struct snapshot **out, struct config_errors *errors
) must_check;

// What was found, into `to`.
void judge_tell(const struct judge *judge, json_t *to);
