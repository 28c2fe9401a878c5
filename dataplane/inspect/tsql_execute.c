// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// T-SQL's EXECUTE in its forms, and a procedure's name alone at the beginning of a batch.

#include "dataplane/inspect/sql.h"

// EXECUTE AS USER = 'x'; EXECUTE ('...') AS LOGIN = 'x'
static void read_as(struct sql *p)
{
	sql_effects(p, EFFECT_ADMIN, EFFECT_IDENTITY);
	if (!sql_take(p, "CALLER") && !sql_take(p, "OWNER") && !sql_take(p, "SELF")) {
		if (!sql_take(p, "USER"))
			sql_expect(p, "LOGIN");
		sql_expect(p, "=");
		(void)sql_value_of(p);
	}
	if (sql_take(p, "WITH")) {
		while (p->t->kind == TOKEN_WORD && !tsql_starts_statement(p, p->t))
			sql_next(p);
		if (sql_take(p, "="))
			sql_next(p);
		if (sql_take(p, "INTO"))
			sql_next(p);
	}
}

// A value: a literal, a variable, or words that stand for a string.
static void read_argument(struct sql *p)
{
	if (p->t->kind == TOKEN_VARIABLE && sql_is_at(p, 1, "=")) {
		sql_next(p);
		sql_next(p);
	}
	(void)(sql_take(p, "-") || sql_take(p, "+"));
	bool null = sql_take(p, "NULL") || sql_take(p, "DEFAULT");
	if (!null && (p->t->kind == TOKEN_STRING || p->t->kind == TOKEN_NUMBER ||
		      p->t->kind == TOKEN_VARIABLE))
		sql_next(p);
	else if (!null)
		(void)sql_name(p);
	if (!sql_take(p, "OUT"))
		(void)sql_take(p, "OUTPUT");
}

static bool is_end(const struct sql *p)
{
	return sql_ends(p) || tsql_starts_statement(p, p->t) || sql_is(p, "WITH");
}

static void found_procedure(struct sql *p, const struct sql_name *name)
{
	struct span last = name->part[name->n_parts - 1];
	const struct sql_known *known = tsql_procedure(last);
	sql_found_object(p, name, (struct span){0}, EFFECT_EXEC);
	// Only those of the system cannot be replaced by somebody's own of that name.
	bool own = name->n_parts > 1 && name->part[name->n_parts - 2].n > 0 &&
		   !span_equal(name->part[name->n_parts - 2], SPAN_LIT("sys"));
	if (known != NULL)
		sql_effects(p, known->kinds, known->flags);
	if (known == NULL || (known->kinds & EFFECT_UNKNOWN) != 0 || own) {
		sql_effects(p, EFFECT_EXEC, 0);
		command_unknown(p->r, "what a procedure does is not known");
	}
	if (known == NULL && last.n > 3 && memcmp(last.p, "xp_", 3) == 0)
		sql_effects(p, EFFECT_ADMIN, EFFECT_PROGRAM);
}

static void read_procedure(struct sql *p)
{
	if (p->t->kind == TOKEN_VARIABLE && sql_is_at(p, 1, "=")) {
		sql_next(p);
		sql_next(p);
	}
	if (p->t->kind == TOKEN_VARIABLE) { // the name is in a variable
		sql_next(p);
		sql_effects(p, EFFECT_EXEC, EFFECT_DYNAMIC);
		command_unknown(p->r, "what a procedure does is not known");
	} else {
		struct sql_name name = sql_name(p);
		if (p->failed)
			return;
		found_procedure(p, &name);
		if (sql_is(p, ";") && p->t[1].kind == TOKEN_NUMBER) {
			sql_next(p);
			sql_next(p);
		}
	}
	if (!is_end(p)) {
		do
			read_argument(p);
		while (sql_take(p, ",") && !p->failed);
	}
	if (sql_take(p, "WITH")) {
		if (!sql_take(p, "RECOMPILE")) {
			sql_expect(p, "RESULT");
			sql_expect(p, "SETS");
			if (sql_is(p, "("))
				sql_skip_parens(p);
			else if (!sql_take(p, "NONE"))
				sql_expect(p, "UNDEFINED");
		}
	}
}

void tsql_execute(struct sql *p)
{
	sql_verb(p, "EXECUTE");
	if (sql_is(p, "EXEC") || sql_is(p, "EXECUTE"))
		sql_next(p);
	if (sql_take(p, "AS")) {
		read_as(p);
		return;
	}
	if (!sql_take(p, "(")) {
		read_procedure(p);
		return;
	}
	sql_effects(p, EFFECT_EXEC, EFFECT_DYNAMIC);
	command_unknown(p->r, "it runs text that is made while it runs");
	sql_expressions(p);
	sql_expect(p, ")");
	if (sql_take(p, "AS"))
		read_as(p);
	if (sql_take(p, "AT")) {
		sql_effects(p, EFFECT_ADMIN, EFFECT_NETWORK);
		(void)sql_take(p, "DATA_SOURCE");
		(void)sql_name(p);
	}
}
