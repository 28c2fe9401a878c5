// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A context word gives meaning to what stands near it.

#include "patterns/scratch.h"

// The entry may match from `start`.
static int try_start(struct scan_scratch *scratch, uint32_t entry, size_t start)
{
	const struct set_entry *e = &scratch->set->entries[entry];
	if (!lead_brief_passes(&e->brief, scratch->in, start) ||
	    !lead_gate_passes(&e->gate, scratch->in, start))
		return 0;
	return candidates_range(scratch, entry, start, start);
}

enum { LISTED = 8 }; // words and numbers, of those that begin in 64 bytes

// List at + i for each bit i. Returns how many there are. The first few are written, whether they
// are there or not: how many, no CPU can guess.
static size_t list_starts(uint64_t bits, size_t at, size_t out[static 64 + LISTED])
{
	const uint64_t last = UINT64_C(1) << 63;
	size_t count = (size_t)__builtin_popcountll(bits);
	for (size_t i = 0; i < LISTED; i++, bits &= bits - 1)
		out[i] = at + (size_t)__builtin_ctzll(bits | last);
	for (size_t i = LISTED; __builtin_expect(bits != 0, false); bits &= bits - 1)
		out[i++] = at + (size_t)__builtin_ctzll(bits);
	return count;
}

static int try_entries(struct scan_scratch *scratch, const struct locator_word *word, size_t at)
{
	int result = 0;
	for (uint32_t i = 0; i < word->count && result == 0; i++)
		result = try_start(scratch, word->entries[i], at);
	return result;
}

// The word's entries may match from [from, to), of which nobody knows where words begin.
static int try_bytes(
	struct scan_scratch *scratch, const struct locator_word *word, size_t from, size_t to
)
{
	int result = 0;
	for (size_t at = from; at < to && result == 0; at++) {
		if (lead_brief_passes(&word->brief, scratch->in, at))
			result = try_entries(scratch, word, at);
	}
	return result;
}

// They may match from where a number or word begins in [from, to), which lies in the chunk and is
// 64 bytes at most. First all are asked, then what passes is tried.
static int try_masks(
	struct scan_scratch *scratch, const struct locator_word *word, size_t from, size_t to
)
{
	const struct kernel_hits *hits = &scratch->hits;
	size_t starts[64 + LISTED], i = (from - scratch->chunk) / 64, passed = 0;
	size_t base = scratch->chunk + i * 64;
	uint64_t mask = hits->starts[i] | (word->starts == STARTS_WORDS ? hits->begins[i] : 0);
	int result = 0;
	mask = mask >> (from - base) << (from - base);
	if (to - base < 64)
		mask &= (UINT64_C(1) << (to - base)) - 1;
	if (mask == 0)
		return 0;
	size_t n = list_starts(mask, base, starts);
	for (size_t k = 0; k < n; k++) {
		size_t at = starts[k];
		starts[passed] = at;
		passed += lead_brief_passes(&word->brief, scratch->in, at);
	}
	for (size_t k = 0; k < passed && result == 0; k++)
		result = try_entries(scratch, word, starts[k]);
	return result;
}

// Where what has not been tried for the word begins: where it stood shortly before, too, most has.
static size_t rest_of(
	struct scan_scratch *scratch, const struct locator_word *word, size_t from, size_t to
)
{
	struct tried *tried = &scratch->tried_near[word - scratch->set->locator.words];
	if (tried->scan == scratch->scan && tried->from <= from && from <= tried->to) {
		from = tried->to;
		if (to > tried->to)
			tried->to = (uint32_t)to;
		return from;
	}
	*tried = (struct tried){scratch->scan, (uint32_t)from, (uint32_t)to};
	return from;
}

int near_try(struct scan_scratch *scratch, const struct locator_word *word, size_t from, size_t to)
{
	size_t chunk = scratch->chunk;
	int result = 0;
	from = rest_of(scratch, word, from, to);
	if (from >= to)
		return 0;
	if (word->starts == STARTS_ANYWHERE)
		return try_bytes(scratch, word, from, to);
	if (from < chunk) {
		size_t end = to < chunk ? to : chunk;
		result = try_bytes(scratch, word, from, end);
		from = end;
	}
	while (from < to && from - chunk < KERNEL_CHUNK && result == 0) {
		size_t end = from + 64 - (from - chunk) % 64;
		if (end > to)
			end = to;
		result = try_masks(scratch, word, from, end);
		from = end;
	}
	return result == 0 && from < to ? try_bytes(scratch, word, from, to) : result;
}
