// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The key words of PostgreSQL's grammar.

#pragma once

#include "dataplane/base/span.h"

// Reads them from libpg_query; once, before any worker starts. More calls do nothing.
void keyword_init(void);
// In any letter case.
bool keyword_is(struct span word);
