// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Any bytes: findings are sorted, inside the span, apart from each other, and the same twice; and
// of stretches of them, the same together and alone.

#include "patterns/patterns.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct pattern_set *set;
static struct scan_scratch *scratch;

static void start(void)
{
	struct pattern_lib *lib = NULL;
	char why[PATTERN_WHY] = "";
	uint16_t ids[PATTERN_MAX];
	if (pattern_lib_load((const char *const[]){PATTERN_LIBRARY}, 1, &lib, why) != 0) {
		fprintf(stderr, "%s\n", why);
		abort();
	}
	for (uint16_t i = 0; i < pattern_lib_count(lib); i++)
		ids[i] = i;
	if (pattern_set_compile(lib, ids, pattern_lib_count(lib), &set, why) != 0)
		abort();
	pattern_lib_free(lib);
	scratch = scan_scratch_new(set);
	if (scratch == NULL)
		abort();
}

enum { VALUES = 64, EACH = 8 };

// Values as long as their first byte says.
static size_t cut(struct span in, struct scan_value values[static VALUES])
{
	size_t n = 0;
	for (; n < VALUES && in.n > 0; n++) {
		size_t length = in.p[0] % 128u + 1;
		length = length < in.n ? length : in.n;
		values[n] = (struct scan_value){.text = span_first(in, length)};
		in = span_from(in, length);
	}
	return n;
}

static void scan_together(struct span in)
{
	static struct finding together[VALUES * EACH], alone[EACH];
	struct scan_value values[VALUES];
	size_t count = cut(in, values);
	bool more;
	if (scan_values(set, scratch, values, count, NULL, together, VALUES * EACH, EACH) != count)
		abort();
	for (size_t i = 0; i < count; i++) {
		int n = scan(set, scratch, values[i].text, NULL, alone, EACH, &more);
		if (more ? values[i].found >= 0 : values[i].found != n)
			abort();
		if (!more && n > 0 &&
		    memcmp(together + values[i].first, alone, (size_t)n * sizeof(alone[0])) != 0)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct finding once[SCAN_FINDINGS_MAX], twice[64];
	bool more = false, more_twice = false;
	if (set == NULL)
		start();
	int n = scan(set, scratch, span_of(data, size), NULL, once, SCAN_FINDINGS_MAX, &more);
	int m = scan(set, scratch, span_of(data, size), NULL, twice, 64, &more_twice);
	if (n < 0 || m != (n < 64 ? n : 64) || more_twice != (more || n > 64))
		abort();
	for (int i = 0; i < n; i++) {
		if (once[i].start >= once[i].end || once[i].end > size ||
		    (i > 0 && once[i].start < once[i - 1].end))
			abort();
		if (i < m && (once[i].start != twice[i].start || once[i].end != twice[i].end ||
			      once[i].pattern != twice[i].pattern))
			abort();
	}
	scan_together(span_of(data, size));
	return 0;
}
