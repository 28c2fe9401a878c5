// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Operators in conditions: constants folded, and the forms in which a column is compared with
// itself or with everything.

#include "dataplane/inspect/condition.h"

#include <string.h>

#define KIND(name) PG_QUERY__A__EXPR__KIND__AEXPR_##name

enum comparison { LESS = -1, EQUAL = 0, GREATER = 1, NOT_COMPARABLE = 2 };

static struct value either(const struct value *a, const struct value *b)
{
	return (struct value){
		.kind = VALUE_ANY,
		.row = a->row || b->row,
		.open = a->open || b->open,
	};
}

static enum comparison compare_text(struct span a, struct span b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int r = n == 0 ? 0 : memcmp(a.p, b.p, n);
	if (r == 0)
		r = (a.n > b.n) - (a.n < b.n);
	return r < 0 ? LESS : r > 0 ? GREATER : EQUAL;
}

// A literal beside a number or a boolean is read as one.
static enum comparison compare(const struct value *a, const struct value *b)
{
	double x, y;
	enum truth s = value_truth(a), t = value_truth(b);
	if (a->kind == VALUE_TEXT && b->kind == VALUE_TEXT)
		return compare_text(a->text, b->text);
	if (a->kind == VALUE_BOOL || b->kind == VALUE_BOOL) {
		if (s == TRUTH_ANY || t == TRUTH_ANY || s == TRUTH_NULL || t == TRUTH_NULL)
			return NOT_COMPARABLE;
		return s == t ? EQUAL : s < t ? LESS : GREATER;
	}
	if (!value_number_of(a, &x) || !value_number_of(b, &y))
		return NOT_COMPARABLE;
	return x < y ? LESS : x > y ? GREATER : EQUAL;
}

enum relation { IS_EQUAL = 1, IS_LESS = 2, IS_GREATER = 4 };

// The comparisons for which the operator is true; 0 for another operator.
static unsigned relation_of(const char *op)
{
	static const struct {
		const char *op;
		unsigned relation;
	} relations[] = {
		{"=", IS_EQUAL},   {"<>", IS_LESS | IS_GREATER},
		{"<", IS_LESS},    {"<=", IS_LESS | IS_EQUAL},
		{">", IS_GREATER}, {">=", IS_GREATER | IS_EQUAL},
	};
	for (size_t i = 0; i < sizeof(relations) / sizeof(relations[0]); i++)
		if (strcmp(op, relations[i].op) == 0)
			return relations[i].relation;
	return 0;
}

static unsigned relation_bit(enum comparison c)
{
	return c == EQUAL ? IS_EQUAL : c == LESS ? IS_LESS : IS_GREATER;
}

static bool is_zero(const struct value *v)
{
	return v->kind == VALUE_NUMBER && v->number == 0;
}

static struct value arithmetic(char op, const struct value *a, const struct value *b)
{
	double x, y;
	if (a->kind == VALUE_NULL || b->kind == VALUE_NULL)
		return (struct value){.kind = VALUE_NULL};
	if (op == '*' && (is_zero(a) || is_zero(b)))
		return value_number(0);
	if (!value_number_of(a, &x) || !value_number_of(b, &y))
		return either(a, b);
	switch (op) {
	case '+':
		return value_number(x + y);
	case '-':
		return value_number(x - y);
	case '*':
		return value_number(x * y);
	case '/':
		return y == 0 ? either(a, b) : value_number(x / y);
	default: // %, ^ and the bits: constant, whatever they come to
		return either(a, b);
	}
}

// What adds, multiplies by or appends nothing: id = id + 0, name = name || ''.
static const PgQuery__Node *without_nothing(struct statement *st, const PgQuery__Node *node)
{
	while (node != NULL && (node->node_case == PG_QUERY__NODE__NODE_A_EXPR ||
				node->node_case == PG_QUERY__NODE__NODE_COLLATE_CLAUSE)) {
		if (node->node_case == PG_QUERY__NODE__NODE_COLLATE_CLAUSE) {
			node = node->collate_clause->arg;
			continue;
		}
		const PgQuery__AExpr *e = node->a_expr;
		double n;
		if (e->kind != KIND(OP) || e->n_name != 1)
			return node;
		const char *op = statement_name_part(e->name, 0);
		bool sum = strcmp(op, "+") == 0 || strcmp(op, "-") == 0;
		bool product = strcmp(op, "*") == 0 || strcmp(op, "/") == 0;
		if (e->lexpr == NULL && strcmp(op, "+") == 0) {
			node = e->rexpr;
		} else if (e->lexpr == NULL || e->rexpr == NULL || e->rexpr->node_case != PG_QUERY__NODE__NODE_A_CONST) {
			return node;
		} else if (strcmp(op, "||") == 0) {
			const PgQuery__AConst *c = e->rexpr->a_const;
			if (c->val_case != PG_QUERY__A__CONST__VAL_SVAL || c->sval->sval[0] != '\0')
				return node;
			node = e->lexpr;
		} else if (statement_number(st, e->rexpr, &n) && ((sum && n == 0) || (product && n == 1))) {
			node = e->lexpr;
		} else {
			return node;
		}
	}
	return node;
}

