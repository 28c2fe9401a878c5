// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What the compiler reads of a library.

#pragma once

#include "patterns/definition.h"

// `id` is below pattern_lib_count. Lives as long as the library.
const struct definition *pattern_lib_definition(const struct pattern_lib *lib, uint16_t id);
