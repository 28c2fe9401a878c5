// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The finder for AVX-512 (BW), a block at a time.

#include <immintrin.h>
#include <stdint.h>

enum { VEC_SIZE = 64 };
typedef __m512i vec;
typedef uint64_t mask;

static inline vec load(const uint8_t *p)
{
	return _mm512_loadu_si512((const void *)p);
}

static inline vec both(vec a, vec b)
{
	return _mm512_and_si512(a, b);
}

static inline vec sum(vec a, vec b)
{
	return _mm512_add_epi8(a, b);
}

static inline vec low_nibble(vec c)
{
	return both(c, _mm512_set1_epi8(15));
}

static inline vec high_nibble(vec c)
{
	return low_nibble(_mm512_srli_epi16(c, 4));
}

static inline vec lookup(const uint8_t table[static 16], vec index)
{
	__m128i entries = _mm_loadu_si128((const void *)table);
	return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(entries), index);
}

// Which bytes have any of `bits`.
static inline uint64_t any_of(vec x, uint8_t bits)
{
	return _mm512_test_epi8_mask(x, _mm512_set1_epi8((char)bits));
}

// Which bytes are one of the `count` from `first` on.
static inline uint64_t in_range(vec c, uint8_t first, uint8_t count)
{
	return _mm512_cmplt_epu8_mask(
		_mm512_sub_epi8(c, _mm512_set1_epi8((char)first)), _mm512_set1_epi8((char)count)
	);
}

#define FINDER_NAME finder_avx512
#include "patterns/finder.inc"
