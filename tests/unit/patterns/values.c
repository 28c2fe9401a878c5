// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Values scanned together find what each finds alone, whatever lies beside them.

#include "patterns/sample.h"
#include "tests/unit/dice.h"
#include "tests/unit/patterns/encoder.h"
#include "tests/unit/patterns/entities.h"
#include "tests/unit/patterns/folder.h"

// cmocka.h wants these first.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { VALUES = 1500, TEXT = 1 << 18, FOUND = 600, LONG_NAME = 200 };

static struct pattern_lib *lib;
static struct pattern_set *set;
static struct scan_scratch *scratch;
static uint32_t seed = 20261124;
static uint8_t text[TEXT];
static struct scan_value values[VALUES];
static struct finding together[FOUND], alone[SCAN_FINDINGS_MAX];
static size_t found;

static uint32_t dice(uint32_t sides)
{
	return dice_roll(&seed, sides);
}

static int setup(void **)
{
	entities_open(&lib, &set, &scratch);
	print_message("seed %u\n", seed);
	return 0;
}

static int teardown(void **)
{
	entities_close(lib, set, scratch);
	return 0;
}

static void compare(
	const struct scan_value *value, const struct pattern_choice *wanted, size_t each
)
{
	bool more;
	int n = scan_named(set, scratch, value->name, value->text, wanted, alone, each, &more);
	assert_true(n >= 0);
	if (more) {
		assert_true(value->found < 0);
		return;
	}
	if (value->found != n)
		fail_msg(
			"%d found together, %d alone, in '%.*s' named '%.*s'", value->found, n,
			(int)value->text.n, (const char *)value->text.p, (int)value->name.n,
			(const char *)value->name.p
		);
	for (int i = 0; i < n; i++) {
		const struct finding *f = &together[value->first + (uint32_t)i];
		assert_int_equal(f->start, alone[i].start);
		assert_int_equal(f->end, alone[i].end);
		assert_int_equal(f->pattern, alone[i].pattern);
		assert_int_equal(f->form, alone[i].form);
		assert_int_equal(f->joined, alone[i].joined);
	}
	found += (size_t)n;
}

// Scan all of them together, `max` findings at a time, and each alone.
static void check(size_t n, const struct pattern_choice *wanted, size_t max, size_t each)
{
	for (size_t done = 0; done < n;) {
		size_t got = scan_values(
			set, scratch, values + done, n - done, wanted, together, max, each
		);
		assert_true(got > 0);
		for (size_t i = done; i < done + got; i++)
			compare(&values[i], wanted, each);
		done += got;
	}
}

// As they are called: with context words and without, alike, long, and more than are remembered.
static struct span some_name(void)
{
	static const char *const names[] = {
		"",      "",         "ssn",  "id",       "card_number", "customerSsn",
		"phone", "order_id", "iban", "passport",
	};
	static char many[VALUES][LONG_NAME + 1];
	static size_t next;
	const char *known = names[dice(sizeof(names) / sizeof(names[0]))];
	if (dice(2) == 0)
		return span_str(known);
	next = (next + 1) % VALUES;
	int n = snprintf(many[next], sizeof(many[0]), "column_%u_%s", dice(100), known);
	if (dice(4) == 0)
		n = snprintf(many[next], sizeof(many[0]), "%0*u_%s", 100, dice(3), known);
	return span_of(many[next], (size_t)n);
}

// Stretches of a text, of which each begins where the one before ends.
static size_t cut(size_t length, uint32_t most)
{
	size_t n = 0, at = 0;
	for (; n < VALUES && at < length; n++) {
		size_t left = length - at, part = dice(most);
		values[n] = (struct scan_value
		){.name = some_name(), .text = span_of(text + at, part < left ? part : left)};
		at += values[n].text.n;
	}
	return n;
}

static void rows(void **)
{
	struct sample_rows rows = {.text = span_of(text, TEXT)};
	size_t n = 0;
	sample_fill(SAMPLE_ROWS, 1, 300, text, TEXT);
	while (n < VALUES && sample_rows_next(&rows, &values[n].name, &values[n].text))
		n++;
	found = 0;
	check(n, NULL, FOUND, 128);
	assert_true(found > 50);
}

static void cuts(void **)
{
	static const uint32_t most[] = {8, 40, 200, 1000, 5000};
	for (enum sample_kind kind = 0; kind < SAMPLE_ALL_KINDS; kind++) {
		for (size_t i = 0; i < sizeof(most) / sizeof(most[0]); i++) {
			size_t length = most[i] < 1000 ? TEXT / 8 : TEXT / 2;
			sample_fill(kind, 2 + dice(1000), 200, text, TEXT);
			check(cut(length, most[i]), NULL, FOUND, 128);
		}
	}
}

