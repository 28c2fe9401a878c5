// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/validate_eu_south.h"

#include "patterns/checksum.h"

enum letter { LETTER_A = 10, LETTER_K = 20, LETTER_X = 33 }; // as checksum_values reads them

bool validator_es_cif(struct span text)
{
	static const char kinds[] = "ABCDEFGHJNPQRSUVW";
	uint8_t v[9];
	if (checksum_values(text, v, sizeof(v)) != sizeof(v) || v[0] < LETTER_A ||
	    memchr(kinds, 'A' + v[0] - LETTER_A, sizeof(kinds) - 1) == NULL)
		return false;
	for (size_t i = 1; i < 8; i++) {
		if (v[i] > 9)
			return false;
	}
	if (v[8] >= LETTER_A) // J is 0, A to I are 1 to 9
		v[8] = v[8] == LETTER_A + 9 ? 0 : v[8] - LETTER_A + 1;
	return v[8] <= 9 && checksum_luhn(v + 1, 8);
}

// Are v[0..n) digits and is v[n] their number modulo 23 as a letter?
static bool es_letter(const uint8_t *v, size_t n)
{
	static const char letters[] = "TRWAGMYFPDXBNJZSQVHLCKE";
	for (size_t i = 0; i < n; i++) {
		if (v[i] > 9)
			return false;
	}
	return v[n] >= LETTER_A && letters[checksum_modulo(v, n, 23)] - 'A' == v[n] - LETTER_A;
}

bool validator_es_nie(struct span text)
{
	uint8_t v[9];
	if (checksum_values(text, v, sizeof(v)) != sizeof(v) || v[0] < LETTER_X)
		return false;
	v[0] -= LETTER_X;
	return es_letter(v, 8);
}

bool validator_es_nif(struct span text)
{
	uint8_t v[9];
	if (checksum_values(text, v, sizeof(v)) != sizeof(v))
		return false;
	if (v[0] >= LETTER_K && v[0] <= LETTER_K + 2)
		return es_letter(v + 1, 7);
	return es_letter(v, 8);
}

bool validator_es_nss(struct span text)
{
	uint8_t d[12];
	if (!checksum_has_digits(text, d, sizeof(d)))
		return false;
	uint64_t province = checksum_number(d, 2), number = checksum_number(d + 2, 8);
	if (province == 0 || (province > 53 && province != 66) || number == 0)
		return false;
	number += province * (number < 10000000 ? 10000000 : 100000000);
	return number % 97 == checksum_number(d + 10, 2);
}

bool validator_gr_afm(struct span text)
{
	uint8_t d[9];
	unsigned sum = 0;
	if (!checksum_has_digits(text, d, sizeof(d)) || checksum_repeats(d, sizeof(d)))
		return false;
	for (size_t i = 0; i < 8; i++)
		sum = (sum + d[i]) * 2;
	return sum % 11 % 10 == d[8];
}

bool validator_gr_amka(struct span text)
{
	uint8_t d[11];
	return checksum_has_digits(text, d, sizeof(d)) &&
	       checksum_birthday(d[4] * 10u + d[5], d[2] * 10u + d[3], d[0] * 10u + d[1]) &&
	       checksum_luhn(d, sizeof(d));
}

bool validator_hr_oib(struct span text)
{
	uint8_t d[11];
	return checksum_has_digits(text, d, sizeof(d)) && !checksum_repeats(d, sizeof(d)) &&
	       checksum_mod11_10(d, sizeof(d));
}

// What a place of the tax code that should hold a digit says; on a clash L to V stand for 0 to 9.
// 10 for any other letter.
static unsigned omocode(uint8_t value)
{
	static const char letters[] = "LMNPQRSTUV";
	if (value <= 9)
		return value;
	const char *letter = memchr(letters, 'A' + value - LETTER_A, 10);
	return letter == NULL ? 10 : (unsigned)(letter - letters);
}

// Table of the decree: what characters in odd places, counted from 1, add to the sum. Digits count
// as the first ten letters.
static unsigned it_odd(uint8_t value)
{
	static const uint8_t odd[26] = {1,  0,  5, 7, 9, 13, 15, 17, 19, 21, 2,  4,  18,
					20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
	return odd[value > 9 ? value - LETTER_A : value];
}

bool validator_it_codice_fiscale(struct span text)
{
	static const char months[] = "ABCDEHLMPRST";
	static const uint8_t digits[] = {6, 7, 9, 10, 12, 13, 14};
	uint8_t v[16];
	unsigned sum = 0;
	if (checksum_values(text, v, sizeof(v)) != sizeof(v) || v[8] <= 9 || v[15] <= 9)
		return false;
	for (size_t i = 0; i < 15; i++)
		sum += i % 2 == 0 ? it_odd(v[i]) : v[i] > 9 ? v[i] - 10u : v[i];
	for (size_t i = 0; i < sizeof(digits); i++) {
		v[digits[i]] = (uint8_t)omocode(v[digits[i]]);
		if (v[digits[i]] > 9)
			return false;
	}
	const char *month = memchr(months, 'A' + v[8] - LETTER_A, 12);
	unsigned day = v[9] * 10u + v[10]; // a woman's has 40 added
	return month != NULL && sum % 26 == v[15] - (unsigned)LETTER_A &&
	       checksum_birthday(
		       v[6] * 10u + v[7], (unsigned)(month - months) + 1, day > 40 ? day - 40 : day
	       );
}

bool validator_it_partita_iva(struct span text)
{
	uint8_t d[11];
	if (!checksum_has_digits(text, d, sizeof(d)) || checksum_number(d, 7) == 0)
		return false;
	uint64_t office = checksum_number(d + 7, 3);
	bool used = (office >= 1 && office <= 100) || office == 120 || office == 121 ||
		    office == 888 || office == 999;
	return used && checksum_luhn(d, sizeof(d));
}

bool validator_pt_cc(struct span text)
{
	uint8_t v[12];
	unsigned sum = 0;
	if (checksum_values(text, v, sizeof(v)) != sizeof(v) || v[11] > 9)
		return false;
	for (size_t i = 0; i < sizeof(v); i++) {
		unsigned value = i % 2 == 0 ? 2u * v[i] : v[i];
		sum += i % 2 == 0 && value > 9 ? value - 9 : value;
	}
	return sum % 10 == 0;
}

bool validator_pt_nif(struct span text)
{
	static const uint8_t weights[8] = {9, 8, 7, 6, 5, 4, 3, 2};
	uint8_t d[9];
	if (!checksum_has_digits(text, d, sizeof(d)) || d[0] == 0 || (d[0] == 4 && d[1] != 5))
		return false;
	return (11 - checksum_weighted(d, weights, sizeof(weights)) % 11) % 11 % 10 == d[8];
}

bool validator_si_emso(struct span text)
{
	static const uint8_t weights[12] = {7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2};
	uint8_t d[13];
	if (!checksum_has_digits(text, d, sizeof(d)))
		return false;
	unsigned year = (unsigned)checksum_number(d + 4, 3);
	unsigned rest = checksum_weighted(d, weights, sizeof(weights)) % 11;
	return checksum_date(
		       year + (year < 800 ? 2000 : 1000), d[2] * 10u + d[3], d[0] * 10u + d[1]
	       ) &&
	       (11 - rest) % 11 % 10 == d[12];
}
