// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#pragma once

#include "dataplane/tls/client.h"
#include "dataplane/tls/record.h"
#include "dataplane/tls/server.h"
#include "dataplane/tls/wire.h"

// What is asked of a connection when OpenSSL's object is gone, until it is settled. Texts are
// static, or as told.
struct tls_facts {
	const char *version, *cipher;
	const char *alpn;  // the server's or the client's
	char *server_name; // owned; NULL: none
	size_t binding_size;
	uint8_t binding[TLS_BINDING_MAX];
	uint8_t peer_hash[TLS_CERTIFICATE_HASH];
	bool has_peer_hash;
	bool resumed;
};

struct tls {
	SSL *ssl;                  // NULL when the record layer has taken over
	SSL *for_tickets;          // what was ssl, while the server's first ticket is awaited
	struct tls_server *server; // either this
	struct tls_client *client; // or this
	struct tls_wire wire;
	int result; // what ended it, or 0
	bool established;
	bool close_sent;
	const char *failure; // static, or OpenSSL's error table
	struct record record;
	struct tls_facts *facts; // NULL: OpenSSL knows them, or tls_settle was called
};

// When there is no SSL object any more.
const struct tls_facts *tls_facts_of(const struct tls *tls);

// The connection an OpenSSL callback is about.
struct tls *tls_of(const SSL *ssl);

// The most plaintext, up to `want`, whose record fits into `wire`, room for it reserved. 0: none;
// *rc then says why.
size_t tls_seal_room(struct buf *wire, size_t want, int *rc);
