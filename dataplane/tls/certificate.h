// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A server's certificate: chain, key and the names it speaks for.

#pragma once

#include "dataplane/tls/library.h"

struct certificate {
	X509 *leaf;
	STACK_OF(X509) * chain; // without the leaf
	EVP_PKEY *key;
	int key_type;                // an OpenSSL NID; a context holds one certificate of each
	char (*names)[TLS_NAME_MAX]; // dNSName, then iPAddress as text
	size_t n_names;
	size_t binding_size; // tls-server-end-point; 0: it has none
	uint8_t binding[TLS_BINDING_MAX];
};

// Read chain and key. *out is to be given to tls_certificate_fini in every case.
// Returns 0, or ERR_CONFIG with *why.
int tls_certificate_init(
	struct certificate *out, const struct tls_library *library,
	const struct tls_certificate *files, const char **why
) must_check;
void tls_certificate_fini(struct certificate *certificate);

// Out: its tls-server-end-point (RFC 5929 4.1). Returns how many bytes it has; 0: it has none.
size_t tls_certificate_binding(
	const struct tls_library *library, X509 *certificate, uint8_t out[static TLS_BINDING_MAX]
);

// `pattern` is a subjectAltName and may begin with "*.", which stands for one label (RFC 9525 6.3).
bool tls_name_matches(const char *pattern, const char *name);

// Does the certificate speak for `name` (itself possibly a pattern)? With `name` NULL: for no name
// at all.
bool tls_certificate_covers(const struct certificate *certificate, const char *name);
