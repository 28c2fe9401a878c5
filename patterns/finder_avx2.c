// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The finder for AVX2.

#include <immintrin.h>
#include <stdint.h>

enum { VEC_SIZE = 32 };
typedef __m256i vec;
typedef uint32_t mask;

static inline vec load(const uint8_t *p)
{
	return _mm256_loadu_si256((const void *)p);
}

static inline vec both(vec a, vec b)
{
	return _mm256_and_si256(a, b);
}

static inline vec sum(vec a, vec b)
{
	return _mm256_add_epi8(a, b);
}

static inline vec low_nibble(vec c)
{
	return both(c, _mm256_set1_epi8(15));
}

static inline vec high_nibble(vec c)
{
	return low_nibble(_mm256_srli_epi16(c, 4));
}

static inline vec lookup(const uint8_t table[static 16], vec index)
{
	__m128i entries = _mm_loadu_si128((const void *)table);
	return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(entries), index);
}

// Which bytes have any of `bits`.
static inline uint64_t any_of(vec x, uint8_t bits)
{
	vec chosen = both(x, _mm256_set1_epi8((char)bits));
	return (uint32_t)~_mm256_movemask_epi8(_mm256_cmpeq_epi8(chosen, _mm256_setzero_si256()));
}

// Which bytes are one of the `count` from `first` on.
static inline uint64_t in_range(vec c, uint8_t first, uint8_t count)
{
	vec rest = _mm256_subs_epu8(
		_mm256_sub_epi8(c, _mm256_set1_epi8((char)first)),
		_mm256_set1_epi8((char)(count - 1))
	);
	return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(rest, _mm256_setzero_si256()));
}

#define FINDER_NAME finder_avx2
#include "patterns/finder.inc"
