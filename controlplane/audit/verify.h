// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Check an audit log and the segments it names, from the files alone.

#pragma once

#include "controlplane/audit/line.h"

#include <stdatomic.h>

enum audit_finding {
	AUDIT_NOTE,  // what a crash leaves behind, or what nothing pins yet
	AUDIT_FAULT, // evidence is missing or has been changed
};

struct audit_report {
	uint64_t lines, faults, notes;
	uint64_t segments;      // named in the log and checked
	struct audit_head last; // line of the log
};

// Called for each finding; `line` is the number of the line in the file, 0 when it is about none.
typedef void (*audit_finding_fn
)(void *context, enum audit_finding finding, uint64_t line, const char *text);

enum audit_part {
	AUDIT_PART_LOG,      // in bytes; it may grow meanwhile
	AUDIT_PART_SEGMENTS, // in files
};

// Who watches a long verification.
struct audit_watch {
	const atomic_bool *stop; // when it is set the rest is left out; NULL: never
	// How far it has come with a part, for each line and each file; NULL: nobody asks.
	void (*progress)(void *context, enum audit_part part, uint64_t done, uint64_t total);
	void *context;
};

// Verify what lies under `state`. `pin`: a head that somebody kept, or NULL. Reads only; the
// gateway may be running. `watch`: NULL: nobody. Out: *report.
// Returns 0 when everything could be read, whatever was found; -ECANCELED when it was stopped;
// -errno when the log cannot be read at all.
int audit_verify(
	const char *state, const struct audit_head *pin, const struct audit_watch *watch,
	audit_finding_fn found, void *context, struct audit_report *report
) must_check;
