// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What a statement does, by its kind.

#include "dataplane/inspect/statement.h"

#include <stdio.h>
#include <string.h>

#define NODE(name) PG_QUERY__NODE__NODE_##name

struct kind {
	uint16_t node;
	uint16_t kinds;
	const char *verb;
};

enum { DDL = EFFECT_DDL, ADMIN = EFFECT_ADMIN, DDL_ADMIN = EFFECT_DDL | EFFECT_ADMIN };

// A kind that is not here is unknown. The Node tag is what the server's grammar calls it.
static const struct kind kinds[] = {
	{NODE(SELECT_STMT), EFFECT_READ, "SELECT"},
	{NODE(INSERT_STMT), EFFECT_WRITE, "INSERT"},
	{NODE(UPDATE_STMT), EFFECT_WRITE, "UPDATE"},
	{NODE(DELETE_STMT), EFFECT_WRITE, "DELETE"},
	{NODE(MERGE_STMT), EFFECT_WRITE, "MERGE"},
	{NODE(COPY_STMT), 0, "COPY"},
	{NODE(EXPLAIN_STMT), EFFECT_READ, "EXPLAIN"},
	{NODE(TRANSACTION_STMT), EFFECT_SESSION, "transaction control"},
	{NODE(VARIABLE_SET_STMT), 0, "SET"},
	{NODE(VARIABLE_SHOW_STMT), EFFECT_READ, "SHOW"},
	{NODE(DISCARD_STMT), EFFECT_SESSION, "DISCARD"},
	{NODE(DEALLOCATE_STMT), EFFECT_SESSION, "DEALLOCATE"},
	{NODE(CLOSE_PORTAL_STMT), EFFECT_SESSION, "CLOSE"},
	{NODE(CONSTRAINTS_SET_STMT), EFFECT_SESSION, "SET CONSTRAINTS"},
	{NODE(UNLISTEN_STMT), EFFECT_SESSION, "UNLISTEN"},
	{NODE(LISTEN_STMT), EFFECT_READ, "LISTEN"},
	{NODE(NOTIFY_STMT), EFFECT_WRITE, "NOTIFY"},
	{NODE(LOCK_STMT), EFFECT_WRITE, "LOCK TABLE"},
	{NODE(PREPARE_STMT), 0, "PREPARE"},
	{NODE(EXECUTE_STMT), EFFECT_UNKNOWN, "EXECUTE"},
	{NODE(DECLARE_CURSOR_STMT), EFFECT_READ, "DECLARE CURSOR"},
	{NODE(FETCH_STMT), EFFECT_READ, "FETCH"},
	{NODE(DO_STMT), EFFECT_EXEC | EFFECT_UNKNOWN, "DO"},
	{NODE(CALL_STMT), EFFECT_EXEC | EFFECT_UNKNOWN, "CALL"},
	{NODE(LOAD_STMT), ADMIN | EFFECT_EXEC, "LOAD"},
	{NODE(TRUNCATE_STMT), DDL | EFFECT_WRITE, "TRUNCATE"},
	{NODE(REFRESH_MAT_VIEW_STMT), EFFECT_WRITE, "REFRESH MATERIALIZED VIEW"},
	{NODE(CREATE_TABLE_AS_STMT), DDL | EFFECT_WRITE, "CREATE TABLE AS"},
	{NODE(DROP_STMT), DDL, "DROP"},
	{NODE(CREATE_STMT), DDL, "CREATE TABLE"},
	{NODE(ALTER_TABLE_STMT), DDL, "ALTER TABLE"},
	{NODE(ALTER_TABLE_MOVE_ALL_STMT), DDL_ADMIN, "ALTER TABLE ALL IN TABLESPACE"},
	{NODE(INDEX_STMT), DDL, "CREATE INDEX"},
	{NODE(VIEW_STMT), DDL, "CREATE VIEW"},
	{NODE(CREATE_SCHEMA_STMT), DDL, "CREATE SCHEMA"},
	{NODE(CREATE_SEQ_STMT), DDL, "CREATE SEQUENCE"},
	{NODE(ALTER_SEQ_STMT), DDL, "ALTER SEQUENCE"},
	{NODE(CREATE_FUNCTION_STMT), DDL, "CREATE FUNCTION"},
	{NODE(ALTER_FUNCTION_STMT), DDL, "ALTER FUNCTION"},
	{NODE(CREATE_TRIG_STMT), DDL, "CREATE TRIGGER"},
	{NODE(RULE_STMT), DDL, "CREATE RULE"},
	{NODE(CREATE_DOMAIN_STMT), DDL, "CREATE DOMAIN"},
	{NODE(ALTER_DOMAIN_STMT), DDL, "ALTER DOMAIN"},
	{NODE(DEFINE_STMT), DDL, "CREATE"},
	{NODE(COMMENT_STMT), DDL, "COMMENT"},
	{NODE(RENAME_STMT), DDL, "ALTER ... RENAME"},
	{NODE(ALTER_OBJECT_SCHEMA_STMT), DDL, "ALTER ... SET SCHEMA"},
	{NODE(ALTER_OBJECT_DEPENDS_STMT), DDL, "ALTER ... DEPENDS ON"},
	{NODE(ALTER_OWNER_STMT), DDL_ADMIN, "ALTER ... OWNER"},
	{NODE(COMPOSITE_TYPE_STMT), DDL, "CREATE TYPE"},
	{NODE(CREATE_ENUM_STMT), DDL, "CREATE TYPE"},
	{NODE(CREATE_RANGE_STMT), DDL, "CREATE TYPE"},
	{NODE(ALTER_ENUM_STMT), DDL, "ALTER TYPE"},
	{NODE(ALTER_TYPE_STMT), DDL, "ALTER TYPE"},
	{NODE(ALTER_OPERATOR_STMT), DDL, "ALTER OPERATOR"},
	{NODE(CREATE_CONVERSION_STMT), DDL, "CREATE CONVERSION"},
	{NODE(CREATE_CAST_STMT), DDL, "CREATE CAST"},
	{NODE(CREATE_OP_CLASS_STMT), DDL, "CREATE OPERATOR CLASS"},
	{NODE(CREATE_OP_FAMILY_STMT), DDL, "CREATE OPERATOR FAMILY"},
	{NODE(ALTER_OP_FAMILY_STMT), DDL, "ALTER OPERATOR FAMILY"},
	{NODE(CREATE_STATS_STMT), DDL, "CREATE STATISTICS"},
	{NODE(ALTER_STATS_STMT), DDL, "ALTER STATISTICS"},
	{NODE(ALTER_COLLATION_STMT), DDL, "ALTER COLLATION"},
	{NODE(ALTER_TSDICTIONARY_STMT), DDL, "ALTER TEXT SEARCH DICTIONARY"},
	{NODE(ALTER_TSCONFIGURATION_STMT), DDL, "ALTER TEXT SEARCH CONFIGURATION"},
	{NODE(REPLICA_IDENTITY_STMT), DDL, "ALTER TABLE REPLICA IDENTITY"},
	{NODE(CREATE_TRANSFORM_STMT), DDL_ADMIN, "CREATE TRANSFORM"},
	{NODE(CREATE_PLANG_STMT), DDL_ADMIN, "CREATE LANGUAGE"},
	{NODE(CREATE_AM_STMT), DDL_ADMIN, "CREATE ACCESS METHOD"},
	{NODE(CREATE_EVENT_TRIG_STMT), DDL_ADMIN, "CREATE EVENT TRIGGER"},
	{NODE(ALTER_EVENT_TRIG_STMT), DDL_ADMIN, "ALTER EVENT TRIGGER"},
	{NODE(CREATE_POLICY_STMT), DDL_ADMIN, "CREATE POLICY"},
	{NODE(ALTER_POLICY_STMT), DDL_ADMIN, "ALTER POLICY"},
	{NODE(CREATE_FOREIGN_TABLE_STMT), DDL_ADMIN, "CREATE FOREIGN TABLE"},
	{NODE(GRANT_STMT), ADMIN, "GRANT"},
	{NODE(GRANT_ROLE_STMT), ADMIN, "GRANT ROLE"},
	{NODE(ALTER_DEFAULT_PRIVILEGES_STMT), ADMIN, "ALTER DEFAULT PRIVILEGES"},
	{NODE(CREATE_ROLE_STMT), ADMIN, "CREATE ROLE"},
	{NODE(ALTER_ROLE_STMT), ADMIN, "ALTER ROLE"},
	{NODE(ALTER_ROLE_SET_STMT), ADMIN, "ALTER ROLE SET"},
	{NODE(DROP_ROLE_STMT), ADMIN, "DROP ROLE"},
	{NODE(DROP_OWNED_STMT), DDL_ADMIN, "DROP OWNED"},
	{NODE(REASSIGN_OWNED_STMT), ADMIN, "REASSIGN OWNED"},
	{NODE(CREATEDB_STMT), ADMIN, "CREATE DATABASE"},
	{NODE(DROPDB_STMT), DDL_ADMIN, "DROP DATABASE"},
	{NODE(ALTER_DATABASE_STMT), ADMIN, "ALTER DATABASE"},
	{NODE(ALTER_DATABASE_REFRESH_COLL_STMT), ADMIN, "ALTER DATABASE"},
	{NODE(ALTER_DATABASE_SET_STMT), ADMIN, "ALTER DATABASE SET"},
	{NODE(ALTER_SYSTEM_STMT), ADMIN, "ALTER SYSTEM"},
	{NODE(CREATE_TABLE_SPACE_STMT), ADMIN, "CREATE TABLESPACE"},
	{NODE(DROP_TABLE_SPACE_STMT), ADMIN, "DROP TABLESPACE"},
	{NODE(ALTER_TABLE_SPACE_OPTIONS_STMT), ADMIN, "ALTER TABLESPACE"},
	{NODE(CREATE_EXTENSION_STMT), DDL_ADMIN, "CREATE EXTENSION"},
	{NODE(ALTER_EXTENSION_STMT), DDL_ADMIN, "ALTER EXTENSION"},
	{NODE(ALTER_EXTENSION_CONTENTS_STMT), DDL_ADMIN, "ALTER EXTENSION"},
	{NODE(CREATE_FDW_STMT), ADMIN, "CREATE FOREIGN DATA WRAPPER"},
	{NODE(ALTER_FDW_STMT), ADMIN, "ALTER FOREIGN DATA WRAPPER"},
	{NODE(CREATE_FOREIGN_SERVER_STMT), ADMIN, "CREATE SERVER"},
	{NODE(ALTER_FOREIGN_SERVER_STMT), ADMIN, "ALTER SERVER"},
	{NODE(CREATE_USER_MAPPING_STMT), ADMIN, "CREATE USER MAPPING"},
	{NODE(ALTER_USER_MAPPING_STMT), ADMIN, "ALTER USER MAPPING"},
	{NODE(DROP_USER_MAPPING_STMT), ADMIN, "DROP USER MAPPING"},
	{NODE(IMPORT_FOREIGN_SCHEMA_STMT), DDL_ADMIN, "IMPORT FOREIGN SCHEMA"},
	{NODE(SEC_LABEL_STMT), ADMIN, "SECURITY LABEL"},
	{NODE(CREATE_PUBLICATION_STMT), ADMIN, "CREATE PUBLICATION"},
	{NODE(ALTER_PUBLICATION_STMT), ADMIN, "ALTER PUBLICATION"},
	{NODE(CREATE_SUBSCRIPTION_STMT), ADMIN, "CREATE SUBSCRIPTION"},
	{NODE(ALTER_SUBSCRIPTION_STMT), ADMIN, "ALTER SUBSCRIPTION"},
	{NODE(DROP_SUBSCRIPTION_STMT), ADMIN, "DROP SUBSCRIPTION"},
	{NODE(VACUUM_STMT), ADMIN, "VACUUM"},
	{NODE(CLUSTER_STMT), ADMIN, "CLUSTER"},
	{NODE(REINDEX_STMT), ADMIN, "REINDEX"},
	{NODE(CHECK_POINT_STMT), ADMIN, "CHECKPOINT"},
};

