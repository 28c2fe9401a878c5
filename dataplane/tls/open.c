// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Records into plaintext (RFC 8446 5.2): opened from where they came in, straight into the
// session's buffer. Only a record in pieces is gathered first, and one with no room waits in clear.

#include "dataplane/base/cursor.h"
#include "dataplane/base/stage.h"
#include "dataplane/tls/connection.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <assert.h>

enum open_value {
	ALERT_SIZE = 2,
	ALERT_CLOSE_NOTIFY = 0,
	ALERT_USER_CANCELED = 90,
	MESSAGE_NEW_SESSION_TICKET = 4,
	MESSAGE_KEY_UPDATE = 24,
	UPDATE_REQUESTED = 1,
};

// Our part of the connection is broken: tell the peer, and remember why.
static int fault(struct tls *tls, struct buf *wire, uint8_t description, const char *why)
{
	record_alert(tls, description, wire);
	tls->failure = why;
	tls->result = ERR_TLS;
	return tls->result;
}

static int unexpected(struct tls *tls, struct buf *wire)
{
	return fault(tls, wire, SSL_AD_UNEXPECTED_MESSAGE, "unexpected message");
}

// RFC 8446 6: in TLS 1.3 the level says nothing.
static int take_alert(struct tls *tls, struct span content, struct buf *wire)
{
	if (content.n != ALERT_SIZE)
		return fault(tls, wire, SSL_AD_DECODE_ERROR, "an alert of the wrong length");
	uint8_t description = content.p[1];
	if (description == ALERT_USER_CANCELED) // a closure alert follows
		return 0;
	if (description == ALERT_CLOSE_NOTIFY) {
		tls->failure = "closed by the peer";
		tls->result = ERR_CLOSED;
		return tls->result;
	}
	const char *why =
		ERR_reason_error_string(ERR_PACK(ERR_LIB_SSL, 0, SSL_AD_REASON_OFFSET + description)
		);
	tls->failure = why == NULL ? "an alert that is not known" : why;
	tls->result = ERR_TLS;
	return tls->result;
}

static int begin_message(struct tls *tls, struct buf *wire)
{
	struct record *r = &tls->record;
	struct cursor c = cursor_of(span_of(r->message, RECORD_MESSAGE_HEADER));
	uint32_t header = cursor_be32(&c), size = header & 0xffffff;
	bool ticket = header >> 24 == MESSAGE_NEW_SESSION_TICKET && tls->client != NULL;

	if (!ticket && header >> 24 != MESSAGE_KEY_UPDATE)
		return unexpected(tls, wire);
	if (size == 0 || size > RECORD_MESSAGE_MAX || (!ticket && size != 1))
		return fault(
			tls, wire, SSL_AD_DECODE_ERROR, "a handshake message of the wrong length"
		);
	r->message_left = size;
	return 0;
}

// RFC 8446 4.6.3. `is_last`: nothing of the old key's records may follow it (5.1).
static int take_key_update(struct tls *tls, uint8_t request, bool is_last, struct buf *wire)
{
	struct record *r = &tls->record;
	if (request > UPDATE_REQUESTED)
		return fault(tls, wire, SSL_AD_ILLEGAL_PARAMETER, "a bad KeyUpdate");
	if (!is_last || ++r->empty > RECORD_EMPTY_MAX)
		return unexpected(tls, wire);
	sessions_end(tls); // it would need the first key
	if (record_next_keys(record_library(tls), &r->read, r->secret_size) != 0)
		return fault(tls, wire, SSL_AD_INTERNAL_ERROR, "no next key");
	if (request == UPDATE_REQUESTED)
		r->update_due = true;
	return 0;
}

