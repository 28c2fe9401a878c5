// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The keys of a set (lead.h): the first symbols of words that begin a match, and of context words.

#pragma once

#include "patterns/lead.h"

// What a hit of the kernel may be: the start of entry `target`'s match, `offset` bytes before the
// hit, or the beginning of word `target`.
struct locator_ref {
	uint32_t target;
	bool is_word;
	uint8_t offset;
	struct lead_brief brief; // of the text from the match's start on
};

struct locator_slot {
	uint32_t key, first, count; // refs; none: the slot is free
};

struct locator_keys {
	uint64_t *first, *long_keys; // the kernel's bitmaps
	unsigned shift;              // of the first
	struct locator_slot *slots;  // open addressing, a power of two
	size_t slot_count;
	struct locator_ref *refs; // those of a key together
	size_t ref_count;
	// While they are added: keys with what they stand for.
	struct locator_entry {
		struct lead_key key;
		struct locator_ref ref;
	} * entries;
	size_t entry_count;
};

// Returns 0 or -ENOMEM.
int locator_keys_add(struct locator_keys *keys, struct lead_key key, struct locator_ref ref)
	must_check;
// All have been added. Fills the kernel's tables. Returns 0 or -ENOMEM.
int locator_keys_finish(struct locator_keys *keys, struct kernel_tables *tables) must_check;
// Accepts a zeroed or half-made one.
void locator_keys_fini(struct locator_keys *keys);

static inline struct locator_slot *locator_keys_slot(const struct locator_keys *keys, uint32_t key)
{
	size_t at = (size_t)kernel_hash(key, 32) & (keys->slot_count - 1);
	while (keys->slots[at].count != 0 && keys->slots[at].key != key)
		at = (at + 1) & (keys->slot_count - 1);
	return &keys->slots[at];
}

// What the first four symbols of a word may stand for. Out: *count. NULL when they are no key.
const struct locator_ref *locator_keys_at(
	const struct locator_keys *keys, uint32_t key, size_t *count
);
