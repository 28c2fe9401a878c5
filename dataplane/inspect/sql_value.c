// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// One operand of an expression: literals, names, calls, CASE, what stands in parentheses.

#include "dataplane/inspect/sql.h"

static struct sql_value grammar(struct sql *p)
{
	sql_fail(p, "its grammar is not understood");
	return (struct sql_value){.first = p->t, .last = p->t};
}

static struct sql_value literal(struct sql *p)
{
	struct sql_value v = {.is_fixed = true, .first = p->t, .last = p->t};
	struct span s = sql_text(p, p->t);
	bool is_string = p->t->kind == TOKEN_STRING;
	v.is_false = p->t->kind == TOKEN_NUMBER && span_equal(s, SPAN_LIT("0"));
	sql_next(p);
	while (is_string && !p->tsql && p->t->kind == TOKEN_STRING) {
		v.last = p->t; // MySQL joins strings that follow each other
		sql_next(p);
	}
	return v;
}

static struct sql_value variable(struct sql *p)
{
	struct sql_value v = {.is_fixed = true, .first = p->t, .last = p->t};
	if (p->t->kind == TOKEN_SYSTEM) {
		sql_next(p);
		if (p->t->kind != TOKEN_WORD && p->t->kind != TOKEN_QUOTED)
			return grammar(p);
		do
			(void)sql_name_part(p);
		while (sql_take(p, ".") && !p->failed);
		return v;
	}
	sql_next(p);
	if (!p->tsql && sql_take(p, ":=")) {
		const struct token *first = p->t;
		v.is_fixed = sql_expression(p).is_fixed;
		// @a := @a + 1 counts rows.
		for (; first < p->t; first++)
			v.is_fixed &= first->kind != TOKEN_VARIABLE;
	}
	return v;
}

// Does the query from `t` to here name nothing, so that it gives every row the same?
static bool names_nothing(const struct sql *p, const struct token *t)
{
	enum { SHORT = 64 };
	if (p->t - t > SHORT)
		return false;
	for (; t < p->t; t++)
		if (t->kind == TOKEN_QUOTED || (t->kind == TOKEN_WORD && !sql_is_reserved(p, t)))
			return false;
	return true;
}

// A query or a list of expressions. Whether the query's rows are bounded is of no interest here.
static struct sql_value parentheses(struct sql *p)
{
	struct sql_value v = {.first = p->t, .last = p->t};
	sql_next(p);
	if (sql_starts_query(p)) {
		(void)sql_query(p);
		v.is_query = true;
		v.is_fixed = !p->failed && names_nothing(p, v.first);
	} else {
		struct sql_value inner = sql_expression(p);
		v.is_fixed = inner.is_fixed;
		v.is_false = inner.is_false;
		while (sql_take(p, ",") && !p->failed) {
			struct sql_value next = sql_expression(p);
			v.is_fixed = v.is_fixed && next.is_fixed;
			v.is_false = false;
			inner.test.op = NULL;
		}
		v.test = inner.test;
		if (inner.is_query && !sql_is(p, ")"))
			(void)sql_query_rest(p, false);
	}
	v.last = p->t;
	sql_expect(p, ")");
	return v;
}

static struct sql_value read_case(struct sql *p)
{
	struct sql_value v = {.is_fixed = true, .first = p->t};
	sql_next(p);
	if (!sql_is(p, "WHEN"))
		v.is_fixed = sql_expression(p).is_fixed;
	if (!sql_is(p, "WHEN"))
		return grammar(p);
	while (sql_take(p, "WHEN")) {
		v.is_fixed &= sql_expression(p).is_fixed;
		sql_expect(p, "THEN");
		v.is_fixed &= sql_expression(p).is_fixed;
	}
	if (sql_take(p, "ELSE"))
		v.is_fixed &= sql_expression(p).is_fixed;
	v.last = p->t;
	sql_expect(p, "END");
	return v;
}

