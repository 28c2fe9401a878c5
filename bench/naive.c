// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "bench/naive.h"

#include "patterns/library.h"

#include <stdlib.h>

static char *texts[PATTERN_MAX];
static unsigned flags[PATTERN_MAX], numbers[PATTERN_MAX];
static const char *names[PATTERN_MAX];

// NULL when they do not compile together.
static hs_database_t *together(size_t n)
{
	hs_compile_error_t *error = NULL;
	hs_database_t *db = NULL;
	if (hs_compile_multi(
		    (const char *const *)texts, flags, numbers, (unsigned)n, HS_MODE_BLOCK, NULL,
		    &db, &error
	    ) == HS_SUCCESS)
		return db;
	hs_free_compile_error(error);
	return NULL;
}

static bool compiles_alone(const char *text)
{
	hs_compile_error_t *error = NULL;
	hs_database_t *db = NULL;
	hs_error_t result = hs_compile(
		text, HS_FLAG_DOTALL | HS_FLAG_SOM_LEFTMOST, HS_MODE_BLOCK, NULL, &db, &error
	);
	hs_free_database(db);
	hs_free_compile_error(error);
	return result == HS_SUCCESS;
}

// Each that compiles alone.
static size_t choose(
	struct naive *naive, const struct pattern_lib *lib, const uint16_t *ids, size_t n
)
{
	size_t count = 0;
	for (size_t i = 0; i < n; i++) {
		const struct definition *def = pattern_lib_definition(lib, ids[i]);
		const char *before = def->before == NULL ? "" : def->before;
		char *text = NULL;
		measure_need(asprintf(&text, "%s%s", before, def->pattern) > 0, "no memory");
		if (!compiles_alone(text)) {
			naive->names[naive->left_out++] = def->info.name;
			free(text);
			continue;
		}
		texts[count] = text;
		names[count] = def->info.name;
		numbers[count] = (unsigned)i;
		flags[count++] = HS_FLAG_DOTALL | HS_FLAG_SOM_LEFTMOST;
	}
	return count;
}

void naive_compile(
	struct subject *subject, struct naive *naive, const struct pattern_lib *lib,
	const uint16_t *ids, size_t n
)
{
	*subject = (struct subject){.name = "naive union"};
	*naive = (struct naive){};
	size_t chosen = choose(naive, lib, ids, n), good = chosen, high = chosen;
	subject->db = together(chosen);
	if (subject->db == NULL)
		good = 0;
	// Too large together: bisect for the most of them that do compile.
	while (good < chosen && high - good > 1) {
		size_t middle = good + (high - good) / 2;
		hs_database_t *db = together(middle);
		if (db == NULL) {
			high = middle;
			continue;
		}
		hs_free_database(subject->db);
		subject->db = db;
		good = middle;
	}
	measure_need(good > 0, "the naive union does not compile at all");
	naive->count = good;
	for (size_t i = good; i < chosen; i++)
		naive->names[naive->left_out++] = names[i];
	for (size_t i = 0; i < chosen; i++)
		free(texts[i]);
	measure_need(hs_alloc_scratch(subject->db, &subject->hs) == HS_SUCCESS, "no memory");
}
