// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Two steps. One database of all patterns finds where candidates end; it keeps no start of match,
// which would make it several times slower or not compile. Around each candidate the pattern's own
// anchored database is then tried at each start the candidate allows, which yields every end for
// that start; boundary and validators choose the longest.

#include "patterns/decode.h"
#include "patterns/overlap.h"
#include "patterns/scanner.h"
#include "patterns/set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum scan_size {
	CHUNK = 16 * 1024, // bytes whose candidates are collected at a time
	CHUNK_WORDS = CHUNK / 64,
	// Ends the validators see for one start, longest first: bounds what a hostile text costs.
	// Without a boundary on the right they see one.
	ENDS_MAX = 32,
	ENDS_WORDS = PATTERN_WIDTH_MAX / 64 + 1,
};

struct scan_scratch {
	const struct pattern_set *set;
	hs_scratch_t *hs;
	struct pattern_state {
		size_t next_start;          // starts before it have been tried in this scan
		bool dirty;                 // some bit of `ends` is set
		uint64_t ends[CHUNK_WORDS]; // candidates: bit i ends after byte chunk + i
	} * states;
	// This scan.
	struct span in, name;
	uint64_t wanted[PATTERN_ID_WORDS]; // by index in the set
	bool names_only;                   // matches are not kept, but for
	int lowest;                        // the lowest id found; -1: none
	size_t first; // of the matches, in this text: one that is encoded is a text by itself
	struct match_list matches;
	struct decode *decode;
	uint32_t forms;
	// This chunk: its first byte, and that of the stretch given to Hyperscan.
	size_t chunk, base;
	// This attempt: where the expression may end, relative to `origin`.
	size_t origin, last_end;
	enum boundary right;
	uint64_t ends[ENDS_WORDS];
	size_t strong_size; // of the match that is asked about
	bool is_strong;
};

struct scan_scratch *scan_scratch_new(const struct pattern_set *set)
{
	struct scan_scratch *scratch = calloc(1, sizeof(*scratch));
	if (scratch == NULL)
		return NULL;
	scratch->set = set;
	scratch->forms = SCAN_FORMS_TEXT;
	scratch->states = calloc(set->count + 1, sizeof(scratch->states[0]));
	scratch->decode = decode_new(set);
	if (scratch->states == NULL || scratch->decode == NULL ||
	    (set->scratch != NULL && hs_clone_scratch(set->scratch, &scratch->hs) != HS_SUCCESS)) {
		scan_scratch_free(scratch);
		return NULL;
	}
	return scratch;
}

void scan_scratch_free(struct scan_scratch *scratch)
{
	if (scratch == NULL)
		return;
	hs_free_scratch(scratch->hs);
	decode_free(scratch->decode);
	free(scratch->states);
	free(scratch);
}

void scan_scratch_forms(struct scan_scratch *scratch, uint32_t forms)
{
	scratch->forms = forms;
}

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
	size_t end = scratch->origin + (size_t)to;
	if (to > PATTERN_WIDTH_MAX || !boundary_ends(scratch->right, scratch->in, end) ||
	    boundary_splits_utf8(scratch->in, end))
		return 0;
	bit_set(scratch->ends, (size_t)to);
	if (to > scratch->last_end)
		scratch->last_end = (size_t)to;
	return 0;
}

// All ends of the anchored `db` from `at` on, as bits of scratch->ends up to scratch->last_end.
static int collect_ends(
	struct scan_scratch *scratch, const hs_database_t *db, size_t at, uint32_t width,
	enum boundary right
)
{
	size_t n = scratch->in.n - at < width ? scratch->in.n - at : width;
	scratch->origin = at;
	scratch->last_end = 0;
	scratch->right = right;
	hs_error_t result =
		hs_scan(db, (const char *)scratch->in.p + at, (unsigned)n, 0, scratch->hs, on_end,
			scratch);
	return result == HS_SUCCESS ? 0 : -EIO;
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
	if (entry->strong == NULL)
		return 0;
	scratch->is_strong = false;
	scratch->strong_size = n;
	hs_error_t result =
		hs_scan(entry->strong, (const char *)scratch->in.p + at, (unsigned)n, 0,
			scratch->hs, on_strong, scratch);
	return result == HS_SUCCESS ? scratch->is_strong : -EIO;
}

