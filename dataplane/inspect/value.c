// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/inspect/value.h"

#include "dataplane/inspect/ahead.h"
#include "dataplane/inspect/array.h"
#include "dataplane/inspect/bytea.h"
#include "dataplane/inspect/stretch.h"
#include "dataplane/inspect/strict.h"
#include "dataplane/inspect/typed.h"
#include "dataplane/inspect/types.h"

#include <errno.h>

enum value_class value_class_of(uint32_t type_oid, uint16_t format)
{
	switch (type_oid) {
	case 0:
		return format == 0 ? VALUE_TEXT : VALUE_STRICT;
	case PG_CHAR:
	case PG_NAME:
	case PG_TEXT:
	case PG_UNKNOWN:
	case PG_BPCHAR:
	case PG_VARCHAR:
	case PG_CSTRING:
		return VALUE_TEXT;
	case PG_XML:
		return VALUE_XML;
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
		return VALUE_BYTES;
	default:
		return VALUE_STRICT;
	}
}

int value_look(
	const struct value_scan *s, struct span text,
	struct finding findings[static VALUE_FINDINGS_MAX]
)
{
	return value_look_at(s, text, text, findings);
}

int value_look_at(
	const struct value_scan *s, struct span value, struct span text,
	struct finding findings[static VALUE_FINDINGS_MAX]
)
{
	const struct pattern_choice wanted = {s->snapshot->pattern_classes, s->wanted};
	bool more = false;
	int n;
	if (s->snapshot->entities == NULL || text.n == 0)
		return 0;
	if (ahead_take(s->ahead, s, value, findings, &n))
		return n;
	n = scan_named(
		s->snapshot->entities, s->scratch, s->name, text,
		s->wanted == NULL ? NULL : &wanted, findings, VALUE_FINDINGS_MAX, &more
	);
	return n < 0 || more ? -1 : n;
}

bool value_wants_null(const struct value_scan *s, const struct finding *findings, int n)
{
	for (int i = 0; i < n && !s->no_null && !s->for_record; i++)
		if (s->snapshot->styles[findings[i].pattern].kind == MASK_NULL)
			return true;
	return false;
}

static bool is_number(struct span text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
	return true;
}

// A number of a JSON text stays one where its style can make one. Returns -ENOENT where not.
static int replace_number(
	const struct value_scan *s, struct span text, const struct finding *f,
	const struct stretch *stretch, const struct mask_style *style, struct buf *out
)
{
	struct span value = {text.p + f->start, f->end - f->start};
	size_t start = buf_len(out);
	if (style->kind != MASK_PLACEHOLDER || !is_number(value))
		return -ENOENT;
	int r = buf_append(out, span_of(text.p + stretch->start, f->start - stretch->start));
	if (r == 0)
		r = style_placeholder(s->styler, f->pattern, value, NULL, out);
	if (r == 0)
		r = buf_append(out, span_of(text.p + f->end, stretch->end - f->end));
	if (r == -ENOENT)
		buf_truncate(out, start);
	return r;
}

static int replace(
	const struct value_scan *s, struct span text, const struct finding *f,
	const struct stretch *stretch, enum value_class class, struct buf *out
)
{
	static const struct mask_style redact = {.kind = MASK_REDACT};
	const struct mask_style *style = &s->snapshot->styles[f->pattern];
	struct span value = {text.p + f->start, f->end - f->start};
	int r = 0;
	if (s->for_record)
		style = style_for_record(style);
	if (f->form != SCAN_PLAIN || f->joined)
		style = style_for_impure(style);
	if (class != VALUE_TEXT && class != VALUE_BYTES && !style_is_plain(style, value))
		style = &redact;
	if (stretch->bare) {
		r = replace_number(s, text, f, stretch, style, out);
		if (r != -ENOENT)
			return r;
		r = buf_append_u8(out, '"');
	}
	if (r == 0)
		r = style_apply(s->styler, style, f->pattern, value, out);
	return r == 0 && stretch->bare ? buf_append_u8(out, '"') : r;
}

// Returns -ENOENT when a finding cannot be replaced without breaking what is around it.
static int replace_all(
	const struct value_scan *s, struct span text, enum value_class class,
	const struct finding *findings, int n, struct buf *out
)
{
	struct json_reader reader = {0};
	size_t done = 0;
	int r = 0;
	for (int i = 0; i < n && r == 0; i++) {
		struct stretch stretch = stretch_of(class, text, &findings[i], &reader);
		if (stretch.broken)
			return -ENOENT;
		if (stretch.start < done) // has gone with the one before
			continue;
		r = buf_append(out, span_of(text.p + done, stretch.start - done));
		if (r == 0)
			r = replace(s, text, &findings[i], &stretch, class, out);
		done = stretch.end;
	}
	return r == 0 ? buf_append(out, span_from(text, done)) : r;
}

// The whole value is one finding, and NULL is not for it or not wanted. Returns -ENOENT where the
// class has no such text.
static int redact_all(enum value_class class, struct buf *out)
{
	switch (class) {
	case VALUE_TEXT:
	case VALUE_COPY:
	case VALUE_XML:
	case VALUE_BYTES:
		return buf_append(out, SPAN_LIT("[REDACTED]"));
	case VALUE_JSON:
	case VALUE_JSONB:
		return buf_append(out, SPAN_LIT("\"[REDACTED]\""));
	case VALUE_ARRAY:
	case VALUE_STRICT:
		break;
	}
	return -ENOENT;
}

