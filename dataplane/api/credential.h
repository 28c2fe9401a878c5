// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A password that changes while sessions come and go: a token of the machine's identity, renewed
// before it expires. Not a part of the snapshot, since a new one is no new policy.

#pragma once

#include <stdint.h>

enum credential_limit { CREDENTIAL_MAX = 32 << 10 };

struct credential_text {
	uint64_t expires; // seconds since 1970
	uint32_t n;
	char text[]; // no NUL
};

struct credential {
	const struct credential_text *current; // control: rw, worker: ro; NULL: none yet
};

// What is in force, or NULL. Worker: valid until its next quiescent state; it copies what it needs.
static inline const struct credential_text *credential_current(const struct credential *credential)
{
	return __atomic_load_n(&credential->current, __ATOMIC_ACQUIRE);
}
