// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Session tickets in the form of RFC 5077 4, under keys that everyone with the secret derives
// alike: HKDF(secret, epoch), an epoch being 12 hours of Unix time. Nothing is stored, nothing is
// sent.

#pragma once

#include "dataplane/tls/library.h"

#include <openssl/evp.h>

enum ticket_size {
	TICKET_EPOCH = 12 * 3600, // seconds
	TICKET_NAME = 16,
	TICKET_CIPHER_KEY = 32,
	TICKET_MAC_KEY = 32,
};

struct ticket_keys {
	uint64_t epoch;
	uint8_t name[TICKET_NAME];
	uint8_t cipher[TICKET_CIPHER_KEY];
	uint8_t mac[TICKET_MAC_KEY];
};

struct tickets {
	OSSL_LIB_CTX *context;
	EVP_CIPHER *cipher;
	EVP_KDF *kdf;
	uint8_t secret[TLS_TICKET_SECRET];
	struct ticket_keys keys[2]; // derived when first needed; epoch % 2 is the place
};

// *out is to be given to tls_tickets_fini in every case. Returns 0 or ERR_CONFIG.
int tls_tickets_init(
	struct tickets *out, const struct tls_library *library,
	const uint8_t secret[static TLS_TICKET_SECRET]
) must_check;
void tls_tickets_fini(struct tickets *tickets);

// What SSL_CTX_set_tlsext_ticket_key_evp_cb asks: name the key and set up cipher and MAC to issue a
// ticket (`issue`), or find them by name to read one. Returns 1; 2 when the key was the previous
// epoch's and the ticket should be replaced; 0 when the name is unknown; -1 on failure.
int tls_tickets_key(
	struct tickets *tickets, uint8_t name[static TICKET_NAME], uint8_t *iv,
	EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, bool issue
) must_check;
