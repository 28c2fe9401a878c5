// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/inspect/typed.h"

#include "dataplane/base/cursor.h"
#include "dataplane/inspect/types.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	UUID_BYTES = 16,
	FAMILY_INET = 2, // PGSQL_AF_INET, PGSQL_AF_INET6 of inet.h
	FAMILY_INET6 = 3,
	NUMERIC_MINUS = 0x4000,
};

// numeric_send: groups of four decimal digits, of which the first counts 10000^weight; a sign; how
// many digits are shown behind the point.
struct numeric {
	int n, weight;
	uint16_t sign, scale;
	uint16_t groups[TYPED_TEXT_MAX / 4];
};

static bool parse_numeric(struct span wire, struct numeric *out)
{
	struct cursor c = cursor_of(wire);
	out->n = cursor_be16(&c);
	out->weight = (int16_t)cursor_be16(&c);
	out->sign = cursor_be16(&c);
	out->scale = cursor_be16(&c);
	if ((size_t)out->n > sizeof(out->groups) / sizeof(out->groups[0]))
		return false;
	for (int i = 0; i < out->n; i++)
		out->groups[i] = cursor_be16(&c) % 10000;
	// Nothing behind what is shown.
	return cursor_done(&c) && (out->n == 0 || out->n - out->weight - 1 <= (out->scale + 3) / 4);
}

// The digits that count 10000^power.
static unsigned group_at(const struct numeric *n, int power)
{
	int i = n->weight - power;
	return i >= 0 && i < n->n ? n->groups[i] : 0;
}

// As numeric_out writes it.
static bool read_numeric(struct typed *t)
{
	struct numeric n;
	if (!parse_numeric(t->wire, &n))
		return false;
	int first = n.weight < 0 ? 0 : n.weight;
	if ((size_t)first * 4 + n.scale + 16 > TYPED_TEXT_MAX)
		return false;
	char *to = t->text;
	if (n.sign == NUMERIC_MINUS)
		*to++ = '-';
	else if (n.sign != 0)
		return true; // NaN, infinity: no digits
	for (int power = first; power >= 0; power--)
		to += sprintf(to, power == first ? "%u" : "%04u", group_at(&n, power));
	if (n.scale > 0)
		*to++ = '.';
	char *end = to + n.scale;
	for (int power = -1; to < end; power--)
		to += sprintf(to, "%04u", group_at(&n, power));
	t->n = (size_t)(end - t->text);
	return true;
}

// Four digits of `text`, of which those before `from` and from `to` on are 0.
static unsigned four(const char *text, int at, int from, int to)
{
	unsigned group = 0;
	for (int i = at; i < at + 4; i++)
		group = group * 10 + (i < from || i >= to ? 0 : (unsigned)(text[i] - '0'));
	return group;
}

static int write_numeric(const struct typed *t, const char *text, struct buf *out)
{
	int from = text[0] == '-', point = from + (int)strcspn(text + from, ".");
	int end = (int)strlen(text), behind = end > point ? point + 1 : end;
	int groups = (point - from + 3) / 4, more = (end - behind + 3) / 4;
	int r = buf_append_be16(out, (uint16_t)(groups + more));
	if (r == 0)
		r = buf_append_be16(out, (uint16_t)(groups - 1)); // weight
	if (r == 0)
		r = buf_append(out, span_of(t->wire.p + 4, 4)); // sign and scale
	for (int i = groups; i > 0 && r == 0; i--)
		r = buf_append_be16(out, (uint16_t)four(text, point - 4 * i, from, point));
	for (int i = 0; i < more && r == 0; i++)
		r = buf_append_be16(out, (uint16_t)four(text, behind + 4 * i, behind, end));
	return r;
}

static bool read_integer(struct typed *t)
{
	struct cursor c = cursor_of(t->wire);
	int64_t value;
	switch (t->wire.n) {
	case 2:
		value = (int16_t)cursor_be16(&c);
		break;
	case 4:
		value = (int32_t)cursor_be32(&c);
		break;
	case 8:
		value = (int64_t)cursor_be64(&c);
		break;
	default:
		return false;
	}
	t->n = (size_t)snprintf(t->text, sizeof(t->text), "%lld", (long long)value);
	return true;
}

static bool fits_integer(const struct typed *t, const char *text)
{
	char *end;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno != 0 || *end != '\0')
		return false;
	if (t->type_oid == PG_INT2)
		return value >= INT16_MIN && value <= INT16_MAX;
	return t->type_oid == PG_INT8 || (value >= INT32_MIN && value <= INT32_MAX);
}

static int write_integer(const struct typed *t, const char *text, struct buf *out)
{
	uint64_t value = (uint64_t)strtoll(text, NULL, 10);
	int r = 0;
	for (size_t i = t->wire.n; i > 0 && r == 0; i--)
		r = buf_append_u8(out, (uint8_t)(value >> (8 * (i - 1))));
	return r;
}

static bool read_inet(struct typed *t)
{
	struct span v = t->wire;
	bool v4 = v.n == 8 && v.p[0] == FAMILY_INET && v.p[3] == 4;
	bool v6 = v.n == 20 && v.p[0] == FAMILY_INET6 && v.p[3] == 16;
	if ((!v4 && !v6) ||
	    inet_ntop(v4 ? AF_INET : AF_INET6, v.p + 4, t->text, sizeof(t->text)) == NULL)
		return false;
	t->n = strlen(t->text);
	return true;
}

static int write_inet(const struct typed *t, const char *text, struct buf *out)
{
	uint8_t bytes[16];
	if (inet_pton(t->wire.n == 8 ? AF_INET : AF_INET6, text, bytes) != 1)
		return -ENOENT;
	int r = buf_append(out, span_first(t->wire, 4));
	return r == 0 ? buf_append(out, span_of(bytes, t->wire.n - 4)) : r;
}

