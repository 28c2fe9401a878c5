// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/locator_keys.h"

#include "patterns/grow.h"

#include <errno.h>

// Bits a bitmap has for each key: the first is in the nearest cache, the second seldom asked.
enum { KEY_BITS_MIN = 16, KEY_BITS_MAX = 21, KEY_SPACE = 12, LONG_KEY_SPACE = 24 };

int locator_keys_add(struct locator_keys *f, struct lead_key key, struct locator_ref ref)
{
	struct locator_entry *entry =
		list_grow((void **)&f->entries, &f->entry_count, sizeof(*f->entries));
	if (entry == NULL)
		return -ENOMEM;
	*entry = (struct locator_entry){key, ref};
	return 0;
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

static bool same_ref(const struct locator_ref *a, const struct locator_ref *b)
{
	return a->target == b->target && a->is_word == b->is_word && a->offset == b->offset;
}

// The refs of each first four symbols, which may have several long keys. The entries are sorted.
static void fill_slots(struct locator_keys *f)
{
	for (size_t i = 0; i < f->entry_count; i++) {
		const struct locator_entry *entry = &f->entries[i];
		struct locator_slot *slot = locator_keys_slot(f, first_symbols(entry));
		struct locator_ref *last = &f->refs[f->ref_count - (f->ref_count > 0)];
		if (slot->count > 0 && same_ref(last, &entry->ref)) {
			lead_brief_join(&last->brief, &entry->ref.brief);
			continue;
		}
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
static size_t count_first(const struct locator_keys *f)
{
	size_t n = 0;
	for (size_t i = 0; i < f->entry_count; i++)
		n += i == 0 || first_symbols(&f->entries[i]) != first_symbols(&f->entries[i - 1]);
	return n;
}

static void fill_bitmaps(struct locator_keys *f, const struct kernel_tables *t)
{
	for (size_t i = 0; i < f->entry_count; i++) {
		const struct lead_key *key = &f->entries[i].key;
		set_bit(f->first, kernel_hash(key->key, t->key_shift));
		uint64_t further = key->is_short ? kernel_short_key(key->key) : key->long_key;
		set_bit(f->long_keys, kernel_hash(further, t->long_shift));
	}
}

int locator_keys_finish(struct locator_keys *f, struct kernel_tables *t)
{
	if (f->entry_count == 0)
		return 0;
	qsort(f->entries, f->entry_count, sizeof(*f->entries), by_key);
	size_t n = count_first(f);
	unsigned key_bits = bits_for(n, KEY_SPACE);
	unsigned long_bits = bits_for(f->entry_count, LONG_KEY_SPACE);
	for (f->slot_count = 64; f->slot_count < 2 * n;)
		f->slot_count *= 2;
	f->first = calloc((size_t)1 << key_bits >> 6, sizeof(*f->first));
	f->long_keys = calloc((size_t)1 << long_bits >> 6, sizeof(*f->long_keys));
	f->slots = calloc(f->slot_count, sizeof(*f->slots));
	f->refs = calloc(f->entry_count, sizeof(*f->refs));
	if (f->first == NULL || f->long_keys == NULL || f->slots == NULL || f->refs == NULL)
		return -ENOMEM;
	t->keys = f->first;
	t->long_keys = f->long_keys;
	f->shift = t->key_shift = 64 - key_bits;
	t->long_shift = 64 - long_bits;
	fill_slots(f);
	fill_bitmaps(f, t);
	free(f->entries);
	f->entries = NULL;
	return 0;
}

const struct locator_ref *locator_keys_at(
	const struct locator_keys *keys, uint32_t key, size_t *count
)
{
	uint64_t hash = kernel_hash(key, keys->shift);
	*count = 0;
	if ((keys->first[hash / 64] >> hash % 64 & 1) == 0)
		return NULL;
	const struct locator_slot *slot = locator_keys_slot(keys, key);
	*count = slot->count;
	return slot->count == 0 ? NULL : &keys->refs[slot->first];
}

void locator_keys_fini(struct locator_keys *keys)
{
	free(keys->first);
	free(keys->long_keys);
	free(keys->slots);
	free(keys->refs);
	free(keys->entries);
	*keys = (struct locator_keys){};
}
