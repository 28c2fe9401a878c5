// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Operations that read much of the disk, one after the other on a thread of their own: nobody else
// waits for them.

#pragma once

#include "controlplane/admin/admin.h"

enum { JOBS_MAX = 16 }; // waiting or at work

struct jobs;
struct job;

// Starts the thread. NULL when there is no memory or no thread.
struct jobs *jobs_new(void);
// Tells the one at work to stop, waits for it, and frees all. Accepts NULL.
void jobs_free(struct jobs *jobs);

// Let `op` work on a copy of `call`, without its subject. Returns NULL when there are JOBS_MAX
// already or memory is short.
struct job *job_start(
	struct jobs *jobs, admin_op *op, void *context, const struct admin_call *call
);
// Is it done? Then Out: *out, a new reference or NULL, `why` and *result; and `job` ends here.
bool job_take(
	struct jobs *jobs, struct job *job, json_t **out, char why[static ADMIN_WHY], int *result
);
// Nobody waits for it any more; `job` ends here.
void job_leave(struct jobs *jobs, struct job *job);
