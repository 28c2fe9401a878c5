// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/finder.h"

#include <immintrin.h>

__extension__ typedef unsigned __int128 bits128;

// Classes of bytes by a table for each nibble: a byte is of the classes that both its tables hold.
enum find_class {
	CLASS_NUMBER = 0x01,  // 0-9
	CLASS_A_TO_O = 0x02,  // A-O a-o
	CLASS_P_TO_Z = 0x04,  // P-Z p-z
	CLASS_SIGN = 0x08,    // + - /
	CLASS_LINE = 0x10,    // _
	CLASS_DIGITS = 0x1f,  // all of base64 and base64url
	CLASS_PLUS = 0x20,    // +
	CLASS_PERCENT = 0x40, // %
	CLASS_BACKSLASH = 0x80,
};

void finder_init(struct finder *finder, struct span text, bool utf16)
{
	*finder = (struct finder){.text = text, .utf16 = utf16, .fine_next = SIZE_MAX};
}

static inline __m128i nibble_high(__m128i c)
{
	return _mm_and_si128(_mm_srli_epi16(c, 4), _mm_set1_epi8(0x0f));
}

static inline __m128i nibble_low(__m128i c)
{
	return _mm_and_si128(c, _mm_set1_epi8(0x0f));
}

static inline __m128i classes(__m128i c)
{
	const __m128i high = _mm_setr_epi8(
		0, 0, CLASS_SIGN | CLASS_PLUS | CLASS_PERCENT, CLASS_NUMBER, CLASS_A_TO_O,
		(char)(CLASS_P_TO_Z | CLASS_LINE | CLASS_BACKSLASH), CLASS_A_TO_O, CLASS_P_TO_Z, 0,
		0, 0, 0, 0, 0, 0, 0
	);
	enum { ALL = CLASS_NUMBER | CLASS_A_TO_O | CLASS_P_TO_Z };
	const __m128i low = _mm_setr_epi8(
		CLASS_NUMBER | CLASS_P_TO_Z, ALL, ALL, ALL, ALL, ALL | CLASS_PERCENT, ALL, ALL, ALL,
		ALL, CLASS_A_TO_O | CLASS_P_TO_Z, CLASS_A_TO_O | CLASS_SIGN | CLASS_PLUS,
		(char)(CLASS_A_TO_O | CLASS_BACKSLASH), CLASS_A_TO_O | CLASS_SIGN, CLASS_A_TO_O,
		CLASS_A_TO_O | CLASS_SIGN | CLASS_LINE
	);
	return _mm_and_si128(
		_mm_shuffle_epi8(high, nibble_high(c)), _mm_shuffle_epi8(low, nibble_low(c))
	);
}

// Which bytes are not zero.
static inline uint64_t nonzero(__m128i x)
{
	return 0xffff ^ (uint64_t)_mm_movemask_epi8(_mm_cmpeq_epi8(x, _mm_setzero_si128()));
}

static inline __m128i load(const uint8_t *p, unsigned i)
{
	return _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * (size_t)i));
}

struct coarse {
	uint64_t digits, escapes;
};

static inline struct coarse classify(const uint8_t *p)
{
	struct coarse out = {0, 0};
	for (unsigned i = 0; i < 4; i++) {
		__m128i x = classes(load(p, i));
		out.digits |= nonzero(_mm_and_si128(x, _mm_set1_epi8(CLASS_DIGITS))) << 16 * i;
		out.escapes |= nonzero(_mm_subs_epu8(x, _mm_set1_epi8(CLASS_DIGITS))) << 16 * i;
	}
	return out;
}

// Which bytes have bit 7 - `shift` set.
static inline uint64_t has_bit(__m128i x, int shift)
{
	return (uint64_t)_mm_movemask_epi8(_mm_sll_epi16(x, _mm_cvtsi32_si128(shift)));
}

