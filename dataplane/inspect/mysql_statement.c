// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Statements of MySQL and MariaDB by their first words. What is not in the table is unknown.

#include "dataplane/inspect/sql.h"

static void grammar(struct sql *p)
{
	sql_fail(p, "its grammar is not understood");
}

static void take_exists(struct sql *p)
{
	if (sql_take(p, "IF")) {
		(void)sql_take(p, "NOT");
		sql_expect(p, "EXISTS");
	}
}

static void names(struct sql *p, uint8_t access)
{
	do {
		struct sql_name name = sql_name(p);
		sql_found_object(p, &name, (struct span){0}, access);
	} while (sql_take(p, ",") && !p->failed);
}

static void at_end(struct sql *p)
{
	if (!sql_ends(p))
		grammar(p);
}

static void definition(struct sql *p)
{
	take_exists(p);
	struct sql_name name = sql_name(p);
	sql_found_object(p, &name, (struct span){0}, EFFECT_DDL);
	sql_definition(p);
}

static void create_table(struct sql *p)
{
	uint32_t before = p->r->kinds;
	p->r->kinds &= ~(uint32_t)EFFECT_READ;
	definition(p);
	if ((p->r->kinds & EFFECT_READ) != 0) // filled from a query
		sql_effects(p, EFFECT_WRITE, 0);
	sql_effects(p, before, 0);
}

static void dropped(struct sql *p)
{
	take_exists(p);
	names(p, EFFECT_DDL);
	sql_skip_rest(p);
}

static void checksummed(struct sql *p)
{
	names(p, EFFECT_READ);
	sql_skip_rest(p);
}

static void renamed(struct sql *p)
{
	do {
		take_exists(p);
		struct sql_name name = sql_name(p);
		sql_found_object(p, &name, (struct span){0}, EFFECT_DDL);
		sql_expect(p, "TO");
		name = sql_name(p);
		sql_found_object(p, &name, (struct span){0}, EFFECT_DDL);
	} while (sql_take(p, ",") && !p->failed);
}

// CREATE INDEX i ON t (...); DROP INDEX i ON t
static void indexed(struct sql *p)
{
	take_exists(p);
	(void)sql_name(p);
	while (!sql_ends(p) && !sql_is(p, "ON"))
		sql_next(p);
	sql_expect(p, "ON");
	struct sql_name name = sql_name(p);
	sql_found_object(p, &name, (struct span){0}, EFFECT_DDL);
	sql_definition(p);
}

// A body is statements of its own; where it ends among others is not looked for.
static void routine(struct sql *p)
{
	while (!sql_ends(p)) {
		if (sql_is(p, "SONAME"))
			sql_effects(p, EFFECT_ADMIN | EFFECT_EXEC, EFFECT_FILE | EFFECT_PROGRAM);
		sql_next(p);
	}
	while (sql_take(p, ";"))
		;
	if (p->t->kind != TOKEN_END)
		sql_fail(p, "where the routine's body ends is not understood");
}

static void explain(struct sql *p)
{
	if (sql_is(p, "FOR") || (sql_is(p, "FORMAT") && sql_is_at(p, 1, "="))) {
		bool connection = sql_is(p, "FOR");
		sql_next(p);
		sql_next(p);
		sql_next(p);
		if (connection) {
			at_end(p);
			return;
		}
	}
	static const char *const words[] = {
		"EXTENDED", "PARTITIONS", "ANALYZE",     "FORMAT", "=",
		"TREE",     "JSON",       "TRADITIONAL", NULL,
	};
	while (sql_is_any(p, words))
		sql_next(p);
	if (sql_starts_query(p) || sql_is(p, "(") || sql_is(p, "VALUES")) {
		(void)sql_query(p);
	} else if (!sql_write(p)) {
		names(p, EFFECT_READ);
		if (p->t->kind == TOKEN_STRING || sql_is_name(p))
			sql_next(p);
	}
}