// Messages, which may begin and end anywhere in a record. A ticket in pieces is not kept: servers
// send none.
static int take_messages(struct tls *tls, struct span content, struct buf *wire)
{
	struct record *r = &tls->record;
	const uint8_t *begin = NULL; // of the message, if it is in this record
	int rc = 0;
	while (rc == 0 && content.n > 0) {
		if (r->message_n == 0)
			begin = content.p;
		if (r->message_n < RECORD_MESSAGE_HEADER) {
			r->message[r->message_n++] = content.p[0];
			content = span_from(content, 1);
			if (r->message_n == RECORD_MESSAGE_HEADER)
				rc = begin_message(tls, wire);
			continue;
		}
		struct span part = span_first(content, r->message_left);
		content = span_from(content, part.n);
		r->message_left -= (uint32_t)part.n;
		if (r->message_left > 0)
			continue;
		r->message_n = 0;
		if (r->message[0] == MESSAGE_KEY_UPDATE)
			rc = take_key_update(tls, part.p[0], content.n == 0, wire);
		else if (begin != NULL)
			sessions_learn(tls, span_of(begin, (size_t)(part.p + part.n - begin)));
	}
	return rc;
}

// Behind the padding there is the type (RFC 8446 5.4). Out: *content. Returns 0 when there is none.
static uint8_t strip(struct span *content)
{
	size_t n = content->n;
	while (n > 0 && content->p[n - 1] == 0)
		n--;
	if (n == 0)
		return 0;
	content->n = n - 1;
	return content->p[n - 1];
}

// What a record holds that is no data. RFC 8446 5.1: a message in pieces is not interrupted, and
// each piece brings something; the same goes for alerts.
static int take_other(struct tls *tls, uint8_t type, struct span content, struct buf *wire)
{
	if (type == RECORD_HANDSHAKE && content.n > 0)
		return take_messages(tls, content, wire);
	if (type == RECORD_ALERT && tls->record.message_n == 0)
		return take_alert(tls, content, wire);
	return unexpected(tls, wire);
}

static int check_content(struct tls *tls, uint8_t type, struct span content, struct buf *wire)
{
	struct record *r = &tls->record;
	if (content.n > RECORD_PLAIN_MAX)
		return fault(tls, wire, SSL_AD_RECORD_OVERFLOW, "data length too long");
	if (type == RECORD_APPLICATION_DATA && r->message_n > 0)
		return unexpected(tls, wire);
	if (type != RECORD_APPLICATION_DATA)
		return 0;
	sessions_end(tls);
	r->empty = content.n > 0 ? 0 : r->empty + 1;
	if (r->empty > RECORD_EMPTY_MAX)
		return fault(tls, wire, SSL_AD_UNEXPECTED_MESSAGE, "too many empty records");
	return 0;
}

static struct record_block *block_get(struct tls_library *library)
{
	struct record_block *block = library->spare;
	if (block != NULL) {
		library->spare = block->next;
		library->spare_count--;
	} else {
		// Only until there are as many as records are in pieces at a time.
		block = malloc(sizeof(*block));
	}
	if (block != NULL)
		block->n = 0;
	return block;
}

static void block_put(struct tls_library *library, struct record_block *block)
{
	if (library->spare_count == RECORD_SPARE_MAX) {
		free(block);
		return;
	}
	block->next = library->spare;
	library->spare = block;
	library->spare_count++;
}

static void drop_block(struct tls *tls)
{
	struct record *r = &tls->record;
	if (r->block != NULL)
		block_put(record_library(tls), r->block);
	r->block = NULL;
	r->held = (struct span){};
}

// Out: *size, of the sealed part.
static int read_header(struct tls *tls, const uint8_t *header, struct buf *wire, size_t *size)
{
	struct cursor c = cursor_of(span_of(header, RECORD_HEADER));
	uint8_t type = cursor_u8(&c);
	(void)cursor_be16(&c); // RFC 8446 5.1: the version must be ignored
	*size = cursor_be16(&c);
	if (type != RECORD_APPLICATION_DATA)
		return unexpected(tls, wire);
	if (*size > RECORD_SEALED_MAX)
		return fault(tls, wire, SSL_AD_RECORD_OVERFLOW, "packet length too long");
	if (*size < RECORD_SEALED_MIN)
		return fault(tls, wire, SSL_AD_DECODE_ERROR, "length too short");
	return 0;
}

static void fill(struct record_block *block, struct span *in, size_t until)
{
	struct span part = span_first(*in, until - block->n);
	memcpy(block->bytes + block->n, part.p, part.n);
	block->n += part.n;
	*in = span_from(*in, part.n);
}

