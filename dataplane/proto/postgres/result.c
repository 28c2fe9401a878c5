// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/proto/postgres/result.h"

#include "dataplane/proto/postgres/memory.h"

// A message's fields, of which there are at most `n`.
static bool begin(
	struct pg3 *pg, struct proto_msg *out, enum proto_carrier carrier, size_t n,
	enum proto_bad *bad
)
{
	*bad = PROTO_BAD_LIMIT;
	out->kind = PROTO_RESULT;
	out->carrier = carrier;
	out->fields = pg3_scratch_fields(pg, &pg->fields, n);
	out->n_fields = 0;
	return out->fields != NULL;
}

static bool end(const struct cursor *body, enum proto_bad *bad)
{
	*bad = PROTO_BAD_MALFORMED;
	return cursor_done(body);
}

// A value with its length in front; -1 is null.
static void read_value(struct cursor *c, struct proto_field *field)
{
	uint32_t len = cursor_be32(c);

	field->null = len == UINT32_MAX;
	if (!field->null)
		field->value = cursor_bytes(c, len);
}

static uint16_t format_of(const struct portal *portal, uint16_t i)
{
	if (portal == NULL || portal->n_formats == 0)
		return 0;
	if (portal->n_formats == 1)
		return portal->formats[0];
	return i < portal->n_formats ? portal->formats[i] : 0;
}

bool pg3_result_row(
	struct pg3 *pg, struct cursor body, struct columns *columns, const struct portal *portal,
	struct proto_msg *out, enum proto_bad *bad
)
{
	uint16_t n = cursor_be16(&body);

	*bad = PROTO_BAD_MALFORMED;
	if (n > PROTO_FIELDS_MAX || (columns != NULL && columns->n != n))
		return false;
	if (!begin(pg, out, PROTO_ROW, n, bad))
		return false;
	for (uint16_t i = 0; i < n; i++) {
		struct proto_field *field = &out->fields[i];
		read_value(&body, field);
		if (columns != NULL) {
			field->column = &columns->column[i];
			field->type_oid = field->column->type_oid;
			field->format = field->column->format;
		} else {
			field->format = format_of(portal, i);
		}
	}
	out->n_fields = n;
	return end(&body, bad);
}

size_t pg3_result_row_ahead(const struct proto_msg *row, struct span in, struct span *values)
{
	struct cursor c = cursor_of(in);

	if (in.n < 5 || cursor_u8(&c) != 'D')
		return 0;
	uint32_t len = cursor_be32(&c);
	if (len < 4 || len > in.n - 1)
		return 0;
	struct cursor body = cursor_child(&c, len - 4);
	if (cursor_be16(&body) != row->n_fields)
		return 0;
	for (uint32_t i = 0; i < row->n_fields; i++) {
		struct proto_field field = {0};
		read_value(&body, &field);
		values[i] = field.value;
	}
	return cursor_done(&body) ? (size_t)len + 1 : 0;
}

bool pg3_result_error(
	struct pg3 *pg, struct cursor body, struct proto_msg *out, enum proto_bad *bad
)
{
	enum proto_carrier carrier = out->type == 'N' ? PROTO_NOTICE : PROTO_ERROR;

	if (!begin(pg, out, carrier, PG3_FIELD_CODES_MAX, bad))
		return false;
	for (;;) {
		uint8_t code = cursor_u8(&body);
		if (code == 0)
			break;
		*bad = PROTO_BAD_MALFORMED;
		if (out->n_fields == PG3_FIELD_CODES_MAX)
			return false;
		out->fields[out->n_fields++] =
			(struct proto_field){.value = cursor_cstr(&body), .code = code};
	}
	out->completes = carrier == PROTO_ERROR;
	return end(&body, bad);
}

static bool read_strings(
	struct pg3 *pg, struct cursor body, enum proto_carrier carrier, struct proto_msg *out,
	enum proto_bad *bad
)
{
	if (!begin(pg, out, carrier, 2, bad))
		return false;
	out->fields[0].value = cursor_cstr(&body);
	out->fields[1].value = cursor_cstr(&body);
	out->n_fields = 2;
	return end(&body, bad);
}

bool pg3_result_notification(
	struct pg3 *pg, struct cursor body, struct proto_msg *out, enum proto_bad *bad
)
{
	(void)cursor_be32(&body); // the sender's process number, kept as it is in raw
	return read_strings(pg, body, PROTO_NOTIFICATION, out, bad);
}

bool pg3_result_parameter(
	struct pg3 *pg, struct cursor body, struct proto_msg *out, enum proto_bad *bad
)
{
	return read_strings(pg, body, PROTO_PARAMETER, out, bad);
}

bool pg3_result_call(
	struct pg3 *pg, struct cursor body, uint16_t format, struct proto_msg *out,
	enum proto_bad *bad
)
{
	if (!begin(pg, out, PROTO_CALL_RESULT, 1, bad))
		return false;
	read_value(&body, &out->fields[0]);
	out->fields[0].format = format;
	out->n_fields = 1;
	out->completes = true;
	return end(&body, bad);
}

bool pg3_result_piece(
	struct pg3 *pg, struct span value, uint16_t format, struct proto_msg *out,
	enum proto_bad *bad
)
{
	if (!begin(pg, out, PROTO_COPY, 1, bad))
		return false;
	out->fields[0] = (struct proto_field){.value = value, .format = format};
	out->n_fields = 1;
	return true;
}

static void add(struct proto_msg *out, uint8_t code, struct span value)
{
	if (value.n > 0)
		out->fields[out->n_fields++] = (struct proto_field){.value = value, .code = code};
}

