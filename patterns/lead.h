// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// How the matches of an expression begin, in the terms of kernel.h.

#pragma once

#include "patterns/automaton.h"
#include "patterns/boundary.h"
#include "patterns/kernel.h"

#include <emmintrin.h>

enum lead_limit {
	LEAD_KEYS = 2048,
	LEAD_LONG = 32, // keys with the same first four symbols; if there are more, a short one
	LEAD_FORMS = 64,
	LEAD_OFFSET = 7,     // most bytes before the first letter or digit of a match
	LEAD_GATE = 16,      // first bytes of a match that a gate looks at
	LEAD_MARK_MAX = 128, // bytes of a match among which a mark is chosen
};

// The first symbols of a word, as the kernel looks for them.
struct lead_key {
	uint64_t long_key; // as kernel.h says; not if it is short
	uint32_t key;
	bool is_short;
	bool is_run;    // the long key ends with the first symbol that is none
	uint8_t offset; // bytes of the match before the key
};

// What may stand where a number or a word begins: the bytes of each place. They may be those behind
// the match.
struct lead_form {
	bool word;
	uint8_t offset; // bytes of the match before the form
	struct byte_set bytes[KERNEL_FORM];
};

// Bytes side by side, `at` bytes from the start, that every match has.
struct lead_mark {
	struct byte_set bytes[KERNEL_MARK];
	unsigned at;
	double often; // how often they stand in usual text, 0 to 1
};

// Every match whose first letter or digit is a letter has one of the keys there, or a form; every
// other one a form, or the mark.
struct lead {
	size_t n_keys, n_forms;
	struct lead_key keys[LEAD_KEYS];
	struct lead_form forms[LEAD_FORMS];
	double often; // how often one of the forms stands in usual text
	bool loose;   // any long run of letters and digits has the form, as far as classes tell
	bool marked;  // those with a number further behind begin with rare punctuation
	struct lead_mark mark;
};

// The first bytes of a match: bit i of gate[c] says that byte i may be c.
struct lead_gate {
	uint16_t allows[256];
};

// The bits that are the same in all bytes a gate allows at a place: `value`, of those in `mask`.
// Half a cache line, and nothing to guess for the CPU: what is asked first.
struct lead_brief {
	uint8_t mask[LEAD_GATE], value[LEAD_GATE];
};

// Bytes that may stand behind a match whose right boundary this is: at least those.
struct byte_set lead_after(enum boundary right);

// Out: *out. Returns false when matches may begin in more ways than that, or within a word.
bool lead_find(const struct automaton *automaton, enum boundary left, struct lead *out);
void lead_gate_make(const struct automaton *automaton, struct lead_gate *out);
void lead_brief_make(const struct lead_gate *gate, struct lead_brief *out);
// Of the matches that have the key: what a gate of all matches lets pass is much more.
void lead_brief_of_key(
	const struct automaton *automaton, const struct lead_key *key, struct lead_brief *out
);
// Let what `more` lets pass, pass, too.
void lead_brief_join(struct lead_brief *brief, const struct lead_brief *more);
// The least usual mark.
struct lead_mark lead_mark_find(const struct automaton *automaton);
// The bytes that a match may have before the mark, which begins among its first `n`.
struct byte_set lead_bytes(
	const struct automaton *automaton, const struct lead_mark *mark, size_t n
);

// The keys of a word of context.h, which may stand before a hump. Returns how many, at most
// LEAD_KEYS; 0 when it does not begin with a letter.
size_t lead_word_keys(const char *word, struct lead_key keys[static LEAD_KEYS]);

// May a match begin at in[at], as far as these bits tell?
static inline bool lead_brief_passes(const struct lead_brief *brief, struct span in, size_t at)
{
	uint8_t last[LEAD_GATE] = {};
	const uint8_t *text = in.p + at;
	unsigned known = 0xffff;
	if (__builtin_expect(in.n - at < LEAD_GATE, false)) {
		memcpy(last, text, in.n - at);
		text = last;
		known >>= LEAD_GATE - (in.n - at);
	}
	__m128i bytes = _mm_and_si128(
		_mm_loadu_si128((const void *)text), _mm_loadu_si128((const void *)brief->mask)
	);
	__m128i same = _mm_cmpeq_epi8(bytes, _mm_loadu_si128((const void *)brief->value));
	return (~(unsigned)_mm_movemask_epi8(same) & known) == 0;
}

// May a match begin at in[at]? All bytes are asked: where the first is that none allows, no CPU can
// guess.
static inline bool lead_gate_passes(const struct lead_gate *gate, struct span in, size_t at)
{
	size_t n = in.n - at < LEAD_GATE ? in.n - at : LEAD_GATE;
	unsigned passes = 1;
	for (size_t i = 0; i < n; i++)
		passes &= (unsigned)gate->allows[in.p[at + i]] >> i;
	return passes != 0;
}
