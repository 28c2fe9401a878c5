// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A snapshot lives as long as a worker can see it or holds it, and no longer.

#include "controlplane/publish/publish.h"

#include "patterns/patterns.h"
#include "tests/unit/control/sample.h"

#include <urcu/urcu-qsbr.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum publish_size { READERS = 3, PUBLISHED = 200, HELD_MAX = 4 };

static const uint8_t key[32];
static struct snapshot_slot slot;
static struct snapshot *base, *other; // the same, but for its sets of patterns

static struct snapshot *derive(const struct snapshot *from, const struct publisher *publisher)
{
	const struct catalog *same[1] = {NULL};
	struct snapshot *next = snapshot_derive(from, publisher_next_version(publisher), same);

	assert_non_null(next);
	return next;
}

static struct snapshot *next_snapshot(const struct publisher *publisher)
{
	return derive(base, publisher);
}

static void the_current_one_is_what_was_published_last(void **)
{
	struct publisher *publisher = publisher_new(&slot);

	assert_null(snapshot_current(&slot));
	assert_int_equal(publisher_next_version(publisher), 1);
	assert_int_equal(publisher_publish(publisher, next_snapshot(publisher)), 0);
	assert_int_equal(snapshot_current(&slot)->version, 1);
	assert_int_equal(publisher_publish(publisher, next_snapshot(publisher)), 0);
	assert_int_equal(snapshot_current(&slot)->version, 2);
	assert_int_equal(publisher_reclaim(publisher), 1);
	publisher_free(publisher);
	assert_null(snapshot_current(&slot));
}

static void held_ones_are_kept_and_bounded(void **)
{
	struct publisher *publisher = publisher_new(&slot);
	const struct snapshot *held[PUBLISHER_LIVE_MAX];

	for (unsigned i = 0; i < PUBLISHER_LIVE_MAX; i++) {
		assert_int_equal(publisher_publish(publisher, next_snapshot(publisher)), 0);
		held[i] = snapshot_current(&slot);
		snapshot_hold(held[i], 1);
		assert_int_equal(publisher_reclaim(publisher), i + 1);
	}
	struct snapshot *more = next_snapshot(publisher);
	assert_int_equal(publisher_publish(publisher, more), -EBUSY);
	assert_ptr_equal(snapshot_current(&slot), held[PUBLISHER_LIVE_MAX - 1]);
	assert_string_equal(held[0]->resources[0].name, "orders");
	snapshot_drop(held[3], 1);
	assert_int_equal(publisher_reclaim(publisher), PUBLISHER_LIVE_MAX - 1);
	assert_int_equal(publisher_publish(publisher, more), 0);
	for (unsigned i = 0; i < PUBLISHER_LIVE_MAX; i++)
		if (i != 3)
			snapshot_drop(held[i], 1);
	assert_int_equal(publisher_reclaim(publisher), 1);
	publisher_free(publisher);
}

struct reader {
	pthread_t thread;
	uint16_t worker;
	bool stop;
	uint64_t loops;
	uint64_t faults;
};

// A freed snapshot is scrubbed, so that one seen too late has neither version nor name.
static bool is_sound(const struct snapshot *s)
{
	return s->version != 0 && s->n_resources == 1 &&
	       strcmp(s->resources[0].name, "orders") == 0;
}

static void *read_loop(void *arg)
{
	struct reader *reader = arg;
	const struct snapshot *held[HELD_MAX] = {NULL};
	uint32_t last = 0;

	urcu_qsbr_register_thread();
	while (!__atomic_load_n(&reader->stop, __ATOMIC_RELAXED)) {
		const struct snapshot *s = snapshot_current(&slot);
		reader->faults += !is_sound(s) || s->version < last;
		last = s->version;
		// A session now and then holds on for a while.
		const struct snapshot **at = &held[reader->loops % HELD_MAX];
		if (*at != NULL) {
			reader->faults += !is_sound(*at);
			snapshot_drop(*at, reader->worker);
			*at = NULL;
		} else if (reader->loops % 7 == 0) {
			snapshot_hold(s, reader->worker);
			*at = s;
		}
		__atomic_store_n(&reader->loops, reader->loops + 1, __ATOMIC_RELAXED);
		urcu_qsbr_quiescent_state();
	}
	for (unsigned i = 0; i < HELD_MAX; i++)
		if (held[i] != NULL)
			snapshot_drop(held[i], reader->worker);
	urcu_qsbr_unregister_thread();
	return NULL;
}

