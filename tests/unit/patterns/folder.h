// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Folders of a pattern library that a test makes.

#pragma once

#include "patterns/patterns.h"

struct folder {
	char path[64];
	char files[4][16];
	size_t n;
};

void folder_make(struct folder *folder);
void folder_add(struct folder *folder, const char *name, const char *text);
void folder_remove(struct folder *folder);

// Load folders `a` and, unless NULL, `b`; they are gone then. NULL: refused, see `why`.
struct pattern_lib *folder_load(struct folder *a, struct folder *b, char why[static PATTERN_WHY]);
// Load a folder of one file, t.yaml, with this text.
struct pattern_lib *folder_load_text(const char *text, char why[static PATTERN_WHY]);
// The text is refused, for what begins with `part`, such as "t.yaml:1:2: ".
void folder_refused(const char *text, const char *part);
