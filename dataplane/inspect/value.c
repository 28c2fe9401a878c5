// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/inspect/value.h"

#include "dataplane/base/cursor.h"

#include <stdio.h>

// Numbers of built-in types: pg_type.dat of PostgreSQL 15.
enum pg_type {
	PG_BYTEA = 17,
	PG_CHAR = 18,
	PG_NAME = 19,
	PG_INT8 = 20,
	PG_INT2 = 21,
	PG_INT4 = 23,
	PG_TEXT = 25,
	PG_JSON = 114,
	PG_XML = 142,
	PG_JSON_ARRAY = 199,
	PG_UNKNOWN = 705,
	PG_INET = 869,
	PG_NAME_ARRAY = 1003,
	PG_TEXT_ARRAY = 1009,
	PG_BPCHAR_ARRAY = 1014,
	PG_VARCHAR_ARRAY = 1015,
	PG_BPCHAR = 1042,
	PG_VARCHAR = 1043,
	PG_NUMERIC = 1700,
	PG_RECORD = 2249,
	PG_CSTRING = 2275,
	PG_JSONB = 3802,
};

enum value_class value_class_of(uint32_t type_oid, uint16_t format)
{
	switch (type_oid) {
	case 0:
		return format == 0 ? VALUE_TEXT : VALUE_STRICT;
	case PG_CHAR:
	case PG_NAME:
	case PG_TEXT:
	case PG_XML:
	case PG_UNKNOWN:
	case PG_BPCHAR:
	case PG_VARCHAR:
	case PG_CSTRING:
		return VALUE_TEXT;
	case PG_JSON:
		return VALUE_JSON;
	case PG_JSONB:
		return format == 0 ? VALUE_JSON : VALUE_JSONB;
	case PG_NAME_ARRAY:
	case PG_TEXT_ARRAY:
	case PG_BPCHAR_ARRAY:
	case PG_VARCHAR_ARRAY:
		return format == 0 ? VALUE_ARRAY : VALUE_STRICT;
	case PG_BYTEA:
		return format == 0 ? VALUE_STRICT : VALUE_BYTES;
	default:
		return VALUE_STRICT;
	}
}

// Returns the number of findings, or -1 when the whole value must be taken as one.
static int look(const struct value_scan *s, struct span text, struct finding *findings)
{
	const struct pattern_choice wanted = {s->snapshot->pattern_classes, s->wanted};
	bool more = false;
	if (s->snapshot->entities == NULL || text.n == 0)
		return 0;
	int n = scan_named(
		s->snapshot->entities, s->scratch, s->name, text,
		s->wanted == NULL ? NULL : &wanted, findings, VALUE_FINDINGS_MAX, &more
	);
	return n < 0 || more ? -1 : n;
}

static bool holds_any(const struct value_scan *s, struct span text)
{
	struct finding findings[VALUE_FINDINGS_MAX];
	return look(s, text, findings) != 0;
}

// Is position `at` of a JSON text inside a string? (RFC 8259 7)
static bool in_json_string(struct span text, size_t at)
{
	bool inside = false;
	for (size_t i = 0; i < at; i++) {
		if (text.p[i] == '\\' && inside)
			i++;
		else if (text.p[i] == '"')
			inside = !inside;
	}
	return inside;
}

static int replace(
	const struct value_scan *s, struct span text, const struct finding *f,
	enum value_class class, struct buf *out
)
{
	static const struct mask_style redact = {.kind = MASK_REDACT};
	const struct mask_style *style = &s->snapshot->styles[f->pattern];
	struct span value = {text.p + f->start, f->end - f->start};
	bool quote = class == VALUE_JSON && !in_json_string(text, f->start);
	int r = quote ? buf_append_u8(out, '"') : 0;
	if (s->for_record)
		style = style_for_record(style);
	if (class != VALUE_TEXT && class != VALUE_BYTES && !style_is_plain(style, value))
		style = &redact;
	if (r == 0)
		r = style_apply(s->styler, style, f->pattern, value, out);
	return r == 0 && quote ? buf_append_u8(out, '"') : r;
}

int value_rewrite(
	const struct value_scan *s, struct span text, enum value_class class, struct buf *out,
	uint32_t *found
)
{
	struct finding findings[VALUE_FINDINGS_MAX];
	int n = look(s, text, findings), r = 0;
	size_t done = 0;
	if (n < 0) {
		*found += 1;
		return buf_append(
			out,
			class == VALUE_JSON ? SPAN_LIT("\"[REDACTED]\"") : SPAN_LIT("[REDACTED]")
		);
	}
	for (int i = 0; i < n && r == 0; i++) {
		r = buf_append(out, span_of(text.p + done, findings[i].start - done));
		if (r == 0)
			r = replace(s, text, &findings[i], class, out);
		done = findings[i].end;
	}
	*found += (uint32_t)n;
	return r == 0 ? buf_append(out, span_from(text, done)) : r;
}

static int64_t be_signed(struct span v)
{
	uint64_t n = v.n > 0 && (v.p[0] & 0x80) != 0 ? UINT64_MAX : 0;
	for (size_t i = 0; i < v.n; i++)
		n = n << 8 | v.p[i];
	return (int64_t)n;
}

static bool integer_holds(const struct value_scan *s, struct span v)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%lld", (long long)be_signed(v));
	return holds_any(s, span_of(text, (size_t)n));
}

