// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Statements of T-SQL by their first words. What is not in the table is unknown.

#include "dataplane/inspect/sql.h"

static void grammar(struct sql *p)
{
	sql_fail(p, "its grammar is not understood");
}

static void take_exists(struct sql *p)
{
	if (sql_take(p, "IF"))
		sql_expect(p, "EXISTS");
}

static void dropped(struct sql *p)
{
	take_exists(p);
	do {
		struct sql_name name = sql_name(p);
		sql_found_object(p, &name, (struct span){0}, EFFECT_DDL);
		if (sql_take(p, "ON")) { // DROP INDEX i ON t
			name = sql_name(p);
			sql_found_object(p, &name, (struct span){0}, EFFECT_DDL);
		}
	} while (sql_take(p, ",") && !p->failed);
	if (sql_take(p, "WITH"))
		sql_skip_parens(p);
}

static void definition(struct sql *p)
{
	struct sql_name name = sql_name(p);
	sql_found_object(p, &name, (struct span){0}, EFFECT_DDL);
	sql_definition(p);
}

static void indexed(struct sql *p)
{
	if (!sql_take(p, "ALL"))
		(void)sql_name(p);
	sql_expect(p, "ON");
	definition(p);
}

// The body is the rest of the batch, which it must begin.
static void routine(struct sql *p)
{
	while (p->t->kind != TOKEN_END)
		sql_next(p);
}

static void view(struct sql *p)
{
	struct sql_name name = sql_name(p);
	sql_found_object(p, &name, (struct span){0}, EFFECT_DDL);
	if (sql_is(p, "("))
		sql_skip_parens(p);
	if (sql_take(p, "WITH"))
		while (!sql_is(p, "AS") && (p->t->kind == TOKEN_WORD || sql_is(p, ",")))
			sql_next(p);
	sql_expect(p, "AS");
	(void)sql_query(p);
	if (sql_take(p, "WITH")) {
		sql_expect(p, "CHECK");
		sql_expect(p, "OPTION");
	}
}

// GRANT SELECT, EXECUTE ON x TO y: the permissions are keywords of statements.
static void granted(struct sql *p)
{
	while (!sql_is(p, "TO") && !sql_is(p, "FROM") && !p->failed) {
		if (sql_ends(p))
			grammar(p);
		else if (sql_is(p, "("))
			sql_skip_parens(p);
		else
			sql_next(p);
	}
	sql_skip_rest(p);
}

static void database_altered(struct sql *p)
{
	if (!sql_take(p, "CURRENT"))
		(void)sql_name(p);
	(void)sql_take(p, "SET");
	sql_skip_rest(p);
}

static void waited(struct sql *p)
{
	if (!sql_take(p, "DELAY"))
		sql_expect(p, "TIME");
	if (p->t->kind != TOKEN_STRING && p->t->kind != TOKEN_VARIABLE)
		grammar(p);
	sql_next(p);
}

static void fetched(struct sql *p)
{
	static const char *const words[] = {"NEXT",   "PRIOR", "FIRST", "LAST",
					    "GLOBAL", "FROM",  NULL};
	if (sql_take(p, "ABSOLUTE") || sql_take(p, "RELATIVE"))
		(void)sql_value_of(p);
	while (sql_is_any(p, words))
		sql_next(p);
	if (p->t->kind == TOKEN_VARIABLE)
		sql_next(p);
	else
		(void)sql_name(p);
	if (!sql_take(p, "INTO"))
		return;
	do {
		if (p->t->kind != TOKEN_VARIABLE)
			grammar(p);
		sql_next(p);
	} while (sql_take(p, ",") && !p->failed);
}

static void cursor(struct sql *p)
{
	(void)sql_take(p, "GLOBAL");
	if (p->t->kind == TOKEN_VARIABLE)
		sql_next(p);
	else
		(void)sql_name(p);
}

static void printed(struct sql *p)
{
	(void)sql_expression(p);
}

static void raised(struct sql *p)
{
	if (sql_take(p, "(")) {
		sql_expressions(p);
		sql_expect(p, ")");
	} else {
		sql_expressions(p);
	}
	if (sql_take(p, "WITH")) {
		do
			sql_next(p);
		while (sql_take(p, ",") && !p->failed);
	}
}

static void thrown(struct sql *p)
{
	if (!sql_ends(p) && !tsql_starts_statement(p, p->t))
		sql_expressions(p);
}

