// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Queries: WITH, SELECT, UNION and what stands behind them.

#include "dataplane/inspect/sql.h"

static void grammar(struct sql *p)
{
	sql_fail(p, "its grammar is not understood");
}

bool sql_starts_query_at(const struct sql *p, unsigned k)
{
	if (sql_is_at(p, k, "SELECT") || sql_is_at(p, k, "WITH"))
		return true;
	if (p->tsql) // VALUES(column) is a function of MySQL's
		return sql_is_at(p, k, "VALUES");
	return sql_is_at(p, k, "TABLE") ||
	       (sql_is_at(p, k, "VALUES") && sql_is_at(p, k + 1, "ROW"));
}

bool sql_starts_query(const struct sql *p)
{
	return sql_starts_query_at(p, 0);
}

void sql_order_by(struct sql *p)
{
	sql_expect(p, "ORDER");
	sql_expect(p, "BY");
	do {
		(void)sql_expression(p);
		(void)(sql_take(p, "ASC") || sql_take(p, "DESC"));
	} while (sql_take(p, ",") && !p->failed);
}

// T-SQL: OFFSET n ROWS FETCH NEXT n ROWS ONLY; MariaDB has it, too.
static bool read_fetch(struct sql *p)
{
	if (sql_take(p, "OFFSET")) {
		(void)sql_operand(p);
		(void)(sql_take(p, "ROW") || sql_take(p, "ROWS"));
		if (!sql_is(p, "FETCH"))
			return false;
	}
	if (!sql_take(p, "FETCH"))
		return false;
	if (!sql_take(p, "NEXT"))
		sql_expect(p, "FIRST");
	if (!sql_is(p, "ROW") && !sql_is(p, "ROWS"))
		(void)sql_operand(p);
	if (!sql_take(p, "ROW"))
		sql_expect(p, "ROWS");
	if (sql_take(p, "WITH"))
		sql_expect(p, "TIES");
	else
		sql_expect(p, "ONLY");
	return true;
}

bool sql_limit(struct sql *p)
{
	if (sql_is(p, "OFFSET") || sql_is(p, "FETCH"))
		return read_fetch(p);
	if (p->tsql || !sql_take(p, "LIMIT"))
		return false;
	if (sql_take(p, "ROWS")) { // MariaDB: LIMIT ROWS EXAMINED
		sql_expect(p, "EXAMINED");
		(void)sql_value_of(p);
		return false;
	}
	(void)sql_value_of(p);
	if (sql_take(p, ",") || sql_take(p, "OFFSET"))
		(void)sql_value_of(p);
	if (sql_take(p, "ROWS")) {
		sql_expect(p, "EXAMINED");
		(void)sql_value_of(p);
	}
	return true;
}

void sql_with(struct sql *p)
{
	sql_expect(p, "WITH");
	(void)(!p->tsql && sql_take(p, "RECURSIVE"));
	do {
		if (!sql_is_name(p)) {
			grammar(p);
			return;
		}
		struct span name = sql_name_part(p);
		if (sql_is(p, "("))
			sql_skip_parens(p);
		sql_expect(p, "AS");
		sql_expect(p, "(");
		(void)sql_query(p);
		sql_expect(p, ")");
		// The name stands for it from here on; within, it may be a relation's.
		if (p->n_ctes == SQL_CTES_MAX)
			sql_fail(p, "it has too many common table expressions");
		else
			p->ctes[p->n_ctes++] = name;
	} while (sql_take(p, ",") && !p->failed);
}

// ---- SELECT

// MySQL: INTO OUTFILE, DUMPFILE, @variables; T-SQL: INTO table.
static void read_into(struct sql *p)
{
	static const char *const format[] = {
		"FIELDS",  "COLUMNS", "TERMINATED", "OPTIONALLY", "ENCLOSED",
		"ESCAPED", "BY",      "LINES",      "STARTING",   NULL,
	};
	if (p->tsql) {
		struct sql_name name = sql_name(p);
		sql_found_object(p, &name, (struct span){0}, EFFECT_WRITE | EFFECT_DDL);
		sql_effects(p, EFFECT_WRITE | EFFECT_DDL, 0);
		return;
	}
	bool outfile = sql_is(p, "OUTFILE");
	if (p->t->kind == TOKEN_VARIABLE) {
		do {
			if (p->t->kind != TOKEN_VARIABLE)
				grammar(p);
			sql_next(p);
		} while (sql_take(p, ",") && !p->failed);
		return;
	}
	if (!outfile && !sql_is(p, "DUMPFILE")) {
		grammar(p);
		return;
	}
	sql_effects(p, EFFECT_ADMIN, EFFECT_FILE | EFFECT_COPY_OUT);
	sql_next(p);
	if (p->t->kind != TOKEN_STRING)
		grammar(p);
	sql_next(p);
	if (sql_take(p, "CHARACTER")) {
		sql_expect(p, "SET");
		sql_next(p);
	}
	while (outfile &&
	       (p->t->kind == TOKEN_STRING || p->t->kind == TOKEN_NUMBER || sql_is_any(p, format)))
		sql_next(p);
}

