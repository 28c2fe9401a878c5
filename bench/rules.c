// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "bench/rules.h"

#include "bench/measure.h"

#include <stdlib.h>
#include <unistd.h>

static uint32_t draw(uint32_t *seed, uint32_t sides)
{
	*seed = *seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)*seed * sides >> 32);
}

// One in five begins with a word that data is full of, the others with a name.
static void write_literal(FILE *file, uint32_t *seed)
{
	static const char *const frequent[] = {
		"order",  "invoice", "user",  "session", "build",   "item",
		"worker", "node",    "price", "ticket",  "cluster", "customer",
	};
	if (draw(seed, 5) == 0) {
		fputs(frequent[draw(seed, sizeof(frequent) / sizeof(frequent[0]))], file);
		fputc('-', file);
	}
	for (unsigned i = 2 + draw(seed, 2); i > 0; i--) {
		fputc("bcdfghjklmnprstvwz"[draw(seed, 18)], file);
		fputc("aeiou"[draw(seed, 5)], file);
	}
}

static void write_rules(const char *path, unsigned n)
{
	uint32_t seed = 1;
	FILE *file = fopen(path, "w");
	measure_need(file != NULL, "cannot write");
	fputs("name: custom\ntitle: Custom rules\nkind: list\nof: entity\nboundary: word\n"
	      "mask: redact\nrules:\n",
	      file);
	for (unsigned i = 0; i < n; i++) {
		fprintf(file, "  - {name: custom-%u, pattern: '", i);
		write_literal(file, &seed);
		fprintf(file, "%u_[A-Za-z0-9]{20}'}\n", i);
	}
	measure_need(fclose(file) == 0, "cannot write");
}

struct pattern_lib *rules_library(unsigned n, const char *dir)
{
	char folder[] = "/tmp/bench-rules-XXXXXX", path[64], why[PATTERN_WHY];
	struct pattern_lib *lib = NULL;
	measure_need(mkdtemp(folder) != NULL, "cannot make a folder");
	snprintf(path, sizeof(path), "%s/custom.yaml", folder);
	write_rules(path, n);
	int r = pattern_lib_load(
		(const char *const[]){folder, dir}, dir == NULL ? 1 : 2, &lib, why
	);
	(void)unlink(path);
	(void)rmdir(folder);
	measure_need(r == 0, why);
	return lib;
}
