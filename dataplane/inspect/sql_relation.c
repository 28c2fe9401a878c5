// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What stands behind FROM.

#include "dataplane/inspect/sql.h"

static void grammar(struct sql *p)
{
	sql_fail(p, "its grammar is not understood");
}

static void names_in_parens(struct sql *p)
{
	sql_expect(p, "(");
	do {
		if (p->t->kind != TOKEN_WORD && p->t->kind != TOKEN_QUOTED)
			grammar(p);
		sql_next(p);
	} while (sql_take(p, ",") && !p->failed);
	sql_expect(p, ")");
}

// [AS] alias [(columns)]; empty: there is none.
static struct span read_alias(struct sql *p)
{
	struct span alias = {0};
	bool as = sql_take(p, "AS");
	if (sql_is_name(p) && !(p->tsql && sql_is(p, "OPENJSON")))
		alias = sql_name_part(p);
	else if (as)
		grammar(p);
	if (alias.n > 0 && sql_is(p, "("))
		names_in_parens(p);
	return alias;
}

static bool is_hint(const struct sql *p, unsigned k)
{
	static const char *const hints[] = {
		"NOLOCK",
		"READUNCOMMITTED",
		"UPDLOCK",
		"REPEATABLEREAD",
		"SERIALIZABLE",
		"READCOMMITTED",
		"FASTFIRSTROW",
		"TABLOCK",
		"TABLOCKX",
		"PAGLOCK",
		"ROWLOCK",
		"NOWAIT",
		"READPAST",
		"XLOCK",
		"SNAPSHOT",
		"NOEXPAND",
		"HOLDLOCK",
		"INDEX",
		"FORCESEEK",
		"FORCESCAN",
		"READCOMMITTEDLOCK",
		"KEEPIDENTITY",
		"KEEPDEFAULTS",
		"IGNORE_CONSTRAINTS",
		"IGNORE_TRIGGERS",
		"SPATIAL_WINDOW_MAX_CELLS",
		NULL,
	};
	for (const char *const *h = hints; *h != NULL; h++)
		if (sql_is_at(p, k, *h))
			return true;
	return false;
}

void sql_table_hints(struct sql *p)
{
	if (sql_is(p, "WITH") && sql_is_at(p, 1, "(")) {
		sql_next(p);
		if (!is_hint(p, 1))
			grammar(p);
		sql_skip_parens(p);
	} else if (sql_is(p, "(") && is_hint(p, 1)) {
		sql_skip_parens(p);
	}
}

// MySQL: USE INDEX FOR JOIN (a, b)
static void index_hints(struct sql *p)
{
	while ((sql_is(p, "USE") || sql_is(p, "FORCE") || sql_is(p, "IGNORE")) &&
	       (sql_is_at(p, 1, "INDEX") || sql_is_at(p, 1, "KEY"))) {
		sql_next(p);
		sql_next(p);
		if (sql_take(p, "FOR")) {
			if (!sql_take(p, "JOIN")) {
				if (!sql_take(p, "ORDER"))
					sql_expect(p, "GROUP");
				sql_expect(p, "BY");
			}
		}
		sql_skip_parens(p);
		(void)sql_take(p, ",");
	}
}

static void system_time(struct sql *p)
{
	if (!sql_is(p, "FOR") || !sql_is_at(p, 1, "SYSTEM_TIME"))
		return;
	sql_next(p);
	sql_next(p);
	if (sql_take(p, "ALL"))
		return;
	if (sql_take(p, "AS")) {
		sql_expect(p, "OF");
		(void)(!p->tsql && (sql_take(p, "TIMESTAMP") || sql_take(p, "TRANSACTION")));
		(void)sql_operand(p);
	} else if (sql_take(p, "CONTAINED")) {
		sql_expect(p, "IN");
		(void)sql_value_of(p);
	} else {
		bool between = sql_take(p, "BETWEEN");
		if (!between)
			sql_expect(p, "FROM");
		(void)sql_operand(p);
		sql_expect(p, between ? "AND" : "TO");
		(void)sql_operand(p);
	}
}

// T-SQL: functions that read elsewhere than in this database.
static bool read_remote(struct sql *p)
{
	bool opens = sql_is(p, "OPENROWSET"), source = sql_is(p, "OPENDATASOURCE");
	bool query = sql_is(p, "OPENQUERY");
	if (!p->tsql || (!opens && !source && !query) || !sql_is_at(p, 1, "("))
		return false;
	bool bulk = opens && sql_is_at(p, 2, "BULK");
	sql_effects(p, EFFECT_ADMIN, bulk ? EFFECT_FILE : EFFECT_NETWORK);
	if (!bulk && !source)
		sql_effects(p, EFFECT_EXEC, EFFECT_DYNAMIC);
	sql_next(p);
	sql_skip_parens(p);
	while (source && sql_take(p, ".") && !p->failed)
		if (!sql_is(p, "."))
			(void)sql_name_part(p);
	if (sql_is(p, "WITH") && sql_is_at(p, 1, "("))
		sql_next(p), sql_skip_parens(p);
	return true;
}

