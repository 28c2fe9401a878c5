// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/live.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MAX = 500, ROUNDS = 200000, SEED = 7 };

static session_id id_of(uint32_t slot)
{
	return UINT64_C(3) << 56 | UINT64_C(9) << 32 | slot;
}

// Against an array that cannot be wrong, with many removals so that gaps are closed all the time.
static void agrees_with_a_plain_array(void **)
{
	struct live live;
	uint32_t there[MAX] = {0}, n = 0;

	print_message("seed %d\n", SEED);
	srand(SEED);
	assert_int_equal(live_init(&live, MAX), 0);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint32_t slot = (uint32_t)rand() % MAX;
		if (there[slot] == 0) {
			there[slot] = i + 1;
			n++;
			assert_true(live_add(&live, id_of(slot), i + 1, NULL));
		} else {
			assert_non_null(live_find(&live, id_of(slot)));
			assert_int_equal(live_find(&live, id_of(slot))->value, there[slot]);
			there[slot] = 0;
			n--;
			live_remove(&live, id_of(slot));
			assert_null(live_find(&live, id_of(slot)));
		}
		assert_int_equal(live.n, n);
	}
	for (uint32_t slot = 0; slot < MAX; slot++)
		assert_int_equal(live_find(&live, id_of(slot)) != NULL, there[slot] != 0);
	uint32_t at = 0, seen = 0;
	for (const struct live_entry *e; (e = live_next(&live, &at)) != NULL; seen++)
		assert_int_equal(e->value, there[(uint32_t)e->id]);
	assert_int_equal(seen, n);
	live_fini(&live);
}

static void adding_twice_keeps_one(void **)
{
	struct live live;

	assert_int_equal(live_init(&live, 4), 0);
	assert_true(live_add(&live, id_of(1), 1, NULL));
	assert_true(live_add(&live, id_of(1), 2, NULL));
	assert_int_equal(live.n, 1);
	assert_int_equal(live_find(&live, id_of(1))->value, 2);
	live_remove(&live, id_of(2));
	assert_int_equal(live.n, 1);
	live_fini(&live);
}

static void progress_is_kept(void **)
{
	struct live live;

	assert_int_equal(live_init(&live, 4), 0);
	assert_true(live_add(&live, id_of(1), 1, NULL));
	live_progress(&live, &(struct event){.session = id_of(1), .commands = 3, .rows = 7});
	live_progress(&live, &(struct event){.session = id_of(2), .commands = 4});
	assert_int_equal(live_find(&live, id_of(1))->commands, 3);
	assert_int_equal(live_find(&live, id_of(1))->rows, 7);
	assert_int_equal(live.n, 1);
	assert_true(live_add(&live, id_of(2), 1, NULL)); // the place is taken anew
	assert_int_equal(live_find(&live, id_of(2))->commands, 0);
	live_fini(&live);
}

static void refuses_when_full(void **)
{
	struct live live;
	uint32_t n = 0;

	assert_int_equal(live_init(&live, 100), 0);
	while (live_add(&live, id_of(n), n, NULL))
		n++;
	assert_true(n >= 100);
	live_fini(&live);
	live_fini(&live);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_a_plain_array),
		cmocka_unit_test(adding_twice_keeps_one),
		cmocka_unit_test(progress_is_kept),
		cmocka_unit_test(refuses_when_full),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
