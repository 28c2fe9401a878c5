// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What a statement does, by its kind.

#include "dataplane/inspect/statement.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NODE(name) PG_QUERY__NODE__NODE_##name

struct kind {
	uint16_t node;
	uint16_t kinds;
	uint32_t flags;
	const char *verb;
};

enum {
	DDL = EFFECT_DDL,
	ADMIN = EFFECT_ADMIN,
	DDL_ADMIN = EFFECT_DDL | EFFECT_ADMIN,
	FILES = EFFECT_FILE,
	NETWORK = EFFECT_NETWORK,
	SLOTS = EFFECT_REPLICATION,
	GRANTS = EFFECT_GRANTS,
	DESTROYS = EFFECT_DESTROYS,
	CONFIG = EFFECT_CONFIG,
};

// A kind that is not here is unknown. The Node tag is what the server's grammar calls it.
static const struct kind kinds[] = {
	{NODE(SELECT_STMT), EFFECT_READ, 0, "SELECT"},
	{NODE(INSERT_STMT), EFFECT_WRITE, 0, "INSERT"},
	{NODE(UPDATE_STMT), EFFECT_WRITE, 0, "UPDATE"},
	{NODE(DELETE_STMT), EFFECT_WRITE, 0, "DELETE"},
	{NODE(MERGE_STMT), EFFECT_WRITE, 0, "MERGE"},
	{NODE(COPY_STMT), 0, 0, "COPY"},
	{NODE(EXPLAIN_STMT), EFFECT_READ, 0, "EXPLAIN"},
	{NODE(TRANSACTION_STMT), EFFECT_SESSION, 0, "transaction control"},
	{NODE(VARIABLE_SET_STMT), 0, 0, "SET"},
	{NODE(VARIABLE_SHOW_STMT), EFFECT_READ, 0, "SHOW"},
	{NODE(DISCARD_STMT), EFFECT_SESSION, 0, "DISCARD"},
	{NODE(DEALLOCATE_STMT), EFFECT_SESSION, 0, "DEALLOCATE"},
	{NODE(CLOSE_PORTAL_STMT), EFFECT_SESSION, 0, "CLOSE"},
	{NODE(CONSTRAINTS_SET_STMT), EFFECT_SESSION, 0, "SET CONSTRAINTS"},
	{NODE(UNLISTEN_STMT), EFFECT_SESSION, 0, "UNLISTEN"},
	{NODE(LISTEN_STMT), EFFECT_READ, 0, "LISTEN"},
	{NODE(NOTIFY_STMT), EFFECT_WRITE, 0, "NOTIFY"},
	{NODE(LOCK_STMT), EFFECT_WRITE, 0, "LOCK TABLE"},
	{NODE(PREPARE_STMT), 0, 0, "PREPARE"},
	{NODE(EXECUTE_STMT), EFFECT_UNKNOWN, 0, "EXECUTE"},
	{NODE(DECLARE_CURSOR_STMT), EFFECT_READ, 0, "DECLARE CURSOR"},
	{NODE(FETCH_STMT), EFFECT_READ, 0, "FETCH"},
	{NODE(DO_STMT), EFFECT_EXEC | EFFECT_UNKNOWN, 0, "DO"},
	{NODE(CALL_STMT), EFFECT_EXEC | EFFECT_UNKNOWN, 0, "CALL"},
	{NODE(LOAD_STMT), ADMIN | EFFECT_EXEC, FILES, "LOAD"},
	{NODE(TRUNCATE_STMT), DDL | EFFECT_WRITE, DESTROYS | EFFECT_NO_WHERE, "TRUNCATE"},
	{NODE(REFRESH_MAT_VIEW_STMT), EFFECT_WRITE, 0, "REFRESH MATERIALIZED VIEW"},
	{NODE(CREATE_TABLE_AS_STMT), DDL | EFFECT_WRITE, 0, "CREATE TABLE AS"},
	{NODE(DROP_STMT), DDL, DESTROYS, "DROP"},
	{NODE(CREATE_STMT), DDL, 0, "CREATE TABLE"},
	{NODE(ALTER_TABLE_STMT), DDL, 0, "ALTER TABLE"},
	{NODE(ALTER_TABLE_MOVE_ALL_STMT), DDL_ADMIN, 0, "ALTER TABLE ALL IN TABLESPACE"},
	{NODE(INDEX_STMT), DDL, 0, "CREATE INDEX"},
	{NODE(VIEW_STMT), DDL, 0, "CREATE VIEW"},
	{NODE(CREATE_SCHEMA_STMT), DDL, 0, "CREATE SCHEMA"},
	{NODE(CREATE_SEQ_STMT), DDL, 0, "CREATE SEQUENCE"},
	{NODE(ALTER_SEQ_STMT), DDL, 0, "ALTER SEQUENCE"},
	{NODE(CREATE_FUNCTION_STMT), DDL, 0, "CREATE FUNCTION"},
	{NODE(ALTER_FUNCTION_STMT), DDL, 0, "ALTER FUNCTION"},
	{NODE(CREATE_TRIG_STMT), DDL, 0, "CREATE TRIGGER"},
	{NODE(RULE_STMT), DDL, 0, "CREATE RULE"},
	{NODE(CREATE_DOMAIN_STMT), DDL, 0, "CREATE DOMAIN"},
	{NODE(ALTER_DOMAIN_STMT), DDL, 0, "ALTER DOMAIN"},
	{NODE(DEFINE_STMT), DDL, 0, "CREATE"},
	{NODE(COMMENT_STMT), DDL, 0, "COMMENT"},
	{NODE(RENAME_STMT), DDL, 0, "ALTER ... RENAME"},
	{NODE(ALTER_OBJECT_SCHEMA_STMT), DDL, 0, "ALTER ... SET SCHEMA"},
	{NODE(ALTER_OBJECT_DEPENDS_STMT), DDL, 0, "ALTER ... DEPENDS ON"},
	{NODE(ALTER_OWNER_STMT), DDL_ADMIN, GRANTS, "ALTER ... OWNER"},
	{NODE(COMPOSITE_TYPE_STMT), DDL, 0, "CREATE TYPE"},
	{NODE(CREATE_ENUM_STMT), DDL, 0, "CREATE TYPE"},
	{NODE(CREATE_RANGE_STMT), DDL, 0, "CREATE TYPE"},
	{NODE(ALTER_ENUM_STMT), DDL, 0, "ALTER TYPE"},
	{NODE(ALTER_TYPE_STMT), DDL, 0, "ALTER TYPE"},
	{NODE(ALTER_OPERATOR_STMT), DDL, 0, "ALTER OPERATOR"},
	{NODE(CREATE_CONVERSION_STMT), DDL, 0, "CREATE CONVERSION"},
	{NODE(CREATE_CAST_STMT), DDL, 0, "CREATE CAST"},
	{NODE(CREATE_OP_CLASS_STMT), DDL, 0, "CREATE OPERATOR CLASS"},
	{NODE(CREATE_OP_FAMILY_STMT), DDL, 0, "CREATE OPERATOR FAMILY"},
	{NODE(ALTER_OP_FAMILY_STMT), DDL, 0, "ALTER OPERATOR FAMILY"},
	{NODE(CREATE_STATS_STMT), DDL, 0, "CREATE STATISTICS"},
	{NODE(ALTER_STATS_STMT), DDL, 0, "ALTER STATISTICS"},
	{NODE(ALTER_COLLATION_STMT), DDL, 0, "ALTER COLLATION"},
	{NODE(ALTER_TSDICTIONARY_STMT), DDL, 0, "ALTER TEXT SEARCH DICTIONARY"},
	{NODE(ALTER_TSCONFIGURATION_STMT), DDL, 0, "ALTER TEXT SEARCH CONFIGURATION"},
	{NODE(REPLICA_IDENTITY_STMT), DDL, SLOTS, "ALTER TABLE REPLICA IDENTITY"},
	{NODE(CREATE_TRANSFORM_STMT), DDL_ADMIN, 0, "CREATE TRANSFORM"},
	{NODE(CREATE_PLANG_STMT), DDL_ADMIN, 0, "CREATE LANGUAGE"},
	{NODE(CREATE_AM_STMT), DDL_ADMIN, 0, "CREATE ACCESS METHOD"},
	{NODE(CREATE_EVENT_TRIG_STMT), DDL_ADMIN, 0, "CREATE EVENT TRIGGER"},
	{NODE(ALTER_EVENT_TRIG_STMT), DDL_ADMIN, 0, "ALTER EVENT TRIGGER"},
	{NODE(CREATE_POLICY_STMT), DDL_ADMIN, GRANTS, "CREATE POLICY"},
	{NODE(ALTER_POLICY_STMT), DDL_ADMIN, GRANTS, "ALTER POLICY"},
	{NODE(CREATE_FOREIGN_TABLE_STMT), DDL_ADMIN, NETWORK, "CREATE FOREIGN TABLE"},
	{NODE(GRANT_STMT), ADMIN, GRANTS, "GRANT"},
	{NODE(GRANT_ROLE_STMT), ADMIN, GRANTS, "GRANT ROLE"},
	{NODE(ALTER_DEFAULT_PRIVILEGES_STMT), ADMIN, GRANTS, "ALTER DEFAULT PRIVILEGES"},
	{NODE(CREATE_ROLE_STMT), ADMIN, GRANTS, "CREATE ROLE"},
	{NODE(ALTER_ROLE_STMT), ADMIN, GRANTS, "ALTER ROLE"},
	{NODE(ALTER_ROLE_SET_STMT), ADMIN, CONFIG, "ALTER ROLE SET"},
	{NODE(DROP_ROLE_STMT), ADMIN, GRANTS | DESTROYS, "DROP ROLE"},
	{NODE(DROP_OWNED_STMT), DDL_ADMIN, GRANTS | DESTROYS, "DROP OWNED"},
	{NODE(REASSIGN_OWNED_STMT), ADMIN, GRANTS, "REASSIGN OWNED"},
	{NODE(CREATEDB_STMT), ADMIN, 0, "CREATE DATABASE"},
	{NODE(DROPDB_STMT), DDL_ADMIN, DESTROYS, "DROP DATABASE"},
	{NODE(ALTER_DATABASE_STMT), ADMIN, CONFIG, "ALTER DATABASE"},
	{NODE(ALTER_DATABASE_REFRESH_COLL_STMT), ADMIN, 0, "ALTER DATABASE"},
	{NODE(ALTER_DATABASE_SET_STMT), ADMIN, CONFIG, "ALTER DATABASE SET"},
	{NODE(ALTER_SYSTEM_STMT), ADMIN, CONFIG, "ALTER SYSTEM"},
	{NODE(CREATE_TABLE_SPACE_STMT), ADMIN, FILES, "CREATE TABLESPACE"},
	{NODE(DROP_TABLE_SPACE_STMT), ADMIN, DESTROYS, "DROP TABLESPACE"},
	{NODE(ALTER_TABLE_SPACE_OPTIONS_STMT), ADMIN, CONFIG, "ALTER TABLESPACE"},
	{NODE(CREATE_EXTENSION_STMT), DDL_ADMIN, 0, "CREATE EXTENSION"},
	{NODE(ALTER_EXTENSION_STMT), DDL_ADMIN, 0, "ALTER EXTENSION"},
	{NODE(ALTER_EXTENSION_CONTENTS_STMT), DDL_ADMIN, 0, "ALTER EXTENSION"},
	{NODE(CREATE_FDW_STMT), ADMIN, NETWORK, "CREATE FOREIGN DATA WRAPPER"},
	{NODE(ALTER_FDW_STMT), ADMIN, NETWORK, "ALTER FOREIGN DATA WRAPPER"},
	{NODE(CREATE_FOREIGN_SERVER_STMT), ADMIN, NETWORK, "CREATE SERVER"},
	{NODE(ALTER_FOREIGN_SERVER_STMT), ADMIN, NETWORK, "ALTER SERVER"},
	{NODE(CREATE_USER_MAPPING_STMT), ADMIN, NETWORK | GRANTS, "CREATE USER MAPPING"},
	{NODE(ALTER_USER_MAPPING_STMT), ADMIN, NETWORK | GRANTS, "ALTER USER MAPPING"},
	{NODE(DROP_USER_MAPPING_STMT), ADMIN, GRANTS, "DROP USER MAPPING"},
	{NODE(IMPORT_FOREIGN_SCHEMA_STMT), DDL_ADMIN, NETWORK, "IMPORT FOREIGN SCHEMA"},
	{NODE(SEC_LABEL_STMT), ADMIN, GRANTS, "SECURITY LABEL"},
	{NODE(CREATE_PUBLICATION_STMT), ADMIN, SLOTS, "CREATE PUBLICATION"},
	{NODE(ALTER_PUBLICATION_STMT), ADMIN, SLOTS, "ALTER PUBLICATION"},
	{NODE(CREATE_SUBSCRIPTION_STMT), ADMIN, SLOTS | NETWORK, "CREATE SUBSCRIPTION"},
	{NODE(ALTER_SUBSCRIPTION_STMT), ADMIN, SLOTS | NETWORK, "ALTER SUBSCRIPTION"},
	{NODE(DROP_SUBSCRIPTION_STMT), ADMIN, SLOTS | DESTROYS, "DROP SUBSCRIPTION"},
	{NODE(VACUUM_STMT), ADMIN, 0, "VACUUM"},
	{NODE(CLUSTER_STMT), ADMIN, 0, "CLUSTER"},
	{NODE(REINDEX_STMT), ADMIN, 0, "REINDEX"},
	{NODE(CHECK_POINT_STMT), ADMIN, 0, "CHECKPOINT"},
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
	if (copy->is_program || copy->filename[0] != '\0') { // the server's own
		st->kinds |= EFFECT_ADMIN;
		st->flags |= copy->is_program ? EFFECT_PROGRAM : EFFECT_FILE;
	} else {
		st->flags |= copy->is_from ? EFFECT_COPY_IN : EFFECT_COPY_OUT;
	}
	if (!copy->is_from && copy->query == NULL && copy->n_attlist == 0)
		st->flags |= EFFECT_STAR;
	(void)statement_condition(st, copy->where_clause, NULL);
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
	st->flags |= kind->flags;
	switch (node->node_case) {
	case NODE(COPY_STMT):
		classify_copy(st, node->copy_stmt);
		break;
	case NODE(TRANSACTION_STMT):
		classify_transaction(st, node->transaction_stmt);
		break;
	case NODE(VARIABLE_SET_STMT):
		statement_setting(st, node->variable_set_stmt);
		break;
	case NODE(DISCARD_STMT):
		if (node->discard_stmt->target == PG_QUERY__DISCARD_MODE__DISCARD_ALL)
			st->flags |= EFFECT_SETS; // back to what the session began with
		break;
	case NODE(DEALLOCATE_STMT):
		statement_add_prepared(st, node->deallocate_stmt->name); // ALL has none
		break;
	case NODE(PREPARE_STMT):
		statement_add_prepared(st, node->prepare_stmt->name);
		classify_prepare(st, node->prepare_stmt->query);
		break;
	case NODE(DECLARE_CURSOR_STMT):
		classify_prepare(st, node->declare_cursor_stmt->query);
		break;
	case NODE(EXPLAIN_STMT):
		if (node->explain_stmt->query != NULL)
			statement_classify(st, node->explain_stmt->query);
		break;
	case NODE(FETCH_STMT):
		st->flags |= EFFECT_INDIRECT;
		break;
	case NODE(DO_STMT):
	case NODE(CALL_STMT):
		st->why_unknown = "it runs code that the statement does not show";
		break;
	default: // the library's
		break;
	}
	statement_define(st, node);
}
