// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A definition's expressions as an automaton over bytes, to find out how a match can begin. It
// accepts at least what the expressions match: what it cannot follow, it takes to be anything. An
// exact one accepts nothing else.

#pragma once

#include "dataplane/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum automaton_limit {
	AUTOMATON_STATES = 2048,
	AUTOMATON_WORDS = AUTOMATON_STATES / 64,
	AUTOMATON_REPEATS = 128, // copies of a repeated part; more are taken to be any number
};

struct byte_set {
	uint64_t bits[4];
};

static inline bool byte_set_has(const struct byte_set *set, uint8_t c)
{
	return (set->bits[c / 64] >> c % 64 & 1) != 0;
}

static inline void byte_set_add(struct byte_set *set, uint8_t c)
{
	set->bits[c / 64] |= UINT64_C(1) << c % 64;
}

static inline bool byte_set_meets(const struct byte_set *a, const struct byte_set *b)
{
	return ((a->bits[0] & b->bits[0]) | (a->bits[1] & b->bits[1]) | (a->bits[2] & b->bits[2]) |
		(a->bits[3] & b->bits[3])) != 0;
}

struct automaton;

// Where a reader of bytes may be.
struct automaton_position {
	uint64_t states[AUTOMATON_WORDS];
};

// An automaton of `before` (or NULL) and `pattern` one behind the other; behind a match comes a
// byte of `after`, and then anything. Out: *out, freed by automaton_free. Returns 0, -ENOMEM, or
// ERR_UNSUPPORTED: an expression it does not follow.
int automaton_new(
	const char *before, const char *pattern, const struct byte_set *after,
	struct automaton **out
) must_check;
// An automaton that accepts what `pattern` matches and nothing else; nothing is behind a match. As
// automaton_new.
int automaton_exact(const char *pattern, struct automaton **out) must_check;
// Accepts NULL.
void automaton_free(struct automaton *automaton);

struct automaton_position automaton_start(const struct automaton *automaton);
// Read one byte of `bytes`, any of them. Returns whether that is possible.
bool automaton_step(
	const struct automaton *automaton, const struct automaton_position *from,
	const struct byte_set *bytes, struct automaton_position *to
);
// Can a match have ended here?
bool automaton_is_over(const struct automaton *automaton, const struct automaton_position *at);
// Can anything at all come next, because a match and the byte behind it have been read?
bool automaton_is_past(const struct automaton *automaton, const struct automaton_position *at);
// The bytes that may come next.
struct byte_set automaton_next(
	const struct automaton *automaton, const struct automaton_position *at
);

// Bytes that no state tells apart are of one class. Out: class[c], from 0 on. Returns how many.
size_t automaton_classes(const struct automaton *automaton, uint8_t classes[static 256]);
