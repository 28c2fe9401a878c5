// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Access tokens of our own.

#pragma once

#include "dataplane/base/err.h"

#include <cjose/jwk.h>

#include <stdbool.h>

enum jwt_id_size { JWT_ID_SIZE = 33 };

struct json_t;

// A name that nothing else has: 128 random bits as hex digits.
bool jwt_id_make(char out[static JWT_ID_SIZE]) must_check;

// Sign `claims` by ES256 with a key on P-256 that has a kid, as an access token (RFC 9068 2.1). The
// token in compact form, NUL-terminated, freed by the caller; NULL when memory is short.
char *jwt_sign(const cjose_jwk_t *key, const struct json_t *claims) must_check;
