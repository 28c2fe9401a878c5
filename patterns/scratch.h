// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What a scan works with, and its second step: is there a match where one may begin?

#pragma once

#include "patterns/piece.h"
#include "patterns/scanner.h"
#include "patterns/set.h"

enum scratch_size {
	// Ends the validators see for one start, longest first: bounds what a hostile text costs.
	// Without a boundary on the right they see one.
	SCRATCH_ENDS_MAX = 32,
	SCRATCH_ENDS_WORDS = PATTERN_WIDTH_MAX / 64 + 1,
	SCRATCH_CANDIDATES = 4096,
	SCRATCH_NAMES = 64,        // names remembered
	SCRATCH_NAME_MAX = 64,     // bytes of a name that is remembered
	SCRATCH_NAME_WORDS = 128,  // context words of a name
	SCRATCH_RECENT = 64,       // names found by their address
	SCRATCH_VALUES = 512,      // values scanned together
	SCRATCH_VALUE = 2048,      // bytes of one
	SCRATCH_BATCH = 16 * 1024, // of all
	// Context words near a match: as many as there can be. Those at one byte differ in length.
	SCRATCH_NEAR_WORDS = (PATTERN_CONTEXT_BEFORE + PATTERN_CONTEXT_AFTER) * CONTEXT_WORD_MAX,
};

// Entry `entry` may match from one of the starts [from, to].
struct candidate {
	uint32_t entry, from, to;
};

// The context words near [start, end) of the text of number `scan`; 0: of none.
struct near_words {
	uint32_t scan, count;
	size_t start, end;
	uint32_t words[SCRATCH_NEAR_WORDS];
};

// The context words of a name.
struct name_words {
	uint32_t length; // of the name; 0: nothing is remembered here
	uint64_t held;   // by the pieces of this batch
	uint8_t name[SCRATCH_NAME_MAX];
	uint32_t count;
	uint32_t words[SCRATCH_NAME_WORDS];
};

// Values that are scanned together.
struct scan_batch {
	uint64_t number;
	size_t n, count;
	uint8_t text[SCRATCH_BATCH];
	struct scan_piece pieces[SCRATCH_VALUES];
	struct recent_name {
		struct span name;
		const struct name_words *words;
	} recent[SCRATCH_RECENT];
};

struct scan_scratch {
	const struct pattern_set *set;
	hs_scratch_t *hs;
	// Per entry: the starts [from, to) have been tried in scan number `scan`.
	struct tried {
		uint32_t scan, from, to;
	} * tried, *tried_near; // and per context word: near it
	uint32_t scan;
	// This scan.
	struct span in;
	struct scan_pieces pieces; // of `in`
	const struct name_words *name;
	const struct pattern_choice *wanted; // NULL: all
	bool only_entities;                  // of them
	bool names_only;                     // matches are not kept, but for
	int lowest;                          // the lowest id found; -1: none
	uint32_t forms;
	struct decode *decode;
	size_t first; // of the matches, in this text: one that is encoded is a text by itself
	struct match_list matches;
	// This chunk.
	size_t chunk;
	struct kernel_hits hits;
	size_t base, end;        // the stretch given to Hyperscan, and the chunk's end
	bool candidates_overran; // it found more than fit
	size_t candidate_count;
	struct candidate candidates[SCRATCH_CANDIDATES];
	// This attempt: where the expression may end, relative to `origin`.
	size_t origin, skipped, last_end;
	enum boundary right;
	uint64_t ends[SCRATCH_ENDS_WORDS];
	struct near_words near;
	size_t strong_size; // of the match that is asked about
	bool is_strong;
	// Names, by hash; and the place of one too long to be remembered.
	struct name_words names[SCRATCH_NAMES], long_name;
	struct scan_batch batch;
};

// From here on only the piece that holds byte `at` of the text is looked at, up to its end, with
// its name. Returns where it begins; more than `at` when no piece holds that.
size_t piece_enter(struct scan_scratch *scratch, size_t at);
// Back to all of the text.
void piece_leave(struct scan_scratch *scratch, struct span in);
// Scan the pieces. The matches are left in the scratch. Returns 0 or -EIO.
int scratch_scan_pieces(
	struct scan_scratch *scratch, struct span in, struct scan_pieces pieces,
	const struct pattern_choice *wanted
) must_check;
// No value is in the batch any more.
void scratch_clear_batch(struct scan_scratch *scratch);
// Out: *words, the context words of the name, NULL for none, until the batch is cleared. Returns
// false when that has to be first.
bool scratch_hold_name(
	struct scan_scratch *scratch, struct span name, const struct name_words **words
) must_check;
// Try every start of the candidate that was not tried before, and keep the matches. Returns 0 or
// -EIO.
int confirm(struct scan_scratch *scratch, const struct candidate *candidate) must_check;
// How sure is it that the match [at, at + n) of the text is the entry's? By the score of its format
// or its strong form and of context; where that is equal, by how long the context word is ("medical
// licence number" says more than "licence number"). Returns a number that is more for what is
// surer, or -EIO.
int confirm_score(struct scan_scratch *scratch, const struct set_entry *entry, size_t at, size_t n)
	must_check;
// Does the scan ask for the entry?
bool candidates_want(const struct scan_scratch *scratch, uint32_t entry);
// The entry may match from [from, to]. Returns 0 or -EIO.
int candidates_range(struct scan_scratch *scratch, uint32_t entry, size_t from, size_t to)
	must_check;
// The word gives meaning to matches that begin in [from, to). Returns 0 or -EIO.
int near_try(struct scan_scratch *scratch, const struct locator_word *word, size_t from, size_t to)
	must_check;
// Confirm what Hyperscan finds in [from, to), which lies in the chunk. Returns 0 or -EIO.
int searched_try(struct scan_scratch *scratch, size_t from, size_t to) must_check;
// Find the candidates of the chunk at scratch->chunk, and confirm them. Returns 0 or -EIO.
int candidates_try(struct scan_scratch *scratch) must_check;
