// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Functions that a statement runs, in all the forms the server takes for a call.
//
// f(x) may be written x.f: SELECT p.pg_read_file FROM unnest(ARRAY['...']) AS p reads a file, and
// so does SELECT ('...'::text).pg_read_file. The server looks for such a function where x has no
// column of that name. We know no columns; but a range that is one value has none but its own name.

#include "dataplane/inspect/function.h"
#include "dataplane/inspect/statement.h"

#include <string.h>
#include <strings.h>

#define NODE(name) PG_QUERY__NODE__NODE_##name

static void add_call(struct statement *st, struct span schema, const char *name)
{
	statement_add_object(
		st, (struct effect_object
		    ){.schema = schema, .name = span_str(name), .access = EFFECT_EXEC}
	);
}

static void call_by_name(struct statement *st, const char *schema, const char *name)
{
	struct function_effects effects = function_find(schema, name);
	st->kinds |= effects.kinds;
	st->flags |= effects.flags;
	if ((effects.kinds & (EFFECT_EXEC | EFFECT_ADMIN)) != 0 || effects.flags != 0)
		add_call(st, schema == NULL ? (struct span){0} : span_str(schema), name);
}

static const char *text_argument(const PgQuery__FuncCall *f, size_t i)
{
	const PgQuery__Node *node = i < f->n_args ? f->args[i] : NULL;
	while (node != NULL && node->node_case == NODE(TYPE_CAST))
		node = node->type_cast->arg;
	if (node == NULL || node->node_case != NODE(A_CONST) ||
	    node->a_const->val_case != PG_QUERY__A__CONST__VAL_SVAL)
		return NULL;
	return node->a_const->sval->sval;
}

// A series, or a text, so long that making it is what it is for.
static void look_for_work(struct statement *st, const PgQuery__FuncCall *f, const char *name)
{
	bool series = strcmp(name, "generate_series") == 0;
	double low = 0, high;
	if ((!series && strcmp(name, "repeat") != 0) || f->n_args < 2)
		return;
	if (!statement_number(st, f->args[1], &high))
		return;
	if (series && !statement_number(st, f->args[0], &low))
		return;
	if (high - low > STATEMENT_ROWS_MAX || low - high > STATEMENT_ROWS_MAX)
		st->flags |= EFFECT_SLEEP;
}

void statement_call(struct statement *st, const PgQuery__FuncCall *f)
{
	size_t n = f->n_funcname;
	if (n == 0)
		return;
	const char *schema = n > 1 ? statement_name_part(f->funcname, n - 2) : NULL;
	const char *name = statement_name_part(f->funcname, n - 1);
	call_by_name(st, schema, name);
	look_for_work(st, f, name);
	if (strcmp(name, "set_config") == 0)
		statement_set_config(
			st, f->n_args > 0 && f->args[0]->node_case == NODE(NAMED_ARG_EXPR)
				    ? NULL
				    : text_argument(f, 0)
		);
}

void statement_operator(struct statement *st, PgQuery__Node *const *name, size_t n)
{
	if (n > 1 && strcmp(statement_name_part(name, n - 2), "pg_catalog") != 0) {
		st->kinds |= EFFECT_EXEC;
		add_call(
			st, span_str(statement_name_part(name, n - 2)),
			statement_name_part(name, n - 1)
		);
	}
}

