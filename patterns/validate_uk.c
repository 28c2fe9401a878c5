// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/validate_uk.h"

#include "patterns/checksum.h"

bool validator_uk_nhs(struct span text)
{
	static const uint8_t weights[10] = {10, 9, 8, 7, 6, 5, 4, 3, 2, 1};
	uint8_t d[10];
	return checksum_has_digits(text, d, sizeof(d)) && !checksum_repeats(d, sizeof(d)) &&
	       checksum_weighted(d, weights, sizeof(d)) % 11 == 0;
}

bool validator_uk_nino(struct span text)
{
	static const char never[][3] = {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"};
	if (text.n < 2)
		return false;
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		if ((text.p[0] & 0xdf) == never[i][0] && (text.p[1] & 0xdf) == never[i][1])
			return false;
	}
	return true;
}

bool validator_uk_utr(struct span text)
{
	static const uint8_t weights[9] = {6, 7, 8, 9, 10, 5, 4, 3, 2};
	static const uint8_t check[11] = {2, 1, 9, 8, 7, 6, 5, 4, 3, 2, 1};
	uint8_t d[10];
	if (text.n > 0 && (text.p[text.n - 1] | 0x20) == 'k')
		text.n--;
	return checksum_has_digits(text, d, sizeof(d)) && !checksum_repeats(d, sizeof(d)) &&
	       d[0] == check[checksum_weighted(d + 1, weights, sizeof(weights)) % 11];
}

// A name of letters, then as many nines as are missing.
static bool padded(const uint8_t *values, size_t n)
{
	size_t letters = 0;
	while (letters < n && values[letters] > 9)
		letters++;
	for (size_t i = letters; i < n; i++) {
		if (values[i] != 9)
			return false;
	}
	return true;
}

// SSSSS Y MM DD Y II N CC: the decade and the year of birth enclose month and day; a woman's month
// has 50 added.
bool validator_uk_driving_licence(struct span text)
{
	uint8_t v[16];
	if (checksum_values(text, v, sizeof(v)) != sizeof(v) || v[0] <= 9 || !padded(v, 5) ||
	    !padded(v + 11, 2) || v[13] > 9 || v[14] <= 9 || v[15] <= 9)
		return false;
	for (size_t i = 5; i <= 10; i++) {
		if (v[i] > 9)
			return false;
	}
	unsigned month = v[6] * 10u + v[7], day = v[8] * 10u + v[9], year = v[5] * 10u + v[10];
	return checksum_birthday(year, month > 50 ? month - 50 : month, day);
}

bool validator_uk_vat(struct span text)
{
	static const uint8_t weights[9] = {8, 7, 6, 5, 4, 3, 2, 10, 1};
	uint8_t d[12];
	if (text.n > 2 && text.p[0] > '9')
		text = span_from(text, 2);
	size_t n = checksum_digits(text, d, sizeof(d));
	if ((n != 9 && n != 12) || checksum_repeats(d, 9))
		return false;
	unsigned rest = checksum_weighted(d, weights, 9) % 97;
	return rest == 0 || (d[0] > 0 && (rest == 42 || rest == 55));
}
