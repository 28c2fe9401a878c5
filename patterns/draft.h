// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A definition while it is read: what it says, and where each thing stands in the file.

#pragma once

#include "patterns/definition.h"
#include "patterns/document.h"

struct draft {
	struct definition *def;
	const yaml_node_t *name, *pattern, *before, *anchor, *lead, *width, *mask, *score, *strong,
		*context, *validators;
};

// Do the parts fit together? Works out the widths. Returns 0 or ERR_CONFIG.
int draft_check(const struct document *doc, const struct draft *draft) must_check;
// The part of it that does not ask what the expressions are.
int draft_check_shared(const struct document *doc, const struct draft *draft) must_check;
// The definition's place in its file is that of `node`.
void draft_place(const struct draft *draft, const yaml_node_t *node);
