// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The entry's own anchored table or database is tried at a start, which yields every end for it;
// boundary, validators and score choose the longest.

#include "patterns/scratch.h"

#include <errno.h>

enum {
	SCORE_STRONG = 100,
	SCORE_STEP = CONTEXT_WORD_MAX + 1,
};

static bool bit_get(const uint64_t *bits, size_t i)
{
	return (bits[i / 64] >> i % 64 & 1) != 0;
}

static void bit_set(uint64_t *bits, size_t i)
{
	bits[i / 64] |= UINT64_C(1) << i % 64;
}

// Hyperscan's callback for ends of an anchored expression, in any order.
static int on_end(unsigned, unsigned long long, unsigned long long to, unsigned, void *context)
{
	struct scan_scratch *scratch = context;
	to += scratch->skipped;
	size_t end = scratch->origin + (size_t)to;
	if (to > PATTERN_WIDTH_MAX || !boundary_ends(scratch->right, scratch->in, end) ||
	    boundary_splits_utf8(scratch->in, end))
		return 0;
	bit_set(scratch->ends, (size_t)to);
	if (to > scratch->last_end)
		scratch->last_end = (size_t)to;
	return 0;
}

static bool is_nothing(const struct anchored *anchored)
{
	return anchored->table == NULL && anchored->db == NULL;
}

// All ends from `at` on, as bits of scratch->ends up to scratch->last_end: `skip` bytes match, and
// behind them `anchored`.
static int collect_ends(
	struct scan_scratch *scratch, const struct anchored *anchored, size_t at, size_t skip,
	uint32_t width, enum boundary right
)
{
	size_t n = scratch->in.n - at < width ? scratch->in.n - at : width;
	scratch->origin = at;
	scratch->skipped = skip;
	scratch->last_end = 0;
	scratch->right = right;
	if (is_nothing(anchored))
		return on_end(0, 0, 0, 0, scratch);
	const uint8_t *text = scratch->in.p + at + skip;
	if (anchored->table != NULL) {
		uint16_t place = anchored->table->start;
		for (size_t i = 0; i < n - skip && place != TABLE_NOWHERE; i++) {
			place = table_step(anchored->table, place, text[i]);
			if ((place & TABLE_END) != 0)
				(void)on_end(0, 0, i + 1, 0, scratch);
		}
		return 0;
	}
	hs_error_t result =
		hs_scan(anchored->db, (const char *)text, (unsigned)(n - skip), 0, scratch->hs,
			on_end, scratch);
	return result == HS_SUCCESS ? 0 : -EIO;
}

// Does the text at `at` begin as every match does?
static bool has_prefix(const struct set_entry *entry, struct span in, size_t at)
{
	if (in.n - at < entry->prefix_size)
		return false;
	if (!entry->prefix_folds)
		return memcmp(in.p + at, entry->prefix, entry->prefix_size) == 0;
	for (uint32_t i = 0; i < entry->prefix_size; i++) {
		uint8_t c = in.p[at + i];
		if ((c >= 'A' && c <= 'Z' ? c | 0x20 : c) != entry->prefix[i])
			return false;
	}
	return true;
}

static void clear_ends(struct scan_scratch *scratch)
{
	memset(scratch->ends, 0, (scratch->last_end / 64 + 1) * sizeof(scratch->ends[0]));
}

static bool validate(const struct set_entry *entry, struct span text)
{
	for (size_t i = 0; i < entry->validator_count; i++) {
		if (!entry->validators[i](text))
			return false;
	}
	return true;
}

static int on_strong(unsigned, unsigned long long, unsigned long long to, unsigned, void *context)
{
	struct scan_scratch *scratch = context;
	scratch->is_strong = scratch->is_strong || to == scratch->strong_size;
	return 0;
}

// Does the strong expression match all of [at, at + n)? Returns 1, 0 or -EIO.
static int match_is_strong(
	struct scan_scratch *scratch, const struct set_entry *entry, size_t at, size_t n
)
{
	if (is_nothing(&entry->strong))
		return 0;
	if (entry->strong.table != NULL)
		return table_matches(entry->strong.table, scratch->in.p + at, n);
	scratch->is_strong = false;
	scratch->strong_size = n;
	hs_error_t result =
		hs_scan(entry->strong.db, (const char *)scratch->in.p + at, (unsigned)n, 0,
			scratch->hs, on_strong, scratch);
	return result == HS_SUCCESS ? scratch->is_strong : -EIO;
}

