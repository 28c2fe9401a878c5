// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A cell is known by 64 bits of a hash of its key, with another 64 saying where to look for it; the
// count lies beside them, and both change in one compare and swap: a charge cannot hit a cell that
// was meanwhile taken for another key. A cell whose window is over may be taken so; it never
// becomes empty again, so a search may stop at the first empty one.
//
// Two threads that take cells for one key could take two: whoever takes one holds a lock, and looks
// again. That is once for each key, takes no call and no wait but for the other's stores, and gives
// up, counted, when a holder seems to be gone.

#include "dataplane/api/budget.h"

#include <immintrin.h>
#include <stdlib.h>
#include <string.h>

const char *budget_metric_name(enum budget_metric metric)
{
	switch (metric) {
	case BUDGET_SESSIONS:
		return "sessions";
	case BUDGET_COMMANDS:
		return "commands";
	case BUDGET_ROWS:
		return "rows";
	case BUDGET_BYTES:
		return "bytes";
	case BUDGET_MASKED:
		return "masked";
	case BUDGET_WRITES:
		return "writes";
	case BUDGET_METRICS:
		break;
	}
	return "unknown";
}

bool budget_metric_parse(const char *word, enum budget_metric *metric)
{
	for (unsigned m = 0; m < BUDGET_METRICS; m++) {
		if (strcmp(word, budget_metric_name((enum budget_metric)m)) != 0)
			continue;
		*metric = (enum budget_metric)m;
		return true;
	}
	return false;
}

// ---- cells

enum cell_id { CELL_EMPTY, CELL_BUSY, CELL_FIRST }; // ids from CELL_FIRST on are keys
enum table_limit { PROBES_MAX = 64, LOCK_SPINS_MAX = 1 << 16 };
enum { USED_BITS = 40, WINDOW_BITS = 24, SET_BACK_S_MAX = 600 };

static const uint64_t used_max = (UINT64_C(1) << USED_BITS) - 1;
static const uint32_t window_mask = (1U << WINDOW_BITS) - 1;

typedef unsigned __int128 pair;

// All of it is read and written by every thread, as atomics only.
struct cell {
	union {
		pair both;
		struct {
			uint64_t id;
			uint64_t count; // number of the window, and what is used in it
		};
	};
	// What the key was, for control and for who takes the cell over: written under the lock
	// while `id` is CELL_BUSY.
	uint64_t rule[2], node[2], what;
	uint64_t limit;
} __attribute__((aligned(64)));

struct budget_table {
	uint32_t mask;
	bool locked;
	uint64_t refusals;
	struct cell cells[];
};

struct budget_table *budget_table_new(uint32_t n_cells)
{
	size_t size = sizeof(struct budget_table) + (size_t)n_cells * sizeof(struct cell);
	struct budget_table *table = NULL;

	if (n_cells == 0 || (n_cells & (n_cells - 1)) != 0)
		return NULL;
	if (posix_memalign((void **)&table, _Alignof(struct cell), size) != 0)
		return NULL;
	memset(table, 0, size);
	table->mask = n_cells - 1;
	return table;
}

void budget_table_free(struct budget_table *table)
{
	free(table);
}

uint64_t budget_refusals(const struct budget_table *table)
{
	return __atomic_load_n(&table->refusals, __ATOMIC_RELAXED);
}

static uint64_t load(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void store(uint64_t *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELAXED);
}

static pair pair_of(uint64_t id, uint64_t count)
{
	return (pair)count << 64 | id;
}

static bool swap(struct cell *cell, uint64_t id, uint64_t count, uint64_t to_id, uint64_t to_count)
{
	return __sync_bool_compare_and_swap(
		&cell->both, pair_of(id, count), pair_of(to_id, to_count)
	);
}

// ---- windows

static uint32_t window_now(uint32_t window_s, uint64_t now)
{
	return (uint32_t)(now / window_s) & window_mask;
}

static uint64_t count_of(uint32_t window, uint64_t used)
{
	return (uint64_t)window << USED_BITS | used;
}

// How many windows the count is ahead of `window`; negative: behind.
static int32_t window_ahead(uint64_t count, uint32_t window)
{
	uint32_t ahead = ((uint32_t)(count >> USED_BITS) - window) & window_mask;

	return (int32_t)(ahead << (32 - WINDOW_BITS)) >> (32 - WINDOW_BITS);
}