static struct sql_value exists(struct sql *p)
{
	struct sql_value v = {.first = p->t};
	uint32_t star = p->r->flags & EFFECT_STAR;
	sql_next(p);
	if (!sql_is(p, "("))
		return grammar(p);
	struct sql_value query = sql_value_of(p);
	p->r->flags = (p->r->flags & ~(uint32_t)EFFECT_STAR) | star; // nobody sees its columns
	v.is_fixed = query.is_fixed;
	v.last = query.last;
	return v;
}

// INTERVAL 1 DAY, and MySQL's function of that name.
static struct sql_value interval(struct sql *p)
{
	struct sql_value v = {.is_fixed = true, .first = p->t, .last = p->t};
	sql_next(p);
	v.is_fixed = sql_expression(p).is_fixed;
	if (p->t->kind == TOKEN_WORD && !sql_is(p, "AND") && !sql_is(p, "OR") &&
	    !sql_is(p, "FROM") && !sql_is(p, "AS"))
		sql_next(p);
	return v;
}

static struct sql_value match_against(struct sql *p)
{
	struct sql_value v = {.first = p->t, .last = p->t};
	sql_next(p);
	if (sql_is(p, "("))
		(void)sql_value_of(p);
	else
		sql_expressions(p);
	sql_expect(p, "AGAINST");
	sql_expect(p, "(");
	(void)sql_operand(p);
	while (sql_is(p, "IN") || sql_is(p, "NATURAL") || sql_is(p, "LANGUAGE") ||
	       sql_is(p, "BOOLEAN") || sql_is(p, "MODE") || sql_is(p, "WITH") ||
	       sql_is(p, "QUERY") || sql_is(p, "EXPANSION"))
		sql_next(p);
	sql_expect(p, ")");
	return v;
}

static struct sql_value next_value(struct sql *p)
{
	struct sql_value v = {.first = p->t, .last = p->t};
	bool writes = sql_is(p, "NEXT");
	sql_next(p);
	sql_next(p);
	sql_expect(p, "FOR");
	struct sql_name name = sql_name(p);
	sql_found_object(p, &name, (struct span){0}, writes ? EFFECT_WRITE : EFFECT_READ);
	sql_effects(p, writes ? EFFECT_WRITE : EFFECT_READ, 0);
	if (sql_take(p, "OVER"))
		sql_window(p);
	return v;
}

// Reserved, and yet functions.
static bool is_function_word(const struct sql *p)
{
	static const char *const mysql[] = {
		"CHAR",         "CONVERT",
		"CURRENT_DATE", "CURRENT_ROLE",
		"CURRENT_TIME", "CURRENT_TIMESTAMP",
		"CURRENT_USER", "DATABASE",
		"DEFAULT",      "IF",
		"INSERT",       "LEFT",
		"LOCALTIME",    "LOCALTIMESTAMP",
		"MOD",          "REPEAT",
		"REPLACE",      "RIGHT",
		"SCHEMA",       "UTC_DATE",
		"UTC_TIME",     "UTC_TIMESTAMP",
		"VALUES",       NULL,
	};
	static const char *const tsql[] = {
		"COALESCE", "CONTAINS", "CONVERT", "FREETEXT",    "IDENTITY",
		"LEFT",     "NULLIF",   "RIGHT",   "TRY_CONVERT", NULL,
	};
	return sql_is_at(p, 1, "(") && sql_is_any(p, p->tsql ? tsql : mysql);
}

// Values that are written as one word.
static bool is_constant_word(const struct sql *p)
{
	static const char *const mysql[] = {
		"NULL",
		"TRUE",
		"FALSE",
		"DEFAULT",
		"CURRENT_DATE",
		"CURRENT_TIME",
		"CURRENT_TIMESTAMP",
		"CURRENT_USER",
		"CURRENT_ROLE",
		"LOCALTIME",
		"LOCALTIMESTAMP",
		"UTC_DATE",
		"UTC_TIME",
		"UTC_TIMESTAMP",
		"MAXVALUE",
		NULL,
	};
	static const char *const tsql[] = {
		"NULL",         "DEFAULT",      "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP",
		"CURRENT_USER", "SESSION_USER", "SYSTEM_USER",  "USER",         NULL,
	};
	return p->t->kind == TOKEN_WORD && sql_is_any(p, p->tsql ? tsql : mysql);
}

