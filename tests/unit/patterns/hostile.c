// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Text that is no text, or is made to cost: what is in it is found, or all of it is taken.

#include "patterns/patterns.h"

// cmocka.h wants these first.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TEXT_MAX = 1 << 20, STREAM_STEP = 1 << 16 };

static const size_t gigabyte = (size_t)1 << 30;

static struct pattern_lib *lib;
static struct pattern_set *set;
static struct scan_scratch *scratch;
static uint8_t text[TEXT_MAX];

static const char *const values[] = {
	"4111 1111 1111 1111",  "jane@example.com", "DE89370400440532013000",
	"AKIAIOSFODNN7EXAMPLE", "192.0.2.1",
};

enum { VALUES = sizeof(values) / sizeof(values[0]) };

// Bytes of `in` from `start` on that findings cover, or all when there were more.
static void assert_covered(struct span in, size_t start, size_t n, const char *what)
{
	static struct finding out[SCAN_FINDINGS_MAX];
	bool more = false;
	size_t covered = 0;
	int found = scan(set, scratch, in, NULL, out, SCAN_FINDINGS_MAX, &more);

	assert_true(found >= 0);
	for (int i = 0; i < found; i++) {
		size_t from = out[i].start < start ? start : out[i].start;
		size_t to = out[i].end > start + n ? start + n : out[i].end;
		covered += from < to ? to - from : 0;
	}
	if (!more && covered != n)
		fail_msg("%s: %zu of %zu bytes are found", what, covered, n);
}

// What no UTF-8 has (RFC 3629 3), cut sequences, and NULs.
static void no_text_hides_a_value(void **)
{
	static const struct {
		const char *bytes;
		size_t n;
	} junk[] = {
		{"\xff", 1},     {"\xfe\xff", 2}, {"\xc3", 1},         {"\x80", 1},
		{"\xe2\x82", 2}, {"\xc0\xaf", 2}, {"\xed\xa0\x80", 3}, {"\xf0\x9f", 2},
		{"\xf8", 1},     {"\xbf\xbf", 2}, {"\0", 1},           {"\0\0\0", 3},
	};
	const size_t kinds = sizeof(junk) / sizeof(junk[0]);

	for (size_t i = 0; i < kinds * kinds * VALUES; i++) {
		const char *value = values[i / kinds / kinds];
		size_t before = i % kinds, behind = i / kinds % kinds, n = 0;
		memcpy(text, junk[before].bytes, junk[before].n);
		n += junk[before].n;
		memcpy(text + n, value, strlen(value));
		memcpy(text + n + strlen(value), junk[behind].bytes, junk[behind].n);
		char what[80];
		snprintf(what, sizeof(what), "%s with %zu, %zu", value, before, behind);
		assert_covered(
			span_of(text, n + strlen(value) + junk[behind].n), n, strlen(value), what
		);
	}
}

// A megabyte of each: a value at its end is found, or all is taken.
static void bombs_hide_nothing(void **)
{
	static const char *const pieces[] = {
		"a.a@",    "eyJ.", "eyJaaaaaaaa.",
		"4 4-",    "00 ",  "Bearer ",
		"a@a.",    "ssn ", "ssn 123456789 ",
		"1.1.",    "AKIA", "\n-----BEGIN PRIVATE KEY-----",
		"%2541",   "QUJD", "4141",
		"\\u0034", "\xff", "\x80",
		"::",      "1:",   "+1 (",
		"iban DE", "0x",   "",
	};

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		size_t length = strlen(pieces[i]) == 0 ? 1 : strlen(pieces[i]); // "": NULs
		const char *value = values[i % VALUES];
		for (size_t at = 0; at < TEXT_MAX; at++)
			text[at] = (uint8_t)pieces[i][at % length];
		size_t at = TEXT_MAX - strlen(value);
		text[at - 1] = '\n';
		memcpy(text + at, value, strlen(value));
		assert_covered(span_of(text, TEXT_MAX), at, strlen(value), pieces[i]);
	}
}

