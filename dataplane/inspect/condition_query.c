// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Subqueries in conditions: EXISTS (SELECT 1) is true of every row, and so is a subquery that never
// looks at the row it is asked about.

#include "dataplane/inspect/condition.h"

#include <string.h>

#define NODE(name) PG_QUERY__NODE__NODE_##name

static const PgQuery__SelectStmt *query_of(const PgQuery__SubLink *link)
{
	return link->subselect != NULL && link->subselect->node_case == NODE(SELECT_STMT)
		       ? link->subselect->select_stmt
		       : NULL;
}

// SELECT expression, and nothing else.
static const PgQuery__Node *lone_value(const PgQuery__SelectStmt *s)
{
	if (s == NULL || s->n_from_clause > 0 || s->where_clause != NULL || s->n_target_list != 1 ||
	    s->limit_count != NULL || s->limit_offset != NULL || s->having_clause != NULL ||
	    s->n_values_lists > 0 || s->larg != NULL ||
	    s->target_list[0]->node_case != NODE(RES_TARGET))
		return NULL;
	return s->target_list[0]->res_target->val;
}

// A row whatever the text says of it: nothing in FROM but relations, which seldom are empty, and no
// condition.
static bool has_row(const PgQuery__SelectStmt *s)
{
	if (s->limit_count != NULL || s->limit_offset != NULL || s->larg != NULL ||
	    s->where_clause != NULL || s->having_clause != NULL)
		return false;
	for (size_t i = 0; i < s->n_from_clause; i++)
		if (s->from_clause[i]->node_case != NODE(RANGE_VAR))
			return false;
	return true;
}

struct search {
	struct scope *scope;
	const char *name; // what the target goes by
	bool shadowed;    // the subquery has another of that name
	bool found;
	unsigned depth;
};

static const char *visible_name(const PgQuery__RangeVar *r)
{
	return r->alias != NULL ? r->alias->aliasname : r->relname;
}

static void search_message(struct search *s, const ProtobufCMessage *m, bool compared);

static void search_node(struct search *s, const PgQuery__Node *node, bool compared)
{
	const ProtobufCMessage *child;
	if (node == NULL || node->node_case == NODE(_NOT_SET))
		return;
	memcpy(&child, &node->alias, sizeof(const ProtobufCMessage *));
	search_message(s, child, compared);
}

static bool holds_column(const PgQuery__Node *node)
{
	while (node != NULL && node->node_case == NODE(TYPE_CAST))
		node = node->type_cast->arg;
	return node != NULL &&
	       (node->node_case == NODE(COLUMN_REF) || node->node_case == NODE(FUNC_CALL) ||
		node->node_case == NODE(A_EXPR));
}

static void search_column(struct search *s, const PgQuery__ColumnRef *ref, bool compared)
{
	// A bare name may be the target's where it is compared with another column; compared with
	// a constant it is taken for the subquery's own.
	if (ref->n_fields == 1)
		s->found |= compared;
	else if (!s->shadowed)
		s->found |=
			strcmp(statement_name_part(ref->fields, ref->n_fields - 2), s->name) == 0;
}

static void search_message(struct search *s, const ProtobufCMessage *m, bool compared)
{
	if (m == NULL || s->found || s->depth >= STATEMENT_DEPTH_MAX)
		return;
	if (!statement_step(s->scope->st))
		return;
	s->depth++;
	if (m->descriptor == &pg_query__node__descriptor) {
		search_node(s, (const PgQuery__Node *)m, compared);
	} else if (m->descriptor == &pg_query__column_ref__descriptor) {
		search_column(s, (const PgQuery__ColumnRef *)m, compared);
	} else if (m->descriptor == &pg_query__a__expr__descriptor) {
		const PgQuery__AExpr *e = (const PgQuery__AExpr *)m;
		bool both = holds_column(e->lexpr) && holds_column(e->rexpr);
		search_node(s, e->lexpr, both);
		search_node(s, e->rexpr, both);
	} else if (m->descriptor == &pg_query__sub_link__descriptor) {
		const PgQuery__SubLink *link = (const PgQuery__SubLink *)m;
		search_node(s, link->testexpr, true);
		search_node(s, link->subselect, compared);
	} else {
		struct statement_children next = {.message = m};
		for (const ProtobufCMessage *child; (child = statement_next_child(&next)) != NULL;)
			search_message(s, child, compared);
	}
	s->depth--;
}

