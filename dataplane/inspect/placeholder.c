// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/inspect/placeholder.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

enum {
	SEARCH_MAX = 64,          // bytes: nothing longer has check digits
	TRIES_MAX = 10000,        // candidates shown to a wish for one value
	TRIED_BYTES = 128 * 1024, // and their bytes in all
	ENDS = 3,                 // characters that are turned at most
	LUCK = 60,                // candidates of which few are good
	DRAWS = 4,                // of what has no check digits
};

struct maker {
	uint64_t random; // state of splitmix64; what comes from a keyed seed shows nothing of it
	struct span value;
	const struct placeholder_wish *wish;
	uint8_t *text;     // value.n bytes: the placeholder so far
	size_t lead;       // a first digit that is not 0 and stays so: it may be a number's
	size_t ends[ENDS]; // the last letters or digits, last first; SIZE_MAX where there is none
	bool hex;          // its letters are hexadecimal digits
	unsigned tries;    // that are left
	unsigned turns;    // how many of the ends are turned until a candidate is accepted
	size_t drawn;      // characters drawn anew
	bool is_drawn[SEARCH_MAX];
};

enum class { ALL, DIGITS, LETTERS };

struct alphabet {
	uint8_t first, n;
};

static uint32_t draw(struct maker *m, uint32_t below)
{
	uint64_t z = m->random += 0x9e3779b97f4a7c15;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	z ^= z >> 31;
	return (uint32_t)((z >> 32) * below >> 32);
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_in(enum class class, uint8_t c)
{
	return (class != LETTERS && is_digit(c)) || (class != DIGITS && is_letter(c));
}

static struct alphabet alphabet_at(const struct maker *m, size_t i)
{
	uint8_t c = m->value.p[i];
	if (i == m->lead)
		return (struct alphabet){'1', 9};
	if (is_digit(c))
		return (struct alphabet){'0', 10};
	return (struct alphabet){c & 0x20 ? 'a' : 'A', m->hex ? 6 : 26};
}

static size_t count(const struct maker *m, size_t from, size_t to, enum class class)
{
	size_t n = 0;
	for (size_t i = from; i < to; i++)
		n += is_in(class, m->value.p[i]);
	return n;
}

static void fill(struct maker *m, size_t from, size_t to, enum class class)
{
	for (size_t i = from; i < to; i++) {
		if (!is_in(class, m->value.p[i]))
			continue;
		struct alphabet a = alphabet_at(m, i);
		m->text[i] = (uint8_t)(a.first + draw(m, a.n));
	}
}

static bool accepted(struct maker *m)
{
	struct span text = {m->text, m->value.n};
	if (m->tries == 0)
		return false;
	m->tries--;
	return !span_equal(text, m->value) &&
	       (m->wish == NULL || m->wish->accepts(m->wish->ctx, text));
}

// The next ending: the last character turns fastest; those before it turn where they are digits.
static bool turn(struct maker *m, uint32_t *turned)
{
	for (unsigned e = 0; e < m->turns; e++) {
		if (m->ends[e] == SIZE_MAX || (e > 0 && !is_digit(m->value.p[m->ends[e]])))
			return false;
		struct alphabet a = alphabet_at(m, m->ends[e]);
		uint8_t *c = m->text + m->ends[e];
		*c = (uint8_t)(a.first + (*c - a.first + 1u) % a.n);
		if (++turned[e] < a.n)
			return true;
		turned[e] = 0;
	}
	return false;
}

// Turn the ending until the rest is accepted with it.
static bool settle(struct maker *m)
{
	uint32_t turned[ENDS] = {0};
	do {
		if (accepted(m))
			return true;
	} while (m->tries > 0 && turn(m, turned));
	return false;
}

static void note_drawn(struct maker *m, size_t from, size_t to, enum class class)
{
	for (size_t i = from; i < to; i++) {
		if (!is_in(class, m->value.p[i]) || m->is_drawn[i])
			continue;
		m->is_drawn[i] = true;
		m->drawn++;
	}
}

// Draw a part anew. False: none was accepted, and the text is as it was.
static bool redraw(struct maker *m, size_t from, size_t to, enum class class)
{
	uint8_t before[SEARCH_MAX];
	memcpy(before, m->text, m->value.n);
	for (int i = 0; i < (m->turns > 0 ? 1 : DRAWS); i++) {
		fill(m, from, to, class);
		if (settle(m)) {
			note_drawn(m, from, to, class);
			return true;
		}
		memcpy(m->text, before, m->value.n);
	}
	return false;
}

// What cannot change as a whole changes by halves.
static void redraw_parts(struct maker *m, size_t from, size_t to, enum class class)
{
	size_t n = count(m, from, to, class), middle = from + (to - from) / 2;
	if (n == 0 || m->tries == 0 || redraw(m, from, to, class) || n == 1)
		return;
	redraw_parts(m, middle, to, class);
	redraw_parts(m, from, middle, class);
}

// Draw all anew but the first characters, and then these as far as they may change.
static bool redraw_behind(struct maker *m, size_t start)
{
	if (start >= m->value.n || !redraw(m, start, m->value.n, ALL))
		return false;
	m->turns = 0;
	redraw_parts(m, 0, start, ALL);
	return true;
}

static void search(struct maker *m)
{
	// All of it, or all behind what may be a country or an issuer.
	static const size_t starts[] = {0, 2, 4, 0, 2, 4, 2, 2};
	size_t n = m->value.n, all = count(m, 0, n, ALL);
	m->turns = 2;
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (redraw_behind(m, starts[i]))
			return;
	m->turns = 1; // a check digit, and something else that matters, such as a date
	for (size_t i = 0; i < LUCK; i++)
		if (redraw_behind(m, starts[i % 2]))
			return;
	m->turns = 0; // no check digits, but much else that matters
	redraw_parts(m, 0, n, ALL);
	if (4 * m->drawn >= 3 * all)
		return;
	m->turns = 2; // and check digits
	redraw_parts(m, 0, n, DIGITS);
	redraw_parts(m, 0, n, LETTERS);
	m->turns = 3; // two kinds of check digits
	for (size_t i = 1; i < sizeof(starts) / sizeof(starts[0]) && 2 * m->drawn < all; i++)
		if (redraw_behind(m, starts[i] == 0 ? 0 : 2))
			return;
}

// A long value, such as a signed token: all of it, or what stands between its separators.
static void search_long(struct maker *m)
{
	size_t end = m->value.n;
	m->turns = 1; // the last digit of base64 holds fewer bits
	fill(m, 0, end, ALL);
	if (settle(m)) {
		m->drawn = count(m, 0, end, ALL);
		return;
	}
	memcpy(m->text, m->value.p, end);
	while (end > 0 && m->tries > 0) {
		size_t start = end;
		while (start > 0 && is_in(ALL, m->value.p[start - 1]))
			start--;
		fill(m, start, end, ALL);
		if (start < end && accepted(m))
			m->drawn += end - start;
		else
			memcpy(m->text + start, m->value.p + start, end - start);
		end = start > 0 ? start - 1 : 0;
	}
}

// Learn the form of the value.
static void survey(struct maker *m)
{
	size_t digits = 0, letters = 0;
	bool hex = true, begun = false;
	m->lead = m->ends[0] = m->ends[1] = m->ends[2] = SIZE_MAX;
	for (size_t i = 0; i < m->value.n; i++) {
		uint8_t c = m->value.p[i];
		if (!is_in(ALL, c))
			continue;
		if (!begun && is_digit(c) && c != '0')
			m->lead = i;
		begun = true;
		memmove(m->ends + 1, m->ends, (ENDS - 1) * sizeof(m->ends[0]));
		m->ends[0] = i;
		digits += is_digit(c);
		letters += is_letter(c);
		hex = hex && (is_digit(c) || (c | 0x20) <= 'f');
	}
	m->hex = hex && digits > 0 && letters > 0 && digits + letters >= 8;
}

static bool is_ascii(struct span text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] >= 0x80)
			return false;
	return true;
}

