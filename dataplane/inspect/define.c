// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Definitions: what CREATE, ALTER and DROP do beyond what their kind says.

#include "dataplane/inspect/statement.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NODE(name) PG_QUERY__NODE__NODE_##name

// DROP of what: the enumeration's own name, OBJECT_MATERIALIZED_VIEW say, without its prefix.
static void name_drop(struct statement *st, PgQuery__ObjectType type)
{
	const ProtobufCEnumDescriptor *d = &pg_query__object_type__descriptor;
	for (unsigned i = 0; i < d->n_values; i++) {
		if (d->values[i].value != (int)type)
			continue;
		const char *name = d->values[i].name;
		if (strncmp(name, "OBJECT_", 7) == 0)
			name += 7;
		snprintf(st->verb, sizeof(st->verb), "DROP %s", name);
		for (char *p = st->verb; *p != '\0'; p++)
			*p = *p == '_' ? ' ' : *p;
	}
}

static bool is_relation(PgQuery__ObjectType type)
{
	return type == PG_QUERY__OBJECT_TYPE__OBJECT_TABLE ||
	       type == PG_QUERY__OBJECT_TYPE__OBJECT_VIEW ||
	       type == PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW ||
	       type == PG_QUERY__OBJECT_TYPE__OBJECT_FOREIGN_TABLE ||
	       type == PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE ||
	       type == PG_QUERY__OBJECT_TYPE__OBJECT_INDEX;
}

// Relations to drop are lists of names, not RangeVars.
static void define_drop(struct statement *st, const PgQuery__DropStmt *drop)
{
	name_drop(st, drop->remove_type);
	if (drop->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_POLICY)
		st->flags |= EFFECT_GRANTS;
	if (drop->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_PUBLICATION)
		st->flags |= EFFECT_REPLICATION;
	for (size_t i = 0; is_relation(drop->remove_type) && i < drop->n_objects; i++) {
		const PgQuery__Node *node = drop->objects[i];
		if (node->node_case != NODE(LIST) || node->list->n_items == 0)
			continue;
		const PgQuery__List *name = node->list;
		struct effect_object object = {.access = EFFECT_DDL};
		object.name = span_str(statement_name_part(name->items, name->n_items - 1));
		if (name->n_items > 1)
			object.schema =
				span_str(statement_name_part(name->items, name->n_items - 2));
		statement_add_object(st, object);
	}
}

// What a masked column is called is known from the catalog, which follows when the transaction
// ends.
static void define_rename(struct statement *st, const PgQuery__RenameStmt *rename)
{
	if (rename->relation != NULL || rename->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA)
		st->flags |= EFFECT_RENAMES;
	if (rename->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_ROLE)
		st->flags |= EFFECT_GRANTS;
}

static uint32_t alter_flags(PgQuery__AlterTableType type)
{
	switch (type) {
	case PG_QUERY__ALTER_TABLE_TYPE__AT_AddInherit:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_AttachPartition:
		return EFFECT_RENAMES; // another table that shows what this one holds, from now on
	case PG_QUERY__ALTER_TABLE_TYPE__AT_DropColumn:
		return EFFECT_DESTROYS;
	case PG_QUERY__ALTER_TABLE_TYPE__AT_ChangeOwner:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableRowSecurity:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_DisableRowSecurity:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_ForceRowSecurity:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_NoForceRowSecurity:
		return EFFECT_GRANTS;
	case PG_QUERY__ALTER_TABLE_TYPE__AT_ReplicaIdentity:
		return EFFECT_REPLICATION;
	default: // the library's
		return 0;
	}
}

static void define_alter(struct statement *st, const PgQuery__AlterTableStmt *alter)
{
	for (size_t i = 0; i < alter->n_cmds; i++)
		if (alter->cmds[i]->node_case == NODE(ALTER_TABLE_CMD))
			st->flags |= alter_flags(alter->cmds[i]->alter_table_cmd->subtype);
}

