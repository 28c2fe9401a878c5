// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// An expression as a table that tells every end of a match, a byte at a time: made in microseconds,
// where Hyperscan's database takes milliseconds, and read without calling anything.

#pragma once

#include "dataplane/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum table_limit {
	TABLE_CELLS = 8192, // classes of bytes times states; what takes more has none
};

// A place in it: a row, and whether a match may end there.
enum table_place { TABLE_NOWHERE = 0, TABLE_END = 0x8000 };

struct table {
	size_t size;        // bytes of all
	uint16_t start;     // the place before the first byte
	uint8_t class[256]; // of a byte
	uint16_t next[];    // places: by row and class
};

// The table of `text`. Out: *out, freed by free(3); NULL when it would be too large, or is not
// followed exactly. Returns 0 or -ENOMEM.
int table_new(const char *text, struct table **out) must_check;

// From `place` by the byte `c`; TABLE_NOWHERE: no match goes on there.
static inline uint16_t table_step(const struct table *table, uint16_t place, uint8_t c)
{
	return table->next[(place & ~TABLE_END) + table->class[c]];
}

// Is all of the text one match?
static inline bool table_matches(const struct table *table, const uint8_t *text, size_t n)
{
	uint16_t place = table->start;

	for (size_t i = 0; i < n && place != TABLE_NOWHERE; i++)
		place = table_step(table, place, text[i]);
	return (place & TABLE_END) != 0;
}
