// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/proto/postgres/copy.h"

#include "dataplane/proto/postgres/memory.h"
#include "dataplane/proto/postgres/message.h"
#include "dataplane/proto/postgres/queue.h"
#include "dataplane/proto/postgres/result.h"

#include <assert.h>

// COPY BINARY, "File Header": signature, flags, length of the extension.
static const char signature[] = "PGCOPY\n\377\r\n";
enum { SIGNATURE_SIZE = sizeof(signature), TRAILER = 0xffff };
static_assert(SIGNATURE_SIZE == 11);

bool pg3_copy_begin(struct pg3 *pg, struct cursor body, struct proto_msg *out, enum proto_bad *bad)
{
	struct answer *head = pg3_queue_head(pg);
	uint8_t format = cursor_u8(&body);
	uint16_t n = cursor_be16(&body);

	(void)cursor_bytes(&body, 2 * (size_t)n);
	*bad = PROTO_BAD_MALFORMED;
	if (!cursor_done(&body) || format > 1)
		return false;
	*bad = PROTO_BAD_ORDER;
	// A base backup is several copies in a row.
	if (pg->copy != COPY_NONE && pg->copy != COPY_OUT_DONE)
		return false;
	// The server now reads what follows as part of the copy. We let nothing follow a text that
	// could be a copy; if something did follow, what the server does with it is a guess.
	if (out->type != 'H' && pg->queue.count > 1)
		return false;
	pg->copy = out->type == 'H' ? COPY_OUT : out->type == 'G' ? COPY_IN : COPY_BOTH;
	pg->copy_binary = format == 1;
	pg->copy_begun = pg->copy_client_done = pg->copy_server_done = false;
	out->kind = PROTO_OTHER;
	out->tag = head->tag;
	return true;
}

// Keep `data` behind what is kept already.
static bool keep(struct pg3 *pg, struct span data, enum proto_bad *bad)
{
	*bad = PROTO_BAD_LENGTH;
	if (data.n > pg->config->message_max - pg->copy_rest_len)
		return false;
	*bad = PROTO_BAD_LIMIT;
	if (pg3_chunk_grow(pg, &pg->copy_rest, pg->copy_rest_len + data.n, pg->copy_rest_len) != 0)
		return false;
	memcpy(pg->copy_rest.p + pg->copy_rest_len, data.p, data.n);
	pg->copy_rest_len += data.n;
	return true;
}

static void forget_rest(struct pg3 *pg)
{
	pg3_chunk_free(pg, &pg->copy_rest);
	pg->copy_rest_len = 0;
}

static struct span rest_of(const struct pg3 *pg)
{
	return span_of(pg->copy_rest.p, pg->copy_rest_len);
}

// The content with what was kept in front of it. False: *bad.
static bool join(struct pg3 *pg, struct span *data, enum proto_bad *bad)
{
	if (pg->copy_rest_len == 0)
		return true;
	if (!keep(pg, *data, bad))
		return false;
	*data = rest_of(pg);
	return true;
}

// Not whole yet.
static bool swallow(struct pg3 *pg, struct span data, struct proto_msg *out, enum proto_bad *bad)
{
	out->kind = PROTO_SWALLOW;
	return data.p == pg->copy_rest.p || keep(pg, data, bad);
}

static bool take_text(struct pg3 *pg, struct span data, struct proto_msg *out, enum proto_bad *bad)
{
	if (!join(pg, &data, bad))
		return false;
	if (data.p[data.n - 1] != '\n')
		return swallow(pg, data, out, bad);
	return pg3_result_piece(pg, data, 0, out, bad);
}

enum tuples { TUPLES_WHOLE, TUPLES_PART, TUPLES_BAD };

// The header, if it is there. At the start of a tuple its first bytes would be an impossible count.
static enum tuples skip_header(struct cursor *c)
{
	size_t left = cursor_left(c);
	size_t n = left < SIGNATURE_SIZE ? left : SIGNATURE_SIZE;

