// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The way of a text through its statements, and what every part of the grammar reads tokens by.

#include "dataplane/inspect/sql.h"

struct span sql_text(const struct sql *p, const struct token *t)
{
	return span_of(p->r->text.p + t->at, t->n);
}

bool sql_token_is(const struct sql *p, const struct token *t, const char *what)
{
	if (t->kind != TOKEN_WORD && t->kind != TOKEN_SYMBOL)
		return false;
	const uint8_t *text = p->r->text.p + t->at;
	for (uint32_t i = 0; i < t->n; i++) {
		uint8_t c = text[i];
		if (c >= 'a' && c <= 'z')
			c -= 'a' - 'A';
		if (c != (uint8_t)what[i]) // differs at the NUL, too
			return false;
	}
	return what[t->n] == '\0';
}

bool sql_is(const struct sql *p, const char *what)
{
	return sql_token_is(p, p->t, what);
}

// The end token is the last there is.
static const struct token *ahead(const struct sql *p, unsigned k)
{
	const struct token *end = &p->r->tokens[p->r->n_tokens];
	return (size_t)(end - p->t) < k ? end : p->t + k;
}

bool sql_is_at(const struct sql *p, unsigned k, const char *what)
{
	return sql_token_is(p, ahead(p, k), what);
}

bool sql_is_any(const struct sql *p, const char *const *words)
{
	for (; *words != NULL; words++)
		if (sql_is(p, *words))
			return true;
	return false;
}

void sql_next(struct sql *p)
{
	if (p->t->kind != TOKEN_END)
		p->t++;
}

bool sql_take(struct sql *p, const char *what)
{
	if (!sql_is(p, what))
		return false;
	sql_next(p);
	return true;
}

void sql_fail(struct sql *p, const char *why)
{
	command_unknown(p->r, why);
	p->failed = true;
	p->t = &p->r->tokens[p->r->n_tokens];
}

void sql_expect(struct sql *p, const char *what)
{
	if (!sql_take(p, what))
		sql_fail(p, "its grammar is not understood");
}

bool sql_enter(struct sql *p)
{
	if (p->depth == COMMAND_DEPTH_MAX) {
		sql_fail(p, "it is nested too deeply");
		return false;
	}
	p->depth++;
	return true;
}

void sql_leave(struct sql *p)
{
	p->depth--;
}

bool sql_ends(const struct sql *p)
{
	return p->t->kind == TOKEN_END || sql_is(p, ";");
}

void sql_skip_parens(struct sql *p)
{
	unsigned level = 0;
	sql_expect(p, "(");
	for (level = 1; level > 0 && !p->failed; sql_next(p)) {
		if (p->t->kind == TOKEN_END || sql_is(p, ";"))
			sql_fail(p, "a parenthesis is not closed");
		else if (sql_is(p, "("))
			level++;
		else if (sql_is(p, ")"))
			level--;
	}
}

// ---- statements

// Which of several statements a refusal should name: the one that can do most.
static unsigned weight(uint32_t kinds)
{
	static const uint32_t order[] = {
		EFFECT_ADMIN, EFFECT_DDL, EFFECT_WRITE, EFFECT_EXEC, EFFECT_UNKNOWN, EFFECT_READ,
	};
	for (unsigned i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if ((kinds & order[i]) != 0)
			return 7 - i;
	return 1;
}

static void read_one(struct sql *p)
{
	struct command_reader *r = p->r;
	r->kinds = 0;
	r->verb[0] = '\0';
	p->depth = p->n_ctes = 0;
	p->first_object = r->n_objects;
	if (p->tsql)
		tsql_statement(p);
	else
		mysql_statement(p);
	if (!p->failed && !p->tsql && !sql_ends(p))
		sql_fail(p, "its grammar is not understood");
}

void sql_classify(struct command_reader *r, bool tsql)
{
	struct sql p = {.r = r, .t = r->tokens, .tsql = tsql};
	r->database = r->context->database;
	uint32_t all = 0, n_statements = 0, n_read = 0;
	unsigned heaviest = 0;
	while (p.t->kind != TOKEN_END && !p.failed) {
		if (sql_take(&p, ";"))
			continue;
		n_read++;
		if (n_read > 1 && !tsql && !r->context->multi_statements)
			sql_fail(&p, "several statements, which the session did not ask for");
		else if (p.is_relexed)
			sql_fail(&p, "a statement before it changes how it is read");
		else
			read_one(&p);
		all |= r->kinds;
		n_statements += (r->kinds & ~(uint32_t)EFFECT_SESSION) != 0;
		if (weight(r->kinds) > heaviest) {
			heaviest = weight(r->kinds);
			memcpy(r->heaviest, r->verb, sizeof(r->heaviest));
		}
	}
	if (n_read > 1)
		r->flags |= EFFECT_MULTI;
	r->kinds = n_read == 0 ? EFFECT_SESSION : all; // an empty text does nothing
	r->n_statements = p.failed ? 0 : n_statements;
}