// True: TOP with a number of rows.
static bool read_modifiers(struct sql *p)
{
	static const char *const mysql[] = {
		"ALL",           "DISTINCT",         "DISTINCTROW",         "HIGH_PRIORITY",
		"STRAIGHT_JOIN", "SQL_SMALL_RESULT", "SQL_BIG_RESULT",      "SQL_BUFFER_RESULT",
		"SQL_NO_CACHE",  "SQL_CACHE",        "SQL_CALC_FOUND_ROWS", NULL,
	};
	bool percent = false;
	if (!p->tsql) {
		while (sql_is_any(p, mysql))
			sql_next(p);
		return false;
	}
	(void)(sql_take(p, "ALL") || sql_take(p, "DISTINCT"));
	if (!sql_take(p, "TOP"))
		return false;
	(void)sql_value_of(p);
	percent = sql_take(p, "PERCENT");
	if (sql_is(p, "WITH") && sql_is_at(p, 1, "TIES")) {
		sql_next(p);
		sql_next(p);
	}
	return !percent;
}

// *, t.*, db.t.*
static bool take_star(struct sql *p)
{
	unsigned k = 0;
	while (sql_is_name_at(p, k) && sql_is_at(p, k + 1, "."))
		k += 2;
	if (k > 6 || !sql_is_at(p, k, "*"))
		return false;
	for (; k > 0; k--)
		sql_next(p);
	sql_next(p);
	sql_found_star(p);
	return true;
}

static bool is_assignment(const struct sql *p)
{
	static const char *const symbols[] = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^="};
	if (!p->tsql ||
	    (p->t->kind != TOKEN_VARIABLE && p->t->kind != TOKEN_STRING && !sql_is_name(p)))
		return false;
	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++)
		if (sql_is_at(p, 1, symbols[i]) && (i == 0 || p->t->kind == TOKEN_VARIABLE))
			return true;
	return false;
}

static void read_alias(struct sql *p)
{
	bool as = sql_take(p, "AS");
	if (p->t->kind == TOKEN_STRING || sql_is_name(p))
		sql_next(p);
	else if (as)
		grammar(p);
}

void sql_select_items(struct sql *p)
{
	do {
		if (take_star(p))
			continue;
		if (is_assignment(p)) {
			sql_next(p);
			sql_next(p);
		}
		(void)sql_expression(p);
		read_alias(p);
	} while (sql_take(p, ",") && !p->failed);
}

// GROUPING SETS ((a, b), (a), ())
static void read_grouping_sets(struct sql *p)
{
	sql_expect(p, "(");
	do {
		if (sql_is(p, "(") && sql_is_at(p, 1, ")")) {
			sql_next(p);
			sql_next(p);
		} else {
			(void)sql_expression(p);
		}
	} while (sql_take(p, ",") && !p->failed);
	sql_expect(p, ")");
}

static void read_group_by(struct sql *p)
{
	sql_expect(p, "BY");
	(void)sql_take(p, "ALL");
	do {
		if (sql_is(p, "GROUPING") && sql_is_at(p, 1, "SETS")) {
			sql_next(p);
			sql_next(p);
			read_grouping_sets(p);
			continue;
		}
		(void)sql_expression(p);
		(void)(!p->tsql && (sql_take(p, "ASC") || sql_take(p, "DESC")));
	} while (sql_take(p, ",") && !p->failed);
	if (sql_is(p, "WITH") && (sql_is_at(p, 1, "ROLLUP") || sql_is_at(p, 1, "CUBE"))) {
		sql_next(p);
		sql_next(p);
	}
}

static void read_windows(struct sql *p)
{
	do {
		(void)sql_name(p);
		sql_expect(p, "AS");
		sql_window(p);
	} while (sql_take(p, ",") && !p->failed);
}

// One SELECT up to where UNION, ORDER BY or LIMIT may follow. Returns whether its rows are bounded.
static bool read_select(struct sql *p)
{
	bool aggregate = p->has_aggregate, grouped = false, from = false;
	unsigned relations = p->n_relations;
	p->has_aggregate = false;
	p->n_relations = 0;
	p->n_selects++;
	sql_effects(p, EFFECT_READ, 0);
	sql_verb(p, "SELECT");
	sql_expect(p, "SELECT");
	bool bounded = read_modifiers(p);
	sql_select_items(p);
	if (sql_take(p, "INTO"))
		read_into(p);
	if (sql_take(p, "FROM")) {
		from = p->tsql || !sql_take(p, "DUAL");
		if (from)
			sql_relations(p);
	}
	if (sql_take(p, "WHERE"))
		(void)sql_condition(p);
	if (sql_take(p, "GROUP")) {
		grouped = true;
		read_group_by(p);
	}
	if (sql_take(p, "HAVING"))
		(void)sql_expression(p);
	if (!p->tsql && sql_take(p, "WINDOW"))
		read_windows(p);
	if (p->n_relations > EFFECT_JOINS_MAX)
		sql_effects(p, 0, EFFECT_MANY_JOINS);
	bounded = bounded || !from || (p->has_aggregate && !grouped);
	p->has_aggregate = aggregate;
	p->n_relations = relations;
	return bounded;
}

