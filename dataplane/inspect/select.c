// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The shape of a result: how many relations it joins, whether it has every column, and whether the
// text bounds its rows.

#include "dataplane/inspect/function.h"
#include "dataplane/inspect/statement.h"

#include <string.h>

#define NODE(name) PG_QUERY__NODE__NODE_##name

static bool is_star(const PgQuery__Node *node)
{
	return node->node_case == NODE(A_STAR);
}

// t.*, (f(x)).*
static bool ends_in_star(const PgQuery__Node *value)
{
	if (value == NULL)
		return false;
	if (value->node_case == NODE(COLUMN_REF)) {
		const PgQuery__ColumnRef *c = value->column_ref;
		return c->n_fields > 0 && is_star(c->fields[c->n_fields - 1]);
	}
	if (value->node_case == NODE(A_INDIRECTION)) {
		const PgQuery__AIndirection *i = value->a_indirection;
		return i->n_indirection > 0 && is_star(i->indirection[i->n_indirection - 1]);
	}
	return false;
}

void statement_star(struct statement *st, PgQuery__Node *const *targets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (targets[i]->node_case == NODE(RES_TARGET) &&
		    ends_in_star(targets[i]->res_target->val))
			st->flags |= EFFECT_STAR;
}

static void add_range(struct statement *st, struct statement_range range)
{
	if (st->n_ranges == STATEMENT_RANGES_MAX)
		statement_unknown(st, "it has too many relations in FROM");
	else
		st->ranges[st->n_ranges++] = range;
}

static struct span alias_name(const PgQuery__Alias *alias)
{
	return alias == NULL ? (struct span){0} : span_str(alias->aliasname);
}

static void add_function(struct statement *st, const PgQuery__RangeFunction *f)
{
	struct statement_range range = {
		.name = alias_name(f->alias),
		.alias = f->alias,
		.function = f};
	if (range.name.n == 0)
		range.name = statement_range_function_name(f);
	add_range(st, range);
}

// Returns how many relations are joined here.
static unsigned add_from(struct statement *st, const PgQuery__Node *from)
{
	switch (from->node_case) {
	case NODE(JOIN_EXPR): {
		unsigned n = 0;
		if (from->join_expr->larg != NULL)
			n += add_from(st, from->join_expr->larg);
		if (from->join_expr->rarg != NULL)
			n += add_from(st, from->join_expr->rarg);
		return n;
	}
	case NODE(RANGE_VAR):
		add_range(
			st,
			(struct statement_range){
				.name = from->range_var->alias != NULL
						? alias_name(from->range_var->alias)
						: span_str(from->range_var->relname),
				.alias = from->range_var->alias,
			}
		);
		return 1;
	case NODE(RANGE_FUNCTION):
		add_function(st, from->range_function);
		return 1;
	case NODE(RANGE_TABLE_SAMPLE):
		return from->range_table_sample->relation == NULL
			       ? 1
			       : add_from(st, from->range_table_sample->relation);
	default: // the library's: subqueries and XMLTABLE have no row that is one value
		return 1;
	}
}

void statement_from(struct statement *st, PgQuery__Node *const *from, size_t n, bool with_target)
{
	unsigned relations = with_target;
	for (size_t i = 0; i < n; i++)
		relations += add_from(st, from[i]);
	if (relations > 1)
		st->n_joins += relations - 1;
	if (st->n_joins >= EFFECT_JOINS_MAX)
		st->flags |= EFFECT_MANY_JOINS;
}

void statement_select(struct statement *st, const PgQuery__SelectStmt *select, bool is_exists)
{
	// The rows of INSERT ... VALUES are a SelectStmt too, and read nothing.
	if (select->n_values_lists == 0)
		st->kinds |= EFFECT_READ;
	if (select->into_clause != NULL)
		st->kinds |= EFFECT_DDL | EFFECT_WRITE;
	if (select->n_locking_clause > 0)
		st->kinds |= EFFECT_WRITE; // row locks: others wait
	statement_from(st, select->from_clause, select->n_from_clause, false);
	if (!is_exists)
		statement_star(st, select->target_list, select->n_target_list);
	(void)statement_condition(st, select->where_clause, NULL);
	(void)statement_condition(st, select->having_clause, NULL);
}

bool statement_reads_relation(const PgQuery__SelectStmt *select)
{
	for (; select != NULL; select = select->rarg) {
		if (select->n_from_clause > 0 ||
		    (select->larg != NULL && statement_reads_relation(select->larg)))
			return true;
	}
	return false;
}

