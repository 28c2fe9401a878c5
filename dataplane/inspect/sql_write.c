// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// INSERT, REPLACE, UPDATE, DELETE and MERGE.

#include "dataplane/inspect/sql.h"

static void grammar(struct sql *p)
{
	sql_fail(p, "its grammar is not understood");
}

static void take_all(struct sql *p, const char *const *words)
{
	while (sql_is_any(p, words))
		sql_next(p);
}

static void skip_columns(struct sql *p)
{
	if (sql_is(p, "(") && !sql_starts_query_at(p, 1) && !sql_is_at(p, 1, "("))
		sql_skip_parens(p);
}

// a = 1, t.b = b + 1; T-SQL: @v = a = 1, a += 1
static void read_assignments(struct sql *p)
{
	static const char *const operators[] = {
		"=", ":=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", NULL,
	};
	do {
		if (p->tsql && p->t->kind == TOKEN_VARIABLE)
			sql_next(p);
		else
			(void)sql_name(p);
		if (!sql_is_any(p, operators))
			grammar(p);
		sql_next(p);
		(void)sql_expression(p);
	} while (sql_take(p, ",") && !p->failed);
}

// WHERE of a write, and what its absence means.
static void read_where(struct sql *p)
{
	unsigned selects = p->n_selects;
	bool excludes = false;
	if (sql_take(p, "WHERE")) {
		if (p->tsql && sql_is(p, "CURRENT") && sql_is_at(p, 1, "OF")) {
			sql_next(p);
			sql_next(p);
			(void)sql_take(p, "GLOBAL");
			if (p->t->kind == TOKEN_VARIABLE)
				sql_next(p);
			else
				(void)sql_name(p);
			excludes = true;
		} else {
			excludes = sql_condition(p);
		}
	}
	if (!excludes)
		sql_effects(p, 0, EFFECT_NO_WHERE);
	if (p->n_selects != selects)
		sql_effects(p, 0, EFFECT_SUBQUERY_WRITE);
}

static void read_top(struct sql *p)
{
	if (!p->tsql || !sql_take(p, "TOP"))
		return;
	(void)sql_value_of(p);
	(void)sql_take(p, "PERCENT");
}

void sql_output(struct sql *p)
{
	if (!p->tsql)
		return;
	while (sql_take(p, "OUTPUT") && !p->failed) {
		sql_effects(p, EFFECT_READ, 0);
		sql_select_items(p);
		if (!sql_take(p, "INTO"))
			continue;
		if (p->t->kind == TOKEN_VARIABLE) {
			sql_next(p);
		} else {
			struct sql_name name = sql_name(p);
			sql_found_target(p, &name);
		}
		skip_columns(p);
	}
}

static void read_returning(struct sql *p)
{
	if (p->tsql || !sql_take(p, "RETURNING"))
		return;
	sql_effects(p, EFFECT_READ, 0);
	sql_select_items(p);
}

static void read_option(struct sql *p)
{
	if (p->tsql && sql_take(p, "OPTION"))
		sql_skip_parens(p);
}

// ---- INSERT

static void read_rows(struct sql *p)
{
	do {
		(void)(!p->tsql && sql_take(p, "ROW"));
		if (sql_is(p, "(") && sql_is_at(p, 1, ")")) {
			sql_next(p);
			sql_next(p);
		} else if (sql_is(p, "(")) {
			(void)sql_value_of(p);
		} else {
			grammar(p);
		}
	} while (sql_take(p, ",") && !p->failed);
}

// What T-SQL writes to: a relation, a table variable, or a rowset elsewhere. Out: its name, unless
// it is one of the latter.
static struct sql_name read_target(struct sql *p)
{
	struct sql_name name = {0};
	if (p->tsql && p->t->kind == TOKEN_VARIABLE) {
		sql_next(p);
	} else if (p->tsql && (sql_is(p, "OPENROWSET") || sql_is(p, "OPENQUERY") || sql_is(p, "OPENDATASOURCE"))) {
		sql_relations(p);
	} else {
		name = sql_name(p);
		if (p->tsql)
			sql_table_hints(p);
	}
	return name;
}

