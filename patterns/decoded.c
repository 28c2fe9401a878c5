// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/decoded.h"

#include "patterns/finder.h"

#include <errno.h>
#include <stdlib.h>

// Units before a run of interest that may be text.
enum { BACK_MAX = DECODED_LEAP / 2 };

int decoded_init(struct decoded *d, size_t size)
{
	// Room for a last unit, and for a mark at each end.
	*d = (struct decoded){.size = size};
	d->text = malloc(size + UNIT_BYTES);
	d->marks = calloc(size / DECODED_MARK + 2, sizeof(d->marks[0]));
	if (d->text == NULL || d->marks == NULL)
		return -ENOMEM;
	// Their pages are made here, not by a worker's scan.
	explicit_bzero(d->text, size + UNIT_BYTES);
	explicit_bzero(d->marks, (size / DECODED_MARK + 2) * sizeof(d->marks[0]));
	return 0;
}

void decoded_fini(struct decoded *d)
{
	free(d->text);
	free(d->marks);
	*d = (struct decoded){0};
}

// Bytes of the character at the start of `p`, when it is text: printable ASCII, tab, line ends, or
// UTF-8 (RFC 3629 4, without the finer points). 0: it is not, or is cut.
static size_t character(const uint8_t *p, size_t n, bool nul)
{
	size_t length = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (length == 1)
		return (p[0] >= 0x20 && p[0] < 0x7f) || p[0] == '\t' || p[0] == '\n' ||
		       p[0] == '\r' || (p[0] == 0 && nul);
	if (p[0] < 0xc2 || p[0] > 0xf4 || length > n)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	return length;
}

static bool is_run(enum scan_form form)
{
	return form == SCAN_BASE64 || form == SCAN_HEX || form == SCAN_UTF16LE ||
	       form == SCAN_UTF16BE;
}

// A character that cannot stand in the text, so that no value goes on across it: RFC 3986 2, or
// RFC 8259 7.
static bool delimits(enum scan_form form, uint8_t c)
{
	if (form == SCAN_JSON)
		return c == '"' || c < 0x20;
	return c <= 0x20 || c >= 0x7f || c == '"' || c == '<' || c == '>' || c == '\\' ||
	       c == '^' || c == '`' || c == '{' || c == '|' || c == '}';
}

size_t decoded_escape_start(enum scan_form form, struct span from, size_t at, size_t left)
{
	size_t start = at, least = at > left ? at - left : 0;
	while (start > least && !delimits(form, from.p[start - 1]))
		start--;
	// In the middle of backslashes nobody knows which escapes which.
	while (start > 0 && start < at && from.p[start - 1] == '\\')
		start++;
	return start;
}

// Characters of one unit before `at`, passing over line breaks; 0: there is none.
static size_t step_back(enum scan_form form, struct span from, size_t at)
{
	size_t digits = form == SCAN_BASE64 ? 4 : 2, start = at;
	if (form == SCAN_UTF16LE || form == SCAN_UTF16BE)
		return at >= 2 ? 2 : 0;
	while (digits > 0) {
		size_t i = start;
		while (i > 0 && start - i <= UNIT_INDENT && !unit_is_digit(form, from.p[i - 1]))
			i--;
		if (i == 0 || start - i > UNIT_INDENT)
			return 0;
		if (i < start) {
			if (unit_break(form, from, i) != start - i)
				return 0;
			start = i;
		}
		start--;
		digits--;
	}
	return at - start;
}

size_t decoded_run_start(struct decoded *d, size_t at)
{
	uint8_t bytes[(BACK_MAX + 1) * UNIT_BYTES];
	size_t place[sizeof(bytes)], back[BACK_MAX + 1], units = 0, n = 0, start = 0;
	size_t least = at > DECODED_LEAP ? at - DECODED_LEAP : 0;
	bool text = true;
	for (back[0] = at; units < BACK_MAX && text; units++) {
		size_t got, step = step_back(d->form, d->from, back[units]);
		if (step == 0 || back[units] - step < least)
			break;
		back[units + 1] = back[units] - step;
		(void)unit_read(d->form, d->from, back[units + 1], bytes, &got);
		for (size_t i = 0; i < got; i++) // what comes before it does not matter
			text = text && (bytes[i] >= 0x80 || character(bytes + i, 1, d->nul) != 0);
	}
	// Forward again, as UTF-8 is read that way: the text begins behind the last byte that is
	// none.
	for (size_t i = units; i > 0; i--) {
		size_t got = 0;
		(void)unit_read(d->form, d->from, back[i], bytes + n, &got);
		for (size_t k = 0; k < got; k++)
			place[n + k] = back[i];
		n += got;
	}
	for (size_t i = 0; i < n;) {
		size_t length = character(bytes + i, n - i, d->nul);
		i += length == 0 ? 1 : length;
		if (length == 0)
			start = i;
	}
	d->skip = 0;
	if (start == n)
		return at;
	while (start > d->skip && place[start - d->skip - 1] == place[start])
		d->skip++;
	return place[start];
}

