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

enum { GROUP = FINDER_GROUP * FINDER_BLOCK }; // bytes looked at together

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

static inline bool holds_any(__m512i runs, __m512i escapes)
{
	enum { SELECT = 0xca };
	__m512i x = _mm512_ternarylogic_epi32(all(MAY_ESCAPE | MAY_PLUS), escapes, runs, SELECT);
	return _mm512_test_epi8_mask(x, all(MAY_RUN | MAY_ESCAPE | MAY_PLUS)) != 0;
}

// Which '+' of the block at `at`, `c`, may stand for spaces.
static inline uint64_t find_plus(struct span text, size_t at, __m512i c)
{
	uint64_t out = 0, plus = _mm512_cmpeq_epi8_mask(c, all('+'));
	for (; plus != 0; plus &= plus - 1) {
		if (finder_is_plus(text, at + (size_t)__builtin_ctzll(plus)))
			out |= plus & -plus;
	}
	return out;
}

// Masks of a block and of the one before it; what is behind them is not known, and may be anything.
__extension__ typedef unsigned __int128 bits128;

static inline bits128 with_before(__m512i before, __m512i here, uint8_t what)
{
	return (bits128)_mm512_test_epi8_mask(here, all(what)) << 64 |
	       _mm512_test_epi8_mask(before, all(what));
}

// What stands `n` bytes farther on.
static inline bits128 ahead(bits128 bits, unsigned n)
{
	return bits >> n | ~(bits128)0 << (128 - n);
}

// Do `starts` hold one of a run of `n` bytes that goes on into this block, and not a word or more
// into the next?
static inline bool begins_run(bits128 starts, unsigned n)
{
	enum { WORD = 4 };
	return starts << (n - WORD) >> (FINDER_BLOCK + 1 - WORD) != 0;
}

// The closer look at what may hold a run: byte by byte, and not where the block before holds all of
// it. `before` and `here` are what look made of the blocks.
static bool holds_run(__m512i before, __m512i here)
{
	bits128 groups = with_before(before, here, MAY_FIRST) &
			 ahead(with_before(before, here, MAY_SECOND), 1) &
			 ahead(with_before(before, here, MAY_THIRD), 2);
	bits128 pairs =
		with_before(before, here, MAY_HIGH) & ahead(with_before(before, here, MAY_HEX), 1);
	groups &= ahead(groups, 4) & ahead(groups, 8);
	pairs &= ahead(pairs, 2);
	pairs &= ahead(pairs, 4);
	pairs &= ahead(pairs, 8);
	return begins_run(groups, FINDER_BASE64) || begins_run(pairs, FINDER_HEX);
}

// Look at each block of a group. Returns whether any holds something. Out: *group.
static __attribute__((noinline)) bool look_closely(
	struct span text, size_t at, __m512i before, struct finder_group *group
)
{
	group->end = at + GROUP;
	group->any = group->runs = 0;
	for (unsigned i = 0; i < FINDER_GROUP; i++, at += FINDER_BLOCK) {
		__m512i c = block_at(text, at), last = before;
		__m512i runs = _mm512_setzero_si512(), escapes = runs;
		look(c, &before, &runs, &escapes);
		unsigned run =
			_mm512_test_epi8_mask(runs, all(MAY_RUN)) != 0 && holds_run(last, before);
		group->json[i] = _mm512_cmpeq_epi8_mask(c, all('\\'));
		group->url[i] = _mm512_cmpeq_epi8_mask(c, all('%')) | find_plus(text, at, c);
		group->runs |= run << i;
		group->any |= (run | ((group->json[i] | group->url[i]) != 0)) << i;
	}
	return group->any != 0;
}

// Pass over groups of blocks that hold nothing. Returns where they end. Out: *group, the one there,
// if it is whole.
static inline size_t pass_groups(struct span text, size_t at, struct finder_group *group)
{
	__m512i before = _mm512_setzero_si512();
	if (at > 0)
		before = classify(block_at(text, at - FINDER_BLOCK));
	for (; text.n - at >= GROUP; at += GROUP) {
		__m512i runs = _mm512_setzero_si512(), escapes = runs, last = before;
		// Written out: the compilers keep a loop.
		look(block_at(text, at), &last, &runs, &escapes);
		look(block_at(text, at + FINDER_BLOCK), &last, &runs, &escapes);
		look(block_at(text, at + 2 * FINDER_BLOCK), &last, &runs, &escapes);
		look(block_at(text, at + 3 * FINDER_BLOCK), &last, &runs, &escapes);
		if (__builtin_expect(holds_any(runs, escapes), false) &&
		    look_closely(text, at, before, group))
			break;
		before = last;
	}
	return at;
}

// Out: *stop, the next block of the group, from the one at `at` on, that holds something. Returns
// false when there is none.
static inline bool stops_in(
	const struct finder_group *group, size_t at, size_t json_from, struct finder_stop *stop
)
{
	size_t start = group->end - GROUP;
	unsigned rest = at < group->end ? group->any >> (at - start) / FINDER_BLOCK
								<< (at - start) / FINDER_BLOCK
					: 0;
	for (; rest != 0; rest &= rest - 1) {
		unsigned i = (unsigned)__builtin_ctz(rest);
		stop->at = start + (size_t)i * FINDER_BLOCK;
		stop->runs = (group->runs >> i & 1) != 0;
		stop->url = group->url[i];
		stop->json = json_from >= stop->at + FINDER_BLOCK ? 0 : group->json[i];
		if (stop->runs || (stop->url | stop->json) != 0)
			return true;
	}
	return false;
}

// Does the block, or the last part that is none, hold nothing?
static bool is_empty(struct span text, size_t at)
{
	__mmask64 rest =
		text.n - at < FINDER_BLOCK ? (UINT64_C(1) << (text.n - at)) - 1 : UINT64_MAX;
	__m512i runs = _mm512_setzero_si512(), escapes = runs, before = runs;
	if (at > 0)
		before = classify(block_at(text, at - FINDER_BLOCK));
	look(_mm512_maskz_loadu_epi8(rest, text.p + at), &before, &runs, &escapes);
	return !holds_any(runs, escapes);
}

struct finder_stop finder_skip_vbmi(struct finder *f, size_t at)
{
	struct finder_stop stop = {0};
	struct span text = f->text;
	while (!stops_in(&f->group, at, f->json_from, &stop)) {
		if (at < f->group.end)
			at = f->group.end;
		at = pass_groups(text, at, &f->group);
		if (text.n - at >= GROUP)
			continue;
		while (at < text.n && is_empty(text, at))
			at += text.n - at < FINDER_BLOCK ? text.n - at : FINDER_BLOCK;
		return (struct finder_stop){.at = at};
	}
	return stop;
}
