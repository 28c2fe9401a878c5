// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A compiled set, as the compiler leaves it and the scanner reads it. Immutable.

#pragma once

#include "patterns/context.h"
#include "patterns/definition.h"

#include <hs.h>

// One pattern of a set: what confirming a candidate takes.
struct set_entry {
	uint16_t id; // in the library
	enum boundary left, right;
	uint32_t candidate_min; // least bytes of a candidate
	uint32_t lead;          // most bytes from a match's start (context included) to the
				// candidate's end
	uint32_t width;         // most bytes of a finding
	hs_database_t *pattern; // anchored at the first byte
	hs_database_t *before;  // the same; NULL: a finding begins where the match does
	hs_database_t *strong;  // the same; NULL: no match scores more than the others
	bool sure;              // a match is a finding without more
	struct context context; // words, one of which must be near when it is not
	bool (*validators[DEFINITION_VALIDATORS])(struct span text);
	size_t validator_count;
};

struct pattern_set {
	hs_database_t *candidates; // all patterns, without start of match; NULL: an empty set
	hs_scratch_t *scratch;     // large enough for every database; cloned, never used
	size_t size;               // bytes of databases
	uint32_t overlap; // bytes before a chunk that a candidate ending in it may begin in
	size_t count;
	uint64_t entities[PATTERN_ID_WORDS]; // by index: those that are also found encoded
	struct set_entry entries[];
};
