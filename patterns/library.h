// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What the compiler reads of a library.

#pragma once

#include "patterns/definition.h"

// The folder of pattern_lib_use_cache, or NULL.
const char *pattern_lib_cache(const struct pattern_lib *lib);
// `id` is below pattern_lib_count. Lives as long as the library.
const struct definition *pattern_lib_definition(const struct pattern_lib *lib, uint16_t id);
