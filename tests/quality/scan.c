// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Scans texts for every entity of a library, for tests/quality/entities.
// Reads texts, each a line "LENGTH NAME" (NAME: of the column, may be empty) and LENGTH bytes;
// writes for each a line "START END PATTERN" a finding, and a line ".".

#include "patterns/patterns.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1 << 20 };

static int compile(const struct pattern_lib *lib, struct pattern_set **set)
{
	uint16_t ids[PATTERN_MAX];
	char why[PATTERN_WHY] = "";
	size_t n = 0;

	for (size_t id = 0; id < pattern_lib_count(lib); id++) {
		if (pattern_lib_info(lib, (uint16_t)id)->kind == PATTERN_ENTITY)
			ids[n++] = (uint16_t)id;
	}
	int ret = pattern_set_compile(lib, ids, n, set, why);
	if (ret != 0)
		fprintf(stderr, "cannot compile: %s\n", why);
	return ret;
}

static int scan_text(
	const struct pattern_lib *lib, const struct pattern_set *set, struct scan_scratch *scratch,
	struct span name, struct span text
)
{
	static struct finding found[SCAN_FINDINGS_MAX];
	bool more = false;

	int n = scan_named(set, scratch, name, text, NULL, found, SCAN_FINDINGS_MAX, &more);
	if (n < 0 || more) {
		fprintf(stderr, "a text cannot be scanned, or holds too many findings\n");
		return -EIO;
	}
	for (int i = 0; i < n; i++)
		printf("%u %u %s\n", found[i].start, found[i].end,
		       pattern_lib_info(lib, found[i].pattern)->name);
	puts(".");
	return 0;
}

static int scan_all(
	const struct pattern_lib *lib, const struct pattern_set *set, struct scan_scratch *scratch
)
{
	static char text[TEXT_MAX];
	char *line = NULL, *name = NULL;
	size_t size = 0;
	ssize_t n;
	int ret = 0;

	while (ret == 0 && (n = getline(&line, &size, stdin)) > 0) {
		unsigned long length = strtoul(line, &name, 10);
		if (*name != ' ' || line[n - 1] != '\n' || length > sizeof(text) ||
		    fread(text, 1, length, stdin) != length) {
			fprintf(stderr, "a text is cut, too long, or has no head\n");
			ret = -EINVAL;
			break;
		}
		struct span column = span_of(name + 1, (size_t)(line + n - 1 - (name + 1)));
		ret = scan_text(lib, set, scratch, column, span_of(text, length));
	}
	free(line);
	return ret;
}

int main(int argc, char **argv)
{
	const char *const dirs[] = {argc == 2 ? argv[1] : "patterns/library"};
	char why[PATTERN_WHY] = "";
	struct pattern_lib *lib = NULL;
	struct pattern_set *set = NULL;
	struct scan_scratch *scratch = NULL;

	int ret = pattern_lib_load(dirs, 1, &lib, why);
	if (ret != 0)
		fprintf(stderr, "cannot load: %s\n", why);
	if (ret == 0)
		ret = compile(lib, &set);
	if (ret == 0 && (scratch = scan_scratch_new(set)) == NULL)
		ret = -ENOMEM;
	if (ret == 0)
		ret = scan_all(lib, set, scratch);
	scan_scratch_free(scratch);
	pattern_set_free(set);
	pattern_lib_free(lib);
	return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
