// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The kernel says where matches may begin. A look at a few bytes refuses most of it, and what is
// left is confirmed at once (confirm.c).

#include "patterns/scratch.h"

bool candidates_want(const struct scan_scratch *scratch, uint32_t entry)
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

int candidates_range(struct scan_scratch *scratch, uint32_t entry, size_t from, size_t to)
{
	const struct candidate candidate = {entry, (uint32_t)from, (uint32_t)to};
	if (!candidates_want(scratch, entry) || scratch->matches.overflow)
		return 0;
	return confirm(scratch, &candidate);
}

// The entry may match from `start`, without a context word: its brief has let it pass.
static int try_passed(struct scan_scratch *scratch, uint32_t entry, size_t start)
{
	if (!lead_gate_passes(&scratch->set->entries[entry].lead_gate, scratch->in, start))
		return 0;
	return candidates_range(scratch, entry, start, start);
}

// A context word may stand at `at`.
static int try_word(struct scan_scratch *scratch, const struct locator_word *word, size_t at)
{
	if (!context_stands_at(word->text, word->length, scratch->in, at))
		return 0;
	size_t from = at > word->reach_before ? at - word->reach_before : 0;
	size_t to = at + PATTERN_CONTEXT_BEFORE + 1;
	return near_try(scratch, word, from, to < scratch->in.n ? to : scratch->in.n);
}

// Entry `target` may match from `offset` bytes before `at`.
static int try_before(struct scan_scratch *scratch, uint32_t target, size_t offset, size_t at)
{
	if (offset > at ||
	    !lead_brief_passes(&scratch->set->locator.briefs[target], scratch->in, at - offset))
		return 0;
	return try_passed(scratch, target, at - offset);
}

// What passes is looked at later, so that nothing before depends on it: a wrong guess of the CPU
// costs more than a look.
enum { STOPS = 64 };

// A word that may be what the ref says.
struct word_stop {
	const struct locator_ref *ref;
	size_t at;
};

static int try_word_stops(struct scan_scratch *scratch, const struct word_stop *stops, size_t n)
{
	const struct locator *locator = &scratch->set->locator;
	int result = 0;
	for (size_t i = 0; i < n && result == 0; i++) {
		const struct locator_ref *ref = stops[i].ref;
		result = ref->is_word ? try_word(scratch, &locator->words[ref->target], stops[i].at)
				      : try_passed(scratch, ref->target, stops[i].at - ref->offset);
	}
	return result;
}

// May hit `i` of the words be what the ref says?
static bool word_passes(const struct scan_scratch *scratch, size_t i, const struct locator_ref *ref)
{
	size_t at = scratch->chunk + scratch->hits.words[i];
	bool fits = ref->offset <= at;
	return fits & lead_brief_passes(&ref->brief, scratch->in, fits ? at - ref->offset : at);
}

// Some hits at a time, so that what they need of large tables comes from memory together.
static int try_words(struct scan_scratch *scratch)
{
	enum { AHEAD = 16 };
	const struct locator_keys *keys = &scratch->set->locator.keys;
	const struct kernel_hits *hits = &scratch->hits;
	const struct locator_slot *slots[AHEAD];
	struct word_stop stops[STOPS];
	size_t n_stops = 0;
	int result = 0;
	for (size_t i = 0; i < hits->n_words && result == 0; i += AHEAD) {
		size_t n = hits->n_words - i < AHEAD ? hits->n_words - i : AHEAD;
		for (size_t k = 0; k < n; k++) {
			slots[k] = locator_keys_slot(keys, hits->keys[i + k]);
			__builtin_prefetch(&keys->refs[slots[k]->first]);
		}
		for (size_t k = 0; k < n; k++) {
			for (uint32_t r = 0; r < slots[k]->count && result == 0; r++) {
				const struct locator_ref *ref = &keys->refs[slots[k]->first + r];
				stops[n_stops].ref = ref;
				stops[n_stops].at = scratch->chunk + hits->words[i + k];
				n_stops += word_passes(scratch, i + k, ref);
				if (n_stops < STOPS)
					continue;
				result = try_word_stops(scratch, stops, n_stops);
				n_stops = 0;
			}
		}
	}
	return result == 0 ? try_word_stops(scratch, stops, n_stops) : result;
}

// Hit `i` of the forms may be these.
static int try_form(struct scan_scratch *scratch, size_t i, struct form_bits bits)
{
	const struct locator_forms *forms = &scratch->set->locator.forms;
	size_t at = scratch->chunk + scratch->hits.forms[i];
	int result = 0;
	for (size_t word = 0; word < FORMS_WORDS; word++) {
		for (; bits.words[word] != 0 && result == 0;
		     bits.words[word] &= bits.words[word] - 1) {
			const struct form_ref *ref =
				&forms->refs[word * 64 + (size_t)__builtin_ctzll(bits.words[word])];
			size_t start = at - ref->offset;
			if (ref->offset <= at)
				result = candidates_range(scratch, ref->target, start, start);
		}
	}
	for (size_t k = FORMS_KNOWN; k < forms->count && result == 0; k++) {
		const struct form_ref *ref = &forms->refs[k];
		if ((scratch->hits.buckets[i] >> ref->bucket & 1) != 0)
			result = try_before(scratch, ref->target, ref->offset, at);
	}
	return result;
}

