// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Any bytes, as a stream cut in two ways: the same findings. And as text, encoded once and twice:
// what is found in it is found in that.

#include "patterns/patterns.h"
#include "tests/unit/patterns/encoder.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	STREAM_MAX = 256 * 1024,
	FOUND_MAX = 16 * SCAN_STREAM_FINDINGS,
	TEXT_MAX = 2048,
	VALUE_MIN = 9, // of base64: three whole groups
};

static struct pattern_set *set;
static struct scan_scratch *scratch;
static uint8_t *buffer;

static void start(void)
{
	struct pattern_lib *lib = NULL;
	char why[PATTERN_WHY] = "";
	uint16_t ids[PATTERN_MAX];
	size_t n = 0;
	if (pattern_lib_load((const char *const[]){PATTERN_LIBRARY}, 1, &lib, why) != 0) {
		fprintf(stderr, "%s\n", why);
		abort();
	}
	for (uint16_t i = 0; i < pattern_lib_count(lib); i++) {
		if (pattern_lib_info(lib, i)->kind == PATTERN_ENTITY)
			ids[n++] = i;
	}
	if (pattern_set_compile(lib, ids, n, &set, why) != 0)
		abort();
	pattern_lib_free(lib);
	scratch = scan_scratch_new(set);
	buffer = malloc(scan_stream_size(set));
	if (scratch == NULL || buffer == NULL)
		abort();
}

// Findings of the stream in pieces of the sizes that `cuts` says, over and over.
static size_t run_stream(struct span in, struct span cuts, struct finding found[static FOUND_MAX])
{
	static struct finding out[SCAN_STREAM_FINDINGS];
	struct scan_stream s;
	struct span ready = in;
	size_t count = 0, position = 0, turn = 0;
	scan_stream_init(&s, set, (struct span){NULL, 0}, NULL, buffer);
	while (in.n > 0 || ready.n > 0) {
		size_t most = cuts.n == 0 ? SIZE_MAX : 1 + (size_t)cuts.p[turn++ % cuts.n] * 37;
		in = span_from(in, scan_stream_push(&s, span_first(in, most)));
		int n = scan_stream_read(&s, scratch, in.n == 0, out, &ready);
		if (n < 0)
			abort();
		for (int i = 0; i < n && count < FOUND_MAX; i++, count++) {
			if (out[i].start >= out[i].end || out[i].end > ready.n)
				abort();
			found[count] = out[i];
			found[count].start += (uint32_t)position;
			found[count].end += (uint32_t)position;
		}
		position += ready.n;
	}
	return count;
}

// The input twenty times over is more than one step.
static void cut(struct span in)
{
	static uint8_t text[STREAM_MAX];
	static struct finding once[FOUND_MAX], twice[FOUND_MAX];
	size_t n = 0;
	while (in.n > 0 && n + in.n <= sizeof(text) && n < 20 * in.n) {
		memcpy(text + n, in.p, in.n);
		n += in.n;
	}
	size_t a = run_stream(span_of(text, n), (struct span){NULL, 0}, once);
	size_t b = run_stream(span_of(text, n), span_first(in, 16), twice);
	if (a != b)
		abort();
	for (size_t i = 0; i < a; i++) {
		if (once[i].start != twice[i].start || once[i].end != twice[i].end ||
		    once[i].pattern != twice[i].pattern || once[i].form != twice[i].form)
			abort();
	}
}

// Mark what is found in `text`; false when that cannot be told.
static bool cover(struct span text, uint8_t *covered, uint32_t least)
{
	static struct finding out[SCAN_FINDINGS_MAX];
	bool more = false;
	int n = scan(set, scratch, text, NULL, out, SCAN_FINDINGS_MAX, &more);
	if (n < 0)
		abort();
	memset(covered, 0, text.n);
	for (int i = 0; i < n; i++) {
		if (out[i].end - out[i].start >= least)
			memset(covered + out[i].start, 1, out[i].end - out[i].start);
	}
	return !more;
}

static void check_covered(
	struct span text, const uint8_t *covered, const struct encoded *e,
	const struct encoded *outer
)
{
	static uint8_t raw[ENCODED_MAX + 2], found[ENCODED_MAX + 2];
	const struct encoded *last = outer == NULL ? e : outer;
	raw[0] = raw[last->n + 1] = '"';
	memcpy(raw + 1, last->text, last->n);
	if (!cover(span_of(raw, last->n + 2), found, 0))
		return;
	for (size_t i = 0; i < text.n; i++) {
		for (size_t k = e->start[i]; covered[i] && k < e->end[i]; k++) {
			size_t from = outer == NULL ? k : outer->start[k];
			size_t to = outer == NULL ? k + 1 : outer->end[k];
			if (memchr(found + 1 + from, 0, to - from) != NULL)
				abort();
		}
	}
}

static void encode_and_find(struct span in, enum encoder a, enum encoder b)
{
	static struct encoded once, twice;
	static uint8_t text[TEXT_MAX], covered[TEXT_MAX];
	in = span_first(in, TEXT_MAX);
	for (size_t i = 0; i < in.n; i++)
		text[i] = in.p[i] >= 0x20 && in.p[i] < 0x7f ? in.p[i] : ' ';
	scan_scratch_forms(scratch, SCAN_FORMS_NONE);
	bool known = cover(span_of(text, in.n), covered, VALUE_MIN);
	scan_scratch_forms(scratch, SCAN_FORMS_TEXT);
	if (!known || !encode(a, span_of(text, in.n), &once))
		return;
	check_covered(span_of(text, in.n), covered, &once, NULL);
	if (encode(b, span_of(once.text, once.n), &twice))
		check_covered(span_of(text, in.n), covered, &once, &twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (set == NULL)
		start();
	if (size < 2)
		return 0;
	struct span in = span_of(data + 2, size - 2);
	scan_scratch_forms(
		scratch, data[0] & 0x80 ? SCAN_FORMS_TEXT | SCAN_FORMS_UTF16 : SCAN_FORMS_TEXT
	);
	cut(in);
	encode_and_find(
		in, (enum encoder)(data[0] % ENCODE_COUNT), (enum encoder)(data[1] % ENCODE_COUNT)
	);
	return 0;
}