static void readers_never_see_a_freed_one(void **)
{
	struct publisher *publisher = publisher_new(&slot);
	struct reader readers[READERS] = {0};
	unsigned busy = 0;

	assert_int_equal(publisher_publish(publisher, next_snapshot(publisher)), 0);
	for (uint16_t i = 0; i < READERS; i++) {
		readers[i].worker = i;
		assert_int_equal(
			pthread_create(&readers[i].thread, NULL, read_loop, &readers[i]), 0
		);
	}
	for (unsigned i = 0; i < READERS; i++)
		while (__atomic_load_n(&readers[i].loops, __ATOMIC_RELAXED) == 0)
			sched_yield();
	for (unsigned i = 0; i < PUBLISHED; i++) {
		struct snapshot *next = next_snapshot(publisher);
		if (publisher_publish(publisher, next) != 0) {
			busy++;
			snapshot_free(next);
		}
	}
	for (unsigned i = 0; i < READERS; i++) {
		__atomic_store_n(&readers[i].stop, true, __ATOMIC_RELAXED);
		pthread_join(readers[i].thread, NULL);
		assert_int_equal(readers[i].faults, 0);
	}
	assert_true(busy < PUBLISHED);
	assert_int_equal(publisher_reclaim(publisher), 1);
	publisher_free(publisher);
}

// A worker that rehearses what comes.
static void *rehearse_loop(void *arg)
{
	struct reader *reader = arg;

	urcu_qsbr_register_thread();
	while (!__atomic_load_n(&reader->stop, __ATOMIC_RELAXED)) {
		const struct snapshot *coming = snapshot_coming(&slot);
		if (coming != NULL) {
			uint32_t *steps = &coming->workers[reader->worker].rehearsals;
			if (*steps < SCAN_REHEARSALS)
				__atomic_store_n(steps, *steps + 1, __ATOMIC_RELEASE);
		}
		__atomic_store_n(&reader->loops, reader->loops + 1, __ATOMIC_RELAXED);
		urcu_qsbr_quiescent_state();
	}
	urcu_qsbr_unregister_thread();
	return NULL;
}

static void new_patterns_are_rehearsed_before_they_are_in_force(void **)
{
	struct publisher *publisher = publisher_new(&slot);
	struct reader readers[READERS] = {0};

	assert_non_null(other->entities);
	assert_ptr_not_equal(base->entities, other->entities);
	assert_int_equal(publisher_publish(publisher, next_snapshot(publisher)), 0);
	for (uint16_t i = 0; i < READERS; i++) {
		readers[i].worker = i;
		assert_int_equal(
			pthread_create(&readers[i].thread, NULL, rehearse_loop, &readers[i]), 0
		);
	}
	assert_int_equal(publisher_publish(publisher, derive(other, publisher)), 0);
	assert_null(snapshot_coming(&slot));
	for (unsigned i = 0; i < READERS; i++)
		assert_int_equal(snapshot_current(&slot)->workers[i].rehearsals, SCAN_REHEARSALS);
	// With the same ones there is nothing to rehearse.
	assert_int_equal(publisher_publish(publisher, derive(other, publisher)), 0);
	for (unsigned i = 0; i < READERS; i++) {
		assert_int_equal(snapshot_current(&slot)->workers[i].rehearsals, 0);
		__atomic_store_n(&readers[i].stop, true, __ATOMIC_RELAXED);
		pthread_join(readers[i].thread, NULL);
	}
	publisher_free(publisher);
}

// Workers that do not answer are not waited for.
static void nobody_rehearses(void **)
{
	struct publisher *publisher = publisher_new(&slot);

	assert_int_equal(publisher_publish(publisher, next_snapshot(publisher)), 0);
	assert_int_equal(publisher_publish(publisher, derive(other, publisher)), 0);
	assert_int_equal(snapshot_current(&slot)->workers[0].rehearsals, 0);
	publisher_free(publisher);
}

#define GATEWAY                                                                         \
	"gateway:\n  workers: [0, 1, 2]\n  patterns: " PATTERNS "\n"                    \
	"  ports:\n    - {device: \"net_tap0\", address: 10.0.1.4/24}\n" SAMPLE_ISSUERS \
		SAMPLE_RESOURCES SAMPLE_LISTENERS SAMPLE_RULES

static int build(const char *text, struct snapshot **out)
{
	struct config_errors errors = {0};
	struct config *config = sample_config(text);
	int rc = snapshot_build(config, 1, READERS, key, NULL, out, &errors);

	config_free(config);
	return rc;
}

static int enter(void **)
{
	setenv("BULKHEAD_TEST_SECRET", "x", 1);
	int rc = build(GATEWAY, &base);
	return rc == 0 ? build(GATEWAY "    mask: [email]\n", &other) : rc;
}

static int leave(void **)
{
	snapshot_free(base);
	snapshot_free(other);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_current_one_is_what_was_published_last),
		cmocka_unit_test(held_ones_are_kept_and_bounded),
		cmocka_unit_test(readers_never_see_a_freed_one),
		cmocka_unit_test(new_patterns_are_rehearsed_before_they_are_in_force),
		cmocka_unit_test(nobody_rehearses),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
