// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Everything a statement touches, wherever it stands.

#include "dataplane/inspect/statement.h"

#include <string.h>

static struct span text_of(const char *s)
{
	return span_str(s == NULL ? "" : s);
}

void statement_add_target(struct statement *st, const PgQuery__RangeVar *relation)
{
	if (st->n_targets == STATEMENT_TARGETS_MAX)
		statement_unknown(st, "it writes to too many relations");
	else
		st->targets[st->n_targets++] = relation;
}

static bool is_target(const struct statement *st, const PgQuery__RangeVar *relation)
{
	for (uint16_t i = 0; i < st->n_targets; i++)
		if (st->targets[i] == relation)
			return true;
	return false;
}

void statement_add_object(struct statement *st, struct effect_object object)
{
	for (uint16_t i = 0; i < st->n_objects; i++) {
		struct effect_object *o = &st->objects[i];
		if (effect_object_is(o, &object)) {
			o->access |= object.access;
			return;
		}
	}
	if (st->n_objects == EFFECT_OBJECTS_MAX)
		statement_unknown(
			st, "it names too many relations, functions and prepared statements"
		);
	else
		st->objects[st->n_objects++] = object;
}

void statement_add_prepared(struct statement *st, const char *name)
{
	if (name[0] != '\0')
		statement_add_object(
			st, (struct effect_object){.name = span_str(name), .access = EFFECT_SESSION}
		);
}

void statement_add_column(struct statement *st, struct span name)
{
	for (uint16_t i = 0; i < st->n_columns; i++)
		if (span_equal(st->columns[i], name))
			return;
	if (st->n_columns < EFFECT_COLUMNS_MAX)
		st->columns[st->n_columns++] = name;
	else
		st->columns[0] = SPAN_LIT("*"); // too many to tell: count as all
}

// Where the server keeps passwords and their like, and what shows them.
static bool holds_credentials(const PgQuery__RangeVar *r)
{
	static const char *const names[] = {
		"_pg_user_mappings",    "pg_authid",       "pg_shadow",
		"pg_subscription",      "pg_user_mapping", "pg_user_mappings",
		"user_mapping_options",
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], r->relname) == 0)
			return true;
	return false;
}

static void see_relation(struct statement *st, const PgQuery__RangeVar *r)
{
	struct effect_object object = {
		.schema = text_of(r->schemaname),
		.name = text_of(r->relname),
		.alias = r->alias == NULL ? (struct span){0} : text_of(r->alias->aliasname),
		.access = is_target(st, r) ? EFFECT_WRITE : EFFECT_READ,
	};
	if ((st->kinds & EFFECT_DDL) != 0)
		object.access |= EFFECT_DDL;
	if (holds_credentials(r))
		st->flags |= EFFECT_CREDENTIALS;
	statement_add_object(st, object);
}

// FROM t AS a(x, y): from here on columns go by names that say nothing of their origin.
static void see_alias(struct statement *st, const PgQuery__Alias *alias)
{
	if (alias->n_colnames > 0)
		statement_add_column(st, SPAN_LIT("*"));
}

// The alias of a join, or of its USING, names all of those columns at once.
static void see_join(struct statement *st, const PgQuery__JoinExpr *join)
{
	if (join->alias != NULL || join->join_using_alias != NULL)
		statement_add_column(st, SPAN_LIT("*"));
	// ON true is how LATERAL is joined; an OR that is true hides that it joins everything.
	if (join->quals != NULL && join->quals->node_case == PG_QUERY__NODE__NODE_BOOL_EXPR)
		(void)statement_condition(st, join->quals, NULL);
}

