// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Words that tell what a number is: "ssn", "card no". A word stands whole: no ASCII letter or digit
// beside it, except at a hump (customerSsn, ssnOfCustomer; not behind two letters). The case of
// ASCII letters is ignored; a space, tab, dash and underscore in it match each other.

#pragma once

#include "dataplane/base/err.h"
#include "dataplane/base/span.h"

enum context_limit {
	CONTEXT_WORD_MAX = 40,
	CONTEXT_HUMP_MIN = 3, // bytes of a word behind which a hump may stand
	CONTEXT_GAP_MAX = 4,  // bytes between a name and what it names
};

// The words of one definition, owned.
struct context {
	char **words; // NULL-terminated; every space, tab and underscore in them is a dash
};

// A byte as words are compared: lower case, and a dash for space, tab and underscore.
uint8_t context_fold(uint8_t c);
// May a word stand at in[at]: does the byte before allow it?
bool context_begins(struct span in, size_t at);
// Does `word`, folded and `n` bytes long, stand at in[at]?
bool context_stands_at(const char *word, size_t n, struct span in, size_t at);

// May a definition name this word?
bool context_is_word(const char *word);

// Out: *out, freed by context_fini. `words` is NULL-terminated, or NULL. Returns 0 or -ENOMEM.
int context_init(struct context *out, const char *const *words) must_check;
// Accepts a zeroed or half-made context.
void context_fini(struct context *context);

// Is what begins at `at` called something that is nobody's: an order, a time, a size? Then words
// farther off speak of something else. Its name ends directly before, in [from, at): `order 4711`,
// `"bytes": 4711`, `epoch_ms=4711`, `ORD-4711`. Returns where the name begins; `at` when there is
// none.
size_t context_other_name(struct span in, size_t from, size_t at);
