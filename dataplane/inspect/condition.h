// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What an expression comes to, as far as the text alone tells. Private to inspect/.

#pragma once

#include "dataplane/inspect/statement.h"

enum value_kind { VALUE_ANY, VALUE_NULL, VALUE_BOOL, VALUE_NUMBER, VALUE_TEXT };

struct value {
	enum value_kind kind;
	double number; // of a BOOL: 0 or 1
	struct span text;
	bool row;      // depends on a row of the scope
	bool open;     // depends on a parameter or on other relations
	bool excludes; // as a condition: can be other than true of a row of the scope
	bool idle;     // an AND of which one part is true by itself
};

enum truth { TRUTH_FALSE, TRUTH_TRUE, TRUTH_NULL, TRUTH_ANY };

// Whose rows the condition is to choose; without a target, those of any relation.
struct scope {
	struct statement *st;
	const PgQuery__RangeVar *target;
	unsigned depth;
};

static inline struct value value_bool(bool b)
{
	return (struct value){.kind = VALUE_BOOL, .number = b};
}

static inline struct value value_number(double n)
{
	return (struct value){.kind = VALUE_NUMBER, .number = n};
}

// As a condition: 't', 'yes' and 1 are true, too.
enum truth value_truth(const struct value *v);
// A literal that a number is compared with is a number: '1' = 1.
bool value_number_of(const struct value *v, double *number);

// The value of any expression.
struct value condition_value(struct scope *scope, const PgQuery__Node *node);
// That of operators: a = b, LIKE, BETWEEN, IN...
struct value condition_operator(struct scope *scope, const PgQuery__AExpr *e);
// That of a subquery.
struct value condition_query(struct scope *scope, const PgQuery__SubLink *link);
// Nothing is known but whether the expression, or one it is combined with, depends on a row.
struct value condition_any(struct scope *scope, const PgQuery__Node *node);