static void uuid_text(const uint8_t bytes[static UUID_BYTES], char out[static 37])
{
	for (size_t i = 0; i < UUID_BYTES; i++)
		out +=
			sprintf(out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
				bytes[i]);
}

static bool read_uuid(struct typed *t)
{
	if (t->wire.n != UUID_BYTES)
		return false;
	uuid_text(t->wire.p, t->text);
	t->n = 36;
	return true;
}

// A UUID of our own making (RFC 9562 5.8), the same for the same value.
static int write_uuid(
	const struct typed *t, const struct styler *styler, const struct mask_style *style,
	struct buf *out
)
{
	uint8_t bytes[STYLE_MAC];
	char text[37];
	enum style_use use = style->kind == MASK_TOKEN ? STYLE_USE_TOKEN : STYLE_USE_PLACEHOLDER;
	if (style->kind != MASK_TOKEN && style->kind != MASK_PLACEHOLDER)
		return -ENOENT;
	if (style_mac(styler, use, span_of(t->text, t->n), bytes) != 0)
		return -ENOENT;
	bytes[6] = (bytes[6] & 0x0f) | 0x80;
	bytes[8] = (bytes[8] & 0x3f) | 0x80;
	if (t->format != 0)
		return buf_append(out, span_of(bytes, UUID_BYTES));
	uuid_text(bytes, text);
	return buf_append(out, span_of(text, 36));
}

bool typed_read(uint32_t type_oid, uint16_t format, struct span value, struct typed *out)
{
	bool ok = false;
	out->type_oid = type_oid;
	out->format = format;
	out->wire = value;
	out->n = 0;
	if (type_oid != PG_INT2 && type_oid != PG_INT4 && type_oid != PG_INT8 &&
	    type_oid != PG_NUMERIC && type_oid != PG_INET && type_oid != PG_UUID)
		return false;
	if (format == 0) {
		ok = value.n > 0 && value.n < sizeof(out->text);
		out->n = ok ? value.n : 0;
		memcpy(out->text, value.p, out->n);
	} else if (type_oid == PG_NUMERIC) {
		ok = read_numeric(out);
	} else if (type_oid == PG_INET) {
		ok = read_inet(out);
	} else if (type_oid == PG_UUID) {
		ok = read_uuid(out);
	} else {
		ok = read_integer(out);
	}
	out->text[out->n] = '\0';
	out->core = strcspn(out->text, "/");
	return ok;
}

// Part of a typed text that is to change, and the whole that it would give.
struct part {
	const struct typed *typed;
	size_t start, end;
};

static bool assemble(const struct part *part, struct span piece, char out[static TYPED_TEXT_MAX])
{
	const struct typed *t = part->typed;
	size_t behind = t->n - part->end;
	if (piece.n >= TYPED_TEXT_MAX - part->start - behind)
		return false;
	memcpy(out, t->text, part->start);
	memcpy(out + part->start, piece.p, piece.n);
	memcpy(out + part->start + piece.n, t->text + part->end, behind);
	out[part->start + piece.n + behind] = '\0';
	return true;
}

static bool fits(const void *ctx, struct span piece)
{
	const struct part *part = ctx;
	char text[TYPED_TEXT_MAX];
	uint8_t bytes[16];
	if (!assemble(part, piece, text))
		return false;
	switch (part->typed->type_oid) {
	case PG_NUMERIC:
		return piece.n == part->end - part->start;
	case PG_INET:
		text[strcspn(text, "/")] = '\0';
		return inet_pton(AF_INET, text, bytes) == 1 ||
		       inet_pton(AF_INET6, text, bytes) == 1;
	default:
		return fits_integer(part->typed, text);
	}
}

static int write_back(const struct typed *t, const char *text, struct buf *out)
{
	if (t->format == 0)
		return buf_append(out, span_str(text));
	switch (t->type_oid) {
	case PG_NUMERIC:
		return write_numeric(t, text, out);
	case PG_INET:
		return write_inet(t, text, out);
	default:
		return write_integer(t, text, out);
	}
}

int typed_rewrite(
	const struct typed *typed, const struct styler *styler, const struct mask_style *whole,
	const struct finding *findings, int n, struct buf *out
)
{
	struct typed t = *typed; // changes from finding to finding
	size_t start = buf_len(out);
	if (n < 1)
		return -ENOENT;
	for (int i = 0; i < n; i++) {
		const struct finding *f = &findings[i];
		const struct mask_style *style =
			whole != NULL ? whole : &styler->snapshot->styles[f->pattern];
		const struct part part = {&t, f->start, f->end};
		const struct placeholder_wish wish = {fits, &part};
		char text[TYPED_TEXT_MAX];
		if (t.type_oid == PG_UUID)
			return f->end - f->start == t.n ? write_uuid(&t, styler, style, out)
							: -ENOENT;
		if (style->kind != MASK_PLACEHOLDER || f->form != SCAN_PLAIN || f->joined)
			return -ENOENT;
		int r = style_placeholder(
			styler, f->pattern, span_of(t.text + f->start, f->end - f->start), &wish,
			out
		);
		if (r != 0)
			return r;
		bool ok = assemble(&part, span_from(buf_span(out), start), text);
		buf_truncate(out, start);
		// Later findings must still be where they are.
		if (!ok || (i + 1 < n && strlen(text) != t.n))
			return -ENOENT;
		memcpy(t.text, text, sizeof(text));
		t.n = strlen(text);
	}
	return write_back(&t, t.text, out);
}
