// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Values in UTF-16, which TDS carries: found in both byte orders, at even and odd places, whole to
// the last unit, however the bytes come and wherever they end.

#include "tests/unit/dice.h"
#include "tests/unit/patterns/entities.h"

// cmocka.h wants these first.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TEXT_MAX = 8192, UNIT = 2 };

static struct pattern_lib *lib;
static struct pattern_set *set;
static struct scan_scratch *scratch;
static uint32_t seed = 20261123;
static struct finding out[SCAN_FINDINGS_MAX];

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

static int find(struct span text, uint32_t forms)
{
	bool more = true;
	scan_scratch_forms(scratch, forms);
	int n = scan(set, scratch, text, NULL, out, SCAN_FINDINGS_MAX, &more);
	assert_true(n >= 0);
	assert_false(more);
	for (int i = 0; i < n; i++)
		assert_true(out[i].start < out[i].end && out[i].end <= text.n);
	return n;
}

// ---- an encoder of our own: place[i] is where the unit of byte i of the UTF-8 text begins

struct utf16 {
	uint8_t text[UNIT * TEXT_MAX];
	size_t n;
	uint32_t place[TEXT_MAX];
};

static void put_unit(struct utf16 *u, uint32_t unit, enum scan_form form)
{
	u->text[u->n++] = (uint8_t)(form == SCAN_UTF16LE ? unit : unit >> 8);
	u->text[u->n++] = (uint8_t)(form == SCAN_UTF16LE ? unit >> 8 : unit);
}

static void encode(struct span text, enum scan_form form, struct utf16 *u)
{
	for (size_t i = 0, length; i < text.n; i += length) {
		uint8_t c = text.p[i];
		uint32_t code = c < 0x80 ? c : c < 0xe0 ? c & 0x1f : c < 0xf0 ? c & 0xf : c & 7;
		length = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
		for (size_t k = 1; k < length; k++)
			code = code << 6 | (text.p[i + k] & 0x3fu);
		for (size_t k = 0; k < length; k++)
			u->place[i + k] = (uint32_t)u->n;
		if (code < 0x10000) {
			put_unit(u, code, form);
			continue;
		}
		put_unit(u, 0xd800 + ((code - 0x10000) >> 10), form);
		put_unit(u, 0xdc00 + (code & 0x3ff), form);
	}
}

// What is found of `text` as it stands is found in UTF-16 behind `ahead` other bytes.
static void check(struct span text, enum scan_form form, size_t ahead)
{
	static struct utf16 u;
	static bool covered[TEXT_MAX], found[UNIT * TEXT_MAX];
	memset(covered, 0, sizeof(covered));
	memset(found, 0, sizeof(found));
	for (int i = 0, n = find(text, SCAN_FORMS_NONE); i < n; i++) {
		if (out[i].end - out[i].start >= 8)
			memset(covered + out[i].start, 1, out[i].end - out[i].start);
	}
	memset(u.text, 1, ahead);
	u.n = ahead;
	encode(text, form, &u);
	for (int i = 0, n = find(span_of(u.text, u.n), SCAN_FORMS_UTF16); i < n; i++)
		memset(found + out[i].start, 1, out[i].end - out[i].start);
	for (size_t i = 0; i < text.n; i++) {
		if (covered[i] && (!found[u.place[i]] || !found[u.place[i] + 1]))
			fail_msg(
				"%s behind %zu: '%.*s' at %zu", scan_form_name(form), ahead,
				(int)text.n, (const char *)text.p, i
			);
	}
}

static size_t example(char *text, size_t size)
{
	static const char *const words[] = {
		"", "the ", "na\xc3\xafve, ", "\xf0\x9f\x94\x91 ", "\xe5\x8d\xa1 ", "{\"a\": 1} ",
	};
	const struct pattern_info *info;
	do
		info = pattern_lib_info(lib, (uint16_t)dice((uint32_t)pattern_lib_count(lib)));
	while (info->kind != PATTERN_ENTITY);
	struct span v = info->positive[dice((uint32_t)info->positive_count)].text;
	if (v.n > 1500)
		return 0;
	return (size_t)snprintf(
		text, size, "%sthis is a value: %.*s, and more", words[dice(6)], (int)v.n,
		(const char *)v.p
	);
}

static void every_example_is_found_in_both_orders(void **)
{
	char text[TEXT_MAX];
	for (uint16_t id = 0; id < pattern_lib_count(lib); id++) {
		const struct pattern_info *info = pattern_lib_info(lib, id);
		for (size_t i = 0; info->kind == PATTERN_ENTITY && i < info->positive_count; i++) {
			struct span v = info->positive[i].text;
			if (v.n > 1500)
				continue;
			size_t n = (size_t)snprintf(
				text, sizeof(text), "this is a value: %.*s, and more", (int)v.n,
				(const char *)v.p
			);
			for (size_t ahead = 0; ahead < 4; ahead++) {
				check(span_of(text, n), SCAN_UTF16LE, ahead);
				check(span_of(text, n), SCAN_UTF16BE, ahead);
			}
		}
	}
}

