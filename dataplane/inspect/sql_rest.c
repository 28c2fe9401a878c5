// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The parts of statements that are not read by a grammar of their own.

#include "dataplane/inspect/sql.h"

bool sql_matches(const struct sql *p, const char *words)
{
	for (unsigned k = 0; *words != '\0'; k++) {
		char word[32];
		size_t n = strcspn(words, " ");
		if (n >= sizeof(word))
			return false;
		memcpy(word, words, n);
		word[n] = '\0';
		if (!sql_is_at(p, k, word))
			return false;
		words += n;
		words += *words == ' ';
	}
	return true;
}

unsigned sql_count_words(const char *words)
{
	unsigned n = 1;
	for (; *words != '\0'; words++)
		n += *words == ' ';
	return n;
}

static bool is_over(const struct sql *p)
{
	return sql_ends(p) || p->failed || (p->tsql && tsql_starts_statement(p, p->t));
}

void sql_skip_rest(struct sql *p)
{
	while (!is_over(p)) {
		if (sql_is(p, "("))
			sql_skip_parens(p);
		else if (sql_is(p, ")"))
			sql_fail(p, "a parenthesis closes nothing");
		else
			sql_next(p);
	}
}

static void read_call(struct sql *p)
{
	bool apart = p->t[1].is_apart;
	struct sql_name name = {.n_parts = 1};
	name.part[0] = sql_name_part(p);
	(void)sql_call(p, &name, apart);
}

static bool is_call(const struct sql *p)
{
	return sql_is_name(p) && sql_is_at(p, 1, "(");
}

// `level`: parentheses open here that this call closes.
void sql_rest(struct sql *p)
{
	unsigned level = 0;
	while (!(level == 0 && is_over(p)) && !p->failed) {
		if (p->t->kind == TOKEN_END || sql_is(p, ";")) {
			sql_fail(p, "a parenthesis is not closed");
		} else if (sql_is(p, "(") && sql_starts_query_at(p, 1)) {
			(void)sql_value_of(p);
		} else if (sql_is(p, "(")) {
			level++;
			sql_next(p);
		} else if (sql_is(p, ")") && level == 0) {
			sql_fail(p, "a parenthesis closes nothing");
		} else if (sql_is(p, ")")) {
			level--;
			sql_next(p);
		} else if (is_call(p)) {
			read_call(p);
		} else {
			sql_next(p);
		}
	}
}

// What functions do beyond computing; that they run code of their own is for when they run.
static void note_function(struct sql *p)
{
	struct span name = sql_name_part(p);
	const struct sql_known *known = p->tsql ? tsql_function(name) : mysql_function(name);
	if (known != NULL)
		sql_effects(p, 0, known->flags & ~(uint32_t)(SQL_AGGREGATE | SQL_VARIES));
}

static bool is_query(const struct sql *p, unsigned level)
{
	if (p->tsql && level == 0) // another statement
		return false;
	if (sql_is(p, "SELECT"))
		return true;
	// CREATE TABLE a AS TABLE b; not EXCHANGE PARTITION p WITH TABLE b
	if (!p->tsql && sql_is(p, "TABLE") && !sql_token_is(p, p->t - 1, "WITH"))
		return true;
	return sql_is(p, "WITH") && (sql_is_at(p, 1, "RECURSIVE") || sql_is_at(p, 2, "AS"));
}

// Words of a definition that reach out of the database.
static void note_word(struct sql *p)
{
	static const struct sql_form words[] = {
		{"DATA DIRECTORY", EFFECT_ADMIN, EFFECT_FILE, NULL},
		{"INDEX DIRECTORY", EFFECT_ADMIN, EFFECT_FILE, NULL},
		{"CONNECTION =", EFFECT_ADMIN, EFFECT_NETWORK, NULL},
		{"FEDERATED", EFFECT_ADMIN, EFFECT_NETWORK, NULL},
		{"FEDERATEDX", EFFECT_ADMIN, EFFECT_NETWORK, NULL},
		{"SPIDER", EFFECT_ADMIN, EFFECT_NETWORK, NULL},
		{"S3", EFFECT_ADMIN, EFFECT_NETWORK, NULL},
		{"CONNECT", EFFECT_ADMIN, EFFECT_FILE | EFFECT_NETWORK, NULL},
		{"TABLE_TYPE =", EFFECT_ADMIN, EFFECT_FILE | EFFECT_NETWORK, NULL},
		{"FILE_NAME =", EFFECT_ADMIN, EFFECT_FILE, NULL},
		{"DISCARD TABLESPACE", EFFECT_ADMIN, EFFECT_FILE | EFFECT_DESTROYS, NULL},
		{"IMPORT TABLESPACE", EFFECT_ADMIN, EFFECT_FILE, NULL},
		{"DISCARD PARTITION", EFFECT_ADMIN, EFFECT_FILE | EFFECT_DESTROYS, NULL},
		{"IMPORT PARTITION", EFFECT_ADMIN, EFFECT_FILE, NULL},
		{"TRUNCATE PARTITION", EFFECT_WRITE, EFFECT_DESTROYS, NULL},
		{"DROP PARTITION", EFFECT_WRITE, EFFECT_DESTROYS, NULL},
		{"EXCHANGE PARTITION", EFFECT_WRITE, 0, NULL},
		{"DROP COLUMN", 0, EFFECT_DESTROYS, NULL},
		{"RENAME", 0, EFFECT_RENAMES, NULL},
		{"CHANGE", 0, EFFECT_RENAMES, NULL},
		{"SWITCH", EFFECT_WRITE, EFFECT_RENAMES, NULL},
	};
	static const char *const kept[] = {
		"INDEX", "KEY",     "PRIMARY", "FOREIGN", "CONSTRAINT",
		"CHECK", "DEFAULT", "PERIOD",  "SYSTEM",  NULL,
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (sql_matches(p, words[i].verb))
			sql_effects(p, words[i].kinds, words[i].flags);
	if (!sql_take(p, "DROP"))
		sql_next(p);
	else if (!sql_is_any(p, kept))
		sql_effects(p, 0, EFFECT_DESTROYS);
}

void sql_definition(struct sql *p)
{
	unsigned level = 0;
	while (!(level == 0 && is_over(p) && !is_query(p, level)) && !p->failed) {
		if (p->t->kind == TOKEN_END || sql_is(p, ";")) {
			sql_fail(p, "a parenthesis is not closed");
		} else if (is_query(p, level)) {
			(void)sql_query(p);
		} else if (sql_is(p, ")") && level == 0) {
			sql_fail(p, "a parenthesis closes nothing");
		} else if (is_call(p)) {
			note_function(p);
		} else {
			level += sql_is(p, "(");
			level -= sql_is(p, ")");
			note_word(p);
		}
	}
}
