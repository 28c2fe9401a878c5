// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Budgets are exact, over windows, keys and threads.

#include "dataplane/api/budget.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct budget_table *table;

static int each(void **)
{
	table = budget_table_new(64);
	return table == NULL ? -1 : 0;
}

static int done(void **)
{
	budget_table_free(table);
	return 0;
}

static struct budget_key key_of(uint64_t node)
{
	return (struct budget_key
	){.rule = {{7, 8}}, .node = {{node, ~node}}, .metric = BUDGET_ROWS, .window_s = 60};
}

static void nothing_passes_beyond_the_limit(void **)
{
	const struct budget_key key = key_of(1);
	uint64_t resets = 0;

	assert_int_equal(budget_charge(table, &key, 10, 4, 120, &resets), BUDGET_GRANTED);
	assert_int_equal(resets, 180);
	assert_int_equal(budget_charge(table, &key, 10, 7, 121, NULL), BUDGET_SPENT);
	assert_false(budget_is_spent(table, &key, 10, 121, &resets));
	assert_int_equal(budget_charge(table, &key, 10, 6, 121, NULL), BUDGET_GRANTED);
	assert_true(budget_is_spent(table, &key, 10, 121, &resets));
	assert_int_equal(resets, 180);
	assert_int_equal(budget_charge(table, &key, 10, 1, 179, &resets), BUDGET_SPENT);
	assert_int_equal(resets, 180);
	assert_int_equal(budget_charge(table, &key, 10, UINT64_MAX, 179, NULL), BUDGET_SPENT);
	assert_int_equal(budget_charge(table, &key, 10, 10, 180, NULL), BUDGET_GRANTED);
}

static void every_part_of_a_key_counts(void **)
{
	struct budget_key keys[6];

	for (unsigned i = 0; i < 6; i++)
		keys[i] = key_of(1);
	keys[1].node.w[1]++;
	keys[2].rule.w[0]++;
	keys[3].metric = BUDGET_BYTES;
	keys[4].per = BUDGET_PER_ROOT;
	keys[5].window_s = 61;
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(budget_charge(table, &keys[i], 1, 1, 9, NULL), BUDGET_GRANTED);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(budget_charge(table, &keys[i], 1, 1, 9, NULL), BUDGET_SPENT);
}

static void what_did_not_come_to_be_is_given_back(void **)
{
	const struct budget_key key = key_of(1), other = key_of(2);

	assert_int_equal(budget_charge(table, &key, 5, 5, 10, NULL), BUDGET_GRANTED);
	budget_refund(table, &key, 2, 11);
	assert_int_equal(budget_charge(table, &key, 5, 3, 12, NULL), BUDGET_SPENT);
	assert_int_equal(budget_charge(table, &key, 5, 2, 12, NULL), BUDGET_GRANTED);
	budget_refund(table, &key, 5, 60); // that window is over
	budget_refund(table, &other, 5, 60);
	assert_int_equal(budget_charge(table, &key, 5, 5, 60, NULL), BUDGET_GRANTED);
}

static void what_was_approved_counts_too(void **)
{
	const struct budget_key key = key_of(1);
	struct budget_use use;

	budget_force(table, &key, 5, 7, 10);
	assert_int_equal(budget_charge(table, &key, 5, 1, 10, NULL), BUDGET_SPENT);
	assert_int_not_equal(budget_next(table, 0, 10, &use), 0);
	assert_int_equal(use.used, 7);
	assert_int_equal(use.limit, 5);
	budget_force(table, &key, 5, UINT64_MAX, 10); // as much as a cell can say
	assert_int_equal(budget_charge(table, &key, BUDGET_AMOUNT_MAX, 1, 10, NULL), BUDGET_SPENT);
}

// One thread is a window ahead of another for a moment; a clock that was set back far starts anew.
static void clocks_may_differ(void **)
{
	const struct budget_key key = key_of(1);
	uint64_t resets = 0;

	assert_int_equal(budget_charge(table, &key, 2, 2, 600, NULL), BUDGET_GRANTED);
	assert_int_equal(budget_charge(table, &key, 2, 1, 599, &resets), BUDGET_SPENT);
	assert_int_equal(resets, 660);
	assert_true(budget_is_spent(table, &key, 2, 599, &resets));
	assert_int_equal(resets, 660);
	assert_int_equal(budget_charge(table, &key, 2, 1, 10, NULL), BUDGET_SPENT);
	assert_int_equal(budget_charge(table, &key, 2, 2, 6000, NULL), BUDGET_GRANTED);
	assert_int_equal(budget_charge(table, &key, 2, 1, 60, &resets), BUDGET_GRANTED);
	assert_int_equal(resets, 120);
}

static void a_full_table_refuses_and_counts(void **)
{
	struct budget_key key;

	for (uint64_t i = 0; i < 64; i++) {
		key = key_of(i);
		assert_int_equal(budget_charge(table, &key, 9, 1, 10, NULL), BUDGET_GRANTED);
	}
	key = key_of(64);
	assert_int_equal(budget_charge(table, &key, 9, 1, 10, NULL), BUDGET_FULL);
	assert_int_equal(budget_refusals(table), 1);
	// In the next window the cells of the last are free.
	assert_int_equal(budget_charge(table, &key, 9, 1, 60, NULL), BUDGET_GRANTED);
	for (uint64_t i = 0; i < 63; i++) {
		key = key_of(100 + i);
		assert_int_equal(budget_charge(table, &key, 9, 1, 61, NULL), BUDGET_GRANTED);
	}
	key = key_of(64);
	assert_int_equal(budget_charge(table, &key, 9, 9, 62, NULL), BUDGET_SPENT);
}