static void read_source(struct sql *p)
{
	if (sql_take(p, "DEFAULT")) {
		sql_expect(p, "VALUES");
	} else if (sql_take(p, "VALUES") || (!p->tsql && sql_take(p, "VALUE"))) {
		read_rows(p);
	} else if (!p->tsql && sql_take(p, "SET")) {
		read_assignments(p);
	} else if (p->tsql && (sql_is(p, "EXEC") || sql_is(p, "EXECUTE"))) {
		tsql_execute(p);
	} else {
		(void)sql_query(p);
	}
}

static void read_insert(struct sql *p)
{
	static const char *const modifiers[] = {
		"LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "IGNORE", NULL,
	};
	sql_verb(p, sql_is(p, "INSERT") ? "INSERT" : "REPLACE");
	sql_next(p);
	bool bulk = p->tsql && sql_take(p, "BULK");
	if (!p->tsql)
		take_all(p, modifiers);
	read_top(p);
	(void)sql_take(p, "INTO");
	struct sql_name name = read_target(p);
	sql_found_target(p, &name);
	if (!p->tsql && sql_take(p, "PARTITION"))
		sql_skip_parens(p);
	skip_columns(p);
	sql_output(p);
	if (bulk) { // the rows follow in the protocol
		sql_effects(p, 0, EFFECT_COPY_IN);
		if (sql_take(p, "WITH"))
			sql_skip_parens(p);
		return;
	}
	read_source(p);
	if (!p->tsql && sql_take(p, "AS")) {
		(void)sql_name(p);
		skip_columns(p);
	}
	if (!p->tsql && sql_take(p, "ON")) {
		sql_expect(p, "DUPLICATE");
		sql_expect(p, "KEY");
		sql_expect(p, "UPDATE");
		read_assignments(p);
	}
	read_returning(p);
	read_option(p);
}

// ---- UPDATE and DELETE

// Relations that were read as FROM has them are written to as well. One alone is not read.
static void write_relations(struct sql *p, unsigned selects)
{
	bool alone = p->n_relations == 1 && p->n_selects == selects;
	if (!alone)
		sql_effects(p, EFFECT_READ, 0);
	for (unsigned i = p->first_object; i < p->r->n_objects; i++)
		sql_found_written(p, &p->r->objects[i], !alone);
}

static void read_from(struct sql *p)
{
	unsigned selects = p->n_selects;
	sql_effects(p, EFFECT_READ, 0);
	sql_relations(p);
	if (p->n_selects != selects)
		sql_effects(p, 0, EFFECT_SUBQUERY_WRITE);
}

static void read_update(struct sql *p)
{
	unsigned selects = p->n_selects;
	struct sql_name name = {0};
	sql_verb(p, "UPDATE");
	sql_next(p);
	if (p->tsql) {
		if (sql_is(p, "STATISTICS")) { // another statement
			grammar(p);
			return;
		}
		read_top(p);
		name = read_target(p);
	} else {
		(void)sql_take(p, "LOW_PRIORITY");
		(void)sql_take(p, "IGNORE");
		p->n_relations = 0;
		sql_relations(p);
		write_relations(p, selects);
		if (p->n_selects != selects)
			sql_effects(p, 0, EFFECT_SUBQUERY_WRITE);
	}
	sql_expect(p, "SET");
	read_assignments(p);
	sql_output(p);
	if (p->tsql && sql_take(p, "FROM"))
		read_from(p);
	if (p->tsql)
		sql_found_target(p, &name);
	read_where(p);
	if (!p->tsql && sql_is(p, "ORDER"))
		sql_order_by(p);
	(void)(!p->tsql && sql_limit(p));
	read_returning(p);
	read_option(p);
}

// DELETE a, b.* FROM ...; DELETE FROM a, b USING ...
static unsigned read_targets(struct sql *p, struct sql_name *names)
{
	unsigned n = 0;
	do {
		if (n == SQL_TARGETS_MAX)
			sql_fail(p, "it writes to too many relations");
		else
			names[n++] = sql_name(p);
		if (sql_take(p, "."))
			sql_expect(p, "*");
	} while (sql_take(p, ",") && !p->failed);
	return n;
}

