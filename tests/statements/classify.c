// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Statements from standard input, each after its length in decimal and a newline; a line for each:
// effects, flags, objects (schema.name=access as a number) and why it is unknown, apart by tabs.

#include "dataplane/inspect/inspect.h"

#include <stdio.h>
#include <stdlib.h>

enum { TEXT_MAX = 8 << 20 };

static const struct inspect_context plain = {.utf8 = true, .standard_strings = true};

static void print_effects(const struct effects *e)
{
	const char *sep = "";
	for (uint32_t bit = 1; bit < EFFECT_ALL; bit <<= 1)
		if ((e->kinds & bit) != 0)
			printf("%s%s", sep, effect_name((enum effect)bit)), sep = " ";
	putchar('\t');
	sep = "";
	for (uint32_t bit = 1; bit <= EFFECT_SUBQUERY_WRITE; bit <<= 1) {
		const char *name = effect_flag_name((enum effect_flag)bit);
		if ((e->flags & bit) != 0 && name != NULL)
			printf("%s%s", sep, name), sep = " ";
	}
	putchar('\t');
	sep = "";
	for (uint16_t i = 0; i < e->n_objects; i++) {
		const struct effect_object *o = &e->objects[i];
		printf("%s%.*s.%.*s=%u", sep, (int)o->schema.n, (const char *)o->schema.p,
		       (int)o->name.n, (const char *)o->name.p, o->access);
		sep = "\x1f"; // names may hold anything else
	}
	printf("\t%s\n", e->why_unknown == NULL ? "" : e->why_unknown);
}

int main(void)
{
	struct inspect_cache *cache = inspect_cache_new(16, 1 << 20);
	char *text = malloc(TEXT_MAX);
	size_t n;
	if (cache == NULL || text == NULL)
		return 1;
	while (scanf("%zu", &n) == 1) {
		if (n > TEXT_MAX || getchar() != '\n' || fread(text, 1, n, stdin) != n)
			return 1;
		print_effects(inspect_statement(cache, &plain, span_of(text, n)));
	}
	free(text);
	inspect_cache_free(cache);
	return 0;
}