// JSON_TABLE(document, path COLUMNS (...)): the columns hold no expressions.
static void json_table(struct sql *p)
{
	unsigned level = 1;
	sql_next(p);
	sql_expect(p, "(");
	(void)sql_expression(p);
	sql_expect(p, ",");
	while (level > 0 && !p->failed) {
		level += sql_is(p, "(");
		level -= sql_is(p, ")");
		if (p->t->kind == TOKEN_END)
			grammar(p);
		sql_next(p);
	}
}

static void with_columns(struct sql *p)
{
	if (p->tsql && sql_is(p, "WITH") && sql_is_at(p, 1, "(") && !is_hint(p, 2)) {
		sql_next(p);
		if (sql_is_at(p, 1, "SELECT"))
			grammar(p);
		sql_skip_parens(p);
	}
}

static void read_named(struct sql *p)
{
	struct sql_name name = {0};
	bool openxml = p->tsql && (sql_is(p, "OPENXML") || sql_is(p, "CONTAINSTABLE") ||
				   sql_is(p, "FREETEXTTABLE"));
	if (openxml && sql_is_at(p, 1, "(")) {
		name.n_parts = 1;
		name.part[0] = sql_name_part(p);
	} else {
		name = sql_name(p);
	}
	if (sql_is(p, "(") && !(p->tsql && is_hint(p, 1))) {
		(void)sql_call(p, &name, p->t->is_apart);
		with_columns(p);
		(void)read_alias(p);
		return;
	}
	if (!p->tsql && sql_is(p, "PARTITION")) {
		sql_next(p);
		names_in_parens(p);
	}
	system_time(p);
	if (p->tsql)
		sql_table_hints(p);
	struct span alias = read_alias(p);
	sql_found_object(p, &name, alias, EFFECT_READ);
	if (p->tsql)
		sql_table_hints(p);
	else
		index_hints(p);
}

// A subquery, or relations in parentheses. Which one a second parenthesis begins shows at its end.
static void read_parens(struct sql *p)
{
	sql_next(p);
	if (sql_starts_query(p) || sql_is(p, "VALUES")) {
		(void)sql_query(p);
	} else {
		sql_relations(p);
		if (!sql_is(p, ")"))
			(void)sql_query_rest(p, false);
	}
	sql_expect(p, ")");
	(void)read_alias(p);
}

// T-SQL: PIVOT (SUM(x) FOR y IN ([a], [b])) AS p; TABLESAMPLE (10 PERCENT)
static void read_pivot(struct sql *p)
{
	while (p->tsql && !p->failed) {
		if (sql_take(p, "TABLESAMPLE")) {
			(void)sql_take(p, "SYSTEM");
			sql_skip_parens(p);
			if (sql_take(p, "REPEATABLE"))
				sql_skip_parens(p);
			(void)read_alias(p);
			sql_table_hints(p);
		} else if (sql_is(p, "PIVOT") || sql_is(p, "UNPIVOT")) {
			sql_next(p);
			sql_expect(p, "(");
			(void)sql_value_of(p);
			sql_expect(p, "FOR");
			(void)sql_name(p);
			sql_expect(p, "IN");
			names_in_parens(p);
			sql_expect(p, ")");
			(void)read_alias(p);
		} else {
			break;
		}
	}
}

static void read_relation(struct sql *p)
{
	p->n_relations++;
	if (!sql_enter(p))
		return;
	(void)(!p->tsql && sql_take(p, "LATERAL"));
	if (sql_is(p, "(")) {
		read_parens(p);
	} else if (!p->tsql && sql_is(p, "{") && sql_is_at(p, 1, "OJ")) {
		sql_next(p);
		sql_next(p);
		sql_relations(p);
		sql_expect(p, "}");
	} else if (p->tsql && p->t->kind == TOKEN_VARIABLE) {
		sql_next(p);
		(void)read_alias(p);
	} else if (!p->tsql && sql_is(p, "JSON_TABLE") && sql_is_at(p, 1, "(")) {
		json_table(p);
		(void)read_alias(p);
	} else if (!p->tsql && sql_take(p, "DUAL")) {
		(void)read_alias(p);
	} else if (read_remote(p)) {
		(void)read_alias(p);
	} else {
		read_named(p);
	}
	read_pivot(p);
	sql_leave(p);
}

// JOIN in its many forms. False: none follows.
static bool takes_join(struct sql *p)
{
	static const char *const words[] = {
		"NATURAL", "INNER", "CROSS", "LEFT", "RIGHT", "FULL", "OUTER", NULL,
	};
	static const char *const how[] = {"LOOP", "HASH", "MERGE", "REMOTE", NULL};
	const struct token *at = p->t;
	if (sql_take(p, ",") || sql_take(p, "JOIN") || (!p->tsql && sql_take(p, "STRAIGHT_JOIN")))
		return true;
	while (sql_is_any(p, words))
		sql_next(p);
	if (p->t == at)
		return false;
	if (p->tsql && sql_is_any(p, how))
		sql_next(p);
	if (p->tsql && sql_take(p, "APPLY"))
		return true;
	sql_expect(p, "JOIN");
	return true;
}

void sql_relations(struct sql *p)
{
	read_relation(p);
	while (!p->failed) {
		if (takes_join(p)) {
			read_relation(p);
		} else if (sql_take(p, "ON")) {
			p->is_fixed_on = sql_expression(p).is_fixed;
		} else if (sql_take(p, "USING")) {
			names_in_parens(p);
		} else {
			break;
		}
	}
}
