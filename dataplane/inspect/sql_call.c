// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Calls of functions, with the words that some take between their arguments.

#include "dataplane/inspect/sql.h"

static bool is_one_of(struct span name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (span_equal(name, span_str(*names)))
			return true;
	return false;
}

void sql_type(struct sql *p)
{
	static const char *const more[] = {
		"UNSIGNED", "SIGNED",  "ZEROFILL", "PRECISION", "VARYING", "INTEGER",
		"INT",      "ARRAY",   "BINARY",   "ASCII",     "UNICODE", "CHARACTER",
		"CHAR",     "VARCHAR", "CHARSET",  "SET",       NULL,
	};
	if (p->t->kind != TOKEN_WORD && p->t->kind != TOKEN_QUOTED)
		sql_fail(p, "its grammar is not understood");
	sql_next(p);
	while (sql_take(p, ".") && !p->failed)
		sql_next(p);
	while (!p->failed) {
		if (sql_is(p, "("))
			sql_skip_parens(p);
		else if (sql_take(p, "COLLATE"))
			sql_next(p);
		else if (p->tsql && !sql_is(p, "VARYING") && !sql_is(p, "PRECISION"))
			break; // SET would be another statement
		else if (sql_take(p, "SET") || sql_take(p, "CHARSET"))
			sql_next(p);
		else if (sql_is_any(p, more))
			sql_next(p);
		else
			break;
	}
}

// Calls whose first argument is a unit of time or a kind, not a column.
static bool starts_with_unit(const struct sql_name *name)
{
	static const char *const names[] = {
		"timestampadd", "timestampdiff", "extract",      "get_format",
		"dateadd",      "datediff",      "datediff_big", "datepart",
		"datename",     "datetrunc",     "date_bucket",  NULL,
	};
	return name->n_parts == 1 && is_one_of(name->part[0], names);
}

// CONVERT(type, value) and CONVERT(value, type).
static bool is_convert(const struct sql_name *name)
{
	static const char *const names[] = {"convert", "try_convert", NULL};
	return name->n_parts == 1 && is_one_of(name->part[0], names);
}

// Words between arguments. False: there is none here.
static bool take_word(struct sql *p)
{
	static const char *const words[] = {
		"DISTINCT", "ALL",       "LEADING", "TRAILING", "BOTH",  "FROM",  "FOR",
		"IN",       "SEPARATOR", ":",       "ABSENT",   "EMPTY", "ERROR", NULL,
	};
	if (sql_take(p, "AS") || sql_take(p, "RETURNING")) {
		sql_type(p);
	} else if (sql_take(p, "USING")) {
		if (p->t->kind != TOKEN_WORD && p->t->kind != TOKEN_STRING)
			return false;
		sql_next(p);
	} else if (sql_is(p, "ORDER")) {
		sql_order_by(p);
	} else if (sql_is(p, "LIMIT")) {
		(void)sql_limit(p);
	} else if (sql_is(p, "NULL") && sql_is_at(p, 1, "ON")) {
		sql_next(p);
	} else if (sql_take(p, "ON")) {
		sql_next(p);
	} else if (p->t->kind != TOKEN_STRING && sql_is_any(p, words)) {
		sql_next(p);
	} else {
		return false;
	}
	return true;
}

// Returns whether all of them are the same for every row.
static bool arguments(struct sql *p, const struct sql_name *name)
{
	bool fixed = true;
	bool converts = is_convert(name);
	if (starts_with_unit(name) && p->t->kind == TOKEN_WORD && !sql_is_at(p, 1, "("))
		sql_next(p);
	if (converts && p->tsql)
		sql_type(p);
	while (!sql_is(p, ")") && !p->failed) {
		if (sql_is(p, ",")) {
			sql_next(p);
			if (converts && !p->tsql)
				sql_type(p);
		} else if (sql_is(p, "*") && (sql_is_at(p, 1, ")") || sql_is_at(p, 1, ","))) {
			sql_next(p);
			fixed = false;
		} else if (!take_word(p)) {
			// What POSITION and TRIM separate by IN and FROM are operands.
			bool position = sql_name_is(name, NULL, "position");
			if (sql_starts_query(p)) {
				(void)sql_query(p);
				fixed = false;
			} else {
				struct sql_value v = position ? sql_operand(p) : sql_expression(p);
				fixed = fixed && v.is_fixed;
			}
		}
	}
	return fixed;
}

void sql_window(struct sql *p)
{
	static const char *const frame[] = {
		"ROWS",      "RANGE",     "GROUPS",  "BETWEEN", "AND",     "UNBOUNDED",
		"PRECEDING", "FOLLOWING", "CURRENT", "ROW",     "EXCLUDE", "NO",
		"OTHERS",    "TIES",      "GROUP",   NULL,
	};
	if (!sql_is(p, "(")) {
		(void)sql_name(p);
		return;
	}
	sql_next(p);
	if (sql_is_name(p) && !sql_is(p, "PARTITION") && !sql_is(p, "ROWS") &&
	    !sql_is(p, "RANGE") && !sql_is(p, "GROUPS"))
		(void)sql_name(p);
	if (sql_take(p, "PARTITION")) {
		sql_expect(p, "BY");
		sql_expressions(p);
	}
	if (sql_is(p, "ORDER"))
		sql_order_by(p);
	while (!sql_is(p, ")") && !p->failed) {
		if (sql_is_any(p, frame))
			sql_next(p);
		else
			(void)sql_value_of(p);
	}
	sql_expect(p, ")");
}

// Behind the closing parenthesis. True: it is computed over a window, not a group.
static bool has_window(struct sql *p)
{
	if ((sql_is(p, "IGNORE") || sql_is(p, "RESPECT")) && sql_is_at(p, 1, "NULLS")) {
		sql_next(p);
		sql_next(p);
	}
	if (sql_is(p, "WITHIN") && sql_is_at(p, 1, "GROUP")) {
		sql_next(p);
		sql_next(p);
		sql_expect(p, "(");
		sql_order_by(p);
		sql_expect(p, ")");
	}
	if (!sql_take(p, "OVER"))
		return false;
	sql_window(p);
	return true;
}

struct sql_value sql_call(struct sql *p, const struct sql_name *name, bool is_apart)
{
	struct sql_value v = {.first = p->t, .last = p->t};
	const struct sql_known *known = sql_found_function(p, name, is_apart);
	uint32_t flags = known == NULL ? (uint32_t)SQL_VARIES : known->flags;
	if (!sql_enter(p))
		return v;
	sql_expect(p, "(");
	v.is_fixed = arguments(p, name) && (flags & SQL_VARIES) == 0;
	sql_expect(p, ")");
	if ((flags & SQL_AGGREGATE) != 0)
		v.is_fixed = false;
	if (!has_window(p) && (flags & SQL_AGGREGATE) != 0)
		p->has_aggregate = true;
	sql_leave(p);
	return v;
}
