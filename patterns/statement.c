// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Shapes of statement text.

#include "patterns/validator.h"

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

// The operator that compares, outside quotes: =, <=, >= or LIKE. Out: *after, behind it.
// Returns its offset, or text.n when there is none.
static size_t comparison(struct span text, size_t *after)
{
	uint8_t quote = 0;
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];
		if (quote != 0) {
			quote = c == quote ? 0 : quote;
		} else if (c == '\'' || c == '"') {
			quote = c;
		} else if (c == '=') {
			*after = i + 1;
			return i > 0 && (text.p[i - 1] == '<' || text.p[i - 1] == '>') ? i - 1 : i;
		} else if (text.n - i > 6 && memcmp(text.p + i, " LIKE ", 6) == 0) {
			*after = i + 6;
			return i;
		}
	}
	return text.n;
}

// The operand before the operator: back to the space or bracket outside quotes that begins it.
static struct span operand_before(struct span text, size_t end)
{
	while (end > 0 && text.p[end - 1] == ' ')
		end--;
	if (end == 0)
		return (struct span){text.p, 0};
	uint8_t quote = text.p[end - 1];
	size_t start = end;
	if (quote == '\'' || quote == '"') {
		start--;
		while (start > 0 && text.p[start - 1] != quote)
			start--;
		start -= start > 0;
	} else {
		while (start > 0 && text.p[start - 1] != ' ' && text.p[start - 1] != '(')
			start--;
	}
	return (struct span){text.p + start, end - start};
}

bool validator_same_sides(struct span text)
{
	size_t after = 0;
	size_t at = comparison(text, &after);
	if (at == text.n)
		return true;
	struct span left = operand_before(text, at);
	struct span right = span_from(text, after);
	while (right.n > 0 && right.p[0] == ' ')
		right = span_from(right, 1);
	if (left.n == 0 || left.n != right.n)
		return false;
	bool quoted = left.p[0] == '\'' || left.p[0] == '"';
	for (size_t i = 0; i < left.n; i++) {
		uint8_t a = left.p[i], b = right.p[i];
		if (quoted ? a != b : lower(a) != lower(b))
			return false;
	}
	return true;
}
