// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What another policy would have done to recorded sessions. Nothing of it comes into force, no
// worker takes part, and each run has a thread of its own: the control thread only starts it, asks
// how far it is, and collects what it found.
//
// Of a recording everything is judged again that it can tell: who was connected, what each command
// would do, which values went out. What it cannot tell (what was masked before it was written, what
// somebody would have approved, what a budget had left) is counted and said, never guessed.

#pragma once

#include "controlplane/recorder/index.h"
#include "dataplane/api/snapshot.h"
#include "dataplane/base/err.h"

#include <jansson.h>

enum dryrun_limit {
	DRYRUN_RUNNING_MAX = 2,
	DRYRUN_KEPT_MAX = 8, // results; the oldest goes
	DRYRUN_EXAMPLES_MAX = 10000,
	DRYRUN_ID_SIZE = 17, // 16 hex digits
};

struct dryrun_ask {
	struct span text;                      // the configuration; at most CONFIG_FILE_MAX bytes
	const struct config_folders *patterns; // the library that is used, whatever the text says
	uint64_t from_ns, to_ns;               // since 1970; commands in between are judged
	uint32_t limit;                        // examples; at most DRYRUN_EXAMPLES_MAX
};

struct dryruns;

// `file` names the configuration in errors; relative paths in it start there. It and `index` are
// borrowed. NULL when memory is short. Freed by dryruns_free.
struct dryruns *dryruns_new(const char *file, const char *state, struct session_index *index)
	must_check;
// Cancels what runs and waits for it. Accepts NULL.
void dryruns_free(struct dryruns *runs);

// Begin one, beside the policy `current`; what `ask` points to is copied. Out: id. Returns 0;
// -EBUSY, DRYRUN_RUNNING_MAX run already; -EINVAL, -ENOMEM, -EAGAIN.
int dryruns_start(
	struct dryruns *runs, const struct snapshot *current, const struct dryrun_ask *ask,
	char id[static DRYRUN_ID_SIZE]
) must_check;
// How it stands (components.schemas.DryRun in openapi.json), a new reference; NULL: there is none
// of this id, or memory is short. Out: *running.
json_t *dryruns_json(struct dryruns *runs, const char *id, bool *running);
// Returns 0 or -ENOENT. One that is over stays as it is.
int dryruns_cancel(struct dryruns *runs, const char *id) must_check;
