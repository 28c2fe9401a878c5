// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/validate_oceania_india.h"

#include "patterns/checksum.h"

bool validator_au_abn(struct span text)
{
	static const uint8_t weights[11] = {10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19};
	uint8_t d[11];
	return checksum_has_digits(text, d, sizeof(d)) && checksum_number(d, 2) > 10 &&
	       (checksum_weighted(d, weights, sizeof(d)) - weights[0]) % 89 == 0;
}

bool validator_au_acn(struct span text)
{
	static const uint8_t weights[9] = {8, 7, 6, 5, 4, 3, 2, 1, 1};
	uint8_t d[9];
	return checksum_has_digits(text, d, sizeof(d)) && !checksum_repeats(d, sizeof(d)) &&
	       checksum_weighted(d, weights, sizeof(d)) % 10 == 0;
}

bool validator_au_medicare(struct span text)
{
	static const uint8_t weights[8] = {1, 3, 7, 9, 1, 3, 7, 9};
	uint8_t d[11];
	size_t n = checksum_digits(text, d, sizeof(d));
	return (n == 10 || (n == 11 && d[10] != 0)) && d[0] >= 2 && d[0] <= 6 && d[9] != 0 &&
	       checksum_weighted(d, weights, sizeof(weights)) % 10 == d[8];
}

bool validator_au_tfn(struct span text)
{
	static const uint8_t weights[9] = {1, 4, 3, 7, 5, 8, 6, 9, 10};
	uint8_t d[9];
	return checksum_has_digits(text, d, sizeof(d)) && !checksum_repeats(d, sizeof(d)) &&
	       checksum_weighted(d, weights, sizeof(d)) % 11 == 0;
}

bool validator_nz_ird(struct span text)
{
	static const uint8_t first[8] = {3, 2, 7, 6, 5, 4, 3, 2};
	static const uint8_t second[8] = {7, 4, 3, 2, 5, 2, 7, 6};
	uint8_t d[9];
	size_t n = checksum_digits(text, d, sizeof(d));
	if (n == 8) {
		memmove(d + 1, d, 8);
		d[0] = 0;
	}
	if (n < 8 || checksum_number(d, 9) <= 10000000 || checksum_number(d, 9) >= 150000000)
		return false;
	unsigned check = (11 - checksum_weighted(d, first, sizeof(first)) % 11) % 11;
	if (check == 10)
		check = (11 - checksum_weighted(d, second, sizeof(second)) % 11) % 11;
	return check == d[8];
}

// The value of a letter, of which I and O are left out: A is 1, Z is 24; 0 for those and digits.
static uint8_t nhi_letter(uint8_t value)
{
	enum { A = 10, I = 18, O = 24 };
	if (value < A || value == I || value == O)
		return 0;
	return value - A + 1 - (value > I) - (value > O);
}

bool validator_nz_nhi(struct span text)
{
	static const uint8_t weights[6] = {7, 6, 5, 4, 3, 2};
	uint8_t v[7];
	if (checksum_values(text, v, sizeof(v)) != sizeof(v) || v[3] > 9 || v[4] > 9)
		return false;
	bool old = v[6] <= 9;
	for (size_t i = 0; i < sizeof(v); i++) {
		if (i == 3 || i == 4 || (old && i > 2))
			continue;
		v[i] = nhi_letter(v[i]);
		if (v[i] == 0)
			return false;
	}
	unsigned sum = checksum_weighted(v, weights, sizeof(weights));
	if (old)
		return v[5] <= 9 && sum % 11 != 0 && (11 - sum % 11) % 10 == v[6];
	// The standard of 2019 said 24, its revision 23.
	return 24 - sum % 24 == v[6] || 23 - sum % 23 == v[6];
}

bool validator_in_aadhaar(struct span text)
{
	uint8_t d[12];
	if (!checksum_has_digits(text, d, sizeof(d)) || d[0] < 2)
		return false;
	bool palindrome = true;
	for (size_t i = 0; i < sizeof(d) / 2; i++)
		palindrome = palindrome && d[i] == d[sizeof(d) - 1 - i];
	return !palindrome && checksum_verhoeff(d, sizeof(d));
}

bool validator_in_epic(struct span text)
{
	uint8_t v[10];
	if (checksum_values(text, v, sizeof(v)) != sizeof(v))
		return false;
	for (size_t i = 3; i < sizeof(v); i++) {
		if (v[i] > 9)
			return false;
	}
	return checksum_number(v + 3, 7) != 0 && checksum_luhn(v + 3, 7);
}

bool validator_in_pan(struct span text)
{
	static const char holders[] = "ABCFGHJKLPT";
	uint8_t v[10];
	if (checksum_values(text, v, sizeof(v)) != sizeof(v) || v[3] <= 9)
		return false;
	return memchr(holders, 'A' + v[3] - 10, sizeof(holders) - 1) != NULL &&
	       checksum_number(v + 5, 4) != 0;
}

bool validator_in_gstin(struct span text)
{
	enum { Z = 35 };
	uint8_t v[15];
	if (checksum_values(text, v, sizeof(v)) != sizeof(v) || text.n != sizeof(v))
		return false;
	unsigned state = v[0] * 10u + v[1], sum = 0;
	if (state < 1 || (state > 38 && state != 97) || v[12] == 0 || v[13] != Z ||
	    !validator_in_pan(span_of(text.p + 2, 10)))
		return false;
	for (size_t i = 0; i < sizeof(v); i++) {
		unsigned value = i % 2 == 1 ? 2u * v[i] : v[i];
		sum += value / 36 + value % 36;
	}
	return sum % 36 == 0;
}

bool validator_in_vehicle(struct span text)
{
	static const char states[] = "ANAPARASBRCGCHDDDLDNGAGJHPHRJHJKKAKLLALDMHMLMNMPMZNLODORPBPY"
				     "RJSKTGTNTRTSUKUAUPWB";
	uint8_t v[12];
	size_t n = checksum_values(text, v, sizeof(v));
	if (n < 6)
		return false;
	if (v[0] <= 9) // year, BH, number
		return v[2] == 11 && v[3] == 17;
	for (size_t i = 0; i + 1 < sizeof(states) - 1; i += 2) {
		if (states[i] - 'A' + 10 == v[0] && states[i + 1] - 'A' + 10 == v[1])
			return true;
	}
	return false;
}
