// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/hash.h"

#include <endian.h>
#include <string.h>

enum { SHA256_BLOCK = 64, KECCAK_RATE = 136 };

static uint32_t rotate32(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

// FIPS 180-4 6.2.2.
static void sha256_block(uint32_t state[static 8], const uint8_t *block)
{
	static const uint32_t k[64] = {
		// 4.2.2: cube roots of the first 64 primes
		0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
		0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
		0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
		0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
		0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
		0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
		0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
		0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
		0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
		0xc67178f2,
	};
	uint32_t w[64], v[8];
	for (size_t i = 0; i < 16; i++) {
		memcpy(&w[i], block + 4 * i, 4);
		w[i] = be32toh(w[i]);
	}
	for (size_t i = 16; i < 64; i++) {
		uint32_t a = w[i - 15], b = w[i - 2];
		w[i] = w[i - 16] + (rotate32(a, 7) ^ rotate32(a, 18) ^ a >> 3) + w[i - 7] +
		       (rotate32(b, 17) ^ rotate32(b, 19) ^ b >> 10);
	}
	memcpy(v, state, sizeof(v));
	for (size_t i = 0; i < 64; i++) {
		uint32_t e = v[4], a = v[0];
		uint32_t t1 = v[7] + (rotate32(e, 6) ^ rotate32(e, 11) ^ rotate32(e, 25)) +
			      ((e & v[5]) ^ (~e & v[6])) + k[i] + w[i];
		uint32_t t2 = (rotate32(a, 2) ^ rotate32(a, 13) ^ rotate32(a, 22)) +
			      ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
		memmove(v + 1, v, 7 * sizeof(v[0]));
		v[0] = t1 + t2;
		v[4] += t1;
	}
	for (size_t i = 0; i < 8; i++)
		state[i] += v[i];
}

void hash_sha256(struct span text, uint8_t out[static HASH_SIZE])
{
	uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
			     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	uint8_t padded[2 * SHA256_BLOCK] = {};
	size_t n = text.n + 9 <= SHA256_BLOCK ? SHA256_BLOCK : sizeof(padded);
	uint64_t bits = htobe64(8 * (uint64_t)text.n);
	memcpy(padded, text.p, text.n);
	padded[text.n] = 0x80;
	memcpy(padded + n - sizeof(bits), &bits, sizeof(bits));
	for (size_t i = 0; i < n; i += SHA256_BLOCK)
		sha256_block(state, padded + i);
	for (size_t i = 0; i < 8; i++) {
		uint32_t word = htobe32(state[i]);
		memcpy(out + 4 * i, &word, sizeof(word));
	}
}

static uint64_t rotate64(uint64_t x, unsigned n)
{
	return n == 0 ? x : x << n | x >> (64 - n);
}

// FIPS 202 3.2: theta, rho and pi, chi. Lane (x, y) is a[x + 5 * y].
static void keccak_round(uint64_t a[static 25])
{
	uint64_t column[5], b[25];
	for (size_t x = 0; x < 5; x++)
		column[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
	for (size_t i = 0; i < 25; i++)
		a[i] ^= column[(i + 4) % 5] ^ rotate64(column[(i + 1) % 5], 1);
	// Rho turns lane t of pi's path by the t-th triangular number.
	b[0] = a[0];
	for (size_t t = 0, x = 1, y = 0; t < 24; t++) {
		size_t next = (2 * x + 3 * y) % 5;
		b[y + 5 * next] = rotate64(a[x + 5 * y], (t + 1) * (t + 2) / 2 % 64);
		x = y;
		y = next;
	}
	for (size_t i = 0; i < 25; i++) {
		size_t row = i / 5 * 5;
		a[i] = b[i] ^ (~b[row + (i + 1) % 5] & b[row + (i + 2) % 5]);
	}
}

// FIPS 202 3.2.5: bit 2^j - 1 of a round's constant is the next bit of a shift register.
static uint64_t keccak_constant(uint8_t *shift)
{
	uint64_t constant = 0;
	for (unsigned j = 0; j <= 6; j++) {
		if ((*shift & 1) != 0)
			constant |= UINT64_C(1) << ((1u << j) - 1);
		*shift = (uint8_t)(*shift << 1 ^ ((*shift & 0x80) != 0 ? 0x71 : 0));
	}
	return constant;
}

void hash_keccak256(struct span text, uint8_t out[static HASH_SIZE])
{
	uint64_t state[25] = {};
	uint8_t block[KECCAK_RATE] = {}, shift = 1;
	memcpy(block, text.p, text.n);
	block[text.n] ^= 0x01;
	block[KECCAK_RATE - 1] ^= 0x80;
	for (size_t i = 0; i < KECCAK_RATE / 8; i++) {
		memcpy(&state[i], block + 8 * i, 8);
		state[i] = le64toh(state[i]);
	}
	for (int round = 0; round < 24; round++) {
		keccak_round(state);
		state[0] ^= keccak_constant(&shift);
	}
	for (size_t i = 0; i < HASH_SIZE / 8; i++) {
		uint64_t lane = htole64(state[i]);
		memcpy(out + 8 * i, &lane, sizeof(lane));
	}
}