static void findings_are_exact(void **)
{
	static const char text[] = "\xf0\x9f\x94\x91 card: 4111111111111111 \xe5\x8d\xa1";
	for (enum scan_form form = SCAN_UTF16LE; form <= SCAN_UTF16BE; form++) {
		struct utf16 u = {0};
		encode(span_str(text), form, &u);
		assert_int_equal(find(span_of(u.text, u.n), 1u << form), 1);
		assert_int_equal(out[0].form, form);
		assert_int_equal(out[0].start, u.place[11]);
		assert_int_equal(out[0].end, u.place[11] + 16 * UNIT);
		// ASCII is the same in the other order, a byte off: who does not know the order
		// gets both.
		assert_int_equal(find(span_of(u.text, u.n), SCAN_FORMS_UTF16), 1);
		assert_true(out[0].start + 1 >= u.place[11] && out[0].start <= u.place[11]);
		assert_true(out[0].end >= u.place[11] + 16 * UNIT);
		assert_true(out[0].end <= u.place[11] + 16 * UNIT + 1);
		// Only who speaks a protocol that carries UTF-16 asks for it.
		assert_int_equal(find(span_of(u.text, u.n), SCAN_FORMS_TEXT), 0);
	}
}

// Half a pair of surrogates, or half a unit, takes nothing with it.
static void broken_units_hide_nothing(void **)
{
	static const char value[] = "this is a card: 4111111111111111";
	static const uint32_t lone[] = {0xd800, 0xdbff, 0xdc00, 0xdfff, 0xfffe, 0xffff, 0};
	for (enum scan_form form = SCAN_UTF16LE; form <= SCAN_UTF16BE; form++) {
		for (size_t i = 0; i < sizeof(lone) / sizeof(lone[0]); i++) {
			for (size_t tail = 0; tail < 4; tail++) {
				struct utf16 u = {0};
				put_unit(&u, lone[i], form);
				encode(span_str(value), form, &u);
				size_t end = u.n;
				put_unit(&u, lone[i], form);
				put_unit(&u, lone[i], form);
				int n = find(span_of(u.text, end + tail), 1u << form);
				assert_int_equal(n, 1);
				assert_int_equal(out[0].start, end - 16 * UNIT);
				assert_int_equal(out[0].end, end);
			}
		}
	}
}

// Wherever the bytes end, what stands before the end is found, and nothing beyond.
static void any_end_will_do(void **)
{
	static const char text[] =
		"\xf0\x9f\x94\x91 this is a card: 4111111111111111 \xf0\x9f\x94\x91";
	for (enum scan_form form = SCAN_UTF16LE; form <= SCAN_UTF16BE; form++) {
		struct utf16 u = {0};
		encode(span_str(text), form, &u);
		size_t end = u.place[21] + 16 * UNIT;
		for (size_t n = 0; n <= u.n; n++) {
			int count = find(span_of(u.text, n), 1u << form);
			assert_int_equal(count > 0, n >= end);
			assert_true(count == 0 || out[0].end == end);
		}
	}
}

// Bytes found of a stream that comes in pieces of at most `piece` bytes.
static void stream(struct span text, uint32_t piece, bool *found)
{
	static struct finding some[SCAN_STREAM_FINDINGS];
	struct scan_stream s;
	uint8_t *buffer = malloc(scan_stream_size(set));
	size_t at = 0, told = 0;
	bool end = false;
	assert_non_null(buffer);
	memset(found, 0, text.n);
	scan_stream_init(&s, set, (struct span){NULL, 0}, NULL, buffer);
	for (struct span ready; !end || ready.n > 0;) {
		size_t want = 1 + dice(piece), left = text.n - at;
		at += scan_stream_push(&s, span_of(text.p + at, want < left ? want : left));
		end = at == text.n;
		int n = scan_stream_read(&s, scratch, end, some, &ready);
		assert_true(n >= 0);
		for (int i = 0; i < n; i++)
			memset(found + told + some[i].start, 1, some[i].end - some[i].start);
		told += ready.n;
	}
	assert_int_equal(told, text.n);
	free(buffer);
}

static void pieces_change_nothing(void **)
{
	static struct utf16 u;
	static bool whole[sizeof(u.text)], pieces[sizeof(u.text)];
	char text[TEXT_MAX];
	for (int round = 0; round < 40; round++) {
		enum scan_form form = dice(2) == 0 ? SCAN_UTF16LE : SCAN_UTF16BE;
		u.n = 0;
		for (int i = 0; i < 4; i++) {
			size_t n = example(text, sizeof(text));
			u.text[u.n] = 1; // the next may stand at an odd place
			u.n += dice(2);
			encode(span_of(text, n), form, &u);
		}
		memset(whole, 0, sizeof(whole));
		for (int i = 0, n = find(span_of(u.text, u.n), SCAN_FORMS_UTF16); i < n; i++)
			memset(whole + out[i].start, 1, out[i].end - out[i].start);
		stream(span_of(u.text, u.n), 1 + dice(300), pieces);
		assert_memory_equal(whole, pieces, u.n);
	}
}

static void values_in_prose_are_found(void **)
{
	char text[TEXT_MAX];
	for (int round = 0; round < 300; round++) {
		size_t n = example(text, sizeof(text));
		check(span_of(text, n), dice(2) == 0 ? SCAN_UTF16LE : SCAN_UTF16BE, dice(70));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(findings_are_exact),
		cmocka_unit_test(every_example_is_found_in_both_orders),
		cmocka_unit_test(values_in_prose_are_found),
		cmocka_unit_test(broken_units_hide_nothing),
		cmocka_unit_test(any_end_will_do),
		cmocka_unit_test(pieces_change_nothing),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
