// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What a child may do: what its parent may, cut down to what is asked for. Whoever asks for more is
// told so, and gets nothing: a cut that nobody hears of would show as a refused command later.

#pragma once

#include "controlplane/sts/request.h"

struct narrowed {
	struct token_scope scope; // its resources are the parent's or `resources`
	const char *resources[STS_RESOURCES_MAX];
};

// `child`: the node that the child's own budgets are counted at. Out: *out, which borrows from
// `parent`, `ask` and itself. Returns 0, or ERR_MALFORMED with *error.
int narrow_scope(
	const struct token_scope *parent, const struct exchange_ask *ask,
	const struct node_id *child, struct narrowed *out, struct exchange_error *error
) must_check;
