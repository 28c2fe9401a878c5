// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The public keys of one issuer (RFC 7517), as a value shared by those who verify with it.

#pragma once

#include "controlplane/config/config.h"
#include "dataplane/base/err.h"
#include "dataplane/base/span.h"

#include <cjose/jwk.h>

enum keyset_limit {
	KEYSET_KEYS_MAX = 256,
	KEYSET_BYTES_MAX = 1 << 20,
	KEYSET_KID_MAX = 256,
	KEYSET_RSA_MIN = 2048, // bits, RFC 7518 3.3
};

enum jwt_alg { JWT_RS256, JWT_PS256, JWT_ES256 };

struct keyset;

// Read a JWK Set. Keys that cannot verify one of our algorithms (other types, sizes and uses, no
// kid) are left out, and so are, of a document that tenants of Entra ID share, those that say that
// they are not `issuer`'s (NULL: whoever's). Out: *out, owned by the caller. Returns 0;
// ERR_MALFORMED, it is no JWK Set or holds no key for us; ERR_LIMIT; -ENOMEM.
int keyset_parse(struct span json, const struct config_issuer *issuer, struct keyset **out)
	must_check;
// The same from a file of at most KEYSET_BYTES_MAX. Also -errno.
int keyset_read(const char *path, const struct config_issuer *issuer, struct keyset **out)
	must_check;

// A set of one key, of which the private part is not copied. Takes a reference of its own to `key`,
// which must have a kid.
int keyset_of_key(const cjose_jwk_t *key, struct keyset **out) must_check;

// The key called `kid` that fits `alg`. Lives as long as the set. NULL when there is none.
const cjose_jwk_t *keyset_find(const struct keyset *keys, const char *kid, enum jwt_alg alg);
size_t keyset_count(const struct keyset *keys);

// Thread-safe.
struct keyset *keyset_ref(struct keyset *keys);
void keyset_unref(struct keyset *keys);