static bool same(struct scope *scope, const PgQuery__Node *a, const PgQuery__Node *b)
{
	a = without_nothing(scope->st, a);
	b = without_nothing(scope->st, b);
	return statement_same(scope->st, a, b);
}

// Text that any other matches.
static bool matches_all(const char *op, const struct value *pattern)
{
	static const char *const regular[] = {"",    ".*",   "^",   "$",   "^.*",
					      ".*$", "^.*$", ".*?", "(.*)"};
	if (pattern->kind != VALUE_TEXT)
		return false;
	if (op[0] == '~' && op[1] == '~') { // LIKE
		for (size_t i = 0; i < pattern->text.n; i++)
			if (pattern->text.p[i] != '%')
				return false;
		return pattern->text.n > 0;
	}
	for (size_t i = 0; i < sizeof(regular) / sizeof(regular[0]); i++)
		if (span_equal(pattern->text, span_str(regular[i])))
			return true;
	return false;
}

static struct value binary(struct scope *scope, const PgQuery__AExpr *e, const char *op)
{
	struct value a = condition_value(scope, e->lexpr), b = condition_value(scope, e->rexpr);
	unsigned relation = relation_of(op);
	bool alike = (relation != 0 || op[0] == '-') && same(scope, e->lexpr, e->rexpr);
	if (relation != 0 && alike)
		return value_bool((relation & IS_EQUAL) != 0);
	if (op[0] == '-' && op[1] == '\0' && alike)
		return value_number(0);
	if (op[1] == '\0' && strchr("+-*/%^&|#", op[0]) != NULL)
		return arithmetic(op[0], &a, &b);
	if (op[0] == '~' && (matches_all(op, &b) || same(scope, e->lexpr, e->rexpr)))
		return value_bool(true);
	if (a.kind == VALUE_NULL || b.kind == VALUE_NULL)
		return (struct value){.kind = VALUE_NULL};
	enum comparison c = compare(&a, &b);
	if (relation == 0 || c == NOT_COMPARABLE)
		return either(&a, &b);
	return value_bool((relation & relation_bit(c)) != 0);
}

static struct value unary(struct scope *scope, const PgQuery__AExpr *e, const char *op)
{
	struct value v = condition_value(scope, e->rexpr);
	double n;
	if (op[1] != '\0' || (op[0] != '-' && op[0] != '+') || !value_number_of(&v, &n))
		return either(&v, &v);
	return value_number(op[0] == '-' ? -n : n);
}

static struct value operation(struct scope *scope, const PgQuery__AExpr *e)
{
	const char *op = e->n_name == 0 ? "" : statement_name_part(e->name, e->n_name - 1);
	if (op[0] == '\0' || e->rexpr == NULL)
		return (struct value){.kind = VALUE_ANY, .row = true};
	return e->lexpr == NULL ? unary(scope, e, op) : binary(scope, e, op);
}

static struct value distinct(struct scope *scope, const PgQuery__AExpr *e, bool wanted)
{
	struct value a = condition_value(scope, e->lexpr), b = condition_value(scope, e->rexpr);
	if (same(scope, e->lexpr, e->rexpr))
		return value_bool(!wanted);
	if (a.kind == VALUE_ANY || b.kind == VALUE_ANY)
		return either(&a, &b);
	if (a.kind == VALUE_NULL || b.kind == VALUE_NULL)
		return value_bool((a.kind != b.kind) == wanted);
	enum comparison c = compare(&a, &b);
	return c == NOT_COMPARABLE ? either(&a, &b) : value_bool((c != EQUAL) == wanted);
}

