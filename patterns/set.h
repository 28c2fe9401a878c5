// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A compiled set, as the compiler leaves it and the scanner reads it. Immutable.

#pragma once

#include "patterns/context.h"
#include "patterns/database.h"
#include "patterns/definition.h"
#include "patterns/locator.h"
#include "patterns/probe.h"

#include <hs.h>

// One pattern of a set: what confirming a candidate takes.
struct set_entry {
	struct lead_brief brief; // of the gate: asked first, and most often last
	uint16_t id;             // in the library
	bool sure;               // a match is a finding without more
	uint8_t score;           // of the format alone
	bool is_entity;          // also found encoded
	uint8_t tiers;           // enum locator_tier
	enum boundary left, right;
	uint32_t candidate_min;  // least bytes of a candidate that is searched for
	uint32_t lead;           // most bytes from a match's start (context included) to its end
	uint32_t width;          // most bytes of a finding
	struct probe *probe;     // of a match, `before` included; NULL: none
	uint8_t *prefix;         // with which every match begins; when it folds, in lower case
	uint32_t prefix_size;    // 0: with nothing certain
	bool prefix_folds;       // letter case of ASCII is ignored
	struct anchored pattern; // what follows it; nothing: nothing does
	struct anchored before;  // nothing: a finding begins where the match does
	struct anchored strong;  // nothing: no match scores more than the others
	bool (*validators[DEFINITION_VALIDATORS])(struct span text);
	size_t validator_count;
	bool digest;                // a validator's
	struct lead_gate gate;      // of a match, `before` included
	struct lead_gate lead_gate; // of one that is found without a context word
};

struct pattern_set {
	struct locator locator;
	hs_database_t *candidates;  // of TIER_SEARCHED, without start of match; NULL: there is none
	struct databases databases; // all of them, and the tables
	uint32_t overlap; // bytes before a chunk that a candidate ending in it may begin in
	size_t count;
	bool has_entities;
	uint8_t *rehearsal; // the text of scan_rehearse
	struct set_entry entries[];
};

// Make the text of scan_rehearse. Returns 0 or -ENOMEM; pattern_set_free frees it.
int set_fill_rehearsal(struct pattern_set *set) must_check;
// The set's entry for pattern `id`; NULL when the set has none.
const struct set_entry *set_entry_of(const struct pattern_set *set, uint16_t id);
