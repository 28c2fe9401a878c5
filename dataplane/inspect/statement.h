// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// One statement text into effects. Private to inspect/.

#pragma once

#include "dataplane/api/effects.h"
#include "dataplane/base/buf.h"

#include <pg_query/pg_query.pb-c.h>

enum statement_limit {
	STATEMENT_TEXT_MAX = 1 << 20, // bytes; longer text is not parsed, and so unknown
	// The parser takes microseconds for each, and the worker's other sessions wait. Enough for
	// an INSERT with 65535 parameters.
	STATEMENT_TOKENS_MAX = 200000,
	STATEMENT_DEPTH_MAX = 400,   // levels of the tree
	STATEMENT_NESTING_MAX = 500, // what may nest, counted before there is a tree
	STATEMENT_VERB_MAX = 48,
	STATEMENT_TARGETS_MAX = 32, // relations written to in one text
};

// Effects in the making; spans point into the tree.
struct statement {
	uint32_t kinds, flags, n_statements;
	uint16_t n_objects, n_columns, n_targets;
	struct effect_object objects[EFFECT_OBJECTS_MAX];
	struct span columns[EFFECT_COLUMNS_MAX];
	const PgQuery__RangeVar *targets[STATEMENT_TARGETS_MAX]; // written, not read
	char verb[STATEMENT_VERB_MAX];                           // of the statement at hand
	char heaviest[STATEMENT_VERB_MAX]; // of the one with the worst effects
	const char *why_unknown;
};

// What the kind of a top-level statement says, its verb included. Everything below it is walk.c's.
void statement_classify(struct statement *st, const PgQuery__Node *node);
// Everything below: relations, functions, columns, nested writes, at any depth and in any position.
void statement_walk(struct statement *st, const ProtobufCMessage *message);

void statement_unknown(struct statement *st, const char *why);
void statement_add_target(struct statement *st, const PgQuery__RangeVar *relation);

// What setting this parameter does: EFFECT_SESSION or EFFECT_ADMIN. Sets EFFECT_LEXING where it
// changes how text is read, EFFECT_SETS where it changes what text means.
void statement_setting(struct statement *st, const PgQuery__VariableSetStmt *set);

// Append the text with comments removed, white space folded to single spaces and keywords in upper
// case; literals and names stay. Out: *too_much, when it could be split into tokens: why its tree
// must not be built, or NULL. Returns 0, ERR_MALFORMED when it cannot be split, or as buf_append.
int statement_normalise(const char *text, struct buf *out, const char **too_much) must_check;

// Whether the tree of these tokens stays within STATEMENT_NESTING_MAX: libpg_query builds and reads
// trees by recursion without a limit of its own, so that a chain of operators would end the
// process.
bool statement_nesting_fits(const PgQuery__ScanResult *scan);
