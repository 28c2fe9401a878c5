// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What a client keeps of its server's tickets, to resume a session with the next connection (RFC
// 8446 2.2): each is shown once (C.4), to who sent it, under the same trust and while that lasts
// (trust.h). Of TLS 1.3 only.
//
// Tickets arrive when the record layer has taken over, and only OpenSSL can make sessions of them:
// its object stays beside the record layer until the first has come, or the server's first data.

#pragma once

#include "dataplane/base/span.h"

#include <openssl/ssl.h>

enum sessions_size {
	SESSIONS_KEPT = 32,
	SESSION_MESSAGE_MAX = 4096, // bytes of a NewSessionTicket; longer ones are not kept
};

struct tls;
struct tls_client;

struct sessions {
	SSL_SESSION *kept[SESSIONS_KEPT]; // the newest last
	size_t n;
};

// Let OpenSSL hand over sessions of connections made on `context`.
void sessions_watch(SSL_CTX *context);
void sessions_fini(struct sessions *sessions);

// Offer the newest session, if there is one, in the handshake that is about to begin.
void sessions_offer(struct tls *tls);
// Of the connection's handshake nothing more is wanted. Accepts that there is nothing left.
void sessions_end(struct tls *tls);
// The server has sent this NewSessionTicket, whole, with its header.
void sessions_learn(struct tls *tls, struct span message);
