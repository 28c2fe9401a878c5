// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// One statement text into effects. Private to inspect/.

#pragma once

#include "dataplane/api/effects.h"
#include "dataplane/base/buf.h"

#include <pg_query/pg_query.pb-c.h>

enum statement_limit {
	STATEMENT_TEXT_MAX = 1 << 20, // bytes; longer text is not parsed, and so unknown
	// Tokens, words three times: the parser takes a microsecond for each, and the worker's
	// other sessions wait. Enough for an INSERT with 65535 parameters.
	STATEMENT_WORK_MAX = 200000,
	STATEMENT_DEPTH_MAX = 400,   // levels of the tree
	STATEMENT_NESTING_MAX = 500, // what may nest, counted before there is a tree
	STATEMENT_VERB_MAX = 48,
	STATEMENT_TARGETS_MAX = 32,    // relations written to in one text
	STATEMENT_RANGES_MAX = 128,    // what stands in FROM, in one text
	STATEMENT_ROWS_MAX = 1000000,  // a LIMIT beyond it, or a series that long, counts as none
	STATEMENT_STEPS_MAX = 1 << 20, // of comparing what conditions hold
};

// What stands in FROM under a name of its own.
struct statement_range {
	struct span name;
	const PgQuery__Alias *alias;
	const PgQuery__RangeFunction *function; // NULL: a relation
};

// Effects in the making; spans point into the tree.
struct statement {
	uint32_t kinds, flags, n_statements;
	uint16_t n_objects, n_columns, n_targets, n_ranges;
	uint32_t n_joins, steps;
	struct effect_object objects[EFFECT_OBJECTS_MAX];
	struct span columns[EFFECT_COLUMNS_MAX];
	const PgQuery__RangeVar *targets[STATEMENT_TARGETS_MAX]; // written, not read
	struct statement_range ranges[STATEMENT_RANGES_MAX];
	const PgQuery__Node *exists;       // the query of the EXISTS at hand
	char verb[STATEMENT_VERB_MAX];     // of the statement at hand
	char heaviest[STATEMENT_VERB_MAX]; // of the one with the worst effects
	const char *why_unknown;
};

// What the kind of a top-level statement says, its verb included. Everything below it is walk.c's.
void statement_classify(struct statement *st, const PgQuery__Node *node);
// What a definition, its change or its end says beyond its kind.
void statement_define(struct statement *st, const PgQuery__Node *node);
// Everything below: relations, functions, columns, nested writes, at any depth and in any position.
void statement_walk(struct statement *st, const ProtobufCMessage *message);

void statement_unknown(struct statement *st, const char *why);
void statement_add_object(struct statement *st, struct effect_object object);
void statement_add_target(struct statement *st, const PgQuery__RangeVar *relation);
// The name of a prepared statement; "": none.
void statement_add_prepared(struct statement *st, const char *name);
void statement_add_column(struct statement *st, struct span name);

// What setting this parameter does: EFFECT_SESSION or EFFECT_ADMIN. Sets EFFECT_LEXING where it
// changes how text is read, EFFECT_SETS where it changes what text means.
void statement_setting(struct statement *st, const PgQuery__VariableSetStmt *set);
// The same of set_config; `name` is NULL where the statement does not show it.
void statement_set_config(struct statement *st, const char *name);

// Calls, as f(x) and as x.f, which the server tries where x has no such column; and operators of a
// schema of their own.
void statement_call(struct statement *st, const PgQuery__FuncCall *call);
void statement_column(struct statement *st, const PgQuery__ColumnRef *ref);
void statement_field(struct statement *st, const PgQuery__AIndirection *field);
void statement_operator(struct statement *st, PgQuery__Node *const *name, size_t n);

// Writes: their targets, and whether a condition can keep any row from them.
void statement_insert(struct statement *st, const PgQuery__InsertStmt *insert);
void statement_update(struct statement *st, const PgQuery__UpdateStmt *update);
void statement_delete(struct statement *st, const PgQuery__DeleteStmt *delete);
void statement_merge(struct statement *st, const PgQuery__MergeStmt *merge);

// FROM and its like: names for what follows, and how many relations are joined.
void statement_from(struct statement *st, PgQuery__Node *const *from, size_t n, bool with_target);
// The name a function goes by in FROM when it has no alias.
struct span statement_range_function_name(const PgQuery__RangeFunction *range);
// One SELECT, wherever it stands. Within EXISTS, its columns are nobody's.
void statement_select(struct statement *st, const PgQuery__SelectStmt *select, bool is_exists);
// Sets EFFECT_STAR for "*" and "t.*" in a list of targets.
void statement_star(struct statement *st, PgQuery__Node *const *targets, size_t n);
bool statement_reads_relation(const PgQuery__SelectStmt *select);
// What a top-level statement gives back: EFFECT_NO_LIMIT.
void statement_result(struct statement *st, const PgQuery__Node *node);

// Sets EFFECT_TAUTOLOGY when the condition, or an arm of an OR in it, is true of every row. With a
// target, returns whether it can exclude any row of that relation; otherwise, of any.
bool statement_condition(
	struct statement *st, const PgQuery__Node *condition, const PgQuery__RangeVar *target
);
// The number that a constant expression stands for.
bool statement_number(struct statement *st, const PgQuery__Node *node, double *number);

// Counts one step of looking at conditions. False, and the text unknown, when there were too many.
bool statement_step(struct statement *st);

// Whether two expressions are written the same, but for white space and the like.
bool statement_same(struct statement *st, const PgQuery__Node *a, const PgQuery__Node *b);

// The messages right below one, in any order that is always the same.
struct statement_children {
	const ProtobufCMessage *message;
	unsigned field;
	size_t item;
};

// The next, or NULL.
const ProtobufCMessage *statement_next_child(struct statement_children *children);
// Whether there is a subquery in it.
bool statement_has_query(const ProtobufCMessage *message);

static inline const char *statement_name_part(PgQuery__Node *const *names, size_t i)
{
	return names[i]->node_case == PG_QUERY__NODE__NODE_STRING ? names[i]->string->sval : "";
}

// Append the text with comments removed, white space folded to single spaces and key words in upper
// case; literals and names stay. keyword_init comes first. Returns 0 or as buf_reserve.
int statement_normalise(struct span text, struct buf *out) must_check;

// Why the tree of the text must not be built, or NULL: libpg_query builds and reads trees by
// recursion without a limit of its own, so that a chain of operators would end the process.
const char *statement_too_much(const char *text);
