// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What a worker listens on follows the policy in force.

#pragma once

#include "dataplane/api/snapshot.h"
#include "dataplane/tcp/tcp.h"

enum listeners_limit { LISTENERS_MAX = 256 };

struct listeners {
	uint32_t version; // of the snapshot they follow; 0: none
	uint16_t n;
	uint16_t refused; // of that snapshot's: tcp/ takes no more
	struct endpoint list[LISTENERS_MAX];
};

// Open what `snapshot` has and close what it has no more; NULL: close all. Costs nothing when the
// version is the same.
void listeners_follow(
	struct listeners *listeners, struct tcp *tcp, const struct snapshot *snapshot
);
