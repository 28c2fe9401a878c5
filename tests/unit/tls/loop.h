// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Two ends of a connection in memory: ours on both sides, or a plain OpenSSL object on one.

#pragma once

#include "dataplane/tls/tls.h"
#include "tests/unit/tls/authority.h"

#include <openssl/ssl.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum loop_size { LOOP_LIMIT = 1 << 20 };

// One end: either `tls` or `ssl` is set.
struct end {
	struct tls *tls;
	SSL *ssl;
	struct buf plain; // what it received
	struct buf wire;  // what it wants to send
	int result;       // of the last tls_open
};

// The folder with everything the tests need, made once per program:
//   ca.pem
//   db.pem .key: EC, DNS:db.example IP:127.0.0.1 IP:::1, behind an intermediate; db-rsa: the same
//   other, other-rsa: DNS:other.example DNS:*.wild.example
// Give it back with loop_world_free, which ends cmocka's group.
struct world {
	char dir[AUTHORITY_PATH];
	struct authority *root;
	struct authority *middle;
};

int loop_world_new(void **state);
int loop_world_free(void **state);

// Every config of certificates by file name; NULL ends the list. ALPN may be NULL.
struct tls_server *loop_server(struct world *world, const char *alpn, const char *file, ...)
	__attribute__((sentinel));
struct tls_client *loop_client(struct world *world, enum tls_verify verify, const char *name);

struct end loop_end(struct tls *tls);
// A client of plain OpenSSL, one protocol version, or any when 0; the context is the caller's.
SSL_CTX *loop_openssl(struct world *world, int version);
struct end loop_peer(SSL_CTX *context, const char *name);
// A server of plain OpenSSL that shows FILE.pem; the context is the caller's.
SSL_CTX *loop_openssl_server(struct world *world, int version, const char *file);
struct end loop_peer_server(SSL_CTX *context);
void loop_end_fini(struct end *end);

// Pass bytes to and fro, `chunk` at a time (0: all there are), until nothing moves.
void loop_run(struct end *a, struct end *b, size_t chunk);
// Take in all that `to` can from `from`.
void loop_move(struct end *from, struct end *to, size_t chunk);
// Seal or write all of it.
void loop_send(struct end *end, struct span bytes);
void loop_received(struct end *end, struct span expected);
