// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Reading MySQL, MariaDB and T-SQL: text into tokens, tokens by one grammar of queries and
// expressions and a table of statements for each dialect. What the grammar does not take where it
// stands makes the whole text unknown; so what is not unknown was read to its last token as the
// server reads it. Private to inspect/.

#pragma once

#include "dataplane/inspect/command.h"

// Which server is thought to read the text.
struct sql_server {
	bool mariadb;
	uint32_t version;
};

enum sql_limit { SQL_VERSIONS_MAX = 6, SQL_CTES_MAX = 32, SQL_TARGETS_MAX = 16 };

// Versions named by executable comments.
struct sql_versions {
	unsigned n;
	bool too_many;
	uint32_t version[SQL_VERSIONS_MAX];
};

// Fill r->tokens. Out: *versions gains every version that decides about a comment. False, with the
// reason in r, when the text cannot be split as the server would.
bool lex_mysql(struct command_reader *r, struct sql_server server, struct sql_versions *versions)
	must_check;
bool lex_tsql(struct command_reader *r) must_check;

// A column compared with NULL or with one token.
struct sql_test {
	const char *op;                   // NULL: none
	const struct token *first, *last; // of the column
	const struct token *against;      // NULL: NULL
};

// What is known of an expression without running it.
struct sql_value {
	bool is_fixed;                    // the same for every row
	bool is_false;                    // and evidently false or null
	bool is_column;                   // a column and nothing else
	bool is_query;                    // a query within parentheses and nothing else
	const struct token *first, *last; // its tokens
	struct sql_test test;
};

// The parser's state within a statement.
struct sql {
	struct command_reader *r;
	const struct token *t; // at hand
	bool tsql;
	bool failed;
	unsigned depth;
	unsigned n_selects;    // read so far
	unsigned first_object; // of the statement, or of the write within it
	// Of the SELECT at hand:
	bool has_aggregate;
	bool has_tautology; // a condition read since this was last cleared has an arm without
			    // effect
	unsigned n_relations;
	bool is_fixed_on; // the last join's condition is the same for every row
	bool is_relexed;  // what follows is not split as it was here
	unsigned n_ctes;
	struct span ctes[SQL_CTES_MAX];
};

// Beside the flags of effects.h: for the rows of a query.
enum sql_function_flag {
	SQL_AGGREGATE = 1 << 29, // makes one row of many
	SQL_VARIES = 1 << 30,    // another value for each row, whatever its arguments
};

struct sql_known {
	const char *name;
	uint32_t kinds;
	uint32_t flags;
};

// A name of one to four parts.
struct sql_name {
	unsigned n_parts;
	struct span part[4]; // the object's last
	bool is_quoted;      // the last part
};

// ---- tokens (sql.c)

// Is the token at hand, or the k-th behind it, this word or symbol? `what` in upper case.
bool sql_is(const struct sql *p, const char *what);
bool sql_is_at(const struct sql *p, unsigned k, const char *what);
// One of the words of a NULL-terminated list?
bool sql_is_any(const struct sql *p, const char *const *words);
bool sql_token_is(const struct sql *p, const struct token *t, const char *what);
void sql_next(struct sql *p);
bool sql_take(struct sql *p, const char *what);
// Take it or fail.
void sql_expect(struct sql *p, const char *what);
// The text is unknown from here on: nothing more matches.
void sql_fail(struct sql *p, const char *why);
// False, failed, when nested too deeply. Each true one wants an sql_leave.
bool sql_enter(struct sql *p) must_check;
void sql_leave(struct sql *p);
bool sql_ends(const struct sql *p); // at the end of the text or at a semicolon
struct span sql_text(const struct sql *p, const struct token *t);

// ---- names (sql_name.c)

bool sql_is_name(const struct sql *p); // a name may begin here
bool sql_is_name_at(const struct sql *p, unsigned k);
// The word or quoted name at hand, in lower case and without quotes.
struct span sql_name_part(struct sql *p);
struct sql_name sql_name(struct sql *p); // fails when there is none
bool sql_is_reserved(const struct sql *p, const struct token *t);
bool sql_name_is(const struct sql_name *name, const char *schema, const char *last);

// ---- what was found (sql_found.c)

