// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The kernel for AVX-512 (BW), a block at a time.

#include "patterns/kernel.h"

#include <immintrin.h>

struct masks;
static struct masks masks_of(
	const struct kernel_tables *tables, const uint8_t *p, uint8_t *symbols
);

#define KERNEL_NAME kernel_avx512
#include "patterns/kernel.inc"

static inline __mmask64 in_range(__m512i v, char first, char count)
{
	return _mm512_cmplt_epu8_mask(
		_mm512_sub_epi8(v, _mm512_set1_epi8(first)), _mm512_set1_epi8(count)
	);
}

static inline __m512i table(const uint8_t entries[static 16])
{
	return _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)entries));
}

static inline __m512i buckets(__m512i v, __m512i low, __m512i high)
{
	__m512i nibble = _mm512_set1_epi8(15);
	return _mm512_and_si512(
		_mm512_shuffle_epi8(low, _mm512_and_si512(v, nibble)),
		_mm512_shuffle_epi8(high, _mm512_and_si512(_mm512_srli_epi16(v, 4), nibble))
	);
}

static inline struct masks masks_of(
	const struct kernel_tables *tables, const uint8_t *p, uint8_t *symbols
)
{
	struct masks m = {};
	__m512i v = _mm512_loadu_si512(p);
	__m512i lower = _mm512_or_si512(v, _mm512_set1_epi8(0x20));
	m.letters = in_range(lower, 'a', 26);
	m.digits = in_range(v, '0', 10);
	m.upper = in_range(v, 'A', 26);
	__m512i symbol = _mm512_maskz_mov_epi8(m.letters, lower);
	symbol = _mm512_mask_mov_epi8(symbol, m.digits, _mm512_set1_epi8('0'));
	_mm512_storeu_si512(symbols, symbol);
	__m512i inner = buckets(v, table(tables->inner_low), table(tables->inner_high));
	m.inner = m.digits | _mm512_test_epi8_mask(inner, inner);
	if (tables->has_pivots) {
		__m512i next = _mm512_loadu_si512(p + 1);
		m.pivots = _mm512_test_epi8_mask(
			buckets(v, table(tables->first_low), table(tables->first_high)),
			buckets(next, table(tables->second_low), table(tables->second_high))
		);
	}
	return m;
}
