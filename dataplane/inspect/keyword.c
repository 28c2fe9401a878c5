// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// libpg_query names the tokens of its grammar: SELECT, ABORT_P. A table of them by hash.

#include "dataplane/inspect/keyword.h"

#include <pg_query/pg_query.pb-c.h>

#include <pthread.h>
#include <string.h>

enum { SLOTS = 2048, WORD_MAX = 24 };

// Written once, by keyword_init.
static struct span table[SLOTS];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static uint8_t upper(uint8_t c)
{
	return c >= 'a' && c <= 'z' ? (uint8_t)(c - 'a' + 'A') : c;
}

// FNV-1a: the words are the library's, nobody can choose them to collide.
static uint32_t slot_of(struct span word)
{
	uint32_t hash = 2166136261;
	for (size_t i = 0; i < word.n; i++)
		hash = (hash ^ upper(word.p[i])) * 16777619;
	return (hash ^ hash >> 16) & (SLOTS - 1);
}

static void fill(void)
{
	const ProtobufCEnumDescriptor *d = &pg_query__token__descriptor;
	for (unsigned i = 0; i < d->n_values; i++) {
		struct span word = span_str(d->values[i].name);
		if (d->values[i].value < PG_QUERY__TOKEN__ABORT_P ||
		    d->values[i].value > PG_QUERY__TOKEN__ZONE)
			continue;
		if (word.n > 2 && memcmp(word.p + word.n - 2, "_P", 2) == 0)
			word.n -= 2;
		uint32_t slot = slot_of(word);
		while (table[slot].n > 0)
			slot = (slot + 1) & (SLOTS - 1);
		table[slot] = word;
	}
}

void keyword_init(void)
{
	(void)pthread_once(&once, fill);
}

static bool is_same(struct span known, struct span word)
{
	if (known.n != word.n)
		return false;
	for (size_t i = 0; i < word.n; i++)
		if (known.p[i] != upper(word.p[i]))
			return false;
	return true;
}

bool keyword_is(struct span word)
{
	if (word.n > WORD_MAX)
		return false;
	for (uint32_t slot = slot_of(word); table[slot].n > 0; slot = (slot + 1) & (SLOTS - 1))
		if (is_same(table[slot], word))
			return true;
	return false;
}
