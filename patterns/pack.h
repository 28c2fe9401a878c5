// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A file of `kind: pack`: part of a rule under a name, with what it must refuse and what it must
// not.

#pragma once

#include "patterns/document.h"
#include "patterns/patterns.h"

enum pack_limit { PACK_EXAMPLES_MAX = 256 };

// Is the mapping `root` a pack's?
bool pack_is(const struct document *doc, const yaml_node_t *root);
// Read it. Out: *out, for pack_fini also on error. Returns 0, -ENOMEM or ERR_CONFIG.
int pack_read(const struct document *doc, const yaml_node_t *root, struct pattern_pack *out)
	must_check;
// Accepts a zeroed or half-read one.
void pack_fini(struct pattern_pack *pack);
