// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Everything a statement touches, wherever it stands: the walk follows the tree's own descriptors,
// so that no position of a relation, function or nested write can be forgotten.

#include "dataplane/inspect/function.h"
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

static void add_object(struct statement *st, struct effect_object object)
{
	for (uint16_t i = 0; i < st->n_objects; i++) {
		struct effect_object *o = &st->objects[i];
		// A function of a relation's name is not that relation.
		if (((o->access ^ object.access) & EFFECT_EXEC) == 0 &&
		    span_equal(o->schema, object.schema) && span_equal(o->name, object.name) &&
		    span_equal(o->alias, object.alias)) {
			o->access |= object.access;
			return;
		}
	}
	if (st->n_objects == EFFECT_OBJECTS_MAX)
		statement_unknown(st, "it names too many relations and functions");
	else
		st->objects[st->n_objects++] = object;
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
	add_object(st, object);
}

static const char *name_part(const PgQuery__FuncCall *f, size_t i)
{
	const PgQuery__Node *node = f->funcname[i];
	return node->node_case == PG_QUERY__NODE__NODE_STRING ? node->string->sval : "";
}

static void see_function(struct statement *st, const PgQuery__FuncCall *f)
{
	if (f->n_funcname == 0)
		return;
	const char *schema = f->n_funcname > 1 ? name_part(f, f->n_funcname - 2) : NULL;
	const char *name = name_part(f, f->n_funcname - 1);
	uint32_t kinds = function_effects(schema, name);
	st->kinds |= kinds;
	if (strcmp(name, "set_config") == 0)
		st->flags |= EFFECT_SETS;
	if ((kinds & (EFFECT_EXEC | EFFECT_ADMIN)) == 0)
		return;
	add_object(
		st,
		(struct effect_object){
			.schema = text_of(schema),
			.name = text_of(name),
			.access = EFFECT_EXEC,
		}
	);
}

static void add_column(struct statement *st, struct span name)
{
	for (uint16_t i = 0; i < st->n_columns; i++)
		if (span_equal(st->columns[i], name))
			return;
	if (st->n_columns < EFFECT_COLUMNS_MAX)
		st->columns[st->n_columns++] = name;
	else
		st->columns[0] = SPAN_LIT("*"); // too many to tell: count as all
}

// FROM t AS a(x, y): from here on columns go by names that say nothing of their origin.
static void see_alias(struct statement *st, const PgQuery__Alias *alias)
{
	if (alias != NULL && alias->n_colnames > 0)
		add_column(st, SPAN_LIT("*"));
}

static const char *field_of(const PgQuery__ColumnRef *ref, size_t i)
{
	const PgQuery__Node *field = ref->fields[i];
	return field->node_case == PG_QUERY__NODE__NODE_STRING ? field->string->sval : NULL;
}

