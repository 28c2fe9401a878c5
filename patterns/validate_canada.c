// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/validate_canada.h"

#include "patterns/checksum.h"

bool validator_ca_bc_phn(struct span text)
{
	static const uint8_t weights[9] = {2, 4, 8, 5, 10, 9, 7, 3, 1};
	uint8_t d[10];
	return checksum_has_digits(text, d, sizeof(d)) && d[0] == 9 && d[9] != 0 &&
	       !checksum_repeats(d, sizeof(d)) &&
	       checksum_weighted(d + 1, weights, sizeof(weights)) % 11 == 0;
}

bool validator_ca_bn(struct span text)
{
	static const char programs[] = "CDEGMNPRTZ"; // behind an R
	uint8_t v[15];
	size_t n = checksum_values(text, v, sizeof(v));
	if (n != 9 && n != 15)
		return false;
	for (size_t i = 0; i < n; i++) {
		if ((v[i] > 9) != (i == 9 || i == 10))
			return false;
	}
	if (n == 15 && (v[9] != 'R' - 'A' + 10 ||
			memchr(programs, 'A' + v[10] - 10, sizeof(programs) - 1) == NULL))
		return false;
	return !checksum_repeats(v, 9) && checksum_luhn(v, 9);
}

bool validator_ca_ohip(struct span text)
{
	uint8_t v[12];
	size_t n = checksum_values(text, v, sizeof(v));
	if ((n != 10 && n != 12) || v[0] == 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		if ((v[i] > 9) != (i >= 10))
			return false;
	}
	return !checksum_repeats(v, 10) && checksum_luhn(v, 10);
}

bool validator_ca_ramq(struct span text)
{
	uint8_t v[12];
	if (checksum_values(text, v, sizeof(v)) != sizeof(v))
		return false;
	for (size_t i = 0; i < sizeof(v); i++) {
		if ((v[i] > 9) != (i < 4))
			return false;
	}
	unsigned month = v[6] * 10u + v[7];
	return checksum_birthday(
		v[4] * 10u + v[5], month > 50 ? month - 50 : month, v[8] * 10u + v[9]
	);
}

bool validator_ca_sin(struct span text)
{
	uint8_t d[9];
	return checksum_has_digits(text, d, sizeof(d)) && !checksum_repeats(d, sizeof(d)) &&
	       checksum_luhn(d, sizeof(d));
}
