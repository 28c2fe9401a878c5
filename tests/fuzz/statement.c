// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Any bytes as a statement: classified or unknown, never a crash, the same twice; and read as
// libpg_query reads it.

#include "dataplane/inspect/inspect.h"
#include "tests/unit/inspect/reference.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_plausible(const struct effects *e)
{
	bool parsed = e->why_unknown == NULL;
	bool writes = (e->kinds & (EFFECT_WRITE | EFFECT_DDL)) != 0;
	return !parsed || ((e->flags & EFFECT_NO_WHERE) == 0 || writes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct inspect_context plain = {.utf8 = true, .standard_strings = true};
	static struct inspect_cache *cache;
	struct span text = span_of(data, size);
	if (cache == NULL)
		cache = inspect_cache_new(16, 1 << 20);
	if (cache == NULL)
		return 0;
	const struct effects *e = inspect_statement(cache, &plain, text);
	uint32_t kinds = e->kinds, flags = e->flags;
	if (!is_plausible(e))
		abort();
	e = inspect_statement(cache, &plain, text);
	if (e->kinds != kinds || e->flags != flags)
		abort();
	const char *fault = kinds == EFFECT_UNKNOWN ? NULL : reference_compare(text);
	if (fault != NULL) {
		fprintf(stderr, "%s\n", fault);
		abort();
	}
	return 0;
}
