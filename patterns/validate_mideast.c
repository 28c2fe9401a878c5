// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/validate_mideast.h"

#include "patterns/checksum.h"

bool validator_ae_emirates_id(struct span text)
{
	uint8_t d[15];
	if (!checksum_has_digits(text, d, sizeof(d)) || checksum_number(d, 3) != 784)
		return false;
	uint64_t year = checksum_number(d + 3, 4);
	return year >= 1900 && year <= 2099 && checksum_luhn(d, sizeof(d));
}

bool validator_eg_national_id(struct span text)
{
	uint8_t d[14];
	if (!checksum_has_digits(text, d, sizeof(d)) || (d[0] != 2 && d[0] != 3))
		return false;
	unsigned year = 1700 + d[0] * 100u + d[1] * 10u + d[2];
	unsigned governorate = d[7] * 10u + d[8];
	bool known = (governorate >= 1 && governorate <= 4) ||
		     (governorate >= 11 && governorate <= 19) ||
		     (governorate >= 21 && governorate <= 29) ||
		     (governorate >= 31 && governorate <= 35) || governorate == 88;
	return known && checksum_date(year, d[3] * 10u + d[4], d[5] * 10u + d[6]);
}

bool validator_il_teudat_zehut(struct span text)
{
	uint8_t d[9];
	return checksum_has_digits(text, d, sizeof(d)) && !checksum_repeats(d, sizeof(d)) &&
	       checksum_luhn(d, sizeof(d));
}

bool validator_sa_national_id(struct span text)
{
	uint8_t d[10];
	return checksum_has_digits(text, d, sizeof(d)) && (d[0] == 1 || d[0] == 2) &&
	       checksum_luhn(d, sizeof(d));
}

bool validator_tr_tckn(struct span text)
{
	uint8_t d[11];
	if (!checksum_has_digits(text, d, sizeof(d)) || d[0] == 0)
		return false;
	unsigned odd = d[0] + d[2] + d[4] + d[6] + d[8], even = d[1] + d[3] + d[5] + d[7];
	return (7 * odd + 9 * even) % 10 == d[9] && (odd + even + d[9]) % 10 == d[10];
}

bool validator_za_id(struct span text)
{
	uint8_t d[13];
	return checksum_has_digits(text, d, sizeof(d)) && d[10] <= 2 &&
	       checksum_birthday(d[0] * 10u + d[1], d[2] * 10u + d[3], d[4] * 10u + d[5]) &&
	       checksum_luhn(d, sizeof(d));
}