static struct finder_fine look_closely(const uint8_t *p)
{
	// Added to a base64 digit these give its value; the last two digits get bits that rule them
	// out, as no ASCII begins with them.
	const __m128i offsets =
		_mm_setr_epi8(0, 0, (char)0x90, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0);
	enum { HEX = 1, HEX_LETTER = 2, HIGH = 4 };
	const __m128i hex_high = _mm_setr_epi8(
		0, 0, 0, HEX | HIGH, HEX_LETTER, 0, HEX_LETTER, 0, 0, 0, 0, 0, 0, 0, 0, 0
	);
	const __m128i hex_low = _mm_setr_epi8(
		HEX, HEX | HEX_LETTER, HEX | HEX_LETTER | HIGH, HEX | HEX_LETTER | HIGH,
		HEX | HEX_LETTER | HIGH, HEX | HEX_LETTER | HIGH, HEX | HEX_LETTER | HIGH,
		HEX | HIGH, HEX, HEX, 0, 0, 0, 0, 0, 0
	);
	struct finder_fine out = {0};
	for (unsigned i = 0; i < 4; i++) {
		__m128i c = load(p, i), high = nibble_high(c);
		__m128i value = _mm_add_epi8(c, _mm_shuffle_epi8(offsets, high));
		__m128i hex = _mm_and_si128(
			_mm_shuffle_epi8(hex_high, high), _mm_shuffle_epi8(hex_low, nibble_low(c))
		);
		out.first |= (0xffff ^ has_bit(value, 2)) << 16 * i;
		out.second |= (0xffff ^ has_bit(value, 4)) << 16 * i;
		out.third |= (0xffff ^ has_bit(value, 6)) << 16 * i;
		out.hex |= nonzero(hex) << 16 * i;
		out.high |= has_bit(hex, 5) << 16 * i;
	}
	return out;
}

static inline bits128 join(uint64_t before, uint64_t block)
{
	return (bits128)block << 64 | before;
}

// The ends of runs of interest among those of 12 digits, `runs12`.
static void find_runs(
	struct finder *f, const uint8_t *p, size_t at, uint64_t runs12, struct finder_block *out
)
{
	struct finder_fine before = {0}, here = look_closely(p);
	if (at > 0)
		before = f->fine_next == at ? f->fine : look_closely(f->text.p + at - FINDER_BLOCK);
	f->fine = here;
	f->fine_next = at + FINDER_BLOCK;
	bits128 groups = join(before.first, here.first) << 3 &
			 join(before.second, here.second) << 2 &
			 join(before.third, here.third) << 1;
	groups &= groups << 4 & groups << 8;
	out->base64 = (uint64_t)(groups >> 64) & runs12;
	bits128 pairs = join(before.high, here.high) << 1 & join(before.hex, here.hex);
	pairs &= pairs << 2;
	pairs &= pairs << 4;
	pairs &= pairs << 8;
	out->hex = (uint64_t)(pairs >> 64);
}

// Ends of 8 units that are ASCII text, each a zero byte and a printable one.
static void find_utf16(struct finder *f, const uint8_t *p, struct finder_block *out)
{
	uint64_t zeros = 0, printables = 0;
	for (unsigned i = 0; i < 4; i++) {
		__m128i c = load(p, i);
		zeros |= (0xffff ^ nonzero(c)) << 16 * i;
		printables |= (uint64_t)_mm_movemask_epi8(_mm_cmpgt_epi8(c, _mm_set1_epi8(0x1f)))
			      << 16 * i;
	}
	bits128 z = join(f->zeros, zeros), c = join(f->printables, printables);
	bits128 units[2] = {c << 1 & z, z << 1 & c};
	for (unsigned i = 0; i < 2; i++) {
		bits128 u = units[i];
		u &= u << 2;
		u &= u << 4;
		u &= u << 8;
		out->utf16[i] = (uint64_t)(u >> 64);
	}
	f->zeros = zeros;
	f->printables = printables;
}

static bool look(struct finder *f, const uint8_t *p, size_t at, struct finder_block *out)
{
	struct coarse c = classify(p);
	uint64_t runs2 = c.digits & (c.digits << 1 | f->digits >> 63);
	uint64_t runs4 = runs2 & (runs2 << 2 | f->runs2 >> 62);
	uint64_t runs8 = runs4 & (runs4 << 4 | f->runs4 >> 60);
	uint64_t runs12 = runs8 & (runs4 << 8 | f->runs4 >> 56);
	f->digits = c.digits;
	f->runs2 = runs2;
	f->runs4 = runs4;
	*out = (struct finder_block){.at = at, .escapes = c.escapes};
	if (runs12 != 0)
		find_runs(f, p, at, runs12, out);
	if (f->utf16)
		find_utf16(f, p, out);
	return (out->escapes | out->base64 | out->hex | out->utf16[0] | out->utf16[1]) != 0;
}

bool finder_next(struct finder *f, struct finder_block *block)
{
	while (f->next < f->text.n) {
		uint8_t last[FINDER_BLOCK] = {0};
		size_t at = f->next, left = f->text.n - at;
		const uint8_t *p = f->text.p + at;
		if (left < FINDER_BLOCK) {
			memcpy(last, p, left);
			p = last;
		}
		f->next = left < FINDER_BLOCK ? f->text.n : at + FINDER_BLOCK;
		if (look(f, p, at, block))
			return true;
	}
	return false;
}
