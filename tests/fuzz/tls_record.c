// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A peer that has the keys: records of any type and content, sealed as they should be, cut
// anywhere. Input: a byte for the size of pieces, then records: type, padding, length (2 bytes),
// content.

#include "dataplane/base/cursor.h"
#include "dataplane/tls/connection.h"
#include "tests/fuzz/tls_pair.h"

#include <stdlib.h>

enum { WIRE_LIMIT = 1 << 20, PLAIN_STEP = 77 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool ok)
{
	if (!ok)
		abort();
}

// As after a handshake; both sides use the one secret.
static void establish(struct tls *tls)
{
	struct record *r = &tls->record;
	r->secret_size = 32;
	r->read.key.suite = r->write.key.suite = AEAD_AES_128_GCM;
	need(record_keys(record_library(tls), &r->read, r->secret_size) == 0);
	need(record_keys(record_library(tls), &r->write, r->secret_size) == 0);
	r->active = tls->established = true;
	SSL_free(tls->ssl);
	tls->ssl = NULL;
}

static void forge(struct tls *from, struct cursor *c, struct buf *wire, struct buf *sent)
{
	uint8_t type = cursor_u8(c), padding = cursor_u8(c);
	if (type == 0) // it would be padding, and the byte before it the type
		type = RECORD_APPLICATION_DATA;
	struct span content = cursor_bytes(c, cursor_be16(c));
	struct buf inner;
	buf_init(&inner, NULL, WIRE_LIMIT);
	need(buf_append(&inner, content) == 0);
	// The byte that aead_seal puts last is then the end of the padding.
	if (padding > 0) {
		need(buf_append_u8(&inner, type) == 0);
		for (uint8_t i = 1; i < padding; i++)
			need(buf_append_u8(&inner, 0) == 0);
	}
	size_t n = buf_len(&inner) + 1 + AEAD_TAG;
	need(buf_append_u8(wire, RECORD_APPLICATION_DATA) == 0);
	need(buf_append_be16(wire, 0x0303) == 0 && buf_append_be16(wire, (uint16_t)n) == 0);
	need(buf_reserve(wire, n) == 0);
	aead_seal(
		record_library(from)->aead, &from->record.write.key, from->record.write.sequence++,
		span_of(buf_tail(wire) - RECORD_HEADER, RECORD_HEADER), buf_span(&inner),
		padding > 0 ? 0 : type, buf_tail(wire)
	);
	buf_commit(wire, n);
	if (type == RECORD_APPLICATION_DATA)
		need(buf_append(sent, content) == 0);
	if (type == RECORD_HANDSHAKE && content.n == 5 && memcmp(content.p, "\30\0\0\1", 4) == 0 &&
	    content.p[4] < 2)
		need(record_next_keys(record_library(from), &from->record.write, 32) == 0);
	buf_fini(&inner);
}

// A record that lies in pieces is opened from them when it is whole and has room. Out: *used, 0
// when tls_open has to take it.
static int feed_parts(
	struct tls *to, struct span in, size_t piece, size_t *used, struct buf *plain,
	struct buf *wire
)
{
	struct span parts[TLS_PARTS_MAX];
	struct tls_opened opened;
	size_t n = 0, before = buf_len(plain);
	for (struct span rest = in; n < TLS_PARTS_MAX && rest.n > 0; n++) {
		parts[n] = span_first(rest, piece);
		rest = span_from(rest, parts[n].n);
	}
	int result = tls_open_parts(to, parts, n, &opened, plain, PLAIN_STEP, wire);
	need(opened.used <= in.n && buf_len(plain) - before <= PLAIN_STEP);
	need(opened.used == 0 || opened.missing == 0);
	*used = opened.used;
	return result;
}

// Feed all of it. What comes out is what was sent, as far as it comes.
static void feed(struct tls *to, struct span in, size_t piece, struct span sent)
{
	struct buf plain, wire;
	size_t got = 0;
	int result = 0;
	buf_init(&plain, NULL, WIRE_LIMIT);
	buf_init(&wire, NULL, WIRE_LIMIT);
	while (result == 0 && (in.n > 0 || tls_has_plain(to))) {
		size_t used, before = buf_len(&plain);
		result = feed_parts(to, in, piece, &used, &plain, &wire);
		in = span_from(in, used);
		if (result != 0 || used > 0)
			continue;
		result = tls_open(to, span_first(in, piece), &used, &plain, PLAIN_STEP, &wire);
		need(used <= in.n && buf_len(&plain) - before <= PLAIN_STEP);
		need(result != 0 || used > 0 || buf_len(&plain) > before);
		in = span_from(in, used);
	}
	got = buf_len(&plain);
	need(got <= sent.n && span_equal(buf_span(&plain), span_first(sent, got)));
	need(result != 0 || got == sent.n);
	buf_fini(&plain);
	buf_fini(&wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct tls_pair *pair = tls_pair_get();
	struct cursor c = cursor_of(span_of(data, size));
	struct tls *to = tls_accept(pair->server), *from = tls_connect(pair->client);
	struct buf wire, sent;
	need(to != NULL && from != NULL);
	establish(to);
	establish(from);
	buf_init(&wire, NULL, WIRE_LIMIT);
	buf_init(&sent, NULL, WIRE_LIMIT);
	size_t piece = cursor_u8(&c);
	while (cursor_left(&c) > 0 && buf_len(&wire) < WIRE_LIMIT / 2)
		forge(from, &c, &wire, &sent);
	feed(to, buf_span(&wire), piece == 0 ? SIZE_MAX : piece, buf_span(&sent));
	buf_fini(&wire);
	buf_fini(&sent);
	tls_free(to);
	tls_free(from);
	return 0;
}
