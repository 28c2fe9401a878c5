// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/validate_asia.h"

#include "patterns/checksum.h"

// Numbers up to 99 that a country uses, as bits.
struct codes {
	uint64_t low, high; // 0 to 63, 64 to 127
};

static bool has_code(struct codes codes, unsigned code)
{
	return ((code < 64 ? codes.low >> code : codes.high >> (code - 64)) & 1) != 0;
}

#define BITS(first, last) ((~UINT64_C(0) >> (63 - ((last) - (first)))) << (first))

bool validator_cn_resident_id(struct span text)
{
	static const struct codes provinces = {
		BITS(11, 15) | BITS(21, 23) | BITS(31, 37) | BITS(41, 46) | BITS(50, 54) |
			BITS(61, 63),
		BITS(0, 1) | BITS(7, 7) | BITS(17, 19),
	};
	uint8_t v[18];
	if (checksum_values(text, v, sizeof(v)) != sizeof(v) || !checksum_mod11_2(v, sizeof(v)))
		return false;
	unsigned year = (unsigned)checksum_number(v + 6, 4);
	return has_code(provinces, v[0] * 10u + v[1]) && year >= 1850 && year < 2100 &&
	       checksum_date(year, v[10] * 10u + v[11], v[12] * 10u + v[13]);
}

bool validator_cn_uscc(struct span text)
{
	static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
	unsigned sum = 0, weight = 1;
	if (text.n != 18)
		return false;
	for (size_t i = 0; i < 18; i++) {
		const char *at = memchr(alphabet, text.p[i], sizeof(alphabet) - 1);
		if (at == NULL || (i >= 2 && i < 8 && at - alphabet > 9))
			return false;
		sum += (unsigned)(at - alphabet) * (i < 17 ? weight : 1);
		weight = weight * 3 % 31;
	}
	return sum % 31 == 0;
}

bool validator_hk_hkid(struct span text)
{
	static const uint8_t weights[9] = {9, 8, 7, 6, 5, 4, 3, 2, 1};
	enum { NONE = 36 };
	uint8_t v[9];
	size_t n = checksum_values(text, v, sizeof(v));
	if (n == 8) {
		memmove(v + 1, v, 8);
		v[0] = NONE;
	}
	return n >= 8 && v[8] <= 10 && checksum_weighted(v, weights, sizeof(v)) % 11 == 0;
}

bool validator_id_nik(struct span text)
{
	static const struct codes provinces = {
		BITS(11, 19) | BITS(21, 21) | BITS(31, 36) | BITS(51, 53) | BITS(61, 63),
		BITS(0, 1) | BITS(7, 12) | BITS(17, 18) | BITS(27, 33),
	};
	uint8_t d[16];
	if (!checksum_has_digits(text, d, sizeof(d)) || checksum_number(d + 12, 4) == 0)
		return false;
	unsigned day = d[6] * 10u + d[7];
	return has_code(provinces, d[0] * 10u + d[1]) &&
	       checksum_birthday(d[10] * 10u + d[11], d[8] * 10u + d[9], day > 40 ? day - 40 : day);
}

bool validator_jp_corporate_number(struct span text)
{
	static const uint8_t weights[12] = {2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1};
	uint8_t d[13];
	return checksum_has_digits(text, d, sizeof(d)) && checksum_number(d + 1, 12) != 0 &&
	       9 - checksum_weighted(d + 1, weights, sizeof(weights)) % 9 == d[0];
}

bool validator_jp_my_number(struct span text)
{
	static const uint8_t weights[11] = {6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2};
	uint8_t d[12];
	if (!checksum_has_digits(text, d, sizeof(d)) || checksum_repeats(d, sizeof(d)))
		return false;
	unsigned rest = checksum_weighted(d, weights, sizeof(weights)) % 11;
	return (rest <= 1 ? 0 : 11 - rest) == d[11];
}

bool validator_kr_brn(struct span text)
{
	static const uint8_t weights[10] = {1, 3, 7, 1, 3, 7, 1, 3, 5, 1};
	uint8_t d[10];
	if (!checksum_has_digits(text, d, sizeof(d)) || checksum_number(d, 3) < 101 ||
	    checksum_number(d + 3, 2) == 0 || checksum_number(d + 5, 4) == 0)
		return false;
	return (checksum_weighted(d, weights, sizeof(d)) + 5u * d[8] / 10) % 10 == 0;
}

bool validator_kr_rrn(struct span text)
{
	static const uint8_t weights[12] = {2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5};
	// By the seventh digit: citizens 9 0 1 2 3 4, foreigners 5 to 8.
	static const unsigned centuries[10] = {1800, 1900, 1900, 2000, 2000,
					       1900, 1900, 2000, 2000, 1800};
	uint8_t d[13];
	if (!checksum_has_digits(text, d, sizeof(d)))
		return false;
	unsigned year = centuries[d[6]] + d[0] * 10u + d[1], month = d[2] * 10u + d[3];
	if (!checksum_date(year, month, d[4] * 10u + d[5]))
		return false;
	if (year * 12 + month >= 2020 * 12 + 10)
		return true;
	return (11 - checksum_weighted(d, weights, sizeof(weights)) % 11) % 10 == d[12];
}

bool validator_my_nric(struct span text)
{
	static const struct codes places = {
		BITS(1, 16) | BITS(21, 59) | BITS(60, 63),
		BITS(0, 0) | BITS(2, 4) | BITS(7, 8) | BITS(10, 15) | BITS(18, 29) | BITS(34, 35),
	};
	uint8_t d[12];
	return checksum_has_digits(text, d, sizeof(d)) && has_code(places, d[6] * 10u + d[7]) &&
	       checksum_birthday(d[0] * 10u + d[1], d[2] * 10u + d[3], d[4] * 10u + d[5]);
}

