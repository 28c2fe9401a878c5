// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/locator.h"

#include "patterns/context.h"
#include "patterns/definition.h"
#include "patterns/grow.h"

#include <errno.h>
#include <string.h>

static int add_lead(
	struct locator *f, uint32_t index, const struct automaton *automaton,
	const struct lead *lead, unsigned *tiers
)
{
	int result = 0;
	for (size_t i = 0; i < lead->n_keys && result == 0; i++) {
		struct locator_ref ref = {.target = index, .offset = lead->keys[i].offset};
		lead_brief_of_key(automaton, &lead->keys[i], &ref.brief);
		result = locator_keys_add(&f->keys, lead->keys[i], ref);
	}
	for (size_t i = 0; i < lead->n_forms && result == 0; i++)
		result = locator_forms_add(&f->forms, index, &lead->forms[i]);
	if (result == 0 && lead->marked) {
		struct locator_mark mark = {.target = index};
		memcpy(mark.bytes, lead->mark.bytes, sizeof(mark.bytes));
		result = locator_marks_add(&f->marks, mark);
	}
	*tiers |= lead->n_keys > 0 ? TIER_WORDS : 0;
	*tiers |= lead->n_forms > 0 ? TIER_FORM : 0;
	*tiers |= lead->marked ? TIER_MARK : 0;
	return result;
}

// A mark is of use when it is at most so usual, three times as much at a known place in the match,
// where the gate helps; instead of a loose form, or a usual one; and of any form when it is rare.
static const double often_max = 0.003, often_min = 0.0005, often_rare = 0.00001;

// By a mark of the anchor, or of the expression itself.
static int add_by_mark(
	struct locator *f, uint32_t index, const struct definition *def,
	const struct automaton *whole, double most, unsigned *tiers
)
{
	struct automaton *anchor = NULL;
	const struct byte_set all = lead_after(BOUNDARY_NONE);
	uint32_t slack = 0; // most bytes of a match before the anchor
	int result = 0;
	if (def->anchor != NULL) {
		result = automaton_new(NULL, def->anchor, &all, &anchor);
		if (result != 0)
			return result == -ENOMEM ? result : 0;
		slack = def->lead - def->candidate_width.min;
	}
	if (anchor != NULL || whole != NULL) {
		struct lead_mark found = lead_mark_find(anchor != NULL ? anchor : whole);
		if (found.often <= (slack == 0 ? 3 * most : most) && f->marks.count < MARKS_MAX) {
			struct locator_mark mark = {
				.target = index,
				.back_min = found.at,
				.back_max = found.at + slack,
				.before = all,
			};
			if (whole != NULL)
				mark.before = lead_bytes(whole, &found, mark.back_max);
			memcpy(mark.bytes, found.bytes, sizeof(mark.bytes));
			*tiers |= TIER_MARK;
			result = locator_marks_add(&f->marks, mark);
		}
	}
	automaton_free(anchor);
	return result;
}

// Find every match of `expression` behind `before`. Nothing in *tiers: it cannot be.
static int add_expression(
	struct locator *f, uint32_t index, const struct definition *def, const char *expression,
	unsigned *tiers
)
{
	struct byte_set after = lead_after(def->right);
	struct automaton *automaton = NULL;
	struct lead *lead = malloc(sizeof(*lead));
	int result =
		lead == NULL ? -ENOMEM : automaton_new(def->before, expression, &after, &automaton);
	bool found = result == 0 && lead_find(automaton, def->left, lead);
	bool usual = found && (lead->loose || lead->often > often_min);
	if (found && lead->n_forms > 0)
		result = add_by_mark(
			f, index, def, automaton, usual ? often_min : often_rare, tiers
		);
	if (result == 0 && found && *tiers == 0)
		result = add_lead(f, index, automaton, lead, tiers);
	else if (result != -ENOMEM && *tiers == 0)
		result = add_by_mark(f, index, def, automaton, often_max, tiers);
	free(lead);
	automaton_free(automaton);
	return result;
}