// Out: *record, with its header, still in `in` or gathered from it; empty when it is not all here.
static int gather(struct tls *tls, struct span *in, struct span *record, struct buf *wire)
{
	struct record *r = &tls->record;
	size_t size;
	int rc;
	*record = (struct span){};
	if (r->block == NULL && in->n >= RECORD_HEADER) {
		rc = read_header(tls, in->p, wire, &size);
		if (rc != 0)
			return rc;
		if (in->n - RECORD_HEADER >= size) {
			*record = span_first(*in, RECORD_HEADER + size);
			return 0;
		}
	}
	if (in->n == 0 && r->block == NULL)
		return 0;
	if (r->block == NULL)
		r->block = block_get(record_library(tls));
	if (r->block == NULL)
		return ERR_POOL_EMPTY;
	if (in->n > 0 && r->block->n < RECORD_HEADER)
		fill(r->block, in, RECORD_HEADER);
	if (r->block->n < RECORD_HEADER)
		return 0;
	rc = read_header(tls, r->block->bytes, wire, &size);
	if (rc != 0)
		return rc;
	if (in->n > 0 && r->block->n < RECORD_HEADER + size)
		fill(r->block, in, RECORD_HEADER + size);
	if (r->block->n == RECORD_HEADER + size)
		*record = span_of(r->block->bytes, r->block->n);
	return 0;
}

// Where the record is opened to: `plain` when that can take it, else a block. Out: *out. Returns 0,
// or why there is no memory.
static int place_for(
	struct tls *tls, size_t size, struct buf *plain, size_t plain_max, uint8_t **out
)
{
	struct record *r = &tls->record;
	if (size - 1 <= plain_max && size <= buf_room(plain)) {
		int rc = buf_reserve(plain, size);
		*out = rc == 0 ? buf_tail(plain) : NULL;
		return rc;
	}
	if (r->block == NULL)
		r->block = block_get(record_library(tls));
	if (r->block == NULL)
		return ERR_POOL_EMPTY;
	*out = r->block->bytes + RECORD_HEADER;
	return 0;
}

// Behind the tag check: what the record brought is judged, and acted upon unless it is data. Out:
// *data, what of it is data.
static int take_content(
	struct tls *tls, bool is_true, struct span content, struct buf *wire, struct span *data
)
{
	stage_add(STAGE_OPEN, 1);
	*data = (struct span){};
	if (!is_true)
		return fault(
			tls, wire, SSL_AD_BAD_RECORD_MAC, "decryption failed or bad record mac"
		);
	uint8_t type = strip(&content);
	int rc = check_content(tls, type, content, wire);
	if (rc == 0 && type != RECORD_APPLICATION_DATA)
		rc = take_other(tls, type, content, wire);
	else if (rc == 0)
		*data = content;
	return rc;
}

static int open_one(
	struct tls *tls, struct span *in, struct span record, struct buf *plain, size_t *plain_max,
	struct buf *wire
)
{
	struct record *r = &tls->record;
	struct span sealed = span_from(record, RECORD_HEADER), data;
	bool gathered = r->block != NULL;
	uint8_t *out;
	int rc = place_for(tls, sealed.n - AEAD_TAG, plain, *plain_max, &out);
	if (rc != 0)
		return rc;
	bool ok = aead_open(
		record_library(tls)->aead, &r->read.key, r->read.sequence++,
		span_first(record, RECORD_HEADER), sealed, out
	);
	if (!gathered)
		*in = span_from(*in, record.n);
	rc = take_content(tls, ok, span_of(out, sealed.n - AEAD_TAG), wire, &data);
	if (r->block == NULL || out != r->block->bytes + RECORD_HEADER) {
		buf_commit(plain, data.n);
		*plain_max -= data.n;
	} else if (data.n > 0) {
		r->held = data;
		return rc;
	}
	drop_block(tls);
	return rc;
}

// The record is left over from when there was no memory for what is in it.
static bool is_whole(const struct record_block *block)
{
	struct cursor c = cursor_of(span_of(block->bytes, block->n));
	(void)cursor_bytes(&c, RECORD_HEADER - 2);
	size_t size = cursor_be16(&c);
	return !c.bad && block->n == RECORD_HEADER + size;
}

bool record_has_plain(const struct record *record)
{
	return record->held.n > 0 || (record->block != NULL && is_whole(record->block));
}

