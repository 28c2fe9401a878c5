// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/validate_brazil.h"

#include "patterns/checksum.h"

// The check digit of Brazil's usual modulus 11: 11 less the rest, 0 for what is no digit.
static unsigned check11(unsigned sum)
{
	return sum % 11 < 2 ? 0 : 11 - sum % 11;
}

bool validator_br_cnh(struct span text)
{
	static const uint8_t down[9] = {9, 8, 7, 6, 5, 4, 3, 2, 1};
	static const uint8_t up[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
	uint8_t d[11];
	if (!checksum_has_digits(text, d, sizeof(d)) || checksum_repeats(d, sizeof(d)))
		return false;
	unsigned first = checksum_weighted(d, down, sizeof(down)) % 11;
	unsigned second = checksum_weighted(d, up, sizeof(up)) % 11;
	if (first == 10) {
		first = 0;
		second = (second + 9) % 11;
	}
	return first == d[9] && second % 10 == d[10];
}

bool validator_br_cnpj(struct span text)
{
	static const uint8_t weights[13] = {6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2};
	uint8_t v[14];
	if (checksum_values(text, v, sizeof(v)) != sizeof(v) || checksum_repeats(v, 12))
		return false;
	for (size_t i = 0; i < 12; i++)
		v[i] += v[i] > 9 ? 'A' - '0' - 10 : 0;
	return check11(checksum_weighted(v, weights + 1, 12)) == v[12] &&
	       check11(checksum_weighted(v, weights, 13)) == v[13];
}

bool validator_br_cns(struct span text)
{
	static const uint8_t weights[15] = {15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1};
	uint8_t d[15];
	return checksum_has_digits(text, d, sizeof(d)) && d[0] != 0 && (d[0] <= 2 || d[0] >= 7) &&
	       checksum_weighted(d, weights, sizeof(d)) % 11 == 0;
}

bool validator_br_cpf(struct span text)
{
	static const uint8_t weights[10] = {11, 10, 9, 8, 7, 6, 5, 4, 3, 2};
	uint8_t d[11];
	return checksum_has_digits(text, d, sizeof(d)) && !checksum_repeats(d, sizeof(d)) &&
	       check11(checksum_weighted(d, weights + 1, 9)) == d[9] &&
	       check11(checksum_weighted(d, weights, 10)) == d[10];
}

static const uint8_t weights_3_2_9[10] = {3, 2, 9, 8, 7, 6, 5, 4, 3, 2};

bool validator_br_pis(struct span text)
{
	uint8_t d[11];
	return checksum_has_digits(text, d, sizeof(d)) && !checksum_repeats(d, sizeof(d)) &&
	       check11(checksum_weighted(d, weights_3_2_9, 10)) == d[10];
}

// The same arithmetic, for another number.
bool validator_br_renavam(struct span text)
{
	return validator_br_pis(text);
}

bool validator_br_titulo_eleitoral(struct span text)
{
	static const uint8_t first[8] = {2, 3, 4, 5, 6, 7, 8, 9};
	static const uint8_t second[3] = {7, 8, 9};
	uint8_t d[12];
	if (!checksum_has_digits(text, d, sizeof(d)))
		return false;
	unsigned state = d[8] * 10u + d[9];
	if (state < 1 || state > 28 || checksum_number(d, 8) == 0)
		return false;
	unsigned a = checksum_weighted(d, first, sizeof(first)) % 11;
	unsigned b = checksum_weighted(d + 8, second, sizeof(second)) % 11;
	unsigned zero = state <= 2 ? 1 : 0;
	return (a == 0 ? zero : a % 10) == d[10] && (b == 0 ? zero : b % 10) == d[11];
}
