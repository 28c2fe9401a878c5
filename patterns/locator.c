// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/locator.h"

#include "patterns/context.h"
#include "patterns/definition.h"
#include "patterns/grow.h"

#include <errno.h>
#include <string.h>

// Bits a bitmap has for each key: the first is in the nearest cache, the second seldom asked.
enum { KEY_BITS_MIN = 12, KEY_BITS_MAX = 21, KEY_SPACE = 12, LONG_KEY_SPACE = 24 };

static int add_key(struct locator *f, struct lead_key key, struct locator_ref ref)
{
	struct locator_entry *entry =
		list_grow((void **)&f->entries, &f->entry_count, sizeof(*f->entries));
	if (entry == NULL)
		return -ENOMEM;
	*entry = (struct locator_entry){key, ref};
	return 0;
}

static int add_lead(struct locator *f, uint32_t index, const struct lead *lead, unsigned *tiers)
{
	int result = 0;
	for (size_t i = 0; i < lead->n_keys && result == 0; i++)
		result =
			add_key(f, lead->keys[i],
				(struct locator_ref
				){.target = index, .offset = lead->keys[i].offset});
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
		result = add_lead(f, index, lead, tiers);
	else if (result != -ENOMEM && *tiers == 0)
		result = add_by_mark(f, index, def, automaton, often_max, tiers);
	free(lead);
	automaton_free(automaton);
	return result;
}

