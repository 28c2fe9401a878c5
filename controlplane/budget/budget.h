// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What was used of budgets, over a restart: read from the store at the start, written once a second
// where it has changed. A crash forgets at most that second.
//
// One control thread.

#pragma once

#include "controlplane/config/config.h"
#include "controlplane/store/store.h"
#include "dataplane/api/budget.h"

#include <jansson.h>

enum budget_cells { BUDGET_CELLS = 1 << 16 };

struct budgets;

// A table of BUDGET_CELLS, with what the store has of windows that run. `store` is borrowed.
// Out: *out, freed by budgets_free. Returns 0, -ENOMEM, or as store_each.
int budgets_open(struct store *store, uint64_t now_s, struct budgets **out) must_check;
// The workers must have ended. Accepts NULL.
void budgets_free(struct budgets *budgets);
// For the workers; lives as long as `budgets`.
struct budget_table *budgets_table(struct budgets *budgets);

// Write what has changed, a bounded number of cells; the rest with the next call. What the store
// does not take is tried again; store_health tells why. Call once a second, and in the end until it
// returns 0. Returns how many cells were left, or as store_run.
int budgets_save(struct budgets *budgets, uint64_t now_s);

// One for the admin API: {"node", "rule", "metric", "per", "window_s", "limit", "used",
// "resets_ns"}. `rule` is null for a token's own, and for a rule that `config` has no more. NULL
// when memory is short.
json_t *budget_use_json(const struct budget_use *use, const struct config *config) must_check;
