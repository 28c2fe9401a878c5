// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/decoded.h"

#include "patterns/decoded_wide.h"

// Units before a run of interest that may be text.
enum { BACK_MAX = DECODED_LEAP / 2 };

static uint64_t block_delimiters(bool json, const uint8_t *p)
{
	uint64_t out = 0;
	for (unsigned i = 0; i < DECODED_BLOCK; i += DECODED_WIDE)
		out |= (uint64_t)wide_delimiters(json, wide_load(p + i)) << i;
	return out;
}

size_t decoded_escape_start(enum scan_form form, struct span from, size_t at, size_t left)
{
	size_t start = at, least = at > left ? at - left : 0;
	uint64_t delimiters = 0;
	while (start - least >= DECODED_BLOCK && delimiters == 0) {
		start -= DECODED_BLOCK;
		delimiters = block_delimiters(form == SCAN_JSON, from.p + start);
	}
	if (delimiters != 0)
		start += DECODED_BLOCK - (size_t)__builtin_clzll(delimiters);
	while (delimiters == 0 && start > least && !decoded_delimits(form, from.p[start - 1]))
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
			text = text &&
			       (bytes[i] >= 0x80 || decoded_character(bytes + i, 1, d->nul) != 0);
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
		size_t length = decoded_character(bytes + i, n - i, d->nul);
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