static inline void mark(struct decoded *d, size_t at)
{
	if (d->mark_count > 0 && d->n < d->marks[d->mark_count - 1].decoded + DECODED_MARK)
		return;
	d->marks[d->mark_count++] = (struct decoded_mark){(uint32_t)d->n, (uint32_t)at};
}

// Characters that stand for themselves, up to `limit`. Returns where they end.
static size_t fill_plain_text(struct decoded *d, size_t at, size_t limit)
{
	enum { URL = 1, JSON = 2 };
	// What delimits, and what may begin an escape.
	static const uint8_t stops[256] = {
		[0 ... 0x1f] = URL | JSON,
		[' '] = URL,
		['"'] = URL | JSON,
		['%'] = URL,
		['+'] = URL,
		['<'] = URL,
		['>'] = URL,
		['\\'] = URL | JSON,
		['^'] = URL,
		['`'] = URL,
		['{'] = URL,
		['|'] = URL,
		['}'] = URL,
		[0x7f ... 0xff] = URL,
	};
	uint8_t stop = d->form == SCAN_JSON ? JSON : URL;
	while (at < limit && d->n < d->size && (stops[d->from.p[at]] & stop) == 0) {
		mark(d, at);
		d->text[d->n++] = d->from.p[at++];
	}
	return at;
}

// An escape that ends at `end` has been decoded.
static void note_escape(struct decoded *d, size_t end)
{
	d->escaped = true;
	if (d->text[d->n - 1] == '+')
		d->coded_plus = true;
	if (end > d->sure)
		d->sure = end;
}

static void fill_escapes(struct decoded *d, size_t at, size_t reach)
{
	bool json = d->form == SCAN_JSON;
	while (at < d->from.n && d->n < d->size) {
		size_t left = d->from.n - d->sure; // as sure is at most there
		at = fill_plain_text(d, at, left > reach ? d->sure + reach : d->from.n);
		if (at == d->from.n || d->n >= d->size)
			break;
		uint8_t c = d->from.p[at];
		size_t n, length = 1;
		mark(d, at);
		if (c == (json ? '\\' : '%') || c == '+') {
			length = unit_read(d->form, d->from, at, d->text + d->n, &n);
			d->n += n;
			if (length > 1)
				note_escape(d, at + length);
			else if (d->form == SCAN_URL_PLUS && c == '+')
				d->escaped = true;
			else if (c == '+' && !json)
				d->plus = true;
		} else if (delimits(d->form, c) || (at > d->sure && at - d->sure >= reach)) {
			break;
		} else {
			d->text[d->n++] = c;
		}
		at += length;
	}
	d->ended = at >= d->from.n || d->n < d->size;
	d->end = at;
}

static inline bool is_printable(uint8_t c)
{
	return c >= 0x20 && c < 0x7f;
}

// Units in a row that could only be text: as finder.h has it.
static size_t sure_units(enum scan_form form)
{
	return form == SCAN_BASE64 ? FINDER_BASE64 / 4 : FINDER_HEX / 2;
}

static bool is_sure(const struct decoded *d, size_t length, const uint8_t *bytes, size_t n)
{
	if (d->form != SCAN_BASE64)
		return length == 2 && n == 1 && bytes[0] >= 0x20 && bytes[0] < 0x80;
	if (length != 4 || n != 3 || (bytes[2] & 0x3f) >= 62) // a sign
		return false;
	for (size_t i = 0; i < 3; i++) {
		if (bytes[i] >= 0x80 || character(bytes + i, 1, d->nul) == 0)
			return false;
	}
	return true;
}

bool decoded_is_sure(const struct decoded *d, size_t at)
{
	uint8_t bytes[UNIT_BYTES];
	for (size_t i = 0; i < sure_units(d->form); i++) {
		size_t n, length = unit_read(d->form, d->from, at, bytes, &n);
		if (!is_sure(d, length, bytes, n))
			return false;
		at += length;
	}
	return true;
}

static size_t text_length(const struct decoded *d, size_t from)
{
	while (from < d->n) {
		size_t length = character(d->text + from, d->n - from, d->nul);
		if (length == 0)
			break;
		from += length;
	}
	return from;
}

