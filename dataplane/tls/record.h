// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The record layer of TLS 1.3 (RFC 8446 5), from the end of the handshake on. OpenSSL shakes hands;
// then its SSL object is gone, and this has the traffic secrets.

#pragma once

#include "dataplane/base/buf.h"
#include "dataplane/tls/aead.h"

struct tls;
struct tls_library;
struct tls_opened;

enum record_type {
	RECORD_CHANGE_CIPHER_SPEC = 20,
	RECORD_ALERT = 21,
	RECORD_HANDSHAKE = 22,
	RECORD_APPLICATION_DATA = 23,
};

enum record_size {
	RECORD_HEADER = 5,
	RECORD_PLAIN_MAX = 1 << 14,
	RECORD_SEALED_MIN = 1 + AEAD_TAG,
	RECORD_SEALED_MAX = RECORD_PLAIN_MAX + 256, // RFC 8446 5.2
	RECORD_SECRET_MAX = 48,
	RECORD_MESSAGE_HEADER = 4,
	RECORD_MESSAGE_MAX = 132 << 10, // more than the longest NewSessionTicket (RFC 8446 4.6.1)
	RECORD_EMPTY_MAX = 32, // records in a row that bring no data: empty ones, KeyUpdates
	// RFC 8446 5.5 has AES-GCM's limit at 2^24.5 full records.
	RECORD_KEY_LIMIT = 1 << 24,
	RECORD_SPARE_MAX = 64, // blocks kept for the next record in pieces
};

// One direction.
struct record_half {
	uint64_t sequence; // of the next record
	struct aead_key key;
	uint8_t secret[RECORD_SECRET_MAX];
};

// Room for one record, which came in pieces or does not fit where it should go.
struct record_block {
	struct record_block *next; // of the spare ones
	size_t n;                  // bytes gathered, the header included
	uint8_t bytes[RECORD_HEADER + RECORD_SEALED_MAX];
};

struct record {
	bool has_finished; // the first Finished of either side was seen
	bool has_read_secret, has_write_secret;
	uint8_t secret_size;
	// Records written since our Finished: what OpenSSL has used up of the write sequence.
	uint8_t tickets;
	// The rest is used when it has taken over.
	bool active;
	bool update_due; // the peer asked for a KeyUpdate of ours
	uint8_t empty;   // such records, in a row
	// The handshake message that has begun.
	uint8_t message_n;
	uint8_t message[RECORD_MESSAGE_HEADER];
	uint32_t message_left;
	struct record_block *block; // NULL: no record is half here, no plaintext left over
	struct span held;           // plaintext left over, in the block
	struct record_half read, write;
};

// The SSL object of an established connection gives way to the record layer, when it can: TLS 1.3,
// and nothing of the peer's was read beyond the handshake. Returns 0, also when it stays, or
// ERR_TLS when the keys cannot be derived.
int record_take_over(struct tls *tls) must_check;
// Let OpenSSL's callbacks see messages and count records.
void record_watch(struct ssl_ctx_st *context);
// Let it tell secrets, which it writes out in hex, digit by digit: only once a Finished was seen,
// for the handshake's own are of no use. Asked before each of its steps: a context is shared.
void record_listen(struct ssl_st *ssl, const struct record *record);
// Scrub it.
void record_fini(struct tls *tls);

// As tls_open, tls_open_parts, tls_seal and tls_close, when record.active.
int record_open(
	struct tls *tls, struct span in, size_t *used, struct buf *plain, size_t plain_max,
	struct buf *wire
) must_check;
int record_open_parts(
	struct tls *tls, const struct span *parts, size_t n_parts, struct tls_opened *opened,
	struct buf *plain, size_t plain_max, struct buf *wire
) must_check;
int record_seal(struct tls *tls, struct span plain, size_t *used, struct buf *wire) must_check;
int record_close(struct tls *tls, struct buf *wire) must_check;
// There is something to open or hand out without more input.
bool record_has_plain(const struct record *record);

// Append a fatal alert, if it has room.
void record_alert(struct tls *tls, uint8_t description, struct buf *wire);
// Append a KeyUpdate that asks for none and go on under the next key. Returns 0, as buf_reserve, or
// ERR_TLS when there is no next key: that ends the connection, and nothing more is sealed.
int record_update(struct tls *tls, struct buf *wire) must_check;

// Key and IV of half->secret (RFC 8446 7.3). Returns 0 or ERR_TLS.
int record_keys(struct tls_library *library, struct record_half *half, size_t secret_size)
	must_check;
// The next secret (RFC 8446 7.2), with its keys. Returns as record_keys.
int record_next_keys(struct tls_library *library, struct record_half *half, size_t secret_size)
	must_check;

struct tls_library *record_library(const struct tls *tls);
