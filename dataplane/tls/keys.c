// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The key schedule behind the handshake: RFC 8446 7.2 and 7.3.

#include "dataplane/tls/library.h"
#include "dataplane/tls/record.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

enum { SHA384_SECRET = 48 };

// HKDF-Expand-Label(secret, label, "", n), RFC 8446 7.1.
static bool expand(
	struct tls_library *library, struct span secret, char *label, uint8_t *out, size_t n
)
{
	int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
	char prefix[] = "tls13 ", sha256[] = "SHA256", sha384[] = "SHA384";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
		OSSL_PARAM_construct_utf8_string(
			OSSL_KDF_PARAM_DIGEST, secret.n == SHA384_SECRET ? sha384 : sha256, 0
		),
		OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)secret.p, secret.n
		),
		OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_PREFIX, prefix, sizeof(prefix) - 1
		),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_LABEL, label, strlen(label)),
		OSSL_PARAM_construct_end(),
	};
	bool ok = EVP_KDF_derive(library->expand, out, n, params) == 1;
	EVP_KDF_CTX_reset(library->expand);
	if (!ok)
		ERR_clear_error();
	return ok;
}

int record_keys(struct tls_library *library, struct record_half *half, size_t secret_size)
{
	char key[] = "key", iv[] = "iv";
	struct span secret = span_of(half->secret, secret_size);
	size_t key_size = aead_key_size(half->key.suite);

	aead_key_begin(library->aead, &half->key);
	half->sequence = 0;
	bool ok = expand(library, secret, key, half->key.key, key_size) &&
		  expand(library, secret, iv, half->key.iv, AEAD_NONCE);
	return ok ? 0 : ERR_TLS;
}

int record_next_keys(struct tls_library *library, struct record_half *half, size_t secret_size)
{
	char label[] = "traffic upd";
	uint8_t next[RECORD_SECRET_MAX];
	enum aead_suite suite = half->key.suite;
	if (!expand(library, span_of(half->secret, secret_size), label, next, secret_size))
		return ERR_TLS;
	memcpy(half->secret, next, secret_size);
	OPENSSL_cleanse(next, sizeof(next));
	aead_key_end(library->aead, &half->key);
	half->key.suite = suite;
	return record_keys(library, half, secret_size);
}
