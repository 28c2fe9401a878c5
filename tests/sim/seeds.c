// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/sim/seeds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEEDS_DEFAULT = 300 };

bool seeds_read(struct seeds *seeds, int argc, char **argv)
{
	*seeds = (struct seeds){.program = argv[0], .first = 1, .count = SEEDS_DEFAULT};
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--trace") == 0) {
			seeds->trace = true;
		} else if (strcmp(argv[i], "--first") == 0 && i + 1 < argc) {
			seeds->first = strtoull(argv[++i], NULL, 0);
		} else if (strcmp(argv[i], "--count") == 0 && i + 1 < argc) {
			seeds->count = strtoull(argv[++i], NULL, 0);
		} else {
			fprintf(stderr,
				"usage: %s [--first SEED] [--count N] [--trace]\n"
				"Default: %d seeds from 1 on.\n",
				argv[0], SEEDS_DEFAULT);
			return false;
		}
	}
	return true;
}

void seeds_play(
	struct seeds *seeds, const char *(*play)(void *ctx, uint64_t seed, bool trace), void *ctx
)
{
	for (uint64_t i = 0; i < seeds->count; i++) {
		uint64_t seed = seeds->first + i;
		const char *fault = play(ctx, seed, seeds->trace);
		if (fault == NULL)
			continue;
		printf("seed %ju: %s; again with: %s --first %ju --count 1 --trace\n",
		       (uintmax_t)seed, fault, seeds->program, (uintmax_t)seed);
		seeds->failed++;
	}
}
