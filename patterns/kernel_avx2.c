// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The kernel for AVX2, 32 bytes at a time.

#include "patterns/kernel.h"

#include <immintrin.h>

struct masks;
static struct masks masks_of(
	const struct kernel_tables *tables, const uint8_t *p, uint8_t *symbols
);

#define KERNEL_NAME kernel_avx2
#include "patterns/kernel.inc"

static inline __m256i in_range(__m256i v, char first, char count)
{
	__m256i offset = _mm256_sub_epi8(v, _mm256_set1_epi8(first));
	return _mm256_cmpeq_epi8(
		_mm256_min_epu8(offset, _mm256_set1_epi8((char)(count - 1))), offset
	);
}

static inline __m256i table(const uint8_t entries[static 16])
{
	return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)entries));
}

static inline __m256i buckets(__m256i v, __m256i low, __m256i high)
{
	__m256i nibble = _mm256_set1_epi8(15);
	return _mm256_and_si256(
		_mm256_shuffle_epi8(low, _mm256_and_si256(v, nibble)),
		_mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble))
	);
}

static inline uint64_t bits(__m256i v)
{
	return (uint32_t)_mm256_movemask_epi8(v);
}

static inline struct masks masks_of(
	const struct kernel_tables *tables, const uint8_t *p, uint8_t *symbols
)
{
	struct masks m = {};
	for (unsigned i = 0; i < 64; i += 32) {
		__m256i v = _mm256_loadu_si256((const __m256i *)(p + i));
		__m256i lower = _mm256_or_si256(v, _mm256_set1_epi8(0x20));
		__m256i letters = in_range(lower, 'a', 26), digits = in_range(v, '0', 10);
		__m256i symbol = _mm256_or_si256(
			_mm256_and_si256(letters, lower),
			_mm256_and_si256(digits, _mm256_set1_epi8('0'))
		);
		_mm256_storeu_si256((__m256i *)(symbols + i), symbol);
		m.letters |= bits(letters) << i;
		m.digits |= bits(digits) << i;
		// A capital letter lacks the bit that, shifted up, is a byte's highest.
		m.upper |= bits(_mm256_andnot_si256(_mm256_slli_epi16(v, 2), letters)) << i;
		__m256i inner = buckets(v, table(tables->inner_low), table(tables->inner_high));
		m.inner |= (~bits(_mm256_cmpeq_epi8(inner, _mm256_setzero_si256())) & 0xffffffff)
			   << i;
		if (!tables->has_pivots)
			continue;
		__m256i next = _mm256_loadu_si256((const __m256i *)(p + i + 1));
		__m256i pair = _mm256_and_si256(
			buckets(v, table(tables->first_low), table(tables->first_high)),
			buckets(next, table(tables->second_low), table(tables->second_high))
		);
		m.pivots |= (~bits(_mm256_cmpeq_epi8(pair, _mm256_setzero_si256())) & 0xffffffff)
			    << i;
	}
	m.inner |= m.digits;
	return m;
}
