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
	const atomic_bool *stop; // set: give up; NULL: never
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
	return walk->stop != NULL && atomic_load(walk->stop);
}

void walk_find(
	struct walk *walk, enum audit_finding finding, uint64_t line, const char *format, ...
) __attribute__((format(printf, 4, 5)));

// Check the segment files against walk->sealed. Returns 0 or -errno.
int walk_segments(struct walk *walk) must_check;