// Whole groups of base64 on one line that stand for printable ASCII, and are sure: most of any
// text. Returns where they end.
static size_t fill_plain_base64(struct decoded *d, size_t at)
{
	while (d->from.n - at >= 4 && d->n < d->size) {
		const uint8_t *p = d->from.p + at;
		uint8_t a = unit_base64[p[0]], b = unit_base64[p[1]], c = unit_base64[p[2]],
			e = unit_base64[p[3]];
		uint8_t *out = d->text + d->n;
		out[0] = (uint8_t)(a << 2 | b >> 4);
		out[1] = (uint8_t)(b << 4 | c >> 2);
		out[2] = (uint8_t)(c << 6 | e);
		if ((a | b | c) >= 64 || e >= 62 || !is_printable(out[0]) ||
		    !is_printable(out[1]) || !is_printable(out[2]))
			break;
		mark(d, at);
		d->n += 3;
		at += 4;
	}
	return at;
}

// A text that ends is cut behind its last character.
static void fill_run(struct decoded *d, size_t at)
{
	size_t checked = d->skip, row = 0;
	bool last = false;
	d->ended = true;
	while (at < d->from.n && !last) {
		size_t n, length;
		if (d->n >= d->size) {
			d->ended = false;
			break;
		}
		if (d->form == SCAN_BASE64 && checked == d->n) {
			size_t groups = (fill_plain_base64(d, at) - at) / 4;
			at += 4 * groups;
			row += groups;
			if (groups > 0 && row >= sure_units(d->form) && at > d->sure)
				d->sure = at;
			checked = d->n;
			if (groups > 0)
				continue;
		}
		mark(d, at);
		length = unit_read(d->form, d->from, at, d->text + d->n, &n);
		if (length == 0)
			break;
		row = is_sure(d, length, d->text + d->n, n) ? row + 1 : 0;
		d->n += n;
		at += length;
		last = d->form == SCAN_BASE64 && (n == 1 || n == 2); // less than a whole unit
		if (row >= sure_units(d->form) && at > d->sure)
			d->sure = at;
		// A window may begin inside a character.
		while (d->resumed && checked < d->n && checked < UNIT_BYTES - 1 &&
		       (d->text[checked] & 0xc0) == 0x80)
			checked++;
		checked = text_length(d, checked);
		if (d->n > checked && (d->n - checked >= UNIT_BYTES || d->text[checked] < 0xc2))
			break;
		if (at > d->sure && at - d->sure > DECODED_LEAP)
			break;
	}
	d->end = at;
	if (d->ended)
		d->n = checked > d->skip ? checked : d->skip;
}

void decoded_fill(struct decoded *d, size_t start, size_t reach)
{
	d->n = 0;
	d->mark_count = 0;
	d->escaped = false;
	if (is_run(d->form))
		fill_run(d, start);
	else
		fill_escapes(d, start, reach);
}

bool decoded_is_text(const struct decoded *d)
{
	size_t start = d->marks[0].encoded;
	if (!d->ended || d->n - d->skip >= DECODED_SHORT || d->form == SCAN_UTF16LE ||
	    d->form == SCAN_UTF16BE)
		return true;
	return d->skip == 0 && decoded_map_end(d, d->n) == d->end &&
	       (start == 0 || !unit_is_digit(d->form, d->from.p[start - 1])) &&
	       (d->end == d->from.n || !unit_is_digit(d->form, d->from.p[d->end]));
}

// The last unit boundary at or before the decoded byte `to`. Out: *at, the byte there.
static size_t walk(const struct decoded *d, size_t to, size_t *at)
{
	uint8_t bytes[UNIT_BYTES];
	size_t i = to / DECODED_MARK, n, length;
	if (i >= d->mark_count)
		i = d->mark_count - 1;
	while (i > 0 && d->marks[i].decoded > to)
		i--;
	size_t decoded = d->marks[i].decoded, encoded = d->marks[i].encoded;
	while (encoded < d->from.n) {
		length = unit_read(d->form, d->from, encoded, bytes, &n);
		if (length == 0 || decoded + n > to)
			break;
		decoded += n;
		encoded += length;
	}
	*at = decoded;
	return encoded;
}

size_t decoded_map_unit(const struct decoded *d, size_t start, size_t *at)
{
	return walk(d, start, at);
}

size_t decoded_map_start(const struct decoded *d, size_t start)
{
	size_t at;
	return walk(d, start, &at);
}

size_t decoded_map_end(const struct decoded *d, size_t end)
{
	uint8_t bytes[UNIT_BYTES];
	size_t at, n;
	if (end == 0)
		return d->marks[0].encoded;
	// Of the unit that holds the last byte: a line break behind it is not taken.
	size_t encoded = walk(d, end - 1, &at);
	return encoded + unit_read(d->form, d->from, encoded, bytes, &n);
}
