// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/locator.h"

#include "patterns/context.h"
#include "patterns/definition.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_BITS_MIN = 14, KEY_BITS_MAX = 21, KEY_SPACE = 32 }; // bits a bitmap has for each key

// Room for one more in a list that grows by doubling. Returns it, or NULL.
static void *grow(void **list, size_t *count, size_t size)
{
	if ((*count & (*count - 1)) == 0) {
		void *more = reallocarray(*list, *count == 0 ? 1 : *count * 2, size);
		if (more == NULL)
			return NULL;
		*list = more;
	}
	return (char *)*list + (*count)++ * size;
}

static int add_key(struct locator *f, uint32_t key, struct locator_ref ref)
{
	struct locator_entry *entry =
		grow((void **)&f->entries, &f->entry_count, sizeof(*f->entries));
	if (entry == NULL)
		return -ENOMEM;
	*entry = (struct locator_entry){key, ref};
	return 0;
}

static int add_pair(struct locator *f, struct locator_pair pair)
{
	struct locator_pair *more = grow((void **)&f->pairs, &f->pair_count, sizeof(*f->pairs));
	if (more == NULL)
		return -ENOMEM;
	*more = pair;
	return 0;
}

static void join_run(struct locator *f, const struct lead *lead)
{
	struct kernel_tables *t = &f->tables;
	if (f->number_count == 0 || lead->run < t->inner_run)
		t->inner_run = lead->run;
	for (unsigned i = 1; i < 8; i++) {
		for (unsigned c = 0; c < 256; c++) {
			if (byte_set_has(&lead->inner[i], (uint8_t)c))
				f->inner[i][c] = true;
		}
	}
}

// One ref for each offset.
static int add_offsets(struct locator_ref **list, size_t *count, uint32_t index, uint8_t offsets)
{
	for (uint8_t offset = 0; offset <= LEAD_OFFSET; offset++) {
		if ((offsets >> offset & 1) == 0)
			continue;
		struct locator_ref *ref = grow((void **)list, count, sizeof(**list));
		if (ref == NULL)
			return -ENOMEM;
		*ref = (struct locator_ref){.target = index, .offset = offset};
	}
	return 0;
}

static int add_signatures(uint64_t **to, const uint64_t *from)
{
	if (*to == NULL)
		*to = calloc(KERNEL_SIGNATURE_WORDS, sizeof(uint64_t));
	if (*to == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < KERNEL_SIGNATURE_WORDS; i++)
		(*to)[i] |= from[i];
	return 0;
}

// Bytes of a match whose number begins `offset` bytes behind its start.
static void allow_number(
	struct locator *f, size_t ref, const struct lead_gate *gate, uint8_t offset
)
{
	for (unsigned c = 0; c < 256 && ref < LOCATOR_NUMBERS; c++) {
		for (unsigned i = 0; i < LEAD_GATE; i++) {
			bool known = i + offset < LEAD_GATE;
			if (!known || (gate->allows[c] >> (i + offset) & 1) != 0)
				f->number_bytes[c][i] |= UINT64_C(1) << ref;
		}
	}
}

static int add_numbers(
	struct locator *f, uint32_t index, const struct lead *lead, const struct lead_gate *gate
)
{
	if (lead->number_offsets == 0)
		return 0;
	if (f->number_refs == NULL)
		f->number_refs = calloc(65536, sizeof(f->number_refs[0]));
	if (f->number_bytes == NULL)
		f->number_bytes = calloc(256, sizeof(f->number_bytes[0]));
	if (f->number_refs == NULL || f->number_bytes == NULL)
		return -ENOMEM;
	join_run(f, lead);
	size_t first = f->number_count;
	int result = add_offsets(&f->numbers, &f->number_count, index, lead->number_offsets);
	for (size_t i = first; i < f->number_count && result == 0; i++) {
		uint8_t offset = f->numbers[i].offset;
		const uint64_t *signatures = lead->signatures[offset];
		result = add_signatures(&f->signatures, signatures);
		for (size_t k = 0; k < 65536 && i < LOCATOR_NUMBERS; k++)
			f->number_refs[k] |= (signatures[k / 64] >> k % 64 & 1) << i;
		allow_number(f, i, gate, offset);
	}
	return result;
}

