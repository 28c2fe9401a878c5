// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Session tickets in the form of RFC 5077 4, under keys that everyone with the secret derives
// alike: HKDF(secret, epoch), an epoch being an hour of Unix time. Nothing is stored, nothing is
// sent. Who has the secret can read the data of resumed TLS 1.2 sessions, and take the place of any
// client, with the certificate that the client once showed: it weighs as much as a private key.

#pragma once

#include "dataplane/tls/library.h"

#include <openssl/evp.h>

enum ticket_size {
	TICKET_EPOCH = 3600, // seconds
	// A ticket's keys live until the end of the next epoch; it is shown no later than this.
	TICKET_LIFETIME = TICKET_EPOCH,
	// Each resumption brings another ticket. What they say of the client was proven in the full
	// handshake that began it all, which is repeated at the latest after so many seconds (RFC
	// 8446 4.6.1).
	TICKET_CHAIN = 24 * 3600,
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

// Let tickets issued under `context` carry when the full handshake was, and refuse those by which
// that is too long ago. Returns 0 or ERR_CONFIG.
int tls_tickets_watch(SSL_CTX *context) must_check;
