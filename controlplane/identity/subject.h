// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Makes struct subject (dataplane/api/subject.h): whoever has verified a token, of a provider's or
// of the gateway's own, says in a draft what it found, and gets one allocation with copies of all
// of it. Every chain is checked here, so that no maker can leave one out of bounds.

#pragma once

#include "dataplane/api/subject.h"
#include "dataplane/base/err.h"

enum subject_size { SUBJECT_WHY = 96, SUBJECT_GROUP_MAX = 255 };

// Texts, lists and budgets' nodes are borrowed. `links` is root first; of the root `node` is the
// `subject`, of each other its own token's (node_of_token). A name that is NULL or cannot be shown
// becomes the key.
struct subject_draft {
	uint16_t n_links;
	struct chain_link links[SUBJECT_LINKS_MAX];
	struct token_scope scope; // depth_left is cut to what SUBJECT_LINKS_MAX leaves
	uint64_t expires;         // seconds since 1970
};

// A scope that narrows nothing.
struct token_scope subject_scope_all(void);

// `token`: the whole token, for its hash. Out: *out, freed by subject_free. Returns 0; ERR_AUTH,
// `why` says what does not fit; -ENOMEM.
int subject_make(
	const struct subject_draft *draft, struct span token, struct subject **out,
	char why[static SUBJECT_WHY]
) must_check;
// Accepts NULL.
void subject_free(const struct subject *subject);

// One line of UTF-8 that a terminal shows and does not obey. What is not is refused, never
// repaired: two names must not become one.
bool subject_text_is_plain(const char *text);
