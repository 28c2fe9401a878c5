// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/validate_eu_east.h"

#include "patterns/checksum.h"

bool validator_bg_egn(struct span text)
{
	static const uint8_t weights[9] = {2, 4, 8, 5, 10, 9, 7, 3, 6};
	uint8_t d[10];
	if (!checksum_has_digits(text, d, sizeof(d)))
		return false;
	unsigned year = 1900 + d[0] * 10u + d[1], month = d[2] * 10u + d[3];
	if (month > 40) {
		year += 100;
		month -= 40;
	} else if (month > 20) {
		year -= 100;
		month -= 20;
	}
	return checksum_date(year, month, d[4] * 10u + d[5]) &&
	       checksum_weighted(d, weights, sizeof(weights)) % 11 % 10 == d[9];
}

bool validator_cz_rodne_cislo(struct span text)
{
	uint8_t d[10];
	size_t n = checksum_digits(text, d, sizeof(d));
	if (n != 9 && n != 10)
		return false;
	unsigned year = 1900 + d[0] * 10u + d[1], month = (d[2] * 10u + d[3]) % 50 % 20;
	if (n == 9 && year >= 1980)
		year -= 100;
	if (n == 10 && year < 1954)
		year += 100;
	if ((n == 9 && year > 1953) || !checksum_date(year, month, d[4] * 10u + d[5]))
		return false;
	unsigned rest = checksum_modulo(d, 9, 11);
	// Until 1985 numbers with a rest of 10 were given out too, with a 0.
	return n == 9 || (year < 1985 ? rest % 10 : rest) == d[9];
}

bool validator_hu_taj(struct span text)
{
	static const uint8_t weights[8] = {3, 7, 3, 7, 3, 7, 3, 7};
	uint8_t d[9];
	return checksum_has_digits(text, d, sizeof(d)) && !checksum_repeats(d, sizeof(d)) &&
	       checksum_weighted(d, weights, sizeof(weights)) % 10 == d[8];
}

bool validator_hu_tax(struct span text)
{
	static const uint8_t weights[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
	uint8_t d[10];
	return checksum_has_digits(text, d, sizeof(d)) && d[0] == 8 &&
	       checksum_weighted(d, weights, sizeof(weights)) % 11 == d[9];
}

bool validator_pl_nip(struct span text)
{
	static const uint8_t weights[9] = {6, 5, 7, 2, 3, 4, 5, 6, 7};
	uint8_t d[10];
	return checksum_has_digits(text, d, sizeof(d)) && !checksum_repeats(d, sizeof(d)) &&
	       checksum_weighted(d, weights, sizeof(weights)) % 11 == d[9];
}

bool validator_pl_pesel(struct span text)
{
	static const uint8_t weights[11] = {1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1};
	static const unsigned centuries[5] = {1900, 2000, 2100, 2200, 1800};
	uint8_t d[11];
	if (!checksum_has_digits(text, d, sizeof(d)))
		return false;
	unsigned month = d[2] * 10u + d[3];
	return checksum_date(
		       centuries[month / 20] + d[0] * 10u + d[1], month % 20, d[4] * 10u + d[5]
	       ) &&
	       checksum_weighted(d, weights, sizeof(weights)) % 10 == 0;
}

bool validator_pl_regon(struct span text)
{
	static const uint8_t nine[8] = {8, 9, 2, 3, 4, 5, 6, 7};
	static const uint8_t fourteen[13] = {2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8};
	uint8_t d[14];
	size_t n = checksum_digits(text, d, sizeof(d));
	if ((n != 9 && n != 14) || checksum_repeats(d, n) ||
	    checksum_weighted(d, nine, sizeof(nine)) % 11 % 10 != d[8])
		return false;
	return n == 9 || checksum_weighted(d, fourteen, sizeof(fourteen)) % 11 % 10 == d[13];
}

bool validator_ro_cnp(struct span text)
{
	static const uint8_t weights[12] = {2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9};
	// By the first digit; residents' 7 to 9 do not tell the century.
	static const unsigned centuries[10] = {0,    1900, 1900, 1800, 1800,
					       2000, 2000, 1900, 1900, 1900};
	uint8_t d[13];
	if (!checksum_has_digits(text, d, sizeof(d)) || d[0] == 0)
		return false;
	unsigned check = checksum_weighted(d, weights, sizeof(weights)) % 11;
	return checksum_date(
		       centuries[d[0]] + d[1] * 10u + d[2], d[3] * 10u + d[4], d[5] * 10u + d[6]
	       ) &&
	       (check == 10 ? 1 : check) == d[12];
}

bool validator_ru_inn(struct span text)
{
	static const uint8_t company[9] = {2, 4, 10, 3, 5, 9, 4, 6, 8};
	static const uint8_t first[10] = {7, 2, 4, 10, 3, 5, 9, 4, 6, 8};
	static const uint8_t second[11] = {3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8};
	uint8_t d[12];
	size_t n = checksum_digits(text, d, sizeof(d));
	if ((n != 10 && n != 12) || checksum_repeats(d, n))
		return false;
	if (n == 10)
		return checksum_weighted(d, company, sizeof(company)) % 11 % 10 == d[9];
	return checksum_weighted(d, first, sizeof(first)) % 11 % 10 == d[10] &&
	       checksum_weighted(d, second, sizeof(second)) % 11 % 10 == d[11];
}

bool validator_ru_snils(struct span text)
{
	static const uint8_t weights[9] = {9, 8, 7, 6, 5, 4, 3, 2, 1};
	uint8_t d[11];
	if (!checksum_has_digits(text, d, sizeof(d)) || checksum_number(d, 9) <= 1001998)
		return false;
	return checksum_weighted(d, weights, sizeof(weights)) % 101 % 100 ==
	       checksum_number(d + 9, 2);
}

bool validator_ua_rnokpp(struct span text)
{
	static const uint8_t weights[9] = {10, 5, 7, 9, 4, 6, 10, 5, 7}; // 10 is -1
	uint8_t d[10];
	return checksum_has_digits(text, d, sizeof(d)) && !checksum_repeats(d, sizeof(d)) &&
	       checksum_weighted(d, weights, sizeof(weights)) % 11 % 10 == d[9];
}
