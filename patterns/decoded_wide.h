// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Decoding 16 characters at a time, where they are the common case: SSSE3, which any CPU that runs
// this program has.

#pragma once

#include "patterns/patterns.h"

#include <tmmintrin.h>

enum decoded_wide { DECODED_WIDE = 16, DECODED_BLOCK = 64 };

static inline __m128i wide_load(const uint8_t *p)
{
	return _mm_loadu_si128((const void *)p);
}

static inline __m128i wide_all(uint8_t byte)
{
	return _mm_set1_epi8((char)byte);
}

static inline __m128i wide_high_nibble(__m128i c)
{
	return _mm_and_si128(_mm_srli_epi16(c, 4), wide_all(15));
}

// The bits that both tables hold for each byte's nibbles; 0 for bytes that are no ASCII.
static inline __m128i wide_class(
	__m128i c, const uint8_t low[static 16], const uint8_t high[static 16]
)
{
	return _mm_and_si128(
		_mm_shuffle_epi8(wide_load(low), c),
		_mm_shuffle_epi8(wide_load(high), wide_high_nibble(c))
	);
}

// Which bytes are 0, a bit each.
static inline unsigned wide_zeros(__m128i v)
{
	return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_setzero_si128()));
}

// Which bytes delimit text, a bit each.
static inline unsigned wide_json_delimiters(__m128i c)
{
	__m128i control = _mm_cmpeq_epi8(_mm_min_epu8(c, wide_all(0x1f)), c);
	return (unsigned)_mm_movemask_epi8(_mm_or_si128(control, _mm_cmpeq_epi8(c, wide_all('"'))));
}

// Which bytes are `byte`, a bit each.
static inline unsigned wide_equal(__m128i c, uint8_t byte)
{
	return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(c, wide_all(byte)));
}

// Which stop plain text: those that delimit it, and what may begin an escape; but for '+', which is
// itself or a space.
static inline unsigned wide_url_stops(__m128i c)
{
	enum { CONTROL = 1, ROW_2 = 2, ROWS_3_5 = 4, ROW_6 = 8, ROW_7 = 16 };
	static const uint8_t high[16] = {
		CONTROL, CONTROL, ROW_2, ROWS_3_5, 0, ROWS_3_5, ROW_6, ROW_7,
	};
	static const uint8_t low[16] = {
		[0] = CONTROL | ROW_2 | ROW_6, // ' ' `
		[1] = CONTROL,
		[2] = CONTROL | ROW_2, // "
		[3] = CONTROL,
		[4] = CONTROL,
		[5] = CONTROL | ROW_2, // %
		[6] = CONTROL,
		[7] = CONTROL,
		[8] = CONTROL,
		[9] = CONTROL,
		[10] = CONTROL,
		[11] = CONTROL | ROW_7,            // {
		[12] = CONTROL | ROWS_3_5 | ROW_7, // < \ |
		[13] = CONTROL | ROW_7,            // }
		[14] = CONTROL | ROWS_3_5,         // > ^
		[15] = CONTROL | ROW_7,            // DEL
	};
	unsigned others = wide_zeros(wide_class(c, low, high)) & ~(unsigned)_mm_movemask_epi8(c);
	return ~others & 0xffff;
}

static inline unsigned wide_stops(bool json, __m128i c)
{
	return json ? wide_json_delimiters(c) | wide_equal(c, '\\') : wide_url_stops(c);
}

static inline unsigned wide_delimiters(bool json, __m128i c)
{
	return json ? wide_json_delimiters(c) : wide_url_stops(c) & ~wide_equal(c, '%');
}

// Do the first `n` bytes stand for printable ASCII?
static inline bool wide_is_printable(__m128i c, unsigned n)
{
	__m128i good = _mm_andnot_si128(
		_mm_cmpeq_epi8(c, wide_all(0x7f)), _mm_cmpgt_epi8(c, wide_all(0x1f))
	);
	return (~(unsigned)_mm_movemask_epi8(good) & ((1u << n) - 1)) == 0;
}

// Decode 16 letters and digits of base64 that stand for printable ASCII. Out: 16 bytes, of which 12
// are meant. Returns false when they are no such.
static inline bool wide_base64(const uint8_t *p, uint8_t out[static 16])
{
	enum { NUMBER = 1, FIRST_HALF = 2, SECOND_HALF = 4, ALNUM = 7 };
	static const uint8_t high[16] = {
		[3] = NUMBER,     [4] = FIRST_HALF,  [5] = SECOND_HALF,
		[6] = FIRST_HALF, [7] = SECOND_HALF,
	};
	static const uint8_t low[16] = {
		NUMBER | SECOND_HALF,
		ALNUM,
		ALNUM,
		ALNUM,
		ALNUM,
		ALNUM,
		ALNUM,
		ALNUM,
		ALNUM,
		ALNUM,
		FIRST_HALF | SECOND_HALF,
		FIRST_HALF,
		FIRST_HALF,
		FIRST_HALF,
		FIRST_HALF,
		FIRST_HALF,
	};
	static const uint8_t offset[16] = {
		[3] = 4, [4] = 256 - 65, [5] = 256 - 65, [6] = 256 - 71, [7] = 256 - 71,
	};
	__m128i c = wide_load(p);
	if (wide_zeros(wide_class(c, low, high)) != 0)
		return false;
	__m128i v = _mm_add_epi8(c, _mm_shuffle_epi8(wide_load(offset), wide_high_nibble(c)));
	v = _mm_maddubs_epi16(v, _mm_set1_epi32(0x01400140)); // pairs: 12 bits
	v = _mm_madd_epi16(v, _mm_set1_epi32(0x00011000));    // groups: 24 bits
	v = _mm_shuffle_epi8(
		v, _mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1)
	);
	_mm_storeu_si128((void *)out, v);
	return wide_is_printable(v, 12);
}

// Decode 16 digits of hex that stand for printable ASCII. Out: 8 bytes. Returns false when they are
// no such.
static inline bool wide_hex(const uint8_t *p, uint8_t out[static 8])
{
	enum { NUMBER = 1, LETTER = 2 };
	static const uint8_t high[16] = {[3] = NUMBER, [4] = LETTER, [6] = LETTER};
	static const uint8_t low[16] = {
		NUMBER,          NUMBER | LETTER, NUMBER | LETTER, NUMBER | LETTER, NUMBER | LETTER,
		NUMBER | LETTER, NUMBER | LETTER, NUMBER,          NUMBER,          NUMBER,
	};
	static const uint8_t offset[16] = {[4] = 9, [6] = 9};
	__m128i c = wide_load(p);
	if (wide_zeros(wide_class(c, low, high)) != 0)
		return false;
	__m128i v = _mm_add_epi8(
		_mm_and_si128(c, wide_all(15)),
		_mm_shuffle_epi8(wide_load(offset), wide_high_nibble(c))
	);
	v = _mm_maddubs_epi16(v, _mm_set1_epi16(0x0110));
	v = _mm_packus_epi16(v, v);
	_mm_storel_epi64((void *)out, v);
	return wide_is_printable(v, 8);
}
