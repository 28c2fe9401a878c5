// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/validate_device.h"

#include "patterns/checksum.h"

#include <arpa/inet.h>
#include <string.h>

bool validator_iccid(struct span text)
{
	uint8_t d[20];
	size_t n = checksum_digits(text, d, sizeof(d));
	return n >= 19 && checksum_number(d, 2) == 89 && checksum_luhn(d, n);
}

bool validator_imei(struct span text)
{
	uint8_t d[15];
	return checksum_has_digits(text, d, sizeof(d)) && !checksum_repeats(d, sizeof(d)) &&
	       checksum_luhn(d, sizeof(d));
}

bool validator_imsi(struct span text)
{
	uint8_t d[15];
	size_t n = checksum_digits(text, d, sizeof(d));
	// E.212 3.1: the first digit is the region; 0 is for tests, 1 and 8 are not given out.
	return n >= 14 && ((d[0] >= 2 && d[0] <= 7) || checksum_number(d, 3) == 901);
}

static bool is_hex(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

bool validator_ipv6(struct span text)
{
	char copy[INET6_ADDRSTRLEN];
	struct in6_addr address;
	size_t groups = 0, digits = 0;
	if (text.n >= sizeof(copy))
		return false;
	for (size_t i = 0; i < text.n; i++) {
		groups += is_hex(text.p[i]) && (i == 0 || !is_hex(text.p[i - 1]));
		digits += text.p[i] >= '0' && text.p[i] <= '9';
	}
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	if (digits == 0 || (groups < 2 && !span_equal(text, SPAN_LIT("::1"))))
		return false;
	return inet_pton(AF_INET6, copy, &address) == 1;
}

bool validator_mac(struct span text)
{
	size_t zeros = 0, effs = 0, letters = 0;
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i] | 0x20;
		zeros += text.p[i] == '0';
		effs += c == 'f';
		letters += c >= 'a' && c <= 'f';
	}
	if (zeros == 12 || effs == 12)
		return false;
	return letters > 0 || memchr(text.p, ':', text.n) != NULL;
}

bool validator_vin(struct span text)
{
	static const uint8_t weights[17] = {8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2};
	// 49 CFR 565.15, table III: A to H, J to N, P, R, S to Z; I, O and Q do not occur.
	static const uint8_t letters[26] = {1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2, 3, 4,
					    5, 0, 7, 0, 9, 2, 3, 4, 5, 6, 7, 8, 9};
	uint8_t values[17];
	if (checksum_values(text, values, sizeof(values)) != sizeof(values) || text.n != 17)
		return false;
	if (checksum_repeats(values, sizeof(values)))
		return false;
	for (size_t i = 0; i < sizeof(values); i++) {
		if (values[i] > 9)
			values[i] = letters[values[i] - 10];
	}
	uint32_t rest = checksum_weighted(values, weights, sizeof(values)) % 11;
	return text.p[8] == (rest == 10 ? 'X' : '0' + rest);
}
