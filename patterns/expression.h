// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What a definition's expressions may be: Hyperscan's syntax, without assertions about the bytes
// around a match, which are the boundary's to make.

#pragma once

#include "dataplane/base/err.h"

#include <stdbool.h>
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

enum { EXPRESSION_PREFIX_MAX = 255 }; // bytes

// The bytes with which every match begins, and what of the expression follows them.
struct expression_prefix {
	uint8_t bytes[EXPRESSION_PREFIX_MAX]; // of ASCII letters the lower-case ones when it folds
	size_t n;                             // 0: they differ
	bool folds;                           // letter case is ignored, in `rest` too
	const char *rest;                     // within the text; "": there is nothing else
};

// `text` has passed expression_check. Out: *out.
void expression_prefix(const char *text, struct expression_prefix *out);
// An expression that matches `prefix` and nothing else: at most 4 * n + 5 bytes with the NUL.
void expression_of_prefix(const struct expression_prefix *prefix, char *out);

// Check `text`. Out: *width. Returns 0, or ERR_CONFIG with `why` filled in (`size` bytes).
int expression_check(const char *text, struct expression_width *width, char *why, size_t size)
	must_check;
