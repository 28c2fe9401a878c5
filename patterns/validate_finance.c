// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/validate_finance.h"

#include "patterns/checksum.h"
#include "patterns/country.h"
#include "patterns/validator.h"

#include <string.h>

bool validator_aba(struct span text)
{
	static const uint8_t weights[9] = {3, 7, 1, 3, 7, 1, 3, 7, 1};
	uint8_t d[9];
	if (!checksum_has_digits(text, d, sizeof(d)))
		return false;
	uint64_t prefix = checksum_number(d, 2);
	bool used = prefix <= 12 || (prefix >= 21 && prefix <= 32) ||
		    (prefix >= 61 && prefix <= 72) || prefix == 80;
	return used && checksum_number(d, 9) != 0 &&
	       checksum_weighted(d, weights, sizeof(d)) % 10 == 0;
}

bool validator_bic(struct span text)
{
	return (text.n == 8 || text.n == 11) && country_known(text.p + 4);
}

// Is the last value the check digit of those before it, where every second value is doubled and the
// decimal digits of all are added? CUSIP and FIGI do so.
static bool doubled(const uint8_t *values, size_t n)
{
	uint32_t sum = 0;
	for (size_t i = 0; i + 1 < n; i++) {
		uint32_t value = i % 2 == 1 ? 2u * values[i] : values[i];
		sum += value / 10 + value % 10;
	}
	return (10 - sum % 10) % 10 == values[n - 1];
}

bool validator_cusip(struct span text)
{
	static const char signs[] = "*@#";
	uint8_t values[9];
	if (text.n != sizeof(values))
		return false;
	for (size_t i = 0; i < sizeof(values); i++) {
		const char *sign = memchr(signs, text.p[i], sizeof(signs) - 1);
		if (sign != NULL)
			values[i] = (uint8_t)(36 + (sign - signs));
		else if (checksum_values(span_of(text.p + i, 1), &values[i], 1) != 1)
			return false;
	}
	return doubled(values, sizeof(values));
}

bool validator_figi(struct span text)
{
	static const char reserved[][3] = {"BS", "BM", "GG", "GB", "GH", "KY", "VG"};
	uint8_t values[12];
	if (checksum_values(text, values, sizeof(values)) != sizeof(values) || text.p[2] != 'G')
		return false;
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		if (memcmp(text.p, reserved[i], 2) == 0)
			return false;
	}
	return doubled(values, sizeof(values));
}

// ISO 6166 annex: prefixes that are no country's.
static bool isin_substitute(const uint8_t *code)
{
	static const char known[][3] = {"EU", "XA", "XB", "XC", "XD", "XF", "XS", "QS"};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (memcmp(code, known[i], 2) == 0)
			return true;
	}
	return false;
}

bool validator_isin(struct span text)
{
	uint8_t values[12], digits[2 * sizeof(values)];
	size_t n = 0;
	if (checksum_values(text, values, sizeof(values)) != sizeof(values) || values[11] > 9 ||
	    (!country_known(text.p) && !isin_substitute(text.p)))
		return false;
	for (size_t i = 0; i < sizeof(values); i++) {
		if (values[i] > 9)
			digits[n++] = values[i] / 10;
		digits[n++] = values[i] % 10;
	}
	return checksum_luhn(digits, n);
}

bool validator_lei(struct span text)
{
	uint8_t values[20];
	return checksum_values(text, values, sizeof(values)) == sizeof(values) &&
	       checksum_mod97_10(values, sizeof(values));
}

bool validator_sedol(struct span text)
{
	static const uint8_t weights[7] = {1, 3, 1, 7, 3, 9, 1};
	uint8_t values[7], digits[7];
	if (checksum_values(text, values, sizeof(values)) != sizeof(values) || values[6] > 9)
		return false;
	if (values[0] <= 9 && !checksum_has_digits(text, digits, sizeof(digits)))
		return false;
	return checksum_weighted(values, weights, sizeof(values)) % 10 == 0;
}

// The account number ends at the track's field separator, track 1's name at a second one; the
// expiry follows as YYMM.
bool validator_track(struct span text)
{
	bool first = text.n > 2 && text.p[0] == '%';
	struct span rest = span_from(text, first ? 2 : 1);
	const uint8_t *end = memchr(rest.p, first ? '^' : '=', rest.n);
	if (end == NULL || !validator_card(span_first(rest, (size_t)(end - rest.p))))
		return false;
	rest = span_from(rest, (size_t)(end - rest.p) + 1);
	if (first) {
		end = memchr(rest.p, '^', rest.n);
		if (end == NULL)
			return false;
		rest = span_from(rest, (size_t)(end - rest.p) + 1);
	}
	uint8_t expiry[4];
	if (!checksum_has_digits(span_first(rest, sizeof(expiry)), expiry, sizeof(expiry)))
		return false;
	uint64_t month = checksum_number(expiry + 2, 2);
	return month >= 1 && month <= 12;
}
