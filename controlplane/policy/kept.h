// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The pattern library that was read last, kept for the next build: to read it takes most of a
// reload that changes rules alone. One builder has it at a time.

#pragma once

#include "controlplane/config/config.h"
#include "controlplane/policy/sets.h"
#include "patterns/patterns.h"

// The library of these folders and this digest, the caller's until kept_give; NULL: read it.
struct pattern_lib *kept_take(
	const struct config_folders *folders, const uint8_t digest[static SETS_DIGEST]
);
// Give it back; what was kept goes. `lib` may be NULL.
void kept_give(
	const struct config_folders *folders, const uint8_t digest[static SETS_DIGEST],
	struct pattern_lib *lib
);
