// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/notify/text.h"

#include <stdio.h>
#include <stdlib.h>

enum { SHOWN_MAX = 10 }; // bytes that one byte or character becomes at most: \u{10ffff}

// The length of the UTF-8 character at the front (RFC 3629 4), 0 when there is none. Out: *point.
static size_t character(struct span s, uint32_t *point)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint8_t b = s.p[0];
	size_t n = b < 0x80 ? 1 : b >= 0xf0 ? 4 : b >= 0xe0 ? 3 : 2;

	if (n == 1) {
		*point = b;
		return 1;
	}
	if (b < 0xc2 || b > 0xf4 || n > s.n)
		return 0;
	uint32_t v = b & (0x7fU >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s.p[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (s.p[i] & 0x3f);
	}
	if (v < least[n] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
		return 0;
	*point = v;
	return n;
}

// Characters that a reader does not see, or that change the order of what he sees: a command must
// look like what it does.
static bool is_hidden(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{0x00, 0x08},     {0x0b, 0x1f},       {0x7f, 0x9f},       {0xad, 0xad},
		{0x34f, 0x34f},   {0x61c, 0x61c},     {0x115f, 0x1160},   {0x17b4, 0x17b5},
		{0x180b, 0x180f}, {0x200b, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f},
		{0x3164, 0x3164}, {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},
		{0xfff0, 0xfffb}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}, {0xf0000, 0x10ffff},
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

static json_t *show(struct span s, size_t max)
{
	size_t room = s.n < max ? s.n : max;
	char *out = malloc(room * SHOWN_MAX + 4);
	size_t n = 0, shown = 0;

	if (out == NULL)
		return NULL;
	while (s.n > 0 && shown++ < max) {
		uint32_t point = 0;
		size_t length = character(s, &point);
		if (length == 0) {
			n += (size_t)snprintf(out + n, SHOWN_MAX + 1, "\\x%02x", s.p[0]);
			length = 1;
		} else if (is_hidden(point) && point < 0x80) {
			n += (size_t)snprintf(out + n, SHOWN_MAX + 1, "\\x%02x", point);
		} else if (is_hidden(point)) {
			n += (size_t)snprintf(out + n, SHOWN_MAX + 1, "\\u{%x}", point);
		} else {
			memcpy(out + n, s.p, length);
			n += length;
		}
		s = span_from(s, length);
	}
	if (s.n > 0) {
		memcpy(out + n, "...", 3);
		n += 3;
	}
	json_t *json = json_stringn(out, n);
	explicit_bzero(out, n);
	free(out);
	return json;
}

json_t *text_show(struct span text)
{
	return show(text, SIZE_MAX);
}

json_t *text_excerpt(struct span text, size_t max)
{
	return show(text, max);
}

void text_copy(char *out, size_t size, const char *text)
{
	json_t *shown = text_show(span_str(text));
	struct span s = span_str(json_string_value(shown));
	size_t n = s.n < size ? s.n : size - 1;

	// Not into a character: the bytes behind its first are 10xxxxxx.
	while (n > 0 && n < s.n && (s.p[n] & 0xc0) == 0x80)
		n--;
	if (n > 0)
		memcpy(out, s.p, n);
	out[n] = '\0';
	json_decref(shown);
}
