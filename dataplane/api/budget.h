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

// The most that a budget may be, of anything: a cell of the table counts to twice that.
static const uint64_t BUDGET_AMOUNT_MAX = UINT64_C(1) << 39;

// "sessions", "rows"...: as in the configuration.
const char *budget_metric_name(enum budget_metric metric);

enum budget_per {
	BUDGET_PER_NODE,    // what the actor's own sessions use
	BUDGET_PER_SUBTREE, // and all sessions below it: each link of a chain pays
	BUDGET_PER_ROOT,    // all that a root and its agents use together
};

// Of a rule. Windows are counted by the clock: one of an hour begins with the full hour, UTC.
struct rule_budget {
	enum budget_metric metric;
	enum budget_per per;
	uint32_t window_s;
	uint64_t limit;
	bool hold; // once it is spent commands wait for approval; else they are refused
};

struct budget_limit {
	struct node_id node; // whose: a token's own budget is its node's
	enum budget_metric metric;
	uint32_t window_s;
	uint64_t limit;
};