static void found_targets(struct sql *p, const struct sql_name *names, unsigned n)
{
	for (unsigned i = 0; i < n && !p->failed; i++)
		sql_found_target(p, &names[i]);
}

static void mysql_delete(struct sql *p)
{
	static const char *const modifiers[] = {"LOW_PRIORITY", "QUICK", "IGNORE", NULL};
	struct sql_name names[SQL_TARGETS_MAX];
	take_all(p, modifiers);
	bool from_first = sql_take(p, "FROM");
	unsigned n = read_targets(p, names);
	if (from_first ? sql_take(p, "USING") : sql_take(p, "FROM")) {
		read_from(p);
	} else if (!from_first || n != 1) {
		grammar(p);
	} else {
		if (sql_take(p, "PARTITION"))
			sql_skip_parens(p);
		if (sql_take(p, "AS") || sql_is_name(p))
			(void)sql_name(p);
	}
	found_targets(p, names, n);
	read_where(p);
	if (sql_is(p, "ORDER"))
		sql_order_by(p);
	(void)sql_limit(p);
	read_returning(p);
}

static void tsql_delete(struct sql *p)
{
	read_top(p);
	(void)sql_take(p, "FROM");
	struct sql_name name = read_target(p);
	sql_output(p);
	if (sql_take(p, "FROM"))
		read_from(p);
	sql_found_target(p, &name);
	read_where(p);
	read_option(p);
}

// ---- MERGE

// Returns whether it changes or deletes rows that are there.
static bool read_merge_action(struct sql *p)
{
	sql_expect(p, "WHEN");
	(void)sql_take(p, "NOT");
	sql_expect(p, "MATCHED");
	if (sql_take(p, "BY"))
		if (!sql_take(p, "TARGET"))
			sql_expect(p, "SOURCE");
	if (sql_take(p, "AND"))
		(void)sql_expression(p);
	sql_expect(p, "THEN");
	if (sql_take(p, "UPDATE")) {
		sql_expect(p, "SET");
		read_assignments(p);
		return true;
	}
	if (sql_take(p, "INSERT")) {
		skip_columns(p);
		if (sql_take(p, "DEFAULT")) {
			sql_expect(p, "VALUES");
		} else {
			sql_expect(p, "VALUES");
			(void)sql_value_of(p);
		}
		return false;
	}
	sql_expect(p, "DELETE");
	return true;
}

static void read_merge(struct sql *p)
{
	sql_verb(p, "MERGE");
	sql_next(p);
	read_top(p);
	(void)sql_take(p, "INTO");
	struct sql_name name = read_target(p);
	(void)sql_take(p, "AS");
	if (!sql_is(p, "USING") && sql_is_name(p))
		(void)sql_name_part(p);
	sql_found_target(p, &name);
	sql_expect(p, "USING");
	p->is_fixed_on = false;
	read_from(p); // takes the condition behind ON, too
	bool is_fixed_on = p->is_fixed_on;
	if (!sql_is(p, "WHEN"))
		grammar(p);
	while (sql_is(p, "WHEN") && !p->failed)
		if (read_merge_action(p) && is_fixed_on)
			sql_effects(p, 0, EFFECT_NO_WHERE);
	sql_output(p);
	read_option(p);
}

bool sql_write(struct sql *p)
{
	unsigned first = p->first_object, relations = p->n_relations;
	bool merge = p->tsql && sql_is(p, "MERGE"), insert = sql_is(p, "INSERT");
	insert |= !p->tsql && sql_is(p, "REPLACE");
	if (!insert && !merge && !sql_is(p, "UPDATE") && !sql_is(p, "DELETE"))
		return false;
	if (p->n_ctes == 0)
		p->first_object = p->r->n_objects;
	sql_effects(p, EFFECT_WRITE, 0);
	if (insert)
		read_insert(p);
	else if (merge)
		read_merge(p);
	else if (sql_is(p, "UPDATE"))
		read_update(p);
	else {
		sql_verb(p, "DELETE");
		sql_next(p);
		if (p->tsql)
			tsql_delete(p);
		else
			mysql_delete(p);
	}
	p->first_object = first;
	p->n_relations = relations;
	return true;
}