void sql_effects(struct sql *p, uint32_t kinds, uint32_t flags);
void sql_verb(struct sql *p, const char *verb);
void sql_found_column(struct sql *p, struct span name);
void sql_found_star(struct sql *p);
void sql_found_object(
	struct sql *p, const struct sql_name *name, struct span alias, uint8_t access
);
// The relation, or the one whose alias it is, is written to.
void sql_found_target(struct sql *p, const struct sql_name *name);
// The relation is written to, and read as well?
// A statement that the session has prepared by this name.
void sql_found_prepared(struct sql *p, struct span name);
void sql_found_written(struct sql *p, struct effect_object *o, bool is_read);
bool sql_is_cte(const struct sql *p, const struct sql_name *name);
// Returns what is known of it, or NULL. `is_apart`: white space stands before its parenthesis.
const struct sql_known *sql_found_function(
	struct sql *p, const struct sql_name *name, bool is_apart
);

// ---- expressions and queries

struct sql_value sql_expression(struct sql *p);
// Without AND and OR at its top: what BETWEEN and SET leave to what follows.
struct sql_value sql_operand(struct sql *p);
struct sql_value sql_value_of(struct sql *p); // one operand, without operators
void sql_expressions(struct sql *p);          // separated by commas
// Behind the name, at the parenthesis.
struct sql_value sql_call(struct sql *p, const struct sql_name *name, bool is_apart);
void sql_type(struct sql *p); // a type's name and length
// A condition: sets EFFECT_TAUTOLOGY. Returns whether it can exclude a row.
bool sql_condition(struct sql *p);

bool sql_starts_query(const struct sql *p); // SELECT, WITH, VALUES..., parentheses left out
bool sql_starts_query_at(const struct sql *p, unsigned k);
// A whole query: WITH, UNION, ORDER BY, LIMIT. Returns whether its rows are bounded.
bool sql_query(struct sql *p);
// What may stand behind its first part: UNION, ORDER BY, LIMIT...
bool sql_query_rest(struct sql *p, bool is_bounded);
void sql_with(struct sql *p);
// Relations of FROM, with their joins.
void sql_relations(struct sql *p);
bool sql_limit(struct sql *p); // LIMIT or OFFSET ... FETCH; false: none
void sql_order_by(struct sql *p);
void sql_table_hints(struct sql *p);
void sql_skip_parens(struct sql *p); // balanced, whatever they hold
void sql_window(struct sql *p);      // behind OVER
void sql_output(struct sql *p);      // T-SQL: OUTPUT
void sql_select_items(struct sql *p);

// ---- statements

bool sql_write(struct sql *p); // INSERT, REPLACE, UPDATE, DELETE, MERGE; false: none of them
// To the end of the statement, whatever it holds: calls and queries within are found.
void sql_rest(struct sql *p);
// The same for definitions, where a name before a parenthesis is a type or an index: queries are
// found, and calls of functions that do more than compute.
void sql_definition(struct sql *p);
void sql_skip_rest(struct sql *p); // whatever it holds

// A statement by its first words.
struct sql_form {
	const char *verb; // words, separated by single spaces
	uint32_t kinds, flags;
	void (*read)(struct sql *p); // what follows them; NULL: sql_skip_rest
};

// Does the statement begin with these words? They are not taken.
bool sql_matches(const struct sql *p, const char *words);
unsigned sql_count_words(const char *words);
void mysql_statement(struct sql *p);
void mysql_set(struct sql *p);
void tsql_statement(struct sql *p);
void tsql_execute(struct sql *p);
void tsql_set(struct sql *p);
void tsql_declare(struct sql *p);
void tsql_cursor(struct sql *p);
bool tsql_block(struct sql *p); // IF, WHILE, BEGIN...; false: none of them
bool tsql_starts_statement(const struct sql *p, const struct token *t);

// The whole text: r->tokens, statement by statement.
void sql_classify(struct command_reader *r, bool tsql);

// ---- catalogues: functions in lower case; 0: not known

const struct sql_known *mysql_function(struct span name);
const struct sql_known *tsql_function(struct span name);
const struct sql_known *tsql_procedure(struct span name);
// In sorted tables.
bool sql_word_find(const char *const *words, size_t n, struct span word);
const struct sql_known *sql_known_find(const struct sql_known *table, size_t n, struct span name);
