// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/base/wheel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static struct wheel wheel;

// Every deadline, in every level and beyond the last, fires at its millisecond and not before.
static void it_fires_on_time(void **)
{
	static const uint64_t after[] = {1,       2,       255,     256,    257,    511,
					 65279,   65535,   65536,   65537,  100000, 4194303,
					 4194304, 4194305, 5000000, 9000001};
	static const uint64_t starts[] = {0, 1, 255, 256, 65535, 65536, 123456789};
	struct wheel_node node;

	for (size_t s = 0; s < sizeof(starts) / sizeof(starts[0]); s++) {
		for (size_t i = 0; i < sizeof(after) / sizeof(after[0]); i++) {
			wheel_init(&wheel, starts[s]);
			wheel_node_init(&node);
			uint64_t deadline = starts[s] + after[i];
			wheel_arm(&wheel, &node, deadline);
			for (uint64_t t = starts[s]; t + 1 < deadline; t += 50000) {
				wheel_advance(&wheel, t);
				assert_null(wheel_next(&wheel));
			}
			wheel_advance(&wheel, deadline - 1);
			assert_null(wheel_next(&wheel));
			wheel_advance(&wheel, deadline);
			assert_ptr_equal(wheel_next(&wheel), &node);
			assert_int_equal(node.deadline, 0);
			assert_null(wheel_next(&wheel));
		}
	}
}

static void a_long_sleep_loses_nothing(void **)
{
	struct wheel_node nodes[4];
	static const uint64_t deadlines[] = {5, 70000, 5000000, 20000000};

	wheel_init(&wheel, 0);
	for (int i = 0; i < 4; i++) {
		wheel_node_init(&nodes[i]);
		wheel_arm(&wheel, &nodes[i], deadlines[i]);
	}
	wheel_advance(&wheel, 19999999);
	for (int i = 0; i < 3; i++)
		assert_non_null(wheel_next(&wheel));
	assert_null(wheel_next(&wheel));
	wheel_advance(&wheel, 20000000);
	assert_ptr_equal(wheel_next(&wheel), &nodes[3]);
}

static void a_deadline_that_passed_fires_at_the_next_tick(void **)
{
	struct wheel_node node;

	wheel_init(&wheel, 1000);
	wheel_node_init(&node);
	wheel_arm(&wheel, &node, 0);
	assert_int_not_equal(node.deadline, 0);
	wheel_advance(&wheel, 1000);
	assert_null(wheel_next(&wheel));
	wheel_advance(&wheel, 1001);
	assert_ptr_equal(wheel_next(&wheel), &node);
}

static void moving_later_only_writes_the_deadline(void **)
{
	struct wheel_node node;

	wheel_init(&wheel, 0);
	wheel_node_init(&node);
	wheel_arm(&wheel, &node, 10);
	struct list *slot = node.link.next;
	wheel_arm(&wheel, &node, 20);
	assert_ptr_equal(node.link.next, slot);
	wheel_advance(&wheel, 19);
	assert_null(wheel_next(&wheel));
	wheel_advance(&wheel, 20);
	assert_ptr_equal(wheel_next(&wheel), &node);
}

static void moving_earlier_takes_effect(void **)
{
	struct wheel_node node;

	wheel_init(&wheel, 0);
	wheel_node_init(&node);
	wheel_arm(&wheel, &node, 100000);
	wheel_arm(&wheel, &node, 10);
	wheel_advance(&wheel, 10);
	assert_ptr_equal(wheel_next(&wheel), &node);
	wheel_advance(&wheel, 200000);
	assert_null(wheel_next(&wheel));
}

static void disarmed_nodes_do_not_fire(void **)
{
	struct wheel_node node;

	wheel_init(&wheel, 0);
	wheel_node_init(&node);
	wheel_disarm(&node);
	wheel_arm(&wheel, &node, 10);
	wheel_disarm(&node);
	assert_int_equal(node.deadline, 0);
	wheel_arm(&wheel, &node, 10);
	wheel_advance(&wheel, 10);
	wheel_disarm(&node);
	assert_null(wheel_next(&wheel));
}

static void due_nodes_can_be_armed_again(void **)
{
	struct wheel_node node;

	wheel_init(&wheel, 0);
	wheel_node_init(&node);
	wheel_arm(&wheel, &node, 10);
	wheel_advance(&wheel, 10);
	wheel_arm(&wheel, &node, 500);
	assert_null(wheel_next(&wheel));
	wheel_advance(&wheel, 499);
	assert_null(wheel_next(&wheel));
	wheel_advance(&wheel, 500);
	assert_ptr_equal(wheel_next(&wheel), &node);
}

static void a_clock_that_goes_back_is_ignored(void **)
{
	struct wheel_node node;

	wheel_init(&wheel, 1000);
	wheel_node_init(&node);
	wheel_arm(&wheel, &node, 1010);
	wheel_advance(&wheel, 5);
	assert_int_equal(wheel.now, 1000);
	wheel_advance(&wheel, 1010);
	assert_ptr_equal(wheel_next(&wheel), &node);
}

// Random arming, moving, disarming and steps, against a plain array of deadlines.
static void random_use_matches_a_model(void **)
{
	enum { NODES = 200, ROUNDS = 30000 };
	static struct wheel_node nodes[NODES];
	static uint64_t want[NODES];
	uint64_t now = 1;

	srand(20260103);
	print_message("seed 20260103\n");
	wheel_init(&wheel, now);
	for (int i = 0; i < NODES; i++)
		wheel_node_init(&nodes[i]);
	for (int round = 0; round < ROUNDS; round++) {
		int i = rand() % NODES;
		uint64_t later = (uint64_t)rand() % (1u << (rand() % 24)) + 1;
		want[i] = rand() % 8 == 0 ? 0 : now + later;
		if (want[i] == 0)
			wheel_disarm(&nodes[i]);
		else
			wheel_arm(&wheel, &nodes[i], want[i]);
		now += (uint64_t)rand() % (1u << (rand() % 18));
		wheel_advance(&wheel, now);
		for (struct wheel_node *n = wheel_next(&wheel); n != NULL; n = wheel_next(&wheel)) {
			uint64_t *deadline = &want[n - nodes];
			assert_int_not_equal(*deadline, 0);
			assert_true(*deadline <= now);
			*deadline = 0;
		}
		for (int j = 0; j < NODES; j++)
			assert_true(want[j] == 0 || want[j] > now);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_fires_on_time),
		cmocka_unit_test(a_long_sleep_loses_nothing),
		cmocka_unit_test(a_deadline_that_passed_fires_at_the_next_tick),
		cmocka_unit_test(moving_later_only_writes_the_deadline),
		cmocka_unit_test(moving_earlier_takes_effect),
		cmocka_unit_test(disarmed_nodes_do_not_fire),
		cmocka_unit_test(due_nodes_can_be_armed_again),
		cmocka_unit_test(a_clock_that_goes_back_is_ignored),
		cmocka_unit_test(random_use_matches_a_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