// The same window; or a later one, because another thread's clock is ahead, or ours was set back a
// little: then what is used there counts until our clock has caught up. A clock that was set back
// far starts anew: it must not lock everybody out for as long.
static bool window_runs(uint64_t count, uint32_t window_s, uint64_t now)
{
	int32_t ahead = window_ahead(count, window_now(window_s, now));

	return ahead == 0 || ahead == 1 ||
	       (ahead > 1 && (uint64_t)ahead * window_s <= SET_BACK_S_MAX);
}

// Only for one that runs.
static uint64_t window_end(uint64_t count, uint32_t window_s, uint64_t now)
{
	int32_t ahead = window_ahead(count, window_now(window_s, now));

	return (now / window_s + 1 + (uint64_t)ahead) * window_s;
}

// ---- keys

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static uint64_t what_of(const struct budget_key *key)
{
	return (uint64_t)key->window_s << 16 | (uint64_t)key->per << 8 | (uint64_t)key->metric;
}

// Nodes and rules are parts of SHA-256 already: nobody chooses theirs.
static uint64_t key_hash(const struct budget_key *key, unsigned which)
{
	uint64_t hash = mix(what_of(key) + ((uint64_t)which << 63));

	for (unsigned i = 0; i < 2; i++)
		hash = mix(key->node.w[i] ^ mix(key->rule.w[i] ^ hash));

	return hash < CELL_FIRST ? hash + CELL_FIRST : hash;
}

// ---- finding and taking

static struct cell *find(struct budget_table *table, uint64_t id, uint64_t start)
{
	for (uint32_t i = 0; i < PROBES_MAX && i <= table->mask; i++) {
		struct cell *cell = &table->cells[(start + i) & table->mask];
		uint64_t there = load(&cell->id);
		if (there == id)
			return cell;
		if (there == CELL_EMPTY)
			return NULL;
	}
	return NULL;
}

static bool lock(struct budget_table *table)
{
	for (unsigned i = 0; i < LOCK_SPINS_MAX; i++) {
		if (!__atomic_test_and_set(&table->locked, __ATOMIC_ACQUIRE))
			return true;
		_mm_pause();
	}
	return false;
}

static void unlock(struct budget_table *table)
{
	__atomic_clear(&table->locked, __ATOMIC_RELEASE);
}

// Called with the lock: nobody else changes `what`.
static bool claim(struct cell *cell, uint64_t now)
{
	uint64_t id = load(&cell->id), count = load(&cell->count);
	uint32_t window_s = (uint32_t)(load(&cell->what) >> 16);

	if (id != CELL_EMPTY && window_runs(count, window_s, now))
		return false;
	return swap(cell, id, count, CELL_BUSY, 0);
}

static void fill(struct cell *cell, const struct budget_key *key, uint64_t id, uint64_t count)
{
	for (unsigned i = 0; i < 2; i++) {
		store(&cell->rule[i], key->rule.w[i]);
		store(&cell->node[i], key->node.w[i]);
	}
	store(&cell->what, what_of(key));
	store(&cell->limit, 0);
	(void)swap(cell, CELL_BUSY, 0, id, count); // nobody else touches a busy cell
}

// A cell for the key, with `used` in it when it is new. NULL: there is none.
static struct cell *take(
	struct budget_table *table, const struct budget_key *key, uint64_t used, uint64_t now
)
{
	uint64_t id = key_hash(key, 0), start = key_hash(key, 1);
	struct cell *cell = find(table, id, start);

	if (cell != NULL)
		return cell;
	if (!lock(table))
		goto full;
	cell = find(table, id, start);
	for (uint32_t i = 0; cell == NULL && i < PROBES_MAX && i <= table->mask; i++) {
		struct cell *next = &table->cells[(start + i) & table->mask];
		if (!claim(next, now))
			continue;
		fill(next, key, id, count_of(window_now(key->window_s, now), used));
		cell = next;
	}
	unlock(table);
	if (cell != NULL)
		return cell;
full:
	__atomic_fetch_add(&table->refusals, 1, __ATOMIC_RELAXED);
	return NULL;
}

// ---- charging

enum how { HOW_LIMITED, HOW_FORCED };