static bool names_again(const PgQuery__Node *from, const char *name)
{
	if (from->node_case == NODE(RANGE_VAR))
		return strcmp(visible_name(from->range_var), name) == 0;
	if (from->node_case == NODE(JOIN_EXPR))
		return names_again(from->join_expr->larg, name) ||
		       names_again(from->join_expr->rarg, name);
	if (from->node_case == NODE(RANGE_SUBSELECT) && from->range_subselect->alias != NULL)
		return strcmp(from->range_subselect->alias->aliasname, name) == 0;
	return false;
}

// Whether the subquery may look at the target's row.
static bool correlates(struct scope *scope, const PgQuery__SelectStmt *select)
{
	if (scope->target == NULL)
		return true;
	struct search search = {.scope = scope, .name = visible_name(scope->target)};
	for (size_t i = 0; i < select->n_from_clause; i++)
		search.shadowed |= names_again(select->from_clause[i], search.name);
	search_message(&search, &select->base, false);
	return search.found;
}

// id IN (SELECT id FROM t), of the same t and of all its rows.
static bool is_itself(
	struct scope *scope, const PgQuery__Node *column, const PgQuery__SelectStmt *s
)
{
	const PgQuery__RangeVar *t = scope->target;
	if (t == NULL || s->n_from_clause != 1 || s->from_clause[0]->node_case != NODE(RANGE_VAR) ||
	    s->n_target_list != 1 || s->target_list[0]->node_case != NODE(RES_TARGET) ||
	    s->limit_count != NULL || s->limit_offset != NULL || s->larg != NULL)
		return false;
	const PgQuery__Node *val = s->target_list[0]->res_target->val;
	if (val == NULL || column->node_case != NODE(COLUMN_REF) ||
	    val->node_case != NODE(COLUMN_REF) || val->column_ref->n_fields == 0)
		return false;
	const PgQuery__ColumnRef *a = column->column_ref, *b = val->column_ref;
	if (strcmp(statement_name_part(a->fields, a->n_fields - 1),
		   statement_name_part(b->fields, b->n_fields - 1)) != 0 ||
	    strcmp(s->from_clause[0]->range_var->relname, t->relname) != 0)
		return false;
	if (s->where_clause == NULL)
		return true;
	struct scope inner = {.st = scope->st, .depth = scope->depth};
	struct value v = condition_value(&inner, s->where_clause);
	return !v.excludes;
}

static struct value of_each(struct scope *scope, const PgQuery__SubLink *link)
{
	const PgQuery__SelectStmt *s = query_of(link);
	struct value v = condition_any(scope, link->testexpr);
	const PgQuery__Node *lone = lone_value(s);
	if (s == NULL || link->testexpr == NULL)
		return (struct value){.kind = VALUE_ANY, .row = true};
	if (link->sub_link_type == PG_QUERY__SUB_LINK_TYPE__ANY_SUBLINK && link->n_oper_name == 0 &&
	    ((lone != NULL && statement_same(scope->st, link->testexpr, lone)) ||
	     is_itself(scope, link->testexpr, s)))
		return value_bool(true);
	v.open = true;
	return v;
}

struct value condition_query(struct scope *scope, const PgQuery__SubLink *link)
{
	const PgQuery__SelectStmt *s = query_of(link);
	if (s == NULL)
		return (struct value){.kind = VALUE_ANY, .row = true};
	if (link->sub_link_type == PG_QUERY__SUB_LINK_TYPE__EXISTS_SUBLINK && has_row(s))
		return value_bool(true);
	if (link->sub_link_type == PG_QUERY__SUB_LINK_TYPE__EXPR_SUBLINK && lone_value(s) != NULL)
		return condition_value(scope, lone_value(s));
	if (link->sub_link_type == PG_QUERY__SUB_LINK_TYPE__ANY_SUBLINK ||
	    link->sub_link_type == PG_QUERY__SUB_LINK_TYPE__ALL_SUBLINK)
		return of_each(scope, link);
	return (struct value){.kind = VALUE_ANY, .row = correlates(scope, s), .open = true};
}
