// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What a definition's expressions may be: Hyperscan's syntax, without assertions about the bytes
// around a match, which are the boundary's to make.

#pragma once

#include "dataplane/base/err.h"

#include <stddef.h>
#include <stdint.h>

enum expression_limit {
	EXPRESSION_MAX = 4096, // bytes of text
};

#define EXPRESSION_UNBOUNDED UINT32_MAX // a greatest width that is none

struct expression_width {
	uint32_t min, max; // bytes of a match
};

// The flags every expression is compiled with.
unsigned expression_flags(void);

// Check `text`. Out: *width. Returns 0, or ERR_CONFIG with `why` filled in (`size` bytes).
int expression_check(const char *text, struct expression_width *width, char *why, size_t size)
	must_check;
