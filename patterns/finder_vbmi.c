// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The finder's first look, for a CPU with AVX-512 VBMI: it passes over blocks that hold nothing. A
// run of 12 bytes holds two aligned words of four, one of 16 holds three: where such words, laid
// one on the other, have a byte that may be a group's first, one behind it that may be its second
// and one that may be its third, there may be a run of base64; hex alike.

#include "patterns/finder.h"

#include <immintrin.h>

finder_skip_fn finder_skip_vbmi;

// What a byte may be. A word turned right by 9 bits has, at the place of a byte's bit, the next
// higher bit of the byte behind it; by 18 bits, the one after that of the byte after that.
enum find_may {
	MAY_FIRST = 0x01, // of a group of base64
	MAY_SECOND = 0x02,
	MAY_THIRD = 0x04,
	MAY_HIGH = 0x08, // of a pair of hex
	MAY_HEX = 0x10,
	MAY_HIGH_NEXT = 0x20,
	MAY_HEXES = 0x38,
	MAY_RUN = MAY_FIRST | MAY_HIGH, // what is left of the words
	// Where the byte itself has these bits, it is none; some that are no ASCII remain.
	MAY_PLUS = 0x40,
	MAY_ESCAPE = 0x80,
};

// By the value of a base64 digit, as finder.h has it.
#define BASE64(v)                                                       \
	(((v) < 32 ? MAY_FIRST : 0) | (((v)&8) == 0 ? MAY_SECOND : 0) | \
	 (((v)&2) == 0 ? MAY_THIRD : 0))
#define NUMBER(n) \
	(BASE64((n) + 52) | MAY_HEX | ((n) >= 2 && (n) <= 7 ? MAY_HIGH | MAY_HIGH_NEXT : 0))
#define LETTER(v) (BASE64(v) | ((v) % 26 < 6 ? MAY_HEX : 0))
#define LETTERS(v)                                                                     \
	LETTER(v), LETTER((v) + 1), LETTER((v) + 2), LETTER((v) + 3), LETTER((v) + 4), \
		LETTER((v) + 5), LETTER((v) + 6), LETTER((v) + 7), LETTER((v) + 8),    \
		LETTER((v) + 9), LETTER((v) + 10), LETTER((v) + 11), LETTER((v) + 12)

// clang-format off
static const uint8_t may_be[128] = {
	['%'] = MAY_ESCAPE,
	['+'] = MAY_PLUS,
	['\\'] = MAY_ESCAPE,
	['0'] = NUMBER(0), NUMBER(1), NUMBER(2), NUMBER(3), NUMBER(4),
		NUMBER(5), NUMBER(6), NUMBER(7), NUMBER(8), NUMBER(9),
	['A'] = LETTERS(0), LETTERS(13),
	['a'] = LETTERS(26), LETTERS(39),
};
// clang-format on

enum { GROUP = 4 * FINDER_BLOCK }; // bytes looked at together

static inline __m512i all(uint8_t byte)
{
	return _mm512_set1_epi8((char)byte);
}

static inline __m512i classify(__m512i c)
{
	return _mm512_permutex2var_epi8(
		_mm512_loadu_si512(may_be), c, _mm512_loadu_si512(may_be + 64)
	);
}

static inline __m512i block_at(struct span text, size_t at)
{
	return _mm512_loadu_si512(text.p + at);
}

// What of a block is of interest: bits of enum find_may at any byte, in *runs those of MAY_RUN, in
// *escapes MAY_ESCAPE and MAY_PLUS; other bits mean nothing. `*before` is the block before.
static inline void look(__m512i c, __m512i *before, __m512i *runs, __m512i *escapes)
{
	enum { AND_3 = 0x80, AND_IF = 0xd0, OR_AND_NOT = 0xf4 };
	__m512i may = classify(c);
	__m512i one = _mm512_alignr_epi32(may, *before, 15);
	__m512i two = _mm512_alignr_epi32(may, *before, 14);
	__m512i word =
		_mm512_ternarylogic_epi32(_mm512_and_si512(may, one), two, all(MAY_HEXES), AND_IF);
	word = _mm512_ternarylogic_epi32(
		word, _mm512_ror_epi32(word, 9), _mm512_ror_epi32(word, 18), AND_3
	);
	*runs = _mm512_or_si512(*runs, word);
	*escapes = _mm512_ternarylogic_epi32(*escapes, may, c, OR_AND_NOT);
	*before = may;
}

