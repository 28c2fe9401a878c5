// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/table.h"

#include "patterns/automaton.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { STATES = 1024, SLOTS = 4096, FIRST = 1 }; // row 0 is nowhere

// The automaton's positions that have a row, and a byte of each class.
struct builder {
	const struct automaton *automaton;
	size_t classes, states;
	struct byte_set byte[256];
	struct automaton_position positions[STATES];
	uint16_t slots[SLOTS]; // by hash: a row
	uint16_t next[TABLE_CELLS];
	uint8_t class[256];
};

static uint64_t hash_position(const struct automaton_position *at)
{
	uint64_t hash = 0;

	for (size_t i = 0; i < AUTOMATON_WORDS; i++)
		hash = (hash ^ at->states[i]) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 32;
}

// The row of `at`, a new one if need be. Returns 0 when there is no room.
static size_t row_of(struct builder *b, const struct automaton_position *at)
{
	for (uint64_t hash = hash_position(at);; hash++) {
		uint16_t *slot = &b->slots[hash % SLOTS];
		if (*slot != 0 && memcmp(&b->positions[*slot], at, sizeof(*at)) != 0)
			continue;
		if (*slot == 0) {
			if (b->states == STATES || (b->states + 1) * b->classes > TABLE_CELLS)
				return 0;
			b->positions[b->states] = *at;
			*slot = (uint16_t)b->states++;
		}
		return *slot;
	}
}

static bool fill_row(struct builder *b, size_t row)
{
	for (size_t k = 0; k < b->classes; k++) {
		struct automaton_position next;
		size_t cell = row * b->classes + k;
		b->next[cell] = TABLE_NOWHERE;
		if (!automaton_step(b->automaton, &b->positions[row], &b->byte[k], &next))
			continue;
		size_t to = row_of(b, &next);
		if (to == 0)
			return false;
		b->next[cell] = (uint16_t)(to * b->classes) |
				(automaton_is_over(b->automaton, &next) ? TABLE_END : 0);
	}
	return true;
}

static bool fill(struct builder *b)
{
	struct automaton_position start = automaton_start(b->automaton);

	b->classes = automaton_classes(b->automaton, b->class);
	for (unsigned c = 0; c < 256; c++)
		byte_set_add(&b->byte[b->class[c]], (uint8_t)c);
	b->states = FIRST;
	memset(b->next, 0, b->classes * sizeof(b->next[0]));
	bool fits = row_of(b, &start) != 0;
	for (size_t row = FIRST; row < b->states && fits; row++)
		fits = fill_row(b, row);
	return fits;
}

static struct table *make(const struct builder *b)
{
	size_t cells = b->states * b->classes * sizeof(b->next[0]);
	struct table *table = malloc(sizeof(*table) + cells);

	if (table == NULL)
		return NULL;
	table->size = sizeof(*table) + cells;
	table->start = (uint16_t)(FIRST * b->classes);
	memcpy(table->class, b->class, sizeof(table->class));
	memcpy(table->next, b->next, cells);
	return table;
}

int table_new(const char *text, struct table **out)
{
	struct automaton *automaton = NULL;
	int result = automaton_exact(text, &automaton);

	*out = NULL;
	if (result != 0)
		return result == ERR_UNSUPPORTED ? 0 : result;
	struct builder *b = malloc(sizeof(*b));
	if (b == NULL) {
		automaton_free(automaton);
		return -ENOMEM;
	}
	b->automaton = automaton;
	memset(b->slots, 0, sizeof(b->slots));
	memset(b->byte, 0, sizeof(b->byte));
	if (fill(b)) {
		*out = make(b);
		result = *out == NULL ? -ENOMEM : 0;
	}
	free(b);
	automaton_free(automaton);
	return result;
}
