// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// SHA-256 over several pieces, and its text: what chains frames and audit lines.

#pragma once

#include "dataplane/base/err.h"
#include "dataplane/base/span.h"

enum digest_size { DIGEST_SIZE = 32, DIGEST_TEXT_SIZE = 2 * DIGEST_SIZE + 1 };

struct digest {
	uint8_t b[DIGEST_SIZE];
};

// SHA-256 (FIPS 180-4) of the `n` pieces one behind the other. Returns 0 or -ENOMEM.
int digest_of(const struct span *pieces, size_t n, struct digest *out) must_check;

// 64 lower-case hex digits into `out`, which it returns.
const char *digest_text(const struct digest *digest, char out[static DIGEST_TEXT_SIZE]);

// Exactly 64 lower-case hex digits. False, and *out untouched, for anything else.
bool digest_parse(struct span text, struct digest *out);

static inline bool digest_equal(const struct digest *a, const struct digest *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}