// Ordinary text, with a value at `at` if it is within the step that begins at `from`.
static void fill_step(size_t from, size_t at, const char *value)
{
	static const char line[] = "{\"id\": 17, \"note\": \"nothing to see here\"},\n";

	for (size_t i = 0; i < STREAM_STEP; i++)
		text[i] = (uint8_t)line[(from + i) % (sizeof(line) - 1)];
	for (size_t i = 0; i < strlen(value) + 2; i++) {
		bool edge = i == 0 || i == strlen(value) + 1;
		size_t to = at - 1 + i;
		if (to >= from && to - from < STREAM_STEP)
			text[to - from] = edge ? (uint8_t)'\n' : (uint8_t)value[i - 1];
	}
}

// Take what is ready. Returns whether there was something.
static bool take(
	struct scan_stream *stream, bool end, size_t *released, size_t *found, size_t *where
)
{
	static struct finding out[SCAN_STREAM_FINDINGS];
	struct span ready;
	int n = scan_stream_read(stream, scratch, end, out, &ready);

	assert_true(n >= 0);
	for (int i = 0; i < n; i++)
		where[(*found)++ % 8] = *released + out[i].start;
	*released += ready.n;
	assert_true(stream->n <= scan_stream_size(set));
	return ready.n > 0;
}

// In as much memory as any other.
static void a_gigabyte_is_scanned(void **)
{
	static const char value[] = "4111 1111 1111 1111";
	const size_t places[] = {1, 3 * gigabyte / 4 - 7, gigabyte - sizeof(value) - 1};
	uint8_t *buffer = malloc(scan_stream_size(set));
	size_t released = 0, found = 0, next = 0, where[8] = {};
	struct scan_stream stream;

	assert_non_null(buffer);
	scan_stream_init(&stream, set, (struct span){NULL, 0}, NULL, buffer);
	for (size_t from = 0; from < gigabyte; from += STREAM_STEP) {
		if (next < 2 && from > places[next] + sizeof(value))
			next++;
		fill_step(from, places[next], value);
		for (struct span in = span_of(text, STREAM_STEP); in.n > 0;) {
			in = span_from(in, scan_stream_push(&stream, in));
			while (take(&stream, false, &released, &found, where))
				;
		}
		assert_true(from + STREAM_STEP - released <= pattern_set_tail(set));
	}
	while (take(&stream, true, &released, &found, where))
		;
	assert_int_equal(released, gigabyte);
	assert_int_equal(found, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(where[i], places[i]);
	free(buffer);
}

static int setup(void **)
{
	char why[PATTERN_WHY] = "";
	static uint16_t ids[PATTERN_MAX];

	if (pattern_lib_load((const char *[]){PATTERN_LIBRARY}, 1, &lib, why) != 0)
		fail_msg("%s", why);
	for (uint16_t i = 0; i < pattern_lib_count(lib); i++)
		ids[i] = i;
	if (pattern_set_compile(lib, ids, pattern_lib_count(lib), &set, why) != 0)
		fail_msg("%s", why);
	scratch = scan_scratch_new(set);
	return scratch == NULL ? -1 : 0;
}

static int teardown(void **)
{
	scan_scratch_free(scratch);
	pattern_set_free(set);
	pattern_lib_free(lib);
	return 0;
}

// With "gigabyte" as argument, only that.
int main(int argc, char **argv)
{
	const struct CMUnitTest quick[] = {
		cmocka_unit_test(no_text_hides_a_value),
		cmocka_unit_test(bombs_hide_nothing),
	};
	const struct CMUnitTest slow[] = {cmocka_unit_test(a_gigabyte_is_scanned)};

	return argc > 1 && strcmp(argv[1], "gigabyte") == 0
		       ? cmocka_run_group_tests(slow, setup, teardown)
		       : cmocka_run_group_tests(quick, setup, teardown);
}
