// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A file of `kind: list`: many words, and rules with names, that share all but what they look for.

#pragma once

#include "patterns/definition.h"

enum list_limit {
	LIST_FILE_MAX = 16 * 1024 * 1024,
	LIST_WORD_MIN = 2, // bytes
	LIST_WORD_MAX = 255,
};

struct list {
	struct definition *shared; // what the items have in common; they refer to it
	struct definition *items;  // words first; their name is the list's
	size_t count;
};

// Is the mapping `root` a list's?
bool list_is(const struct document *doc, const yaml_node_t *root);
// Read it. Out: *out, for list_fini also on error. Returns as definition_read.
int list_read(const struct document *doc, const yaml_node_t *root, struct list *out) must_check;
// Accepts a zeroed one.
void list_fini(struct list *list);
