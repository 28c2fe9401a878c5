// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Tokens and key sets made with OpenSSL alone, so that a mistake shared with the library that
// verifies them cannot hide.

#pragma once

#include <openssl/evp.h>

struct token_key {
	const char *kid;
	const char *alg; // "RS256", "PS256" or "ES256"
	EVP_PKEY *key;
};

// A fresh RSA key of `bits`, or, for 0, an EC key on P-256. The test fails when there is none.
EVP_PKEY *token_key_new(unsigned bits);

// {"keys": [...]} of the public halves, with `extra` members in each ("" or ",\"use\":\"sig\"").
// Freed by the caller.
char *token_jwks(const struct token_key *keys, size_t n, const char *extra);

// header.payload.signature, by `key` and its alg. Freed by the caller.
char *token_sign(const struct token_key *key, const char *header, const char *claims);
// The usual header.
char *token_make(const struct token_key *key, const char *claims);

// Base64url without padding. Freed by the caller.
char *token_base64url(const void *data, size_t n);