static int hand_out(struct tls *tls, struct buf *plain, size_t *plain_max)
{
	struct record *r = &tls->record;
	size_t room = buf_room(plain);
	struct span part = span_first(r->held, *plain_max < room ? *plain_max : room);
	int rc = buf_append(plain, part);
	if (rc != 0)
		return rc;
	*plain_max -= part.n;
	r->held = span_from(r->held, part.n);
	if (r->held.n == 0)
		drop_block(tls);
	return 0;
}

// The KeyUpdate that the peer asked for.
static int answer_update(struct tls *tls, struct buf *wire)
{
	if (!tls->record.update_due || tls->close_sent || record_update(tls, wire) != ERR_TLS)
		return 0;
	return ERR_TLS; // no alert: there is no key for it
}

int record_open(
	struct tls *tls, struct span in, size_t *used, struct buf *plain, size_t plain_max,
	struct buf *wire
)
{
	struct record *r = &tls->record;
	size_t n = in.n;
	int rc = 0;
	while (rc == 0 && plain_max > 0 && buf_room(plain) > 0) {
		struct span record;
		if (r->held.n > 0) {
			rc = hand_out(tls, plain, &plain_max);
			continue;
		}
		rc = gather(tls, &in, &record, wire);
		if (rc != 0 || record.n == 0)
			break;
		rc = open_one(tls, &in, record, plain, &plain_max, wire);
	}
	if (rc == 0)
		rc = answer_update(tls, wire);
	if (tls->result != 0)
		drop_block(tls);
	*used = n - in.n;
	return rc;
}

static size_t size_of(const struct span *parts, size_t n_parts)
{
	size_t n = 0;
	for (size_t i = 0; i < n_parts; i++)
		n += parts[i].n;
	return n;
}

// `n` bytes of the parts from `at` on. Out: the parts they lie in, as many as returned.
static size_t cut(
	const struct span *parts, size_t n_parts, size_t at, size_t n,
	struct span out[static TLS_PARTS_MAX]
)
{
	size_t found = 0;
	for (size_t i = 0; i < n_parts && found < TLS_PARTS_MAX && n > 0; i++) {
		struct span part = span_first(parts[i], at);
		at -= part.n;
		part = span_first(span_from(parts[i], part.n), n);
		n -= part.n;
		if (part.n > 0)
			out[found++] = part;
	}
	return found;
}

int record_open_parts(
	struct tls *tls, const struct span *parts, size_t n_parts, struct tls_opened *opened,
	struct buf *plain, size_t plain_max, struct buf *wire
)
{
	struct record *r = &tls->record;
	struct span pieces[TLS_PARTS_MAX], data;
	uint8_t header[RECORD_HEADER];
	size_t here = size_of(parts, n_parts), size, n;

	if (r->block != NULL || here == 0)
		return 0;
	opened->missing = here < RECORD_HEADER ? RECORD_HEADER - here : 0;
	if (opened->missing > 0)
		return 0;
	n = cut(parts, n_parts, 0, RECORD_HEADER, pieces);
	for (size_t i = 0, at = 0; i < n; at += pieces[i++].n)
		memcpy(header + at, pieces[i].p, pieces[i].n);
	int rc = read_header(tls, header, wire, &size);
	if (rc != 0) {
		opened->used = here;
		return rc;
	}
	opened->missing = here < RECORD_HEADER + size ? RECORD_HEADER + size - here : 0;
	size_t inside = size - AEAD_TAG;
	if (opened->missing > 0 || inside - 1 > plain_max || inside > buf_room(plain))
		return 0;
	rc = buf_reserve(plain, inside);
	if (rc != 0)
		return rc;
	n = cut(parts, n_parts, RECORD_HEADER, size, pieces);
	bool ok = aead_open_parts(
		record_library(tls)->aead, &r->read.key, r->read.sequence++,
		span_of(header, sizeof(header)), pieces, n, buf_tail(plain)
	);
	rc = take_content(tls, ok, span_of(buf_tail(plain), inside), wire, &data);
	buf_commit(plain, data.n);
	if (rc == 0)
		rc = answer_update(tls, wire);
	opened->used = tls->result == 0 ? RECORD_HEADER + size : here;
	return rc;
}
