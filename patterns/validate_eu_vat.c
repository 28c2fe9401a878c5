// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/validate_eu_vat.h"

#include "patterns/checksum.h"
#include "patterns/validate_eu_east.h"
#include "patterns/validate_eu_north.h"
#include "patterns/validate_eu_south.h"
#include "patterns/validate_eu_west.h"

// Digits, as many as there are weights, whose weighted sum `modulus` divides. Out: d, for more.
static bool divides(
	struct span text, const uint8_t *weights, size_t n, unsigned modulus, uint8_t *d
)
{
	return checksum_has_digits(text, d, n) && !checksum_repeats(d, n) &&
	       checksum_weighted(d, weights, n) % modulus == 0;
}

static bool vat_at(struct span text)
{
	uint8_t d[8];
	if (text.p[0] != 'U' || !checksum_has_digits(span_from(text, 1), d, sizeof(d)))
		return false;
	unsigned sum = 0;
	for (size_t i = 0; i < 7; i++)
		sum += i % 2 == 0 ? d[i] : d[i] / 5u + 2u * d[i] % 10;
	return (106 - sum) % 10 == d[7];
}

static bool vat_be(struct span text)
{
	uint8_t d[10];
	return checksum_has_digits(text, d, sizeof(d)) && checksum_number(d, 8) != 0 &&
	       (checksum_number(d, 8) + checksum_number(d + 8, 2)) % 97 == 0;
}

// Persons have their civil number, foreigners one of weights 21 19 17 13 11 9 7 3 1, others one of
// weights 4 3 2 7 6 5 4 3 2.
static bool vat_bg_person(struct span text)
{
	static const uint8_t foreigner[9] = {21, 19, 17, 13, 11, 9, 7, 3, 1};
	static const uint8_t other[10] = {4, 3, 2, 7, 6, 5, 4, 3, 2, 1};
	uint8_t d[10];
	if (!checksum_has_digits(text, d, sizeof(d)) || checksum_repeats(d, sizeof(d)))
		return false;
	return validator_bg_egn(text) ||
	       checksum_weighted(d, foreigner, sizeof(foreigner)) % 10 == d[9] ||
	       checksum_weighted(d, other, sizeof(other)) % 11 == 0;
}

static bool vat_bg(struct span text)
{
	static const uint8_t first[8] = {1, 2, 3, 4, 5, 6, 7, 8};
	static const uint8_t second[8] = {3, 4, 5, 6, 7, 8, 9, 10};
	uint8_t d[9];
	if (!checksum_has_digits(text, d, sizeof(d)))
		return vat_bg_person(text);
	unsigned check = checksum_weighted(d, first, sizeof(first)) % 11;
	if (check == 10)
		check = checksum_weighted(d, second, sizeof(second)) % 11 % 10;
	return !checksum_repeats(d, sizeof(d)) && check == d[8];
}

static bool vat_cy(struct span text)
{
	static const uint8_t odd[10] = {1, 0, 5, 7, 9, 13, 15, 17, 19, 21};
	uint8_t v[9];
	unsigned sum = 0;
	if (checksum_values(text, v, sizeof(v)) != sizeof(v) || (v[0] == 1 && v[1] == 2))
		return false;
	for (size_t i = 0; i < 8; i++) {
		if (v[i] > 9)
			return false;
		sum += i % 2 == 0 ? odd[v[i]] : v[i];
	}
	return v[8] == 10 + sum % 26;
}

static bool vat_cz(struct span text)
{
	static const uint8_t weights[7] = {8, 7, 6, 5, 4, 3, 2};
	uint8_t d[10];
	size_t n = checksum_digits(text, d, sizeof(d));
	if (n == 8) {
		unsigned check = (11 - checksum_weighted(d, weights, 7) % 11) % 11;
		return d[0] != 9 && (check == 0 ? 1 : check % 10) == d[7];
	}
	if (n == 9 && d[0] == 6) {
		unsigned rest = checksum_weighted(d + 1, weights, 7) % 11;
		return (8 + 10 - (21 - rest) % 11) % 10 == d[8];
	}
	return validator_cz_rodne_cislo(text);
}

