// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The last lines of the audit log, from the file: for people to look at while it grows.

#pragma once

#include "controlplane/audit/line.h"

#include <stdatomic.h>

// At most `limit` lines, the newest first, with numbers below `before` (0: from the newest on) and
// of `type` (NULL: any). Lines that are none are left out: the verifier tells of them. A call reads
// at most 16 MiB and stops when `stop` is set. Out: *lines, an array; *next, the number to go on
// before, 0 when there is nothing more. Returns 0, -ENOMEM or another -errno.
int audit_tail(
	const char *state, unsigned limit, uint64_t before, const char *type,
	const atomic_bool *stop, json_t **lines, uint64_t *next
) must_check;
