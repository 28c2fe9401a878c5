// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Time windows of rules.

#pragma once

#include "dataplane/api/snapshot.h"

// Is `when` open at `wall_ns` (since 1970)? Out: *next, when that changes or may change;
// UINT64_MAX: never.
bool when_is_open(const struct rule_when *when, uint64_t wall_ns, uint64_t *next);
