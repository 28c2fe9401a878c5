// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The local issuer: a key pair of our own that mints tokens for demonstrations. Off unless the
// configuration has an issuer with `local: true`.

#pragma once

#include "controlplane/config/config.h"
#include "controlplane/identity/jwt.h"

enum local_limit { LOCAL_WHY = 256, LOCAL_TTL_MAX = 24 * 3600 };

// Load the issuer's ES256 key pair from the folder `state`, made at the first call: a JWK of mode
// 0600. Out: *out, freed by cjose_jwk_release. Returns 0 or ERR_CONFIG with `why`.
int local_key_load(
	const char *state, const char *issuer, cjose_jwk_t **out, char why[static LOCAL_WHY]
) must_check;

struct local_claims {
	const char *subject;
	const char *const *groups;
	size_t n_groups;
	uint32_t ttl_s; // 1 to LOCAL_TTL_MAX
	uint64_t now;   // seconds since 1970
};

// Out: *token, NUL-terminated, freed by the caller. Returns 0; -EINVAL, a claim would not be
// accepted; ERR_CONFIG; each with `why`.
int local_mint(
	const struct config_issuer *issuer, const cjose_jwk_t *key,
	const struct local_claims *claims, char **token, char why[static LOCAL_WHY]
) must_check;