static struct sql_value constant_word(struct sql *p)
{
	struct sql_value v = {.is_fixed = true, .first = p->t, .last = p->t};
	v.is_false = sql_is(p, "NULL") || sql_is(p, "FALSE");
	sql_next(p);
	return v;
}

static struct sql_value named(struct sql *p)
{
	struct sql_value v = {.first = p->t};
	const struct token *first = p->t;
	struct sql_name name = {0};
	if (is_function_word(p)) {
		name.n_parts = 1;
		name.part[0] = sql_name_part(p);
	} else if (is_constant_word(p)) {
		return constant_word(p);
	} else {
		name = sql_name(p);
	}
	if (p->failed)
		return v;
	if (sql_is(p, "(")) {
		v = sql_call(p, &name, p->t->is_apart);
	} else {
		sql_found_column(p, name.part[name.n_parts - 1]);
		v.is_column = true;
	}
	v.first = first;
	v.last = p->t > first ? p->t - 1 : first;
	return v;
}

// {d '2024-01-01'}: MySQL reads ODBC's way of writing dates.
static struct sql_value escape(struct sql *p)
{
	sql_next(p);
	if (p->t->kind != TOKEN_WORD)
		return grammar(p);
	sql_next(p);
	struct sql_value v = sql_expression(p);
	sql_expect(p, "}");
	return v;
}

static void skip_signs(struct sql *p)
{
	while (sql_is(p, "+") || sql_is(p, "-") || sql_is(p, "~") ||
	       (!p->tsql && (sql_is(p, "!") || (sql_is(p, "BINARY") && !sql_is_at(p, 1, "(")))))
		sql_next(p);
}

static bool is_typed_string(const struct sql *p)
{
	bool introducer = p->t->kind == TOKEN_WORD && p->r->text.p[p->t->at] == '_';
	bool types = sql_is(p, "DATE") || sql_is(p, "TIME") || sql_is(p, "TIMESTAMP");
	return !p->tsql && (p->t[0].kind == TOKEN_WORD) &&
	       ((p->t[1].kind == TOKEN_STRING && (introducer || types)) ||
		(p->t[1].kind == TOKEN_NUMBER && introducer));
}

static struct sql_value value_at_hand(struct sql *p)
{
	static const struct {
		const char *word, *next;
		bool for_tsql, for_mysql;
		struct sql_value (*read)(struct sql *p);
	} forms[] = {
		{"(", NULL, true, true, parentheses},
		{"CASE", NULL, true, true, read_case},
		{"EXISTS", "(", true, true, exists},
		{"INTERVAL", NULL, false, true, interval},
		{"MATCH", NULL, false, true, match_against},
		{"NEXT", "VALUE", true, true, next_value},
		{"PREVIOUS", "VALUE", false, true, next_value},
		{"{", NULL, false, true, escape},
	};
	switch ((enum token_kind)p->t->kind) {
	case TOKEN_NUMBER:
	case TOKEN_STRING:
	case TOKEN_PARAMETER:
		return literal(p);
	case TOKEN_VARIABLE:
	case TOKEN_SYSTEM:
		return variable(p);
	case TOKEN_END:
	case TOKEN_QUOTED:
	case TOKEN_WORD:
	case TOKEN_SYMBOL:
		break;
	}
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if ((p->tsql ? forms[i].for_tsql : forms[i].for_mysql) &&
		    sql_is(p, forms[i].word) &&
		    (forms[i].next == NULL || sql_is_at(p, 1, forms[i].next)))
			return forms[i].read(p);
	if (is_typed_string(p)) {
		sql_next(p);
		return literal(p);
	}
	return named(p);
}

struct sql_value sql_value_of(struct sql *p)
{
	struct sql_value v = {.first = p->t, .last = p->t};
	if (!sql_enter(p))
		return v;
	const struct token *first = p->t;
	skip_signs(p);
	bool is_signed = p->t != first;
	v = value_at_hand(p);
	if (is_signed)
		v = (struct sql_value){.is_fixed = v.is_fixed, .first = first, .last = v.last};
	sql_leave(p);
	return v;
}