static enum locator_starts starts_of(const struct definition *def, const struct lead_gate *gate)
{
	enum locator_starts starts = STARTS_NUMBERS;
	if (def->left == BOUNDARY_NONE)
		return STARTS_ANYWHERE;
	for (unsigned c = 0; c < 256; c++) {
		if ((gate->allows[c] & 1) == 0 || (c >= '0' && c <= '9'))
			continue;
		if (kernel_symbol((uint8_t)c) == 0)
			return STARTS_ANYWHERE;
		starts = STARTS_WORDS;
	}
	return starts;
}

static struct locator_word *find_word(struct locator *f, const char *text)
{
	for (size_t i = 0; i < f->word_count; i++) {
		if (strcmp(f->words[i].text, text) == 0)
			return &f->words[i];
	}
	struct locator_word *word =
		list_grow((void **)&f->words, &f->word_count, sizeof(*f->words));
	if (word == NULL)
		return NULL;
	*word = (struct locator_word){.text = strdup(text)};
	if (word->text == NULL)
		return NULL;
	word->length = (uint32_t)strlen(text);
	return word;
}

static int add_context(
	struct locator *f, uint32_t index, const struct definition *def, const char *text,
	const struct lead_gate *gate
)
{
	struct locator_word *word = find_word(f, text);
	if (word == NULL)
		return -ENOMEM;
	if (word->count > 0 && word->entries[word->count - 1] == index)
		return 0; // it stands twice
	size_t count = word->count;
	uint32_t *entry = list_grow((void **)&word->entries, &count, sizeof(*entry));
	if (entry == NULL)
		return -ENOMEM;
	*entry = index;
	word->count = (uint32_t)count;
	enum locator_starts starts = starts_of(def, gate);
	if (starts > word->starts)
		word->starts = starts;
	uint32_t reach = def->before_width.max + def->pattern_width.max + PATTERN_CONTEXT_AFTER;
	if (reach > word->reach_before)
		word->reach_before = reach;
	struct lead_brief brief;
	lead_brief_make(gate, &brief);
	if (word->count == 1)
		word->brief = brief;
	else
		lead_brief_join(&word->brief, &brief);
	return 0;
}

static int make_gate(const struct definition *def, const char *expression, struct lead_gate *out)
{
	struct byte_set after = lead_after(def->right);
	struct automaton *automaton = NULL;
	int result = automaton_new(def->before, expression, &after, &automaton);
	if (result == -ENOMEM)
		return result;
	if (result == 0)
		lead_gate_make(automaton, out);
	else
		memset(out->allows, 0xff, sizeof(out->allows));
	automaton_free(automaton);
	return 0;
}

static int grow_briefs(struct locator *f, size_t index)
{
	while (f->brief_count <= index) {
		struct lead_brief *brief =
			list_grow((void **)&f->briefs, &f->brief_count, sizeof(*f->briefs));
		if (brief == NULL)
			return -ENOMEM;
		*brief = (struct lead_brief){};
	}
	return 0;
}

int locator_add(
	struct locator *locator, uint32_t index, const struct definition *def, unsigned *tiers,
	struct lead_gate *gate, struct lead_gate *lead_gate
)
{
	bool sure = def->info.score >= PATTERN_SURE;
	const char *expression = sure ? def->pattern : def->strong;
	int result = make_gate(def, def->pattern, gate);
	*tiers = 0;
	if (result == 0)
		result = grow_briefs(locator, index);
	if (result == 0 && expression != NULL)
		result = make_gate(def, expression, lead_gate);
	if (result == 0 && expression != NULL)
		lead_brief_make(lead_gate, &locator->briefs[index]);
	if (result == 0 && expression != NULL) {
		result = add_expression(locator, index, def, expression, tiers);
		if (*tiers == 0)
			*tiers = TIER_SEARCHED;
	}
	if (sure)
		return result;
	struct context context = {};
	*tiers |= TIER_CONTEXT;
	if (result == 0)
		result = context_init(&context, def->info.context);
	for (char **word = context.words; word != NULL && *word != NULL && result == 0; word++)
		result = add_context(locator, index, def, *word, gate);
	context_fini(&context);
	return result;
}