// Functions of pg_catalog whose result is a row, not one value.
static bool gives_row(const char *name)
{
	static const char *const names[] = {
		"_pg_expandarray",
		"aclexplode",
		"json_each",
		"json_each_text",
		"json_populate_record",
		"json_populate_recordset",
		"json_to_record",
		"json_to_recordset",
		"jsonb_each",
		"jsonb_each_text",
		"jsonb_populate_record",
		"jsonb_populate_recordset",
		"jsonb_to_record",
		"jsonb_to_recordset",
		"pg_available_extension_versions",
		"pg_available_extensions",
		"pg_cursor",
		"pg_extension_update_paths",
		"pg_get_catalog_foreign_keys",
		"pg_get_keywords",
		"pg_get_object_address",
		"pg_get_publication_tables",
		"pg_get_replication_slots",
		"pg_identify_object",
		"pg_identify_object_as_address",
		"pg_lock_status",
		"pg_mcv_list_items",
		"pg_options_to_table",
		"pg_partition_tree",
		"pg_prepared_statement",
		"pg_prepared_xact",
		"pg_sequence_parameters",
		"pg_show_all_settings",
		"pg_timezone_abbrevs",
		"pg_timezone_names",
		"pg_walfile_name_offset",
		"ts_debug",
		"ts_parse",
		"ts_token_type",
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return strncmp(name, "pg_stat_get_", 12) == 0;
}

static const char *call_name(const PgQuery__Node *node)
{
	if (node == NULL || node->node_case != NODE(FUNC_CALL) || node->func_call->n_funcname == 0)
		return NULL;
	return statement_name_part(node->func_call->funcname, node->func_call->n_funcname - 1);
}

// ROWS FROM and the plain form are lists of (call, column definitions).
static const PgQuery__Node *range_call(const PgQuery__RangeFunction *range)
{
	const PgQuery__Node *node = range->n_functions == 1 ? range->functions[0] : NULL;
	if (node == NULL || node->node_case != NODE(LIST) || node->list->n_items == 0)
		return NULL;
	return node->list->items[0];
}

struct span statement_range_function_name(const PgQuery__RangeFunction *range)
{
	const char *name = call_name(range_call(range));
	return name == NULL ? (struct span){0} : span_str(name);
}

// The columns that a range of one value can have.
static bool is_own_column(const struct statement_range *range, const char *name)
{
	static const char *const usual[] = {"value", "key", "ordinality", "relid"};
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (strcmp(usual[i], name) == 0)
			return true;
	for (size_t i = 0; range->alias != NULL && i < range->alias->n_colnames; i++)
		if (strcmp(statement_name_part(range->alias->colnames, i), name) == 0)
			return true;
	return span_equal(range->name, span_str(name));
}

static bool is_one_value(const struct statement_range *range)
{
	if (range->function == NULL || range->function->n_functions != 1 ||
	    range->function->n_coldeflist > 0)
		return false;
	const char *name = call_name(range_call(range->function));
	return name == NULL || !gives_row(name);
}

static void see_field(struct statement *st, const char *row, const char *name)
{
	if (function_is_listed(name)) {
		call_by_name(st, NULL, name);
		return;
	}
	for (uint16_t i = 0; i < st->n_ranges; i++) {
		const struct statement_range *range = &st->ranges[i];
		if (!span_equal(range->name, span_str(row)) || !is_one_value(range) ||
		    is_own_column(range, name) || function_find(NULL, name).kinds == EFFECT_READ)
			continue;
		st->kinds |= EFFECT_EXEC;
		add_call(st, (struct span){0}, name);
		return;
	}
}

static const char *field_of(const PgQuery__ColumnRef *ref, size_t i)
{
	const PgQuery__Node *field = ref->fields[i];
	return field->node_case == NODE(STRING) ? field->string->sval : NULL;
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
	return function_find(NULL, name).kinds != EFFECT_EXEC;
}

// FROM t: the name alone is the whole row.
static bool is_relation_range(const struct statement *st, const char *name)
{
	for (uint16_t i = 0; i < st->n_ranges; i++)
		if (st->ranges[i].function == NULL &&
		    span_equal(st->ranges[i].name, span_str(name)))
			return true;
	return false;
}

// c.row_to_json is row_to_json(c) where c has no column of that name: a name that is a function's
// may mean the whole row before it.
void statement_column(struct statement *st, const PgQuery__ColumnRef *ref)
{
	size_t n = ref->n_fields;
	if (n == 0)
		return;
	const char *name = field_of(ref, n - 1), *row = n > 1 ? field_of(ref, n - 2) : NULL;
	statement_add_column(st, name == NULL ? SPAN_LIT("*") : span_str(name));
	if (name == NULL)
		return;
	if (row == NULL) {
		if (is_relation_range(st, name))
			st->flags |= EFFECT_STAR;
		return;
	}
	if (takes_row(name))
		statement_add_column(st, span_str(row));
	see_field(st, row, name);
}

// (x).name: a column of a row, or a call. The keys of drivers' catalogue queries are rows.
void statement_field(struct statement *st, const PgQuery__AIndirection *field)
{
	const char *from = call_name(field->arg);
	bool row = from != NULL && gives_row(from);
	for (size_t i = 0; i < field->n_indirection; i++) {
		const PgQuery__Node *node = field->indirection[i];
		if (node->node_case != NODE(STRING))
			continue;
		const char *name = node->string->sval;
		if (row && !function_is_listed(name)) {
			row = false; // of the row's column nothing is known
			continue;
		}
		if (strcmp(name, "x") != 0 && strcmp(name, "n") != 0)
			call_by_name(st, NULL, name);
	}
}
