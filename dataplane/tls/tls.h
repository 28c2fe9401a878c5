// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// TLS 1.2 and 1.3 over byte spans, both roles. No sockets: wire bytes in, plaintext out, and back.
// OpenSSL shakes hands; from then on the records of TLS 1.3 are ours (record.h), and OpenSSL's
// object is gone. TLS 1.2 stays with OpenSSL.

#pragma once

#include "dataplane/base/buf.h"
#include "dataplane/base/err.h"

// Usage order: per worker a library, on it servers and clients, from those connections. Everything
// made on one library is used by one thread at a time. OpenSSL allocates from the heap, on the
// worker too, within a handshake: that is the price of not owning it.

struct tls_library; // OpenSSL's state of one worker: algorithms, random generators, locks
struct tls_server;  // certificates and ticket keys of one listener on one worker
struct tls_client;  // trust, parameters and last sessions towards one resource on one worker
struct tls;         // one connection

enum tls_verify { TLS_VERIFY_NONE, TLS_VERIFY_CA, TLS_VERIFY_FULL };

enum tls_size {
	TLS_NAME_MAX = 256,
	TLS_TICKET_SECRET = 32,
	TLS_BINDING_MAX = 64, // tls-server-end-point: a hash of up to 512 bits
	TLS_PARTS_MAX = 32,   // of tls_open_parts
	TLS_CERTIFICATES_MAX = 32,
	TLS_CERTIFICATE_HASH = 32,
	TLS_PEER_CHAIN_MAX = 16 << 10, // bytes of a client's certificates; more end the handshake
	TLS_RECORD_PLAIN = 1 << 14,
	TLS_SEAL_OVERHEAD =
		64, // most that tls_seal adds to one record, a KeyUpdate before it included
};

struct tls_certificate {
	const char *chain_file; // PEM, leaf first
	const char *key_file;   // PEM
};

struct tls_server_config {
	struct tls_library *library;                // of the worker; NULL: one of its own
	const struct tls_certificate *certificates; // several: RSA and ECDSA, or chosen by SNI
	size_t n_certificates;
	const char *alpn;   // the one protocol accepted when the client offers ALPN; NULL: ignore
	bool alpn_required; // refuse a client that does not offer it
	uint8_t ticket_secret[TLS_TICKET_SECRET]; // random, shared by workers and by a pool
};

struct tls_client_config {
	struct tls_library *library; // as above
	enum tls_verify verify;
	const char *ca_file;     // PEM; NULL: the system's, unless TLS_VERIFY_NONE
	const char *server_name; // SNI, and what TLS_VERIFY_FULL compares; a name or an address
	const char *alpn;        // offered; NULL: none
	bool full_only;          // resume no session
};

// One per worker, made off the worker. OpenSSL 3.0 takes locks inside a library context, hence one
// for each worker; a context costs 1.5 ms, 300 KB and two of the process's 1024 thread keys, hence
// not one for each server and client. Servers and clients hold a reference. The worker's thread
// ends, or is the caller, before the last reference goes: OpenSSL keeps random generators per
// thread and library. Returns NULL when memory or thread keys are short. Free with
// tls_library_free.
struct tls_library *tls_library_new(void) must_check;
void tls_library_free(struct tls_library *library);

// One call per worker and listener, off the worker: reads files and allocates. The name a client
// asks for (SNI) chooses among the certificates by subjectAltName, one of each key type; a client
// that names nothing we have gets the first, with those of other key types that share its first
// name. The private key is read once into OpenSSL's heap and never again from the file; encrypted
// keys are refused. A ticket_secret of zeros is refused.
// Returns 0, or ERR_CONFIG with *why (static or thread-local text).
int tls_server_new(
	const struct tls_server_config *config, struct tls_server **out, const char **why
) must_check;
// Reads the CA file, or the system's bundle, at once: nothing is read later. TLS_VERIFY_FULL looks
// at subjectAltName only, never at the common name (RFC 9525 2). Returns as tls_server_new.
int tls_client_new(
	const struct tls_client_config *config, struct tls_client **out, const char **why
) must_check;
// Connections opened from it live on; the memory goes with the last of them. Any thread; see
// tls_library_new for one that has a library of its own.
void tls_server_free(struct tls_server *server);
void tls_client_free(struct tls_client *client);

// A new connection. NULL when memory is short. Free with tls_free.
struct tls *tls_accept(struct tls_server *server) must_check;
struct tls *tls_connect(struct tls_client *client) must_check;
void tls_free(struct tls *tls);

