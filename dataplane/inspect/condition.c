// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Conditions that choose nothing: true whatever the row. What is folded is what a statement's text
// decides by itself; what does not depend on a row at all can only take all rows or none.

#include "dataplane/inspect/condition.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NODE(name) PG_QUERY__NODE__NODE_##name

enum { ARMS_MAX = 16 }; // of an OR, compared with one another

static bool word_in(struct span word, const char *const *words)
{
	for (; *words != NULL; words++)
		if (word.n == strlen(*words) &&
		    strncasecmp((const char *)word.p, *words, word.n) == 0)
			return true;
	return false;
}

static enum truth truth_of_text(struct span text)
{
	static const char *const yes[] = {"t", "true", "y", "yes", "on", "1", NULL};
	static const char *const no[] = {"f", "false", "n", "no", "off", "0", NULL};
	if (word_in(text, yes))
		return TRUTH_TRUE;
	return word_in(text, no) ? TRUTH_FALSE : TRUTH_ANY;
}

enum truth value_truth(const struct value *v)
{
	switch (v->kind) {
	case VALUE_ANY:
		return TRUTH_ANY;
	case VALUE_NULL:
		return TRUTH_NULL;
	case VALUE_BOOL:
	case VALUE_NUMBER:
		return v->number != 0 ? TRUTH_TRUE : TRUTH_FALSE;
	case VALUE_TEXT:
		return truth_of_text(v->text);
	}
	return TRUTH_ANY;
}

bool value_number_of(const struct value *v, double *number)
{
	char text[64], *end;
	if (v->kind == VALUE_NUMBER || v->kind == VALUE_BOOL) {
		*number = v->number;
		return v->kind == VALUE_NUMBER;
	}
	if (v->kind != VALUE_TEXT || v->text.n == 0 || v->text.n >= sizeof(text))
		return false;
	memcpy(text, v->text.p, v->text.n);
	text[v->text.n] = '\0';
	*number = strtod(text, &end);
	return *end == '\0';
}

static struct value with_excludes(struct value v)
{
	enum truth truth = value_truth(&v);
	v.excludes = truth == TRUTH_ANY ? v.row : truth != TRUTH_TRUE;
	return v;
}

static struct value constant(const PgQuery__AConst *c)
{
	if (c->isnull)
		return (struct value){.kind = VALUE_NULL};
	switch (c->val_case) {
	case PG_QUERY__A__CONST__VAL_IVAL:
		return value_number(c->ival->ival);
	case PG_QUERY__A__CONST__VAL_FVAL:
		return value_number(strtod(c->fval->fval, NULL));
	case PG_QUERY__A__CONST__VAL_BOOLVAL:
		return value_bool(c->boolval->boolval);
	case PG_QUERY__A__CONST__VAL_SVAL:
		return (struct value){.kind = VALUE_TEXT, .text = span_str(c->sval->sval)};
	case PG_QUERY__A__CONST__VAL_BSVAL:
		return (struct value){.kind = VALUE_TEXT, .text = span_str(c->bsval->bsval)};
	default: // the library's: nothing there
		return (struct value){.kind = VALUE_ANY};
	}
}

static const char *type_name(const PgQuery__TypeName *type)
{
	return type == NULL || type->n_names == 0
		       ? ""
		       : statement_name_part(type->names, type->n_names - 1);
}

static struct value cast(struct scope *scope, const PgQuery__TypeCast *c)
{
	static const char *const numbers[] = {"int2",   "int4",    "int8",    "float4",
					      "float8", "numeric", "decimal", NULL};
	static const char *const texts[] = {"text", "varchar", "bpchar", "name", NULL};
	struct value v = condition_value(scope, c->arg);
	struct span type = span_str(type_name(c->type_name));
	double number;
	if (v.kind == VALUE_ANY || v.kind == VALUE_NULL)
		return v;
	if (span_equal(type, SPAN_LIT("bool")) && value_truth(&v) != TRUTH_ANY)
		return value_bool(value_truth(&v) == TRUTH_TRUE);
	if (word_in(type, numbers) && value_number_of(&v, &number))
		return value_number(number);
	if (word_in(type, texts) && v.kind == VALUE_TEXT)
		return v;
	return (struct value){.kind = VALUE_ANY};
}

static struct value merge_all(
	struct scope *scope, PgQuery__Node *const *nodes, size_t n, struct value *first
)
{
	struct value all = {.kind = VALUE_ANY};
	for (size_t i = 0; i < n; i++) {
		struct value v = condition_value(scope, nodes[i]);
		if (i == 0 && first != NULL)
			*first = v;
		all.row |= v.row;
		all.open |= v.open;
	}
	return all;
}