static enum budget_outcome charge(
	struct budget_table *table, const struct budget_key *key, uint64_t limit, uint64_t amount,
	uint64_t now, enum how how, uint64_t *resets
)
{
	uint64_t id = key_hash(key, 0), fresh = count_of(window_now(key->window_s, now), 0);

	*resets = window_end(fresh, key->window_s, now);
	for (;;) {
		struct cell *cell = take(table, key, 0, now);
		if (cell == NULL)
			return BUDGET_FULL;
		uint64_t count = load(&cell->count);
		uint64_t base = window_runs(count, key->window_s, now) ? count : fresh;
		uint64_t used = base & used_max;
		*resets = window_end(base, key->window_s, now);
		if (how == HOW_LIMITED && (amount > limit || used > limit - amount)) {
			if (load(&cell->id) == id)
				return BUDGET_SPENT;
			continue; // it was another key's count
		}
		used = amount > used_max - used ? used_max : used + amount;
		if (!swap(cell, id, count, id, (base & ~used_max) | used))
			continue; // somebody else did something: once more
		if (load(&cell->limit) != limit)
			store(&cell->limit, limit);
		return BUDGET_GRANTED;
	}
}

enum budget_outcome budget_charge(
	struct budget_table *table, const struct budget_key *key, uint64_t limit, uint64_t amount,
	uint64_t now, uint64_t *resets
)
{
	uint64_t ends = 0;
	enum budget_outcome outcome = charge(table, key, limit, amount, now, HOW_LIMITED, &ends);

	if (resets != NULL)
		*resets = ends;
	return outcome;
}

void budget_force(
	struct budget_table *table, const struct budget_key *key, uint64_t limit, uint64_t amount,
	uint64_t now
)
{
	uint64_t ends;

	(void)charge(table, key, limit, amount, now, HOW_FORCED, &ends);
}

void budget_refund(
	struct budget_table *table, const struct budget_key *key, uint64_t amount, uint64_t now
)
{
	uint64_t id = key_hash(key, 0);
	struct cell *cell;

	while ((cell = find(table, id, key_hash(key, 1))) != NULL) {
		uint64_t count = load(&cell->count), used = count & used_max;
		if (!window_runs(count, key->window_s, now))
			return;
		uint64_t left = used > amount ? used - amount : 0;
		if (swap(cell, id, count, id, (count & ~used_max) | left))
			return;
	}
}

bool budget_is_spent(
	struct budget_table *table, const struct budget_key *key, uint64_t limit, uint64_t now,
	uint64_t *resets
)
{
	uint64_t id = key_hash(key, 0);
	struct cell *cell = find(table, id, key_hash(key, 1));

	*resets = (now / key->window_s + 1) * key->window_s;
	if (cell == NULL)
		return false;
	uint64_t count = load(&cell->count);
	if (load(&cell->id) != id || !window_runs(count, key->window_s, now))
		return false;
	*resets = window_end(count, key->window_s, now);
	return (count & used_max) >= limit;
}

// ---- control

// False when the cell was taken over meanwhile, or has nothing to say.
static bool copy(const struct cell *cell, uint64_t now, struct budget_use *out)
{
	uint64_t id = load(&cell->id), count = load(&cell->count), what = load(&cell->what);

	if (id < CELL_FIRST)
		return false;
	struct budget_use use = {
		.key =
			{
				.rule = {{load(&cell->rule[0]), load(&cell->rule[1])}},
				.node = {{load(&cell->node[0]), load(&cell->node[1])}},
				.metric = (enum budget_metric)(what & 0xff),
				.per = (enum budget_per)(what >> 8 & 0xff),
				.window_s = (uint32_t)(what >> 16),
			},
		.used = count & used_max,
		.limit = load(&cell->limit),
	};
	if (load(&cell->id) != id || key_hash(&use.key, 0) != id)
		return false;
	if (!window_runs(count, use.key.window_s, now))
		return false;
	use.resets = window_end(count, use.key.window_s, now);
	*out = use;
	return true;
}

uint32_t budget_next(struct budget_table *table, uint32_t at, uint64_t now, struct budget_use *out)
{
	for (; at <= table->mask; at++)
		if (copy(&table->cells[at], now, out))
			return at + 1;
	return 0;
}

bool budget_load(struct budget_table *table, const struct budget_use *use, uint64_t now)
{
	if (use->key.window_s == 0 || use->resets <= now ||
	    use->resets - now > (uint64_t)use->key.window_s + SET_BACK_S_MAX)
		return false;
	struct cell *cell = take(table, &use->key, use->used & used_max, now);
	if (cell != NULL)
		store(&cell->limit, use->limit);
	return cell != NULL;
}
