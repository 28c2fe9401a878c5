// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/tls/library.h"

#include "dataplane/tls/record.h"
#include "dataplane/tls/wire.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/provider.h>

#include <stdio.h>
#include <stdlib.h>

static const char ciphers_13[] =
	"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
// Forward secrecy and an AEAD, or nothing (RFC 9325 4.2).
static const char ciphers_12[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
				 "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
				 "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

enum library_size { WHY_MAX = 512, SECURITY_LEVEL = 2 };

static EVP_KDF_CTX *expand_new(OSSL_LIB_CTX *context)
{
	EVP_KDF *kdf = EVP_KDF_fetch(context, OSSL_KDF_NAME_TLS1_3_KDF, NULL);
	EVP_KDF_CTX *expand = kdf == NULL ? NULL : EVP_KDF_CTX_new(kdf);
	EVP_KDF_free(kdf);
	return expand;
}

struct tls_library *tls_library_new(void)
{
	struct tls_library *library = calloc(1, sizeof(*library));
	if (library == NULL)
		return NULL;
	atomic_init(&library->refs, 1);
	library->context = OSSL_LIB_CTX_new();
	// A NULL context is OpenSSL's shared default one, whose locks we are here to avoid.
	if (library->context != NULL)
		library->provider = OSSL_PROVIDER_load(library->context, "default");
	library->wire = tls_wire_method();
	library->aead = aead_new();
	library->expand = expand_new(library->context);
	if (library->provider == NULL || library->wire == NULL || library->aead == NULL ||
	    library->expand == NULL) {
		tls_library_free(library);
		return NULL;
	}
	return library;
}

struct tls_library *tls_library_ref(struct tls_library *library)
{
	if (library == NULL)
		return tls_library_new();
	atomic_fetch_add_explicit(&library->refs, 1, memory_order_relaxed);
	return library;
}

void tls_library_free(struct tls_library *library)
{
	if (library == NULL)
		return;
	if (atomic_fetch_sub_explicit(&library->refs, 1, memory_order_acq_rel) != 1)
		return;
	while (library->spare != NULL) {
		struct record_block *block = library->spare;
		library->spare = block->next;
		free(block);
	}
	aead_free(library->aead);
	EVP_KDF_CTX_free(library->expand);
	BIO_meth_free(library->wire);
	if (library->provider != NULL)
		OSSL_PROVIDER_unload(library->provider);
	OSSL_LIB_CTX_free(library->context);
	free(library);
}

SSL_CTX *tls_library_context(
	const struct tls_library *library, const SSL_METHOD *method, char *groups
)
{
	SSL_CTX *ctx = SSL_CTX_new_ex(library->context, NULL, method);
	if (ctx == NULL)
		return NULL;
	// Set over whatever the machine's openssl.cnf says.
	SSL_CTX_set_security_level(ctx, SECURITY_LEVEL);
	SSL_CTX_set_options(
		ctx,
		SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE
	);
	SSL_CTX_clear_options(
		ctx, SSL_OP_PRIORITIZE_CHACHA | SSL_OP_LEGACY_SERVER_CONNECT |
			     SSL_OP_ALLOW_NO_DHE_KEX // RFC 8446 4.2.9: forward secrecy, always
	);
	SSL_CTX_set_mode(
		ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
			     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY
	);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_read_ahead(ctx, 0);
	record_watch(ctx);
	bool ok = SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
		  SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1 &&
		  SSL_CTX_set_ciphersuites(ctx, ciphers_13) == 1 &&
		  SSL_CTX_set_cipher_list(ctx, ciphers_12) == 1 &&
		  SSL_CTX_set1_groups_list(ctx, groups) == 1 &&
		  SSL_CTX_set_max_early_data(ctx, 0) == 1;
	if (!ok) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

void tls_library_leave(const struct tls_library *library)
{
	OPENSSL_thread_stop_ex(library->context);
	ERR_clear_error();
}

const char *tls_library_why(const char *subject, const char *text)
{
	static _Thread_local char why[WHY_MAX];
	if (text == NULL)
		text = ERR_reason_error_string(ERR_peek_last_error());
	if (text == NULL)
		text = "refused by OpenSSL";
	(void)snprintf(why, sizeof(why), "%s: %s", subject, text);
	return why;
}
