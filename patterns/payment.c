// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Numbers of cards and accounts.

#include "patterns/checksum.h"
#include "patterns/validator.h"

enum { CARD_DIGITS_MIN = 12, CARD_DIGITS_MAX = 19, IBAN_MAX = 34 };

// Issuer prefixes of four digits, and the lengths in use, one bit a length.
struct issuer {
	uint16_t first, last;
	uint32_t lengths;
};

#define LENGTH(n)     (1u << (n))
#define LENGTHS_16_19 (LENGTH(16) | LENGTH(17) | LENGTH(18) | LENGTH(19))
#define LENGTHS_12_19 (LENGTHS_16_19 | LENGTH(12) | LENGTH(13) | LENGTH(14) | LENGTH(15))

static const struct issuer issuers[] = {
	{2200, 2204, LENGTHS_16_19},                        // Mir
	{2221, 2720, LENGTH(16)},                           // Mastercard
	{3000, 3059, LENGTH(14) | LENGTHS_16_19},           // Diners Club
	{3095, 3095, LENGTH(14) | LENGTHS_16_19},           // Diners Club
	{3400, 3499, LENGTH(15)},                           // American Express
	{3528, 3589, LENGTHS_16_19},                        // JCB
	{3600, 3699, LENGTH(14) | LENGTHS_16_19},           // Diners Club
	{3700, 3799, LENGTH(15)},                           // American Express
	{3800, 3999, LENGTH(14) | LENGTHS_16_19},           // Diners Club
	{4000, 4999, LENGTH(13) | LENGTH(16) | LENGTH(19)}, // Visa
	{5018, 5018, LENGTHS_12_19},                        // Maestro
	{5019, 5019, LENGTH(16)},                           // Dankort
	{5020, 5020, LENGTHS_12_19},                        // Maestro
	{5038, 5038, LENGTHS_12_19},                        // Maestro
	{5060, 5061, LENGTH(16) | LENGTH(18) | LENGTH(19)}, // Verve
	{5078, 5079, LENGTH(16) | LENGTH(18) | LENGTH(19)}, // Verve
	{5081, 5089, LENGTH(16)},                           // RuPay
	{5100, 5599, LENGTH(16)},                           // Mastercard
	{5893, 5893, LENGTHS_12_19},                        // Maestro
	{6000, 6099, LENGTHS_16_19},                        // RuPay, Discover
	{6200, 6299, LENGTHS_16_19},                        // UnionPay
	{6304, 6304, LENGTHS_12_19},                        // Maestro
	{6440, 6599, LENGTHS_16_19},                        // Discover, RuPay
	{6759, 6759, LENGTHS_12_19},                        // Maestro
	{6761, 6763, LENGTHS_12_19},                        // Maestro
	{8100, 8299, LENGTHS_16_19},                        // UnionPay, RuPay
};

static bool issuer_uses(unsigned prefix, size_t digits)
{
	for (size_t i = 0; i < sizeof(issuers) / sizeof(issuers[0]); i++) {
		if (prefix >= issuers[i].first && prefix <= issuers[i].last)
			return (issuers[i].lengths & LENGTH(digits)) != 0;
	}
	return false;
}

// The digits of `text` without its separators. Returns how many, or 0 when there are more than
// `max`, two kinds of separator, or a group of one digit.
static size_t digits_of(struct span text, uint8_t *digits, size_t max)
{
	size_t n = 0, group = 0;
	uint8_t separator = 0;
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];
		if (c >= '0' && c <= '9') {
			if (n == max)
				return 0;
			digits[n++] = c - '0';
			group++;
			continue;
		}
		if (group < 2 || (separator != 0 && c != separator))
			return 0;
		separator = c;
		group = 0;
	}
	return group < 2 ? 0 : n;
}

bool validator_card(struct span text)
{
	uint8_t d[CARD_DIGITS_MAX];
	size_t n = digits_of(text, d, CARD_DIGITS_MAX);
	if (n < CARD_DIGITS_MIN)
		return false;
	return checksum_luhn(d, n) && // nine of ten fail here
	       issuer_uses(d[0] * 1000u + d[1] * 100u + d[2] * 10u + d[3], n);
}