static void bulk_inserted(struct sql *p)
{
	struct sql_name name = sql_name(p);
	sql_found_object(p, &name, (struct span){0}, EFFECT_WRITE);
	sql_expect(p, "FROM");
	if (p->t->kind != TOKEN_STRING)
		grammar(p);
	sql_next(p);
	if (sql_take(p, "WITH"))
		sql_skip_parens(p);
}

static void use(struct sql *p)
{
	(void)sql_name(p);
}

static void nothing(struct sql *)
{
}

enum {
	R = EFFECT_READ,
	W = EFFECT_WRITE,
	D = EFFECT_DDL,
	A = EFFECT_ADMIN,
	X = EFFECT_EXEC,
	S = EFFECT_SESSION,
};

// clang-format off
// The first that matches counts. CREATE and ALTER are matched without OR ALTER, UNIQUE and their
// like.
static const struct sql_form forms[] = {
	{"ALTER APPLICATION ROLE", A, EFFECT_GRANTS, NULL},
	{"ALTER ASSEMBLY", D | A | X, EFFECT_FILE | EFFECT_PROGRAM, NULL},
	{"ALTER AUTHORIZATION", A, EFFECT_GRANTS, NULL},
	{"ALTER AVAILABILITY", A, EFFECT_REPLICATION | EFFECT_CONFIG, NULL},
	{"ALTER CREDENTIAL", A, EFFECT_GRANTS | EFFECT_NETWORK, NULL},
	{"ALTER DATABASE", A, EFFECT_CONFIG, database_altered},
	{"ALTER ENDPOINT", A, EFFECT_NETWORK | EFFECT_CONFIG, NULL},
	{"ALTER EVENT SESSION", A, EFFECT_CONFIG | EFFECT_FILE, NULL},
	{"ALTER EXTERNAL", A, EFFECT_NETWORK, NULL},
	{"ALTER FULLTEXT", D, 0, NULL},
	{"ALTER FUNCTION", D, 0, routine},
	{"ALTER INDEX", D, 0, indexed},
	{"ALTER LOGIN", A, EFFECT_GRANTS, NULL},
	{"ALTER PARTITION", D, 0, NULL},
	{"ALTER PROC", D, 0, routine},
	{"ALTER PROCEDURE", D, 0, routine},
	{"ALTER RESOURCE", A, EFFECT_CONFIG, NULL},
	{"ALTER ROLE", A, EFFECT_GRANTS, NULL},
	{"ALTER SCHEMA", D, EFFECT_RENAMES, NULL},
	{"ALTER SECURITY POLICY", D | A, 0, NULL},
	{"ALTER SEQUENCE", D, 0, definition},
	{"ALTER SERVER AUDIT", A, EFFECT_CONFIG, NULL},
	{"ALTER SERVER CONFIGURATION", A, EFFECT_CONFIG, database_altered},
	{"ALTER SERVER ROLE", A, EFFECT_GRANTS, NULL},
	{"ALTER TABLE", D, 0, definition},
	{"ALTER TRIGGER", D, 0, routine},
	{"ALTER USER", A, EFFECT_GRANTS, NULL},
	{"ALTER VIEW", D, 0, view},
	{"BACKUP", A, EFFECT_FILE, NULL},
	{"BULK INSERT", W | A, EFFECT_FILE | EFFECT_COPY_IN, bulk_inserted},
	{"CHECKPOINT", A, 0, nothing},
	{"CLOSE", S, 0, cursor},
	{"CREATE APPLICATION ROLE", A, EFFECT_GRANTS, NULL},
	{"CREATE ASSEMBLY", D | A | X, EFFECT_FILE | EFFECT_PROGRAM, NULL},
	{"CREATE ASYMMETRIC KEY", A, EFFECT_FILE | EFFECT_CREDENTIALS, NULL},
	{"CREATE AVAILABILITY", A, EFFECT_REPLICATION | EFFECT_CONFIG, NULL},
	{"CREATE CERTIFICATE", A, EFFECT_FILE | EFFECT_CREDENTIALS, NULL},
	{"CREATE CREDENTIAL", A, EFFECT_GRANTS | EFFECT_NETWORK, NULL},
	{"CREATE DATABASE SCOPED CREDENTIAL", A, EFFECT_GRANTS | EFFECT_NETWORK, NULL},
	{"CREATE DATABASE", A, EFFECT_FILE, NULL},
	{"CREATE DEFAULT", D, 0, NULL},
	{"CREATE ENDPOINT", A, EFFECT_NETWORK | EFFECT_CONFIG, NULL},
	{"CREATE EVENT SESSION", A, EFFECT_CONFIG | EFFECT_FILE, NULL},
	{"CREATE EXTERNAL", D | A, EFFECT_NETWORK, NULL},
	{"CREATE FULLTEXT", D, 0, NULL},
	{"CREATE FUNCTION", D, 0, routine},
	{"CREATE INDEX", D, 0, indexed},
	{"CREATE LOGIN", A, EFFECT_GRANTS, NULL},
	{"CREATE MASTER KEY", A, EFFECT_CREDENTIALS, NULL},
	{"CREATE PARTITION", D, 0, NULL},
	{"CREATE PROC", D, 0, routine},
	{"CREATE PROCEDURE", D, 0, routine},
	{"CREATE RESOURCE", A, EFFECT_CONFIG, NULL},
	{"CREATE ROLE", A, EFFECT_GRANTS, NULL},
	{"CREATE SCHEMA", D, 0, NULL},
	{"CREATE SECURITY POLICY", D | A, 0, NULL},
	{"CREATE SEQUENCE", D, 0, definition},
	{"CREATE SERVER AUDIT", A, EFFECT_CONFIG | EFFECT_FILE, NULL},
	{"CREATE SERVER ROLE", A, EFFECT_GRANTS, NULL},
	{"CREATE STATISTICS", D, 0, NULL},
	{"CREATE SYMMETRIC KEY", A, EFFECT_CREDENTIALS, NULL},
	{"CREATE SYNONYM", D, EFFECT_RENAMES, NULL},
	{"CREATE TABLE", D, 0, definition},
	{"CREATE TRIGGER", D, 0, routine},
	{"CREATE TYPE", D, 0, definition},
	{"CREATE USER", A, EFFECT_GRANTS, NULL},
	{"CREATE VIEW", D, 0, view},
	{"DBCC", A, EFFECT_CONFIG, NULL},
	{"DEALLOCATE", S, 0, cursor},
	{"DECLARE", S, 0, tsql_declare},
	{"DENY", A, EFFECT_GRANTS, granted},
	{"DROP AGGREGATE", D, 0, dropped},
	{"DROP APPLICATION ROLE", A, EFFECT_GRANTS, NULL},
	{"DROP ASSEMBLY", D | A, 0, NULL},
	{"DROP ASYMMETRIC KEY", A, EFFECT_DESTROYS, NULL},
	{"DROP AVAILABILITY", A, EFFECT_REPLICATION | EFFECT_CONFIG, NULL},
	{"DROP CERTIFICATE", A, EFFECT_DESTROYS, NULL},
	{"DROP CREDENTIAL", A, EFFECT_GRANTS, NULL},
	{"DROP DATABASE SCOPED", A, EFFECT_GRANTS, NULL},
	{"DROP DATABASE", D | A, EFFECT_DESTROYS, dropped},
	{"DROP DEFAULT", D, 0, dropped},
	{"DROP ENDPOINT", A, EFFECT_CONFIG, NULL},
	{"DROP EVENT", A, EFFECT_CONFIG, NULL},
	{"DROP EXTERNAL", D | A, 0, NULL},
	{"DROP FULLTEXT", D, 0, NULL},
	{"DROP FUNCTION", D, 0, dropped},
	{"DROP INDEX", D, 0, dropped},
	{"DROP LOGIN", A, EFFECT_GRANTS, NULL},
	{"DROP MASTER KEY", A, EFFECT_DESTROYS, NULL},
	{"DROP PARTITION", D, 0, NULL},
	{"DROP PROC", D, 0, dropped},
	{"DROP PROCEDURE", D, 0, dropped},
	{"DROP RESOURCE", A, EFFECT_CONFIG, NULL},
	{"DROP ROLE", A, EFFECT_GRANTS, NULL},
	{"DROP RULE", D, 0, dropped},
	{"DROP SCHEMA", D, EFFECT_DESTROYS, dropped},
	{"DROP SECURITY POLICY", D | A, 0, NULL},
	{"DROP SEQUENCE", D, 0, dropped},
	{"DROP SERVER AUDIT", A, EFFECT_CONFIG, NULL},
	{"DROP SERVER ROLE", A, EFFECT_GRANTS, NULL},
	{"DROP STATISTICS", D, 0, dropped},
	{"DROP SYMMETRIC KEY", A, EFFECT_DESTROYS, NULL},
	{"DROP SYNONYM", D, EFFECT_RENAMES, dropped},
	{"DROP TABLE", D, EFFECT_DESTROYS, dropped},
	{"DROP TRIGGER", D, 0, NULL},
	{"DROP TYPE", D, 0, dropped},
	{"DROP USER", A, EFFECT_GRANTS, NULL},
	{"DROP VIEW", D, 0, dropped},
	{"FETCH", R, EFFECT_INDIRECT, fetched},
	{"GRANT", A, EFFECT_GRANTS, granted},
	{"KILL", A, 0, NULL},
	{"OPEN", R, 0, cursor},
	{"PRINT", R, 0, printed},
	{"RAISERROR", S, 0, raised},
	{"RECONFIGURE", A, EFFECT_CONFIG, NULL},
	{"RESTORE", A, EFFECT_FILE | EFFECT_DESTROYS, NULL},
	{"REVERT", S, EFFECT_IDENTITY, nothing},
	{"REVOKE", A, EFFECT_GRANTS, granted},
	{"SET", 0, 0, tsql_set},
	{"SETUSER", A, EFFECT_IDENTITY, NULL},
	{"SHUTDOWN", A, 0, NULL},
	{"THROW", S, 0, thrown},
	{"TRUNCATE TABLE", D | W, EFFECT_DESTROYS, dropped},
	{"UPDATE STATISTICS", A, 0, NULL},
	{"USE", S, EFFECT_SETS, use},
	{"WAITFOR", X, EFFECT_SLEEP, waited},
};
// clang-format on

