// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// T-SQL's SET and DECLARE.

#include "dataplane/inspect/sql.h"

static void grammar(struct sql *p)
{
	sql_fail(p, "its grammar is not understood");
}

static bool takes_on_off(struct sql *p, bool *on)
{
	*on = sql_is(p, "ON");
	return sql_take(p, "ON") || sql_take(p, "OFF");
}

// SET QUOTED_IDENTIFIER counts for the whole batch, from its beginning.
static void set_quoting(struct sql *p)
{
	bool on = false;
	sql_next(p);
	if (!takes_on_off(p, &on))
		grammar(p);
	sql_effects(p, EFFECT_SESSION, 0);
	if (on == p->r->context->quoted_identifier)
		return;
	sql_effects(p, EFFECT_ADMIN, EFFECT_LEXING);
	sql_fail(p, "it changes how it is read");
}

static void set_options(struct sql *p)
{
	static const char *const switches[] = {
		"ANSI_NULLS",
		"ANSI_NULL_DFLT_OFF",
		"ANSI_NULL_DFLT_ON",
		"ANSI_PADDING",
		"ANSI_WARNINGS",
		"ARITHABORT",
		"ARITHIGNORE",
		"CONCAT_NULL_YIELDS_NULL",
		"CURSOR_CLOSE_ON_COMMIT",
		"FMTONLY",
		"FORCEPLAN",
		"IMPLICIT_TRANSACTIONS",
		"NOCOUNT",
		"NOEXEC",
		"NUMERIC_ROUNDABORT",
		"PARSEONLY",
		"REMOTE_PROC_TRANSACTIONS",
		"SHOWPLAN_ALL",
		"SHOWPLAN_TEXT",
		"SHOWPLAN_XML",
		"XACT_ABORT",
		NULL,
	};
	bool on = false;
	do {
		if (!sql_is_any(p, switches))
			grammar(p);
		sql_next(p);
	} while (sql_take(p, ",") && !p->failed);
	if (!takes_on_off(p, &on))
		grammar(p);
	sql_effects(p, EFFECT_SESSION, 0);
}

static void set_value(struct sql *p)
{
	sql_effects(p, EFFECT_SESSION, 0);
	sql_next(p);
	(void)sql_take(p, "-");
	if (p->t->kind == TOKEN_NUMBER || p->t->kind == TOKEN_STRING ||
	    p->t->kind == TOKEN_VARIABLE)
		sql_next(p);
	else
		(void)sql_name(p);
}

static void set_isolation(struct sql *p)
{
	static const char *const words[] = {
		"TRANSACTION", "ISOLATION",  "LEVEL",    "READ",         "UNCOMMITTED",
		"COMMITTED",   "REPEATABLE", "SNAPSHOT", "SERIALIZABLE", NULL,
	};
	sql_effects(p, EFFECT_SESSION, 0);
	while (sql_is_any(p, words))
		sql_next(p);
}

static void set_statistics(struct sql *p)
{
	static const char *const words[] = {"STATISTICS", "IO", "TIME", "XML",
					    "PROFILE",    ",",  NULL};
	bool on = false;
	sql_effects(p, EFFECT_SESSION, 0);
	while (sql_is_any(p, words))
		sql_next(p);
	if (!takes_on_off(p, &on))
		grammar(p);
}

static void set_identity_insert(struct sql *p)
{
	bool on = false;
	sql_next(p);
	struct sql_name name = sql_name(p);
	sql_found_object(p, &name, (struct span){0}, EFFECT_WRITE);
	sql_effects(p, EFFECT_WRITE, 0);
	if (!takes_on_off(p, &on))
		grammar(p);
}

// SET @v = e; SET @v += e; SET @cursor = CURSOR FOR query
static void set_variable(struct sql *p)
{
	static const char *const operators[] = {
		"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", NULL,
	};
	sql_effects(p, EFFECT_SESSION, 0);
	sql_next(p);
	if (!sql_is_any(p, operators))
		grammar(p);
	sql_next(p);
	if (sql_is(p, "CURSOR"))
		tsql_cursor(p);
	else
		(void)sql_expression(p);
}

void tsql_set(struct sql *p)
{
	static const struct {
		const char *word;
		void (*read)(struct sql *p);
	} forms[] = {
		{"QUOTED_IDENTIFIER", set_quoting},
		{"ANSI_DEFAULTS", set_quoting},
		{"TRANSACTION", set_isolation},
		{"STATISTICS", set_statistics},
		{"IDENTITY_INSERT", set_identity_insert},
		{"CONTEXT_INFO", set_value},
		{"DATEFIRST", set_value},
		{"DATEFORMAT", set_value},
		{"DEADLOCK_PRIORITY", set_value},
		{"LANGUAGE", set_value},
		{"LOCK_TIMEOUT", set_value},
		{"QUERY_GOVERNOR_COST_LIMIT", set_value},
		{"ROWCOUNT", set_value},
		{"TEXTSIZE", set_value},
	};
	if (p->t->kind == TOKEN_VARIABLE) {
		set_variable(p);
		return;
	}
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (sql_is(p, forms[i].word)) {
			forms[i].read(p);
			return;
		}
	}
	set_options(p);
}

// At CURSOR.
void tsql_cursor(struct sql *p)
{
	static const char *const options[] = {
		"CURSOR",       "LOCAL",      "GLOBAL",       "FORWARD_ONLY", "SCROLL",
		"STATIC",       "KEYSET",     "DYNAMIC",      "FAST_FORWARD", "READ_ONLY",
		"SCROLL_LOCKS", "OPTIMISTIC", "TYPE_WARNING", "INSENSITIVE",  NULL,
	};
	while (sql_is_any(p, options))
		sql_next(p);
	if (!sql_take(p, "FOR"))
		return; // a variable's type
	sql_effects(p, 0, EFFECT_PREPARES);
	(void)sql_query(p);
	if (!sql_take(p, "FOR"))
		return;
	if (sql_take(p, "READ")) {
		sql_expect(p, "ONLY");
		return;
	}
	sql_expect(p, "UPDATE");
	if (sql_take(p, "OF")) {
		do
			(void)sql_name(p);
		while (sql_take(p, ",") && !p->failed);
	}
}

static void declare_variable(struct sql *p)
{
	sql_next(p);
	(void)sql_take(p, "AS");
	if (sql_is(p, "CURSOR")) {
		tsql_cursor(p);
	} else if (sql_take(p, "TABLE")) {
		sql_skip_parens(p);
	} else {
		sql_type(p);
		if (sql_take(p, "="))
			(void)sql_expression(p);
	}
}

void tsql_declare(struct sql *p)
{
	sql_effects(p, EFFECT_SESSION, 0);
	if (p->t->kind != TOKEN_VARIABLE) {
		(void)sql_name(p);
		if (!sql_is(p, "CURSOR") && !sql_is(p, "INSENSITIVE") && !sql_is(p, "SCROLL"))
			grammar(p);
		tsql_cursor(p);
		return;
	}
	do {
		if (p->t->kind != TOKEN_VARIABLE)
			grammar(p);
		declare_variable(p);
	} while (sql_take(p, ",") && !p->failed);
}
