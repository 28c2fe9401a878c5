// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// However a stream is cut, what is found and when it is released are the same, and what is found is
// what one scan of the whole finds.

#include "patterns/patterns.h"
#include "tests/unit/dice.h"
#include "tests/unit/patterns/encoder.h"

// cmocka.h wants these first.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TEXT_MAX = 300 * 1024, FOUND_MAX = 200000 };

static struct pattern_lib *lib;
static uint32_t seed = 20260402;
static uint8_t text[TEXT_MAX], joined[TEXT_MAX];
static struct finding whole[FOUND_MAX], cut[FOUND_MAX], out[SCAN_STREAM_FINDINGS];
static size_t released_by[TEXT_MAX + 1]; // by the number of bytes given

static uint32_t dice(uint32_t sides)
{
	return dice_roll(&seed, sides);
}

static struct span random_example(bool good)
{
	for (;;) {
		const struct pattern_info *info =
			pattern_lib_info(lib, (uint16_t)dice((uint32_t)pattern_lib_count(lib)));
		if (info->kind != PATTERN_ENTITY)
			continue;
		if (good)
			return info->positive[dice((uint32_t)info->positive_count)].text;
		return info->negative[dice((uint32_t)info->negative_count)].text;
	}
}

static size_t append(size_t n, size_t max, struct span piece)
{
	piece = span_first(piece, max - n);
	memcpy(text + n, piece.p, piece.n);
	return n + piece.n;
}

static void append_one(size_t *n, char c)
{
	text[(*n)++] = (uint8_t)c;
}

// Values as they are, encoded once or twice, alone or many in one encoding; chains of values; and
// long runs of one character.
static size_t random_text(size_t max)
{
	static struct encoded once, twice;
	static uint8_t piece[6000];
	size_t n = 0;
	while (n < max) {
		size_t size = 0;
		for (uint32_t i = dice(3) == 0 ? dice(40) : 1; i > 0; i--) {
			struct span v = span_first(random_example(dice(4) != 0), 1000);
			if (sizeof(piece) - size < v.n + 1)
				break;
			memcpy(piece + size, v.p, v.n);
			size += v.n;
			if (dice(5) != 0)
				piece[size++] = (uint8_t) " \n,;\"&=\\"[dice(8)];
		}
		struct span in = span_of(piece, size);
		uint32_t how = dice(4);
		if (how >= 1 && encode((enum encoder)dice(ENCODE_COUNT), in, &once))
			in = span_of(once.text, once.n);
		if (how == 3 && encode((enum encoder)dice(ENCODE_COUNT), in, &twice))
			in = span_of(twice.text, twice.n);
		n = append(n, max, in);
		for (uint32_t i = dice(20) == 0 ? dice(20000) : dice(3); i > 0 && n < max; i--)
			append_one(&n, i % 7 == 0 ? "\\%+A=4\n "[i / 700 % 8] : ' ');
	}
	return n;
}

static size_t collect(
	struct scan_stream *s, struct scan_scratch *scratch, bool end, size_t *position,
	struct finding *found, size_t count
)
{
	for (;;) {
		struct span ready;
		int n = scan_stream_read(s, scratch, end, out, &ready);
		assert_true(n >= 0);
		for (int i = 0; i < n; i++, count++) {
			assert_true(count < FOUND_MAX);
			assert_true(out[i].start < out[i].end && out[i].end <= ready.n);
			found[count] = out[i];
			found[count].start += (uint32_t)*position;
			found[count].end += (uint32_t)*position;
		}
		if (ready.n > 0)
			memcpy(joined + *position, ready.p, ready.n);
		*position += ready.n;
		if (ready.n == 0)
			return count;
	}
}

// Push `n` bytes of `text` in pieces of up to `most`. Returns the number of findings. With `first`,
// it says what is released after so many bytes; else it must be that.
static size_t run_stream(
	const struct pattern_set *set, struct scan_scratch *scratch, size_t n, uint32_t most,
	bool first, struct finding *found
)
{
	struct scan_stream s;
	size_t given = 0, position = 0, count = 0, tail = pattern_set_tail(set);
	uint8_t *buffer = malloc(scan_stream_size(set)); // exact, for the sanitizer
	assert_non_null(buffer);
	scan_stream_init(&s, set, (struct span){NULL, 0}, NULL, buffer);
	while (given < n) {
		struct span in = span_first(span_of(text + given, n - given), 1 + dice(most));
		while (in.n > 0) {
			size_t took = scan_stream_push(&s, in);
			given += took;
			in = span_from(in, took);
			count = collect(&s, scratch, false, &position, found, count);
			if (first)
				released_by[given] = position;
			else
				assert_int_equal(position, released_by[given]);
			assert_true(given - position <= tail);
		}
	}
	count = collect(&s, scratch, true, &position, found, count);
	assert_int_equal(position, n);
	assert_memory_equal(joined, text, n);
	free(buffer);
	return count;
}

