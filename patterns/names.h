// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What a policy may call the patterns of a library: each by its name, many by the name of a list or
// group. No word means two of these.

#pragma once

#include "patterns/definition.h"

struct pattern_names {
	struct pattern_name *list; // sorted
	size_t count;
};

// Out: *out, which refers to the definitions' texts, for pattern_names_fini also on error. Returns
// 0; -ENOMEM; ERR_CONFIG, with `why` as file:line:column: text.
int pattern_names_init(
	struct pattern_names *out, const struct definition *definitions, size_t n,
	char why[static PATTERN_WHY]
) must_check;
// Accepts a zeroed one.
void pattern_names_fini(struct pattern_names *names);
// The ids behind `name`, in rising order. Returns how many.
size_t pattern_names_find(
	const struct pattern_names *names, const char *name, uint16_t ids[static PATTERN_MAX]
);