bool pg3_result_refusal(
	struct pg3 *pg, const struct refusal *refusal, struct proto_msg *out, enum proto_bad *bad
)
{
	if (!begin(pg, out, PROTO_ERROR, PG3_FIELD_CODES_MAX, bad))
		return false;
	add(out, 'S', SPAN_LIT("ERROR"));
	add(out, 'V', SPAN_LIT("ERROR"));
	add(out, 'C', span_str(refusal->code));
	add(out, 'M', refusal->message);
	add(out, 'D', refusal->detail);
	add(out, 'H', refusal->hint);
	add(out, 'R', SPAN_LIT("bulkhead"));
	out->completes = true;
	return true;
}

static uint8_t *put_be32(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 24);
	at[1] = (uint8_t)(v >> 16);
	at[2] = (uint8_t)(v >> 8);
	at[3] = (uint8_t)v;
	return at + 4;
}

static uint8_t *put(uint8_t *at, struct span s)
{
	if (s.n > 0)
		memcpy(at, s.p, s.n);
	return at + s.n;
}

// A masked string may not end its message early.
static struct span without_nul(struct span s)
{
	const uint8_t *nul = s.n == 0 ? NULL : memchr(s.p, 0, s.n);

	return nul == NULL ? s : span_first(s, (size_t)(nul - s.p));
}

// Room for a message of `len` bytes with its head written. Out: *at, behind the head.
static int begin_write(struct buf *to, uint8_t type, size_t len, uint8_t **at)
{
	if (len > INT32_MAX - 5)
		return ERR_LIMIT;
	int r = buf_reserve(to, len + 5);
	if (r != 0)
		return r;
	uint8_t *p = buf_tail(to);
	*p++ = type;
	*at = put_be32(p, (uint32_t)len + 4);
	buf_commit(to, len + 5);
	return 0;
}

static uint8_t *put_value(uint8_t *at, const struct proto_field *field)
{
	if (field->null)
		return put_be32(at, UINT32_MAX);
	return put(put_be32(at, (uint32_t)field->value.n), field->value);
}

static size_t value_size(const struct proto_field *field)
{
	return 4 + (field->null ? 0 : field->value.n);
}

// Whether the fields lie in the message as they came, `at` bytes into its content.
static bool is_untouched(const struct proto_msg *msg, size_t at)
{
	const uint8_t *p = msg->raw.p + 5 + at, *end = msg->raw.p + msg->raw.n;

	for (uint32_t i = 0; i < msg->n_fields; i++) {
		const struct proto_field *field = &msg->fields[i];
		if (end - p < 4)
			return false;
		bool was_null = memcmp(p, "\xff\xff\xff\xff", 4) == 0;
		if (field->null != was_null || (!field->null && field->value.p != p + 4))
			return false;
		if (value_size(field) > (size_t)(end - p))
			return false;
		p += value_size(field);
	}
	return p == end;
}

static int write_values(const struct proto_msg *msg, struct buf *to, bool count)
{
	size_t len = count ? 2 : 0;
	uint8_t *at;

	if (is_untouched(msg, len))
		return buf_append(to, msg->raw);
	for (uint32_t i = 0; i < msg->n_fields; i++)
		len += value_size(&msg->fields[i]);
	int r = begin_write(to, msg->type, len, &at);
	if (r != 0)
		return r;
	if (count) {
		*at++ = (uint8_t)(msg->n_fields >> 8);
		*at++ = (uint8_t)msg->n_fields;
	}
	for (uint32_t i = 0; i < msg->n_fields; i++)
		at = put_value(at, &msg->fields[i]);
	return 0;
}

// Fields with a code each, and a zero behind the last.
static int write_coded(const struct proto_msg *msg, struct buf *to)
{
	size_t len = 1;
	uint8_t *at;

	for (uint32_t i = 0; i < msg->n_fields; i++)
		if (!msg->fields[i].null)
			len += 2 + without_nul(msg->fields[i].value).n;
	int r = begin_write(to, msg->type, len, &at);
	if (r != 0)
		return r;
	for (uint32_t i = 0; i < msg->n_fields; i++) {
		if (msg->fields[i].null)
			continue;
		*at++ = msg->fields[i].code;
		at = put(at, without_nul(msg->fields[i].value));
		*at++ = 0;
	}
	*at = 0;
	return 0;
}

// `head` bytes as they came, then strings; one made null is empty.
static int write_strings(const struct proto_msg *msg, size_t head, struct buf *to)
{
	size_t len = head;
	uint8_t *at;

	for (uint32_t i = 0; i < msg->n_fields; i++)
		len += 1 + (msg->fields[i].null ? 0 : without_nul(msg->fields[i].value).n);
	int r = begin_write(to, msg->type, len, &at);
	if (r != 0)
		return r;
	at = put(at, span_first(span_from(msg->raw, 5), head));
	for (uint32_t i = 0; i < msg->n_fields; i++) {
		if (!msg->fields[i].null)
			at = put(at, without_nul(msg->fields[i].value));
		*at++ = 0;
	}
	return 0;
}

int pg3_result_write(const struct proto_msg *msg, struct buf *to_client)
{
	switch (msg->carrier) {
	case PROTO_ROW:
		return write_values(msg, to_client, true);
	case PROTO_CALL_RESULT:
		return write_values(msg, to_client, false);
	case PROTO_ERROR:
	case PROTO_NOTICE:
		return write_coded(msg, to_client);
	case PROTO_NOTIFICATION:
		return write_strings(msg, 4, to_client);
	case PROTO_PARAMETER:
		return write_strings(msg, 0, to_client);
	case PROTO_COPY:
		break; // copy.c
	}
	return ERR_MALFORMED;
}
