// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Where encoded text may be: one pass over the bytes, 64 at a time, at a small part of the cost of
// scanning them. Most blocks of ordinary text hold nothing of interest.
//
// A run of base64 is of interest where FINDER_BASE64 digits in a row stand for ASCII, at whichever
// of the four alignments: in each group of four the first is below 32, the second lacks bit 3, the
// third bit 1. Of random digits one group in eight is so, three in a row one of 512. A run of hex
// is where FINDER_HEX pairs in a row begin with 2 to 7.

#pragma once

#include "patterns/kernel.h"

enum finder_limit {
	FINDER_BLOCK = 64,
	FINDER_GROUP = 4,   // blocks
	FINDER_BASE64 = 12, // digits
	FINDER_HEX = 16,    // digits
	FINDER_UTF16 = 16,  // bytes
};

// Where a block may hold something.
struct finder_stop {
	size_t at;          // the block; the last part that is no whole one; or the text's end
	bool runs;          // it may hold a run; otherwise it has
	uint64_t url, json; // what finder_block says
};

// What the blocks of a group hold that has been looked at closely.
struct finder_group {
	size_t end;         // where they end; 0: there is no group
	unsigned any, runs; // the blocks that may hold something, or a run; bit 0 is the first
	uint64_t url[FINDER_GROUP], json[FINDER_GROUP];
};

struct finder;
// Passes over blocks of the text from the one at `at` on, as long as they hold nothing of interest.
// A run that ends in a block may be seen in the block before, when that ends in four letters or
// digits. Escapes of JSON before finder->json_from are of none. Returns where it ends.
typedef struct finder_stop finder_skip_fn(struct finder *finder, size_t at);

struct finder {
	struct span text;
	finder_skip_fn *skip; // NULL: this CPU has none
	size_t next;          // block
	size_t json_from;     // escapes of JSON before it need not be found
	bool utf16;           // look for it
	struct finder_group group;
	struct finder_carry { // masks of the block before; bit 63 is of the last byte
		uint64_t digits, first, second, runs2, groups;
		uint64_t high, high2, high4, high8;
		bool stale; // it was passed over
	} carry;
	size_t fine_next; // the block that `fine` is the predecessor of
	struct finder_fine {
		uint64_t first, second, third; // base64 digits that may stand there in ASCII
		uint64_t hex, high;            // hex digits; those of 2 to 7
	} fine;
	uint64_t zeros, printables; // as `carry`, for UTF-16
};

// Bit i is of the byte text.p[at + i].
struct finder_block {
	size_t at;
	uint64_t url, json;   // '%', and '+' that may stand for a space; '\\'
	uint64_t base64, hex; // the last digit of a run of interest
	uint64_t utf16[2];    // the last byte of one: little endian, big endian
};

// Out: *block, the next one that has a bit set. Returns false at the end. One source (finder.inc)
// is built three times.
typedef bool finder_fn(struct finder *finder, struct finder_block *block);

// What runs on a CPU.
struct finder_code {
	finder_fn *find;
	finder_skip_fn *skip;
};

// For a CPU of the level.
struct finder_code finder_code(enum kernel_level level);

// `utf16`: look for it too. Borrows `text`.
void finder_init(
	struct finder *finder, const struct finder_code *code, struct span text, bool utf16
);

// May the '+' at `at` stand for a space? When it parts digits; but for the one in a time.
bool finder_is_plus(struct span text, size_t at);
