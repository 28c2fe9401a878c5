// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Certificate and key of the HTTPS listener, and the certificates of its clients. The HTTP library
// speaks TLS by GnuTLS; nothing else here knows it.

#pragma once

#include "controlplane/admin/admin.h"

struct https;
struct https_pair; // a certificate and its key; counted
struct MHD_Connection;

// TLS 1.2 (RFC 5246) and 1.3, forward secrecy and AEAD only. GnuTLS's priority string.
extern const char https_priorities[];

// Read both files. Out: *out. Returns 0; ERR_CERTIFICATE or -errno, with `why`.
int https_new(const struct config_https *files, struct https **out, char why[ADMIN_WHY]) must_check;
// Accepts NULL. Nobody may be connected any more.
void https_free(struct https *https);
// Read both again, for connections from now on. When it fails, the old ones stay. Returns as
// https_new.
int https_reload(struct https *https, const struct config_https *files, char why[ADMIN_WHY])
	must_check;

// The files as they were last read, in PEM: the HTTP library wants a pair to start with.
const char *https_certificate_pem(const struct https *https);
const char *https_key_pem(const struct https *https);
// Scrub them: connections get their pair from https_begin.
void https_forget_pem(struct https *https);

// A connection begins, before its handshake: give it the pair of now, and ask for the client's
// certificate. Returns what https_end takes when it has ended; NULL: it is no TLS.
struct https_pair *https_begin(struct https *https, struct MHD_Connection *connection);
void https_end(struct https_pair *pair); // accepts NULL

// SHA-256 of the certificate that the client has shown, and proven in the handshake to hold the key
// of. Whoever issued it is no matter (RFC 8705 3). False: it has shown none.
bool https_client_certificate(struct MHD_Connection *connection, uint8_t out[static 32]);