	if (memcmp(c->p, signature, n < 2 ? 2 : n) != 0)
		return TUPLES_WHOLE;
	(void)cursor_bytes(c, SIGNATURE_SIZE + 4);
	uint32_t extension = cursor_be32(c);
	(void)cursor_bytes(c, extension);
	return c->bad ? TUPLES_PART : TUPLES_WHOLE;
}

// Read whole tuples; their values to fields, at most PROTO_FIELDS_MAX.
static enum tuples read_tuples(struct cursor *c, struct proto_field *fields, uint32_t *n_fields)
{
	unsigned tuples = 0;

	while (cursor_left(c) > 0) {
		uint16_t n = cursor_be16(c);
		if (!c->bad && n == TRAILER)
			return cursor_left(c) == 0 ? TUPLES_WHOLE : TUPLES_BAD;
		if (n > PROTO_FIELDS_MAX - *n_fields || ++tuples > PROTO_FIELDS_MAX)
			return TUPLES_BAD;
		for (uint16_t i = 0; i < n; i++) {
			uint32_t len = cursor_be32(c);
			bool null = len == UINT32_MAX;
			fields[*n_fields] = (struct proto_field){
				.value = cursor_bytes(c, null ? 0 : len),
				.null = null,
				.format = 1,
			};
			(*n_fields)++;
		}
		if (c->bad)
			return TUPLES_PART;
	}
	return TUPLES_WHOLE;
}

static bool take_tuples(
	struct pg3 *pg, struct span data, struct proto_msg *out, enum proto_bad *bad
)
{
	if (!join(pg, &data, bad))
		return false;
	*bad = PROTO_BAD_LIMIT;
	out->fields = pg3_scratch_fields(pg, &pg->fields, PROTO_FIELDS_MAX);
	if (out->fields == NULL)
		return false;
	struct cursor c = cursor_of(data);
	enum tuples tuples = TUPLES_WHOLE;
	if (data.n < 2)
		return swallow(pg, data, out, bad);
	bool header = data.p[0] == 'P' && data.p[1] == 'G';
	*bad = PROTO_BAD_MALFORMED;
	if (header != !pg->copy_begun)
		return false;
	if (header)
		tuples = skip_header(&c);
	if (tuples == TUPLES_WHOLE)
		tuples = read_tuples(&c, out->fields, &out->n_fields);
	switch (tuples) {
	case TUPLES_BAD:
		return false;
	case TUPLES_PART:
		out->n_fields = 0;
		return swallow(pg, data, out, bad);
	case TUPLES_WHOLE:
		break;
	}
	pg->copy_begun = true;
	out->kind = PROTO_RESULT;
	out->carrier = PROTO_COPY;
	return true;
}

bool pg3_copy_data(struct pg3 *pg, struct cursor body, struct proto_msg *out, enum proto_bad *bad)
{
	struct span data = cursor_bytes(&body, cursor_left(&body));
	bool out_now = pg->copy == COPY_OUT;

	*bad = PROTO_BAD_ORDER;
	if (!out_now && (pg->copy != COPY_BOTH || pg->copy_server_done))
		return false;
	out->tag = pg3_queue_head(pg)->tag;
	if (data.n == 0) {
		out->kind = PROTO_OTHER;
		return true;
	}
	// Replication and base backups are streams of their own kinds, which have no rows.
	if (!out_now || pg->replication)
		return pg3_result_piece(pg, data, 1, out, bad);
	return pg->copy_binary ? take_tuples(pg, data, out, bad) : take_text(pg, data, out, bad);
}