static bool vat_de(struct span text)
{
	uint8_t d[9];
	return checksum_has_digits(text, d, sizeof(d)) && d[0] != 0 &&
	       checksum_mod11_10(d, sizeof(d));
}

static bool vat_dk(struct span text)
{
	static const uint8_t weights[8] = {2, 7, 6, 5, 4, 3, 2, 1};
	uint8_t d[8];
	return divides(text, weights, sizeof(d), 11, d) && d[0] != 0;
}

static bool vat_ee(struct span text)
{
	static const uint8_t weights[9] = {3, 7, 1, 3, 7, 1, 3, 7, 1};
	uint8_t d[9];
	return divides(text, weights, sizeof(d), 10, d);
}

static bool vat_es(struct span text)
{
	return validator_es_nif(text) || validator_es_nie(text) || validator_es_cif(text);
}

static bool vat_fi(struct span text)
{
	static const uint8_t weights[8] = {7, 9, 10, 5, 8, 4, 2, 1};
	uint8_t d[8];
	return divides(text, weights, sizeof(d), 11, d);
}

// The value of a character of the key, whose letters leave out I and O; 34 for those.
static unsigned fr_key(uint8_t value)
{
	enum { I = 18, O = 24 };
	if (value == I || value == O)
		return 34;
	return value - (value > I) - (value > O);
}

static bool vat_fr(struct span text)
{
	uint8_t v[11];
	if (checksum_values(text, v, sizeof(v)) != sizeof(v))
		return false;
	struct span company = span_from(text, text.n - 9);
	uint64_t siren = checksum_number(v + 2, 9);
	unsigned a = fr_key(v[0]), b = fr_key(v[1]);
	uint8_t d[9];
	// Monaco's numbers, which begin with 000, are no company's of France.
	if (!checksum_has_digits(company, d, sizeof(d)) || siren == 0 || a > 33 || b > 33 ||
	    (siren >= 1000000 && !validator_fr_siren(company)))
		return false;
	if (a <= 9 && b <= 9)
		return a * 10 + b == (siren * 100 + 12) % 97;
	int key = (int)(a <= 9 ? a * 24 + b - 10 : a * 34 + b - 100);
	return key >= 0 && (siren + 1 + (unsigned)key / 11) % 11 == (unsigned)key % 11;
}

static bool vat_hu(struct span text)
{
	static const uint8_t weights[8] = {9, 7, 3, 1, 9, 7, 3, 1};
	uint8_t d[8];
	return divides(text, weights, sizeof(d), 10, d);
}

// Before 2013 the second character was a letter or a sign, and the first digit came last.
static bool vat_ie(struct span text)
{
	uint8_t turned[8] = {'0'};
	if (text.n != 8 || (text.p[1] >= '0' && text.p[1] <= '9'))
		return validator_ie_pps(text);
	memcpy(turned + 1, text.p + 2, 5);
	turned[6] = text.p[0];
	turned[7] = text.p[7];
	return validator_ie_pps(span_of(turned, sizeof(turned)));
}

static bool vat_lt(struct span text)
{
	uint8_t d[12];
	size_t n = checksum_digits(text, d, sizeof(d));
	if ((n != 9 && n != 12) || d[n - 2] != 1)
		return false;
	unsigned first = 0, second = 0;
	for (unsigned i = 0; i + 1 < n; i++) {
		first += d[i] * (1 + i % 9);
		second += d[i] * (1 + (i + 2) % 9);
	}
	return (first % 11 == 10 ? second % 11 % 10 : first % 11) == d[n - 1];
}

static bool vat_lu(struct span text)
{
	uint8_t d[8];
	return checksum_has_digits(text, d, sizeof(d)) && checksum_number(d, 6) != 0 &&
	       checksum_number(d, 6) % 89 == checksum_number(d + 6, 2);
}

