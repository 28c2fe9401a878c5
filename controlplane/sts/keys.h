// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The key pairs that sign child tokens (ES256), in the store. One signs at a time; the next is
// published for a while before it does, so that whoever keeps a copy of the key set knows it by
// then; a former one stays published until the last token that it may have signed has expired.
//
// Usage order: signing_keys_open, signing_keys_tick about once a second, any number of the others,
// signing_keys_free. One control thread.

#pragma once

#include "controlplane/identity/keyset.h"
#include "controlplane/store/store.h"

#include <jansson.h>

enum signing_keys_limit {
	SIGNING_KEYS_MAX = 64,
	SIGNING_LEAD_MAX = 3600, // seconds that a key is published before it signs, or an eighth
				 // of `rotate`
};

struct signing_keys;

// Read what the store has, and make what is due. `rotate_s`: how long a key signs. `now`: seconds
// since 1970. Out: *out. Returns 0; -ENOMEM; ERR_MALFORMED, a key in the store is damaged; a result
// of the store.
int signing_keys_open(
	struct store *store, uint32_t rotate_s, uint64_t now, struct signing_keys **out
) must_check;
// Accepts NULL.
void signing_keys_free(struct signing_keys *keys);

// Make, publish and forget what is due. Out: *changed, the public keys are others now. Returns as
// signing_keys_open; then all stays as it was and the next call tries again.
int signing_keys_tick(struct signing_keys *keys, uint32_t rotate_s, uint64_t now, bool *changed)
	must_check;

// The public keys: as a set to verify with, which is a new reference, and as a JWK Set (RFC 7517).
// NULL when memory is short.
struct keyset *signing_keys_public(const struct signing_keys *keys) must_check;
json_t *signing_keys_jwks(const struct signing_keys *keys) must_check;

// Sign claims as an access token (RFC 9068). Out: *token, NUL-terminated, freed by the caller.
// Returns 0 or -ENOMEM.
int signing_keys_sign(
	const struct signing_keys *keys, const json_t *claims, uint64_t now, char **token
) must_check;
