// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What the kernel looks for on behalf of a set, and what each of its hits stands for. Built by the
// compiler, immutable then.

#pragma once

#include "patterns/lead.h"

struct definition;

// How a set finds where an entry may match. Bits: an entry may need several.
enum locator_tier {
	TIER_WORDS = 1,    // by the first symbols of its first word
	TIER_NUMBERS = 2,  // by the digits of its first number
	TIER_PAIR = 4,     // by two bytes it cannot be without
	TIER_CONTEXT = 8,  // from its context words
	TIER_MIXED = 16,   // by the digits of its first word
	TIER_SEARCHED = 32 // by the candidate expression in Hyperscan: slower than the others
};

enum locator_limit {
	LOCATOR_PAIRS = 64,     // of entries; context words may have more
	LOCATOR_PAIR_WORDS = 2, // of bits: so many pairs are told apart by their bytes
	LOCATOR_NUMBERS = 64,   // refs that are told apart by the signature
};

// What a hit of the kernel may be: the start of entry `target`'s match, `offset` bytes before the
// hit, or the beginning of word `target`.
struct locator_ref {
	uint32_t target;
	bool is_word;
	uint8_t offset;
};

struct locator_slot {
	uint32_t key, first, count; // refs; none: the slot is free
};

struct locator_pair {
	struct byte_set first, second;
	bool is_word;
	uint32_t target;
	uint32_t back_min, back_max; // the match begins so many bytes before the pair
};

// A context word, folded as in context.h.
struct locator_word {
	char *text;
	uint32_t length;
	bool numeric;   // every match of its entries begins with a number at its start
	uint32_t count; // entries, in rising order
	uint32_t *entries;
	uint32_t reach_before; // most bytes that a match it stands behind begins before it
	struct lead_gate gate; // of all entries together
};

struct locator {
	struct kernel_tables tables;
	kernel_fn *kernel;
	uint64_t *keys;
	uint64_t *signatures, *mixed_signatures;
	struct locator_slot *slots; // open addressing, a power of two
	size_t slot_count;
	struct locator_ref *refs; // of keys, those of a key together
	size_t ref_count;
	struct locator_ref *numbers, *mixed;
	// Bit i for ref i of numbers, by signature; and by the class of a byte and its place in the
	// number. Those from LOCATOR_NUMBERS on are always asked.
	uint64_t *number_refs;
	uint8_t number_class[256];
	uint64_t (*number_allows)[LEAD_GATE];
	size_t number_count, mixed_count;
	// Pairs that have the byte first, or second: bit i for pair i; further ones are always
	// asked.
	uint64_t pair_first[256][LOCATOR_PAIR_WORDS], pair_second[256][LOCATOR_PAIR_WORDS];
	struct locator_pair *pairs;
	size_t pair_count;
	struct locator_word *words;
	size_t word_count;
	struct locator_ref *odd; // words that do not begin with a letter
	size_t odd_count;
	// While it is built: bytes a number may have in place i, also by ref, and keys with what
	// they stand for.
	bool inner[8][256];
	uint64_t (*number_bytes)[LEAD_GATE];
	struct locator_entry {
		uint32_t key;
		struct locator_ref ref;
	} * entries;
	size_t entry_count;
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

// The refs of numbers, of the first LOCATOR_NUMBERS, that may stand for the one at in[at], which
// has the signature: as bits.
static inline uint64_t locator_numbers_at(
	const struct locator *locator, struct span in, size_t at, uint16_t signature
)
{
	size_t n = in.n - at < LEAD_GATE ? in.n - at : LEAD_GATE;
	uint64_t refs = locator->number_refs[signature];
	for (size_t i = 0; i < n && refs != 0; i++)
		refs &= locator->number_allows[locator->number_class[in.p[at + i]]][i];
	return refs;
}

// Is the entry one of the word's?
bool locator_word_serves(const struct locator_word *word, uint32_t entry);

// What may be a context word at in[at]: refs, of which those that are words. Out: *count.
const struct locator_ref *locator_words_at(
	const struct locator *locator, struct span in, size_t at, size_t *count
);

// What the key at in[at] stands for. Out: *count. NULL when it is none.
const struct locator_ref *locator_look_up(
	const struct locator *locator, struct span in, size_t at, size_t *count
);