static int rewrite(
	const struct value_scan *s, struct span text, enum value_class class,
	const struct finding *findings, int n, struct buf *out
)
{
	size_t start = buf_len(out);
	int r = n < 0 ? -ENOENT : replace_all(s, text, class, findings, n, out);
	if (r != -ENOENT)
		return r;
	buf_truncate(out, start);
	return redact_all(class, out);
}

int value_rewrite(
	const struct value_scan *s, struct span text, enum value_class class, struct buf *out,
	uint32_t *found
)
{
	struct finding findings[VALUE_FINDINGS_MAX];
	int n = value_look(s, text, findings);
	*found += n < 0 ? 1 : (uint32_t)n;
	return rewrite(s, text, class, findings, n, out);
}

static int mask_text(
	const struct value_scan *s, enum value_class class, struct span *value, bool *null,
	struct buf *out, uint32_t *found
)
{
	struct finding findings[VALUE_FINDINGS_MAX];
	size_t start = buf_len(out), version = value_version(class);
	struct span text = span_from(*value, version);
	int n = value_look_at(s, *value, text, findings);
	if (n == 0)
		return 0;
	*found += n < 0 ? 1 : (uint32_t)n;
	*null = value_wants_null(s, findings, n);
	if (*null)
		return 0;
	int r = buf_append(out, span_first(*value, version));
	if (r == 0)
		r = rewrite(s, text, class, findings, n, out);
	*null = r == -ENOENT;
	if (*null)
		buf_truncate(out, start);
	else
		*value = (struct span){NULL, buf_len(out) - start};
	return *null ? 0 : r;
}

// Takes what a type that is no text holds of findings, or a whole value of it in `whole`.
static int mask_typed(
	const struct value_scan *s, const struct typed *typed, const struct mask_style *whole,
	const struct finding *findings, int n, struct span *value, bool *null, struct buf *out
)
{
	size_t start = buf_len(out);
	int r = typed_rewrite(typed, s->styler, whole, findings, n, out);
	*null = r == -ENOENT;
	if (*null) {
		buf_truncate(out, start);
		return 0;
	}
	*value = (struct span){NULL, buf_len(out) - start};
	return r;
}

static int mask_strict(
	const struct value_scan *s, uint32_t type_oid, uint16_t format, struct span *value,
	bool *null, struct buf *out, uint32_t *found
)
{
	struct finding findings[VALUE_FINDINGS_MAX];
	struct typed typed;
	if (format != 0 && array_is_known(type_oid))
		return array_mask(s, value, null, out, found);
	if (!typed_read(type_oid, format, *value, &typed)) {
		*null = strict_holds(s, type_oid, format, *value);
		*found += *null;
		return 0;
	}
	int n = value_look_at(s, *value, span_of(typed.text, typed.n), findings);
	if (n == 0)
		return 0;
	*found += n < 0 ? 1 : (uint32_t)n;
	return mask_typed(s, &typed, NULL, findings, n, value, null, out);
}

int value_mask(
	const struct value_scan *s, uint32_t type_oid, uint16_t format, struct span *value,
	bool *null, struct buf *out, uint32_t *found
)
{
	enum value_class class = value_class_of(type_oid, format);
	if (class == VALUE_STRICT)
		return mask_strict(s, type_oid, format, value, null, out, found);
	if (type_oid == PG_BYTEA && format == 0)
		return bytea_mask(s, value, null, out, found);
	return mask_text(s, class, value, null, out, found);
}

// The pattern that finds all of `text`, for its validators.
static uint16_t pattern_of(const struct value_scan *s, struct span text)
{
	struct value_scan all = *s;
	struct finding findings[VALUE_FINDINGS_MAX];
	all.wanted = NULL;
	int n = value_look(&all, text, findings);
	return n == 1 && findings[0].start == 0 && findings[0].end == text.n ? findings[0].pattern
									     : STYLE_NO_PATTERN;
}

int value_mask_whole(
	const struct value_scan *s, const struct mask_style *style, uint32_t type_oid,
	uint16_t format, struct span *value, bool *null, struct buf *out
)
{
	enum value_class class = value_class_of(type_oid, format);
	size_t start = buf_len(out);
	uint16_t pattern = STYLE_NO_PATTERN;
	struct typed typed;
	if ((style->kind == MASK_PLACEHOLDER || style->kind == MASK_TOKEN) &&
	    typed_read(type_oid, format, *value, &typed)) {
		struct span text = span_of(typed.text, typed.core);
		const struct finding all = {0, (uint32_t)text.n, pattern_of(s, text)};
		return mask_typed(s, &typed, style, &all, 1, value, null, out);
	}
	if (style->kind == MASK_NULL || type_oid == PG_CHAR ||
	    (class != VALUE_TEXT && (class != VALUE_XML || !style_is_plain(style, *value)))) {
		*null = true; // "char" is one byte
		return 0;
	}
	if (style->kind == MASK_PLACEHOLDER)
		pattern = pattern_of(s, *value);
	int r = style_apply(s->styler, style, pattern, *value, out);
	*value = (struct span){NULL, buf_len(out) - start};
	return r;
}