bool validator_pk_cnic(struct span text)
{
	uint8_t d[13];
	return checksum_has_digits(text, d, sizeof(d)) && d[0] >= 1 && d[0] <= 8 && d[12] != 0;
}

bool validator_sg_nric(struct span text)
{
	static const uint8_t weights[7] = {2, 7, 6, 5, 4, 3, 2};
	static const struct {
		char series;
		unsigned offset;
		char letters[12];
	} all[] = {
		{'S', 0, "JZIHGFEDCBA"}, {'T', 4, "JZIHGFEDCBA"}, {'F', 0, "XWUTRQPNMLK"},
		{'G', 4, "XWUTRQPNMLK"}, {'M', 3, "XWUTRQPNJLK"},
	};
	uint8_t v[9];
	if (checksum_values(text, v, sizeof(v)) != sizeof(v) || v[8] <= 9)
		return false;
	unsigned sum = checksum_weighted(v + 1, weights, sizeof(weights));
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i].series - 'A' + 10 == v[0])
			return all[i].letters[(sum + all[i].offset) % 11] - 'A' + 10 == v[8];
	}
	return false;
}

// T08LL1234A: the year the number was given in behind its century's letter, the kind of entity.
static bool uen_other(struct span text)
{
	static const char kinds[] =
		"CCCDCHCLCMCPCSCXDPFBFCFMFNGAGBGSHSLLLPMBMCMDMHMMMQNBNRPAPBPFRFRPSM"
		"SSTCTUVHXL";
	static const char alphabet[] = "ABCDEFGHJKLMNPQRSTUVWX0123456789";
	static const uint8_t weights[9] = {4, 3, 5, 3, 10, 2, 2, 5, 7};
	unsigned sum = 0;
	bool known = false;
	for (size_t i = 0; i < sizeof(kinds) - 1; i += 2)
		known = known || (kinds[i] == text.p[3] && kinds[i + 1] == text.p[4]);
	for (size_t i = 0; i < sizeof(weights); i++) {
		const char *at = memchr(alphabet, text.p[i], sizeof(alphabet) - 1);
		if (at == NULL)
			return false;
		sum += (unsigned)(at - alphabet) * weights[i];
	}
	return known && alphabet[(sum + 6) % 11] == text.p[9];
}

bool validator_sg_uen(struct span text)
{
	static const uint8_t business[8] = {10, 4, 9, 3, 8, 2, 7, 1};
	static const uint8_t company[9] = {10, 8, 6, 4, 9, 7, 5, 3, 1};
	uint8_t d[9];
	if (text.n != 9 && text.n != 10)
		return false;
	uint8_t check = text.p[text.n - 1];
	if (!checksum_has_digits(span_first(text, text.n - 1), d, text.n - 1))
		return text.n == 10 && uen_other(text);
	if (text.n == 9)
		return "XMKECAWLJDB"[checksum_weighted(d, business, 8) % 11] == check;
	return checksum_number(d, 4) >= 1800 && checksum_number(d, 4) < 2100 &&
	       "ZKCMDNERGWH"[checksum_weighted(d, company, 9) % 11] == check;
}

bool validator_th_id(struct span text)
{
	static const uint8_t weights[12] = {13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2};
	uint8_t d[13];
	return checksum_has_digits(text, d, sizeof(d)) && d[0] != 0 && d[0] != 9 &&
	       (11 - checksum_weighted(d, weights, sizeof(weights)) % 11) % 10 == d[12];
}

bool validator_tw_id(struct span text)
{
	// The two digits of each letter, in the order the districts got them.
	static const uint8_t numbers[26] = {10, 11, 12, 13, 14, 15, 16, 17, 34, 18, 19, 20, 21,
					    22, 35, 23, 24, 25, 26, 27, 28, 29, 32, 30, 31, 33};
	static const uint8_t weights[11] = {1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1};
	uint8_t v[10], d[11];
	if (checksum_values(text, v, sizeof(v)) != sizeof(v) || v[0] <= 9 || v[1] > 13)
		return false;
	d[0] = numbers[v[0] - 10] / 10;
	d[1] = numbers[v[0] - 10] % 10;
	memcpy(d + 2, v + 1, 9);
	if (d[2] > 9) // residents until 2021: A to D, of which the second digit counts
		d[2] = numbers[v[1] - 10] % 10;
	else if (d[2] != 1 && d[2] != 2 && d[2] != 8 && d[2] != 9)
		return false;
	return checksum_weighted(d, weights, sizeof(weights)) % 10 == 0;
}

bool validator_vn_cccd(struct span text)
{
	// Provinces have mostly even numbers; the first digit of three is 0.
	static const struct codes provinces = {
		BITS(1, 2) | BITS(4, 4) | BITS(6, 6) | BITS(8, 8) | BITS(10, 12) | BITS(14, 15) |
			BITS(17, 17) | BITS(19, 20) | BITS(22, 22) | BITS(24, 27) | BITS(30, 31) |
			BITS(33, 38) | BITS(40, 40) | BITS(42, 42) | BITS(44, 46) | BITS(48, 49) |
			BITS(51, 52) | BITS(54, 54) | BITS(56, 56) | BITS(58, 58) | BITS(60, 60) |
			BITS(62, 62),
		BITS(0, 0) | BITS(2, 4) | BITS(6, 6) | BITS(8, 8) | BITS(10, 11) | BITS(13, 13) |
			BITS(15, 16) | BITS(18, 20) | BITS(22, 23) | BITS(25, 25) | BITS(27, 32),
	};
	uint8_t d[12];
	return checksum_has_digits(text, d, sizeof(d)) && d[0] == 0 && d[3] <= 5 &&
	       has_code(provinces, d[1] * 10u + d[2]);
}