static const char *text_of(const PgQuery__Node *node)
{
	return node != NULL && node->node_case == NODE(STRING) ? node->string->sval : NULL;
}

static bool is_true(const PgQuery__Node *node)
{
	return node != NULL && node->node_case == NODE(BOOLEAN) && node->boolean->boolval;
}

// Languages in which a function may do what the server's own process may.
static bool is_untrusted(const char *language)
{
	size_t n = strlen(language);
	return strcasecmp(language, "c") == 0 || strcasecmp(language, "internal") == 0 ||
	       strncasecmp(language, "plpython", 8) == 0 || strncasecmp(language, "plsh", 4) == 0 ||
	       (n > 2 && (language[n - 1] == 'u' || language[n - 1] == 'U'));
}

static void define_code(struct statement *st, PgQuery__Node *const *options, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (options[i]->node_case != NODE(DEF_ELEM))
			continue;
		const PgQuery__DefElem *option = options[i]->def_elem;
		const char *text = text_of(option->arg);
		if (strcmp(option->defname, "language") == 0 && text != NULL &&
		    is_untrusted(text)) {
			st->kinds |= EFFECT_ADMIN;
			st->flags |= EFFECT_PROGRAM;
			if (strcasecmp(text, "c") == 0)
				st->flags |= EFFECT_FILE;
		}
		if (strcmp(option->defname, "security") == 0 && is_true(option->arg))
			st->flags |= EFFECT_IDENTITY; // as its owner
	}
}

// A table over a file or a program of the server's.
static void define_foreign(struct statement *st, PgQuery__Node *const *options, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (options[i]->node_case != NODE(DEF_ELEM))
			continue;
		if (strcmp(options[i]->def_elem->defname, "filename") == 0)
			st->flags |= EFFECT_FILE;
		if (strcmp(options[i]->def_elem->defname, "program") == 0)
			st->flags |= EFFECT_PROGRAM;
	}
}

// archive_command and its like are run by the server.
static void define_system(struct statement *st, const PgQuery__VariableSetStmt *set)
{
	size_t n = set == NULL || set->name == NULL ? 0 : strlen(set->name);
	if (n > 8 && strcasecmp(set->name + n - 8, "_command") == 0)
		st->flags |= EFFECT_PROGRAM;
	if (n > 10 && strcasecmp(set->name + n - 10, "_libraries") == 0)
		st->flags |= EFFECT_FILE;
}

void statement_define(struct statement *st, const PgQuery__Node *node)
{
	switch (node->node_case) {
	case NODE(DROP_STMT):
		define_drop(st, node->drop_stmt);
		break;
	case NODE(RENAME_STMT):
		define_rename(st, node->rename_stmt);
		break;
	case NODE(ALTER_TABLE_STMT):
		define_alter(st, node->alter_table_stmt);
		break;
	case NODE(ALTER_OBJECT_SCHEMA_STMT):
		if (node->alter_object_schema_stmt->relation != NULL)
			st->flags |= EFFECT_RENAMES;
		break;
	case NODE(CREATE_FUNCTION_STMT):
		define_code(
			st, node->create_function_stmt->options,
			node->create_function_stmt->n_options
		);
		break;
	case NODE(ALTER_FUNCTION_STMT):
		define_code(
			st, node->alter_function_stmt->actions, node->alter_function_stmt->n_actions
		);
		break;
	case NODE(DO_STMT):
		define_code(st, node->do_stmt->args, node->do_stmt->n_args);
		break;
	case NODE(CREATE_FOREIGN_TABLE_STMT):
		define_foreign(
			st, node->create_foreign_table_stmt->options,
			node->create_foreign_table_stmt->n_options
		);
		break;
	case NODE(ALTER_SYSTEM_STMT):
		define_system(st, node->alter_system_stmt->setstmt);
		break;
	default: // the library's
		break;
	}
}
