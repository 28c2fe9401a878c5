// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What the kernel looks for on behalf of a set, and what each of its hits stands for. Built by the
// compiler, immutable then.

#pragma once

#include "patterns/locator_forms.h"
#include "patterns/locator_keys.h"
#include "patterns/locator_marks.h"

struct definition;

// How a set finds where an entry may match. Bits: an entry may need several.
enum locator_tier {
	TIER_WORDS = 1,    // by the first symbols of its first word
	TIER_FORM = 2,     // by the form of its first number or word
	TIER_MARK = 4,     // by a few bytes it cannot be without
	TIER_CONTEXT = 8,  // from its context words
	TIER_SEARCHED = 16 // by the candidate expression in Hyperscan: slower than the others
};

// Where a match may begin.
enum locator_starts {
	STARTS_NUMBERS, // with a number, which no letter or digit precedes
	STARTS_WORDS,   // with a number, or a letter that none precedes
	STARTS_ANYWHERE,
};

// A context word, folded as in context.h.
struct locator_word {
	char *text;
	uint32_t length;
	enum locator_starts starts; // of matches of its entries
	uint32_t count;             // entries, in rising order
	uint32_t *entries;
	uint32_t reach_before;   // most bytes that a match it stands behind begins before it
	struct lead_brief brief; // of all entries together
};

struct locator {
	struct kernel_tables tables;
	kernel_fn *kernel;
	struct locator_keys keys;
	struct locator_forms forms;
	struct locator_marks marks;
	// Of each entry's matches that are found without a context word.
	struct lead_brief *briefs;
	size_t brief_count;
	struct locator_word *words;
	size_t word_count;
	struct locator_ref *odd; // words that do not begin with a letter
	size_t odd_count;
	struct byte_set odd_first; // with which they begin
};

// How entry `index` of a set is to be found, by its definition. Adds it to the locator. Out:
// *tiers, bits of enum locator_tier; TIER_SEARCHED is left to the caller. *gate, of its matches;
// *lead_gate, of those that are found without a context word. Returns 0 or -ENOMEM.
int locator_add(
	struct locator *locator, uint32_t index, const struct definition *def, unsigned *tiers,
	struct lead_gate *gate, struct lead_gate *lead_gate
) must_check;
// All entries have been added. Returns 0 or -ENOMEM.
int locator_finish(struct locator *locator) must_check;
// Accepts a zeroed or half-made one.
void locator_fini(struct locator *locator);

// Is the entry one of the word's?
bool locator_word_serves(const struct locator_word *word, uint32_t entry);

// What may be a context word at in[at]: refs, of which those that are words. Out: *count.
const struct locator_ref *locator_words_at(
	const struct locator *locator, struct span in, size_t at, size_t *count
);
