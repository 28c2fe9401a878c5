// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/budget/budget.h"

#include "controlplane/identity/node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CELLS_PER_SAVE = 2048, FORGET_S = 60 };

// Of one cell, as it is in the store.
struct saved {
	struct budget_key key;
	uint64_t used, resets;
};

struct budgets {
	struct store *store;
	struct budget_table *table;
	struct saved *saved; // by index in the table
	uint32_t next;       // where the next save begins
	uint64_t forgot_s;   // when windows that are over were last taken out of the store
};

static bool id_of(struct span blob, struct node_id *out)
{
	if (blob.n != sizeof(*out))
		return false;
	memcpy(out, blob.p, sizeof(*out));
	return true;
}

struct loading {
	struct budget_table *table;
	uint64_t now_s;
};

// A row that makes no sense, or has no place any more, is left out: it counts for nothing.
static bool load_row(void *context, const struct store_row *row)
{
	const struct loading *loading = context;
	int64_t per = store_row_integer(row, 3), window_s = store_row_integer(row, 4);
	struct budget_use use = {
		.key.per = (enum budget_per)per,
		.key.window_s = (uint32_t)window_s,
		.limit = (uint64_t)store_row_integer(row, 5),
		.used = (uint64_t)store_row_integer(row, 6),
		.resets = (uint64_t)store_row_integer(row, 7),
	};

	if (id_of(store_row_blob(row, 0), &use.key.rule) &&
	    id_of(store_row_blob(row, 1), &use.key.node) &&
	    budget_metric_parse(store_row_text(row, 2), &use.key.metric) && per >= 0 &&
	    per <= BUDGET_PER_ROOT && window_s > 0 && window_s <= UINT32_MAX)
		(void)budget_load(loading->table, &use, loading->now_s);
	return true;
}

int budgets_open(struct store *store, uint64_t now_s, struct budgets **out)
{
	struct budgets *budgets = calloc(1, sizeof(*budgets));
	int r = -ENOMEM;

	if (budgets == NULL)
		return r;
	budgets->store = store;
	budgets->table = budget_table_new(BUDGET_CELLS);
	budgets->saved = calloc(BUDGET_CELLS, sizeof(*budgets->saved));
	if (budgets->table != NULL && budgets->saved != NULL) {
		struct loading loading = {budgets->table, now_s};
		r = store_each(
			store,
			"SELECT rule, node, metric, per, window_s, limited, used, resets_s"
			" FROM budgets WHERE resets_s > ?",
			STORE_VALUES(store_integer((int64_t)now_s)), load_row, &loading
		);
	}
	if (r != 0)
		budgets_free(budgets);
	else
		*out = budgets;
	return r;
}

void budgets_free(struct budgets *budgets)
{
	if (budgets == NULL)
		return;
	budget_table_free(budgets->table);
	free(budgets->saved);
	free(budgets);
}

struct budget_table *budgets_table(struct budgets *budgets)
{
	return budgets->table;
}

static bool is_saved(const struct saved *saved, const struct budget_use *use)
{
	return saved->used == use->used && saved->resets == use->resets &&
	       node_equal(&saved->key.rule, &use->key.rule) &&
	       node_equal(&saved->key.node, &use->key.node) &&
	       saved->key.metric == use->key.metric && saved->key.per == use->key.per &&
	       saved->key.window_s == use->key.window_s;
}

static int save_one(struct store *store, const struct budget_use *use)
{
	const struct budget_key *key = &use->key;

	return store_run(
		store,
		"INSERT INTO budgets(rule, node, metric, per, window_s, limited, used, resets_s)"
		" VALUES(?,?,?,?,?,?,?,?) ON CONFLICT(rule, node, metric, per, window_s) DO UPDATE"
		" SET limited=excluded.limited, used=excluded.used, resets_s=excluded.resets_s",
		STORE_VALUES(
			store_blob(&key->rule, sizeof(key->rule)),
			store_blob(&key->node, sizeof(key->node)),
			store_text(budget_metric_name(key->metric)), store_integer(key->per),
			store_integer(key->window_s), store_integer((int64_t)use->limit),
			store_integer((int64_t)use->used), store_integer((int64_t)use->resets)
		)
	);
}

// Out: what has changed since it was saved, from budgets->next on, at most once around; at[] says
// where. *left: there may be more. Returns how many.
static unsigned collect(
	struct budgets *budgets, uint64_t now_s, struct budget_use *out, uint32_t *at, bool *left
)
{
	uint32_t from = budgets->next, i = from;
	bool around = from == 0;
	unsigned n = 0;

	*left = false;
	for (;;) {
		struct budget_use use;
		uint32_t next = budget_next(budgets->table, i, now_s, &use);
		if (next == 0 && around)
			break;
		if (next == 0) {
			around = true;
			i = 0;
			continue;
		}
		if (around && from != 0 && next > from)
			break;
		i = next;
		if (is_saved(&budgets->saved[next - 1], &use))
			continue;
		if (n == CELLS_PER_SAVE) {
			*left = true;
			budgets->next = next - 1;
			return n;
		}
		out[n] = use;
		at[n++] = next - 1;
	}
	return n;
}

static int forget_old(struct budgets *budgets, uint64_t now_s)
{
	if (now_s < budgets->forgot_s + FORGET_S && now_s >= budgets->forgot_s)
		return 0;
	budgets->forgot_s = now_s;
	return store_run(
		budgets->store, "DELETE FROM budgets WHERE resets_s <= ?",
		STORE_VALUES(store_integer((int64_t)now_s))
	);
}

int budgets_save(struct budgets *budgets, uint64_t now_s)
{
	static struct budget_use uses[CELLS_PER_SAVE];
	static uint32_t at[CELLS_PER_SAVE];
	bool left;

	unsigned n = collect(budgets, now_s, uses, at, &left);
	if (n == 0)
		return 0;
	int r = store_begin(budgets->store);
	if (r != 0)
		return r;
	r = forget_old(budgets, now_s);
	for (unsigned i = 0; i < n && r == 0; i++)
		r = save_one(budgets->store, &uses[i]);
	r = store_end(budgets->store, r);
	for (unsigned i = 0; i < n && r == 0; i++)
		budgets->saved[at[i]] = (struct saved){uses[i].key, uses[i].used, uses[i].resets};
	return r != 0 ? r : left;
}

// ---- JSON

static const char *per_name(enum budget_per per)
{
	switch (per) {
	case BUDGET_PER_NODE:
		return "node";
	case BUDGET_PER_SUBTREE:
		return "subtree";
	case BUDGET_PER_ROOT:
		return "root";
	}
	return "unknown";
}

static const char *rule_name(const struct node_id *id, const struct config *config)
{
	for (uint16_t i = 0; i < config->n_rules && !node_is_none(id); i++) {
		const struct node_id rule = node_of_rule(config->rules[i].name);
		if (node_equal(&rule, id))
			return config->rules[i].name;
	}
	return NULL;
}

json_t *budget_use_json(const struct budget_use *use, const struct config *config)
{
	char node[NODE_TEXT_SIZE];

	return json_pack(
		"{s:s,s:s?,s:s,s:s,s:I,s:I,s:I,s:I}", "node", node_text(&use->key.node, node),
		"rule", rule_name(&use->key.rule, config), "metric",
		budget_metric_name(use->key.metric), "per", per_name(use->key.per), "window_s",
		(json_int_t)use->key.window_s, "limit", (json_int_t)use->limit, "used",
		(json_int_t)use->used, "resets_ns", (json_int_t)(use->resets * 1000000000)
	);
}
