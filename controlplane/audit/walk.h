// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// One pass of the verifier: what audit_verify's two halves, the chain and the segments, share.

#pragma once

#include "controlplane/audit/verify.h"

// A segment as the log says it ended.
struct sealed {
	uint64_t line;
	char name[64];
	struct digest hash;
	uint64_t frames;
};

struct walk {
	const struct audit_watch *watch; // NULL: nobody
	const char *state;
	const struct audit_head *pin;
	audit_finding_fn found;
	void *context;
	struct audit_report *report;
	struct sealed *sealed;
	size_t n_sealed, room;
};

static inline bool walk_is_stopped(const struct walk *walk)
{
	const struct audit_watch *watch = walk->watch;

	return watch != NULL && watch->stop != NULL && atomic_load(watch->stop);
}

static inline void walk_progress(
	const struct walk *walk, enum audit_part part, uint64_t done, uint64_t total
)
{
	const struct audit_watch *watch = walk->watch;

	if (watch != NULL && watch->progress != NULL)
		watch->progress(watch->context, part, done, total);
}

void walk_find(
	struct walk *walk, enum audit_finding finding, uint64_t line, const char *format, ...
) __attribute__((format(printf, 4, 5)));

// Check the segment files against walk->sealed. Returns 0 or -errno.
int walk_segments(struct walk *walk) must_check;
