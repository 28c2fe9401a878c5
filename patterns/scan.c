// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A scan: its text a chunk at a time (candidates.c), what stands in it encoded (decode.c), and of
// all matches the findings.

#include "patterns/decode.h"
#include "patterns/overlap.h"
#include "patterns/scratch.h"
#include "patterns/winner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct scan_scratch *scan_scratch_new(const struct pattern_set *set)
{
	struct scan_scratch *scratch = calloc(1, sizeof(*scratch));
	if (scratch == NULL)
		return NULL;
	explicit_bzero(
		scratch, sizeof(*scratch)
	); // its pages are made here, not by a worker's scan
	scratch->set = set;
	scratch->forms = SCAN_FORMS_TEXT;
	scratch->tried = calloc(set->count + 1, sizeof(scratch->tried[0]));
	if (scratch->tried != NULL)
		explicit_bzero(scratch->tried, set->count * sizeof(scratch->tried[0]));
	scratch->tried_near = calloc(set->locator.word_count + 1, sizeof(scratch->tried_near[0]));
	if (scratch->tried_near != NULL)
		explicit_bzero(
			scratch->tried_near,
			set->locator.word_count * sizeof(scratch->tried_near[0])
		);
	scratch->decode = decode_new(set);
	if (scratch->tried == NULL || scratch->tried_near == NULL || scratch->decode == NULL ||
	    (set->databases.scratch != NULL &&
	     hs_clone_scratch(set->databases.scratch, &scratch->hs) != HS_SUCCESS)) {
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
	free(scratch->tried);
	free(scratch->tried_near);
	free(scratch);
}

void scan_scratch_forms(struct scan_scratch *scratch, uint32_t forms)
{
	scratch->forms = forms;
}

static void find_name_words(const struct locator *locator, struct span name, struct name_words *out)
{
	out->count = 0;
	for (size_t at = 0; at < name.n; at++) {
		size_t n = 0;
		const struct locator_ref *ref = locator_words_at(locator, name, at, &n);
		for (; n > 0 && out->count < SCRATCH_NAME_WORDS; n--, ref++) {
			const struct locator_word *word = &locator->words[ref->target];
			if (ref->is_word && context_stands_at(word->text, word->length, name, at))
				out->words[out->count++] = ref->target;
		}
	}
}

// Where the context words of the name are remembered, or a longer one's are for now.
static struct name_words *name_place(struct scan_scratch *scratch, struct span name)
{
	uint64_t hash = name.n, part;
	if (name.n > SCRATCH_NAME_MAX)
		return &scratch->long_name;
	for (size_t i = 0; i < name.n; i += sizeof(part)) {
		part = 0;
		memcpy(&part, name.p + i, name.n - i < sizeof(part) ? name.n - i : sizeof(part));
		hash = (hash ^ part) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 32;
	}
	return &scratch->names[hash % SCRATCH_NAMES];
}

// Are they this name's? Nobody knows of a long one.
static bool is_name(const struct name_words *known, struct span name)
{
	return name.n <= SCRATCH_NAME_MAX && known->length == name.n &&
	       memcmp(known->name, name.p, name.n) == 0;
}

// The context words of the name, from memory where it was seen before.
static const struct name_words *name_words(struct scan_scratch *scratch, struct span name)
{
	const struct locator *locator = &scratch->set->locator;
	if (name.n == 0 || locator->word_count == 0)
		return NULL;
	struct name_words *known = name_place(scratch, name);
	if (is_name(known, name))
		return known;
	if (name.n <= SCRATCH_NAME_MAX) {
		known->length = (uint32_t)name.n;
		memcpy(known->name, name.p, name.n);
	}
	find_name_words(locator, span_first(name, PATTERN_NAME_CONTEXT_MAX), known);
	return known;
}

size_t piece_enter(struct scan_scratch *scratch, size_t at)
{
	if (scratch->pieces.count == 0)
		return 0;
	const struct scan_piece *piece = &scratch->pieces.list[piece_at(scratch->pieces, at)];
	scratch->in.n = piece->end;
	scratch->name = piece->name;
	return at < piece->end ? piece->start : at + 1;
}

void piece_leave(struct scan_scratch *scratch, struct span in)
{
	scratch->in = in;
}

// Add the matches in `in`.
static int scan_text(struct scan_scratch *scratch, struct span in, struct scan_pieces pieces)
{
	int result = 0;
	scratch->in = in;
	scratch->pieces = pieces;
	scratch->first = scratch->matches.count;
	if (++scratch->scan == 0) { // after 2^32 texts the old ones' marks must go
		memset(scratch->tried, 0, scratch->set->count * sizeof(scratch->tried[0]));
		memset(scratch->tried_near, 0,
		       scratch->set->locator.word_count * sizeof(scratch->tried_near[0]));
		scratch->near.scan = 0;
		scratch->scan = 1;
	}
	for (scratch->chunk = 0; scratch->chunk < in.n && result == 0 && !scratch->matches.overflow;
	     scratch->chunk += KERNEL_CHUNK)
		result = candidates_try(scratch);
	if (result == 0 && !scratch->names_only)
		result = winner_settle(scratch);
	return result;
}

struct match_list *scanner_matches(struct scan_scratch *scratch)
{
	return &scratch->matches;
}

int scanner_find(struct scan_scratch *scratch, struct span text, struct scan_pieces pieces)
{
	scratch->name = NULL;
	return scan_text(scratch, text, pieces);
}

static void start(
	struct scan_scratch *scratch, struct span name, const struct pattern_choice *wanted
)
{
	scratch->matches.overflow = false;
	scratch->matches.count = 0;
	scratch->lowest = -1;
	scratch->wanted = wanted;
	scratch->only_entities = false;
	scratch->name = name_words(scratch, name);
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
	start(scratch, name, wanted);
	if (in.n >= UINT32_MAX)
		return ERR_LIMIT;
	if (set->count == 0)
		return 0;
	int result =
		scan_text(scratch, range_of(scratch, in, from, to, &skip), (struct scan_pieces){0});
	for (size_t i = 0; i < matches->count; i++) {
		struct finding f = matches->list[i];
		f.start += (uint32_t)skip;
		f.end += (uint32_t)skip;
		if (f.start >= from && f.start < to)
			matches->list[kept++] = f;
	}
	matches->count = kept;
	if (result != 0 || matches->overflow || scratch->forms == 0 || !set->has_entities)
		return result;
	scratch->only_entities = true; // block patterns read statements as they stand
	return decode_scan(
		scratch->decode, scratch, scratch->forms, in, from, to, decode_budget(in.n)
	);
}

int scratch_scan_pieces(
	struct scan_scratch *scratch, struct span in, struct scan_pieces pieces,
	const struct pattern_choice *wanted
)
{
	scratch->names_only = false;
	start(scratch, (struct span){NULL, 0}, wanted);
	int result = scan_text(scratch, in, pieces);
	if (result != 0 || scratch->matches.overflow || scratch->forms == 0 ||
	    !scratch->set->has_entities)
		return result;
	scratch->only_entities = true;
	// Any of them may have at least this: when all together need no more, none does.
	return decode_scan(
		scratch->decode, scratch, scratch->forms, in, 0, in.n, DECODE_BUDGET_LEAST
	);
}

void scratch_clear_batch(struct scan_scratch *scratch)
{
	struct scan_batch *batch = &scratch->batch;
	batch->n = batch->count = 0;
	memset(batch->recent, 0, sizeof(batch->recent));
	batch->number++;
}

bool scratch_hold_name(
	struct scan_scratch *scratch, struct span name, const struct name_words **out
)
{
	struct scan_batch *batch = &scratch->batch;
	struct recent_name *recent = &batch->recent[(uintptr_t)name.p / 8 % SCRATCH_RECENT];
	*out = NULL;
	if (name.n == 0 || scratch->set->locator.word_count == 0)
		return true;
	if (recent->name.p != name.p || recent->name.n != name.n) {
		struct name_words *known = name_place(scratch, name);
		if (known->held == batch->number && !is_name(known, name))
			return false; // a piece has another one there
		known->held = batch->number;
		(void)name_words(scratch, name);
		*recent = (struct recent_name){name, known->count > 0 ? known : NULL};
	}
	*out = recent->words;
	return true;
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
	start(scratch, (struct span){NULL, 0}, wanted);
	if (in.n >= UINT32_MAX)
		return ERR_LIMIT;
	int result = set->count == 0 ? 0 : scan_text(scratch, in, (struct scan_pieces){0});
	if (result != 0)
		return result;
	return scratch->lowest < 0 ? -ENOENT : scratch->lowest;
}
