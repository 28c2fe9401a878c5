// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Any bytes as a statement: classified or unknown, never a crash, and the same twice.

#include "dataplane/inspect/inspect.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct inspect_context plain = {.utf8 = true, .standard_strings = true};
	static struct inspect_cache *cache;
	if (cache == NULL)
		cache = inspect_cache_new(16, 1 << 20);
	if (cache == NULL)
		return 0;
	uint32_t first = inspect_statement(cache, &plain, span_of(data, size))->kinds;
	if (inspect_statement(cache, &plain, span_of(data, size))->kinds != first)
		abort();
	return 0;
}