static void see_cte(struct statement *st, const PgQuery__CommonTableExpr *cte)
{
	if (cte->ctequery != NULL && cte->ctequery->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
		st->flags |= EFFECT_CTE_WRITE;
}

static void see_sample(struct statement *st, const PgQuery__RangeTableSample *sample)
{
	const char *method = sample->n_method == 1 ? statement_name_part(sample->method, 0) : "";
	if (strcmp(method, "bernoulli") != 0 && strcmp(method, "system") != 0)
		st->kinds |= EFFECT_EXEC;
}

static void see_execute(struct statement *st, const PgQuery__ExecuteStmt *execute)
{
	// Within EXPLAIN or CREATE TABLE AS, too.
	st->kinds |= EFFECT_UNKNOWN;
	st->flags |= EFFECT_INDIRECT;
	st->why_unknown = "EXECUTE runs a statement prepared by its name";
	statement_add_prepared(st, execute->name);
}

// What the messages that a Node can hold mean; others stand in fields of their own type.
static void see_node(struct statement *st, const PgQuery__Node *node)
{
	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_RANGE_VAR:
		see_relation(st, node->range_var);
		break;
	case PG_QUERY__NODE__NODE_ALIAS:
		see_alias(st, node->alias);
		break;
	case PG_QUERY__NODE__NODE_JOIN_EXPR:
		see_join(st, node->join_expr);
		break;
	case PG_QUERY__NODE__NODE_FUNC_CALL:
		statement_call(st, node->func_call);
		break;
	case PG_QUERY__NODE__NODE_COLUMN_REF:
		statement_column(st, node->column_ref);
		break;
	case PG_QUERY__NODE__NODE_A_INDIRECTION:
		statement_field(st, node->a_indirection);
		break;
	case PG_QUERY__NODE__NODE_A_EXPR:
		statement_operator(st, node->a_expr->name, node->a_expr->n_name);
		break;
	case PG_QUERY__NODE__NODE_SUB_LINK:
		statement_operator(st, node->sub_link->oper_name, node->sub_link->n_oper_name);
		if (node->sub_link->sub_link_type == PG_QUERY__SUB_LINK_TYPE__EXISTS_SUBLINK)
			st->exists = node->sub_link->subselect;
		break;
	case PG_QUERY__NODE__NODE_SORT_BY:
		statement_operator(st, node->sort_by->use_op, node->sort_by->n_use_op);
		break;
	case PG_QUERY__NODE__NODE_SELECT_STMT:
		statement_select(st, node->select_stmt, st->exists == node);
		break;
	case PG_QUERY__NODE__NODE_INSERT_STMT:
		statement_insert(st, node->insert_stmt);
		break;
	case PG_QUERY__NODE__NODE_UPDATE_STMT:
		statement_update(st, node->update_stmt);
		break;
	case PG_QUERY__NODE__NODE_DELETE_STMT:
		statement_delete(st, node->delete_stmt);
		break;
	case PG_QUERY__NODE__NODE_MERGE_STMT:
		statement_merge(st, node->merge_stmt);
		break;
	case PG_QUERY__NODE__NODE_COMMON_TABLE_EXPR:
		see_cte(st, node->common_table_expr);
		break;
	case PG_QUERY__NODE__NODE_RANGE_TABLE_SAMPLE:
		see_sample(st, node->range_table_sample);
		break;
	case PG_QUERY__NODE__NODE_EXECUTE_STMT:
		see_execute(st, node->execute_stmt);
		break;
	default: // the library's: nothing of its own, what is below it is walked
		break;
	}
}

// Those of them that also stand in fields of their own type.
static void see_field(struct statement *st, const ProtobufCMessage *m)
{
	if (m->descriptor == &pg_query__range_var__descriptor)
		see_relation(st, (const PgQuery__RangeVar *)m);
	else if (m->descriptor == &pg_query__alias__descriptor)
		see_alias(st, (const PgQuery__Alias *)m);
	else if (m->descriptor == &pg_query__select_stmt__descriptor)
		statement_select(st, (const PgQuery__SelectStmt *)m, false);
	else if (m->descriptor == &pg_query__func_call__descriptor)
		statement_call(st, (const PgQuery__FuncCall *)m);
}

static void walk(struct statement *st, const ProtobufCMessage *m, unsigned depth)
{
	if (depth > STATEMENT_DEPTH_MAX) {
		statement_unknown(st, "it is nested too deeply");
		return;
	}
	bool is_node = m->descriptor == &pg_query__node__descriptor;
	if (is_node)
		see_node(st, (const PgQuery__Node *)m);
	struct statement_children next = {.message = m};
	for (const ProtobufCMessage *child; (child = statement_next_child(&next)) != NULL;) {
		if (!is_node)
			see_field(st, child);
		walk(st, child, depth + 1);
	}
}

void statement_walk(struct statement *st, const ProtobufCMessage *message)
{
	walk(st, message, 0);
}