// A word that does not begin with a letter is found by its first bytes.
static int add_word_mark(struct locator *f, uint32_t index)
{
	const char *text = f->words[index].text;
	struct locator_mark mark = {.is_word = true, .target = index};
	for (size_t i = 0; i < KERNEL_MARK; i++) {
		for (unsigned c = 0; c < 256; c++) {
			if (i >= f->words[index].length ||
			    context_fold((uint8_t)c) == (uint8_t)text[i])
				byte_set_add(&mark.bytes[i], (uint8_t)c);
		}
	}
	for (size_t i = 0; i < 4; i++)
		f->odd_first.bits[i] |= mark.bytes[0].bits[i];
	struct locator_ref *odd = list_grow((void **)&f->odd, &f->odd_count, sizeof(*f->odd));
	if (odd == NULL)
		return -ENOMEM;
	*odd = (struct locator_ref){.target = index, .is_word = true};
	return locator_marks_add(&f->marks, mark);
}

// What the bytes of a word's text may be.
static struct lead_brief word_brief(const struct locator_word *word)
{
	struct lead_gate gate = {};
	struct lead_brief brief;
	for (unsigned c = 0; c < 256; c++) {
		for (unsigned i = 0; i < LEAD_GATE; i++) {
			bool has = i >= word->length ||
				   context_fold((uint8_t)c) == (uint8_t)word->text[i];
			gate.allows[c] |= (uint16_t)(has << i);
		}
	}
	lead_brief_make(&gate, &brief);
	return brief;
}

static int add_words(struct locator *f)
{
	struct lead_key keys[LEAD_KEYS];
	int result = 0;
	for (uint32_t i = 0; i < f->word_count && result == 0; i++) {
		const struct locator_word *word = &f->words[i];
		size_t n = lead_word_keys(word->text, keys);
		const struct locator_ref ref = {
			.target = i,
			.is_word = true,
			.brief = word_brief(word),
		};
		if (n == 0)
			result = add_word_mark(f, i);
		for (size_t k = 0; k < n && result == 0; k++)
			result = locator_keys_add(&f->keys, keys[k], ref);
	}
	return result;
}

int locator_finish(struct locator *locator)
{
	int result = add_words(locator);
	if (result == 0)
		result = locator_keys_finish(&locator->keys, &locator->tables);
	if (result == 0)
		result = locator_forms_finish(&locator->forms, &locator->tables);
	if (result == 0)
		result = locator_marks_finish(&locator->marks, &locator->tables);
	locator->kernel = kernel_get(kernel_level_choose());
	return result;
}

void locator_fini(struct locator *locator)
{
	for (size_t i = 0; i < locator->word_count; i++) {
		free(locator->words[i].text);
		free(locator->words[i].entries);
	}
	free(locator->words);
	free(locator->briefs);
	locator_keys_fini(&locator->keys);
	free(locator->odd);
	locator_forms_fini(&locator->forms);
	locator_marks_fini(&locator->marks);
	*locator = (struct locator){};
}

bool locator_word_serves(const struct locator_word *word, uint32_t entry)
{
	size_t from = 0, to = word->count;
	while (from < to) {
		size_t middle = (from + to) / 2;
		if (word->entries[middle] < entry)
			from = middle + 1;
		else
			to = middle;
	}
	return from < word->count && word->entries[from] == entry;
}

const struct locator_ref *locator_words_at(
	const struct locator *locator, struct span in, size_t at, size_t *count
)
{
	*count = 0;
	if (!context_begins(in, at))
		return NULL;
	if (kernel_symbol(in.p[at]) < 'a') {
		bool may = byte_set_has(&locator->odd_first, in.p[at]);
		*count = may ? locator->odd_count : 0;
		return locator->odd;
	}
	if (locator->keys.first == NULL)
		return NULL;
	uint32_t key = 0;
	for (size_t i = 0; i < KERNEL_KEY && i < in.n - at; i++)
		key |= (uint32_t)kernel_symbol(in.p[at + i]) << 8 * i;
	return locator_keys_at(&locator->keys, key, count);
}