static int add_mixed(struct locator *f, uint32_t index, const struct lead *lead)
{
	if (!lead->mixed)
		return 0;
	int result = add_signatures(&f->mixed_signatures, lead->mixed_signatures);
	if (result != 0)
		return result;
	if (f->mixed_count == 0 || lead->mixed_run < f->tables.mixed_run)
		f->tables.mixed_run = lead->mixed_run;
	return add_offsets(&f->mixed, &f->mixed_count, index, lead->mixed_offsets);
}

static int add_lead(
	struct locator *f, uint32_t index, const struct lead *lead, const struct lead_gate *gate,
	unsigned *tiers
)
{
	int result = add_numbers(f, index, lead, gate);
	for (size_t i = 0; i < lead->n_keys && result == 0; i++)
		result =
			add_key(f, lead->keys[i].key,
				(struct locator_ref
				){.target = index, .offset = lead->keys[i].offset});
	*tiers |= lead->n_keys > 0 ? TIER_WORDS : 0;
	if (result == 0)
		result = add_mixed(f, index, lead);
	if (result == 0 && lead->paired)
		result = add_pair(
			f,
			(struct locator_pair){
				.first = lead->pair.first,
				.second = lead->pair.second,
				.target = index,
			}
		);
	*tiers |= lead->paired ? TIER_PAIR : 0;
	*tiers |= lead->number_offsets != 0 ? TIER_NUMBERS : 0;
	*tiers |= lead->mixed ? TIER_MIXED : 0;
	return result;
}

// A pair is of use when it is at most so usual, three times as much at a known place in the match,
// where the gate helps; and instead of a loose lead.
static const double often_max = 0.003, often_min = 0.0005;

// By a pair of the anchor, or of the expression itself.
static int add_by_pair(
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
		struct lead_pair pair = lead_pair_find(anchor != NULL ? anchor : whole);
		if (pair.often <= (slack == 0 ? 3 * most : most) && f->pair_count < LOCATOR_PAIRS) {
			*tiers |= TIER_PAIR;
			result = add_pair(
				f,
				(struct locator_pair){
					.first = pair.first,
					.second = pair.second,
					.target = index,
					.back_min = pair.at,
					.back_max = pair.at + slack,
				}
			);
		}
	}
	automaton_free(anchor);
	return result;
}