// numeric_send: digit groups of base 10000, their weight, sign, scale. Only whole digits matter
// here.
static bool numeric_holds(const struct value_scan *s, struct span v)
{
	struct cursor c = cursor_of(v);
	char text[512];
	size_t n = 0;
	uint16_t groups = cursor_be16(&c);
	int16_t weight = (int16_t)cursor_be16(&c);
	(void)cursor_be16(&c); // sign
	(void)cursor_be16(&c); // scale
	for (uint16_t i = 0; i < groups && !c.bad && n + 8 < sizeof(text); i++) {
		if ((int)i == weight + 1)
			text[n++] = '.';
		n += (size_t)snprintf(
			text + n, sizeof(text) - n, i == 0 ? "%u" : "%04u",
			(unsigned)cursor_be16(&c) % 10000
		);
	}
	for (int i = groups; i <= weight && n + 4 < sizeof(text); i++) {
		memcpy(text + n, "0000", 4); // trailing zero groups are not sent
		n += 4;
	}
	return holds_any(s, span_of(text, n)) || !cursor_done(&c);
}

static bool inet_holds(const struct value_scan *s, struct span v)
{
	char text[16];
	if (v.n != 8 || v.p[3] != 4)
		return holds_any(s, v);
	int n = snprintf(text, sizeof(text), "%u.%u.%u.%u", v.p[4], v.p[5], v.p[6], v.p[7]);
	return holds_any(s, span_of(text, (size_t)n));
}

static bool binary_holds(
	const struct value_scan *s, uint32_t type_oid, struct span v, unsigned depth
);

// array_send: dimensions, has-nulls, element type, bounds, then each element behind its length.
static bool array_holds(const struct value_scan *s, struct span v, unsigned depth)
{
	struct cursor c = cursor_of(v);
	uint32_t dimensions = cursor_be32(&c);
	(void)cursor_be32(&c);
	uint32_t type = cursor_be32(&c);
	if (c.bad || dimensions > 6) // MAXDIM
		return false;
	(void)cursor_bytes(&c, (size_t)dimensions * 8);
	while (!c.bad && cursor_left(&c) > 0) {
		uint32_t n = cursor_be32(&c);
		if (n == UINT32_MAX)
			continue;
		if (binary_holds(s, type, cursor_bytes(&c, n), depth + 1))
			return true;
	}
	return false;
}

// record_send: number of fields, then type and length before each.
static bool record_holds(const struct value_scan *s, struct span v, unsigned depth)
{
	struct cursor c = cursor_of(v);
	(void)cursor_be32(&c);
	while (!c.bad && cursor_left(&c) > 0) {
		uint32_t type = cursor_be32(&c), n = cursor_be32(&c);
		if (n == UINT32_MAX)
			continue;
		if (binary_holds(s, type, cursor_bytes(&c, n), depth + 1))
			return true;
	}
	return false;
}

// What has no text of its own is read as bytes, as an integer where its size is one's, and as an
// array or a record where its shape is one's: a custom type cannot hide a value.
static bool binary_holds(
	const struct value_scan *s, uint32_t type_oid, struct span v, unsigned depth
)
{
	if (depth > VALUE_NESTING_MAX)
		return true; // deeper than anyone nests: do not let it pass unread
	if (type_oid == PG_NUMERIC)
		return numeric_holds(s, v);
	if (type_oid == PG_INET)
		return inet_holds(s, v);
	if (type_oid == PG_INT2 || type_oid == PG_INT4 || type_oid == PG_INT8)
		return integer_holds(s, v);
	if (value_class_of(type_oid, 1) != VALUE_STRICT)
		return holds_any(s, v);
	if (holds_any(s, v) || (v.n == 8 && type_oid == 0 && integer_holds(s, v)))
		return true;
	return array_holds(s, v, depth) || record_holds(s, v, depth);
}

// bytea in text: \x and two digits a byte.
static bool hex_holds(const struct value_scan *s, struct span v, struct buf *out)
{
	size_t start = buf_len(out);
	bool found = false;
	if (v.n < 2 || v.p[0] != '\\' || v.p[1] != 'x')
		return holds_any(s, v);
	for (size_t i = 2; i + 1 < v.n; i += 2) {
		unsigned hi = v.p[i], lo = v.p[i + 1];
		hi = hi >= 'a' ? hi - 'a' + 10 : hi - '0';
		lo = lo >= 'a' ? lo - 'a' + 10 : lo - '0';
		if (buf_append_u8(out, (uint8_t)(hi << 4 | (lo & 15))) != 0)
			return true;
	}
	found = holds_any(s, span_from(buf_span(out), start));
	buf_truncate(out, start);
	return found;
}

static int mask_strict(
	const struct value_scan *s, uint32_t type_oid, uint16_t format, struct span value,
	bool *null, struct buf *out, uint32_t *found
)
{
	bool holds;
	if (format != 0)
		holds = binary_holds(s, type_oid, value, 0);
	else if (type_oid == PG_BYTEA)
		holds = hex_holds(s, value, out);
	else
		holds = holds_any(s, value);
	*null = holds;
	*found += holds;
	return 0;
}

int value_mask(
	const struct value_scan *s, uint32_t type_oid, uint16_t format, struct span *value,
	bool *null, struct buf *out, uint32_t *found
)
{
	enum value_class class = value_class_of(type_oid, format);
	struct span text = *value;
	size_t start = buf_len(out);
	uint32_t n = 0;
	int r = 0;
	if (class == VALUE_STRICT)
		return mask_strict(s, type_oid, format, text, null, out, found);
	if (!holds_any(s, text))
		return 0;
	if (class == VALUE_JSONB) {
		r = buf_append(out, span_first(text, 1)); // jsonb_send's version
		text = span_from(text, 1);
		class = VALUE_JSON;
	}
	if (r == 0)
		r = value_rewrite(s, text, class, out, &n);
	*found += n;
	*value = (struct span){NULL, buf_len(out) - start};
	return r;
}
