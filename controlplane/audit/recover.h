// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What the last process left in the audit log, and how the next one continues it.

#pragma once

#include "controlplane/audit/line.h"

struct audit_recovery {
	uint64_t size;          // bytes of whole lines
	struct audit_head last; // the last whole line
	uint64_t torn;          // bytes behind it, moved to `side`
	char side[64];          // name inside the audit folder
	const char *broken;     // why the log does not fit its head file; NULL: it does
	struct audit_head pinned;
};

// Look at the end of the log `fd`, cut off a torn last line. Out: *found. Returns 0 or -errno.
int audit_recover(const char *state, int fd, struct audit_recovery *found) must_check;
