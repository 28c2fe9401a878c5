// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Cryptographic random numbers from the kernel, many to a system call. One per worker.

#pragma once

#include <stdint.h>

enum random_size { RANDOM_WORDS = 32 };

struct random {
	uint64_t words[RANDOM_WORDS];
	uint32_t left; // words not handed out yet
};

uint64_t random_next(struct random *random);
