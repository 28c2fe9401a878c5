// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/validate_latin.h"

#include "patterns/checksum.h"

static const uint8_t weights_5_to_2[10] = {5, 4, 3, 2, 7, 6, 5, 4, 3, 2};

bool validator_ar_cbu(struct span text)
{
	static const uint8_t bank[7] = {7, 1, 3, 9, 7, 1, 3};
	static const uint8_t account[13] = {3, 9, 7, 1, 3, 9, 7, 1, 3, 9, 7, 1, 3};
	uint8_t d[22];
	return checksum_has_digits(text, d, sizeof(d)) && !checksum_repeats(d, sizeof(d)) &&
	       (checksum_weighted(d, bank, sizeof(bank)) + d[7]) % 10 == 0 &&
	       (checksum_weighted(d + 8, account, sizeof(account)) + d[21]) % 10 == 0;
}

bool validator_ar_cuit(struct span text)
{
	static const uint8_t kinds[] = {20, 23, 24, 25, 26, 27, 30, 33, 34, 50, 51, 55};
	uint8_t d[11];
	if (!checksum_has_digits(text, d, sizeof(d)) ||
	    memchr(kinds, d[0] * 10 + d[1], sizeof(kinds)) == NULL)
		return false;
	unsigned check = 11 - checksum_weighted(d, weights_5_to_2, 10) % 11;
	return (check == 11 ? 0 : check == 10 ? 9 : check) == d[10];
}

bool validator_cl_rut(struct span text)
{
	enum { K = 20 };
	uint8_t v[9];
	size_t n = checksum_values(text, v, sizeof(v));
	if (n < 8 || checksum_repeats(v, n))
		return false;
	unsigned sum = 0;
	for (size_t i = 0; i + 1 < n; i++) {
		if (v[i] > 9)
			return false;
		sum += v[i] * (2u + (n - 2 - i) % 6);
	}
	unsigned check = (11 - sum % 11) % 11;
	return v[n - 1] == (check == 10 ? K : check);
}

bool validator_co_nit(struct span text)
{
	static const uint8_t weights[15] = {3,  7,  13, 17, 19, 23, 29, 37,
					    41, 43, 47, 53, 59, 67, 71};
	uint8_t d[16];
	size_t n = checksum_digits(text, d, sizeof(d));
	if (n < 8 || checksum_repeats(d, n))
		return false;
	unsigned sum = 0;
	for (size_t i = 0; i + 1 < n; i++)
		sum += (unsigned)d[i] * weights[n - 2 - i];
	return (sum % 11 < 2 ? sum % 11 : 11 - sum % 11) == d[n - 1];
}

bool validator_do_cedula(struct span text)
{
	uint8_t d[11];
	return checksum_has_digits(text, d, sizeof(d)) && !checksum_repeats(d, sizeof(d)) &&
	       checksum_luhn(d, sizeof(d));
}

// Provinces; 30 and 50 are those who registered abroad.
static bool ec_province(const uint8_t *d)
{
	unsigned province = d[0] * 10u + d[1];
	return (province >= 1 && province <= 24) || province == 30 || province == 50;
}

bool validator_ec_cedula(struct span text)
{
	uint8_t d[10];
	return checksum_has_digits(text, d, sizeof(d)) && ec_province(d) && d[2] <= 6 &&
	       checksum_luhn(d, sizeof(d));
}

bool validator_ec_ruc(struct span text)
{
	static const uint8_t authority[9] = {3, 2, 7, 6, 5, 4, 3, 2, 1};
	static const uint8_t company[10] = {4, 3, 2, 7, 6, 5, 4, 3, 2, 1};
	uint8_t d[13];
	if (!checksum_has_digits(text, d, sizeof(d)) || !ec_province(d))
		return false;
	if (d[2] == 9)
		return checksum_number(d + 10, 3) != 0 &&
		       checksum_weighted(d, company, sizeof(company)) % 11 == 0;
	if (d[2] == 6 && checksum_number(d + 9, 4) != 0 &&
	    checksum_weighted(d, authority, sizeof(authority)) % 11 == 0)
		return true;
	return d[2] <= 6 && checksum_number(d + 10, 3) != 0 && checksum_luhn(d, 10);
}

bool validator_mx_clabe(struct span text)
{
	static const uint8_t weights[3] = {3, 7, 1};
	uint8_t d[18];
	unsigned sum = 0;
	if (!checksum_has_digits(text, d, sizeof(d)) || checksum_number(d, 3) == 0)
		return false;
	for (size_t i = 0; i < 17; i++)
		sum += d[i] * weights[i % 3] % 10u;
	return (sum + d[17]) % 10 == 0;
}