// Write the value to `out` with a letter for each character outside ASCII, so that none of it
// shows.
static struct span spell(struct maker *m, uint8_t *out)
{
	size_t n = 0;
	uint8_t first = 'A';
	for (size_t i = 0; i < m->value.n; i++)
		if (is_letter(m->value.p[i]) && m->value.p[i] >= 'a')
			first = 'a';
	for (size_t i = 0; i < m->value.n; i++) {
		uint8_t c = m->value.p[i];
		if (c >= 0xc0)
			out[n++] = (uint8_t)(first + draw(m, 26));
		else if (c < 0x80)
			out[n++] = c;
	}
	return (struct span){out, n};
}

static int append_form(struct maker *m, struct buf *out)
{
	bool ascii = is_ascii(m->value);
	int r = buf_reserve(out, ascii ? m->value.n : 2 * m->value.n);
	if (r != 0)
		return r;
	m->text = buf_tail(out);
	if (!ascii) // of the room, the second half
		m->value = spell(m, m->text + m->value.n);
	size_t n = m->value.n;
	survey(m);
	if (m->ends[0] == SIZE_MAX)
		return -ENOENT; // nothing in it can change
	memcpy(m->text, m->value.p, n);
	m->tries = TRIED_BYTES / n < TRIES_MAX ? (unsigned)(TRIED_BYTES / n) + 1 : TRIES_MAX;
	if (n <= SEARCH_MAX)
		search(m);
	else
		search_long(m);
	if (2 * m->drawn < count(m, 0, n, ALL) || span_equal((struct span){m->text, n}, m->value))
		return -ENOENT;
	buf_commit(out, n);
	return 0;
}