static const struct kind *find(uint32_t node)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].node == node)
			return &kinds[i];
	return NULL;
}

void statement_unknown(struct statement *st, const char *why)
{
	st->kinds |= EFFECT_UNKNOWN;
	if (st->why_unknown == NULL)
		st->why_unknown = why;
}

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

static bool option_is(const PgQuery__Node *node, const char *name, const char *value)
{
	if (node->node_case != NODE(DEF_ELEM) || strcmp(node->def_elem->defname, name) != 0)
		return false;
	const PgQuery__Node *arg = node->def_elem->arg;
	return arg != NULL && arg->node_case == NODE(STRING) &&
	       strcasecmp(arg->string->sval, value) == 0;
}

static void classify_copy(struct statement *st, const PgQuery__CopyStmt *copy)
{
	st->kinds |= copy->is_from ? EFFECT_WRITE : EFFECT_READ;
	if (copy->is_program || copy->filename[0] != '\0')
		st->kinds |= EFFECT_ADMIN; // the server's own files and programs
	else
		st->flags |= copy->is_from ? EFFECT_COPY_IN : EFFECT_COPY_OUT;
	if (copy->query != NULL)
		st->flags |= EFFECT_COPY_QUERY;
	for (size_t i = 0; i < copy->n_options; i++)
		if (option_is(copy->options[i], "format", "binary"))
			st->flags |= EFFECT_COPY_BINARY;
	if (copy->is_from && copy->relation != NULL)
		statement_add_target(st, copy->relation);
}

