// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The finder of every kind of CPU against the plainest reading of what it looks for.

#include "patterns/finder.h"

#include "tests/unit/dice.h"

// cmocka.h wants these first.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TEXT_MAX = 1500, ROUNDS = 4000 };

// What may be of interest at a byte.
enum seen { URL = 1, JSON = 2, BASE64 = 4, HEX = 8 };

static uint32_t seed = 20260412;

static uint32_t dice(uint32_t sides)
{
	return dice_roll(&seed, sides);
}

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

static bool is_group(const char *p)
{
	int value[4];
	for (int i = 0; i < 4; i++) {
		const char *digit = p[i] == '\0' ? NULL : strchr(base64_digits, p[i]);
		if (digit == NULL)
			return false;
		value[i] = (int)(digit - base64_digits);
	}
	return value[0] < 32 && (value[1] & 8) == 0 && (value[2] & 2) == 0;
}

static bool is_pair(const char *p)
{
	return p[0] >= '2' && p[0] <= '7' && p[1] != '\0' &&
	       strchr("0123456789abcdefABCDEF", p[1]) != NULL;
}

static bool is_run(const char *text, size_t end, size_t size, size_t unit, bool (*is)(const char *))
{
	if (end < size)
		return false;
	for (size_t at = end - size; at < end; at += unit) {
		if (!is(text + at))
			return false;
	}
	return true;
}

static uint8_t seen_at(struct span text, size_t at)
{
	const char *p = (const char *)text.p;
	uint8_t seen = 0;
	if (p[at] == '%' || (p[at] == '+' && finder_is_plus(text, at)))
		seen |= URL;
	if (p[at] == '\\')
		seen |= JSON;
	if (is_run(p, at + 1, FINDER_BASE64, 4, is_group))
		seen |= BASE64;
	if (is_run(p, at + 1, FINDER_HEX, 2, is_pair))
		seen |= HEX;
	return seen;
}

static void mark(uint8_t seen[static TEXT_MAX], size_t at, uint64_t bits, enum seen what)
{
	for (; bits != 0; bits &= bits - 1)
		seen[at + (size_t)__builtin_ctzll(bits)] |= (uint8_t)what;
}

static void check(const struct finder_code *code, struct span text)
{
	struct finder finder;
	struct finder_block block;
	uint8_t seen[TEXT_MAX + FINDER_BLOCK] = {0};
	finder_init(&finder, code, text, false);
	while (code->find(&finder, &block)) {
		mark(seen, block.at, block.url, URL);
		mark(seen, block.at, block.json, JSON);
		mark(seen, block.at, block.base64, BASE64);
		mark(seen, block.at, block.hex, HEX);
	}
	for (size_t i = 0; i < sizeof(seen); i++) {
		uint8_t expected = i < text.n ? seen_at(text, i) : 0;
		if (seen[i] != expected)
			fail_msg(
				"at %zu of '%.*s': %x, not %x", i, (int)text.n,
				(const char *)text.p, seen[i], expected
			);
	}
}

static size_t put_run(uint8_t *out)
{
	static const char hex[] = "0123456789abcdefABCDEF", most[] = "aQZciJ0H";
	size_t n = 1 + dice(40);
	switch (dice(6)) {
	case 0: // what encodes text
		for (size_t i = 0; i < n; i++)
			out[i] = i % 2 == 0 ? (uint8_t)('2' + dice(6)) : (uint8_t)hex[dice(22)];
		break;
	case 1:
		for (size_t i = 0; i < n; i++)
			out[i] = (uint8_t)most[dice(8)];
		break;
	case 2:
		for (size_t i = 0; i < n; i++)
			out[i] = (uint8_t) "ZciJ"[i % 4];
		break;
	case 3:
		for (size_t i = 0; i < n; i++)
			out[i] = (uint8_t)base64_digits[dice(62)];
		break;
	case 4:
		for (size_t i = 0; i < n; i++)
			out[i] = (uint8_t)hex[dice(22)];
		break;
	default:
		for (size_t i = 0; i < n; i++)
			out[i] = (uint8_t)dice(dice(4) == 0 ? 256 : 128);
	}
	return n;
}

static size_t random_text(uint8_t *out)
{
	static const char *const pieces[] = {
		"+", "1+1", "10:11:12.5+00", "%41", "\\n", " ", "\xc3\xa9\xe5\x8d\xab", "the end ",
	};
	size_t n = 0, size = dice(TEXT_MAX - 64);
	while (n < size) {
		if (dice(3) == 0) {
			const char *piece = pieces[dice(sizeof(pieces) / sizeof(pieces[0]))];
			memcpy(out + n, piece, strlen(piece));
			n += strlen(piece);
		} else if (dice(8) == 0) {
			size_t gap = dice((uint32_t)(size - n) + 1);
			memset(out + n, ' ', gap);
			n += gap;
		} else {
			n += put_run(out + n);
		}
	}
	return n;
}

static void all_kinds_agree(void **)
{
	print_message("seed %u\n", seed);
	for (unsigned round = 0; round < ROUNDS; round++) {
		uint8_t *text = malloc(TEXT_MAX);
		assert_non_null(text);
		// At the end of its memory, so that a sanitizer sees what is read behind it.
		size_t n = random_text(text), skipped = TEXT_MAX - n;
		memmove(text + skipped, text, n);
		for (enum kernel_level level = KERNEL_GENERIC; level < KERNEL_LEVELS; level++) {
			if (!kernel_level_runs(level))
				continue;
			struct finder_code code = finder_code(level);
			check(&code, span_of(text + skipped, n));
			code.skip = NULL;
			check(&code, span_of(text + skipped, n));
		}
		free(text);
	}
}

static bool is_plus(const char *before, const char *after)
{
	char text[64];
	snprintf(text, sizeof(text), "%s+%s", before, after);
	return finder_is_plus(span_str(text), strlen(before));
}

static void a_plus_parts_digits_but_for_times(void **)
{
	assert_true(is_plus("4111", "1111"));
	assert_true(is_plus("1841276451089", "46"));
	assert_true(is_plus(":1841276451089", "46"));
	assert_true(is_plus("1", "1"));
	assert_false(is_plus("a", "1"));
	assert_false(is_plus("1", "a"));
	assert_false(is_plus("1", ""));
	assert_false(is_plus("", "1"));
	static const char *const times[] = {
		"10:11",
		"T10:11:12",
		"2026-03-01 10:11:12.1",
		"10:11:12.123456",
	};
	static const char *const offsets[] = {"00", "02:00", "0530", "05:30\"", "00,", "00\n"};
	static const char *const others[] = {"0",     "000",     "00000", "00+1",   "001",
					     "00%20", "02:0000", "0:200", "02:000", "00a"};
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		for (size_t k = 0; k < sizeof(offsets) / sizeof(offsets[0]); k++)
			assert_false(is_plus(times[i], offsets[k]));
		for (size_t k = 0; k < sizeof(others) / sizeof(others[0]); k++)
			assert_true(is_plus(times[i], others[k]));
	}
	assert_true(is_plus("110:11", "00"));
	assert_true(is_plus("10:1", "00"));
	assert_true(is_plus("10:111", "00"));
	assert_true(is_plus(":11", "00"));
	assert_true(is_plus("1:11", "00"));
	assert_true(is_plus("10.11", "00"));
	assert_true(is_plus("10:11.1234567890", "00"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_kinds_agree),
		cmocka_unit_test(a_plus_parts_digits_but_for_times),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
