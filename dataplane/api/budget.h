// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What a node of a chain, or all at and below it, may use up in a window of time. The counters are
// the one thing that workers share: a budget that is split between them would either be overspent
// or refuse too early. A session touches them only when a rule or a token of its chain sets one.

#pragma once

#include "dataplane/api/node.h"

enum budget_metric {
	BUDGET_SESSIONS,
	BUDGET_COMMANDS,
	BUDGET_ROWS,
	BUDGET_BYTES, // to the client
	BUDGET_MASKED,
	BUDGET_WRITES, // commands with the effect write
	BUDGET_METRICS,
};

struct budget_limit {
	struct node_id node; // whose: a token's own budget is its node's
	enum budget_metric metric;
	uint32_t window_s;
	uint64_t limit;
};
