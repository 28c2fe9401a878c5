// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/checksum.h"

size_t checksum_values(struct span text, uint8_t *out, size_t max)
{
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i], letter = c | 0x20;
		bool is_letter = letter >= 'a' && letter <= 'z';
		if (!is_letter && (c < '0' || c > '9'))
			continue;
		if (n == max)
			return 0;
		out[n++] = is_letter ? letter - 'a' + 10 : c - '0';
	}
	return n;
}

static bool are_digits(const uint8_t *values, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (values[i] > 9)
			return false;
	}
	return true;
}

size_t checksum_digits(struct span text, uint8_t *out, size_t max)
{
	size_t n = checksum_values(text, out, max);
	return are_digits(out, n) ? n : 0;
}

bool checksum_has_digits(struct span text, uint8_t *d, size_t n)
{
	return checksum_digits(text, d, n) == n;
}

uint64_t checksum_number(const uint8_t *d, size_t n)
{
	uint64_t number = 0;
	for (size_t i = 0; i < n; i++)
		number = number * 10 + d[i];
	return number;
}

bool checksum_repeats(const uint8_t *d, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (d[i] != d[0])
			return false;
	}
	return true;
}

bool checksum_date(unsigned year, unsigned month, unsigned day)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	if (month < 1 || month > 12 || day < 1)
		return false;
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return day <= days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

bool checksum_birthday(unsigned year, unsigned month, unsigned day)
{
	return checksum_date(2000 + year, month, day) || checksum_date(1900 + year, month, day);
}

bool checksum_luhn(const uint8_t *d, size_t n)
{
	unsigned sum = n % 2 == 1 ? d[0] : 0;
	for (size_t i = n % 2; i < n; i += 2) // without a branch on what nobody can guess
		sum += 2u * d[i] - 9u * (d[i] > 4) + d[i + 1];
	return n > 1 && sum % 10 == 0;
}

bool checksum_verhoeff(const uint8_t *d, size_t n)
{
	// The dihedral group of order ten: products of two elements.
	static const uint8_t product[10][10] = {
		{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 4, 0, 6, 7, 8, 9, 5},
		{2, 3, 4, 0, 1, 7, 8, 9, 5, 6}, {3, 4, 0, 1, 2, 8, 9, 5, 6, 7},
		{4, 0, 1, 2, 3, 9, 5, 6, 7, 8}, {5, 9, 8, 7, 6, 0, 4, 3, 2, 1},
		{6, 5, 9, 8, 7, 1, 0, 4, 3, 2}, {7, 6, 5, 9, 8, 2, 1, 0, 4, 3},
		{8, 7, 6, 5, 9, 3, 2, 1, 0, 4}, {9, 8, 7, 6, 5, 4, 3, 2, 1, 0},
	};
	// The permutation for each place, counted from the right.
	static const uint8_t permuted[8][10] = {
		{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 5, 7, 6, 2, 8, 3, 0, 9, 4},
		{5, 8, 0, 3, 7, 9, 6, 1, 4, 2}, {8, 9, 1, 6, 0, 4, 3, 5, 2, 7},
		{9, 4, 5, 3, 1, 2, 6, 8, 7, 0}, {4, 2, 8, 6, 5, 7, 3, 9, 0, 1},
		{2, 7, 9, 3, 8, 0, 6, 4, 1, 5}, {7, 0, 4, 6, 9, 1, 3, 2, 5, 8},
	};
	if (n < 2 || !are_digits(d, n))
		return false;
	uint8_t check = 0;
	for (size_t i = 0; i < n; i++)
		check = product[check][permuted[i % 8][d[n - 1 - i]]];
	return check == 0;
}

bool checksum_damm(const uint8_t *d, size_t n)
{
	static const uint8_t quasigroup[10][10] = {
		{0, 3, 1, 7, 5, 9, 8, 6, 4, 2}, {7, 0, 9, 2, 1, 5, 4, 8, 6, 3},
		{4, 2, 0, 6, 8, 7, 1, 3, 5, 9}, {1, 7, 5, 0, 9, 8, 3, 4, 2, 6},
		{6, 1, 2, 3, 0, 4, 5, 9, 7, 8}, {3, 6, 7, 4, 2, 0, 9, 5, 8, 1},
		{5, 8, 6, 9, 7, 2, 0, 1, 3, 4}, {8, 9, 4, 5, 3, 6, 2, 0, 1, 7},
		{9, 4, 3, 8, 6, 1, 7, 2, 0, 5}, {2, 5, 8, 1, 4, 3, 6, 7, 9, 0},
	};
	if (n < 2 || !are_digits(d, n))
		return false;
	uint8_t interim = 0;
	for (size_t i = 0; i < n; i++)
		interim = quasigroup[interim][d[i]];
	return interim == 0;
}

unsigned checksum_weighted(const uint8_t *values, const uint8_t *weights, size_t n)
{
	unsigned sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += (unsigned)values[i] * weights[i];
	return sum;
}

unsigned checksum_modulo(const uint8_t *d, size_t n, unsigned modulus)
{
	unsigned rest = 0;
	for (size_t i = 0; i < n; i++)
		rest = (rest * 10 + d[i]) % modulus;
	return rest;
}

bool checksum_mod11_2(const uint8_t *values, size_t n)
{
	enum { X = 33 };
	unsigned rest = 0;
	if (n < 2 || !are_digits(values, n - 1) || (values[n - 1] > 9 && values[n - 1] != X))
		return false;
	for (size_t i = 0; i + 1 < n; i++)
		rest = (rest + values[i]) * 2 % 11;
	return (rest + (values[n - 1] == X ? 10 : values[n - 1])) % 11 == 1;
}

bool checksum_mod97_10(const uint8_t *values, size_t n)
{
	unsigned rest = 0;
	if (n < 3 || !are_digits(values + n - 2, 2))
		return false;
	for (size_t i = 0; i < n; i++)
		rest = (rest * (values[i] > 9 ? 100 : 10) + values[i]) % 97;
	return rest == 1;
}

// ISO/IEC 7064 clause 9: a hybrid system of modulus + 1 and `modulus`.
static bool hybrid(const uint8_t *values, size_t n, unsigned modulus)
{
	unsigned product = modulus;
	if (n < 2)
		return false;
	for (size_t i = 0; i + 1 < n; i++) {
		unsigned sum = (product + values[i]) % modulus;
		product = (sum == 0 ? modulus : sum) * 2 % (modulus + 1);
	}
	return values[n - 1] < modulus && (product + values[n - 1]) % modulus == 1;
}

bool checksum_mod11_10(const uint8_t *d, size_t n)
{
	return are_digits(d, n) && hybrid(d, n, 10);
}

bool checksum_mod37_36(const uint8_t *values, size_t n)
{
	return hybrid(values, n, 36);
}
