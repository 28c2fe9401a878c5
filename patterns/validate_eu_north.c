// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/validate_eu_north.h"

#include "patterns/checksum.h"

bool validator_dk_cpr(struct span text)
{
	uint8_t d[10];
	if (!checksum_has_digits(text, d, sizeof(d)))
		return false;
	unsigned year = d[4] * 10u + d[5];
	if (d[6] >= 5 && d[6] <= 8 && year >= 58)
		year += 1800;
	else if (d[6] <= 3 || ((d[6] == 4 || d[6] == 9) && year >= 37))
		year += 1900;
	else
		year += 2000;
	return checksum_date(year, d[2] * 10u + d[3], d[0] * 10u + d[1]);
}

static bool baltic_check(const uint8_t d[static 11])
{
	static const uint8_t first[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 1};
	static const uint8_t second[10] = {3, 4, 5, 6, 7, 8, 9, 1, 2, 3};
	unsigned check = checksum_weighted(d, first, sizeof(first)) % 11;
	if (check == 10)
		check = checksum_weighted(d, second, sizeof(second)) % 11 % 10;
	return check == d[10];
}

// The first digit tells sex and century.
static bool baltic_date(const uint8_t d[static 11])
{
	if (d[0] < 1 || d[0] > 8)
		return false;
	unsigned year = 1800u + (d[0] - 1) / 2 * 100u + d[1] * 10u + d[2];
	return checksum_date(year, d[3] * 10u + d[4], d[5] * 10u + d[6]);
}

bool validator_ee_isikukood(struct span text)
{
	uint8_t d[11];
	return checksum_has_digits(text, d, sizeof(d)) && baltic_date(d) && baltic_check(d);
}

bool validator_lt_asmens_kodas(struct span text)
{
	uint8_t d[11];
	return checksum_has_digits(text, d, sizeof(d)) && !checksum_repeats(d, sizeof(d)) &&
	       (d[0] == 9 || baltic_date(d)) && baltic_check(d);
}

// The century that the sign between date and number stands for; 0 for none.
static unsigned fi_century(uint8_t sign)
{
	switch (sign) {
	case '+':
		return 1800;
	case '-':
	case 'U' ... 'Y':
		return 1900;
	case 'A' ... 'F':
		return 2000;
	}
	return 0;
}

bool validator_fi_hetu(struct span text)
{
	static const char check[] = "0123456789ABCDEFHJKLMNPRSTUVWXY";
	uint8_t d[9];
	if (text.n != 11 || !checksum_has_digits(span_first(text, 6), d, 6) ||
	    !checksum_has_digits(span_of(text.p + 7, 3), d + 6, 3))
		return false;
	unsigned century = fi_century(text.p[6]);
	return century != 0 && checksum_number(d + 6, 3) >= 2 &&
	       checksum_date(century + d[4] * 10u + d[5], d[2] * 10u + d[3], d[0] * 10u + d[1]) &&
	       check[checksum_number(d, 9) % 31] == text.p[10];
}

bool validator_is_kennitala(struct span text)
{
	static const uint8_t weights[9] = {3, 2, 7, 6, 5, 4, 3, 2, 1};
	uint8_t d[10];
	if (!checksum_has_digits(text, d, sizeof(d)) || (d[9] != 9 && d[9] != 0))
		return false;
	unsigned day = d[0] * 10u + d[1], year = d[4] * 10u + d[5];
	return checksum_date(
		       year + (d[9] == 9 ? 1900 : 2000), d[2] * 10u + d[3],
		       day > 40 ? day - 40 : day
	       ) &&
	       checksum_weighted(d, weights, sizeof(weights)) % 11 == 0;
}

bool validator_lv_personas_kods(struct span text)
{
	static const uint8_t weights[10] = {10, 5, 8, 4, 2, 1, 6, 3, 7, 9};
	uint8_t d[11];
	if (!checksum_has_digits(text, d, sizeof(d)))
		return false;
	unsigned day = d[0] * 10u + d[1];
	bool born = checksum_date(1800 + d[6] * 100u + d[4] * 10u + d[5], d[2] * 10u + d[3], day);
	return ((born && d[6] <= 2) || (day >= 32 && day <= 39)) &&
	       (1 + checksum_weighted(d, weights, sizeof(weights))) % 11 % 10 == d[10];
}

// A D number has 40 added to the day, an H number 40 to the month. The individual number and the
// year tell the century.
static bool no_date(const uint8_t *d)
{
	unsigned day = d[0] * 10u + d[1], month = d[2] * 10u + d[3], year = d[4] * 10u + d[5];
	unsigned individual = (unsigned)checksum_number(d + 6, 3);
	if (individual < 500)
		year += 1900;
	else if (individual < 750 && year >= 54)
		year += 1800;
	else if (year < 40)
		year += 2000;
	else if (individual >= 900)
		year += 1900;
	else
		return false;
	return checksum_date(year, month > 40 ? month - 40 : month, day > 40 ? day - 40 : day);
}

bool validator_no_fodselsnummer(struct span text)
{
	static const uint8_t first[10] = {3, 7, 6, 1, 8, 9, 4, 5, 2, 1};
	static const uint8_t second[11] = {5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1};
	uint8_t d[11];
	return checksum_has_digits(text, d, sizeof(d)) && no_date(d) &&
	       checksum_weighted(d, first, sizeof(first)) % 11 == 0 &&
	       checksum_weighted(d, second, sizeof(second)) % 11 == 0;
}

bool validator_se_personnummer(struct span text)
{
	uint8_t all[12];
	size_t n = checksum_digits(text, all, sizeof(all));
	if (n != 10 && n != 12)
		return false;
	const uint8_t *d = all + n - 10;
	unsigned year = d[0] * 10u + d[1], month = d[2] * 10u + d[3], day = d[4] * 10u + d[5];
	if (day > 60) // a coordination number
		day -= 60;
	if (n == 12 && (all[0] * 10u + all[1] < 18 || all[0] * 10u + all[1] > 20))
		return false;
	bool born = n == 10 ? checksum_birthday(year, month, day)
			    : checksum_date((all[0] * 10u + all[1]) * 100 + year, month, day);
	return born && checksum_luhn(d, 10);
}
