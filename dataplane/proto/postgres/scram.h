// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, the client's side (RFC 5802, RFC 7677), as PostgreSQL does
// them: the user name in the exchange is empty. Passwords are used as they are: SASLprep changes
// nothing in ASCII.
//
//   scram_first -> server-first -> scram_final -> server-final -> scram_verify

#pragma once

#include "dataplane/base/buf.h"
#include "dataplane/base/err.h"
#include "dataplane/base/span.h"

enum scram_size {
	SCRAM_KEY = 32,
	SCRAM_NONCE = 24, // bytes before base64
	SCRAM_NONCE_TEXT = 32,
	SCRAM_SERVER_FIRST_MAX = 1024,
	SCRAM_SALT_MAX = 256, // bytes after base64
	SCRAM_BINDING_MAX = 64,
	SCRAM_ITERATIONS_MAX = 100000,
};

// What the client says about channel binding (RFC 5802 section 6).
enum scram_binding {
	SCRAM_BINDING_NONE = 'n',   // we have none
	SCRAM_BINDING_UNUSED = 'y', // we could, the server does not offer it
	SCRAM_BINDING_USED = 'p',   // tls-server-end-point
};

struct scram_cache;

struct scram {
	struct span password; // borrowed until the end of the exchange
	struct scram_cache *cache;
	enum scram_binding flag;
	uint8_t binding[SCRAM_BINDING_MAX];
	size_t binding_len;
	char nonce[SCRAM_NONCE_TEXT + 1];
	uint8_t server_signature[SCRAM_KEY];
};

// Begin. `binding`: used with SCRAM_BINDING_USED only, at most SCRAM_BINDING_MAX bytes.
void scram_init(
	struct scram *scram, struct span password, const uint8_t nonce[SCRAM_NONCE],
	enum scram_binding flag, struct span binding, struct scram_cache *cache
);
// Scrub.
void scram_fini(struct scram *scram);

// Append client-first-message. Returns as buf_append.
int scram_first(const struct scram *scram, struct buf *out) must_check;
// Take server-first-message, append client-final-message. Returns 0, ERR_AUTH when the server's
// message is not to our liking, or as buf_append.
int scram_final(struct scram *scram, struct span server_first, struct buf *out) must_check;
// Check server-final-message: 0, or ERR_AUTH when the server does not know the password either.
int scram_verify(const struct scram *scram, struct span server_final) must_check;