// Does a match of these always begin with a number, which no letter or digit precedes?
static bool begins_with_number(const struct definition *def, const struct lead_gate *gate)
{
	for (unsigned c = 0; c < 256; c++) {
		if ((gate->allows[c] & 1) != 0 && (c < '0' || c > '9'))
			return false;
	}
	return def->left != BOUNDARY_NONE;
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
	*word = (struct locator_word){.text = strdup(text), .numeric = true};
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
	word->numeric = word->numeric && begins_with_number(def, gate);
	uint32_t reach = def->before_width.max + def->pattern_width.max + PATTERN_CONTEXT_AFTER;
	if (reach > word->reach_before)
		word->reach_before = reach;
	for (unsigned c = 0; c < 256; c++)
		word->gate.allows[c] |= gate->allows[c];
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

int locator_add(
	struct locator *locator, uint32_t index, const struct definition *def, unsigned *tiers,
	struct lead_gate *gate, struct lead_gate *lead_gate
)
{
	bool sure = def->info.score >= PATTERN_SURE;
	const char *expression = sure ? def->pattern : def->strong;
	int result = make_gate(def, def->pattern, gate);
	*tiers = 0;
	if (result == 0 && expression != NULL)
		result = make_gate(def, expression, lead_gate);
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
	struct locator_ref *odd = list_grow((void **)&f->odd, &f->odd_count, sizeof(*f->odd));
	if (odd == NULL)
		return -ENOMEM;
	*odd = (struct locator_ref){.target = index, .is_word = true};
	return locator_marks_add(&f->marks, mark);
}

static uint64_t first_eight(const uint8_t *p, size_t n)
{
	uint64_t symbols = 0;
	for (size_t i = 0; i < KERNEL_LONG_KEY && i < n; i++)
		symbols |= (uint64_t)kernel_symbol(p[i]) << 8 * i;
	return symbols;
}

static int add_words(struct locator *f)
{
	struct lead_key keys[LEAD_KEYS];
	int result = 0;
	for (uint32_t i = 0; i < f->word_count && result == 0; i++) {
		const struct locator_word *word = &f->words[i];
		size_t n = lead_word_keys(word->text, keys);
		struct locator_ref ref = {.target = i, .is_word = true, .mask = UINT64_MAX};
		if (word->length < KERNEL_LONG_KEY)
			ref.mask = (UINT64_C(1) << 8 * word->length) - 1;
		ref.symbols = first_eight((const uint8_t *)word->text, word->length);
		if (n == 0)
			result = add_word_mark(f, i);
		for (size_t k = 0; k < n && result == 0; k++)
			result = add_key(f, keys[k], ref);
	}
	return result;
}

static uint32_t first_symbols(const struct locator_entry *entry)
{
	return entry->key.key;
}

static int by_key(const void *a, const void *b)
{
	const struct locator_entry *x = a, *y = b;
	if (first_symbols(x) != first_symbols(y))
		return first_symbols(x) < first_symbols(y) ? -1 : 1;
	if (x->ref.is_word != y->ref.is_word)
		return x->ref.is_word ? 1 : -1;
	if (x->ref.target != y->ref.target)
		return x->ref.target < y->ref.target ? -1 : 1;
	return x->ref.offset < y->ref.offset ? -1 : x->ref.offset > y->ref.offset;
}

static size_t slot_of(const struct locator *f, uint32_t key)
{
	size_t at = (size_t)kernel_hash(key, 32) & (f->slot_count - 1);
	while (f->slots[at].count != 0 && f->slots[at].key != key)
		at = (at + 1) & (f->slot_count - 1);
	return at;
}

static bool same_ref(const struct locator_ref *a, const struct locator_ref *b)
{
	return a->target == b->target && a->is_word == b->is_word && a->offset == b->offset;
}

// The refs of each first four symbols, which may have several long keys. The entries are sorted.
static void fill_slots(struct locator *f)
{
	for (size_t i = 0; i < f->entry_count; i++) {
		const struct locator_entry *entry = &f->entries[i];
		struct locator_slot *slot = &f->slots[slot_of(f, first_symbols(entry))];
		if (slot->count > 0 && same_ref(&f->refs[f->ref_count - 1], &entry->ref))
			continue;
		if (slot->count++ == 0)
			*slot = (struct locator_slot
			){first_symbols(entry), (uint32_t)f->ref_count, 1};
		f->refs[f->ref_count++] = entry->ref;
	}
}

static void set_bit(uint64_t *bitmap, uint64_t hash)
{
	bitmap[hash / 64] |= UINT64_C(1) << hash % 64;
}

// Bits of a bitmap for `n` keys.
static unsigned bits_for(size_t n, size_t space)
{
	unsigned bits = KEY_BITS_MIN;
	while (bits < KEY_BITS_MAX && UINT64_C(1) << bits < n * space)
		bits++;
	return bits;
}

// How many first four symbols there are. The entries are sorted.
static size_t count_first(const struct locator *f)
{
	size_t n = 0;
	for (size_t i = 0; i < f->entry_count; i++)
		n += i == 0 || first_symbols(&f->entries[i]) != first_symbols(&f->entries[i - 1]);
	return n;
}

static void fill_bitmaps(struct locator *f)
{
	const struct kernel_tables *t = &f->tables;
	for (size_t i = 0; i < f->entry_count; i++) {
		const struct lead_key *key = &f->entries[i].key;
		set_bit(f->keys, kernel_hash(key->key, t->key_shift));
		if (key->is_short)
			set_bit(f->short_keys, kernel_hash(key->key, t->key_shift));
		else
			set_bit(f->long_keys, kernel_hash(key->long_key, t->long_shift));
	}
}

static int make_keys(struct locator *f)
{
	struct kernel_tables *t = &f->tables;
	if (f->entry_count == 0)
		return 0;
	qsort(f->entries, f->entry_count, sizeof(*f->entries), by_key);
	size_t n = count_first(f);
	unsigned key_bits = bits_for(n, KEY_SPACE);
	unsigned long_bits = bits_for(f->entry_count, LONG_KEY_SPACE);
	for (f->slot_count = 64; f->slot_count < 2 * n;)
		f->slot_count *= 2;
	f->keys = calloc((size_t)1 << key_bits >> 6, sizeof(*f->keys));
	f->short_keys = calloc((size_t)1 << key_bits >> 6, sizeof(*f->short_keys));
	f->long_keys = calloc((size_t)1 << long_bits >> 6, sizeof(*f->long_keys));
	f->slots = calloc(f->slot_count, sizeof(*f->slots));
	f->refs = calloc(f->entry_count, sizeof(*f->refs));
	if (f->keys == NULL || f->short_keys == NULL || f->long_keys == NULL || f->slots == NULL ||
	    f->refs == NULL)
		return -ENOMEM;
	t->keys = f->keys;
	t->short_keys = f->short_keys;
	t->long_keys = f->long_keys;
	t->key_shift = 64 - key_bits;
	t->long_shift = 64 - long_bits;
	fill_slots(f);
	fill_bitmaps(f);
	return 0;
}

int locator_finish(struct locator *locator)
{
	int result = add_words(locator);
	if (result == 0)
		result = make_keys(locator);
	if (result == 0)
		result = locator_forms_finish(&locator->forms, &locator->tables);
	if (result == 0)
		result = locator_marks_finish(&locator->marks, &locator->tables);
	locator->kernel = kernel_get(kernel_level_choose());
	free(locator->entries);
	locator->entries = NULL;
	return result;
}

void locator_fini(struct locator *locator)
{
	for (size_t i = 0; i < locator->word_count; i++) {
		free(locator->words[i].text);
		free(locator->words[i].entries);
	}
	free(locator->words);
	free(locator->keys);
	free(locator->short_keys);
	free(locator->long_keys);
	free(locator->slots);
	free(locator->refs);
	free(locator->odd);
	free(locator->entries);
	locator_forms_fini(&locator->forms);
	locator_marks_fini(&locator->marks);
	*locator = (struct locator){};
}

const struct locator_ref *locator_look_up(
	const struct locator *locator, uint64_t symbols, size_t *count
)
{
	uint32_t key = (uint32_t)symbols;
	uint64_t hash = kernel_hash(key, locator->tables.key_shift);
	*count = 0;
	if ((locator->keys[hash / 64] >> hash % 64 & 1) == 0)
		return NULL;
	const struct locator_slot *slot = &locator->slots[slot_of(locator, key)];
	*count = slot->count;
	return slot->count == 0 ? NULL : &locator->refs[slot->first];
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
	if (kernel_symbol(in.p[at]) < 'a') {
		*count = locator->odd_count;
		return locator->odd;
	}
	if (locator->keys == NULL)
		return NULL;
	return locator_look_up(locator, first_eight(in.p + at, in.n - at), count);
}
