// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// When keys are asked for, and how long they may be used.

#include "controlplane/identity/source.h"

#include "tests/unit/control/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const uint64_t start = 1700000000;
static struct keyset *some;

static void done(struct source *source, struct keyset *keys)
{
	assert_true(source->wanted);
	source->wanted = false;
	source_deliver(source, keys, "it was down");
}

static struct source fetched(void)
{
	struct source source = {.remote = true};

	assert_true(source_tick(&source, start));
	done(&source, some);
	return source;
}

static void keys_are_fetched_every_hour(void **)
{
	struct source source = fetched();

	assert_false(source_tick(&source, start + SOURCE_REFRESH - 1));
	assert_true(source_tick(&source, start + SOURCE_REFRESH));
	assert_false(source_tick(&source, start + 2 * SOURCE_REFRESH)); // is asked for already
	done(&source, some);
	assert_false(source_tick(&source, start + SOURCE_REFRESH + 1));
	source_fini(&source);
}

static void without_keys_it_is_tried_again_soon(void **)
{
	struct source source = {.remote = true};

	assert_true(source_tick(&source, start));
	done(&source, NULL);
	assert_string_equal(source.error, "it was down");
	assert_false(source_miss(&source, start + SOURCE_RETRY - 1));
	assert_true(source_miss(&source, start + SOURCE_RETRY));
	assert_true(source_miss(&source, start + SOURCE_RETRY)); // waits for the same
	done(&source, some);
	assert_string_equal(source.error, "");
	assert_int_equal(source.fetches, 2);
	assert_int_equal(source.failed, 1);
	source_fini(&source);
}

static void a_flood_of_unknown_keys_is_worth_one_fetch(void **)
{
	struct source source = fetched();
	unsigned asked = 0;

	for (uint64_t i = 0; i < 600000; i++) {
		(void)source_miss(&source, start + i / 1000);
		asked += source.wanted;
		if (source.wanted)
			done(&source, some);
	}
	assert_int_equal(asked, 1); // 600 seconds: at 300; the next would be at 600
	assert_int_equal(source.unknown, 600000);
	source_fini(&source);
}

static void the_last_good_keys_stay_for_a_day(void **)
{
	struct source source = fetched();
	unsigned tries = 0;
	uint64_t now = start;

	for (; now < start + SOURCE_LAST_GOOD; now++) {
		assert_false(source_expire(&source, now));
		if (source_tick(&source, now)) {
			done(&source, NULL);
			tries++;
		}
	}
	// The first after an hour, and then every five minutes.
	assert_int_equal(tries, (SOURCE_LAST_GOOD - SOURCE_REFRESH) / SOURCE_UNKNOWN);
	assert_non_null(source.keys);
	assert_true(source_expire(&source, now));
	assert_null(source.keys);
	assert_false(source_expire(&source, now));
	// It then goes on as at the start.
	now += SOURCE_RETRY;
	assert_true(source_miss(&source, now));
	done(&source, some);
	assert_false(source_expire(&source, now + SOURCE_LAST_GOOD - 1));
	source_fini(&source);
}

static void a_clock_set_back_neither_stops_nor_prolongs(void **)
{
	struct source source = fetched();

	assert_false(source_expire(&source, start - 1000000));
	assert_true(source_tick(&source, start - 1000000));
	done(&source, NULL);
	assert_true(source_expire(&source, start - 1000000 + SOURCE_LAST_GOOD));
	source_fini(&source);
}

static void keys_of_a_file_do_not_age(void **)
{
	struct source source = {.keys = keyset_ref(some)};

	assert_false(source_tick(&source, start));
	assert_false(source_expire(&source, start + 100 * SOURCE_LAST_GOOD));
	assert_false(source_miss(&source, start));
	source_fini(&source);
}

static void what_is_carried_over_has_its_age(void **)
{
	struct source source = fetched(), next = {.remote = true};

	source_carry(&next, &source);
	source_fini(&source);
	assert_false(source_tick(&next, start + SOURCE_REFRESH - 1));
	assert_true(source_expire(&next, start + SOURCE_LAST_GOOD));
	source_fini(&next);
}

static int enter(void **)
{
	struct token_key key = {"k", "ES256", token_key_new(0)};
	char *text = token_jwks(&key, 1, "");
	int rc = keyset_parse(span_str(text), NULL, &some);

	free(text);
	EVP_PKEY_free(key.key);
	return rc;
}

static int leave(void **)
{
	keyset_unref(some);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_fetched_every_hour),
		cmocka_unit_test(without_keys_it_is_tried_again_soon),
		cmocka_unit_test(a_flood_of_unknown_keys_is_worth_one_fetch),
		cmocka_unit_test(the_last_good_keys_stay_for_a_day),
		cmocka_unit_test(a_clock_set_back_neither_stops_nor_prolongs),
		cmocka_unit_test(keys_of_a_file_do_not_age),
		cmocka_unit_test(what_is_carried_over_has_its_age),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
