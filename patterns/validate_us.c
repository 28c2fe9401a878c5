// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/validate_us.h"

#include "patterns/checksum.h"

#include <string.h>

bool validator_atin(struct span text)
{
	uint8_t d[9];
	return checksum_has_digits(text, d, sizeof(d)) && d[0] == 9 &&
	       checksum_number(d + 3, 2) == 93;
}

bool validator_dea(struct span text)
{
	uint8_t d[7];
	if (!checksum_has_digits(span_from(text, 2), d, sizeof(d)))
		return false;
	uint32_t sum = d[0] + d[2] + d[4] + 2u * (d[1] + d[3] + d[5]);
	return checksum_number(d, 6) != 0 && sum % 10 == d[6];
}

bool validator_ein(struct span text)
{
	// IRS, "How EINs are assigned and valid EIN prefixes": first and last of each range.
	static const uint8_t prefixes[][2] = {{1, 6},   {10, 16}, {20, 27}, {30, 48}, {50, 68},
					      {71, 77}, {80, 88}, {90, 95}, {98, 99}};
	uint8_t d[9];
	if (!checksum_has_digits(text, d, sizeof(d)))
		return false;
	uint64_t prefix = checksum_number(d, 2);
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (prefix >= prefixes[i][0] && prefix <= prefixes[i][1])
			return !checksum_repeats(d, sizeof(d));
	}
	return false;
}

bool validator_itin(struct span text)
{
	uint8_t d[9];
	if (!checksum_has_digits(text, d, sizeof(d)) || d[0] != 9)
		return false;
	uint64_t group = checksum_number(d + 3, 2);
	return (group >= 50 && group <= 65) || (group >= 70 && group <= 88) ||
	       (group >= 90 && group <= 99 && group != 93);
}

bool validator_loinc(struct span text)
{
	uint8_t d[8];
	size_t n = checksum_digits(text, d, sizeof(d));
	return n > 2 && checksum_luhn(d, n);
}

bool validator_npi(struct span text)
{
	uint8_t d[15] = {8, 0, 8, 4, 0};
	return checksum_has_digits(text, d + 5, 10) && checksum_luhn(d, sizeof(d));
}

bool validator_snomed(struct span text)
{
	uint8_t d[18];
	size_t n = checksum_digits(text, d, sizeof(d));
	if (n < 6 || d[0] == 0 || !checksum_verhoeff(d, n))
		return false;
	// Concept, description or relationship; of the core or, 10 and above, of an extension,
	// whose identifiers hold a namespace of seven digits.
	uint64_t partition = checksum_number(d + n - 3, 2);
	return partition <= 2 || (partition >= 10 && partition <= 12 && n >= 11);
}

bool validator_unii(struct span text)
{
	static const uint8_t ones[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
	uint8_t values[10];
	return checksum_values(text, values, sizeof(values)) == sizeof(values) &&
	       checksum_weighted(values, ones, sizeof(ones)) % 36 == values[9];
}