// Feed wire bytes. Out: *used, how many were taken in (the rest must be fed again); plaintext is
// appended to `plain`, at most `plain_max` bytes of it and never beyond its limit; what must be
// sent (handshake, alerts) is appended to `wire`. To start a client's handshake, call it with an
// empty span. Returns 0, also when more input is needed; ERR_CLOSED after close_notify, when all
// plaintext before it was handed out (sealing is still possible, RFC 8446 6.1); ERR_TLS,
// ERR_CERTIFICATE end the connection, and every later call returns the same. ERR_LIMIT and
// ERR_POOL_EMPTY: no room in wire, or no memory for either; nothing is lost, the call may be
// repeated when there is. Outputs are valid on error: send `wire`, it holds the alert (none when
// the peer's first bytes are no TLS at all). A stream that just ends is the caller's to judge:
// without ERR_CLOSED it was cut.
int tls_open(
	struct tls *tls, struct span in, size_t *used, struct buf *plain, size_t plain_max,
	struct buf *wire
) must_check;

// What tls_open_parts has done.
struct tls_opened {
	size_t used;    // bytes of the parts; they need not be fed again
	size_t missing; // not 0: as many bytes more make the record whole, or tell how long it is
};

// Open the record at the beginning of `parts`, at most TLS_PARTS_MAX, wire bytes one behind the
// other, when all of it is there: straight into `plain`, without gathering it first. Out: *opened.
// Nothing is used when the record is not whole (`missing` then tells), has no room in plain_max, or
// is not for the record layer: what is in `parts` is tls_open's then. Returns as tls_open.
int tls_open_parts(
	struct tls *tls, const struct span *parts, size_t n_parts, struct tls_opened *opened,
	struct buf *plain, size_t plain_max, struct buf *wire
) must_check;

// Plaintext is left inside after tls_open stopped at plain_max, or for want of memory: call it
// again with an empty span.
bool tls_has_plain(const struct tls *tls);

// Seal plaintext into whole records appended to `wire`, as much as its limit takes. Out: *used.
// Nothing is used, and 0 returned, before the handshake is done and while half a post-handshake
// message of the peer is in: try again after the next tls_open. Returns 0, or when nothing was used
// ERR_LIMIT, ERR_POOL_EMPTY; ERR_TLS when the connection has failed; ERR_CLOSED after tls_close.
int tls_seal(struct tls *tls, struct span plain, size_t *used, struct buf *wire) must_check;

// Append close_notify. Harmless when already sent, before the handshake is done (nothing is sent)
// and after a failure. Returns 0, ERR_LIMIT, ERR_POOL_EMPTY, or ERR_TLS when it cannot be sent now.
int tls_close(struct tls *tls, struct buf *wire) must_check;

bool tls_is_established(const struct tls *tls);
// Nobody will ask any more what the handshake agreed on and showed: version, cipher, ALPN, name and
// certificates are "" or not there from here on, and it is not a resumed one. With TLS 1.2 all
// stays.
void tls_settle(struct tls *tls);
// Why the connection failed, as text for a log; never NULL.
const char *tls_failure(const struct tls *tls);
const char *tls_version(const struct tls *tls);
const char *tls_cipher(const struct tls *tls);
const char *tls_alpn(const struct tls *tls); // "" when none was agreed
// The name the client asked for by SNI, a peer's text; "" when none. Lives as long as `tls`.
const char *tls_server_name(const struct tls *tls);
bool tls_is_resumed(const struct tls *tls);

// The server that a session was resumed with may have another certificate by now: what was kept of
// its sessions is not shown again, and the next connection sees. Nothing happens on a server's.
void tls_forget_sessions(const struct tls *tls);

// tls-server-end-point channel binding of the server's certificate (RFC 5929 4.1). Out: the hash
// and its length. Returns 0, or ERR_UNSUPPORTED when the certificate's signature has no hash
// (Ed25519), before the handshake is done, and on a server's resumed session, where no certificate
// was shown.
int tls_server_end_point(const struct tls *tls, uint8_t out[static TLS_BINDING_MAX], size_t *len)
	must_check;

// SHA-256 of the certificate that the client of a server's connection has shown, in DER (RFC 8705
// 3.1). A server asks for one and takes any: only that the client has its key is proven, in this
// handshake or, for a resumed session, in the one that began it. False, and `out` all zeros, when
// there is none, before the handshake is done, and on a client's connection.
bool tls_peer_certificate_hash(const struct tls *tls, uint8_t out[static TLS_CERTIFICATE_HASH]);
