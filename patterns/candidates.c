// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The kernel says where matches may begin, and each is confirmed at once (confirm.c); so are the
// candidates of Hyperscan, for the few entries the kernel cannot find, when it has returned: it
// cannot be called from its own callback.

#include "patterns/scratch.h"
#include "patterns/sort.h"

#include <errno.h>

enum { SEARCH_MIN = 64 }; // bytes: least stretch that is searched anew when candidates overrun

static bool sorts_before(const void *x, const void *y)
{
	const struct candidate *a = x, *b = y;
	return a->entry != b->entry ? a->entry < b->entry : a->from < b->from;
}

// Confirm the candidates there are.
static int flush(struct scan_scratch *scratch)
{
	int result = 0;
	sort_list(
		scratch->candidates, scratch->candidate_count, sizeof(scratch->candidates[0]),
		sorts_before
	);
	for (size_t i = 0;
	     i < scratch->candidate_count && result == 0 && !scratch->matches.overflow; i++)
		result = confirm(scratch, &scratch->candidates[i]);
	scratch->candidate_count = 0;
	return result;
}

static bool is_wanted(const struct scan_scratch *scratch, uint32_t entry)
{
	const struct set_entry *e = &scratch->set->entries[entry];
	const struct pattern_choice *wanted = scratch->wanted;
	if (scratch->only_entities && !e->is_entity)
		return false;
	if (wanted == NULL)
		return true;
	uint16_t class = wanted->class_of == NULL ? e->id : wanted->class_of[e->id];
	return (wanted->classes[class / 64] >> class % 64 & 1) != 0;
}

// The entry may match from [from, to]. Returns 0 or -EIO.
static int try_range(struct scan_scratch *scratch, uint32_t entry, size_t from, size_t to)
{
	const struct candidate candidate = {entry, (uint32_t)from, (uint32_t)to};
	if (!is_wanted(scratch, entry) || scratch->matches.overflow)
		return 0;
	return confirm(scratch, &candidate);
}

// The entry may match from `start`: a look at its first bytes decides whether to ask further.
static int try_start_at(
	struct scan_scratch *scratch, uint32_t entry, const struct lead_gate *gate, size_t start
)
{
	if (!lead_gate_passes(gate, scratch->in, start))
		return 0;
	return try_range(scratch, entry, start, start);
}

// Does a number begin at `at`?
static bool begins_number(const struct scan_scratch *scratch, size_t at)
{
	size_t offset = at - scratch->chunk;
	if (at >= scratch->chunk && offset < KERNEL_CHUNK)
		return (scratch->hits.starts[offset / 64] >> offset % 64 & 1) != 0;
	return kernel_symbol(scratch->in.p[at]) == '0' &&
	       (at == 0 || kernel_symbol(scratch->in.p[at - 1]) == 0);
}

// The next start from `at` on that may be a match of the word's entries, or `end`.
static size_t next_start(
	const struct scan_scratch *scratch, const struct locator_word *word, size_t at, size_t end
)
{
	while (at < end) {
		size_t offset = at - scratch->chunk;
		if (word->numeric && at >= scratch->chunk && offset < KERNEL_CHUNK) {
			uint64_t bits = scratch->hits.starts[offset / 64] >> offset % 64;
			if (bits == 0) {
				at += 64 - offset % 64;
				continue;
			}
			at += (size_t)__builtin_ctzll(bits);
			if (at >= end)
				break;
		} else if (word->numeric && !begins_number(scratch, at)) {
			at++;
			continue;
		}
		if (lead_gate_passes(&word->gate, scratch->in, at))
			return at;
		at++;
	}
	return end;
}

// A context word gives meaning to matches that begin in [from, to).
static int try_near(
	struct scan_scratch *scratch, const struct locator_word *word, size_t from, size_t to
)
{
	int result = 0;
	for (size_t at = next_start(scratch, word, from, to); at < to && result == 0;
	     at = next_start(scratch, word, at + 1, to)) {
		for (uint32_t i = 0; i < word->count && result == 0; i++)
			result = try_start_at(
				scratch, word->entries[i],
				&scratch->set->entries[word->entries[i]].gate, at
			);
	}
	return result;
}

// A context word may stand at `at`.
static int try_word(struct scan_scratch *scratch, const struct locator_word *word, size_t at)
{
	if (!context_stands_at(word->text, word->length, scratch->in, at))
		return 0;
	size_t from = at > word->reach_before ? at - word->reach_before : 0;
	size_t to = at + PATTERN_CONTEXT_BEFORE + 1;
	return try_near(scratch, word, from, to < scratch->in.n ? to : scratch->in.n);
}

// Entry `target` may match from `offset` bytes before `at`.
static int try_before(struct scan_scratch *scratch, uint32_t target, size_t offset, size_t at)
{
	const struct lead_gate *gate = &scratch->set->entries[target].lead_gate;
	return offset > at ? 0 : try_start_at(scratch, target, gate, at - offset);
}

static int try_words(struct scan_scratch *scratch)
{
	const struct locator *locator = &scratch->set->locator;
	int result = 0;
	for (size_t i = 0; i < scratch->hits.n_words && result == 0; i++) {
		size_t n, at = scratch->chunk + scratch->hits.words[i];
		uint64_t key = scratch->hits.keys[i];
		const struct locator_ref *ref = locator_keys_at(&locator->keys, key, &n);
		for (; n > 0 && result == 0; n--, ref++) {
			if (((key ^ ref->symbols) & ref->mask) != 0)
				continue;
			result = ref->is_word ? try_word(scratch, &locator->words[ref->target], at)
					      : try_before(scratch, ref->target, ref->offset, at);
		}
	}
	return result;
}