static void call(struct sql *p)
{
	struct sql_name name = sql_name(p);
	sql_found_object(p, &name, (struct span){0}, EFFECT_EXEC);
	if (sql_take(p, "(") && !sql_take(p, ")")) {
		sql_expressions(p);
		sql_expect(p, ")");
	}
	command_unknown(p->r, "what a procedure does is not known");
}

// PREPARE s FROM ..., EXECUTE s, DEALLOCATE PREPARE s
static void prepared_name(struct sql *p)
{
	struct sql_name name = sql_name(p);
	if (name.n_parts == 1)
		sql_found_prepared(p, name.part[0]);
}

static void named(struct sql *p)
{
	prepared_name(p);
	command_unknown(p->r, "it runs text that was made elsewhere");
	sql_rest(p);
}

static void deallocated(struct sql *p)
{
	prepared_name(p);
	at_end(p);
}

static void prepared(struct sql *p)
{
	command_unknown(p->r, "it runs text that was made elsewhere");
	sql_rest(p);
}

static void load(struct sql *p)
{
	if (!sql_take(p, "LOW_PRIORITY"))
		(void)sql_take(p, "CONCURRENT");
	if (!sql_take(p, "LOCAL"))
		sql_effects(p, EFFECT_ADMIN, 0);
	sql_expect(p, "INFILE");
	if (p->t->kind != TOKEN_STRING)
		grammar(p);
	sql_next(p);
	if (!sql_take(p, "REPLACE"))
		(void)sql_take(p, "IGNORE");
	sql_expect(p, "INTO");
	sql_expect(p, "TABLE");
	struct sql_name name = sql_name(p);
	sql_found_object(p, &name, (struct span){0}, EFFECT_WRITE);
	sql_rest(p);
}

static void handler(struct sql *p)
{
	struct sql_name name = sql_name(p);
	sql_found_object(p, &name, (struct span){0}, EFFECT_READ);
	sql_rest(p);
}

static void begin(struct sql *p)
{
	(void)sql_take(p, "WORK");
	at_end(p);
}

static void words(struct sql *p)
{
	while (p->t->kind == TOKEN_WORD || p->t->kind == TOKEN_QUOTED || sql_is(p, ","))
		sql_next(p);
	at_end(p);
}

static void locked(struct sql *p)
{
	do {
		struct sql_name name = sql_name(p);
		struct span alias = {0};
		if (sql_take(p, "AS") || (sql_is_name(p) && !sql_is(p, "LOCAL")))
			alias = sql_name_part(p);
		sql_found_object(p, &name, alias, EFFECT_READ);
		while (sql_is(p, "READ") || sql_is(p, "WRITE") || sql_is(p, "LOCAL") ||
		       sql_is(p, "LOW_PRIORITY") || sql_is(p, "CONCURRENT"))
			sql_next(p);
	} while (sql_take(p, ",") && !p->failed);
}

static void use(struct sql *p)
{
	struct sql_name name = sql_name(p);
	if (!p->failed)
		p->r->database = name.part[name.n_parts - 1];
}

static void dos(struct sql *p)
{
	do {
		(void)sql_expression(p);
		if (sql_take(p, "AS"))
			(void)sql_name(p);
	} while (sql_take(p, ",") && !p->failed);
}

enum {
	R = EFFECT_READ,
	W = EFFECT_WRITE,
	D = EFFECT_DDL,
	A = EFFECT_ADMIN,
	X = EFFECT_EXEC,
	U = EFFECT_UNKNOWN,
	S = EFFECT_SESSION,
};

