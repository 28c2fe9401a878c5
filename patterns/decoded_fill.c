// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/decoded.h"
#include "patterns/decoded_wide.h"
#include "patterns/finder.h"

size_t decoded_character(const uint8_t *p, size_t n, bool nul)
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

static inline void mark(struct decoded *d, size_t at)
{
	if (d->mark_count > 0 && d->n < d->marks[d->mark_count - 1].decoded + DECODED_MARK)
		return;
	d->marks[d->mark_count++] = (struct decoded_mark){(uint32_t)d->n, (uint32_t)at};
}

// A '+' of URL text that stands for itself or a space.
static inline void note_plus(struct decoded *d)
{
	if (d->form == SCAN_URL_PLUS)
		d->escaped = true;
	else
		d->plus = true;
}

// Copy 16 characters. Returns which of them stop plain text, a bit each. Out: *plus, those that are
// '+'.
static inline unsigned copy_wide(struct decoded *d, size_t at, size_t to, unsigned *plus)
{
	__m128i c = wide_load(d->from.p + at);
	unsigned stops = wide_stops(d->form == SCAN_JSON, c);
	*plus = wide_equal(c, '+');
	if (d->form == SCAN_URL_PLUS) // '+' and ' ' differ in these bits
		c = _mm_xor_si128(
			c, _mm_and_si128(_mm_cmpeq_epi8(c, wide_all('+')), wide_all('+' ^ ' '))
		);
	_mm_storeu_si128((void *)(d->text + to), c);
	return stops;
}

// Take `copied` characters, up to the first that stops plain text. Returns how many they are.
static inline size_t take_plain(struct decoded *d, uint64_t stops, uint64_t plus, size_t copied)
{
	size_t n = stops == 0 ? copied : (size_t)__builtin_ctzll(stops);
	if (d->form != SCAN_JSON && stops != 0)
		plus &= (UINT64_C(1) << n) - 1;
	if (d->form != SCAN_JSON && plus != 0)
		note_plus(d);
	d->n += n;
	return n;
}

static inline size_t copy_block(struct decoded *d, size_t at)
{
	uint64_t stops = 0, plus = 0;
	for (unsigned i = 0; i < DECODED_BLOCK; i += DECODED_WIDE) {
		unsigned signs;
		stops |= (uint64_t)copy_wide(d, at + i, d->n + i, &signs) << i;
		plus |= (uint64_t)signs << i;
	}
	return take_plain(d, stops, plus, DECODED_BLOCK);
}

static inline size_t copy_plain(struct decoded *d, size_t at)
{
	unsigned plus, stops = copy_wide(d, at, d->n, &plus);
	return take_plain(d, stops, plus, DECODED_WIDE);
}

// Are there `n` characters before `limit`, and room for them?
static inline bool has_room(const struct decoded *d, size_t at, size_t limit, size_t n)
{
	return at < limit && limit - at >= n && d->size - d->n >= n;
}

// Characters that are no escapes, up to `limit`. Returns where they end. Where the first 16 stop
// nothing, the next 64 are likely not to.
static size_t fill_plain_text(struct decoded *d, size_t at, size_t limit)
{
	bool json = d->form == SCAN_JSON;
	while (has_room(d, at, limit, DECODED_WIDE)) {
		mark(d, at);
		size_t n = copy_plain(d, at);
		at += n;
		if (n < DECODED_WIDE)
			return at;
		while (has_room(d, at, limit, DECODED_BLOCK)) {
			mark(d, at);
			n = copy_block(d, at);
			at += n;
			if (n < DECODED_BLOCK)
				return at;
		}
	}
	for (; at < limit && d->n < d->size; at++) {
		mark(d, at);
		uint8_t c = d->from.p[at];
		if (c == (json ? '\\' : '%') || c == '+' || decoded_delimits(d->form, c))
			break;
		d->text[d->n++] = c;
	}
	return at;
}

// The common escapes, quickly. Returns the length of the one at `at`, or 0: unit_read knows more.
static inline size_t read_json_escape(struct span from, size_t at, uint8_t *out)
{
	const uint8_t *p = from.p + at;
	size_t left = from.n - at;
	if (left >= 6 && p[1] == 'u' && p[2] == '0' && p[3] == '0') {
		uint8_t high = unit_hex[p[4]], low = unit_hex[p[5]];
		*out = (uint8_t)(high << 4 | low);
		return high < 8 && low < 16 ? 6 : 0;
	}
	if (left < 2)
		return 0;
	*out = p[1] == 'n' ? '\n' : p[1];
	return p[1] == 'n' || p[1] == '"' || p[1] == '\\' ? 2 : 0;
}