// Functions of pg_catalog that take a row of any type; those whose calls are harmless are known to
// function.c.
static bool takes_row(const char *name)
{
	static const char *const names[] = {
		"any_out",           "any_value",
		"anycompatible_out", "anycompatiblenonarray_out",
		"anyelement_out",    "anynonarray_out",
		"hash_record",       "json_agg_strict",
		"jsonb_agg_strict",  "record_out",
		"record_send",
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return function_effects(NULL, name) != EFFECT_EXEC;
}

// c.row_to_json is row_to_json(c) where c has no column of that name: a name that is a function's
// may mean the whole row before it.
static void see_column(struct statement *st, const PgQuery__ColumnRef *ref)
{
	size_t n = ref->n_fields;
	if (n == 0)
		return;
	const char *name = field_of(ref, n - 1), *row = n > 1 ? field_of(ref, n - 2) : NULL;
	add_column(st, name == NULL ? SPAN_LIT("*") : text_of(name));
	if (name != NULL && row != NULL && takes_row(name))
		add_column(st, text_of(row));
}

static void see_write(struct statement *st, const PgQuery__RangeVar *target, size_t n_returning)
{
	st->kinds |= EFFECT_WRITE;
	if (n_returning > 0)
		st->kinds |= EFFECT_READ;
	if (target != NULL)
		statement_add_target(st, target);
}

static void see_select(struct statement *st, const PgQuery__SelectStmt *select)
{
	// The rows of INSERT ... VALUES are a SelectStmt too, and read nothing.
	if (select->n_values_lists == 0)
		st->kinds |= EFFECT_READ;
	if (select->into_clause != NULL)
		st->kinds |= EFFECT_DDL | EFFECT_WRITE;
	if (select->n_locking_clause > 0)
		st->kinds |= EFFECT_WRITE; // row locks: others wait
}

static void see(struct statement *st, const ProtobufCMessage *m)
{
	if (m->descriptor == &pg_query__range_var__descriptor) {
		see_relation(st, (const PgQuery__RangeVar *)m);
	} else if (m->descriptor == &pg_query__alias__descriptor) {
		see_alias(st, (const PgQuery__Alias *)m);
	} else if (m->descriptor == &pg_query__join_expr__descriptor) {
		// The alias of a join, or of its USING, names all of those columns at once.
		const PgQuery__JoinExpr *join = (const PgQuery__JoinExpr *)m;
		if (join->alias != NULL || join->join_using_alias != NULL)
			add_column(st, SPAN_LIT("*"));
	} else if (m->descriptor == &pg_query__func_call__descriptor) {
		see_function(st, (const PgQuery__FuncCall *)m);
	} else if (m->descriptor == &pg_query__column_ref__descriptor) {
		see_column(st, (const PgQuery__ColumnRef *)m);
	} else if (m->descriptor == &pg_query__select_stmt__descriptor) {
		see_select(st, (const PgQuery__SelectStmt *)m);
	} else if (m->descriptor == &pg_query__insert_stmt__descriptor) {
		const PgQuery__InsertStmt *s = (const PgQuery__InsertStmt *)m;
		see_write(st, s->relation, s->n_returning_list);
	} else if (m->descriptor == &pg_query__update_stmt__descriptor) {
		const PgQuery__UpdateStmt *s = (const PgQuery__UpdateStmt *)m;
		see_write(st, s->relation, s->n_returning_list);
		if (s->where_clause == NULL)
			st->flags |= EFFECT_NO_WHERE;
	} else if (m->descriptor == &pg_query__delete_stmt__descriptor) {
		const PgQuery__DeleteStmt *s = (const PgQuery__DeleteStmt *)m;
		see_write(st, s->relation, s->n_returning_list);
		if (s->where_clause == NULL)
			st->flags |= EFFECT_NO_WHERE;
	} else if (m->descriptor == &pg_query__merge_stmt__descriptor) {
		see_write(st, ((const PgQuery__MergeStmt *)m)->relation, 0);
	} else if (m->descriptor == &pg_query__execute_stmt__descriptor) {
		// Within EXPLAIN or CREATE TABLE AS, too.
		st->kinds |= EFFECT_UNKNOWN;
		st->flags |= EFFECT_INDIRECT;
		st->why_unknown = "EXECUTE runs a statement prepared by its name";
	}
}

static void walk(struct statement *st, const ProtobufCMessage *m, unsigned depth);

// A Node is a tag and one pointer: no need to look at its 238 fields.
static void walk_node(struct statement *st, const PgQuery__Node *node, unsigned depth)
{
	const ProtobufCMessage *child;
	if (node->node_case == PG_QUERY__NODE__NODE__NOT_SET)
		return;
	memcpy(&child, &node->alias, sizeof(const ProtobufCMessage *));
	if (child != NULL)
		walk(st, child, depth);
}

static void walk_field(
	struct statement *st, const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
	unsigned depth
)
{
	const char *base = (const char *)m;
	if (f->label == PROTOBUF_C_LABEL_REPEATED) {
		size_t n;
		const ProtobufCMessage *const *list;
		memcpy(&n, base + f->quantifier_offset, sizeof(n));
		memcpy(&list, base + f->offset, sizeof(const ProtobufCMessage *const *));
		for (size_t i = 0; i < n; i++)
			walk(st, list[i], depth);
		return;
	}
	const ProtobufCMessage *child;
	memcpy(&child, base + f->offset, sizeof(const ProtobufCMessage *));
	if (child != NULL)
		walk(st, child, depth);
}

static void walk(struct statement *st, const ProtobufCMessage *m, unsigned depth)
{
	if (depth > STATEMENT_DEPTH_MAX) {
		statement_unknown(st, "it is nested too deeply");
		return;
	}
	if (m->descriptor == &pg_query__node__descriptor) {
		walk_node(st, (const PgQuery__Node *)m, depth + 1);
		return;
	}
	see(st, m);
	const ProtobufCMessageDescriptor *d = m->descriptor;
	for (unsigned i = 0; i < d->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &d->fields[i];
		if (f->type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
			uint32_t chosen;
			memcpy(&chosen, (const char *)m + f->quantifier_offset, sizeof(chosen));
			if (chosen != f->id)
				continue;
		}
		walk_field(st, m, f, depth + 1);
	}
}

void statement_walk(struct statement *st, const ProtobufCMessage *message)
{
	walk(st, message, 0);
}