// True of every row; or, as it does not look at the row, of all or none.
static bool chooses_nothing(const struct value *v)
{
	enum truth truth = value_truth(v);
	return truth == TRUTH_TRUE || (truth == TRUTH_ANY && !v->row && !v->open);
}

static struct value all_of(struct scope *scope, const PgQuery__BoolExpr *e)
{
	struct value all = value_bool(true);
	bool excludes = false;
	for (size_t i = 0; i < e->n_args; i++) {
		struct value v = condition_value(scope, e->args[i]);
		enum truth truth = value_truth(&v);
		excludes |= v.excludes;
		all.idle |= chooses_nothing(&v);
		all.row |= v.row;
		all.open |= v.open;
		if (truth == TRUTH_FALSE || (all.kind == VALUE_BOOL && all.number == 0))
			all.kind = VALUE_BOOL, all.number = 0;
		else if (truth == TRUTH_ANY)
			all.kind = VALUE_ANY;
		else if (truth == TRUTH_NULL && all.kind == VALUE_BOOL)
			all.kind = VALUE_NULL;
	}
	all.excludes = excludes;
	return all;
}

// a < b and a >= b: one is true unless null.
static bool is_opposite(const char *a, const char *b)
{
	static const char *const pairs[][2] = {
		{"=", "<>"}, {"<", ">="}, {"<=", ">"}, {"<=", ">="}, {"~~", "!~~"}, {"~", "!~"},
	};
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if ((strcmp(a, pairs[i][0]) == 0 && strcmp(b, pairs[i][1]) == 0) ||
		    (strcmp(b, pairs[i][0]) == 0 && strcmp(a, pairs[i][1]) == 0))
			return true;
	return false;
}

// x > 0 OR x < 10: whatever x is.
static bool overlaps(const char *a, double x, const char *b, double y)
{
	return (a[0] == '>' && b[0] == '<' && x < y) || (a[0] == '<' && b[0] == '>' && y < x);
}

static bool literal(const PgQuery__Node *node, double *number)
{
	if (node == NULL || node->node_case != NODE(A_CONST))
		return false;
	struct value v = constant(node->a_const);
	return value_number_of(&v, number);
}

static bool operators_cover(struct scope *scope, const PgQuery__AExpr *a, const PgQuery__AExpr *b)
{
	if (a->n_name != 1 || b->n_name != 1 || !statement_same(scope->st, a->lexpr, b->lexpr))
		return false;
	const char *x = statement_name_part(a->name, 0), *y = statement_name_part(b->name, 0);
	if (statement_same(scope->st, a->rexpr, b->rexpr))
		return is_opposite(x, y) ||
		       (a->kind == b->kind && strcmp(x, "=") == 0 && strcmp(y, "<>") == 0);
	double m, n;
	return literal(a->rexpr, &m) && literal(b->rexpr, &n) && overlaps(x, m, y, n);
}

static bool is_not_of(struct scope *scope, const PgQuery__Node *a, const PgQuery__Node *b)
{
	return a->node_case == NODE(BOOL_EXPR) &&
	       a->bool_expr->boolop == PG_QUERY__BOOL_EXPR_TYPE__NOT_EXPR &&
	       a->bool_expr->n_args == 1 && statement_same(scope->st, a->bool_expr->args[0], b);
}

// Two arms of which one is true of every row.
static bool cover(struct scope *scope, const PgQuery__Node *a, const PgQuery__Node *b)
{
	if (is_not_of(scope, a, b) || is_not_of(scope, b, a))
		return true;
	if (a->node_case != b->node_case)
		return false;
	if (a->node_case == NODE(NULL_TEST))
		return a->null_test->nulltesttype != b->null_test->nulltesttype &&
		       statement_same(scope->st, a->null_test->arg, b->null_test->arg);
	return a->node_case == NODE(A_EXPR) && operators_cover(scope, a->a_expr, b->a_expr);
}

static bool arms_cover(struct scope *scope, const PgQuery__BoolExpr *e)
{
	size_t n = e->n_args < ARMS_MAX ? e->n_args : ARMS_MAX;
	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1; k < n; k++)
			if (cover(scope, e->args[i], e->args[k]))
				return true;
	return false;
}

