// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The AEADs of TLS 1.3 (RFC 8446 B.4), by IPSec_MB. A key is small at rest; what it takes to use
// one, a kilobyte, is kept for the keys used last.

#pragma once

#include "dataplane/base/err.h"
#include "dataplane/base/span.h"

enum aead_suite { AEAD_AES_128_GCM, AEAD_AES_256_GCM, AEAD_CHACHA20_POLY1305 };

enum aead_size { AEAD_KEY_MAX = 32, AEAD_NONCE = 12, AEAD_TAG = 16 };

struct aead; // of one worker; used by one thread at a time

struct aead_key {
	uint64_t number; // of no other key of this worker
	uint8_t key[AEAD_KEY_MAX];
	uint8_t iv[AEAD_NONCE];
	enum aead_suite suite;
};

// NULL when memory is short. Free with aead_free, which accepts NULL.
struct aead *aead_new(void) must_check;
void aead_free(struct aead *aead);

// Bytes of key->key that the suite uses.
size_t aead_key_size(enum aead_suite suite);

// key->key and key->iv are new.
void aead_key_begin(struct aead *aead, struct aead_key *key);
// The key will not be used again: scrub it, here and where it is kept.
void aead_key_end(struct aead *aead, struct aead_key *key);

// Seal `plain` and, behind it, the byte `type` (RFC 8446 5.2) under the nonce of `sequence` (5.3).
// Out: out[0..plain.n + 1 + AEAD_TAG), apart from `plain`.
void aead_seal(
	struct aead *aead, const struct aead_key *key, uint64_t sequence, struct span header,
	struct span plain, uint8_t type, uint8_t *out
);

// Out: out[0..sealed.n - AEAD_TAG), which may begin where `sealed` does. `sealed` is at least
// AEAD_TAG long. False when the tag is not the right one: what was written is not to be used.
bool aead_open(
	struct aead *aead, const struct aead_key *key, uint64_t sequence, struct span header,
	struct span sealed, uint8_t *out
) must_check;
// The same of a sealed record that lies in several parts, the last AEAD_TAG bytes of which are the
// tag. `out` lies apart from them.
bool aead_open_parts(
	struct aead *aead, const struct aead_key *key, uint64_t sequence, struct span header,
	const struct span *parts, size_t n_parts, uint8_t *out
) must_check;