// clang-format off
// The first that matches counts. CREATE is matched without OR REPLACE, TEMPORARY and their like.
static const struct sql_form forms[] = {
	{"ALTER DATABASE", A, EFFECT_CONFIG, NULL},
	{"ALTER EVENT", D | X, 0, routine},
	{"ALTER FUNCTION", D, 0, NULL},
	{"ALTER INSTANCE", A, EFFECT_CONFIG, NULL},
	{"ALTER LOGFILE", A, EFFECT_FILE, NULL},
	{"ALTER PROCEDURE", D, 0, NULL},
	{"ALTER RESOURCE", A, EFFECT_CONFIG, NULL},
	{"ALTER ROLE", A, EFFECT_GRANTS, NULL},
	{"ALTER SCHEMA", A, EFFECT_CONFIG, NULL},
	{"ALTER SEQUENCE", D, 0, definition},
	{"ALTER SERVER", A, EFFECT_NETWORK, NULL},
	{"ALTER TABLE", D, 0, definition},
	{"ALTER TABLESPACE", A, EFFECT_FILE, NULL},
	{"ALTER UNDO", A, EFFECT_FILE, NULL},
	{"ALTER USER", A, EFFECT_GRANTS, NULL},
	{"ALTER VIEW", D, 0, definition},
	{"ANALYZE TABLE", A, 0, dropped},
	{"ANALYZE LOCAL TABLE", A, 0, dropped},
	{"ANALYZE NO_WRITE_TO_BINLOG TABLE", A, 0, dropped},
	{"ANALYZE", R, 0, explain},
	{"BACKUP", A, EFFECT_FILE, NULL},
	{"BEGIN", S, 0, begin},
	{"BINLOG", W | A | U, EFFECT_REPLICATION, prepared},
	{"CACHE INDEX", A, 0, NULL},
	{"CALL", X | U, 0, call},
	{"CHANGE MASTER", A, EFFECT_REPLICATION | EFFECT_NETWORK | EFFECT_CONFIG, NULL},
	{"CHANGE REPLICATION", A, EFFECT_REPLICATION | EFFECT_NETWORK | EFFECT_CONFIG, NULL},
	{"CHECK TABLE", A, 0, dropped},
	{"CHECK VIEW", A, 0, NULL},
	{"CHECKSUM TABLE", R, 0, checksummed},
	{"CLONE", A, EFFECT_FILE | EFFECT_NETWORK | EFFECT_DESTROYS, NULL},
	{"COMMIT", S, 0, words},
	{"CREATE DATABASE", A, 0, NULL},
	{"CREATE EVENT", D | X, 0, routine},
	{"CREATE FUNCTION", D, 0, routine},
	{"CREATE INDEX", D, 0, indexed},
	{"CREATE LOGFILE", A, EFFECT_FILE, NULL},
	{"CREATE PACKAGE", D, 0, routine},
	{"CREATE PROCEDURE", D, 0, routine},
	{"CREATE RESOURCE", A, EFFECT_CONFIG, NULL},
	{"CREATE ROLE", A, EFFECT_GRANTS, NULL},
	{"CREATE SCHEMA", A, 0, NULL},
	{"CREATE SEQUENCE", D, 0, definition},
	{"CREATE SERVER", A, EFFECT_NETWORK, NULL},
	{"CREATE SPATIAL REFERENCE", A, 0, NULL},
	{"CREATE TABLE", D, 0, create_table},
	{"CREATE TABLESPACE", A, EFFECT_FILE, NULL},
	{"CREATE TRIGGER", D, 0, routine},
	{"CREATE UNDO", A, EFFECT_FILE, NULL},
	{"CREATE USER", A, EFFECT_GRANTS, NULL},
	{"CREATE VIEW", D, 0, definition},
	{"DEALLOCATE PREPARE", S, 0, deallocated},
	{"DESC", R, 0, explain},
	{"DESCRIBE", R, 0, explain},
	{"DO", R, 0, dos},
	{"DROP DATABASE", D | A, EFFECT_DESTROYS, NULL},
	{"DROP EVENT", D, 0, NULL},
	{"DROP FUNCTION", D, 0, dropped},
	{"DROP INDEX", D, 0, indexed},
	{"DROP LOGFILE", A, EFFECT_FILE, NULL},
	{"DROP PACKAGE", D, 0, NULL},
	{"DROP PREPARE", S, 0, deallocated},
	{"DROP PROCEDURE", D, 0, dropped},
	{"DROP RESOURCE", A, EFFECT_CONFIG, NULL},
	{"DROP ROLE", A, EFFECT_GRANTS, NULL},
	{"DROP SCHEMA", D | A, EFFECT_DESTROYS, NULL},
	{"DROP SEQUENCE", D, 0, dropped},
	{"DROP SERVER", A, EFFECT_NETWORK, NULL},
	{"DROP SPATIAL", A, 0, NULL},
	{"DROP TABLE", D, EFFECT_DESTROYS, dropped},
	{"DROP TABLES", D, EFFECT_DESTROYS, dropped},
	{"DROP TABLESPACE", A, EFFECT_FILE | EFFECT_DESTROYS, NULL},
	{"DROP TEMPORARY TABLE", D, 0, dropped},
	{"DROP TEMPORARY TABLES", D, 0, dropped},
	{"DROP TRIGGER", D, 0, dropped},
	{"DROP UNDO", A, EFFECT_FILE | EFFECT_DESTROYS, NULL},
	{"DROP USER", A, EFFECT_GRANTS, NULL},
	{"DROP VIEW", D, 0, dropped},
	{"EXECUTE IMMEDIATE", X | U, EFFECT_DYNAMIC, prepared},
	{"EXECUTE", U, EFFECT_INDIRECT, named},
	{"EXPLAIN", R, 0, explain},
	{"FLUSH", A, 0, NULL},
	{"GET DIAGNOSTICS", S, 0, NULL},
	{"GRANT", A, EFFECT_GRANTS, NULL},
	{"HANDLER", R, 0, handler},
	{"HELP", R, 0, NULL},
	{"IMPORT TABLE", A | D, EFFECT_FILE, NULL},
	{"INSTALL", A | X, EFFECT_FILE | EFFECT_PROGRAM, NULL},
	{"KILL", A, 0, sql_rest},
	{"LOAD DATA", W, EFFECT_FILE | EFFECT_COPY_IN, load},
	{"LOAD XML", W, EFFECT_FILE | EFFECT_COPY_IN, load},
	{"LOAD INDEX", A, 0, NULL},
	{"LOCK INSTANCE", A, 0, NULL},
	{"LOCK TABLES", W, 0, locked},
	{"LOCK TABLE", W, 0, locked},
	{"OPTIMIZE TABLE", A, 0, dropped},
	{"OPTIMIZE LOCAL TABLE", A, 0, dropped},
	{"OPTIMIZE NO_WRITE_TO_BINLOG TABLE", A, 0, dropped},
	{"PREPARE", U, EFFECT_DYNAMIC | EFFECT_PREPARES, named},
	{"PURGE", A, EFFECT_REPLICATION | EFFECT_DESTROYS, sql_rest},
	{"RELEASE SAVEPOINT", S, 0, words},
	{"RENAME TABLE", D, EFFECT_RENAMES, renamed},
	{"RENAME TABLES", D, EFFECT_RENAMES, renamed},
	{"RENAME USER", A, EFFECT_GRANTS, NULL},
	{"REPAIR TABLE", A, 0, dropped},
	{"REPAIR VIEW", A, 0, NULL},
	{"REPAIR LOCAL TABLE", A, 0, dropped},
	{"REPAIR NO_WRITE_TO_BINLOG TABLE", A, 0, dropped},
	{"RESET", A, EFFECT_REPLICATION | EFFECT_CONFIG, NULL},
	{"RESTART", A, 0, NULL},
	{"REVOKE", A, EFFECT_GRANTS, NULL},
	{"ROLLBACK", S, 0, words},
	{"SAVEPOINT", S, 0, words},
	{"SET", 0, 0, mysql_set},
	{"SHOW BINARY", R, EFFECT_REPLICATION, sql_rest},
	{"SHOW BINLOG", R, EFFECT_REPLICATION, sql_rest},
	{"SHOW CREATE USER", R, EFFECT_CREDENTIALS, sql_rest},
	{"SHOW MASTER", R, EFFECT_REPLICATION, sql_rest},
	{"SHOW RELAYLOG", R, EFFECT_REPLICATION, sql_rest},
	{"SHOW REPLICA", R, EFFECT_REPLICATION, sql_rest},
	{"SHOW SLAVE", R, EFFECT_REPLICATION, sql_rest},
	{"SHOW", R, 0, sql_rest},
	{"SHUTDOWN", A, 0, NULL},
	{"SIGNAL", S, 0, sql_rest},
	{"START GROUP_REPLICATION", A, EFFECT_REPLICATION | EFFECT_CONFIG, NULL},
	{"START REPLICA", A, EFFECT_REPLICATION, NULL},
	{"START SLAVE", A, EFFECT_REPLICATION, NULL},
	{"START ALL", A, EFFECT_REPLICATION, NULL},
	{"START TRANSACTION", S, 0, words},
	{"STOP", A, EFFECT_REPLICATION, NULL},
	{"TRUNCATE TABLE", D | W, EFFECT_DESTROYS, dropped},
	{"TRUNCATE", D | W, EFFECT_DESTROYS, dropped},
	{"UNINSTALL", A, EFFECT_CONFIG, NULL},
	{"UNLOCK INSTANCE", A, 0, NULL},
	{"UNLOCK", S, 0, words},
	{"USE", S, EFFECT_SETS, use},
	{"XA", S | W, 0, NULL},
};
// clang-format on

