// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/validate_eu_west.h"

#include "patterns/checksum.h"

bool validator_at_svnr(struct span text)
{
	static const uint8_t weights[10] = {3, 7, 9, 0, 5, 8, 4, 2, 1, 6};
	uint8_t d[10];
	if (!checksum_has_digits(text, d, sizeof(d)) || d[0] == 0)
		return false;
	unsigned day = d[4] * 10u + d[5], month = d[6] * 10u + d[7];
	return day >= 1 && day <= 31 && month >= 1 && month <= 15 &&
	       checksum_weighted(d, weights, sizeof(d)) % 11 == d[3];
}

bool validator_be_nn(struct span text)
{
	uint8_t d[12] = {2};
	if (!checksum_has_digits(text, d + 1, 11))
		return false;
	unsigned month = d[3] * 10u + d[4], day = d[5] * 10u + d[6], check = d[10] * 10u + d[11];
	// A month or day that is not known is zero.
	if (month >= 60 || month % 20 > 12 || day > 31)
		return false;
	return 97 - checksum_modulo(d + 1, 9, 97) == check ||
	       97 - checksum_modulo(d, 10, 97) == check;
}

bool validator_ch_ahv(struct span text)
{
	static const uint8_t weights[13] = {1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1};
	uint8_t d[13];
	return checksum_has_digits(text, d, sizeof(d)) && checksum_number(d, 3) == 756 &&
	       checksum_weighted(d, weights, sizeof(d)) % 10 == 0;
}

bool validator_de_document(struct span text)
{
	static const uint8_t weights[9] = {7, 3, 1, 7, 3, 1, 7, 3, 1};
	enum { D = 13 };
	uint8_t v[11];
	size_t n = checksum_values(text, v, sizeof(v));
	if (n == 11 && v[10] != D)
		return false;
	return n == 9 || (n > 9 && checksum_weighted(v, weights, sizeof(weights)) % 10 == v[9]);
}

bool validator_de_rente(struct span text)
{
	static const uint8_t weights[12] = {2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1};
	uint8_t v[12], d[13];
	if (checksum_values(text, v, sizeof(v)) != sizeof(v) || v[8] <= 9)
		return false;
	memcpy(d, v, 8);
	d[8] = (v[8] - 9) / 10; // A is 01
	d[9] = (v[8] - 9) % 10;
	memcpy(d + 10, v + 9, 3);
	unsigned sum = 0;
	for (size_t i = 0; i < 13; i++) {
		unsigned product = i < 12 ? d[i] * weights[i] : 0;
		if (d[i] > 9)
			return false;
		sum += product / 10 + product % 10;
	}
	// Day and month that are not known are zero.
	return d[2] * 10u + d[3] <= 31 && d[4] * 10u + d[5] <= 12 && sum % 10 == d[12];
}

bool validator_de_steuer_id(struct span text)
{
	uint8_t d[11], count[10] = {};
	unsigned repeated = 0;
	if (!checksum_has_digits(text, d, sizeof(d)) || d[0] == 0)
		return false;
	for (size_t i = 0; i < 10; i++)
		count[d[i]]++;
	for (size_t i = 0; i < 10; i++) {
		if (count[i] > 3)
			return false;
		repeated += count[i] > 1;
	}
	return repeated == 1 && checksum_mod11_10(d, sizeof(d));
}

bool validator_fr_nif(struct span text)
{
	uint8_t d[13];
	return checksum_has_digits(text, d, sizeof(d)) && d[0] <= 3 &&
	       checksum_number(d, 10) % 511 == checksum_number(d + 10, 3) &&
	       checksum_number(d, 10) != 0;
}

// Months 20 to 42 and 50 to 99 stand for civil records that are not complete.
static bool nir_month(unsigned month)
{
	return (month >= 1 && month <= 12) || (month >= 20 && month <= 42) || month >= 50;
}

bool validator_fr_nir(struct span text)
{
	uint8_t d[15];
	size_t n = checksum_values(text, d, sizeof(d));
	if (n != 13 && n != 15)
		return false;
	// Corsica's departments, 2A and 2B, count as 19 and 18.
	if (d[5] == 2 && (d[6] == 10 || d[6] == 11)) {
		d[6] = d[6] == 10 ? 9 : 8;
		d[5] = 1;
	}
	for (size_t i = 0; i < n; i++) {
		if (d[i] > 9)
			return false;
	}
	if (d[0] == 0 || d[0] == 5 || d[0] == 6 || d[0] == 9 || !nir_month(d[3] * 10u + d[4]) ||
	    checksum_number(d + 5, 2) == 0)
		return false;
	return n == 13 || 97 - checksum_number(d, 13) % 97 == checksum_number(d + 13, 2);
}

bool validator_fr_siren(struct span text)
{
	uint8_t d[9];
	return checksum_has_digits(text, d, sizeof(d)) && !checksum_repeats(d, sizeof(d)) &&
	       checksum_luhn(d, sizeof(d));
}

bool validator_fr_siret(struct span text)
{
	uint8_t d[14];
	if (!checksum_has_digits(text, d, sizeof(d)) || checksum_repeats(d, 9) ||
	    !checksum_luhn(d, 9))
		return false;
	// La Poste, but for its head office.
	if (checksum_number(d, 9) != 356000000 || checksum_number(d + 9, 5) == 48)
		return checksum_luhn(d, sizeof(d));
	unsigned sum = 0;
	for (size_t i = 0; i < sizeof(d); i++)
		sum += d[i];
	return sum % 5 == 0;
}

bool validator_ie_pps(struct span text)
{
	static const uint8_t weights[7] = {8, 7, 6, 5, 4, 3, 2};
	uint8_t v[9];
	size_t n = checksum_values(text, v, sizeof(v));
	if (n != 8 && n != 9)
		return false;
	for (size_t i = 0; i < 7; i++) {
		if (v[i] > 9)
			return false;
	}
	unsigned sum = checksum_weighted(v, weights, sizeof(weights));
	if (v[7] <= 9 || (n == 9 && v[8] <= 9))
		return false;
	if (n == 9 && v[8] - 9u <= 9)
		sum += 9u * (v[8] - 9u);
	unsigned rest = sum % 23; // W stands for 0, A for 1
	return v[7] - 9u == (rest == 0 ? 23 : rest);
}

bool validator_lu_nin(struct span text)
{
	uint8_t d[13];
	if (!checksum_has_digits(text, d, sizeof(d)) || !checksum_luhn(d, 12))
		return false;
	unsigned year = (unsigned)checksum_number(d, 4);
	if (year < 1850 || year > 2099 ||
	    !checksum_date(year, d[4] * 10u + d[5], d[6] * 10u + d[7]))
		return false;
	d[11] = d[12];
	return checksum_verhoeff(d, 12);
}

bool validator_nl_bsn(struct span text)
{
	static const uint8_t weights[9] = {9, 8, 7, 6, 5, 4, 3, 2, 10}; // 10 is -1
	uint8_t d[9] = {};
	size_t n = checksum_digits(text, d, sizeof(d));
	if (n == 8) { // a leading zero left out
		memmove(d + 1, d, 8);
		d[0] = 0;
	}
	return n >= 8 && !checksum_repeats(d, sizeof(d)) &&
	       checksum_weighted(d, weights, sizeof(d)) % 11 == 0;
}
