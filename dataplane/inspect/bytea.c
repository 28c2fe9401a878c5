// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/inspect/bytea.h"

enum { PIECE_MAX = 4096 }; // bytes of a finding whose style may look at it

static unsigned digit(uint8_t c)
{
	return (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10) & 15;
}

static uint8_t byte_at(struct span hex, size_t i)
{
	return (uint8_t)(digit(hex.p[2 * i]) << 4 | digit(hex.p[2 * i + 1]));
}

// Find in the bytes, of which `out` is room for while it is searched.
static int look(
	const struct value_scan *s, struct span hex, struct finding *findings, struct buf *out,
	int *n
)
{
	size_t start = buf_len(out), size = hex.n / 2;
	int r = buf_reserve(out, size);
	if (r != 0)
		return r;
	uint8_t *bytes = buf_tail(out);
	for (size_t i = 0; i < size; i++)
		bytes[i] = byte_at(hex, i);
	*n = value_look(s, span_of(bytes, size), findings);
	buf_truncate(out, start);
	return 0;
}

// Write what was appended since `start` as digits, in its place.
static int spell(struct buf *out, size_t start)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = buf_len(out) - start;
	int r = buf_reserve(out, n);
	if (r != 0)
		return r;
	uint8_t *p = buf_tail(out) - n;
	for (size_t i = n; i > 0; i--) {
		uint8_t c = p[i - 1];
		p[2 * i - 1] = (uint8_t)digits[c & 15];
		p[2 * i - 2] = (uint8_t)digits[c >> 4];
	}
	buf_commit(out, n);
	return 0;
}

static int replace(
	const struct value_scan *s, struct span hex, const struct finding *f, struct buf *out
)
{
	static const struct mask_style redact = {.kind = MASK_REDACT};
	const struct mask_style *style = &s->snapshot->styles[f->pattern];
	size_t start = buf_len(out), n = f->end - f->start;
	uint8_t piece[PIECE_MAX];
	if (f->form != SCAN_PLAIN || f->joined)
		style = style_for_impure(style);
	if (n > sizeof(piece))
		style = &redact;
	for (size_t i = 0; i < n && i < sizeof(piece); i++)
		piece[i] = byte_at(hex, f->start + i);
	int r = style_apply(
		s->styler, style, f->pattern, span_of(piece, n < PIECE_MAX ? n : PIECE_MAX), out
	);
	return r == 0 ? spell(out, start) : r;
}

static int mask_hex(
	const struct value_scan *s, struct span *value, bool *null, struct buf *out, uint32_t *found
)
{
	struct finding findings[VALUE_FINDINGS_MAX];
	struct span hex = span_from(*value, 2);
	size_t start = buf_len(out), done = 0;
	int n = 0, r = look(s, hex, findings, out, &n);
	if (r != 0 || n == 0)
		return r;
	*found += n < 0 ? 1 : (uint32_t)n;
	*null = n < 0 || value_wants_null(s, findings, n);
	if (*null)
		return 0;
	r = buf_append(out, span_first(*value, 2));
	for (int i = 0; i < n && r == 0; i++) {
		r = buf_append(out, span_of(hex.p + 2 * done, 2 * (findings[i].start - done)));
		if (r == 0)
			r = replace(s, hex, &findings[i], out);
		done = findings[i].end;
	}
	if (r == 0)
		r = buf_append(out, span_from(hex, 2 * done));
	*value = (struct span){NULL, buf_len(out) - start};
	return r;
}

int bytea_mask(
	const struct value_scan *scan, struct span *value, bool *null, struct buf *out,
	uint32_t *found
)
{
	if (value->n >= 2 && value->p[0] == '\\' && value->p[1] == 'x')
		return mask_hex(scan, value, null, out, found);
	*null = value_holds(scan, *value);
	*found += *null;
	return 0;
}
