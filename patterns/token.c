// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Structure of encoded secrets.

#include "patterns/token.h"

#include "patterns/validator.h"

#include <math.h>

enum { JOSE_HEADER_MAX = 2048 };

// The six bits of a base64 character of either alphabet (RFC 4648 4 and 5), or -1.
static int sextet(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	if (c == '/' || c == '_')
		return 63;
	return -1;
}

size_t token_decode(struct span text, uint8_t *out, size_t max)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t n = 0;
	for (size_t i = 0; i < text.n && n < max; i++) {
		int six = sextet(text.p[i]);
		if (six < 0)
			break;
		bits = bits << 6 | (uint32_t)six;
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[n++] = (uint8_t)(bits >> have);
		}
	}
	return n;
}

bool validator_jwt(struct span text)
{
	uint8_t header[JOSE_HEADER_MAX];
	const uint8_t *dot = memchr(text.p, '.', text.n);
	if (dot == NULL)
		return false;
	size_t n = token_decode(span_first(text, (size_t)(dot - text.p)), header, sizeof(header));
	if (n < 2 || header[0] != '{')
		return false;
	const uint8_t *alg = memmem(header, n, "\"alg\"", 5);
	if (alg == NULL)
		return false;
	for (const uint8_t *p = alg + 5; p < header + n; p++) {
		if (*p == ':')
			return true;
		if (*p != ' ' && *p != '\t' && *p != '\r' && *p != '\n')
			return false;
	}
	return false;
}

bool validator_base64(struct span text)
{
	size_t n = text.n;
	if (n == 0 || n % 4 != 0)
		return false;
	while (n > text.n - 2 && text.p[n - 1] == '=')
		n--;
	for (size_t i = 0; i < n; i++) {
		if (sextet(text.p[i]) < 0 || text.p[i] == '-' || text.p[i] == '_')
			return false;
	}
	int last = sextet(text.p[n - 1]);
	switch (text.n - n) {
	case 1:
		return (last & 3) == 0;
	case 2:
		return (last & 15) == 0;
	}
	return true;
}

bool validator_entropy(struct span text)
{
	uint32_t seen[256] = {};
	bool letter = false, digit = false;
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];
		seen[c]++;
		digit = digit || (c >= '0' && c <= '9');
		letter = letter || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
	}
	if (!letter || !digit)
		return false;
	double sum = 0;
	for (size_t i = 0; i < 256; i++) {
		if (seen[i] > 1)
			sum += seen[i] * log2(seen[i]);
	}
	return log2((double)text.n) - sum / (double)text.n >= 3.0;
}