// Does the match [at, at + n) score enough to be a finding? Returns 1, 0 or -EIO.
static int match_scores(
	struct scan_scratch *scratch, const struct set_entry *entry, size_t at, size_t n
)
{
	if (entry->sure || context_names(&entry->context, scratch->name) ||
	    context_near(&entry->context, scratch->in, at, at + n))
		return 1;
	return match_is_strong(scratch, entry, at, n);
}

// The longest match of `entry` that begins at `at`. Returns its length, 0 for none, or -EIO.
static int longest_match(struct scan_scratch *scratch, const struct set_entry *entry, size_t at)
{
	int length = 0;
	int result = collect_ends(scratch, entry->pattern, at, entry->width, entry->right);
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
		if (++tried == ENDS_MAX || entry->right == BOUNDARY_NONE)
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
	int result =
		collect_ends(scratch, entry->before, start, DEFINITION_BEFORE_MAX, BOUNDARY_NONE);
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
	if (entry->before != NULL)
		return try_behind_context(scratch, entry, start);
	int length = longest_match(scratch, entry, start);
	if (length > 0)
		keep_match(scratch, entry, start, (size_t)length);
	return length < 0 ? length : 0;
}

// Try every start that a candidate ending at `to` allows and that was not tried before.
static int confirm(
	struct scan_scratch *scratch, const struct set_entry *entry, struct pattern_state *state,
	size_t to
)
{
	size_t start = to > entry->lead ? to - entry->lead : 0;
	size_t last = to - entry->candidate_min;
	int result = 0;
	if (start < state->next_start)
		start = state->next_start;
	for (; start <= last && result == 0 && !scratch->matches.overflow; start++)
		result = try_start(scratch, entry, start);
	if (last >= state->next_start)
		state->next_start = last + 1;
	return result;
}

static int confirm_chunk(struct scan_scratch *scratch)
{
	int result = 0;
	for (size_t i = 0; i < scratch->set->count; i++) {
		struct pattern_state *state = &scratch->states[i];
		if (!state->dirty)
			continue;
		for (size_t word = 0; word < CHUNK_WORDS; word++) {
			for (uint64_t bits = state->ends[word]; bits != 0; bits &= bits - 1) {
				size_t bit = word * 64 + (size_t)__builtin_ctzll(bits);
				if (result == 0 && !scratch->matches.overflow)
					result =
						confirm(scratch, &scratch->set->entries[i], state,
							scratch->chunk + bit + 1);
			}
			state->ends[word] = 0;
		}
		state->dirty = false;
	}
	return result;
}

// Hyperscan's callback for candidates, in any order. Ends before the chunk were its predecessor's.
static int on_candidate(
	unsigned index, unsigned long long, unsigned long long to, unsigned, void *context
)
{
	struct scan_scratch *scratch = context;
	size_t end = scratch->base + (size_t)to;
	if (end <= scratch->chunk || !bit_get(scratch->wanted, index))
		return 0;
	bit_set(scratch->states[index].ends, end - scratch->chunk - 1);
	scratch->states[index].dirty = true;
	return 0;
}

static int scan_chunk(struct scan_scratch *scratch)
{
	const struct pattern_set *set = scratch->set;
	size_t end =
		scratch->in.n - scratch->chunk < CHUNK ? scratch->in.n : scratch->chunk + CHUNK;
	scratch->base = scratch->chunk > set->overlap ? scratch->chunk - set->overlap : 0;
	hs_error_t result =
		hs_scan(set->candidates, (const char *)scratch->in.p + scratch->base,
			(unsigned)(end - scratch->base), 0, scratch->hs, on_candidate, scratch);
	int confirmed = confirm_chunk(scratch);
	return result == HS_SUCCESS ? confirmed : -EIO;
}

static bool is_wanted(const struct pattern_choice *wanted, uint16_t id)
{
	if (wanted == NULL)
		return true;
	return bit_get(wanted->classes, wanted->class_of == NULL ? id : wanted->class_of[id]);
}

