// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// How the matches of an expression begin, in the terms of kernel.h.

#pragma once

#include "patterns/automaton.h"
#include "patterns/boundary.h"
#include "patterns/kernel.h"

enum lead_limit {
	LEAD_KEYS = 2048,
	LEAD_OFFSET = 7,     // most bytes before the first letter or digit of a match
	LEAD_GATE = 16,      // first bytes of a match that a gate looks at
	LEAD_PAIR_MAX = 128, // bytes of a match among which a pair is chosen
};

struct lead_key {
	uint32_t key;
	uint8_t offset; // bytes of the match before the key
};

// Two bytes one behind the other, `at` bytes from the start, that every match has.
struct lead_pair {
	struct byte_set first, second;
	unsigned at;
	double often; // how often such a pair stands in usual text, 0 to 1
};

// Every match whose first letter or digit is a letter has one of the keys there; every other one a
// signature, or the pair.
struct lead {
	size_t n_keys;
	struct lead_key keys[LEAD_KEYS];
	uint8_t number_offsets; // bit n: a number may begin n bytes behind the match
	uint64_t signatures[LEAD_OFFSET + 1][KERNEL_SIGNATURE_WORDS]; // by that offset
	bool mixed; // some begin with a letter and have no key, but a signature from there
	uint64_t mixed_signatures[KERNEL_SIGNATURE_WORDS];
	uint8_t mixed_offsets; // bit n: such a word may begin n bytes behind the match
	unsigned mixed_run;    // letters and digits it begins with, at least
	bool paired; // those with a number further behind begin with a pair of punctuation
	struct lead_pair pair;
	unsigned run;             // bytes from a number's start that are in the match, 1 to 8
	struct byte_set inner[8]; // which they may be
};

// The first bytes of a match: bit i of gate[c] says that byte i may be c.
struct lead_gate {
	uint16_t allows[256];
};

// Bytes that may stand behind a match whose right boundary this is: at least those.
struct byte_set lead_after(enum boundary right);

// Out: *out. Returns false when matches may begin in more ways than that, or within a word.
bool lead_find(const struct automaton *automaton, enum boundary left, struct lead *out);
// Would it let the kernel stop at much that is no match: words by their digits only, or numbers
// with letters among their first bytes?
bool lead_is_loose(const struct lead *lead);
void lead_gate_make(const struct automaton *automaton, struct lead_gate *out);
// How often one of the bytes stands in logs, JSON and CSV, roughly: 0 to 1.
double lead_often(const struct byte_set *set);
// The least usual pair.
struct lead_pair lead_pair_find(const struct automaton *automaton);

// The keys of a word of context.h, which may stand before a hump. Returns how many, at most
// LEAD_KEYS; 0 when it does not begin with a letter.
size_t lead_word_keys(const char *word, uint32_t keys[static LEAD_KEYS]);

// May a match begin at in[at]?
static inline bool lead_gate_passes(const struct lead_gate *gate, struct span in, size_t at)
{
	size_t n = in.n - at < LEAD_GATE ? in.n - at : LEAD_GATE;
	for (size_t i = 0; i < n; i++) {
		if ((gate->allows[in.p[at + i]] >> i & 1) == 0)
			return false;
	}
	return true;
}