// CREATE UNIQUE CLUSTERED INDEX, CREATE OR ALTER PROCEDURE: behind the first word.
static void skip_modifiers(struct sql *p)
{
	static const char *const plain[] = {
		"UNIQUE",  "CLUSTERED", "NONCLUSTERED", "COLUMNSTORE",
		"PRIMARY", "XML",       "SPATIAL",      NULL,
	};
	if (sql_take(p, "OR"))
		sql_expect(p, "ALTER");
	while (sql_is_any(p, plain))
		sql_next(p);
}

static const struct sql_form *find(struct sql *p)
{
	const char *first = sql_is(p, "CREATE") ? "CREATE" : sql_is(p, "ALTER") ? "ALTER" : NULL;
	size_t n = first == NULL ? 0 : strlen(first) + 1;
	if (first != NULL) {
		sql_next(p);
		skip_modifiers(p);
	}
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]) && !p->failed; i++) {
		if (first != NULL && strncmp(forms[i].verb, first, n - 1) != 0)
			continue;
		if (!sql_matches(p, forms[i].verb + n))
			continue;
		for (unsigned k = sql_count_words(forms[i].verb + n); k > 0; k--)
			sql_next(p);
		return &forms[i];
	}
	return NULL;
}

static void read_query(struct sql *p)
{
	if (!sql_query(p))
		sql_effects(p, 0, EFFECT_NO_LIMIT);
}

void tsql_statement(struct sql *p)
{
	bool first = p->t == p->r->tokens;
	bool executes = sql_is(p, "EXEC") || sql_is(p, "EXECUTE");
	bool with = sql_is(p, "WITH");
	if (tsql_block(p))
		return;
	if (with) {
		sql_with(p);
		p->r->verb[0] = '\0'; // it is named by what follows
	}
	if (sql_starts_query(p) || sql_is(p, "(")) {
		read_query(p);
		return;
	}
	if (!sql_matches(p, "UPDATE STATISTICS") && sql_write(p)) {
		if (with)
			sql_effects(p, 0, EFFECT_CTE_WRITE);
		return;
	}
	// A batch may begin with the name of a procedure.
	if (executes || (first && sql_is_name(p))) {
		tsql_execute(p);
		return;
	}
	const struct sql_form *form = with ? NULL : find(p);
	if (form == NULL) {
		grammar(p);
		return;
	}
	sql_verb(p, form->verb);
	sql_effects(p, form->kinds, form->flags);
	if (form->read == NULL)
		sql_skip_rest(p);
	else
		form->read(p);
}