// Add the matches in `in`.
static int scan_text(struct scan_scratch *scratch, struct span in)
{
	int result = 0;
	scratch->in = in;
	scratch->first = scratch->matches.count;
	for (size_t i = 0; i < scratch->set->count; i++)
		scratch->states[i].next_start = 0;
	for (scratch->chunk = 0; scratch->chunk < in.n && result == 0 && !scratch->matches.overflow;
	     scratch->chunk += CHUNK)
		result = scan_chunk(scratch);
	return result;
}

struct match_list *scanner_matches(struct scan_scratch *scratch)
{
	return &scratch->matches;
}

int scanner_find(struct scan_scratch *scratch, struct span text)
{
	scratch->name = (struct span){NULL, 0};
	return scan_text(scratch, text);
}

// Block patterns read statements as they stand. Returns whether an entity is wanted.
static bool only_entities(struct scan_scratch *scratch)
{
	bool any = false;
	for (size_t i = 0; i < PATTERN_ID_WORDS; i++) {
		scratch->wanted[i] &= scratch->set->entities[i];
		any = any || scratch->wanted[i] != 0;
	}
	return any;
}

static void start(struct scan_scratch *scratch, const struct pattern_choice *wanted)
{
	const struct pattern_set *set = scratch->set;
	scratch->matches.overflow = false;
	scratch->matches.count = 0;
	scratch->lowest = -1;
	memset(scratch->wanted, 0, sizeof(scratch->wanted));
	for (size_t i = 0; i < set->count; i++) {
		if (is_wanted(wanted, set->entries[i].id))
			bit_set(scratch->wanted, i);
	}
}

// What the matches that begin in [from, to) may depend on, as they stand. Out: *skip, before it.
static struct span range_of(
	const struct scan_scratch *scratch, struct span in, size_t from, size_t to, size_t *skip
)
{
	struct decode_range range = decode_plain_range(scratch->decode);
	*skip = from > range.left ? from - range.left : 0;
	return span_first(span_from(in, *skip), to - *skip + range.reach);
}

int scanner_scan_range(
	const struct pattern_set *set, struct scan_scratch *scratch, struct span name,
	struct span in, size_t from, size_t to, const struct pattern_choice *wanted
)
{
	struct match_list *matches = &scratch->matches;
	size_t skip, kept = 0;
	scratch->names_only = false;
	scratch->name = name;
	start(scratch, wanted);
	if (in.n >= UINT32_MAX)
		return ERR_LIMIT;
	if (set->candidates == NULL)
		return 0;
	int result = scan_text(scratch, range_of(scratch, in, from, to, &skip));
	for (size_t i = 0; i < matches->count; i++) {
		struct finding f = matches->list[i];
		f.start += (uint32_t)skip;
		f.end += (uint32_t)skip;
		if (f.start >= from && f.start < to)
			matches->list[kept++] = f;
	}
	matches->count = kept;
	if (result != 0 || matches->overflow || scratch->forms == 0 || !only_entities(scratch))
		return result;
	return decode_scan(scratch->decode, scratch, scratch->forms, in, from, to);
}

int scan_named(
	const struct pattern_set *set, struct scan_scratch *scratch, struct span name,
	struct span in, const struct pattern_choice *wanted, struct finding *out, size_t max,
	bool *more
)
{
	int result = scanner_scan_range(set, scratch, name, in, 0, in.n, wanted);
	if (result != 0)
		return result;
	size_t n = overlap_resolve(scratch->matches.list, scratch->matches.count, out, max);
	*more = scratch->matches.overflow || n > max;
	return (int)(n < max ? n : max);
}

int scan(
	const struct pattern_set *set, struct scan_scratch *scratch, struct span in,
	const struct pattern_choice *wanted, struct finding *out, size_t max, bool *more
)
{
	return scan_named(set, scratch, (struct span){NULL, 0}, in, wanted, out, max, more);
}

int scan_match(
	const struct pattern_set *set, struct scan_scratch *scratch, struct span in,
	const struct pattern_choice *wanted
)
{
	scratch->names_only = true;
	scratch->name = (struct span){NULL, 0};
	start(scratch, wanted);
	if (in.n >= UINT32_MAX)
		return ERR_LIMIT;
	int result = set->candidates == NULL ? 0 : scan_text(scratch, in);
	if (result != 0)
		return result;
	return scratch->lowest < 0 ? -ENOENT : scratch->lowest;
}
