// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Writes, wherever they stand: what they write to, and whether their conditions keep any row from
// it.

#include "dataplane/inspect/statement.h"

#include <string.h>

#define NODE(name) PG_QUERY__NODE__NODE_##name

static void see_write(
	struct statement *st, const PgQuery__RangeVar *target, PgQuery__Node *const *returning,
	size_t n_returning
)
{
	st->kinds |= EFFECT_WRITE;
	if (target != NULL)
		statement_add_target(st, target);
	if (n_returning == 0)
		return;
	st->kinds |= EFFECT_READ;
	statement_star(st, returning, n_returning);
}

static bool is_cte(const PgQuery__WithClause *with, const char *name)
{
	for (size_t i = 0; with != NULL && i < with->n_ctes; i++)
		if (with->ctes[i]->node_case == NODE(COMMON_TABLE_EXPR) &&
		    strcmp(with->ctes[i]->common_table_expr->ctename, name) == 0)
			return true;
	return false;
}

// A subquery beside the target decides which of its rows are met.
static bool holds_query(const PgQuery__Node *from, const PgQuery__WithClause *with)
{
	if (from == NULL)
		return false;
	if (from->node_case == NODE(RANGE_VAR))
		return from->range_var->schemaname[0] == '\0' &&
		       is_cte(with, from->range_var->relname);
	if (from->node_case == NODE(JOIN_EXPR))
		return holds_query(from->join_expr->larg, with) ||
		       holds_query(from->join_expr->rarg, with);
	return from->node_case == NODE(RANGE_SUBSELECT);
}

static bool any_holds_query(PgQuery__Node *const *from, size_t n, const PgQuery__WithClause *with)
{
	for (size_t i = 0; i < n; i++)
		if (holds_query(from[i], with))
			return true;
	return false;
}

static void see_rows(
	struct statement *st, const PgQuery__Node *where, const PgQuery__RangeVar *target
)
{
	if (!statement_condition(st, where, target))
		st->flags |= EFFECT_NO_WHERE;
	if (where != NULL && statement_has_query(&where->base))
		st->flags |= EFFECT_SUBQUERY_WRITE;
}

void statement_insert(struct statement *st, const PgQuery__InsertStmt *insert)
{
	see_write(st, insert->relation, insert->returning_list, insert->n_returning_list);
	if (insert->select_stmt != NULL && insert->select_stmt->node_case == NODE(SELECT_STMT) &&
	    statement_reads_relation(insert->select_stmt->select_stmt))
		st->flags |= EFFECT_SUBQUERY_WRITE;
}

void statement_update(struct statement *st, const PgQuery__UpdateStmt *update)
{
	see_write(st, update->relation, update->returning_list, update->n_returning_list);
	statement_from(st, update->from_clause, update->n_from_clause, true);
	see_rows(st, update->where_clause, update->relation);
	if (any_holds_query(update->from_clause, update->n_from_clause, update->with_clause))
		st->flags |= EFFECT_SUBQUERY_WRITE;
}

void statement_delete(struct statement *st, const PgQuery__DeleteStmt *delete)
{
	see_write(st, delete->relation, delete->returning_list, delete->n_returning_list);
	statement_from(st, delete->using_clause, delete->n_using_clause, true);
	see_rows(st, delete->where_clause, delete->relation);
	if (any_holds_query(delete->using_clause, delete->n_using_clause, delete->with_clause))
		st->flags |= EFFECT_SUBQUERY_WRITE;
}

void statement_merge(struct statement *st, const PgQuery__MergeStmt *merge)
{
	see_write(st, merge->relation, NULL, 0);
	if (merge->source_relation != NULL)
		statement_from(st, (PgQuery__Node *const *)&merge->source_relation, 1, true);
	bool excludes = statement_condition(st, merge->join_condition, merge->relation);
	for (size_t i = 0; i < merge->n_merge_when_clauses; i++) {
		const PgQuery__Node *node = merge->merge_when_clauses[i];
		if (node->node_case != NODE(MERGE_WHEN_CLAUSE))
			continue;
		const PgQuery__MergeWhenClause *when = node->merge_when_clause;
		bool changes = when->command_type == PG_QUERY__CMD_TYPE__CMD_UPDATE ||
			       when->command_type == PG_QUERY__CMD_TYPE__CMD_DELETE;
		bool narrows = statement_condition(st, when->condition, merge->relation);
		if (changes && !excludes && !narrows)
			st->flags |= EFFECT_NO_WHERE;
	}
	if (holds_query(merge->source_relation, merge->with_clause) ||
	    (merge->join_condition != NULL && statement_has_query(&merge->join_condition->base)))
		st->flags |= EFFECT_SUBQUERY_WRITE;
}
