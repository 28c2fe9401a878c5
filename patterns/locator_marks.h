// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The marks of a set: a few bytes that each match of an entry has at a known place, and the first
// bytes of context words that do not begin with a letter of ASCII.

#pragma once

#include "dataplane/base/span.h"
#include "patterns/lead.h"

enum locator_marks_limit {
	MARKS_MAX = 64,    // of entries; context words may have more
	MARKS_KNOWN = 128, // are told apart by their bytes; further ones are always asked
	MARKS_WORDS = MARKS_KNOWN / 64,
};

// Of entry `target`, or the beginning of word `target`.
struct locator_mark {
	struct byte_set bytes[KERNEL_MARK];
	bool is_word;
	uint32_t target;
	uint32_t back_min, back_max; // the match begins so many bytes before the mark
	struct byte_set before;      // and has only these there, if they differ
};

// As bits, one a mark.
struct mark_bits {
	uint64_t words[MARKS_WORDS];
};

static inline bool mark_bits_any(const struct mark_bits *bits)
{
	uint64_t any = 0;
	for (size_t i = 0; i < MARKS_WORDS; i++)
		any |= bits->words[i];
	return any != 0;
}

struct locator_marks {
	size_t count;
	struct locator_mark *list;
	struct mark_bits (*allows)[256]; // by place and byte
};

// Returns 0 or -ENOMEM.
int locator_marks_add(struct locator_marks *marks, struct locator_mark mark) must_check;
// All have been added. Fills the kernel's tables. Returns 0 or -ENOMEM.
int locator_marks_finish(struct locator_marks *marks, struct kernel_tables *tables) must_check;
// Accepts a zeroed or half-made one.
void locator_marks_fini(struct locator_marks *marks);

// Which marks known by their bytes stand at in[at]?
static inline struct mark_bits locator_marks_at(
	const struct locator_marks *marks, struct span in, size_t at
)
{
	struct mark_bits bits = marks->allows[0][in.p[at]];
	size_t n = in.n - at < KERNEL_MARK ? in.n - at : KERNEL_MARK;
	for (size_t i = 1; i < n; i++) {
		for (size_t k = 0; k < MARKS_WORDS; k++)
			bits.words[k] &= marks->allows[i][in.p[at + i]].words[k];
	}
	return bits;
}
