// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The kernel for AVX-512 (BW, VBMI, VBMI2), a block at a time.

#include <immintrin.h>

#define KERNEL_NAME kernel_avx512
#include "patterns/kernel.inc"

enum { LETTER = 0x40, UPPER = 0x80 }; // flags beside the code of a class

// The classes of ASCII.
static const uint8_t class_table[128] = {
	[' '] = CLASS_SPACE,
	['-'] = CLASS_DASH,
	['.'] = CLASS_DOT,
	['/'] = CLASS_SLASH,
	[':'] = CLASS_SLASH,
	['0' ... '9'] = CLASS_DIGIT,
	['A' ... 'Z'] = CLASS_UPPER | LETTER | UPPER,
	['a' ... 'z'] = CLASS_LOWER | LETTER,
};

// The 64 bytes at `p`, of which the text has `left`. To copy them first would cost more: what is
// stored in parts cannot be loaded as a whole before it has reached the cache.
static inline __m512i read_text(const uint8_t *p, size_t left)
{
	if (__builtin_expect(left >= 64, true))
		return _mm512_loadu_si512(p);
	return _mm512_maskz_loadu_epi8((UINT64_C(1) << left) - 1, p);
}

static inline struct masks masks_of(const uint8_t *p, size_t left, size_t i, struct batch *out)
{
	struct masks m;
	__m512i v = read_text(p, left);
	__m512i class = _mm512_maskz_permutex2var_epi8(
		~_mm512_movepi8_mask(v), _mm512_loadu_si512(class_table), v,
		_mm512_loadu_si512(class_table + 64)
	);
	m.upper = _mm512_movepi8_mask(class);
	m.letters = _mm512_test_epi8_mask(class, _mm512_set1_epi8(LETTER));
	m.digits = _mm512_cmpeq_epi8_mask(class, _mm512_set1_epi8(CLASS_DIGIT));
	__m512i symbol =
		_mm512_maskz_mov_epi8(m.letters, _mm512_or_si512(v, _mm512_set1_epi8(0x20)));
	symbol = _mm512_mask_mov_epi8(symbol, m.digits, _mm512_set1_epi8('0'));
	_mm512_storeu_si512(out->bytes + i * 64, v);
	_mm512_storeu_si512(out->symbols + i * 64, symbol);
	_mm512_storeu_si512(out->classes + i * 64, _mm512_and_si512(class, _mm512_set1_epi8(7)));
	return m;
}

// Two classes side by side are six bits: one lookup.
static inline void pair_classes(struct batch *batch, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		__m512i class = _mm512_loadu_si512(batch->classes + i * 64);
		__m512i next = _mm512_loadu_si512(batch->classes + i * 64 + 1);
		_mm512_storeu_si512(
			batch->pairs + i * 64, _mm512_or_si512(class, _mm512_slli_epi16(next, 3))
		);
	}
	// Of the block behind, the bytes that forms reach.
	__m128i class = _mm_loadu_si128((const __m128i *)(batch->classes + n * 64));
	__m128i next = _mm_loadu_si128((const __m128i *)(batch->classes + n * 64 + 1));
	_mm_storeu_si128(
		(__m128i *)(batch->pairs + n * 64), _mm_or_si128(class, _mm_slli_epi16(next, 3))
	);
}

static inline __m512i table(const uint8_t entries[static 16])
{
	return _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)entries));
}