static int try_forms(struct scan_scratch *scratch)
{
	const struct locator_forms *forms = &scratch->set->locator.forms;
	const struct kernel_hits *hits = &scratch->hits;
	struct form_bits bits[STOPS];
	size_t stops[STOPS], n = 0;
	int result = 0;
	for (size_t i = 0; i < hits->n_forms && result == 0; i++) {
		stops[n] = i;
		bits[n] = locator_forms_at(forms, scratch->in, scratch->chunk + hits->forms[i]);
		n += form_bits_any(&bits[n]) | (forms->count > FORMS_KNOWN);
		if (n < STOPS && i + 1 < hits->n_forms)
			continue;
		for (size_t k = 0; k < n && result == 0; k++)
			result = try_form(scratch, stops[k], bits[k]);
		n = 0;
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
	return candidates_range(scratch, mark->target, from, at - mark->back_min);
}

// The marks may be these at `at`.
static int try_mark_bits(struct scan_scratch *scratch, size_t at, struct mark_bits bits)
{
	const struct locator_marks *marks = &scratch->set->locator.marks;
	int result = 0;
	for (size_t word = 0; word < MARKS_WORDS; word++) {
		for (; bits.words[word] != 0 && result == 0;
		     bits.words[word] &= bits.words[word] - 1) {
			size_t k = word * 64 + (size_t)__builtin_ctzll(bits.words[word]);
			result = try_mark(scratch, &marks->list[k], at);
		}
	}
	for (size_t k = MARKS_KNOWN; k < marks->count && result == 0; k++)
		result = try_mark(scratch, &marks->list[k], at);
	return result;
}

static int try_marks(struct scan_scratch *scratch)
{
	const struct locator_marks *marks = &scratch->set->locator.marks;
	const struct kernel_hits *hits = &scratch->hits;
	struct mark_bits bits[STOPS];
	size_t stops[STOPS], n = 0;
	int result = 0;
	for (size_t i = 0; i < hits->n_marks && result == 0; i++) {
		stops[n] = scratch->chunk + hits->marks[i];
		bits[n] = locator_marks_at(marks, scratch->in, stops[n]);
		n += mark_bits_any(&bits[n]) | (marks->count > MARKS_KNOWN);
		if (n < STOPS && i + 1 < hits->n_marks)
			continue;
		for (size_t k = 0; k < n && result == 0; k++)
			result = try_mark_bits(scratch, stops[k], bits[k]);
		n = 0;
	}
	return result;
}

// The context words of its name give meaning to all that stands in a text.
static int try_name(
	struct scan_scratch *scratch, const struct name_words *name, size_t from, size_t to
)
{
	const struct locator_word *words = scratch->set->locator.words;
	int result = 0;
	for (uint32_t i = 0; name != NULL && i < name->count && result == 0; i++)
		result = near_try(scratch, &words[name->words[i]], from, to);
	return result;
}

// The same of the texts in [from, to).
static int try_names(struct scan_scratch *scratch, size_t from, size_t to)
{
	const struct scan_pieces pieces = scratch->pieces;
	int result = 0;
	if (pieces.count == 0)
		return try_name(scratch, scratch->name, from, to);
	for (size_t i = piece_at(pieces, from);
	     i < pieces.count && pieces.list[i].start < to && result == 0; i++) {
		const struct scan_piece *p = &pieces.list[i];
		size_t start = p->start > from ? p->start : from, end = p->end < to ? p->end : to;
		if (start < end)
			result = try_name(scratch, p->name, start, end);
	}
	return result;
}

int candidates_try(struct scan_scratch *scratch)
{
	const struct pattern_set *set = scratch->set;
	size_t left = scratch->in.n - scratch->chunk;
	size_t end = scratch->chunk + (left < KERNEL_CHUNK ? left : KERNEL_CHUNK);
	set->locator.kernel(&set->locator.tables, scratch->in, scratch->chunk, &scratch->hits);
	int result = try_names(scratch, scratch->chunk, end);
	if (result == 0)
		result = try_words(scratch);
	if (result == 0)
		result = try_forms(scratch);
	if (result == 0)
		result = try_marks(scratch);
	if (result == 0 && set->candidates != NULL && !scratch->matches.overflow)
		result = searched_try(scratch, scratch->chunk, end);
	return result;
}