// What makes many rows of one: of the server's own.
static bool makes_rows(const char *name)
{
	static const char *const names[] = {
		"generate_series",
		"generate_subscripts",
		"json_array_elements",
		"json_array_elements_text",
		"json_each",
		"json_each_text",
		"json_object_keys",
		"json_populate_recordset",
		"jsonb_array_elements",
		"jsonb_array_elements_text",
		"jsonb_each",
		"jsonb_each_text",
		"jsonb_object_keys",
		"jsonb_path_query",
		"jsonb_path_query_tz",
		"jsonb_populate_recordset",
		"regexp_matches",
		"regexp_split_to_table",
		"string_to_table",
		"ts_parse",
		"unnest",
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return function_find(NULL, name).kinds != EFFECT_READ;
}

static bool aggregates(const char *name)
{
	static const char *const names[] = {
		"array_agg",
		"avg",
		"bit_and",
		"bit_or",
		"bool_and",
		"bool_or",
		"count",
		"every",
		"json_agg",
		"jsonb_agg",
		"json_object_agg",
		"jsonb_object_agg",
		"max",
		"min",
		"stddev",
		"stddev_pop",
		"stddev_samp",
		"string_agg",
		"sum",
		"variance",
		"var_pop",
		"var_samp",
		"xmlagg",
		"mode",
		"percentile_cont",
		"percentile_disc",
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

// What the calls of a target list make of its rows.
struct calls {
	bool aggregate, rows;
};

static void look_at_calls(const ProtobufCMessage *m, struct calls *calls, unsigned depth)
{
	if (m->descriptor == &pg_query__select_stmt__descriptor || depth > STATEMENT_DEPTH_MAX)
		return;
	if (m->descriptor == &pg_query__func_call__descriptor) {
		const PgQuery__FuncCall *f = (const PgQuery__FuncCall *)m;
		const char *name = f->n_funcname == 0
					   ? ""
					   : statement_name_part(f->funcname, f->n_funcname - 1);
		calls->aggregate |= f->over == NULL && aggregates(name);
		calls->rows |= makes_rows(name);
	}
	struct statement_children next = {.message = m};
	for (const ProtobufCMessage *child; (child = statement_next_child(&next)) != NULL;)
		look_at_calls(child, calls, depth + 1);
}

static struct calls calls_of(const PgQuery__SelectStmt *s)
{
	struct calls calls = {0};
	for (size_t i = 0; i < s->n_target_list; i++)
		look_at_calls(&s->target_list[i]->base, &calls, 0);
	if (s->having_clause != NULL)
		look_at_calls(&s->having_clause->base, &calls, 0);
	return calls;
}

static bool is_bounded(
	struct statement *st, const PgQuery__SelectStmt *s, const PgQuery__WithClause *with,
	unsigned depth
);

static bool limits(struct statement *st, const PgQuery__SelectStmt *s)
{
	double n;
	if (s->limit_count == NULL ||
	    s->limit_option == PG_QUERY__LIMIT_OPTION__LIMIT_OPTION_WITH_TIES)
		return false;
	if (s->limit_count->node_case == NODE(PARAM_REF))
		return true; // whose value the command has
	return statement_number(st, s->limit_count, &n) && n <= STATEMENT_ROWS_MAX;
}

static const PgQuery__SelectStmt *cte_query(const PgQuery__WithClause *with, const char *name)
{
	if (with == NULL || with->recursive)
		return NULL;
	for (size_t i = 0; i < with->n_ctes; i++) {
		const PgQuery__CommonTableExpr *cte = with->ctes[i]->common_table_expr;
		if (with->ctes[i]->node_case == NODE(COMMON_TABLE_EXPR) &&
		    strcmp(cte->ctename, name) == 0 && cte->ctequery != NULL &&
		    cte->ctequery->node_case == NODE(SELECT_STMT))
			return cte->ctequery->select_stmt;
	}
	return NULL;
}

// FROM one subquery, or one name of WITH, that is bounded itself.
static bool from_is_bounded(
	struct statement *st, const PgQuery__SelectStmt *s, const PgQuery__WithClause *with,
	unsigned depth
)
{
	const PgQuery__Node *from = s->from_clause[0];
	if (s->n_from_clause != 1)
		return false;
	if (from->node_case == NODE(RANGE_SUBSELECT) && from->range_subselect->subquery != NULL &&
	    from->range_subselect->subquery->node_case == NODE(SELECT_STMT))
		return is_bounded(
			st, from->range_subselect->subquery->select_stmt, with, depth + 1
		);
	if (from->node_case != NODE(RANGE_VAR) || from->range_var->schemaname[0] != '\0')
		return false;
	const PgQuery__SelectStmt *query = cte_query(with, from->range_var->relname);
	return query != NULL && is_bounded(st, query, NULL, depth + 1);
}

static bool is_bounded(
	struct statement *st, const PgQuery__SelectStmt *s, const PgQuery__WithClause *with,
	unsigned depth
)
{
	if (depth > STATEMENT_DEPTH_MAX)
		return false;
	if (s->with_clause != NULL)
		with = s->with_clause;
	if (s->into_clause != NULL || s->n_values_lists > 0 || limits(st, s))
		return true;
	if (s->larg != NULL && s->rarg != NULL)
		return is_bounded(st, s->larg, with, depth + 1) &&
		       is_bounded(st, s->rarg, with, depth + 1);
	struct calls calls = calls_of(s);
	if (calls.rows)
		return false;
	if (s->n_from_clause == 0 || (calls.aggregate && s->n_group_clause == 0))
		return true;
	return from_is_bounded(st, s, with, depth);
}

void statement_result(struct statement *st, const PgQuery__Node *node)
{
	if (node == NULL)
		return;
	switch (node->node_case) {
	case NODE(SELECT_STMT):
		if (!is_bounded(st, node->select_stmt, NULL, 0))
			st->flags |= EFFECT_NO_LIMIT;
		break;
	case NODE(UPDATE_STMT):
		if (node->update_stmt->n_returning_list > 0)
			st->flags |= EFFECT_NO_LIMIT;
		break;
	case NODE(DELETE_STMT):
		if (node->delete_stmt->n_returning_list > 0)
			st->flags |= EFFECT_NO_LIMIT;
		break;
	case NODE(INSERT_STMT):
		if (node->insert_stmt->n_returning_list > 0 &&
		    node->insert_stmt->select_stmt != NULL)
			statement_result(st, node->insert_stmt->select_stmt);
		break;
	case NODE(PREPARE_STMT):
		statement_result(st, node->prepare_stmt->query);
		break;
	case NODE(DECLARE_CURSOR_STMT):
		statement_result(st, node->declare_cursor_stmt->query);
		break;
	case NODE(COPY_STMT):
		if (node->copy_stmt->query != NULL)
			statement_result(st, node->copy_stmt->query);
		else if (!node->copy_stmt->is_from)
			st->flags |= EFFECT_NO_LIMIT;
		break;
	default: // the library's: others give no rows of relations
		break;
	}
}