// Is there such a day in the year of two digits, when `old` is before 2000 and else after?
static bool day_of(const uint8_t *d, bool old)
{
	return checksum_date(
		(old ? 1900 : 2000) + d[0] * 10u + d[1], d[2] * 10u + d[3], d[4] * 10u + d[5]
	);
}

bool validator_mx_curp(struct span text)
{
	static const char states[] =
		"ASBCBSCCCHCLCMCSDFDGGRGTHGJCMCMNMSNENLNTOCPLQRQTSLSPSRTCTLTSVZYN"
		"ZS";
	uint8_t v[18];
	unsigned sum = 0;
	bool known = false;
	if (checksum_values(text, v, sizeof(v)) != sizeof(v))
		return false;
	for (size_t i = 0; i < sizeof(v); i++) {
		bool letter = v[i] > 9;
		if (i != 16 && letter != (i < 4 || (i > 9 && i < 16)))
			return false;
		// N-tilde has a value between N and O.
		sum += (v[i] + (v[i] > 23 ? 1u : 0u)) * (18 - (unsigned)i);
	}
	for (size_t i = 0; i + 1 < sizeof(states); i += 2)
		known = known ||
			(states[i] == 'A' + v[11] - 10 && states[i + 1] == 'A' + v[12] - 10);
	// The weight of the check digit itself is 1.
	return known && sum % 10 == 0 && day_of(v + 4, v[16] <= 9);
}

bool validator_mx_rfc(struct span text)
{
	uint8_t d[6];
	if (text.n < 12)
		return false;
	// Letters before the date may take two bytes; behind it stand three characters.
	return checksum_has_digits(span_of(text.p + text.n - 9, 6), d, sizeof(d)) &&
	       (day_of(d, true) || day_of(d, false));
}

bool validator_pe_cui(struct span text)
{
	static const uint8_t weights[8] = {3, 2, 7, 6, 5, 4, 3, 2};
	uint8_t v[9];
	if (checksum_values(text, v, sizeof(v)) != sizeof(v))
		return false;
	for (size_t i = 0; i < 8; i++) {
		if (v[i] > 9)
			return false;
	}
	unsigned rest = checksum_weighted(v, weights, sizeof(weights)) % 11;
	return v[8] == (uint8_t) "65432110987"[rest] - '0' || v[8] == 10 + 10 - rest;
}

bool validator_pe_ruc(struct span text)
{
	uint8_t d[11];
	if (!checksum_has_digits(text, d, sizeof(d)))
		return false;
	unsigned kind = d[0] * 10u + d[1];
	return (kind == 10 || kind == 15 || kind == 17 || kind == 20) &&
	       (11 - checksum_weighted(d, weights_5_to_2, 10) % 11) % 10 == d[10];
}

bool validator_uy_ci(struct span text)
{
	static const uint8_t weights[8] = {2, 9, 8, 7, 6, 3, 4, 1};
	uint8_t d[8] = {};
	size_t n = checksum_digits(text, d, sizeof(d));
	if (n == 7) {
		memmove(d + 1, d, 7);
		d[0] = 0;
	}
	return n >= 7 && !checksum_repeats(d, sizeof(d)) &&
	       checksum_weighted(d, weights, sizeof(d)) % 10 == 0;
}

bool validator_uy_rut(struct span text)
{
	static const uint8_t weights[12] = {4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2, 1};
	uint8_t d[12];
	if (!checksum_has_digits(text, d, sizeof(d)))
		return false;
	uint64_t office = checksum_number(d, 2);
	return office >= 1 && office <= 22 && checksum_number(d + 2, 6) != 0 &&
	       checksum_number(d + 8, 3) == 1 && checksum_weighted(d, weights, sizeof(d)) % 11 == 0;
}

bool validator_ve_rif(struct span text)
{
	static const char kinds[] = "VEJPG";
	static const uint8_t weights[8] = {3, 2, 7, 6, 5, 4, 3, 2};
	uint8_t v[10];
	if (checksum_values(text, v, sizeof(v)) != sizeof(v) || v[0] <= 9)
		return false;
	const char *kind = memchr(kinds, 'A' + v[0] - 10, sizeof(kinds) - 1);
	for (size_t i = 1; i < sizeof(v); i++) {
		if (v[i] > 9)
			return false;
	}
	if (kind == NULL)
		return false;
	unsigned sum = 4 * ((unsigned)(kind - kinds) + 1) +
		       checksum_weighted(v + 1, weights, sizeof(weights));
	unsigned rest = sum % 11;
	return (rest < 2 ? 0 : 11 - rest) == v[9];
}
