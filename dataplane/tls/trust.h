// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Whether a client believes a server's certificates. To verify a chain costs a signature each and
// the search for issuers; the one that was verified last is known again by its hash, for as long as
// its sessions may be resumed. What is trusted never changes in a client's life.

#pragma once

#include "dataplane/tls/tls.h"

#include <openssl/ssl.h>

enum trust_size {
	TRUST_FOR = 3600, // seconds until a chain is verified again
	TRUST_HASH = 32,
};

struct tls_client;

struct trust {
	bool verifies;
	EVP_MD *md; // SHA-256
	EVP_MD_CTX *digest;
	uint8_t chain[TRUST_HASH]; // of all certificates that the server sent
	uint64_t until;            // seconds since 1970; 0: none is known
};

// Have certificates of `context` looked at by this; `verifies`: or have any accepted. *out is to be
// given to trust_fini in every case. Returns 0 or ERR_CONFIG.
int trust_init(struct trust *out, OSSL_LIB_CTX *library, SSL_CTX *context, bool verifies)
	must_check;
void trust_fini(struct trust *trust);

// Seconds since 1970 until when the certificates hold that began the session; 0 when none did.
uint64_t trust_until(const SSL_SESSION *session);
