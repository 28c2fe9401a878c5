// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/validate_secret.h"

#include "patterns/token.h"

#include <string.h>
#include <strings.h>

enum character_kind { LOWER = 1, UPPER = 2, DIGIT = 4, SIGN = 8 };

static unsigned kinds(struct span text)
{
	unsigned seen = 0;
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];
		if (c >= 'a' && c <= 'z')
			seen |= LOWER;
		else if (c >= 'A' && c <= 'Z')
			seen |= UPPER;
		else if (c >= '0' && c <= '9')
			seen |= DIGIT;
		else
			seen |= SIGN;
	}
	return seen;
}

bool validator_digit(struct span text)
{
	return (kinds(text) & DIGIT) != 0;
}

bool validator_mixed_letters(struct span text)
{
	return (kinds(text) & (LOWER | UPPER)) == (LOWER | UPPER);
}

bool validator_mixed(struct span text)
{
	return (kinds(text) & (LOWER | UPPER | DIGIT)) == (LOWER | UPPER | DIGIT);
}

static bool repeats(struct span text)
{
	for (size_t i = 1; i < text.n; i++) {
		if (text.p[i] != text.p[0])
			return false;
	}
	return true;
}

// Words that stand for a password in documentation, in configuration and in masked output.
static bool is_placeholder(struct span text)
{
	static const char *const words[] = {
		"null",     "none",       "nil",     "undefined", "true",    "false",
		"required", "optional",   "string",  "password",  "passwd",  "secret",
		"redacted", "[redacted]", "hidden",  "masked",    "changed", "reset",
		"expired",  "incorrect",  "invalid", "missing",   "prompt",  "varchar",
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i]) == text.n &&
		    strncasecmp(words[i], (const char *)text.p, text.n) == 0)
			return true;
	}
	return false;
}

bool validator_password(struct span text)
{
	if (text.n == 0 || repeats(text) || is_placeholder(text))
		return false;
	// A variable, a template's field, an argument's name, a mark in angle brackets.
	if (memchr("$%{<[(*&", text.p[0], 8) != NULL)
		return false;
	unsigned seen = kinds(text);
	return (seen & (seen - 1)) != 0; // of two kinds at least
}

bool validator_basic(struct span text)
{
	uint8_t pair[256];
	size_t n = token_decode(text, pair, sizeof(pair));
	for (size_t i = 0; i < n; i++) {
		if (pair[i] < ' ' || pair[i] == 0x7f)
			return false;
	}
	return memchr(pair, ':', n) != NULL;
}

bool validator_discord(struct span text)
{
	uint8_t id[24];
	const uint8_t *dot = memchr(text.p, '.', text.n);
	if (dot == NULL)
		return false;
	size_t n = token_decode(span_first(text, (size_t)(dot - text.p)), id, sizeof(id));
	for (size_t i = 0; i < n; i++) {
		if (id[i] < '0' || id[i] > '9')
			return false;
	}
	return n >= 17;
}