static bool read_part(struct sql *p)
{
	if (sql_is(p, "SELECT"))
		return read_select(p);
	sql_effects(p, EFFECT_READ, 0);
	if (sql_take(p, "(")) {
		bool bounded = sql_query(p);
		sql_expect(p, ")");
		return bounded;
	}
	if (sql_take(p, "VALUES")) {
		sql_verb(p, "VALUES");
		do {
			(void)(!p->tsql && sql_take(p, "ROW"));
			if (!sql_is(p, "("))
				grammar(p);
			(void)sql_value_of(p);
		} while (sql_take(p, ",") && !p->failed);
		return true;
	}
	if (!p->tsql && sql_take(p, "TABLE")) {
		sql_verb(p, "TABLE");
		struct sql_name name = sql_name(p);
		sql_found_object(p, &name, (struct span){0}, EFFECT_READ);
		sql_found_star(p);
		return false;
	}
	grammar(p);
	return false;
}

// ---- behind a query

static void read_lock(struct sql *p)
{
	sql_effects(p, EFFECT_WRITE, 0);
	if (sql_take(p, "LOCK")) {
		sql_expect(p, "IN");
		sql_expect(p, "SHARE");
		sql_expect(p, "MODE");
	} else {
		sql_expect(p, "FOR");
		if (!sql_take(p, "UPDATE"))
			sql_expect(p, "SHARE");
		if (sql_take(p, "OF")) {
			do
				(void)sql_name(p);
			while (sql_take(p, ",") && !p->failed);
		}
	}
	if (sql_take(p, "SKIP"))
		sql_expect(p, "LOCKED");
	else if (sql_take(p, "WAIT"))
		(void)sql_value_of(p);
	else
		(void)sql_take(p, "NOWAIT");
}

// T-SQL: FOR XML PATH('x'), ROOT; FOR JSON AUTO; FOR BROWSE; OPTION (hints).
static void read_format(struct sql *p)
{
	if (sql_take(p, "FOR") && !sql_take(p, "BROWSE")) {
		if (!sql_take(p, "XML"))
			sql_expect(p, "JSON");
		do {
			if (p->t->kind != TOKEN_WORD)
				grammar(p);
			sql_next(p);
			if (sql_is(p, "XSINIL") || sql_is(p, "ABSENT"))
				sql_next(p);
			if (sql_is(p, "("))
				sql_skip_parens(p);
		} while (sql_take(p, ",") && !p->failed);
	}
	if (sql_take(p, "OPTION"))
		sql_skip_parens(p);
}

static bool takes_set_operator(struct sql *p)
{
	if (!sql_take(p, "UNION") && !sql_take(p, "EXCEPT") && !sql_take(p, "INTERSECT"))
		return false;
	(void)(sql_take(p, "ALL") || sql_take(p, "DISTINCT"));
	return true;
}

bool sql_query_rest(struct sql *p, bool bounded)
{
	while (takes_set_operator(p) && !p->failed)
		bounded &= read_part(p);
	if (sql_is(p, "ORDER"))
		sql_order_by(p);
	bounded |= sql_limit(p);
	if (p->tsql) {
		if (sql_is(p, "OPTION") ||
		    (sql_is(p, "FOR") && (sql_is_at(p, 1, "XML") || sql_is_at(p, 1, "JSON") ||
					  sql_is_at(p, 1, "BROWSE"))))
			read_format(p);
		return bounded;
	}
	if (sql_take(p, "INTO"))
		read_into(p);
	while (sql_is(p, "FOR") || (sql_is(p, "LOCK") && sql_is_at(p, 1, "IN")))
		read_lock(p);
	if (sql_take(p, "INTO"))
		read_into(p);
	return bounded;
}

bool sql_query(struct sql *p)
{
	unsigned ctes = p->n_ctes;
	bool bounded = false;
	if (!sql_enter(p))
		return false;
	if (sql_is(p, "WITH"))
		sql_with(p);
	bounded = read_part(p);
	bounded = sql_query_rest(p, bounded);
	p->n_ctes = ctes;
	sql_leave(p);
	return bounded;
}