static struct pattern_set *compile(const char *group)
{
	char why[PATTERN_WHY] = "";
	struct pattern_set *set = NULL;
	uint16_t ids[PATTERN_MAX];
	size_t n = 0;
	if (group != NULL)
		n = pattern_lib_select(lib, group, ids);
	for (uint16_t i = 0; group == NULL && i < pattern_lib_count(lib); i++) {
		if (pattern_lib_info(lib, i)->kind == PATTERN_ENTITY)
			ids[n++] = i;
	}
	assert_true(n > 0);
	if (pattern_set_compile(lib, ids, n, &set, why) != 0)
		fail_msg("%s", why);
	return set;
}

static void cover(const struct finding *found, size_t count, uint8_t *covered, size_t n)
{
	memset(covered, 0, n);
	for (size_t i = 0; i < count; i++)
		memset(covered + found[i].start, 1, found[i].end - found[i].start);
}

// The whole may hold more findings than one scan does: it is scanned in as many as it takes.
static void assert_as_one_scan(
	const struct pattern_set *set, struct scan_scratch *scratch, size_t n, size_t count
)
{
	static struct finding once[SCAN_FINDINGS_MAX];
	static uint8_t a[TEXT_MAX], b[TEXT_MAX];
	bool more = false;
	int found = scan(set, scratch, span_of(text, n), NULL, once, SCAN_FINDINGS_MAX, &more);
	assert_true(found >= 0);
	if (more)
		return;
	cover(once, (size_t)found, a, n);
	cover(whole, count, b, n);
	for (size_t i = 0; i < n; i++) {
		size_t from = i > 60 ? i - 60 : 0;
		if (a[i] != b[i])
			fail_msg(
				"byte %zu of %zu: %u in one scan, %u in the stream: '%.*s'", i, n,
				a[i], b[i], 120, (const char *)text + from
			);
	}
}

static void check_stream(
	const struct pattern_set *set, struct scan_scratch *scratch, size_t n, bool one_scan
)
{
	static const uint32_t sizes[] = {3, 100, 1448, 16384, 70000, TEXT_MAX};
	size_t count = run_stream(set, scratch, n, 1, true, whole);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_int_equal(run_stream(set, scratch, n, sizes[i], false, cut), count);
		for (size_t k = 0; k < count; k++) {
			assert_int_equal(whole[k].start, cut[k].start);
			assert_int_equal(whole[k].end, cut[k].end);
			assert_int_equal(whole[k].pattern, cut[k].pattern);
			assert_int_equal(whole[k].form, cut[k].form);
		}
	}
	if (one_scan)
		assert_as_one_scan(set, scratch, n, count);
}

static void streams_of(const char *group, size_t most, int rounds)
{
	struct pattern_set *set = compile(group);
	struct scan_scratch *scratch = scan_scratch_new(set);
	assert_non_null(scratch);
	print_message(
		"%s: tail %zu, buffer %zu, seed %u\n", group == NULL ? "all" : group,
		pattern_set_tail(set), scan_stream_size(set), seed
	);
	for (int round = 0; round < rounds; round++)
		check_stream(set, scratch, random_text(1 + dice((uint32_t)most)), true);
	scan_scratch_free(scratch);
	pattern_set_free(set);
}

static void cuts_change_nothing(void **)
{
	streams_of(NULL, 200 * 1024, 8);
}

static void cuts_change_nothing_for_a_short_tail(void **)
{
	streams_of("payment-card", 120 * 1024, 8);
	streams_of("email", 120 * 1024, 4);
}

// More matches than a scan holds, and findings that never end.
static void hostile_streams_end(void **)
{
	static const char *const pieces[] = {
		"4111 1111 1111 1111 ",
		"a@b.example@",
		"192.0.2.1\n",
		"%2541",
		"\\\\u0034",
		"QUJD",
		"4141",
		"AAAA",
		"\\",
		"%20",
		"1+",
		"",
	};
	struct pattern_set *set = compile(NULL);
	struct scan_scratch *scratch = scan_scratch_new(set);
	assert_non_null(scratch);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		size_t n = 0;
		while (n < 100 * 1024 && pieces[i][0] != '\0')
			n = append(n, 100 * 1024, span_str(pieces[i]));
		check_stream(set, scratch, n, false);
	}
	scan_scratch_free(scratch);
	pattern_set_free(set);
}

static int setup(void **)
{
	char why[PATTERN_WHY] = "";
	if (pattern_lib_load((const char *[]){PATTERN_LIBRARY}, 1, &lib, why) != 0)
		fail_msg("%s", why);
	return 0;
}

static int teardown(void **)
{
	pattern_lib_free(lib);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_change_nothing),
		cmocka_unit_test(cuts_change_nothing_for_a_short_tail),
		cmocka_unit_test(hostile_streams_end),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