bool pg3_copy_done(struct pg3 *pg, struct cursor body, struct proto_msg *out, enum proto_bad *bad)
{
	*bad = PROTO_BAD_MALFORMED;
	if (!cursor_done(&body))
		return false;
	*bad = PROTO_BAD_ORDER;
	out->kind = PROTO_OTHER;
	if (pg->copy == COPY_BOTH && !pg->copy_server_done) {
		pg->copy_server_done = true;
		if (pg->copy_client_done)
			pg->copy = COPY_NONE;
		return true;
	}
	if (pg->copy != COPY_OUT)
		return false;
	pg->copy = COPY_OUT_DONE;
	if (pg->copy_rest_len == 0)
		return true;
	*bad = PROTO_BAD_MALFORMED;
	return !pg->copy_binary && pg3_result_piece(pg, rest_of(pg), 0, out, bad);
}

bool pg3_copy_end(struct pg3 *pg, bool failed)
{
	bool may = failed || pg->copy == COPY_NONE || pg->copy == COPY_IN_DONE ||
		   pg->copy == COPY_OUT_DONE;

	forget_rest(pg);
	pg->copy = COPY_NONE;
	return may;
}

// The content of a binary CopyData with the fields in place of the values.
static int write_tuples(const struct proto_msg *msg, struct span data, struct buf *to)
{
	size_t before = buf_len(to), len;
	const uint8_t *from = data.p, *end = data.p + data.n;
	uint8_t head[5] = {'d'}, length[4];
	struct cursor c = cursor_of(data);
	uint32_t k = 0;
	int r = buf_append(to, span_of(head, sizeof(head)));

	if (c.end - c.p >= SIGNATURE_SIZE && memcmp(c.p, signature, SIGNATURE_SIZE) == 0)
		(void)skip_header(&c);
	while (r == 0 && cursor_left(&c) > 0) {
		uint16_t n = cursor_be16(&c);
		for (uint16_t i = 0; r == 0 && n != TRAILER && i < n; i++, k++) {
			const struct proto_field *field = &msg->fields[k];
			r = buf_append(to, span_of(from, (size_t)(c.p - from)));
			len = field->null ? UINT32_MAX : field->value.n;
			for (unsigned b = 0; b < 4; b++)
				length[b] = (uint8_t)(len >> (24 - 8 * b));
			if (r == 0)
				r = buf_append(to, span_of(length, 4));
			if (r == 0 && !field->null)
				r = buf_append(to, field->value);
			uint32_t was = cursor_be32(&c);
			(void)cursor_bytes(&c, was == UINT32_MAX ? 0 : was);
			from = c.p;
		}
	}
	if (r == 0)
		r = buf_append(to, span_of(from, (size_t)(end - from)));
	len = buf_len(to) - before - 1;
	if (r != 0 || len > INT32_MAX) {
		buf_truncate(to, before);
		return r != 0 ? r : ERR_LIMIT;
	}
	for (unsigned b = 0; b < 4; b++)
		to->data[to->head + before + 1 + b] = (uint8_t)(len >> (24 - 8 * b));
	return 0;
}

int pg3_copy_write(struct pg3 *pg, const struct proto_msg *msg, struct buf *to_client)
{
	struct span data = pg->copy_rest_len > 0 ? rest_of(pg) : span_from(msg->raw, 5);
	int r = 0;

	if (pg->copy_binary && pg->copy == COPY_OUT && !pg->replication)
		r = write_tuples(msg, data, to_client);
	else if (msg->n_fields == 1 && !msg->fields[0].null)
		r = pg3_message_write(to_client, 'd', &msg->fields[0].value, 1);
	if (r == 0 && msg->type == 'c')
		r = pg3_message_write(to_client, 'c', NULL, 0);
	forget_rest(pg);
	return r;
}

bool pg3_copy_is_open(const struct pg3 *pg)
{
	return pg->copy == COPY_IN || (pg->copy == COPY_BOTH && !pg->copy_client_done);
}

void pg3_copy_client(struct pg3 *pg, uint8_t type)
{
	if (type == 'd')
		return;
	if (pg->copy == COPY_IN) {
		pg->copy = COPY_IN_DONE;
		return;
	}
	pg->copy_client_done = true;
	if (pg->copy_server_done)
		pg->copy = COPY_NONE;
}