static void use_survives_a_restart(void **)
{
	struct budget_table *second = budget_table_new(64);
	struct budget_key key = key_of(3);
	struct budget_use use;
	unsigned n = 0;

	key.per = BUDGET_PER_SUBTREE;
	assert_int_equal(budget_charge(table, &key, 9, 4, 70, NULL), BUDGET_GRANTED);
	for (uint32_t at = 0; (at = budget_next(table, at, 71, &use)) != 0; n++)
		assert_true(budget_load(second, &use, 75));
	assert_int_equal(n, 1);
	assert_true(node_equal(&use.key.node, &key.node) && node_equal(&use.key.rule, &key.rule));
	assert_int_equal(use.key.metric, BUDGET_ROWS);
	assert_int_equal(use.key.per, BUDGET_PER_SUBTREE);
	assert_int_equal(use.key.window_s, 60);
	assert_int_equal(use.resets, 120);
	assert_int_equal(budget_charge(second, &key, 9, 6, 76, NULL), BUDGET_SPENT);
	assert_int_equal(budget_charge(second, &key, 9, 5, 76, NULL), BUDGET_GRANTED);
	assert_int_equal(budget_next(table, 0, 120, &use), 0); // the window is over
	assert_false(budget_load(second, &use, 120));
	budget_table_free(second);
}

// ---- threads

enum { THREADS = 4, KEYS = 24, WINDOWS = 200, LIMIT = 50, TRIES = 40 };

struct racer {
	pthread_t thread;
	pthread_barrier_t *gate;
	uint64_t granted[WINDOWS + 1][KEYS];
};

// All threads ask for more than there is, of keys whose cells they take from each other's last
// window.
static void *race(void *arg)
{
	struct racer *r = arg;

	for (unsigned w = 0; w < WINDOWS; w++) {
		pthread_barrier_wait(r->gate);
		for (unsigned i = 0; i < TRIES * KEYS; i++) {
			unsigned k = i % KEYS;
			struct budget_key key = key_of((uint64_t)(w % 3) * 1000 + k);
			enum budget_outcome outcome;
			// A holder of the lock that lost its CPU is let go on.
			while ((outcome = budget_charge(
					table, &key, LIMIT, 1 + i % 2, (uint64_t)w * 60, NULL
				)) == BUDGET_FULL)
				sched_yield();
			if (outcome == BUDGET_GRANTED)
				r->granted[w][k] += 1 + i % 2;
		}
	}
	return NULL;
}

static void threads_share_exactly(void **)
{
	static struct racer racers[THREADS];
	pthread_barrier_t gate;

	pthread_barrier_init(&gate, NULL, THREADS);
	for (unsigned t = 0; t < THREADS; t++) {
		racers[t].gate = &gate;
		assert_int_equal(pthread_create(&racers[t].thread, NULL, race, &racers[t]), 0);
	}
	for (unsigned t = 0; t < THREADS; t++)
		pthread_join(racers[t].thread, NULL);
	for (unsigned w = 0; w < WINDOWS; w++)
		for (unsigned k = 0; k < KEYS; k++) {
			uint64_t sum = 0;
			for (unsigned t = 0; t < THREADS; t++)
				sum += racers[t].granted[w][k];
			assert_int_equal(sum, LIMIT);
		}
	pthread_barrier_destroy(&gate);
}

// Now without a gate: windows begin while others still charge the last one. The clock is moved by
// what is done, so that the test costs the same on a busy machine.
enum { PASSES = 2 * LIMIT }; // over the keys, in a window: more than there is

static uint32_t passes;

static void *roll(void *arg)
{
	struct racer *r = arg;
	uint32_t now;

	while ((now = __atomic_fetch_add(&passes, 1, __ATOMIC_RELAXED) / PASSES) < WINDOWS)
		for (unsigned k = 0; k < KEYS; k++) {
			struct budget_key key = key_of(k);
			uint64_t resets;
			key.window_s = 1;
			if (budget_charge(table, &key, LIMIT, 1, now, &resets) == BUDGET_GRANTED)
				r->granted[resets - 1][k]++;
		}
	return NULL;
}

static void a_window_begins_without_a_loss(void **)
{
	static struct racer racers[THREADS];
	uint64_t all = 0;

	passes = 0;
	for (unsigned t = 0; t < THREADS; t++)
		assert_int_equal(pthread_create(&racers[t].thread, NULL, roll, &racers[t]), 0);
	for (unsigned t = 0; t < THREADS; t++)
		pthread_join(racers[t].thread, NULL);
	for (unsigned w = 0; w < WINDOWS; w++)
		for (unsigned k = 0; k < KEYS; k++) {
			uint64_t sum = 0;
			for (unsigned t = 0; t < THREADS; t++)
				sum += racers[t].granted[w][k];
			assert_true(sum <= LIMIT);
			all += sum;
		}
	assert_true(all > 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, each, done)
	const struct CMUnitTest tests[] = {
		CASE(nothing_passes_beyond_the_limit),
		CASE(every_part_of_a_key_counts),
		CASE(what_did_not_come_to_be_is_given_back),
		CASE(what_was_approved_counts_too),
		CASE(clocks_may_differ),
		CASE(a_full_table_refuses_and_counts),
		CASE(use_survives_a_restart),
		CASE(threads_share_exactly),
		CASE(a_window_begins_without_a_loss),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