static bool vat_mt(struct span text)
{
	static const uint8_t weights[8] = {3, 4, 6, 7, 8, 9, 10, 1};
	uint8_t d[8];
	return divides(text, weights, sizeof(d), 37, d) && d[0] != 0;
}

// A company's number, or since 2020 one whose whole, the prefix in it, is right modulo 97.
static bool vat_nl(struct span text)
{
	uint8_t v[14] = {23, 21};
	if (checksum_values(text, v + 2, 12) != 12 || checksum_number(v + 12, 2) == 0 ||
	    checksum_number(v + 2, 9) == 0)
		return false;
	return validator_nl_bsn(span_first(text, 9)) || checksum_mod97_10(v, sizeof(v));
}

static bool vat_ro(struct span text)
{
	static const uint8_t weights[9] = {7, 5, 3, 2, 1, 7, 5, 3, 2};
	uint8_t d[10];
	size_t n = checksum_digits(text, d, sizeof(d));
	return n >= 2 && d[0] != 0 &&
	       10 * checksum_weighted(d, weights + (10 - n), n - 1) % 11 % 10 == d[n - 1];
}

static bool vat_se(struct span text)
{
	uint8_t d[12];
	return checksum_has_digits(text, d, sizeof(d)) && d[10] == 0 && d[11] == 1 &&
	       checksum_number(d, 10) != 0 && checksum_luhn(d, 10);
}

static bool vat_si(struct span text)
{
	static const uint8_t weights[7] = {8, 7, 6, 5, 4, 3, 2};
	uint8_t d[8];
	if (!checksum_has_digits(text, d, sizeof(d)) || d[0] == 0)
		return false;
	unsigned check = 11 - checksum_weighted(d, weights, sizeof(weights)) % 11;
	return check != 11 && check % 10 == d[7];
}

static bool vat_sk(struct span text)
{
	uint8_t d[10];
	if (!checksum_has_digits(text, d, sizeof(d)))
		return false;
	if (validator_cz_rodne_cislo(text))
		return true;
	return d[0] != 0 && d[2] != 0 && d[2] != 1 && d[2] != 5 && d[2] != 6 &&
	       checksum_modulo(d, sizeof(d), 11) == 0;
}

// Companies begin with 4 to 9; persons have their personal code.
static bool vat_lv(struct span text)
{
	static const uint8_t weights[11] = {9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1};
	uint8_t d[11];
	if (!checksum_has_digits(text, d, sizeof(d)))
		return false;
	if (d[0] <= 3)
		return validator_lv_personas_kods(text);
	return checksum_weighted(d, weights, sizeof(weights)) % 11 == 3;
}

static const struct {
	char prefix[3];
	bool (*accepts)(struct span text);
} states[] = {
	{"AT", vat_at},           {"BE", vat_be},
	{"BG", vat_bg},           {"CY", vat_cy},
	{"CZ", vat_cz},           {"DE", vat_de},
	{"DK", vat_dk},           {"EE", vat_ee},
	{"EL", validator_gr_afm}, {"ES", vat_es},
	{"FI", vat_fi},           {"FR", vat_fr},
	{"HR", validator_hr_oib}, {"HU", vat_hu},
	{"IE", vat_ie},           {"IT", validator_it_partita_iva},
	{"LT", vat_lt},           {"LU", vat_lu},
	{"LV", vat_lv},           {"MT", vat_mt},
	{"NL", vat_nl},           {"PL", validator_pl_nip},
	{"PT", validator_pt_nif}, {"RO", vat_ro},
	{"SE", vat_se},           {"SI", vat_si},
	{"SK", vat_sk},
};

bool validator_eu_vat(struct span text)
{
	uint8_t plain[16];
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];
		if (c == ' ' || c == '.' || c == '-')
			continue;
		if (n == sizeof(plain))
			return false;
		plain[n++] = c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
	}
	for (size_t i = 0; n > 2 && i < sizeof(states) / sizeof(states[0]); i++) {
		if (memcmp(states[i].prefix, plain, 2) == 0)
			return states[i].accepts(span_of(plain + 2, n - 2));
	}
	return false;
}
