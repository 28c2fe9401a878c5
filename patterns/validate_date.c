// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/validate_date.h"

#include "patterns/checksum.h"

// Up to three numbers. Returns how many; a fourth or one above 9999 makes it 0.
static size_t numbers(struct span text, unsigned out[static 3])
{
	size_t n = 0;
	bool inside = false;
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];
		if (c < '0' || c > '9') {
			inside = false;
			continue;
		}
		if (!inside) {
			if (n == 3)
				return 0;
			out[n++] = 0;
		}
		inside = true;
		out[n - 1] = out[n - 1] * 10 + (c - '0');
		if (out[n - 1] > 9999)
			return 0;
	}
	return n;
}

static bool is_year(unsigned year)
{
	return year >= 1900 && year <= 2099;
}

bool validator_birth_date(struct span text)
{
	unsigned d[3];
	switch (numbers(text, d)) {
	case 2: // the month is a word
		return is_year(d[1]) && d[0] >= 1 && d[0] <= 31;
	case 3:
		if (is_year(d[0]))
			return checksum_date(d[0], d[1], d[2]);
		return is_year(d[2]) &&
		       (checksum_date(d[2], d[1], d[0]) || checksum_date(d[2], d[0], d[1]));
	}
	return false;
}
