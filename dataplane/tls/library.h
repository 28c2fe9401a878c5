// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What servers and clients of one worker share: the library context and the protocol policy.

#pragma once

#include "dataplane/tls/aead.h"
#include "dataplane/tls/tls.h"

#include <openssl/ssl.h>

#include <stdatomic.h>

struct tls_library {
	OSSL_LIB_CTX *context;
	OSSL_PROVIDER *provider;
	BIO_METHOD *wire; // how OpenSSL reads and writes; see wire.h
	struct aead *aead;
	EVP_KDF_CTX *expand;        // HKDF-Expand-Label
	struct record_block *spare; // for records in pieces
	unsigned int spare_count;
	// A server's last connection may end on the worker while the control plane makes another.
	atomic_uint refs;
};

// `library` with one more reference, or a new one when it is NULL; NULL when memory is short.
struct tls_library *tls_library_ref(struct tls_library *library) must_check;

// A context with our versions, ciphers and options; the caller's. NULL when memory is short or the
// groups are unknown (they are not const only because OpenSSL's macro is not).
SSL_CTX *tls_library_context(
	const struct tls_library *library, const SSL_METHOD *method, char *groups
) must_check;

// OpenSSL keeps state per thread and library; drop the calling thread's, which made objects for
// another thread to use.
void tls_library_leave(const struct tls_library *library);

// "`subject`: `text`" in thread-local memory; with `text` NULL OpenSSL's newest error is told.
const char *tls_library_why(const char *subject, const char *text);
