// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/sample.h"

#include "patterns/sample_record.h"

#include <string.h>

// How a record stands encoded, and under which key.
struct coding {
	const char *key;
	void (*encode)(struct sample_record *to, const uint8_t *in, size_t n);
};

const char *sample_kind_name(enum sample_kind kind)
{
	switch (kind) {
	case SAMPLE_LOG:
		return "log";
	case SAMPLE_JSON:
		return "json";
	case SAMPLE_CSV:
		return "csv";
	case SAMPLE_ROWS:
		return "rows";
	case SAMPLE_BASE64:
		return "base64";
	case SAMPLE_HEX:
		return "hex";
	case SAMPLE_URL:
		return "url";
	case SAMPLE_ESCAPED:
		return "escaped";
	case SAMPLE_ALL_KINDS:
		break;
	}
	return "?";
}

// RFC 4648 4
static void put_as_base64(struct sample_record *r, const uint8_t *in, size_t n)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)in[i] << 16 | (uint32_t)(i + 1 < n ? in[i + 1] : 0) << 8 |
			     (uint32_t)(i + 2 < n ? in[i + 2] : 0);
		sample_bytes(
			r,
			(const char[]){
				digits[v >> 18],
				digits[v >> 12 & 63],
				i + 1 < n ? digits[v >> 6 & 63] : '=',
				i + 2 < n ? digits[v & 63] : '=',
			},
			4
		);
	}
}

static void put_byte_as_hex(struct sample_record *r, const char *digits, uint8_t c)
{
	sample_bytes(r, (const char[]){digits[c >> 4], digits[c & 15]}, 2);
}

static void put_as_hex(struct sample_record *r, const uint8_t *in, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put_byte_as_hex(r, "0123456789abcdef", in[i]);
}

// RFC 3986 2.3: all but these.
static bool is_unreserved(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
	       (c != '\0' && strchr("-._~", c) != NULL);
}

static void put_as_url(struct sample_record *r, const uint8_t *in, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (is_unreserved(in[i])) {
			sample_bytes(r, &in[i], 1);
		} else {
			sample_text(r, "%");
			put_byte_as_hex(r, "0123456789ABCDEF", in[i]);
		}
	}
}

// The character at in[0], of UTF-8 of up to three bytes. Out: its length.
static uint32_t character(const uint8_t *in, size_t n, size_t *length)
{
	*length = in[0] < 0x80 || n < 2 ? 1 : in[0] < 0xe0 || n < 3 ? 2 : 3;
	if (*length == 1)
		return in[0];
	uint32_t two = (uint32_t)(in[0] & 0x1f) << 6 | (in[1] & 0x3f);
	return *length == 2 ? two : (two & 0x3ff) << 6 | (in[2] & 0x3f);
}

// RFC 8259 7, as writers do whose output is to be ASCII, and safe in HTML.
static void put_as_json(struct sample_record *r, const uint8_t *in, size_t n)
{
	for (size_t i = 0, length; i < n; i += length) {
		uint32_t c = character(in + i, n - i, &length);
		if (c == '"' || c == '\\' || c == '/')
			sample_bytes(r, (const char[]){'\\', (char)c}, 2);
		else if (c == '\n')
			sample_text(r, "\\n");
		else if (c < ' ' || c >= 0x7f || c == '<' || c == '&')
			sample_format(r, "\\u%04x", c & 0xffff);
		else
			sample_bytes(r, &in[i], 1);
	}
}

// A message of a queue: some plain fields, and a record as its body.
static void write_coded(struct sample_record *r, enum sample_kind kind)
{
	static const struct coding codings[SAMPLE_ALL_KINDS] = {
		[SAMPLE_BASE64] = {"data", put_as_base64},
		[SAMPLE_HEX] = {"raw", put_as_hex},
		[SAMPLE_URL] = {"form", put_as_url},
		[SAMPLE_ESCAPED] = {"body", put_as_json},
	};
	static void (*const bodies[]
	)(struct sample_record *) = {sample_json, sample_log, sample_csv};
	static struct sample_record body;
	body = (struct sample_record){
		.seed = r->seed,
		.before = r->before,
		.every = r->every,
		.due = r->due,
	};
	do {
		bodies[sample_dice(&body, 3)](&body);
	} while (body.n < 4000 && !sample_one_in(&body, 2));
	r->seed = body.seed;
	r->due = body.due;
	sample_text(r, "{\"offset\":");
	sample_digits(r, 9);
	sample_text(r, ",\"at\":\"");
	sample_stamp(r);
	sample_text(r, "\",\"key\":\"");
	sample_uuid(r);
	sample_format(r, "\",\"%s\":\"", codings[kind].key);
	codings[kind].encode(r, (const uint8_t *)body.bytes, body.n);
	sample_text(r, "\"}\n");
}

static void write_record(struct sample_record *r, enum sample_kind kind)
{
	switch (kind) {
	case SAMPLE_LOG:
		sample_log(r);
		return;
	case SAMPLE_JSON:
		sample_json(r);
		return;
	case SAMPLE_CSV:
		sample_csv(r);
		return;
	case SAMPLE_ROWS:
		sample_row(r);
		return;
	case SAMPLE_BASE64:
	case SAMPLE_HEX:
	case SAMPLE_URL:
	case SAMPLE_ESCAPED:
		write_coded(r, kind);
		return;
	case SAMPLE_ALL_KINDS:
		return;
	}
}

void sample_fill(enum sample_kind kind, uint32_t seed, size_t every, uint8_t *out, size_t n)
{
	static struct sample_record r;
	r.seed = ((uint64_t)seed << 8 | (uint64_t)kind) * UINT64_C(0x2545f4914f6cdd1d);
	r.before = 0;
	r.every = r.due = every;
	r.left = 0;
	while (r.before < n) {
		r.n = 0;
		write_record(&r, kind);
		size_t length = r.n < n - r.before ? r.n : n - r.before;
		memcpy(out + r.before, r.bytes, length);
		r.before += length;
	}
}

static uint32_t read_be(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

// The names in the RowDescription message at `at`, which is whole.
static void read_names(struct sample_rows *rows)
{
	const uint8_t *p = rows->text.p + rows->at + 7, *end = rows->text.p + rows->row_end;
	for (unsigned i = 0; i < SAMPLE_COLUMNS_MAX && p < end; i++) {
		rows->names[i] = span_of(p, strlen((const char *)p));
		p += rows->names[i].n + 19;
	}
}

// Out: whether there is another DataRow; `at` is behind its head.
static bool next_row(struct sample_rows *rows)
{
	for (;; rows->at = rows->row_end) {
		if (rows->text.n - rows->at < 7)
			return false;
		uint32_t length = read_be(rows->text.p + rows->at + 1);
		if (length > rows->text.n - rows->at - 1)
			return false;
		rows->row_end = rows->at + 1 + length;
		if (rows->text.p[rows->at] == 'D')
			break;
		read_names(rows);
	}
	rows->at += 7;
	rows->column = 0;
	return true;
}

bool sample_rows_next(struct sample_rows *rows, struct span *name, struct span *value)
{
	for (;;) {
		if (rows->at == rows->row_end && !next_row(rows))
			return false;
		uint32_t length = read_be(rows->text.p + rows->at);
		uint32_t column = rows->column++;
		rows->at += 4;
		if (length == UINT32_MAX || length == 0)
			continue;
		*name = rows->names[column];
		*value = span_of(rows->text.p + rows->at, length);
		rows->at += length;
		return true;
	}
}