// As forms_of, by so many planes: the compiler knows how many.
static inline __attribute__((always_inline)) void forms_of_planes(
	const struct kernel_tables *tables, struct batch *batch, size_t n, size_t planes
)
{
	__m512i pairs[KERNEL_PLANES][KERNEL_FORM / 2], first[KERNEL_PLANES];
	for (size_t plane = 0; plane < planes; plane++) {
		first[plane] = table(tables->form_first[plane]);
#pragma GCC unroll 8
		for (size_t i = 0; i < KERNEL_FORM / 2; i++)
			pairs[plane][i] = _mm512_loadu_si512(tables->form_pairs[plane][i]);
	}
	for (size_t block = 0; block < n; block++) {
		__m512i bytes = _mm512_loadu_si512(batch->bytes + block * 64);
		__m512i buckets[KERNEL_PLANES], any = _mm512_setzero_si512();
		for (size_t plane = 0; plane < planes; plane++)
			buckets[plane] = _mm512_shuffle_epi8(first[plane], bytes);
#pragma GCC unroll 8
		for (size_t i = 0; i < KERNEL_FORM / 2; i++) {
			__m512i pair = _mm512_loadu_si512(batch->pairs + block * 64 + 2 * i);
			for (size_t plane = 0; plane < planes; plane++)
				buckets[plane] = _mm512_and_si512(
					buckets[plane],
					_mm512_permutexvar_epi8(pair, pairs[plane][i])
				);
		}
		for (size_t plane = 0; plane < planes; plane++) {
			_mm512_storeu_si512(batch->buckets[plane] + block * 64, buckets[plane]);
			any = _mm512_or_si512(any, buckets[plane]);
		}
		batch->found[block] = _mm512_test_epi8_mask(any, any);
	}
}

static inline void forms_of(const struct kernel_tables *tables, struct batch *batch, size_t n)
{
	pair_classes(batch, n);
	if (tables->form_planes == 1)
		forms_of_planes(tables, batch, n, 1);
	else
		forms_of_planes(tables, batch, n, KERNEL_PLANES);
}

// The tables of marks.
struct mark_tables {
	__m512i low[KERNEL_MARK], high[KERNEL_MARK];
	__m512i ascii, wide; // buckets of what begins with ASCII, and others
};

// Which bytes, of which these are the first, second, ..., begin marks?
static inline uint64_t block_marks(const struct mark_tables *t, const __m512i text[KERNEL_MARK])
{
	__m512i buckets = _mm512_mask_blend_epi8(_mm512_movepi8_mask(text[0]), t->ascii, t->wide);
#pragma GCC unroll 4
	for (size_t i = 0; i < KERNEL_MARK; i++)
		buckets = _mm512_and_si512(
			buckets, _mm512_permutex2var_epi8(t->low[i], text[i], t->high[i])
		);
	return _mm512_test_epi8_mask(buckets, buckets);
}

static inline void marks_of(
	const struct kernel_tables *tables, const uint8_t *p, size_t left, size_t n, uint64_t *found
)
{
	struct mark_tables t = {
		.ascii = _mm512_set1_epi8((char)~tables->wide_marks),
		.wide = _mm512_set1_epi8((char)tables->wide_marks),
	};
	__m512i text[KERNEL_MARK];
	size_t block = 0;
#pragma GCC unroll 4
	for (size_t i = 0; i < KERNEL_MARK; i++) {
		t.low[i] = _mm512_loadu_si512(tables->marks[i]);
		t.high[i] = _mm512_loadu_si512(tables->marks[i] + 64);
	}
	for (; block < n && left >= 64 + KERNEL_MARK - 1; block++, p += 64, left -= 64) {
#pragma GCC unroll 4
		for (size_t i = 0; i < KERNEL_MARK; i++)
			text[i] = _mm512_loadu_si512(p + i);
		found[block] = block_marks(&t, text);
	}
	for (; block < n; block++, p += 64, left -= left < 64 ? left : 64) { // one, or two
#pragma GCC unroll 4
		for (size_t i = 0; i < KERNEL_MARK; i++)
			text[i] = read_text(p + i, left < i ? 0 : left - i);
		found[block] = block_marks(&t, text);
	}
}

static inline size_t list(uint64_t bits, size_t base, uint16_t *out, size_t n)
{
	static const uint16_t places[64] = {
		0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
		32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47,
		48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63,
	};
	__m512i from = _mm512_set1_epi16((short)base);
	__mmask32 low = (__mmask32)bits, high = (__mmask32)(bits >> 32);
	__m512i first = _mm512_add_epi16(_mm512_loadu_si512(places), from);
	__m512i second = _mm512_add_epi16(_mm512_loadu_si512(places + 32), from);
	_mm512_storeu_si512(out + n, _mm512_maskz_compress_epi16(low, first));
	n += (size_t)__builtin_popcount(low);
	_mm512_storeu_si512(out + n, _mm512_maskz_compress_epi16(high, second));
	return n + (size_t)__builtin_popcount(high);
}
