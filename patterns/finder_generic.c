// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The finder for any CPU that runs this program: SSSE3.

#include <immintrin.h>
#include <stdint.h>

enum { VEC_SIZE = 16 };
typedef __m128i vec;
typedef uint16_t mask;

static inline vec load(const uint8_t *p)
{
	return _mm_loadu_si128((const void *)p);
}

static inline vec both(vec a, vec b)
{
	return _mm_and_si128(a, b);
}

static inline vec sum(vec a, vec b)
{
	return _mm_add_epi8(a, b);
}

static inline vec low_nibble(vec c)
{
	return both(c, _mm_set1_epi8(15));
}

static inline vec high_nibble(vec c)
{
	return low_nibble(_mm_srli_epi16(c, 4));
}

static inline vec lookup(const uint8_t table[static 16], vec index)
{
	__m128i entries = _mm_loadu_si128((const void *)table);
	return _mm_shuffle_epi8(entries, index);
}

// Which bytes have any of `bits`.
static inline uint64_t any_of(vec x, uint8_t bits)
{
	vec chosen = both(x, _mm_set1_epi8((char)bits));
	return (uint16_t)~_mm_movemask_epi8(_mm_cmpeq_epi8(chosen, _mm_setzero_si128()));
}

// Which bytes are one of the `count` from `first` on.
static inline uint64_t in_range(vec c, uint8_t first, uint8_t count)
{
	vec rest = _mm_subs_epu8(
		_mm_sub_epi8(c, _mm_set1_epi8((char)first)), _mm_set1_epi8((char)(count - 1))
	);
	return (uint64_t)_mm_movemask_epi8(_mm_cmpeq_epi8(rest, _mm_setzero_si128()));
}

#define FINDER_NAME finder_generic
#include "patterns/finder.inc"
