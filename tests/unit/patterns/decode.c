// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Every value the library finds is found in every encoding, and in every encoding of an encoding,
// and nothing of it is left.

#include "patterns/patterns.h"
#include "tests/unit/dice.h"
#include "tests/unit/patterns/encoder.h"
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

enum { TEXT_MAX = 4096 };

static struct pattern_lib *lib;
static struct pattern_set *set;
static struct scan_scratch *scratch;
static uint32_t seed = 20260401;
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

// The findings of `text`, in `out`.
static int find(struct span text)
{
	bool more = true;
	int n = scan(set, scratch, text, NULL, out, SCAN_FINDINGS_MAX, &more);
	assert_true(n >= 0);
	assert_false(more);
	return n;
}

// Encoded text is told by what is ASCII: three whole groups of base64 lie in any 11 bytes of it,
// and in 9 that are all there is.
static bool is_told(struct span text, const struct finding *f)
{
	size_t start = f->start, end = f->end;
	while (start > 0 && text.p[start - 1] < 0x80)
		start--;
	while (end < text.n && text.p[end] < 0x80)
		end++;
	return end - start >= (end - start == text.n ? 9 : 11);
}

// Which bytes of `text` are found as they stand, and must be found encoded.
static void cover_plain(struct span text, bool *covered)
{
	memset(covered, 0, text.n * sizeof(covered[0]));
	scan_scratch_forms(scratch, SCAN_FORMS_NONE);
	for (int i = 0, n = find(text); i < n; i++) {
		if (out[i].end - out[i].start >= 8 && is_told(text, &out[i]))
			memset(covered + out[i].start, 1, out[i].end - out[i].start);
	}
	scan_scratch_forms(scratch, SCAN_FORMS_TEXT);
}

static void assert_covered(
	struct span text, const bool *covered, const struct encoded *e, const struct encoded *outer,
	const char *how
)
{
	static uint8_t raw[2 * ENCODED_MAX];
	static bool found[2 * ENCODED_MAX];
	const struct encoded *last = outer == NULL ? e : outer;
	size_t n = (size_t)snprintf((char *)raw, sizeof(raw), "{\"v\": \""), head = n;
	memcpy(raw + n, last->text, last->n);
	n += last->n;
	memcpy(raw + n, "\"}", 2);
	n += 2;
	memset(found, 0, n);
	for (int i = 0, count = find(span_of(raw, n)); i < count; i++)
		memset(found + out[i].start, 1, out[i].end - out[i].start);
	for (size_t i = 0; i < text.n; i++) {
		for (size_t k = e->start[i]; covered[i] && k < e->end[i]; k++) {
			size_t from = outer == NULL ? k : outer->start[k];
			size_t to = outer == NULL ? k + 1 : outer->end[k];
			for (size_t at = from; at < to; at++) {
				if (!found[head + at])
					fail_msg(
						"%s: '%.*s' of '%.*s' at %zu of '%.*s'", how, 20,
						(const char *)text.p + i, (int)text.n,
						(const char *)text.p, head + at,
						(int)(n < 3000 ? n : 3000), (const char *)raw
					);
			}
		}
	}
}

static void check_encodings(struct span text)
{
	static struct encoded once, twice;
	static bool covered[TEXT_MAX];
	char how[64];
	cover_plain(text, covered);
	for (enum encoder a = 0; a < ENCODE_COUNT; a++) {
		if (!encode(a, text, &once))
			continue;
		assert_covered(text, covered, &once, NULL, encoder_name(a));
		for (enum encoder b = 0; b < ENCODE_COUNT; b++) {
			if (!encode(b, span_of(once.text, once.n), &twice))
				continue;
			snprintf(how, sizeof(how), "%s of %s", encoder_name(b), encoder_name(a));
			assert_covered(text, covered, &once, &twice, how);
		}
	}
}

static void every_example_is_found_encoded(void **)
{
	for (uint16_t id = 0; id < pattern_lib_count(lib); id++) {
		const struct pattern_info *info = pattern_lib_info(lib, id);
		for (size_t i = 0; info->kind == PATTERN_ENTITY && i < info->positive_count; i++) {
			if (info->positive[i].text.n < 1500)
				check_encodings(info->positive[i].text);
		}
	}
}

// Several values in prose, at every alignment.
static void values_in_prose_are_found_encoded(void **)
{
	static const char *const words[] = {
		"the ",       "customer ", "grüße, ",     "paid\n",
		"\"order\" ", "42 ",       "{\"a\": 1} ", "\xe5\x8d\xa1 ",
	};
	for (int round = 0; round < 60; round++) {
		char text[TEXT_MAX];
		size_t n = 0;
		for (uint32_t i = dice(12) + 4; i > 0; i--) {
			const struct pattern_info *info;
			do
				info = pattern_lib_info(
					lib, (uint16_t)dice((uint32_t)pattern_lib_count(lib))
				);
			while (info->kind != PATTERN_ENTITY);
			struct span v = info->positive[dice((uint32_t)info->positive_count)].text;
			if (v.n > 300)
				continue;
			for (uint32_t k = dice(5); k > 0; k--)
				n += (size_t)snprintf(
					text + n, sizeof(text) - n, "%s",
					words[dice(sizeof(words) / sizeof(words[0]))]
				);
			n += (size_t)snprintf(
				text + n, sizeof(text) - n, "%.*s, ", (int)v.n, (const char *)v.p
			);
		}
		check_encodings(span_of(text, n));
	}
}

