// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// All entities of the library, compiled together.

#pragma once

#include "patterns/patterns.h"

// Out: the library, the set of its entities, and a scratch for it. Fails the test if it cannot.
void entities_open(
	struct pattern_lib **lib, struct pattern_set **set, struct scan_scratch **scratch
);
void entities_close(struct pattern_lib *lib, struct pattern_set *set, struct scan_scratch *scratch);
