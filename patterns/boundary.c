// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/boundary.h"

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(uint8_t c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

// PostgreSQL 4.1.1: letters, digits, underscore, dollar, and every byte above ASCII.
static bool is_identifier(uint8_t c)
{
	return is_word(c) || c == '_' || c == '$' || c >= 0x80;
}

const char *boundary_name(enum boundary boundary)
{
	switch (boundary) {
	case BOUNDARY_NONE:
		return "none";
	case BOUNDARY_WORD:
		return "word";
	case BOUNDARY_NUMBER:
		return "number";
	case BOUNDARY_APART:
		return "apart";
	case BOUNDARY_IDENTIFIER:
		return "identifier";
	case BOUNDARY_DOTTED:
		return "dotted";
	case BOUNDARY_BASE64:
		return "base64";
	case BOUNDARY_BASE64URL:
		return "base64url";
	case BOUNDARY_ADDRESS:
		return "address";
	case BOUNDARY_COUNT:
		break;
	}
	return "?";
}

// Does `c` beside a match forbid it? The longer looks of number, apart, base64 and address are the
// callers'.
static bool forbids(enum boundary boundary, uint8_t c)
{
	switch (boundary) {
	case BOUNDARY_NONE:
	case BOUNDARY_COUNT:
		return false;
	case BOUNDARY_WORD:
	case BOUNDARY_NUMBER:
	case BOUNDARY_APART:
	case BOUNDARY_ADDRESS:
		return is_word(c);
	case BOUNDARY_IDENTIFIER:
		return is_identifier(c);
	case BOUNDARY_DOTTED:
		return is_identifier(c) || c == '.';
	case BOUNDARY_BASE64:
		return is_word(c) || c == '+' || c == '/';
	case BOUNDARY_BASE64URL:
		return is_word(c) || c == '-' || c == '_';
	}
	return true;
}

static bool is_hex(uint8_t c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static bool is_separator(uint8_t c)
{
	return c == ':' || c == '-' || c == '.';
}

enum { GROUP_MAX = 4 }; // hexadecimal digits of an address between two separators

// Does a group of an address, and so a part of what stands on the other side of the separator,
// begin at `at`? Two colons are one too.
static bool group_behind(struct span in, size_t at)
{
	size_t n = 0;
	while (n <= GROUP_MAX && in.n - at > n && is_hex(in.p[at + n]))
		n++;
	if (n == 0)
		return at < in.n && in.p[at] == ':' && in.p[at - 1] == ':';
	return n <= GROUP_MAX && (in.n - at == n || !is_word(in.p[at + n]));
}

// The same for one that ends at `at`.
static bool group_before(struct span in, size_t at)
{
	size_t n = 0;
	while (n <= GROUP_MAX && at > n && is_hex(in.p[at - n - 1]))
		n++;
	if (n == 0)
		return at > 0 && in.p[at - 1] == ':' && in.p[at] == ':';
	return n <= GROUP_MAX && (at == n || !is_word(in.p[at - n - 1]));
}

// Does `c`, with a digit on its other side, make one number of both?
static bool connects(enum boundary boundary, uint8_t c)
{
	if (boundary == BOUNDARY_APART)
		return c == '.' || c == '-' || c == '/';
	return boundary == BOUNDARY_NUMBER && c == '.';
}

bool boundary_begins(enum boundary boundary, struct span in, size_t at)
{
	if (at == 0)
		return true;
	uint8_t c = in.p[at - 1];
	if (connects(boundary, c) && at > 1 && is_digit(in.p[at - 2]))
		return false;
	if (boundary == BOUNDARY_ADDRESS && is_separator(c) && group_before(in, at - 1))
		return false;
	return !forbids(boundary, c);
}

bool boundary_ends(enum boundary boundary, struct span in, size_t at)
{
	if (at >= in.n)
		return true;
	uint8_t c = in.p[at];
	if (connects(boundary, c) && in.n - at > 1 && is_digit(in.p[at + 1]))
		return false;
	if (boundary == BOUNDARY_ADDRESS && is_separator(c) && group_behind(in, at + 1))
		return false;
	if (boundary == BOUNDARY_BASE64 && c == '=')
		return false;
	return !forbids(boundary, c);
}

bool boundary_splits_utf8(struct span in, size_t at)
{
	return at > 0 && at < in.n && (in.p[at] & 0xc0) == 0x80 && in.p[at - 1] >= 0x80;
}