static void assert_finds(const char *text, const char *value, enum scan_form form)
{
	int n = find(span_str(text));
	if (value == NULL) {
		if (n != 0)
			fail_msg("%d findings in '%s', the first at %u", n, text, out[0].start);
		return;
	}
	if (n != 1)
		fail_msg("%d findings in '%s'", n, text);
	if (!span_equal(span_of(text + out[0].start, out[0].end - out[0].start), span_str(value)))
		fail_msg(
			"'%s': '%.*s', not '%s'", text, (int)(out[0].end - out[0].start),
			text + out[0].start, value
		);
	assert_string_equal(scan_form_name((enum scan_form)out[0].form), scan_form_name(form));
}

static void findings_are_exact(void **)
{
	assert_finds("to=jane.doe%40example.com&x=1", "jane.doe%40example.com", SCAN_URL);
	assert_finds("to=jane%2Bnews%40example.com", "jane%2Bnews%40example.com", SCAN_URL);
	assert_finds("to=jane+news%40example.com", "jane+news%40example.com", SCAN_URL);
	assert_finds("q=%204111111111111111%20", "4111111111111111", SCAN_PLAIN);
	assert_finds("card=4111+1111+1111+1111&", "4111+1111+1111+1111", SCAN_URL);
	assert_finds(
		"at=10:11:12+00:00&card=4111+1111+1111+1111&", "4111+1111+1111+1111", SCAN_URL
	);
	assert_finds("q=4111%2B1111%2B1111%2B1111&", "4111%2B1111%2B1111%2B1111", SCAN_URL);
	assert_finds("{\"a\": \"x\\n4111111111111111\"}", "4111111111111111", SCAN_PLAIN);
	assert_finds(
		"{\"a\": \"\\u00341111\\u0031111111111\\u0031\"}",
		"\\u00341111\\u0031111111111\\u0031", SCAN_JSON
	);
	// jane.doe@example.com
	assert_finds(
		"x amFuZS5kb2VAZXhhbXBsZS5jb20= y", "amFuZS5kb2VAZXhhbXBsZS5jb20=", SCAN_BASE64
	);
	assert_finds(
		"\\x6a616e65406578616d706c652e636f6d", "6a616e65406578616d706c652e636f6d", SCAN_HEX
	);
	assert_finds(
		"\\x00ff6a616e65406578616d706c652e636f6d00", "6a616e65406578616d706c652e636f6d",
		SCAN_HEX
	);
	// behind letters that are none of its digits
	assert_finds(
		"key/QUtJQUlPU0ZPRE5ON0VYQU1QTEU=", "QUtJQUlPU0ZPRE5ON0VYQU1QTEU=", SCAN_BASE64
	);
	assert_finds("k/QUtJQUlPU0ZPRE5ON0VYQU1QTEU=", "QUtJQUlPU0ZPRE5ON0VYQU1QTEU=", SCAN_BASE64);
	assert_finds(
		"ke/QUtJQUlPU0ZPRE5ON0VYQU1QTEU=", "QUtJQUlPU0ZPRE5ON0VYQU1QTEU=", SCAN_BASE64
	);
}

// Long text is decoded 16 characters at a time: the value, and what breaks the step, at each place.
static void values_are_found_wherever_a_step_begins(void **)
{
	static const char *const breaks[] = {"", "\n", "\xc3\xa9", "+", " % ", "\t\xe2\x82\xac"};
	for (size_t before = 0; before < 70; before++) {
		for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++) {
			char text[256];
			int n = snprintf(
				text, sizeof(text), "%.*s%s jane.doe@example.com %.*s", (int)before,
				"the quick brown fox jumps over the lazy dog, and over "
				"the other one, too",
				breaks[i], 40, "what comes behind it is a longer text still"
			);
			check_encodings(span_of(text, (size_t)n));
		}
	}
}

static void what_is_not_encoded_text_is_not_found(void **)
{
	assert_finds("550e8400-e29b-41d4-a716-446655440000", NULL, SCAN_PLAIN);
	assert_finds("commit d2ffb07c3c4bcb46c5878be44dff69f97d576457", NULL, SCAN_PLAIN);
	assert_finds("100% of 411 and %zz, \\q", NULL, SCAN_PLAIN);
	// Three deep: base64 of base64 of base64 of jane.doe@example.com
	assert_finds("V1cxR2RWcFROV3RpTWxaQldsaG9hR0pZUW5OYVV6VnFZakl3UFE9PQ==", NULL, SCAN_PLAIN);
	// ann@ex.org in few bytes, among others
	assert_finds("ff616e6e4065782e6f7267ff", NULL, SCAN_PLAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(findings_are_exact),
		cmocka_unit_test(values_are_found_wherever_a_step_begins),
		cmocka_unit_test(what_is_not_encoded_text_is_not_found),
		cmocka_unit_test(every_example_is_found_encoded),
		cmocka_unit_test(values_in_prose_are_found_encoded),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