static struct value any_of(struct scope *scope, const PgQuery__BoolExpr *e)
{
	struct value any = value_bool(false);
	bool excludes = true, covers = arms_cover(scope, e);
	for (size_t i = 0; i < e->n_args; i++) {
		struct value v = condition_value(scope, e->args[i]);
		enum truth truth = value_truth(&v);
		// OR 1 = 1 AND x: nobody writes what is true into an arm but to hide the OR.
		if (chooses_nothing(&v) || v.idle)
			scope->st->flags |= EFFECT_TAUTOLOGY;
		excludes &= v.excludes;
		any.row |= v.row;
		any.open |= v.open;
		if (truth == TRUTH_TRUE || (any.kind == VALUE_BOOL && any.number != 0))
			any.kind = VALUE_BOOL, any.number = 1;
		else if (truth == TRUTH_ANY)
			any.kind = VALUE_ANY;
		else if (truth == TRUTH_NULL && any.kind == VALUE_BOOL)
			any.kind = VALUE_NULL;
	}
	any.excludes = excludes;
	if (!covers)
		return any;
	scope->st->flags |= EFFECT_TAUTOLOGY;
	return value_bool(true);
}

static struct value not_of(struct scope *scope, const PgQuery__BoolExpr *e)
{
	struct value v = condition_value(scope, e->args[0]);
	enum truth truth = value_truth(&v);
	if (truth == TRUTH_TRUE || truth == TRUTH_FALSE)
		v.kind = VALUE_BOOL, v.number = truth == TRUTH_FALSE;
	v.idle = false;
	return with_excludes(v);
}

static struct value logic(struct scope *scope, const PgQuery__BoolExpr *e)
{
	if (e->boolop == PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR)
		return all_of(scope, e);
	if (e->boolop == PG_QUERY__BOOL_EXPR_TYPE__OR_EXPR)
		return any_of(scope, e);
	return e->n_args == 1 ? not_of(scope, e) : (struct value){.kind = VALUE_ANY, .row = true};
}

// (a = 1) IS NOT NULL: true whatever a is, unless it is null, as a = a is.
static struct value null_test(struct scope *scope, const PgQuery__NullTest *t)
{
	struct value v = condition_value(scope, t->arg);
	bool is_null = t->nulltesttype == PG_QUERY__NULL_TEST_TYPE__IS_NULL;
	bool compares = t->arg != NULL &&
			(t->arg->node_case == NODE(A_EXPR) || t->arg->node_case == NODE(BOOL_EXPR));
	if (v.kind == VALUE_ANY && compares && !is_null)
		return value_bool(true);
	v.idle = false;
	if (v.kind == VALUE_ANY)
		return v;
	return value_bool((v.kind == VALUE_NULL) == is_null);
}

static struct value truth_test(struct scope *scope, const PgQuery__BooleanTest *t)
{
	struct value v = condition_value(scope, t->arg);
	enum truth truth = value_truth(&v);
	if (truth == TRUTH_ANY)
		return v;
	switch (t->booltesttype) {
	case PG_QUERY__BOOL_TEST_TYPE__IS_TRUE:
		return value_bool(truth == TRUTH_TRUE);
	case PG_QUERY__BOOL_TEST_TYPE__IS_NOT_TRUE:
		return value_bool(truth != TRUTH_TRUE);
	case PG_QUERY__BOOL_TEST_TYPE__IS_FALSE:
		return value_bool(truth == TRUTH_FALSE);
	case PG_QUERY__BOOL_TEST_TYPE__IS_NOT_FALSE:
		return value_bool(truth != TRUTH_FALSE);
	case PG_QUERY__BOOL_TEST_TYPE__IS_UNKNOWN:
		return value_bool(truth == TRUTH_NULL);
	case PG_QUERY__BOOL_TEST_TYPE__IS_NOT_UNKNOWN:
		return value_bool(truth != TRUTH_NULL);
	default: // the library's own
		return (struct value){.kind = VALUE_ANY, .row = true};
	}
}

// All arms true: COALESCE(a = a, b), CASE WHEN x THEN true ELSE true END.
static struct value first_of(struct scope *scope, const PgQuery__CoalesceExpr *e)
{
	struct value first = {.kind = VALUE_ANY};
	struct value all = merge_all(scope, e->args, e->n_args, &first);
	return first.kind == VALUE_ANY || first.kind == VALUE_NULL ? all : first;
}

static struct value case_of(struct scope *scope, const PgQuery__CaseExpr *e)
{
	struct value all = {.kind = VALUE_ANY};
	bool always = e->n_args > 0, taken = false;
	if (e->arg != NULL)
		all = condition_any(scope, e->arg);
	for (size_t i = 0; i < e->n_args; i++) {
		if (e->args[i]->node_case != NODE(CASE_WHEN))
			continue;
		struct value when = condition_value(scope, e->args[i]->case_when->expr);
		struct value then = condition_value(scope, e->args[i]->case_when->result);
		enum truth truth = value_truth(&when);
		all.row |= when.row | then.row;
		all.open |= when.open | then.open;
		// WHEN of CASE x compares; WHEN alone is a condition.
		if (e->arg == NULL && (truth == TRUTH_FALSE || truth == TRUTH_NULL))
			continue;
		always &= value_truth(&then) == TRUTH_TRUE;
		taken |= e->arg == NULL && truth == TRUTH_TRUE;
		if (taken)
			break;
	}
	if (!taken) {
		struct value last = {.kind = VALUE_NULL};
		if (e->defresult != NULL)
			last = condition_value(scope, e->defresult);
		all.row |= last.row;
		all.open |= last.open;
		always &= value_truth(&last) == TRUTH_TRUE;
	}
	return always ? value_bool(true) : all;
}

