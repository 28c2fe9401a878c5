// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What programs that play scenarios from seeds share: their arguments, and the line that replays
// one that failed.

#pragma once

#include <stdbool.h>
#include <stdint.h>

struct seeds {
	const char *program; // as it was called
	uint64_t first, count;
	bool trace;
	uint64_t failed;
};

// [--first SEED] [--count N] [--trace]; 300 seeds from 1 on without. False when they are something
// else: what they may be is printed.
bool seeds_read(struct seeds *seeds, int argc, char **argv);
// Play each; `play` returns what went wrong, or NULL. Failures are printed and counted.
void seeds_play(
	struct seeds *seeds, const char *(*play)(void *ctx, uint64_t seed, bool trace), void *ctx
);
