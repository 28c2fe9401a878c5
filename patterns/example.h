// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A definition's examples: a text alone, which is then the finding, or {text: ..., finds: ...}.

#pragma once

#include "patterns/document.h"
#include "patterns/patterns.h"

// Read the list `node`. Out: *out and *count, also on error; freed by example_list_free.
// Returns 0, -ENOMEM or ERR_CONFIG.
int example_list_read(
	const struct document *doc, const yaml_node_t *node, const struct pattern_example **out,
	size_t *count
) must_check;
// Accepts NULL with a count of 0.
void example_list_free(const struct pattern_example *list, size_t count);
