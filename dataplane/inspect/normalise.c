// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Statement text for blocklist patterns: what is left when everything that means nothing is gone.
//
// PostgreSQL 15 4.1, "Lexical Structure", with standard_conforming_strings on. The server's own
// scanner costs a quarter of its parser; the fuzz target holds this one against it.

#include "dataplane/inspect/keyword.h"
#include "dataplane/inspect/statement.h"

#include <string.h>

struct lexer {
	const uint8_t *p, *end;
	uint8_t *out, *start;
	bool gap; // white space or a comment before what comes
};

static bool begins_word(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool goes_on(uint8_t c)
{
	return begins_word(c) || is_digit(c) || c == '$';
}

static bool is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r' && c != '\v');
}

static bool looking_at(const struct lexer *x, uint8_t a, uint8_t b)
{
	return x->end - x->p > 1 && x->p[0] == a && x->p[1] == b;
}

static const uint8_t *line_end(const uint8_t *p, const uint8_t *end)
{
	while (p < end && *p != '\n' && *p != '\r')
		p++;
	return p;
}

// C comments nest.
static void skip_comment(struct lexer *x)
{
	unsigned depth = 0;
	while (x->p < x->end) {
		if (looking_at(x, '/', '*')) {
			depth++;
			x->p += 2;
		} else if (looking_at(x, '*', '/')) {
			x->p += 2;
			if (--depth == 0)
				return;
		} else {
			x->p++;
		}
	}
}

static void emit(struct lexer *x, const uint8_t *from, const uint8_t *to)
{
	if (x->gap && x->out > x->start)
		*x->out++ = ' ';
	x->gap = false;
	memcpy(x->out, from, (size_t)(to - from));
	x->out += to - from;
}

// 'a' 'b' with a new line between is one string, in the form of the first.
static const uint8_t *continuation(const uint8_t *p, const uint8_t *end)
{
	bool line = false;
	while (p < end) {
		if (*p == '\n' || *p == '\r')
			line = true, p++;
		else if (is_space(*p))
			p++;
		else if (end - p > 1 && p[0] == '-' && p[1] == '-')
			p = line_end(p, end);
		else
			break;
	}
	return line && p < end && *p == '\'' ? p : NULL;
}

// From the opening quote to behind the closing one.
static const uint8_t *string_end(const uint8_t *p, const uint8_t *end, uint8_t quote, bool escapes)
{
	for (p++; p < end; p++) {
		if (escapes && *p == '\\') {
			p++;
		} else if (*p == quote) {
			if (end - p > 1 && p[1] == quote)
				p++;
			else
				return p + 1;
		}
	}
	return end;
}

static void take_string(struct lexer *x, const uint8_t *from, bool escapes)
{
	const uint8_t *end = string_end(x->p, x->end, '\'', escapes);
	emit(x, from, end);
	x->p = end;
	const uint8_t *more = escapes ? continuation(end, x->end) : NULL;
	if (more == NULL)
		return;
	x->gap = true;
	x->p = more;
	take_string(x, more, true);
}

// $tag$ ... $tag$, or a parameter.
static void take_dollar(struct lexer *x)
{
	const uint8_t *from = x->p, *p = x->p + 1;
	while (p < x->end && goes_on(*p) && *p != '$' && !(p == from + 1 && is_digit(*p)))
		p++;
	if (p == x->end || *p != '$') {
		x->p = from + 1;
		while (x->p < x->end && is_digit(*x->p))
			x->p++;
		emit(x, from, x->p);
		return;
	}
	size_t n = (size_t)(p + 1 - from);
	const uint8_t *close = memmem(p + 1, (size_t)(x->end - p - 1), from, n);
	x->p = close == NULL ? x->end : close + n;
	emit(x, from, x->p);
}

static void take_word(struct lexer *x)
{
	const uint8_t *from = x->p;
	while (x->p < x->end && goes_on(*x->p))
		x->p++;
	size_t n = (size_t)(x->p - from);
	bool quoted = x->p < x->end && *x->p == '\'' && n == 1;
	if (quoted && memchr("eEbBxX", *from, 6) != NULL) {
		take_string(x, from, *from == 'e' || *from == 'E');
		return;
	}
	emit(x, from, x->p);
	bool national = quoted && (*from == 'n' || *from == 'N'); // to the grammar, NCHAR
	if (national || keyword_is(span_of(from, n)))
		for (uint8_t *c = x->out - n; c < x->out; c++)
			*c = *c >= 'a' && *c <= 'z' ? (uint8_t)(*c - 'a' + 'A') : *c;
}

static void take_other(struct lexer *x)
{
	const uint8_t *from = x->p++;
	// A number and what trails it: no word of it is a keyword.
	if (is_digit(*from))
		while (x->p < x->end && (goes_on(*x->p)))
			x->p++;
	emit(x, from, x->p);
}

static void take(struct lexer *x)
{
	uint8_t c = *x->p;
	if (is_space(c)) {
		x->gap = true;
		x->p++;
	} else if (looking_at(x, '-', '-')) {
		x->gap = true;
		x->p = line_end(x->p, x->end);
	} else if (looking_at(x, '/', '*')) {
		x->gap = true;
		skip_comment(x);
	} else if (c == '\'') {
		take_string(x, x->p, false);
	} else if (c == '"') {
		const uint8_t *from = x->p;
		x->p = string_end(x->p, x->end, '"', false);
		emit(x, from, x->p);
	} else if (c == '$') {
		take_dollar(x);
	} else if (begins_word(c)) {
		take_word(x);
	} else {
		take_other(x);
	}
}

int statement_normalise(struct span text, struct buf *out)
{
	int r = buf_reserve(out, text.n + 1);
	if (r != 0)
		return r;
	uint8_t *start = buf_tail(out);
	struct lexer x = {.p = text.p, .end = text.p + text.n, .out = start, .start = start};
	while (x.p < x.end)
		take(&x);
	buf_commit(out, (size_t)(x.out - start));
	return 0;
}
