// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/probe.h"

// cmocka.h wants these first.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// Behind a match comes no digit.
static struct probe *probe_of(const char *expression)
{
	struct byte_set after = {{~(UINT64_C(0x3ff) << '0'), UINT64_MAX, UINT64_MAX, UINT64_MAX}};
	struct automaton *automaton = NULL;
	struct probe *probe = NULL;
	assert_int_equal(automaton_new(NULL, expression, &after, &automaton), 0);
	assert_int_equal(probe_new(automaton, &probe), 0);
	automaton_free(automaton);
	return probe;
}

static bool passes(const struct probe *probe, const char *text)
{
	return probe_passes(probe, span_of(text, strlen(text)), 0);
}

static void matches_pass_and_others_do_not(void **)
{
	struct probe *probe = probe_of("[0-9]{4}(?:[ -]?[0-9]){8,15}");
	assert_true(passes(probe, "4111 1111 1111 1111"));
	assert_true(passes(probe, "411111111111, and more"));
	assert_false(passes(probe, "2026-03-01 02:03:04"));
	assert_false(passes(probe, "41111111111111111111"));
	free(probe);
}

static void end_of_text_ends_only_what_may_be_over(void **)
{
	struct probe *probe = probe_of("[0-9]{2}:[0-9]{2}");
	assert_true(passes(probe, "12:34"));
	assert_false(passes(probe, "12:3"));
	assert_false(passes(probe, ""));
	free(probe);
}

// What has more states than a probe passes as far as it does not know better.
static void too_much_passes(void **)
{
	struct probe *probe = probe_of("a(?:[a-z]{2}[0-9]{2}){120}");
	assert_false(passes(probe, "b"));
	assert_false(passes(probe, "axx1x"));
	char text[4 * 120 + 2] = "a";
	for (size_t i = 0; i < 120; i++)
		memcpy(text + 1 + 4 * i, "xx11", 5);
	assert_true(passes(probe, text));
	text[4 * 120] = 'x';
	assert_true(passes(probe, text));
	free(probe);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches_pass_and_others_do_not),
		cmocka_unit_test(end_of_text_ends_only_what_may_be_over),
		cmocka_unit_test(too_much_passes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