// x IN (x, ...), 1 = ANY (ARRAY[1, 2]): one that is the same decides.
static struct value in_list(
	struct scope *scope, const PgQuery__AExpr *e, PgQuery__Node *const *items, size_t n
)
{
	struct value a = condition_value(scope, e->lexpr), all = either(&a, &a);
	const char *op = e->n_name == 0 ? "" : statement_name_part(e->name, e->n_name - 1);
	bool is = strcmp(op, "=") == 0, known = true;
	for (size_t i = 0; i < n; i++) {
		struct value b = condition_value(scope, items[i]);
		enum comparison c = compare(&a, &b);
		all = either(&all, &b);
		if ((is || strcmp(op, "<>") == 0) &&
		    (same(scope, e->lexpr, items[i]) ||
		     (a.kind != VALUE_ANY && a.kind != VALUE_NULL && c == EQUAL)))
			return value_bool(is);
		known &= c != NOT_COMPARABLE && b.kind != VALUE_NULL;
	}
	return known && a.kind != VALUE_ANY && a.kind != VALUE_NULL ? value_bool(!is) : all;
}

static struct value member(struct scope *scope, const PgQuery__AExpr *e)
{
	const PgQuery__Node *r = e->rexpr;
	if (r != NULL && r->node_case == PG_QUERY__NODE__NODE_LIST)
		return in_list(scope, e, r->list->items, r->list->n_items);
	if (r != NULL && r->node_case == PG_QUERY__NODE__NODE_A_ARRAY_EXPR &&
	    e->kind == KIND(OP_ANY))
		return in_list(scope, e, r->a_array_expr->elements, r->a_array_expr->n_elements);
	struct value a = condition_value(scope, e->lexpr), b = condition_value(scope, e->rexpr);
	return either(&a, &b);
}

static struct value between(struct scope *scope, const PgQuery__AExpr *e, bool inside)
{
	struct value v = condition_value(scope, e->lexpr), all = v;
	const PgQuery__Node *r = e->rexpr;
	if (r == NULL || r->node_case != PG_QUERY__NODE__NODE_LIST || r->list->n_items != 2)
		return (struct value){.kind = VALUE_ANY, .row = true};
	struct value low = condition_value(scope, r->list->items[0]);
	struct value high = condition_value(scope, r->list->items[1]);
	all = either(&all, &low);
	all = either(&all, &high);
	if (same(scope, e->lexpr, r->list->items[0]) && same(scope, e->lexpr, r->list->items[1]))
		return value_bool(inside);
	if (v.kind == VALUE_ANY || low.kind == VALUE_ANY || high.kind == VALUE_ANY)
		return all;
	enum comparison a = compare(&low, &v), b = compare(&v, &high);
	if (a == NOT_COMPARABLE || b == NOT_COMPARABLE)
		return all;
	return value_bool((a <= EQUAL && b <= EQUAL) == inside);
}

static const PgQuery__Node *pattern_of(const PgQuery__Node *r)
{
	if (r != NULL && r->node_case == PG_QUERY__NODE__NODE_FUNC_CALL && r->func_call->n_args > 0)
		return r->func_call->args[0]; // similar_to_escape, like_escape
	return r;
}

static struct value like(struct scope *scope, const PgQuery__AExpr *e)
{
	const char *op = e->n_name == 0 ? "" : statement_name_part(e->name, e->n_name - 1);
	struct value a = condition_value(scope, e->lexpr);
	struct value b = condition_value(scope, pattern_of(e->rexpr));
	if (op[0] != '!' && (matches_all("~~", &b) || same(scope, e->lexpr, e->rexpr)))
		return value_bool(true);
	if (a.kind == VALUE_TEXT && b.kind == VALUE_TEXT && span_equal(a.text, b.text))
		return value_bool(op[0] != '!');
	return either(&a, &b);
}

struct value condition_operator(struct scope *scope, const PgQuery__AExpr *e)
{
	switch (e->kind) {
	case KIND(OP):
		return operation(scope, e);
	case KIND(DISTINCT):
		return distinct(scope, e, true);
	case KIND(NOT_DISTINCT):
		return distinct(scope, e, false);
	case KIND(IN):
	case KIND(OP_ANY):
	case KIND(OP_ALL):
		return member(scope, e);
	case KIND(LIKE):
	case KIND(ILIKE):
	case KIND(SIMILAR):
		return like(scope, e);
	case KIND(BETWEEN):
	case KIND(BETWEEN_SYM):
		return between(scope, e, true);
	case KIND(NOT_BETWEEN):
	case KIND(NOT_BETWEEN_SYM):
		return between(scope, e, false);
	default: { // NULLIF, and what the library may add
		struct value a = condition_value(scope, e->lexpr);
		struct value b = condition_value(scope, e->rexpr);
		return either(&a, &b);
	}
	}
}
