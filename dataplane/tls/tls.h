// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// TLS 1.2 and 1.3 over byte spans, both roles. No sockets: wire bytes in, plaintext out, and back.
// Today OpenSSL does handshake and records; the record layer will change underneath (design D4).

#pragma once

#include "dataplane/base/buf.h"
#include "dataplane/base/err.h"

struct tls_server; // certificates and ticket keys of one listener on one worker
struct tls_client; // trust and parameters towards one resource on one worker
struct tls;        // one connection

enum tls_verify { TLS_VERIFY_NONE, TLS_VERIFY_CA, TLS_VERIFY_FULL };

enum tls_size {
	TLS_NAME_MAX = 256,
	TLS_TICKET_SECRET = 32,
	TLS_BINDING_MAX = 64, // tls-server-end-point: a hash of up to 512 bits
};

struct tls_certificate {
	const char *chain_file; // PEM, leaf first
	const char *key_file;   // PEM
};

struct tls_server_config {
	const struct tls_certificate *certificates; // several: RSA and ECDSA, or chosen by SNI
	size_t n_certificates;
	const char *alpn;   // the one protocol accepted when the client offers ALPN; NULL: ignore
	bool alpn_required; // refuse a client that does not offer it
	uint8_t ticket_secret[TLS_TICKET_SECRET]; // shared by workers (and later by a pool)
};

struct tls_client_config {
	enum tls_verify verify;
	const char *ca_file;     // PEM; NULL: the system's, unless TLS_VERIFY_NONE
	const char *server_name; // SNI, and what TLS_VERIFY_FULL compares; a name or an address
	const char *alpn;        // offered; NULL: none
};

// One call per worker and listener, off the worker: reads files, allocates, has its own library
// context (OpenSSL 3.0's locks). Returns 0, or ERR_CONFIG with *why (static or thread-local text).
int tls_server_new(
	const struct tls_server_config *config, struct tls_server **out, const char **why
) must_check;
int tls_client_new(
	const struct tls_client_config *config, struct tls_client **out, const char **why
) must_check;
// Connections opened from it live on; the memory goes with the last of them.
void tls_server_free(struct tls_server *server);
void tls_client_free(struct tls_client *client);

// A new connection. NULL when memory is short. Free with tls_free.
struct tls *tls_accept(struct tls_server *server) must_check;
struct tls *tls_connect(struct tls_client *client) must_check;
void tls_free(struct tls *tls);

// Feed wire bytes. Out: *used, how many were taken in (the rest must be fed again); plaintext is
// appended to `plain`, at most `plain_max` bytes of it; what must be sent (handshake, alerts) is
// appended to `wire`. To start a client's handshake, call it with an empty span.
// Returns 0, also when more input is needed; ERR_CLOSED after close_notify; ERR_TLS,
// ERR_CERTIFICATE, ERR_LIMIT (no room in wire) end the connection. Outputs are valid on error: send
// `wire`, it holds the alert.
int tls_open(
	struct tls *tls, struct span in, size_t *used, struct buf *plain, size_t plain_max,
	struct buf *wire
) must_check;

// Plaintext is left inside after tls_open stopped at plain_max: call it again with an empty span.
bool tls_has_plain(const struct tls *tls);

// Seal plaintext into records appended to `wire`. Out: *used. Before the handshake is done nothing
// is used. Returns 0 or ERR_TLS, ERR_LIMIT, ERR_POOL_EMPTY.
int tls_seal(struct tls *tls, struct span plain, size_t *used, struct buf *wire) must_check;

// Append close_notify. Harmless when already sent.
int tls_close(struct tls *tls, struct buf *wire) must_check;

bool tls_is_established(const struct tls *tls);
// Why the connection failed, as text for a log; never NULL.
const char *tls_failure(const struct tls *tls);
const char *tls_version(const struct tls *tls);
const char *tls_cipher(const struct tls *tls);
const char *tls_alpn(const struct tls *tls);        // "" when none was agreed
const char *tls_server_name(const struct tls *tls); // the client's SNI, "" when none
bool tls_is_resumed(const struct tls *tls);

// tls-server-end-point channel binding of the server's certificate (RFC 5929 4.1). Out: the hash
// and its length. Returns 0, or ERR_UNSUPPORTED when the certificate's signature has no hash
// (Ed25519).
int tls_server_end_point(const struct tls *tls, uint8_t out[static TLS_BINDING_MAX], size_t *len)
	must_check;