static void classify_transaction(struct statement *st, const PgQuery__TransactionStmt *t)
{
	if (t->kind == PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_PREPARE ||
	    t->kind == PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_COMMIT_PREPARED ||
	    t->kind == PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK_PREPARED)
		st->kinds |= EFFECT_ADMIN; // outlives the session
}

// What a masked column is called is known from the catalog, which follows when the transaction
// ends.
static void classify_rename(struct statement *st, const PgQuery__RenameStmt *rename)
{
	if (rename->relation != NULL || rename->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA)
		st->flags |= EFFECT_RENAMES;
}

// Another table that shows what this one holds, from now on.
static void classify_alter(struct statement *st, const PgQuery__AlterTableStmt *alter)
{
	for (size_t i = 0; i < alter->n_cmds; i++) {
		const PgQuery__Node *cmd = alter->cmds[i];
		if (cmd->node_case != NODE(ALTER_TABLE_CMD))
			continue;
		PgQuery__AlterTableType type = cmd->alter_table_cmd->subtype;
		if (type == PG_QUERY__ALTER_TABLE_TYPE__AT_AddInherit ||
		    type == PG_QUERY__ALTER_TABLE_TYPE__AT_AttachPartition)
			st->flags |= EFFECT_RENAMES;
	}
}

static void classify_prepare(struct statement *st, const PgQuery__Node *query)
{
	st->flags |= EFFECT_PREPARES;
	if (query == NULL)
		statement_unknown(st, "PREPARE without a statement");
	else
		statement_classify(st, query);
}

