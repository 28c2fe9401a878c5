// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Plaintext into records (RFC 8446 5.1 and 5.2), straight into the buffer that is sent.

#include "dataplane/base/stage.h"
#include "dataplane/tls/connection.h"

enum seal_value {
	LEGACY_VERSION = 0x0303,
	ALERT_WARNING = 1,
	ALERT_FATAL = 2,
	ALERT_CLOSE_NOTIFY = 0,
	MESSAGE_KEY_UPDATE = 24,
	UPDATE_NOT_REQUESTED = 0,
	RECORD_EXTRA = RECORD_HEADER + 1 + AEAD_TAG, // of a record, besides its plaintext
};

// Room for it was reserved.
static void put(struct tls *tls, enum record_type type, struct span plain, struct buf *wire)
{
	struct record_half *half = &tls->record.write;
	uint8_t *header = buf_tail(wire);
	size_t n = plain.n + 1 + AEAD_TAG;

	header[0] = RECORD_APPLICATION_DATA;
	header[1] = LEGACY_VERSION >> 8;
	header[2] = LEGACY_VERSION & 0xff;
	header[3] = (uint8_t)(n >> 8);
	header[4] = (uint8_t)n;
	aead_seal(
		record_library(tls)->aead, &half->key, half->sequence++,
		span_of(header, RECORD_HEADER), plain, (uint8_t)type, header + RECORD_HEADER
	);
	buf_commit(wire, RECORD_HEADER + n);
	stage_add(STAGE_SEAL, 1);
}

int record_update(struct tls *tls, struct buf *wire)
{
	static const uint8_t message[] = {MESSAGE_KEY_UPDATE, 0, 0, 1, UPDATE_NOT_REQUESTED};
	struct record *r = &tls->record;
	int rc = buf_reserve(wire, sizeof(message) + RECORD_EXTRA);
	if (rc != 0)
		return rc;
	put(tls, RECORD_HANDSHAKE, span_of(message, sizeof(message)), wire);
	r->update_due = false;
	rc = record_next_keys(record_library(tls), &r->write, r->secret_size);
	if (rc != 0) { // the peer goes on without us, and what key there is may be half made
		tls->failure = "no next key";
		tls->result = rc;
	}
	return rc;
}

int record_seal(struct tls *tls, struct span plain, size_t *used, struct buf *wire)
{
	const struct record *r = &tls->record;
	while (plain.n > 0) {
		int rc;
		size_t n = tls_seal_room(wire, plain.n, &rc);
		if (n == 0)
			return *used > 0 ? 0 : rc;
		if (r->update_due || r->write.sequence >= RECORD_KEY_LIMIT) {
			rc = record_update(tls, wire);
			if (rc != 0)
				return rc;
		}
		put(tls, RECORD_APPLICATION_DATA, span_first(plain, n), wire);
		*used += n;
		plain = span_from(plain, n);
	}
	return 0;
}

static int put_alert(struct tls *tls, uint8_t level, uint8_t description, struct buf *wire)
{
	const uint8_t alert[] = {level, description};
	int rc = buf_reserve(wire, sizeof(alert) + RECORD_EXTRA);
	if (rc == 0)
		put(tls, RECORD_ALERT, span_of(alert, sizeof(alert)), wire);
	return rc;
}

int record_close(struct tls *tls, struct buf *wire)
{
	return put_alert(tls, ALERT_WARNING, ALERT_CLOSE_NOTIFY, wire);
}

void record_alert(struct tls *tls, uint8_t description, struct buf *wire)
{
	if (!tls->close_sent)
		(void)put_alert(tls, ALERT_FATAL, description, wire);
}
