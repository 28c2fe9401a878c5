// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The kernel for the baseline CPU: SSE 4.2, 16 bytes at a time.

#include "patterns/kernel.h"

#include <immintrin.h>

struct masks;
static struct masks masks_of(
	const struct kernel_tables *tables, const uint8_t *p, uint8_t *symbols
);

#define KERNEL_NAME kernel_generic
#include "patterns/kernel.inc"

static inline __m128i in_range(__m128i v, char first, char count)
{
	__m128i offset = _mm_sub_epi8(v, _mm_set1_epi8(first));
	return _mm_cmpeq_epi8(_mm_min_epu8(offset, _mm_set1_epi8((char)(count - 1))), offset);
}

static inline __m128i table(const uint8_t entries[static 16])
{
	return _mm_loadu_si128((const __m128i *)entries);
}

static inline __m128i buckets(__m128i v, __m128i low, __m128i high)
{
	__m128i nibble = _mm_set1_epi8(15);
	return _mm_and_si128(
		_mm_shuffle_epi8(low, _mm_and_si128(v, nibble)),
		_mm_shuffle_epi8(high, _mm_and_si128(_mm_srli_epi16(v, 4), nibble))
	);
}

static inline uint64_t bits(__m128i v)
{
	return (uint16_t)_mm_movemask_epi8(v);
}

static inline struct masks masks_of(
	const struct kernel_tables *tables, const uint8_t *p, uint8_t *symbols
)
{
	struct masks m = {};
	for (unsigned i = 0; i < 64; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(p + i));
		__m128i lower = _mm_or_si128(v, _mm_set1_epi8(0x20));
		__m128i letters = in_range(lower, 'a', 26), digits = in_range(v, '0', 10);
		__m128i symbol = _mm_or_si128(
			_mm_and_si128(letters, lower), _mm_and_si128(digits, _mm_set1_epi8('0'))
		);
		_mm_storeu_si128((__m128i *)(symbols + i), symbol);
		m.letters |= bits(letters) << i;
		m.digits |= bits(digits) << i;
		// A capital letter lacks the bit that, shifted up, is a byte's highest.
		m.upper |= bits(_mm_andnot_si128(_mm_slli_epi16(v, 2), letters)) << i;
		__m128i inner = buckets(v, table(tables->inner_low), table(tables->inner_high));
		m.inner |= (~bits(_mm_cmpeq_epi8(inner, _mm_setzero_si128())) & 0xffff) << i;
		if (!tables->has_pivots)
			continue;
		__m128i next = _mm_loadu_si128((const __m128i *)(p + i + 1));
		__m128i pair = _mm_and_si128(
			buckets(v, table(tables->first_low), table(tables->first_high)),
			buckets(next, table(tables->second_low), table(tables->second_high))
		);
		m.pivots |= (~bits(_mm_cmpeq_epi8(pair, _mm_setzero_si128())) & 0xffff) << i;
	}
	m.inner |= m.digits;
	return m;
}