static int try_forms(struct scan_scratch *scratch)
{
	const struct locator_forms *forms = &scratch->set->locator.forms;
	int result = 0;
	for (size_t i = 0; i < scratch->hits.n_forms && result == 0; i++) {
		size_t at = scratch->chunk + scratch->hits.forms[i];
		uint16_t buckets = scratch->hits.buckets[i];
		struct form_bits bits = locator_forms_at(forms, scratch->in, at, buckets);
		for (size_t word = 0; word < FORMS_WORDS; word++) {
			for (; bits.words[word] != 0 && result == 0;
			     bits.words[word] &= bits.words[word] - 1) {
				const struct form_ref *ref =
					&forms
						 ->refs[word * 64 +
							(size_t)__builtin_ctzll(bits.words[word])];
				if (ref->offset <= at)
					result = try_range(
						scratch, ref->target, at - ref->offset,
						at - ref->offset
					);
			}
		}
		for (size_t k = FORMS_KNOWN; k < forms->count && result == 0; k++) {
			if ((buckets >> forms->refs[k].bucket & 1) != 0)
				result = try_before(
					scratch, forms->refs[k].target, forms->refs[k].offset, at
				);
		}
	}
	return result;
}

static int try_mark(struct scan_scratch *scratch, const struct locator_mark *mark, size_t at)
{
	if (mark->is_word)
		return try_word(scratch, &scratch->set->locator.words[mark->target], at);
	if (at < mark->back_min)
		return 0;
	if (mark->back_min == mark->back_max)
		return try_before(scratch, mark->target, mark->back_min, at);
	size_t from = at, first = at > mark->back_max ? at - mark->back_max : 0;
	while (from > first && byte_set_has(&mark->before, scratch->in.p[from - 1]))
		from--;
	if (from > at - mark->back_min)
		return 0;
	return try_range(scratch, mark->target, from, at - mark->back_min);
}

static int try_marks(struct scan_scratch *scratch)
{
	const struct locator_marks *marks = &scratch->set->locator.marks;
	int result = 0;
	for (size_t i = 0; i < scratch->hits.n_marks && result == 0; i++) {
		size_t at = scratch->chunk + scratch->hits.marks[i];
		struct mark_bits bits = locator_marks_at(marks, scratch->in, at);
		for (size_t word = 0; word < MARKS_WORDS; word++) {
			for (; bits.words[word] != 0 && result == 0;
			     bits.words[word] &= bits.words[word] - 1) {
				size_t k = word * 64 + (size_t)__builtin_ctzll(bits.words[word]);
				result = try_mark(scratch, &marks->list[k], at);
			}
		}
		for (size_t k = MARKS_KNOWN; k < marks->count && result == 0; k++)
			result = try_mark(scratch, &marks->list[k], at);
	}
	return result;
}

// Hyperscan's callback for candidates, in any order. Ends before the stretch were found before.
static int on_candidate(
	unsigned index, unsigned long long, unsigned long long to, unsigned, void *context
)
{
	struct scan_scratch *scratch = context;
	const struct set_entry *entry = &scratch->set->entries[index];
	size_t end = scratch->base + (size_t)to;
	if (end <= scratch->end || !is_wanted(scratch, index))
		return 0;
	size_t from = end > entry->lead ? end - entry->lead : 0;
	if (scratch->candidate_count == SCRATCH_CANDIDATES) {
		scratch->candidates_overran = true;
		return 1;
	}
	scratch->candidates[scratch->candidate_count++] =
		(struct candidate){index, (uint32_t)from, (uint32_t)(end - entry->candidate_min)};
	return 0;
}

// Search [from, to) for ends of candidates.
static int search(struct scan_scratch *scratch, size_t from, size_t to)
{
	const struct pattern_set *set = scratch->set;
	scratch->base = from > set->overlap ? from - set->overlap : 0;
	scratch->end = from;
	scratch->candidates_overran = false;
	hs_error_t result =
		hs_scan(set->candidates, (const char *)scratch->in.p + scratch->base,
			(unsigned)(to - scratch->base), 0, scratch->hs, on_candidate, scratch);
	return result == HS_SUCCESS || result == HS_SCAN_TERMINATED ? 0 : -EIO;
}

// The same in stretches that are halved as long as their candidates do not fit.
static int search_chunk(struct scan_scratch *scratch, size_t from, size_t to)
{
	size_t step = to - from;
	int result = 0;
	while (from < to && result == 0 && !scratch->matches.overflow) {
		size_t end = to - from < step ? to : from + step;
		result = search(scratch, from, end);
		if (result == 0 && scratch->candidates_overran && step > SEARCH_MIN) {
			scratch->candidate_count = 0;
			step /= 2;
			continue;
		}
		if (scratch->candidates_overran)
			scratch->matches.overflow = true;
		if (result == 0)
			result = flush(scratch);
		from = end;
	}
	return result;
}

int candidates_try(struct scan_scratch *scratch)
{
	const struct pattern_set *set = scratch->set;
	size_t left = scratch->in.n - scratch->chunk;
	size_t end = scratch->chunk + (left < KERNEL_CHUNK ? left : KERNEL_CHUNK);
	int result = 0;
	set->locator.kernel(&set->locator.tables, scratch->in, scratch->chunk, &scratch->hits);
	for (uint32_t i = 0; scratch->name != NULL && i < scratch->name->count && result == 0; i++)
		result = try_near(
			scratch, &set->locator.words[scratch->name->words[i]], scratch->chunk, end
		);
	if (result == 0)
		result = try_words(scratch);
	if (result == 0)
		result = try_forms(scratch);
	if (result == 0)
		result = try_marks(scratch);
	if (result == 0 && set->candidates != NULL && !scratch->matches.overflow)
		result = search_chunk(scratch, scratch->chunk, end);
	return result;
}
