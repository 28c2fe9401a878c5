// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Any bytes as a definition file: refused with a place, or read.

#include "patterns/definition.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct definition def;
	char why[PATTERN_WHY] = "";
	if (definition_parse("email.yaml", span_of(data, size), &def, why) == 0)
		definition_free(&def);
	else if (memcmp(why, "email.yaml:", 11) != 0)
		abort();
	return 0;
}