// Find every match of `expression` behind `before`. Nothing in *tiers: it cannot be.
static int add_expression(
	struct locator *f, uint32_t index, const struct definition *def, const char *expression,
	const struct lead_gate *gate, unsigned *tiers
)
{
	struct byte_set after = lead_after(def->right);
	struct automaton *automaton = NULL;
	struct lead *lead = malloc(sizeof(*lead));
	int result =
		lead == NULL ? -ENOMEM : automaton_new(def->before, expression, &after, &automaton);
	bool found = result == 0 && lead_find(automaton, def->left, lead);
	if (found && lead_is_loose(lead))
		result = add_by_pair(f, index, def, automaton, often_min, tiers);
	if (result == 0 && found && *tiers == 0)
		result = add_lead(f, index, lead, gate, tiers);
	else if (result != -ENOMEM && *tiers == 0)
		result = add_by_pair(f, index, def, automaton, often_max, tiers);
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
	struct locator_word *word = grow((void **)&f->words, &f->word_count, sizeof(*f->words));
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
	uint32_t *entry = grow((void **)&word->entries, &count, sizeof(*entry));
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
		result = add_expression(locator, index, def, expression, lead_gate, tiers);
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

// A word that does not begin with a letter is found by its first two bytes.
static int add_word_pair(struct locator *f, uint32_t index)
{
	const char *text = f->words[index].text;
	struct locator_pair pair = {.is_word = true, .target = index};
	for (unsigned c = 0; c < 256; c++) {
		if (context_fold((uint8_t)c) == (uint8_t)text[0])
			byte_set_add(&pair.first, (uint8_t)c);
		if (context_fold((uint8_t)c) == (uint8_t)text[1])
			byte_set_add(&pair.second, (uint8_t)c);
	}
	struct locator_ref *odd = grow((void **)&f->odd, &f->odd_count, sizeof(*f->odd));
	if (odd == NULL)
		return -ENOMEM;
	*odd = (struct locator_ref){.target = index, .is_word = true};
	return add_pair(f, pair);
}

static int add_words(struct locator *f)
{
	uint32_t keys[LEAD_KEYS];
	int result = 0;
	for (uint32_t i = 0; i < f->word_count && result == 0; i++) {
		size_t n = lead_word_keys(f->words[i].text, keys);
		if (n == 0)
			result = add_word_pair(f, i);
		for (size_t k = 0; k < n && result == 0; k++)
			result =
				add_key(f, keys[k],
					(struct locator_ref){.target = i, .is_word = true});
	}
	return result;
}

static int by_key(const void *a, const void *b)
{
	const struct locator_entry *x = a, *y = b;
	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	if (x->ref.is_word != y->ref.is_word)
		return x->ref.is_word ? 1 : -1;
	return x->ref.target < y->ref.target ? -1 : x->ref.target > y->ref.target;
}

static size_t slot_of(const struct locator *f, uint32_t key)
{
	size_t at = (size_t)kernel_hash(key, 32) & (f->slot_count - 1);
	while (f->slots[at].count != 0 && f->slots[at].key != key)
		at = (at + 1) & (f->slot_count - 1);
	return at;
}

static int make_keys(struct locator *f)
{
	unsigned bits = KEY_BITS_MIN;
	if (f->entry_count == 0)
		return 0;
	while (bits < KEY_BITS_MAX && UINT64_C(1) << bits < f->entry_count * KEY_SPACE)
		bits++;
	for (f->slot_count = 64; f->slot_count < 2 * f->entry_count;)
		f->slot_count *= 2;
	f->keys = calloc((size_t)1 << bits >> 6, sizeof(*f->keys));
	f->slots = calloc(f->slot_count, sizeof(*f->slots));
	f->refs = calloc(f->entry_count, sizeof(*f->refs));
	if (f->keys == NULL || f->slots == NULL || f->refs == NULL)
		return -ENOMEM;
	f->tables.key_shift = 64 - bits;
	qsort(f->entries, f->entry_count, sizeof(*f->entries), by_key);
	for (size_t i = 0; i < f->entry_count; i++) {
		uint32_t key = f->entries[i].key;
		uint64_t hash = kernel_hash(key, f->tables.key_shift);
		struct locator_slot *slot = &f->slots[slot_of(f, key)];
		f->keys[hash / 64] |= UINT64_C(1) << hash % 64;
		if (slot->count++ == 0)
			*slot = (struct locator_slot){key, (uint32_t)i, 1};
		f->refs[i] = f->entries[i].ref;
	}
	f->ref_count = f->entry_count;
	f->tables.keys = f->keys;
	return 0;
}

// Let each nibble of the set's bytes have the bucket's bit.
static void add_nibbles(const struct byte_set *set, uint8_t bit, uint8_t low[16], uint8_t high[16])
{
	for (unsigned c = 0; c < 256; c++) {
		if (byte_set_has(set, (uint8_t)c)) {
			low[c & 15] |= bit;
			high[c >> 4] |= bit;
		}
	}
}

// One bucket for each high nibble, so that the tables are exact for ASCII.
static void make_inner(struct locator *f)
{
	struct kernel_tables *t = &f->tables;
	for (unsigned c = 0; c < 256; c++) {
		bool inner = false;
		for (unsigned i = 1; i < t->inner_run; i++)
			inner = inner || f->inner[i][c];
		struct byte_set set = {};
		byte_set_add(&set, (uint8_t)c);
		if (inner && (c < '0' || c > '9'))
			add_nibbles(
				&set, (uint8_t)(1u << (c >> 4) % 8), t->inner_low, t->inner_high
			);
	}
}

// What a bucket's tables let pass, roughly.
static double bucket_often(const struct kernel_tables *t, uint8_t bit)
{
	struct byte_set first = {}, second = {};
	for (unsigned c = 0; c < 256; c++) {
		if ((t->first_low[c & 15] & t->first_high[c >> 4] & bit) != 0)
			byte_set_add(&first, (uint8_t)c);
		if ((t->second_low[c & 15] & t->second_high[c >> 4] & bit) != 0)
			byte_set_add(&second, (uint8_t)c);
	}
	return lead_often(&first) * lead_often(&second);
}

static void put_pair(struct kernel_tables *t, const struct locator_pair *pair, uint8_t bit)
{
	add_nibbles(&pair->first, bit, t->first_low, t->first_high);
	add_nibbles(&pair->second, bit, t->second_low, t->second_high);
}

// Each pair goes into the bucket that then lets the least more pass.
static void make_pairs(struct locator *f)
{
	f->tables.has_pivots = f->pair_count > 0;
	for (size_t i = 0; i < f->pair_count; i++) {
		const struct locator_pair *pair = &f->pairs[i];
		uint8_t best = 1;
		double least = 2;
		for (unsigned k = 0; k < KERNEL_PIVOT_BUCKETS; k++) {
			struct kernel_tables with = f->tables;
			uint8_t bit = (uint8_t)(1u << k);
			put_pair(&with, pair, bit);
			double more = bucket_often(&with, bit) - bucket_often(&f->tables, bit);
			if (more < least) {
				least = more;
				best = bit;
			}
		}
		put_pair(&f->tables, pair, best);
		for (unsigned c = 0; c < 256 && i < 64 * LOCATOR_PAIR_WORDS; c++) {
			if (byte_set_has(&pair->first, (uint8_t)c))
				f->pair_first[c][i / 64] |= UINT64_C(1) << i % 64;
			if (byte_set_has(&pair->second, (uint8_t)c))
				f->pair_second[c][i / 64] |= UINT64_C(1) << i % 64;
		}
	}
}

// Give bytes that no number tells apart one class, so that the table stays in the nearest cache.
static int make_numbers(struct locator *f)
{
	size_t n = 0;
	if (f->number_count == 0)
		return 0;
	f->number_allows = calloc(256, sizeof(f->number_allows[0]));
	if (f->number_allows == NULL)
		return -ENOMEM;
	for (size_t c = 0, k; c < 256; c++) {
		for (k = 0; k < n; k++) {
			if (memcmp(f->number_allows[k], f->number_bytes[c],
				   sizeof(f->number_bytes[c])) == 0)
				break;
		}
		if (k == n)
			memcpy(f->number_allows[n++], f->number_bytes[c],
			       sizeof(f->number_bytes[c]));
		f->number_class[c] = (uint8_t)k;
	}
	free(f->number_bytes);
	f->number_bytes = NULL;
	return 0;
}

int locator_finish(struct locator *locator)
{
	struct kernel_tables *t = &locator->tables;
	int result = add_words(locator);
	if (result == 0)
		result = make_keys(locator);
	if (result == 0)
		result = make_numbers(locator);
	t->signatures = locator->signatures;
	t->mixed = locator->mixed_signatures;
	make_inner(locator);
	make_pairs(locator);
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
	free(locator->signatures);
	free(locator->mixed_signatures);
	free(locator->mixed);
	free(locator->number_refs);
	free(locator->number_allows);
	free(locator->number_bytes);
	free(locator->slots);
	free(locator->refs);
	free(locator->numbers);
	free(locator->pairs);
	free(locator->odd);
	free(locator->entries);
	*locator = (struct locator){};
}

const struct locator_ref *locator_look_up(
	const struct locator *locator, struct span in, size_t at, size_t *count
)
{
	uint32_t key = 0;
	for (size_t i = 0; i < KERNEL_KEY && i < in.n - at; i++)
		key |= (uint32_t)kernel_symbol(in.p[at + i]) << 8 * i;
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
	return locator->keys == NULL ? NULL : locator_look_up(locator, in, at, count);
}