void statement_classify(struct statement *st, const PgQuery__Node *node)
{
	const struct kind *kind = find(node->node_case);
	if (kind == NULL) {
		statement_unknown(st, "a kind of statement that the gateway does not know");
		return;
	}
	if (st->verb[0] == '\0') // EXPLAIN DELETE is an EXPLAIN
		snprintf(st->verb, sizeof(st->verb), "%s", kind->verb);
	st->kinds |= kind->kinds;
	if (node->node_case == NODE(DROP_STMT))
		name_drop(st, node->drop_stmt->remove_type);
	else if (node->node_case == NODE(COPY_STMT))
		classify_copy(st, node->copy_stmt);
	else if (node->node_case == NODE(TRANSACTION_STMT))
		classify_transaction(st, node->transaction_stmt);
	else if (node->node_case == NODE(VARIABLE_SET_STMT))
		statement_setting(st, node->variable_set_stmt);
	else if (node->node_case == NODE(DISCARD_STMT) && node->discard_stmt->target == PG_QUERY__DISCARD_MODE__DISCARD_ALL)
		st->flags |= EFFECT_SETS; // back to what the session began with
	else if (node->node_case == NODE(RENAME_STMT))
		classify_rename(st, node->rename_stmt);
	else if (node->node_case == NODE(ALTER_TABLE_STMT))
		classify_alter(st, node->alter_table_stmt);
	else if (node->node_case == NODE(ALTER_OBJECT_SCHEMA_STMT) && node->alter_object_schema_stmt->relation != NULL)
		st->flags |= EFFECT_RENAMES;
	else if (node->node_case == NODE(PREPARE_STMT))
		classify_prepare(st, node->prepare_stmt->query);
	else if (node->node_case == NODE(DECLARE_CURSOR_STMT))
		classify_prepare(st, node->declare_cursor_stmt->query);
	else if (node->node_case == NODE(EXPLAIN_STMT) && node->explain_stmt->query != NULL)
		statement_classify(st, node->explain_stmt->query);
	else if (node->node_case == NODE(FETCH_STMT))
		st->flags |= EFFECT_INDIRECT;
	if (node->node_case == NODE(DO_STMT) || node->node_case == NODE(CALL_STMT))
		st->why_unknown = "it runs code that the statement does not show";
}