// CREATE OR REPLACE DEFINER = 'u'@'h' SQL SECURITY INVOKER VIEW: behind CREATE, up to VIEW.
static void skip_modifiers(struct sql *p)
{
	static const char *const plain[] = {
		"OR",     "REPLACE", "TEMPORARY", "UNIQUE", "FULLTEXT",
		"ONLINE", "OFFLINE", "AGGREGATE", "IGNORE", NULL,
	};
	while (!p->failed) {
		if (sql_is_any(p, plain) || (sql_is(p, "SPATIAL") && sql_is_at(p, 1, "INDEX"))) {
			sql_next(p);
		} else if (sql_take(p, "SQL")) {
			sql_expect(p, "SECURITY");
			sql_next(p);
		} else if (sql_take(p, "ALGORITHM")) {
			sql_expect(p, "=");
			sql_next(p);
		} else if (sql_take(p, "DEFINER")) {
			sql_expect(p, "=");
			sql_next(p);
			if (p->t->kind == TOKEN_VARIABLE) // 'user'@'host'
				sql_next(p);
			if (sql_is(p, "(")) // CURRENT_USER()
				sql_skip_parens(p);
		} else {
			break;
		}
	}
}

// MariaDB: CREATE OR REPLACE drops what bears the name.
static void note_replaced(struct sql *p, const struct token *from, const char *verb)
{
	static const char *const holds_data[] = {
		"CREATE TABLE", "CREATE DATABASE", "CREATE SCHEMA", "CREATE SEQUENCE", NULL,
	};
	bool replaces = false, temporary = false;
	for (; from < p->t; from++) {
		replaces |= sql_token_is(p, from, "REPLACE");
		temporary |= sql_token_is(p, from, "TEMPORARY");
	}
	for (const char *const *one = holds_data; *one != NULL && replaces && !temporary; one++)
		if (strcmp(*one, verb) == 0)
			sql_effects(p, EFFECT_DDL, EFFECT_DESTROYS);
}

static const struct sql_form *find(struct sql *p)
{
	const struct token *start = p->t;
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
		note_replaced(p, start, forms[i].verb);
		return &forms[i];
	}
	return NULL;
}

void mysql_statement(struct sql *p)
{
	bool with = sql_is(p, "WITH");
	if (with) {
		sql_with(p);
		p->r->verb[0] = '\0'; // it is named by what follows
	}
	if (sql_starts_query(p) || sql_is(p, "(") || sql_is(p, "VALUES")) {
		if (!sql_query(p))
			sql_effects(p, 0, EFFECT_NO_LIMIT);
		return;
	}
	if (sql_write(p)) {
		if (with)
			sql_effects(p, 0, EFFECT_CTE_WRITE);
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
