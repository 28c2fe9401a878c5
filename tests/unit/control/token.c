// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/control/token.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/rsa.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum token_size { TEXT_MAX = 64 << 10, COORDINATE = 32 };

EVP_PKEY *token_key_new(unsigned bits)
{
	EVP_PKEY *key = bits == 0 ? EVP_EC_gen("P-256") : EVP_RSA_gen(bits);

	assert_non_null(key);
	return key;
}

char *token_base64url(const void *data, size_t n)
{
	char *text = malloc(n / 3 * 4 + 8);

	assert_non_null(text);
	int length = EVP_EncodeBlock((unsigned char *)text, data, (int)n);
	for (int i = 0; i < length; i++) {
		if (text[i] == '+')
			text[i] = '-';
		else if (text[i] == '/')
			text[i] = '_';
		else if (text[i] == '=')
			text[i] = '\0';
	}
	text[length] = '\0';
	return text;
}

static char *number(const EVP_PKEY *key, const char *name, int pad)
{
	unsigned char bytes[1024];
	BIGNUM *bn = NULL;

	assert_int_equal(EVP_PKEY_get_bn_param(key, name, &bn), 1);
	int n = pad > 0 ? BN_bn2binpad(bn, bytes, pad) : BN_bn2bin(bn, bytes);
	assert_true(n > 0);
	BN_free(bn);
	return token_base64url(bytes, (size_t)n);
}

static size_t add_jwk(char *out, size_t size, const struct token_key *key, const char *extra)
{
	bool rsa = EVP_PKEY_is_a(key->key, "RSA");
	char *a = rsa ? number(key->key, OSSL_PKEY_PARAM_RSA_N, 0)
		      : number(key->key, OSSL_PKEY_PARAM_EC_PUB_X, COORDINATE);
	char *b = rsa ? number(key->key, OSSL_PKEY_PARAM_RSA_E, 0)
		      : number(key->key, OSSL_PKEY_PARAM_EC_PUB_Y, COORDINATE);
	const char *format = rsa ? "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\",\"kid\":\"%s\"%s}"
				 : "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\","
				   "\"kid\":\"%s\"%s}";

	int n = snprintf(out, size, format, a, b, key->kid, extra);
	assert_true(n > 0 && (size_t)n < size);
	free(a);
	free(b);
	return (size_t)n;
}

char *token_jwks(const struct token_key *keys, size_t n, const char *extra)
{
	char *text = malloc(TEXT_MAX);
	size_t at = 0;

	assert_non_null(text);
	at += (size_t)snprintf(text, TEXT_MAX, "{\"keys\":[");
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			text[at++] = ',';
		at += add_jwk(text + at, TEXT_MAX - at, &keys[i], extra);
	}
	snprintf(text + at, TEXT_MAX - at, "]}");
	return text;
}

// RFC 7518 3.4: r and s side by side, not DER.
static size_t to_raw(unsigned char *signature, size_t n)
{
	const unsigned char *at = signature;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)n);

	assert_non_null(sig);
	BN_bn2binpad(ECDSA_SIG_get0_r(sig), signature, COORDINATE);
	BN_bn2binpad(ECDSA_SIG_get0_s(sig), signature + COORDINATE, COORDINATE);
	ECDSA_SIG_free(sig);
	return (size_t)2 * COORDINATE;
}

static char *signature_of(const struct token_key *key, const char *text)
{
	unsigned char signature[1024];
	size_t n = sizeof(signature);
	EVP_PKEY_CTX *params = NULL;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	assert_int_equal(EVP_DigestSignInit(ctx, &params, EVP_sha256(), NULL, key->key), 1);
	if (strcmp(key->alg, "PS256") == 0) {
		EVP_PKEY_CTX_set_rsa_padding(params, RSA_PKCS1_PSS_PADDING);
		EVP_PKEY_CTX_set_rsa_pss_saltlen(params, RSA_PSS_SALTLEN_DIGEST);
	}
	assert_int_equal(
		EVP_DigestSign(ctx, signature, &n, (const unsigned char *)text, strlen(text)), 1
	);
	EVP_MD_CTX_free(ctx);
	if (strcmp(key->alg, "ES256") == 0)
		n = to_raw(signature, n);
	return token_base64url(signature, n);
}

char *token_sign(const struct token_key *key, const char *header, const char *claims)
{
	char *h = token_base64url(header, strlen(header));
	char *c = token_base64url(claims, strlen(claims));
	char *token = malloc(TEXT_MAX);

	assert_non_null(token);
	snprintf(token, TEXT_MAX, "%s.%s", h, c);
	char *s = signature_of(key, token);
	snprintf(token, TEXT_MAX, "%s.%s.%s", h, c, s);
	free(h);
	free(c);
	free(s);
	return token;
}

char *token_make(const struct token_key *key, const char *claims)
{
	char header[256];

	snprintf(
		header, sizeof(header), "{\"alg\":\"%s\",\"typ\":\"JWT\",\"kid\":\"%s\"}", key->alg,
		key->kid
	);
	return token_sign(key, header, claims);
}