static struct value column(struct scope *scope, const PgQuery__ColumnRef *ref)
{
	const PgQuery__RangeVar *t = scope->target;
	struct value v = {.kind = VALUE_ANY, .row = true};
	if (t == NULL || ref->n_fields < 2)
		return v;
	const char *name = t->alias != NULL ? t->alias->aliasname : t->relname;
	v.row = strcmp(statement_name_part(ref->fields, ref->n_fields - 2), name) == 0;
	v.open = !v.row;
	return v;
}

static struct value fold(struct scope *scope, const PgQuery__Node *node)
{
	switch (node->node_case) {
	case NODE(A_CONST):
		return constant(node->a_const);
	case NODE(TYPE_CAST):
		return cast(scope, node->type_cast);
	case NODE(BOOL_EXPR):
		return logic(scope, node->bool_expr);
	case NODE(A_EXPR):
		return condition_operator(scope, node->a_expr);
	case NODE(NULL_TEST):
		return null_test(scope, node->null_test);
	case NODE(BOOLEAN_TEST):
		return truth_test(scope, node->boolean_test);
	case NODE(COALESCE_EXPR):
		return first_of(scope, node->coalesce_expr);
	case NODE(CASE_EXPR):
		return case_of(scope, node->case_expr);
	case NODE(SUB_LINK):
		return condition_query(scope, node->sub_link);
	case NODE(COLUMN_REF):
		return column(scope, node->column_ref);
	case NODE(PARAM_REF):
		return (struct value){.kind = VALUE_ANY, .open = true};
	case NODE(CURRENT_OF_EXPR):
		return (struct value){.kind = VALUE_ANY, .row = true};
	case NODE(COLLATE_CLAUSE):
		return condition_value(scope, node->collate_clause->arg);
	case NODE(FUNC_CALL):
		return merge_all(scope, node->func_call->args, node->func_call->n_args, NULL);
	case NODE(ROW_EXPR):
		return merge_all(scope, node->row_expr->args, node->row_expr->n_args, NULL);
	case NODE(MIN_MAX_EXPR):
		return merge_all(scope, node->min_max_expr->args, node->min_max_expr->n_args, NULL);
	case NODE(A_ARRAY_EXPR):
		return merge_all(
			scope, node->a_array_expr->elements, node->a_array_expr->n_elements, NULL
		);
	case NODE(LIST):
		return merge_all(scope, node->list->items, node->list->n_items, NULL);
	case NODE(A_INDIRECTION):
		return condition_any(scope, node->a_indirection->arg);
	case NODE(SQLVALUE_FUNCTION):
		return (struct value){.kind = VALUE_ANY};
	default: // the library's: what is not understood may well look at the row
		return (struct value){.kind = VALUE_ANY, .row = true};
	}
}

struct value condition_value(struct scope *scope, const PgQuery__Node *node)
{
	// A tree too deep is found, and so unknown, by the walk.
	if (node == NULL || scope->depth >= STATEMENT_DEPTH_MAX)
		return (struct value){.kind = VALUE_ANY, .row = true, .excludes = true};
	if (!statement_step(scope->st))
		return (struct value){.kind = VALUE_ANY};
	scope->depth++;
	struct value v = fold(scope, node);
	scope->depth--;
	if (node->node_case == NODE(BOOL_EXPR))
		return v; // knows better what it excludes
	return with_excludes(v);
}

struct value condition_any(struct scope *scope, const PgQuery__Node *node)
{
	struct value v = condition_value(scope, node);
	return (struct value){.kind = VALUE_ANY, .row = v.row, .open = v.open};
}

bool statement_condition(
	struct statement *st, const PgQuery__Node *condition, const PgQuery__RangeVar *target
)
{
	struct scope scope = {.st = st, .target = target};
	if (condition == NULL)
		return false;
	struct value v = condition_value(&scope, condition);
	if (chooses_nothing(&v))
		st->flags |= EFFECT_TAUTOLOGY;
	return v.excludes;
}

bool statement_number(struct statement *st, const PgQuery__Node *node, double *number)
{
	struct scope scope = {.st = st};
	struct value v = condition_value(&scope, node);
	return value_number_of(&v, number);
}