static inline size_t read_url_escape(struct span from, size_t at, uint8_t *out)
{
	const uint8_t *p = from.p + at;
	if (from.n - at < 3 || p[0] != '%')
		return 0;
	uint8_t high = unit_hex[p[1]], low = unit_hex[p[2]];
	*out = (uint8_t)(high << 4 | low);
	return (high | low) < 16 ? 3 : 0;
}

// Decode the escape, or other character, at `at`. Returns its length.
static inline size_t fill_escape(struct decoded *d, size_t at)
{
	uint8_t *out = d->text + d->n;
	size_t n = 1, length = d->form == SCAN_JSON ? read_json_escape(d->from, at, out)
						    : read_url_escape(d->from, at, out);
	if (length == 0)
		length = unit_read(d->form, d->from, at, out, &n);
	d->n += n;
	return length;
}

// An escape that ends at `end` has been decoded.
static void note_escape(struct decoded *d, size_t end)
{
	d->escaped = true;
	d->coded_plus |= d->text[d->n - 1] == '+';
	d->sure = end > d->sure ? end : d->sure;
}

static void fill_escapes(struct decoded *d, size_t at, size_t reach)
{
	bool json = d->form == SCAN_JSON;
	while (at < d->from.n && d->n < d->size) {
		uint8_t c = d->from.p[at];
		size_t length = 1;
		if (c != (json ? '\\' : '%')) {
			size_t left = d->from.n - d->sure; // as sure is at most there
			at = fill_plain_text(d, at, left > reach ? d->sure + reach : d->from.n);
			if (at == d->from.n || d->n >= d->size)
				break;
			c = d->from.p[at];
		}
		mark(d, at);
		if (c == (json ? '\\' : '%') || (c == '+' && !json)) {
			length = fill_escape(d, at);
			if (length > 1)
				note_escape(d, at + length);
			else if (c == '+')
				note_plus(d);
		} else if (decoded_delimits(d->form, c) || (at > d->sure && at - d->sure >= reach)) {
			break;
		} else {
			d->text[d->n++] = c;
		}
		at += length;
	}
	d->ended = at >= d->from.n || d->n < d->size;
	d->end = at;
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
		if (bytes[i] >= 0x80 || decoded_character(bytes + i, 1, d->nul) == 0)
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
		size_t length = decoded_character(d->text + from, d->n - from, d->nul);
		if (length == 0)
			break;
		from += length;
	}
	return from;
}

static inline bool is_printable(uint8_t c)
{
	return c >= 0x20 && c < 0x7f;
}

// Whole groups of base64 on one line that stand for printable ASCII, and are sure: most of any
// text. Returns where they end.
static size_t fill_plain_base64(struct decoded *d, size_t at)
{
	for (; d->from.n - at >= DECODED_WIDE && d->n < d->size && d->size - d->n >= 12;
	     at += DECODED_WIDE, d->n += 12) {
		if (!wide_base64(d->from.p + at, d->text + d->n))
			break;
		mark(d, at);
	}
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

// The same of hex, in rows that are sure by themselves, as long as what is before them is.
static size_t fill_plain_hex(struct decoded *d, size_t at)
{
	while (d->from.n - at >= FINDER_HEX && d->n < d->size && d->size - d->n >= FINDER_HEX / 2 &&
	       at + FINDER_HEX <= d->sure + DECODED_LEAP) {
		if (!wide_hex(d->from.p + at, d->text + d->n))
			break;
		mark(d, at);
		d->n += FINDER_HEX / 2;
		at += FINDER_HEX;
		if (at > d->sure)
			d->sure = at;
	}
	return at;
}

// Returns how many units of base64 or hex at `at` are the common case, and were decoded.
static size_t fill_plain_units(struct decoded *d, size_t at)
{
	if (d->form == SCAN_BASE64)
		return (fill_plain_base64(d, at) - at) / 4;
	return d->form == SCAN_HEX ? (fill_plain_hex(d, at) - at) / 2 : 0;
}

// A text that ends is cut behind its last character.
static void fill_run(struct decoded *d, size_t at)
{
	size_t checked = d->skip, row = 0, unit = d->form == SCAN_BASE64 ? 4 : 2;
	bool last = false;
	d->ended = true;
	while (at < d->from.n && !last) {
		size_t n, length;
		if (d->n >= d->size) {
			d->ended = false;
			break;
		}
		if (checked == d->n) {
			size_t units = fill_plain_units(d, at);
			at += unit * units;
			row += units;
			if (units > 0 && row >= sure_units(d->form) && at > d->sure)
				d->sure = at;
			checked = d->n;
			if (units > 0)
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
	d->mark_count = d->next_mark = 0;
	d->escaped = false;
	if (d->form == SCAN_URL || d->form == SCAN_URL_PLUS || d->form == SCAN_JSON)
		fill_escapes(d, start, reach);
	else
		fill_run(d, start);
}
