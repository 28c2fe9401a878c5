// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Words that tell what a number is: "ssn", "card no". A word stands whole: no ASCII letter or digit
// beside it, except at a hump (customerSsn, ssnOfCustomer). The case of ASCII letters is ignored; a
// space, tab, dash and underscore in it match each other.

#pragma once

#include "dataplane/base/err.h"
#include "dataplane/base/span.h"

enum context_limit { CONTEXT_WORD_MAX = 40 };

// The words of one definition, owned.
struct context {
	char **words; // NULL-terminated; every space, tab and underscore in them is a dash
};

// May a definition name this word?
bool context_is_word(const char *word);

// Out: *out, freed by context_fini. `words` is NULL-terminated, or NULL. Returns 0 or -ENOMEM.
int context_init(struct context *out, const char *const *words) must_check;
// Accepts a zeroed or half-made context.
void context_fini(struct context *context);

// Does a word stand anywhere in `name`?
bool context_names(const struct context *context, struct span name);
// Does a word stand near [start, end) of `in`: before it or behind it, on the same line?
bool context_near(const struct context *context, struct span in, size_t start, size_t end);
