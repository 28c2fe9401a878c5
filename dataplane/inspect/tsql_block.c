// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// T-SQL's control of flow, and where statements begin: they need no separator.

#include "dataplane/inspect/sql.h"

static void grammar(struct sql *p)
{
	sql_fail(p, "its grammar is not understood");
}

static bool follows(const struct sql *p, const struct token *t, const char *word)
{
	return t > p->r->tokens && sql_token_is(p, t - 1, word);
}

// Keywords that begin statements, and stand within others, too.
static bool stands_within(const struct sql *p, const struct token *t)
{
	static const struct {
		const char *word, *before, *after; // NULL: anything
	} within[] = {
		{"DELETE", "ON", NULL},       {"UPDATE", "ON", NULL},     {"SET", "DELETE", NULL},
		{"SET", "UPDATE", NULL},      {"ROLLBACK", "WITH", NULL}, {"EXECUTE", "WITH", NULL},
		{"EXEC", "WITH", NULL},       {"GRANT", "WITH", NULL},    {"DROP", NULL, "COLUMN"},
		{"DROP", NULL, "CONSTRAINT"}, {"DROP", NULL, "MEMBER"},   {"DROP", NULL, "PERIOD"},
		{"ALTER", NULL, "COLUMN"},
	};
	for (size_t i = 0; i < sizeof(within) / sizeof(within[0]); i++)
		if (sql_token_is(p, t, within[i].word) &&
		    (within[i].before == NULL || follows(p, t, within[i].before)) &&
		    (within[i].after == NULL || sql_token_is(p, t + 1, within[i].after)))
			return true;
	return false;
}

bool tsql_starts_statement(const struct sql *p, const struct token *t)
{
	static const char *const words[] = {
		"ALTER",    "BACKUP",      "BEGIN",    "BREAK",      "BULK",    "CHECKPOINT",
		"CLOSE",    "COMMIT",      "CONTINUE", "CREATE",     "DBCC",    "DEALLOCATE",
		"DECLARE",  "DELETE",      "DENY",     "DROP",       "ELSE",    "END",
		"EXEC",     "EXECUTE",     "FETCH",    "GOTO",       "GRANT",   "IF",
		"INSERT",   "KILL",        "MERGE",    "OPEN",       "PRINT",   "RAISERROR",
		"READTEXT", "RECONFIGURE", "RESTORE",  "RETURN",     "REVERT",  "REVOKE",
		"ROLLBACK", "SAVE",        "SELECT",   "SET",        "SETUSER", "SHUTDOWN",
		"THROW",    "TRUNCATE",    "UPDATE",   "UPDATETEXT", "USE",     "WAITFOR",
		"WHILE",    "WRITETEXT",   NULL,
	};
	if (t->kind != TOKEN_WORD)
		return false;
	for (const char *const *w = words; *w != NULL; w++)
		if (sql_token_is(p, t, *w))
			return !stands_within(p, t);
	return false;
}

static void one(struct sql *p)
{
	if (!sql_enter(p))
		return;
	unsigned ctes = p->n_ctes;
	tsql_statement(p);
	p->n_ctes = ctes;
	sql_leave(p);
}

static void until_end(struct sql *p)
{
	while (!sql_is(p, "END") && !p->failed) {
		if (p->t->kind == TOKEN_END)
			grammar(p);
		else if (!sql_take(p, ";"))
			one(p);
	}
	sql_expect(p, "END");
}

static void read_if(struct sql *p)
{
	(void)sql_expression(p);
	one(p);
	const struct token *t = p->t;
	while (sql_take(p, ";"))
		;
	if (sql_take(p, "ELSE"))
		one(p);
	else
		p->t = p->failed ? p->t : t;
}

static void take_transaction(struct sql *p)
{
	if (!sql_take(p, "TRAN") && !sql_take(p, "TRANSACTION"))
		(void)sql_take(p, "WORK");
	if (p->t->kind == TOKEN_VARIABLE || sql_is_name(p))
		sql_next(p);
	if (sql_take(p, "WITH")) {
		if (sql_take(p, "MARK")) {
			if (p->t->kind == TOKEN_STRING)
				sql_next(p);
		} else {
			sql_skip_parens(p);
		}
	}
}

static void read_begin(struct sql *p)
{
	sql_effects(p, EFFECT_SESSION, 0);
	(void)(sql_is(p, "DISTRIBUTED") && sql_is_at(p, 1, "TRAN") && sql_take(p, "DISTRIBUTED"));
	if (sql_is(p, "TRAN") || sql_is(p, "TRANSACTION")) {
		take_transaction(p);
	} else if (sql_take(p, "TRY")) {
		until_end(p);
		sql_expect(p, "TRY");
		(void)sql_take(p, ";");
		sql_expect(p, "BEGIN");
		sql_expect(p, "CATCH");
		until_end(p);
		sql_expect(p, "CATCH");
	} else if (sql_is(p, "DIALOG") || sql_is(p, "CONVERSATION")) {
		grammar(p);
	} else {
		until_end(p);
	}
}

static void read_return(struct sql *p)
{
	if (!sql_ends(p) && !tsql_starts_statement(p, p->t))
		(void)sql_expression(p);
}

bool tsql_block(struct sql *p)
{
	if (sql_take(p, "IF")) {
		sql_effects(p, EFFECT_SESSION, 0);
		read_if(p);
	} else if (sql_take(p, "WHILE")) {
		sql_effects(p, EFFECT_SESSION, 0);
		(void)sql_expression(p);
		one(p);
	} else if (sql_take(p, "BEGIN")) {
		read_begin(p);
	} else if (sql_take(p, "COMMIT") || sql_take(p, "ROLLBACK") || sql_take(p, "SAVE")) {
		sql_effects(p, EFFECT_SESSION, 0);
		sql_verb(p, "transaction control");
		take_transaction(p);
	} else if (sql_take(p, "BREAK") || sql_take(p, "CONTINUE")) {
		sql_effects(p, EFFECT_SESSION, 0);
	} else if (sql_take(p, "GOTO")) {
		sql_effects(p, EFFECT_SESSION, 0);
		(void)sql_name(p);
	} else if (sql_take(p, "RETURN")) {
		sql_effects(p, EFFECT_SESSION, 0);
		read_return(p);
	} else if (sql_is_name(p) && sql_is_at(p, 1, ":") && p->t->kind == TOKEN_WORD) {
		sql_effects(p, EFFECT_SESSION, 0);
		sql_next(p);
		sql_next(p);
	} else {
		return false;
	}
	return true;
}
