// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What a node of a chain, or all at and below it, may use up in a window of time. The counters are
// the one thing that workers share: a budget that is split between them would either be overspent
// or refuse too early. A session touches them only when a rule or a token of its chain sets one.

#pragma once

#include "dataplane/api/node.h"
#include "dataplane/base/err.h"

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
// Out: *metric. False for another word.
bool budget_metric_parse(const char *word, enum budget_metric *metric);

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

// ---- the table

// Use is counted in cells, one for each of these. Windows begin at multiples of their length since
// 1970, so that all workers agree on them without a word.
struct budget_key {
	struct node_id rule; // rule.id; zeros: the budget is a token's own
	struct node_id node; // who pays
	enum budget_metric metric;
	enum budget_per per;
	uint32_t window_s; // not 0
};

// A copy of one cell.
struct budget_use {
	struct budget_key key;
	uint64_t used, limit; // limit: as it was when the cell was charged last
	uint64_t resets;      // when its window ends, seconds since 1970
};

enum budget_outcome {
	BUDGET_GRANTED,
	BUDGET_SPENT,
	BUDGET_FULL, // no cell is free: refused, as nothing could be counted
};

// Of one process: workers charge, control reads, all at once. Charging takes no lock; the first
// charge of a cell takes one, for a few stores (budget.c says why).
struct budget_table;

// `n_cells` is a power of two. NULL when memory is short. Free with budget_table_free.
struct budget_table *budget_table_new(uint32_t n_cells) must_check;
void budget_table_free(struct budget_table *table); // accepts NULL

// Use `amount` (at most BUDGET_AMOUNT_MAX), if no more than `limit` is used with it; all or
// nothing, and exact over all threads. `now`: seconds since 1970. Out: *resets, when the window
// ends, whatever the result; may be NULL.
enum budget_outcome budget_charge(
	struct budget_table *table, const struct budget_key *key, uint64_t limit, uint64_t amount,
	uint64_t now, uint64_t *resets
);
// Use `amount` although the budget is spent: somebody approved it.
void budget_force(
	struct budget_table *table, const struct budget_key *key, uint64_t limit, uint64_t amount,
	uint64_t now
);
// Give back what was charged for something that did not come to be, if its window still runs.
void budget_refund(
	struct budget_table *table, const struct budget_key *key, uint64_t amount, uint64_t now
);
// Is nothing left? Out: *resets as budget_charge.
bool budget_is_spent(
	struct budget_table *table, const struct budget_key *key, uint64_t limit, uint64_t now,
	uint64_t *resets
);

// Control: the next cell at or behind index `at` whose window runs. Out: *out. Returns the index to
// go on from; 0: there is none.
uint32_t budget_next(struct budget_table *table, uint32_t at, uint64_t now, struct budget_use *out);
// Control: take up what was used before a restart. False when the window is over, or there is no
// room.
bool budget_load(struct budget_table *table, const struct budget_use *use, uint64_t now);
// How often something was refused because no cell was free.
uint64_t budget_refusals(const struct budget_table *table);