// The SWIFT IBAN registry: country and length.
static const struct {
	char country[3];
	uint8_t length;
} ibans[] = {
	{"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16},
	{"BG", 22}, {"BH", 22}, {"BI", 27}, {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22},
	{"CY", 28}, {"CZ", 24}, {"DE", 22}, {"DJ", 27}, {"DK", 18}, {"DO", 28}, {"EE", 20},
	{"EG", 29}, {"ES", 24}, {"FI", 18}, {"FK", 18}, {"FO", 18}, {"FR", 27}, {"GB", 22},
	{"GE", 22}, {"GI", 23}, {"GL", 18}, {"GR", 27}, {"GT", 28}, {"HN", 28}, {"HR", 21},
	{"HU", 28}, {"IE", 22}, {"IL", 23}, {"IQ", 23}, {"IS", 26}, {"IT", 27}, {"JO", 30},
	{"KW", 30}, {"KZ", 20}, {"LB", 28}, {"LC", 32}, {"LI", 21}, {"LT", 20}, {"LU", 20},
	{"LV", 21}, {"LY", 25}, {"MC", 27}, {"MD", 24}, {"ME", 22}, {"MK", 19}, {"MN", 20},
	{"MR", 27}, {"MT", 31}, {"MU", 30}, {"NI", 28}, {"NL", 18}, {"NO", 15}, {"OM", 23},
	{"PK", 24}, {"PL", 28}, {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22},
	{"RU", 33}, {"SA", 24}, {"SC", 31}, {"SD", 18}, {"SE", 24}, {"SI", 19}, {"SK", 24},
	{"SM", 27}, {"SO", 23}, {"ST", 25}, {"SV", 28}, {"TL", 23}, {"TN", 24}, {"TR", 26},
	{"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20}, {"YE", 30},
};

static size_t iban_length(const uint8_t *country)
{
	for (size_t i = 0; i < sizeof(ibans) / sizeof(ibans[0]); i++) {
		if (memcmp(ibans[i].country, country, 2) == 0)
			return ibans[i].length;
	}
	return 0;
}

// The characters of `text` in upper case and without its spaces. Returns how many, or 0 when there
// are too many or the spaces are not those of the printed form.
static size_t iban_characters(struct span text, uint8_t out[static IBAN_MAX])
{
	size_t n = 0, spaces = 0;
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];
		if (c == ' ') {
			spaces++;
			if (n != 4 * spaces)
				return 0;
			continue;
		}
		if (n == IBAN_MAX)
			return 0;
		out[n++] = c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
	}
	return spaces == 0 || spaces == (n - 1) / 4 ? n : 0;
}

bool validator_iban(struct span text)
{
	uint8_t c[IBAN_MAX];
	size_t n = iban_characters(text, c);
	if (n < 5 || iban_length(c) != n)
		return false;
	unsigned rest = 0;
	for (size_t i = 0; i < n; i++) {
		uint8_t at = c[(i + 4) % n]; // the first four characters count last
		rest = at <= '9' ? (rest * 10 + (at - '0')) % 97
				 : (rest * 100 + (at - 'A' + 10)) % 97;
	}
	return rest == 1;
}

bool validator_ssn(struct span text)
{
	uint8_t d[9];
	if (digits_of(text, d, sizeof(d)) != sizeof(d))
		return false;
	unsigned area = d[0] * 100u + d[1] * 10u + d[2];
	unsigned group = d[3] * 10u + d[4];
	unsigned serial = d[5] * 1000u + d[6] * 100u + d[7] * 10u + d[8];
	if (area == 0 || area == 666 || area >= 900 || group == 0 || serial == 0)
		return false;
	return !(area == 78 && group == 5 && serial == 1120) &&
	       !(area == 219 && group == 9 && serial == 9999);
}
