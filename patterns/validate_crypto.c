// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/validate_crypto.h"

#include "patterns/hash.h"

#include <string.h>

enum {
	BASE58_TEXT_MAX = 112, // an extended key
	BASE58_BYTES_MAX = 82,
	BECH32_MAX = 90, // BIP 173
	BECH32_CHECK = 6,
	PROGRAM_MAX = 40,
};

static const char base58[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
static const char bech32[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

// Out: out[0..result), the bytes; 0 when there are more than fit or a character is no digit.
static size_t base58_decode(struct span text, uint8_t out[static BASE58_BYTES_MAX])
{
	uint8_t number[BASE58_BYTES_MAX] = {}; // least byte first
	size_t n = 0, zeros = 0;
	for (size_t i = 0; i < text.n; i++) {
		const char *digit = memchr(base58, text.p[i], sizeof(base58) - 1);
		if (digit == NULL)
			return 0;
		unsigned carry = (unsigned)(digit - base58);
		if (carry == 0 && n == 0)
			zeros++;
		for (size_t j = 0; j < n; j++) {
			carry += number[j] * 58u;
			number[j] = (uint8_t)carry;
			carry >>= 8;
		}
		if (carry != 0) {
			if (n == BASE58_BYTES_MAX)
				return 0;
			number[n++] = (uint8_t)carry;
		}
	}
	if (zeros > BASE58_BYTES_MAX - n)
		return 0;
	memset(out, 0, zeros);
	for (size_t i = 0; i < n; i++)
		out[zeros + i] = number[n - 1 - i];
	return zeros + n;
}

static bool base58_version(const uint8_t *bytes, size_t n)
{
	// Bitcoin, Litecoin, Dogecoin, Tron; pay to a key's hash or a script's.
	static const uint8_t addresses[] = {0x00, 0x05, 0x30, 0x32, 0x1e, 0x16, 0x41};
	// BIP 32: xprv and xpub; SLIP 132: yprv, ypub, zprv, zpub.
	static const uint32_t extended[] = {0x0488ade4, 0x0488b21e, 0x049d7878,
					    0x049d7cb2, 0x04b2430c, 0x04b24746};
	switch (n) {
	case 25:
		return memchr(addresses, bytes[0], sizeof(addresses)) != NULL;
	case 37: // wallet import format
		return bytes[0] == 0x80;
	case 38: // of a key whose public key is compressed
		return bytes[0] == 0x80 && bytes[33] == 0x01;
	case 82:
		break;
	default:
		return false;
	}
	uint32_t version = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
			   (uint32_t)bytes[2] << 8 | bytes[3];
	for (size_t i = 0; i < sizeof(extended) / sizeof(extended[0]); i++) {
		if (version == extended[i])
			return true;
	}
	return false;
}

bool validator_base58check(struct span text)
{
	uint8_t bytes[BASE58_BYTES_MAX], hash[HASH_SIZE];
	if (text.n > BASE58_TEXT_MAX)
		return false;
	size_t n = base58_decode(text, bytes);
	if (!base58_version(bytes, n))
		return false;
	hash_sha256(span_of(bytes, n - 4), hash);
	hash_sha256(span_of(hash, sizeof(hash)), hash);
	return memcmp(bytes + n - 4, hash, 4) == 0;
}

struct bech32_text {
	uint8_t values[BECH32_MAX]; // behind the separator, checksum included
	size_t n;
	uint32_t checksum; // 1 for bech32, 0x2bc830a3 for bech32m
};

enum { BECH32 = 1, BECH32M = 0x2bc830a3 };

static uint32_t bech32_step(uint32_t checksum, uint8_t value)
{
	static const uint32_t generator[] = {
		0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
	uint32_t top = checksum >> 25;
	checksum = (checksum & 0x1ffffff) << 5 ^ value;
	for (size_t i = 0; i < 5; i++) {
		if ((top >> i & 1) != 0)
			checksum ^= generator[i];
	}
	return checksum;
}

static uint8_t fold(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static bool of_two_cases(struct span text)
{
	bool lower = false, upper = false;
	for (size_t i = 0; i < text.n; i++) {
		lower = lower || (text.p[i] >= 'a' && text.p[i] <= 'z');
		upper = upper || (text.p[i] >= 'A' && text.p[i] <= 'Z');
	}
	return lower && upper;
}

// The separator is the last 1. False: the text has not the form.
static bool bech32_read(struct span text, struct bech32_text *out)
{
	const uint8_t *one = text.n > BECH32_MAX ? NULL : memrchr(text.p, '1', text.n);
	if (one == NULL || one == text.p || of_two_cases(text))
		return false;
	size_t prefix = (size_t)(one - text.p);
	out->n = text.n - prefix - 1;
	out->checksum = 1;
	if (out->n < BECH32_CHECK)
		return false;
	for (size_t i = 0; i < prefix; i++)
		out->checksum = bech32_step(out->checksum, fold(text.p[i]) >> 5);
	out->checksum = bech32_step(out->checksum, 0);
	for (size_t i = 0; i < prefix; i++)
		out->checksum = bech32_step(out->checksum, fold(text.p[i]) & 31);
	for (size_t i = 0; i < out->n; i++) {
		const char *digit = memchr(bech32, fold(one[1 + i]), sizeof(bech32) - 1);
		if (digit == NULL)
			return false;
		out->values[i] = (uint8_t)(digit - bech32);
		out->checksum = bech32_step(out->checksum, out->values[i]);
	}
	return true;
}

bool validator_bech32(struct span text)
{
	struct bech32_text read;
	return bech32_read(text, &read) && (read.checksum == BECH32 || read.checksum == BECH32M);
}

bool validator_segwit(struct span text)
{
	struct bech32_text read;
	if (!bech32_read(text, &read) || read.n <= BECH32_CHECK)
		return false;
	size_t digits = read.n - BECH32_CHECK - 1; // behind the version
	size_t program = digits * 5 / 8, spare = digits * 5 % 8;
	uint8_t last = read.values[digits]; // of the program, when it has any digits
	if (spare >= 5 || (digits > 0 && (last & ((1u << spare) - 1)) != 0))
		return false;
	if (read.values[0] > 16 || program < 2 || program > PROGRAM_MAX)
		return false;
	if (read.values[0] == 0)
		return read.checksum == BECH32 && (program == 20 || program == 32);
	return read.checksum == BECH32M;
}

bool validator_ethereum(struct span text)
{
	uint8_t lower[40], hash[HASH_SIZE];
	if (text.n != 42)
		return false;
	struct span digits = span_from(text, 2);
	bool zero = true;
	for (size_t i = 0; i < sizeof(lower); i++) {
		lower[i] = fold(digits.p[i]);
		zero = zero && lower[i] == '0';
	}
	if (zero || !of_two_cases(digits))
		return !zero;
	hash_keccak256(span_of(lower, sizeof(lower)), hash);
	for (size_t i = 0; i < sizeof(lower); i++) {
		uint8_t nibble = i % 2 == 0 ? hash[i / 2] >> 4 : hash[i / 2] & 15;
		if (lower[i] >= 'a' && (digits.p[i] != lower[i]) != (nibble >= 8))
			return false;
	}
	return true;
}
