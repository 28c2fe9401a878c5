// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The kernel for AVX2, 32 bytes at a time.

#include <immintrin.h>
#include <stdint.h>

typedef __m256i vec;

static inline vec v_load(const uint8_t *p)
{
	return _mm256_loadu_si256((const __m256i *)p);
}

static inline vec v_set1(char c)
{
	return _mm256_set1_epi8(c);
}

static inline vec v_or(vec a, vec b)
{
	return _mm256_or_si256(a, b);
}

static inline vec v_and(vec a, vec b)
{
	return _mm256_and_si256(a, b);
}

static inline vec v_sub(vec a, vec b)
{
	return _mm256_sub_epi8(a, b);
}

static inline vec v_min(vec a, vec b)
{
	return _mm256_min_epu8(a, b);
}

static inline vec v_equal(vec a, vec b)
{
	return _mm256_cmpeq_epi8(a, b);
}

static inline vec v_down(vec v, int count)
{
	return _mm256_srli_epi16(v, count);
}

static inline vec v_look_up(vec table, vec nibbles)
{
	return _mm256_shuffle_epi8(table, nibbles);
}

static inline vec v_table(const uint8_t entries[static 16])
{
	return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)entries));
}

static inline void v_store(uint8_t *p, vec v)
{
	_mm256_storeu_si256((__m256i *)p, v);
}

// The highest bit of each byte.
static inline uint64_t v_bits(vec v)
{
	return (uint32_t)_mm256_movemask_epi8(v);
}

#define KERNEL_NAME kernel_avx2
#include "patterns/kernel_shuffle.inc"