// Does it hold any of `what`, bits of enum find_may?
static inline bool holds(__m512i runs, __m512i escapes, uint8_t what)
{
	enum { SELECT = 0xca };
	__m512i x = _mm512_ternarylogic_epi32(all(MAY_ESCAPE | MAY_PLUS), escapes, runs, SELECT);
	return _mm512_test_epi8_mask(x, all(what)) != 0;
}

// Which '+' of the block at `at` may stand for spaces.
static uint64_t find_plus(struct span text, size_t at)
{
	__m512i c = _mm512_loadu_si512(text.p + at);
	uint64_t out = 0, plus = _mm512_cmpeq_epi8_mask(c, all('+'));
	for (; plus != 0; plus &= plus - 1) {
		if (finder_is_plus(text, at + (size_t)__builtin_ctzll(plus)))
			out |= plus & -plus;
	}
	return out;
}

static __attribute__((noinline)) bool group_holds_plus(struct span text, size_t at)
{
	return (find_plus(text, at) | find_plus(text, at + FINDER_BLOCK) |
		find_plus(text, at + 2 * FINDER_BLOCK) | find_plus(text, at + 3 * FINDER_BLOCK)) !=
	       0;
}

// Pass over groups of blocks that hold nothing at all. Returns where they end.
static inline size_t pass_groups(struct span text, size_t at, __m512i *before)
{
	for (; text.n - at >= GROUP; at += GROUP) {
		__m512i runs = _mm512_setzero_si512(), escapes = runs, last = *before;
		// Written out: the compilers keep a loop.
		look(block_at(text, at), &last, &runs, &escapes);
		look(block_at(text, at + FINDER_BLOCK), &last, &runs, &escapes);
		look(block_at(text, at + 2 * FINDER_BLOCK), &last, &runs, &escapes);
		look(block_at(text, at + 3 * FINDER_BLOCK), &last, &runs, &escapes);
		if (__builtin_expect(
			    holds(runs, escapes, MAY_RUN | MAY_ESCAPE | MAY_PLUS), false
		    ) &&
		    (holds(runs, escapes, MAY_RUN | MAY_ESCAPE) || group_holds_plus(text, at)))
			break;
		*before = last;
	}
	return at;
}

// Out: *stop, what the block at `at` holds. Returns whether it does.
static bool stops_at(
	struct span text, size_t at, size_t json_from, __m512i *before, struct finder_stop *stop
)
{
	__m512i runs = _mm512_setzero_si512(), escapes = runs;
	look(block_at(text, at), before, &runs, &escapes);
	*stop = (struct finder_stop){.at = at};
	if (__builtin_expect(!holds(runs, escapes, MAY_RUN | MAY_ESCAPE | MAY_PLUS), true))
		return false;
	__m512i c = _mm512_loadu_si512(text.p + at);
	stop->runs = holds(runs, escapes, MAY_RUN);
	stop->json = json_from >= at + FINDER_BLOCK ? 0 : _mm512_cmpeq_epi8_mask(c, all('\\'));
	stop->url = _mm512_cmpeq_epi8_mask(c, all('%')) | find_plus(text, at);
	return stop->runs || (stop->url | stop->json) != 0;
}

// Does the part behind the last whole block hold nothing? A short text is all of it.
static bool tail_is_empty(struct span text, size_t at, __m512i before)
{
	__mmask64 rest = (UINT64_C(1) << (text.n - at)) - 1;
	__m512i runs = _mm512_setzero_si512(), escapes = runs;
	look(_mm512_maskz_loadu_epi8(rest, text.p + at), &before, &runs, &escapes);
	return !holds(runs, escapes, MAY_RUN | MAY_ESCAPE | MAY_PLUS);
}

struct finder_stop finder_skip_vbmi(struct span text, size_t at, size_t json_from)
{
	struct finder_stop stop = {.at = at};
	__m512i before = _mm512_setzero_si512();
	if (at > 0)
		before = classify(_mm512_loadu_si512(text.p + at - FINDER_BLOCK));
	// One by one at first, where one block holds something the next may well, too; and where a
	// group holds something.
	for (size_t singly = at + FINDER_BLOCK; text.n - at >= FINDER_BLOCK; at += FINDER_BLOCK) {
		if (at == singly) {
			at = pass_groups(text, at, &before);
			singly = at + GROUP;
			if (text.n - at < FINDER_BLOCK)
				break;
		}
		if (stops_at(text, at, json_from, &before, &stop))
			return stop;
	}
	stop.at = tail_is_empty(text, at, before) ? text.n : at;
	return stop;
}