// Add the words of any context that stand in [from, to) of the text.
static void add_words_near(struct scan_scratch *scratch, size_t from, size_t to)
{
	const struct locator *locator = &scratch->set->locator;
	struct near_words *near = &scratch->near;
	for (size_t at = from; at < to; at++) {
		size_t n = 0;
		const struct locator_ref *ref = locator_words_at(locator, scratch->in, at, &n);
		for (; n > 0; n--, ref++) {
			const struct locator_word *word = &locator->words[ref->target];
			if (!ref->is_word || word->length > to - at ||
			    !context_stands_at(word->text, word->length, scratch->in, at))
				continue;
			if (near->count < SCRATCH_NEAR_WORDS)
				near->words[near->count++] = ref->target;
		}
	}
}

static size_t word_in_name(const struct scan_scratch *scratch, uint32_t entry, bool longest)
{
	size_t length = 0;
	for (uint32_t i = 0; scratch->name != NULL && i < scratch->name->count; i++) {
		const struct locator_word *word =
			&scratch->set->locator.words[scratch->name->words[i]];
		if (word->length <= length || !locator_word_serves(word, entry))
			continue;
		length = word->length;
		if (!longest)
			break;
	}
	return length;
}

static bool is_newline(uint8_t c)
{
	return c == '\n' || c == '\r';
}

// The words before or behind [start, end) on the same line: looked for once, as what stands there
// is often many entries' match. They are those of the text of number scratch->scan.
static const struct near_words *words_near(struct scan_scratch *scratch, size_t start, size_t end)
{
	struct near_words *near = &scratch->near;
	struct span in = scratch->in;
	size_t from = start, to = end;
	if (near->scan == scratch->scan && near->start == start && near->end == end)
		return near;
	near->scan = scratch->scan;
	near->start = start;
	near->end = end;
	near->count = 0;
	while (from > 0 && start - from < PATTERN_CONTEXT_BEFORE && !is_newline(in.p[from - 1]))
		from--;
	while (to < in.n && to - end < PATTERN_CONTEXT_AFTER && !is_newline(in.p[to]))
		to++;
	size_t other = context_other_name(in, from, start);
	if (other < start) {
		from = other;
		to = end;
	}
	add_words_near(scratch, from, start);
	add_words_near(scratch, end, to);
	return near;
}

// The length of a word in the name, or near [start, end): the first, or the longest. 0: there is no
// context.
static size_t context_of(
	struct scan_scratch *scratch, uint32_t entry, size_t start, size_t end, bool longest
)
{
	size_t length = word_in_name(scratch, entry, longest);
	if (length > 0 && !longest)
		return length;
	const struct near_words *near = words_near(scratch, start, end);
	for (uint32_t i = 0; i < near->count && (length == 0 || longest); i++) {
		const struct locator_word *word = &scratch->set->locator.words[near->words[i]];
		if (word->length > length && locator_word_serves(word, entry))
			length = word->length;
	}
	return length;
}

// Does the match [at, at + n) score enough to be a finding? Returns 1, 0 or -EIO.
static int match_scores(
	struct scan_scratch *scratch, const struct set_entry *entry, size_t at, size_t n
)
{
	uint32_t index = (uint32_t)(entry - scratch->set->entries);
	if (entry->sure || context_of(scratch, index, at, at + n, false) > 0)
		return 1;
	return match_is_strong(scratch, entry, at, n);
}

int confirm_score(struct scan_scratch *scratch, const struct set_entry *entry, size_t at, size_t n)
{
	uint32_t index = (uint32_t)(entry - scratch->set->entries);
	if (entry->sure)
		return entry->score * SCORE_STEP;
	int strong = match_is_strong(scratch, entry, at, n);
	if (strong < 0)
		return strong;
	int score = strong == 1 ? SCORE_STRONG : entry->score;
	int word = (int)context_of(scratch, index, at, at + n, true);
	return (score + (word > 0 ? PATTERN_CONTEXT : 0)) * SCORE_STEP + word;
}

