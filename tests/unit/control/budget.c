// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What was used of budgets outlives the process.

#include "controlplane/budget/budget.h"

#include "controlplane/identity/node.h"
#include "tests/unit/control/recorder_scratch.h"
#include "tests/unit/control/sample.h"

enum { NOW = 1800000000, MANY = 5000 };

static struct scratch scratch;
static struct store *store;
static struct budgets *budgets;

static void open_all(uint64_t now)
{
	char why[STORE_WHY];

	assert_int_equal(store_open(scratch.path, &store, why), 0);
	assert_int_equal(budgets_open(store, now, &budgets), 0);
}

static void close_all(void)
{
	budgets_free(budgets);
	store_close(store);
}

static int set_up(void **)
{
	scratch = scratch_make();
	open_all(NOW);
	return 0;
}

static int tear_down(void **)
{
	close_all();
	scratch_remove(&scratch);
	return 0;
}

static struct budget_key key_of(uint64_t node)
{
	return (struct budget_key){
		.rule = node_of_rule("read"),
		.node = {{node, 5}},
		.metric = BUDGET_ROWS,
		.per = BUDGET_PER_SUBTREE,
		.window_s = 3600,
	};
}

static enum budget_outcome use(const struct budget_key *key, uint64_t amount, uint64_t now)
{
	return budget_charge(budgets_table(budgets), key, 10, amount, now, NULL);
}

static unsigned save_all(uint64_t now)
{
	unsigned calls = 1;

	for (int r; (r = budgets_save(budgets, now)) != 0; calls++)
		assert_int_equal(r, 1);
	return calls;
}

static void a_restart_forgets_nothing(void **)
{
	const struct budget_key key = key_of(1), other = key_of(2);

	assert_int_equal(use(&key, 4, NOW), BUDGET_GRANTED);
	assert_int_equal(save_all(NOW), 1);
	assert_int_equal(use(&key, 3, NOW + 1), BUDGET_GRANTED);
	assert_int_equal(use(&other, 10, NOW + 1), BUDGET_GRANTED);
	assert_int_equal(save_all(NOW + 1), 1);
	close_all();
	open_all(NOW + 2);
	assert_int_equal(use(&key, 4, NOW + 2), BUDGET_SPENT);
	assert_int_equal(use(&key, 3, NOW + 2), BUDGET_GRANTED);
	assert_int_equal(use(&other, 1, NOW + 2), BUDGET_SPENT);
}

static void a_window_that_is_over_counts_no_more(void **)
{
	const struct budget_key key = key_of(1);

	assert_int_equal(use(&key, 10, NOW), BUDGET_GRANTED);
	assert_int_equal(save_all(NOW), 1);
	close_all();
	open_all(NOW + 3600);
	assert_int_equal(use(&key, 10, NOW + 3600), BUDGET_GRANTED);
	assert_int_equal(save_all(NOW + 3600), 1);
}

static void many_are_written_in_pieces(void **)
{
	for (uint64_t i = 0; i < MANY; i++) {
		const struct budget_key key = key_of(i);
		assert_int_equal(use(&key, 9, NOW), BUDGET_GRANTED);
	}
	assert_true(save_all(NOW) > 1);
	close_all();
	open_all(NOW + 1);
	for (uint64_t i = 0; i < MANY; i++) {
		const struct budget_key key = key_of(i);
		assert_int_equal(use(&key, 2, NOW + 1), BUDGET_SPENT);
	}
}

static void one_is_told_as_json(void **)
{
	struct config *config = sample_config(SAMPLE);
	struct budget_use one = {.key = key_of(1), .used = 3, .limit = 10, .resets = NOW + 9};
	char node[NODE_TEXT_SIZE];

	json_t *json = budget_use_json(&one, config);
	assert_string_equal(json_string_value(json_object_get(json, "rule")), "read");
	assert_string_equal(
		json_string_value(json_object_get(json, "node")), node_text(&one.key.node, node)
	);
	assert_string_equal(json_string_value(json_object_get(json, "metric")), "rows");
	assert_string_equal(json_string_value(json_object_get(json, "per")), "subtree");
	assert_int_equal(json_integer_value(json_object_get(json, "used")), 3);
	assert_int_equal(json_integer_value(json_object_get(json, "limit")), 10);
	assert_int_equal(json_integer_value(json_object_get(json, "window_s")), 3600);
	assert_int_equal(
		json_integer_value(json_object_get(json, "resets_ns")),
		(json_int_t)(NOW + 9) * 1000000000
	);
	json_decref(json);
	one.key.rule = (struct node_id){0};
	json = budget_use_json(&one, config);
	assert_true(json_is_null(json_object_get(json, "rule")));
	json_decref(json);
	config_free(config);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(a_restart_forgets_nothing),
		CASE(a_window_that_is_over_counts_no_more),
		CASE(many_are_written_in_pieces),
		CASE(one_is_told_as_json),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
