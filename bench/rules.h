// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Custom rules, as a customer writes them: each begins with a literal of its own.

#pragma once

#include "patterns/patterns.h"

// A library of `n` rules and of the patterns in `dir`, unless it is NULL; made in a temporary
// folder that is gone again. The process ends when that fails.
struct pattern_lib *rules_library(unsigned n, const char *dir);
