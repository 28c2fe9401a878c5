// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The catalogue of functions that come with PostgreSQL and its usual extensions.

#pragma once

#include "dataplane/api/effects.h"

struct function_effects {
	uint32_t kinds, flags;
};

// What calling schema.name does; `schema` may be NULL. EFFECT_EXEC for everything not known, and
// besides what the name is known for in a schema that is not the server's own: anybody may have
// put a function there.
struct function_effects function_find(const char *schema, const char *name);

// Whether the catalogue has the name for more than a read.
bool function_is_listed(const char *name);

// Sorted names of those that only read.
extern const char *const function_reads[];
extern const size_t n_function_reads;
