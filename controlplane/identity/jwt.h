// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A JSON Web Token (RFC 7519) in compact form, from an untrusted peer. Algorithms are RS256, PS256
// and ES256 and nothing else (RFC 8725 3.1): no "none", no HMAC. Keys named inside the token (jwk,
// jku, x5u) are never used; a token that brings them is refused.
//
// Usage order: jwt_parse, choose the issuer by jwt_issuer, jwt_verify with its keys, and only then
// jwt_subject; jwt_free.

#pragma once

#include "controlplane/identity/claims.h"
#include "controlplane/identity/keyset.h"

enum jwt_limit {
	JWT_BYTES_MAX = 16 << 10,
	JWT_WHY = SUBJECT_WHY, // as struct command's reason
};

struct jwt;

// Takes the token apart and checks its header; nothing of it is proven yet. `token` is not kept.
// Out: *out. Returns 0; ERR_AUTH, `why` says what is wrong; -ENOMEM.
int jwt_parse(struct span token, struct jwt **out, char why[static JWT_WHY]) must_check;
// Accepts NULL. Scrubs the token's claims.
void jwt_free(struct jwt *jwt);

// What it says of its issuer, and all it says. Live as long as the token.
const char *jwt_issuer(const struct jwt *jwt);
const struct json_t *jwt_claims(const struct jwt *jwt);

// Check the signature. Returns 0; -ENOKEY, no key of that name and type is in `keys` (NULL: none);
// ERR_AUTH with `why`.
int jwt_verify(struct jwt *jwt, const struct keyset *keys, char why[static JWT_WHY]) must_check;

// Check the claims of a verified token against `issuer`, and make its subject. `certificate` as in
// binding_check. `now`: seconds since 1970. `token` is what jwt_parse got. The
// subject's `expires` is the token's exp plus the skew that the issuer is granted. Out: *out, freed
// by subject_free. Returns 0; ERR_AUTH with `why`; -ENOMEM.
int jwt_subject(
	const struct jwt *jwt, const struct config_issuer *issuer, struct span token,
	const uint8_t *certificate, uint64_t now, struct subject **out, char why[static JWT_WHY]
) must_check;

// The node by which a token is revoked, whether it proves anything or not. Out: *out. Returns as
// jwt_parse.
int jwt_node(struct span token, struct node_id *out, char why[static JWT_WHY]) must_check;
