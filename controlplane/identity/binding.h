// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Tokens that are bound to a key (RFC 7800 `cnf`). The one binding that we can check is that to a
// client certificate (RFC 8705 3.1, x5t#S256): its bearer shows it in the TLS handshake.

#pragma once

#include "controlplane/identity/jwt.h"

enum binding_size { BINDING_HASH = 32, BINDING_TEXT_SIZE = 44 };

// `certificate`: SHA-256 of the one shown; NULL or zeros: none. Returns 0 when the token is bound
// to it or to nothing at all; ERR_AUTH with `why`, also for each other kind of `cnf`.
int binding_check(const struct json_t *claims, const uint8_t *certificate, char why[static JWT_WHY])
	must_check;

// The hash as x5t#S256 has it: base64url without padding. `out` is returned.
const char *binding_text(
	const uint8_t hash[static BINDING_HASH], char out[static BINDING_TEXT_SIZE]
);
// The other way. False, and *out untouched, for any other text, and for zeros.
bool binding_parse(const char *text, uint8_t out[static BINDING_HASH]) must_check;
