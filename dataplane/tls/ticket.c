// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/tls/ticket.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <time.h>

int tls_tickets_init(
	struct tickets *out, const struct tls_library *library,
	const uint8_t secret[static TLS_TICKET_SECRET]
)
{
	*out = (struct tickets){
		.context = library->context,
		.cipher = EVP_CIPHER_fetch(library->context, "AES-256-CBC", NULL),
		.kdf = EVP_KDF_fetch(library->context, "HKDF", NULL),
		.keys = {{.epoch = UINT64_MAX}, {.epoch = UINT64_MAX}},
	};
	memcpy(out->secret, secret, sizeof(out->secret));
	return out->cipher == NULL || out->kdf == NULL ? ERR_CONFIG : 0;
}

void tls_tickets_fini(struct tickets *tickets)
{
	EVP_CIPHER_free(tickets->cipher);
	EVP_KDF_free(tickets->kdf);
	OPENSSL_cleanse(tickets, sizeof(*tickets));
}

// RFC 5869, extract and expand; the epoch makes the context information unique.
static bool derive(struct tickets *tickets, uint64_t epoch, struct ticket_keys *out)
{
	uint8_t info[] = "bulkhead ticket 00000000";
	for (size_t i = 0; i < sizeof(epoch); i++)
		info[sizeof(info) - 2 - i] = (uint8_t)(epoch >> 8 * i);
	char digest[] = "SHA256";
	uint8_t okm[TICKET_NAME + TICKET_CIPHER_KEY + TICKET_MAC_KEY];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_KEY, tickets->secret, sizeof(tickets->secret)
		),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, sizeof(info) - 1),
		OSSL_PARAM_construct_end(),
	};
	EVP_KDF_CTX *kdf = EVP_KDF_CTX_new(tickets->kdf);
	bool ok = kdf != NULL && EVP_KDF_derive(kdf, okm, sizeof(okm), params) == 1;
	EVP_KDF_CTX_free(kdf);
	if (ok) {
		out->epoch = epoch;
		memcpy(out->name, okm, sizeof(out->name));
		memcpy(out->cipher, okm + TICKET_NAME, sizeof(out->cipher));
		memcpy(out->mac, okm + TICKET_NAME + TICKET_CIPHER_KEY, sizeof(out->mac));
	}
	OPENSSL_cleanse(okm, sizeof(okm));
	return ok;
}

static const struct ticket_keys *keys_of(struct tickets *tickets, uint64_t epoch)
{
	struct ticket_keys *keys = &tickets->keys[epoch % 2];
	if (keys->epoch != epoch && !derive(tickets, epoch, keys))
		return NULL;
	return keys;
}

static bool set_up(
	const struct tickets *tickets, const struct ticket_keys *keys, const uint8_t *iv,
	EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, bool issue
)
{
	// OSSL_PARAM has no const; OpenSSL copies both.
	uint8_t key[TICKET_MAC_KEY];
	char digest[] = "SHA256";
	memcpy(key, keys->mac, sizeof(key));
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key, sizeof(key)),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	bool ok = EVP_CipherInit_ex2(cipher, tickets->cipher, keys->cipher, iv, issue, NULL) == 1 &&
		  EVP_MAC_CTX_set_params(mac, params) == 1;
	OPENSSL_cleanse(key, sizeof(key));
	return ok;
}

int tls_tickets_key(
	struct tickets *tickets, uint8_t name[static TICKET_NAME], uint8_t *iv,
	EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, bool issue
)
{
	// Wall-clock time, as OpenSSL itself uses for a session's age: a pool agrees on nothing
	// else.
	uint64_t epoch = (uint64_t)time(NULL) / TICKET_EPOCH;
	const struct ticket_keys *keys = keys_of(tickets, epoch);
	if (keys == NULL)
		return -1;
	if (issue) {
		size_t n = (size_t)EVP_CIPHER_get_iv_length(tickets->cipher);
		if (RAND_bytes_ex(tickets->context, iv, n, 0) != 1)
			return -1;
		memcpy(name, keys->name, TICKET_NAME);
		return set_up(tickets, keys, iv, cipher, mac, true) ? 1 : -1;
	}
	if (memcmp(name, keys->name, TICKET_NAME) == 0)
		return set_up(tickets, keys, iv, cipher, mac, false) ? 1 : -1;
	keys = epoch == 0 ? NULL : keys_of(tickets, epoch - 1);
	if (keys == NULL || memcmp(name, keys->name, TICKET_NAME) != 0)
		return 0;
	return set_up(tickets, keys, iv, cipher, mac, false) ? 2 : -1;
}

// OpenSSL keeps the text through all tickets of the chain, and never shows it.
static int on_issue(SSL *ssl, void *)
{
	SSL_SESSION *session = SSL_get_session(ssl);
	uint64_t begun = (uint64_t)time(NULL);
	void *text;
	size_t n = 0;

	if (SSL_session_reused(ssl) == 1 &&
	    SSL_SESSION_get0_ticket_appdata(session, &text, &n) == 1 && n == sizeof(begun))
		return 1;
	return SSL_SESSION_set1_ticket_appdata(session, &begun, sizeof(begun));
}

static bool is_too_old(SSL_SESSION *session)
{
	uint64_t begun, now = (uint64_t)time(NULL);
	void *text;
	size_t n = 0;

	if (SSL_SESSION_get0_ticket_appdata(session, &text, &n) != 1 || n != sizeof(begun))
		return true;
	memcpy(&begun, text, sizeof(begun));
	// Clocks of a pool differ a little: from the future is as good as now.
	return begun < now && now - begun > TICKET_CHAIN;
}

static SSL_TICKET_RETURN
on_show(SSL *, SSL_SESSION *session, const unsigned char *, size_t, SSL_TICKET_STATUS status,
	void *)
{
	switch (status) {
	case SSL_TICKET_SUCCESS:
		return is_too_old(session) ? SSL_TICKET_RETURN_IGNORE_RENEW : SSL_TICKET_RETURN_USE;
	case SSL_TICKET_SUCCESS_RENEW:
		return is_too_old(session) ? SSL_TICKET_RETURN_IGNORE_RENEW
					   : SSL_TICKET_RETURN_USE_RENEW;
	default:
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	}
}

int tls_tickets_watch(SSL_CTX *context)
{
	SSL_CTX_set_timeout(context, TICKET_LIFETIME);
	return SSL_CTX_set_session_ticket_cb(context, on_issue, on_show, NULL) == 1 ? 0
										    : ERR_CONFIG;
}