// Whole values, plain and encoded, one behind the other: the edges are what is near.
static size_t put_examples(void)
{
	static struct encoded encoded;
	size_t n = 0, at = 0;
	while (n < VALUES) {
		const struct pattern_info *info =
			pattern_lib_info(lib, (uint16_t)dice((uint32_t)pattern_lib_count(lib)));
		if (info->positive_count == 0)
			continue;
		struct span in = info->positive[dice((uint32_t)info->positive_count)].text;
		if (dice(3) == 0 && encode(dice(ENCODE_COUNT), in, &encoded))
			in = span_of(encoded.text, encoded.n);
		size_t skip = dice(8) == 0 ? dice((uint32_t)in.n) : 0;
		in = span_from(in, skip);
		if (in.n > TEXT - at)
			break;
		memcpy(text + at, in.p, in.n);
		values[n++] = (struct scan_value){some_name(), span_of(text + at, in.n), 0, 0};
		at += in.n;
	}
	return n;
}

static void examples(void **)
{
	found = 0;
	for (int i = 0; i < 12; i++)
		check(put_examples(), NULL, FOUND, 128);
	assert_true(found > 1000);
}

static void few_at_a_time(void **)
{
	check(put_examples(), NULL, 1, 1);
	check(put_examples(), NULL, 7, 3);
	sample_fill(SAMPLE_LOG, 5, 30, text, TEXT);
	check(cut(TEXT / 4, 1000), NULL, 16, 4);
}

static void bytes(void **)
{
	static const char some[] = "%2+5\\u0041\"\n ";
	for (size_t i = 0; i < TEXT; i++)
		text[i] = (uint8_t)(dice(3) == 0 ? some[dice(sizeof(some))] : (int)dice(256));
	check(cut(TEXT / 4, 100), NULL, FOUND, 128);
}

static void chosen(void **)
{
	uint64_t classes[PATTERN_ID_WORDS];
	const struct pattern_choice wanted = {NULL, classes};
	for (size_t i = 0; i < PATTERN_ID_WORDS; i++)
		classes[i] = UINT64_C(0x5555555555555555);
	check(put_examples(), &wanted, FOUND, 128);
}

static void in_other_forms(void **)
{
	static const uint32_t forms[] = {
		SCAN_FORMS_NONE, SCAN_FORMS_TEXT | SCAN_FORMS_UTF16, SCAN_FORMS_TEXT};
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		scan_scratch_forms(scratch, forms[i]);
		check(put_examples(), NULL, FOUND, 128);
	}
}

// Text made to cost is found whole; those beside it are not.
static void costly(void **)
{
	size_t half = 2000;
	for (size_t at = 0; at < half; at += 2)
		memcpy(text + at, "+1", 2);
	memcpy(text + half, "4111 1111 1111 1111", 19);
	for (size_t i = 0; i < 100; i++)
		values[i] = (struct scan_value
		){.text = i % 2 == 0 ? span_of(text, half) : span_of(text + half, 19)};
	check(100, NULL, FOUND, 128);
	assert_int_equal(values[1].found, 1);
}

// One that goes on across what parts values, and one that only Hyperscan finds.
static void of_other_kinds(void **)
{
	static const char *const pieces[] = {"zq7aaa", "bbb!",      "zq7aa!", "",
					     "xabc12", "3xabc123x", "c",      "123x"};
	static const struct span empty = {0};
	char why[PATTERN_WHY] = "";
	struct pattern_set *own_set, *all = set;
	struct scan_scratch *own_scratch, *all_scratch = scratch;
	struct pattern_summary summary;
	struct pattern_lib *own = folder_load_text(
		"name: t\ntitle: t\nkind: list\nof: entity\nmask: redact\nboundary: none\nrules:\n"
		"  - {name: open, pattern: 'zq7[^!]{1,40}!'}\n"
		"  - {name: inner, pattern: '[^ ][^ ][^ ][0-9a-z]{3}'}\n",
		why
	);
	if (own == NULL)
		fail_msg("%s", why);
	assert_int_equal(pattern_set_compile(own, (const uint16_t[]){0, 1}, 2, &own_set, why), 0);
	own_scratch = scan_scratch_new(own_set);
	pattern_set_report(own_set, &summary);
	assert_int_equal(summary.by_cost[PATTERN_COST_HIGH], 1);
	set = own_set;
	scratch = own_scratch;
	found = 0;
	for (size_t i = 0; i < VALUES; i++)
		values[i] = (struct scan_value){empty, span_str(pieces[dice(8)]), 0, 0};
	check(VALUES, NULL, FOUND, 128);
	assert_true(found > VALUES / 5);
	set = all;
	scratch = all_scratch;
	scan_scratch_free(own_scratch);
	pattern_set_free(own_set);
	pattern_lib_free(own);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows),           cmocka_unit_test(cuts),
		cmocka_unit_test(examples),       cmocka_unit_test(few_at_a_time),
		cmocka_unit_test(bytes),          cmocka_unit_test(chosen),
		cmocka_unit_test(in_other_forms), cmocka_unit_test(costly),
		cmocka_unit_test(of_other_kinds),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
