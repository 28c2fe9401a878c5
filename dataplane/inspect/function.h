// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The catalogue of functions that come with PostgreSQL.

#pragma once

#include "dataplane/api/effects.h"

// What calling schema.name does; `schema` may be NULL. EFFECT_EXEC for everything not known.
uint32_t function_effects(const char *schema, const char *name);