static bool is_email(struct span text)
{
	const uint8_t *at = text.n == 0 ? NULL : memchr(text.p, '@', text.n);
	if (at == NULL || at == text.p)
		return false;
	struct span domain = span_from(text, (size_t)(at - text.p) + 1);
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] <= ' ')
			return false;
	return domain.n > 0 && memchr(domain.p, '@', domain.n) == NULL &&
	       memchr(domain.p, '.', domain.n) != NULL;
}

// An address of the same kind that nobody has. Returns its length in `out`, 0 when `text` is none.
static int address(struct maker *m, struct span text, char *out, size_t size)
{
	static const char *const nets[] = {"192.0.2", "198.51.100", "203.0.113"}; // RFC 5737
	char copy[INET6_ADDRSTRLEN];
	uint8_t bytes[16];
	if (is_email(text))
		return snprintf(
			out, size, "user-%08x%08x@example.invalid", draw(m, UINT32_MAX),
			draw(m, UINT32_MAX)
		);
	if (text.n >= sizeof(copy) || memchr(text.p, '\0', text.n) != NULL)
		return 0;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	if (inet_pton(AF_INET, copy, bytes) == 1)
		return snprintf(out, size, "%s.%u", nets[draw(m, 3)], 1 + draw(m, 254));
	if (inet_pton(AF_INET6, copy, bytes) != 1)
		return 0;
	memcpy(bytes, (uint8_t[]){0x20, 0x01, 0x0d, 0xb8}, 4); // RFC 3849
	for (size_t i = 4; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)draw(m, 256);
	return inet_ntop(AF_INET6, bytes, out, (socklen_t)size) == NULL ? 0 : (int)strlen(out);
}

int placeholder_append(
	const uint8_t seed[static PLACEHOLDER_SEED], struct span value,
	const struct placeholder_wish *wish, struct buf *out
)
{
	struct maker m = {.value = value, .wish = wish};
	char text[64];
	memcpy(&m.random, seed, sizeof(m.random));
	if (value.n == 0)
		return -ENOENT;
	for (int i = 0; i < DRAWS; i++) {
		struct span made = {0};
		int n = address(&m, value, text, sizeof(text));
		if (n <= 0)
			break;
		made = span_of(text, (size_t)n);
		if (!span_equal(made, value) && (wish == NULL || wish->accepts(wish->ctx, made)))
			return buf_append(out, made);
	}
	return append_form(&m, out);
}