// The longest match of `entry` that begins at `at`. Returns its length, 0 for none, or -EIO.
static int longest_match(struct scan_scratch *scratch, const struct set_entry *entry, size_t at)
{
	int length = 0;
	if (entry->prefix_size > 0 && !has_prefix(entry, scratch->in, at))
		return 0;
	int result = collect_ends(
		scratch, &entry->pattern, at, entry->prefix_size, entry->width, entry->right
	);
	for (size_t end = scratch->last_end, tried = 0; result == 0 && end > 0; end--) {
		if (!bit_get(scratch->ends, end))
			continue;
		if (validate(entry, span_of(scratch->in.p + at, end))) {
			result = match_scores(scratch, entry, at, end);
			if (result == 1)
				length = (int)end;
			if (result != 0)
				break;
		}
		if (++tried == SCRATCH_ENDS_MAX || entry->right == BOUNDARY_NONE)
			break;
	}
	clear_ends(scratch);
	return result < 0 ? result : length;
}

static void keep_match(
	struct scan_scratch *scratch, const struct set_entry *entry, size_t start, size_t length
)
{
	struct match_list *matches = &scratch->matches;
	struct finding match = {(uint32_t)start, (uint32_t)(start + length), entry->id};
	if (scratch->names_only) {
		if (scratch->lowest < 0 || entry->id < scratch->lowest)
			scratch->lowest = entry->id;
		return;
	}
	if (matches->count > scratch->first) {
		const struct finding *last = &matches->list[matches->count - 1];
		if (last->pattern == match.pattern && last->start <= match.start &&
		    last->end >= match.end)
			return;
	}
	if (matches->count == SCAN_FINDINGS_MAX)
		matches->overflow = true;
	else
		matches->list[matches->count++] = match;
}

// Try the pattern behind each place where the context that begins at `start` ends.
static int try_behind_context(
	struct scan_scratch *scratch, const struct set_entry *entry, size_t start
)
{
	int result = collect_ends(
		scratch, &entry->before, start, 0, DEFINITION_BEFORE_MAX, BOUNDARY_NONE
	);
	uint64_t ends = scratch->ends[0];
	clear_ends(scratch);
	for (; result == 0 && ends != 0; ends &= ends - 1) {
		size_t at = start + (size_t)__builtin_ctzll(ends);
		int length = longest_match(scratch, entry, at);
		if (length < 0)
			return length;
		if (length > 0)
			keep_match(scratch, entry, at, (size_t)length);
	}
	return result;
}

static int try_start(struct scan_scratch *scratch, const struct set_entry *entry, size_t start)
{
	if (!boundary_begins(entry->left, scratch->in, start) ||
	    boundary_splits_utf8(scratch->in, start))
		return 0;
	if (entry->probe != NULL && !probe_passes(entry->probe, scratch->in, start))
		return 0;
	if (!is_nothing(&entry->before))
		return try_behind_context(scratch, entry, start);
	int length = longest_match(scratch, entry, start);
	if (length > 0)
		keep_match(scratch, entry, start, (size_t)length);
	return length < 0 ? length : 0;
}

static int try_starts(
	struct scan_scratch *scratch, const struct set_entry *entry, size_t from, size_t to
)
{
	int result = 0;
	if (to - from == 1) // somebody has looked at it
		return try_start(scratch, entry, from);
	for (size_t start = from; start < to && result == 0 && !scratch->matches.overflow;
	     start++) {
		if (lead_gate_passes(&entry->gate, scratch->in, start))
			result = try_start(scratch, entry, start);
	}
	return result;
}

// Try the starts of [from, to) that were not tried before.
static int try_new(struct scan_scratch *scratch, uint32_t index, uint32_t from, uint32_t to)
{
	const struct set_entry *entry = &scratch->set->entries[index];
	struct tried *tried = &scratch->tried[index];
	int result = 0;
	if (tried->scan != scratch->scan || from > tried->to || to < tried->from) {
		*tried = (struct tried){scratch->scan, from, to};
		return try_starts(scratch, entry, from, to);
	}
	// They touch: what is new lies before and behind.
	if (from < tried->from) {
		result = try_starts(scratch, entry, from, tried->from);
		tried->from = from;
	}
	if (to > tried->to) {
		if (result == 0)
			result = try_starts(scratch, entry, tried->to, to);
		tried->to = to;
	}
	return result;
}

int confirm(struct scan_scratch *scratch, const struct candidate *candidate)
{
	uint32_t from = candidate->from, to = candidate->to + 1;
	struct span in = scratch->in;
	if (scratch->pieces.count == 0)
		return try_new(scratch, candidate->entry, from, to);
	size_t start = piece_enter(scratch, candidate->to);
	int result = 0;
	if (start < to)
		result =
			try_new(scratch, candidate->entry, from > start ? from : (uint32_t)start,
				to);
	piece_leave(scratch, in);
	return result;
}
