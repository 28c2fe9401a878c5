// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/worker/random.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

uint64_t random_next(struct random *random)
{
	while (random->left == 0) {
		ssize_t n = getrandom(random->words, sizeof(random->words), 0);
		// 256 bytes are never cut short once the kernel is seeded (getrandom(2)). Without
		// random numbers there are no keys: nothing safe is left to do.
		if (n == (ssize_t)sizeof(random->words))
			random->left = RANDOM_WORDS;
		else if (n >= 0 || errno != EINTR)
			abort();
	}
	uint64_t word = random->words[--random->left];
	random->words[random->left] = 0; // handed out once, kept nowhere
	return word;
}
