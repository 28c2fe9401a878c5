// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The kernel for the baseline CPU: SSE 4.2, 16 bytes at a time.

#include <immintrin.h>
#include <stdint.h>

typedef __m128i vec;

static inline vec v_load(const uint8_t *p)
{
	return _mm_loadu_si128((const __m128i *)p);
}

static inline vec v_set1(char c)
{
	return _mm_set1_epi8(c);
}

static inline vec v_or(vec a, vec b)
{
	return _mm_or_si128(a, b);
}

static inline vec v_and(vec a, vec b)
{
	return _mm_and_si128(a, b);
}

static inline vec v_sub(vec a, vec b)
{
	return _mm_sub_epi8(a, b);
}

static inline vec v_min(vec a, vec b)
{
	return _mm_min_epu8(a, b);
}

static inline vec v_equal(vec a, vec b)
{
	return _mm_cmpeq_epi8(a, b);
}

static inline vec v_down(vec v, int count)
{
	return _mm_srli_epi16(v, count);
}

static inline vec v_look_up(vec table, vec nibbles)
{
	return _mm_shuffle_epi8(table, nibbles);
}

static inline vec v_table(const uint8_t entries[static 16])
{
	return v_load(entries);
}

static inline void v_store(uint8_t *p, vec v)
{
	_mm_storeu_si128((__m128i *)p, v);
}

// The highest bit of each byte.
static inline uint64_t v_bits(vec v)
{
	return (uint16_t)_mm_movemask_epi8(v);
}

#define KERNEL_NAME kernel_generic
#include "patterns/kernel_shuffle.inc"
