// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/inspect/stretch.h"

enum { ENTITY_MAX = 10 }; // bytes of a character reference that anybody writes

// The length of what is at `at` of a JSON text: a character, or inside a string an escape (RFC 8259
// 7).
static size_t json_unit(const struct json_reader *r, struct span text)
{
	if (!r->inside || text.p[r->at] != '\\')
		return 1;
	size_t n = r->at + 1 < text.n && text.p[r->at + 1] == 'u' ? 6 : 2;
	return n < text.n - r->at ? n : text.n - r->at;
}

// Go to the character or escape that byte `to` is part of.
static void json_seek(struct json_reader *r, struct span text, size_t to)
{
	while (r->at < text.n) {
		size_t n = json_unit(r, text);
		if (r->at + n > to)
			return;
		if (text.p[r->at] == '"')
			r->inside = !r->inside;
		r->at += n;
	}
}

// Part of a number, or of true, false and null.
static bool is_scalar(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '+' ||
	       c == '.' || c == 'E';
}

static struct stretch json_bare(struct span text, const struct finding *f)
{
	struct stretch s = {.start = f->start, .end = f->end, .bare = true};
	while (s.start > 0 && is_scalar(text.p[s.start - 1]))
		s.start--;
	while (s.end < text.n && is_scalar(text.p[s.end]))
		s.end++;
	for (size_t i = s.start; i < s.end; i++)
		if (!is_scalar(text.p[i]))
			s.broken = true;
	return s;
}

static struct stretch json_stretch(
	struct span text, const struct finding *f, struct json_reader *reader
)
{
	struct stretch s = {0};
	json_seek(reader, text, f->start);
	if (!reader->inside)
		return json_bare(text, f);
	struct json_reader end = *reader;
	s.start = reader->at;
	while (end.at < f->end && end.at < text.n) {
		if (text.p[end.at] == '"')
			s.broken = true;
		end.at += json_unit(&end, text);
	}
	s.end = end.at;
	return s;
}

static bool holds_one_of(struct span text, const struct finding *f, const char *marks)
{
	for (size_t i = f->start; i < f->end; i++)
		if (text.p[i] != '\0' && strchr(marks, text.p[i]) != NULL)
			return true;
	return false;
}

static bool is_in_entity(struct span text, size_t at)
{
	for (size_t i = 0; i < ENTITY_MAX && i < at; i++) {
		uint8_t c = text.p[at - 1 - i];
		if (c == '&' || c == ';')
			return c == '&';
	}
	return false;
}

struct stretch stretch_of(
	enum value_class class, struct span text, const struct finding *f,
	struct json_reader *reader
)
{
	struct stretch s = {.start = f->start, .end = f->end};
	switch (class) {
	case VALUE_TEXT:
	case VALUE_COPY:
	case VALUE_BYTES:
		break;
	case VALUE_JSON:
	case VALUE_JSONB:
		return json_stretch(text, f, reader);
	case VALUE_ARRAY:
		s.broken = holds_one_of(text, f, "{}\",\\");
		break;
	case VALUE_XML:
		s.broken = holds_one_of(text, f, "<>&\"") || is_in_entity(text, f->start);
		break;
	case VALUE_STRICT:
		s.broken = true;
		break;
	}
	return s;
}
