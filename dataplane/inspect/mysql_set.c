// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// MySQL's SET in its forms (MySQL reference manual 13.7.6; MariaDB "SET", "SET STATEMENT").

#include "dataplane/inspect/sql.h"

static void grammar(struct sql *p)
{
	sql_fail(p, "its grammar is not understood");
}

static bool is_one_of(struct span name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (span_equal(name, span_str(*names)))
			return true;
	return false;
}

// The value at hand, a literal or a word, in lower case; empty: it is neither.
static struct span literal(struct sql *p)
{
	const struct token *t = p->t;
	if (t->kind != TOKEN_STRING && t->kind != TOKEN_WORD)
		return (struct span){0};
	struct span s = sql_name_part(p);
	p->t = t;
	if (t->kind == TOKEN_STRING)
		s = s.n > 2 ? span_of(s.p + 1, s.n - 2) : (struct span){0};
	return s;
}

// From here on text may be split and read in another way.
static void relex(struct sql *p)
{
	sql_effects(p, EFFECT_ADMIN, EFFECT_LEXING);
	p->is_relexed = true;
}

static void set_charset(struct sql *p)
{
	static const char *const utf8[] = {
		"utf8",
		"utf8mb3",
		"utf8mb4",
		"utf8_general_ci",
		"utf8mb4_general_ci",
		"utf8mb4_unicode_ci",
		"utf8mb4_0900_ai_ci",
		"utf8mb4_bin",
		"utf8_unicode_ci",
		"utf8_bin",
		"utf8mb4_unicode_520_ci",
		NULL,
	};
	sql_effects(p, EFFECT_SESSION, EFFECT_LEXING);
	if (!is_one_of(literal(p), utf8))
		relex(p);
	sql_next(p);
	if (sql_take(p, "COLLATE"))
		sql_next(p);
}

// Modes that change nothing about how text is read.
static bool is_plain_mode(struct span modes)
{
	static const char *const plain[] = {
		"",
		"strict_trans_tables",
		"strict_all_tables",
		"no_zero_in_date",
		"no_zero_date",
		"error_for_division_by_zero",
		"no_engine_substitution",
		"no_auto_create_user",
		"no_auto_value_on_zero",
		"only_full_group_by",
		"traditional",
		"allow_invalid_dates",
		NULL,
	};
	for (size_t i = 0; i <= modes.n;) {
		size_t end = i;
		while (end < modes.n && modes.p[end] != ',')
			end++;
		if (!is_one_of(span_of(modes.p + i, end - i), plain))
			return false;
		i = end + 1;
	}
	return true;
}

static void set_mode(struct sql *p)
{
	const struct command_context *c = p->r->context;
	bool special =
		c->ansi_quotes || c->no_backslash_escapes || c->ignore_space || c->pipes_as_concat;
	bool literals = p->t->kind == TOKEN_STRING &&
			(p->t[1].kind == TOKEN_END || sql_is_at(p, 1, ",") || sql_is_at(p, 1, ";"));
	sql_effects(p, EFFECT_SESSION, EFFECT_LEXING);
	if (special || !literals || !is_plain_mode(literal(p)))
		relex(p);
}

// What setting it for this session alone takes or does.
static void set_session(struct sql *p, struct span name)
{
	static const char *const privileged[] = {
		"binlog_direct_non_transactional_updates",
		"binlog_format",
		"binlog_row_image",
		"debug",
		"debug_dbug",
		"debug_sync",
		"gtid_domain_id",
		"gtid_next",
		"gtid_seq_no",
		"original_commit_timestamp",
		"pseudo_replica_mode",
		"pseudo_slave_mode",
		"pseudo_thread_id",
		"server_id",
		"session_track_gtids",
		"skip_replication",
		"sql_log_bin",
		"sql_log_off",
		NULL,
	};
	bool charset = name.n > 14 && memcmp(name.p, "character_set_", 14) == 0;
	bool collation = name.n > 10 && memcmp(name.p, "collation_", 10) == 0;
	if (span_equal(name, SPAN_LIT("sql_mode"))) {
		set_mode(p);
	} else if (span_equal(name, SPAN_LIT("password"))) { // no variable: the account's
		sql_effects(p, EFFECT_ADMIN, EFFECT_GRANTS);
	} else if (charset || collation) {
		const struct token *t = p->t;
		if (!span_equal(name, SPAN_LIT("character_set_results")))
			set_charset(p);
		p->t = p->failed ? p->t : t;
	} else if (is_one_of(name, privileged)) {
		sql_effects(p, EFFECT_ADMIN, 0);
	}
	sql_effects(p, EFFECT_SESSION, 0);
}

static void read_value(struct sql *p)
{
	if (sql_is(p, "ON") || sql_is(p, "ALL") || sql_is(p, "BINARY") || sql_is(p, "ROW"))
		sql_next(p);
	else
		(void)sql_expression(p);
}

static void expect_equals(struct sql *p)
{
	if (!sql_take(p, ":="))
		sql_expect(p, "=");
}

static bool is_everybodys(struct sql *p)
{
	return sql_take(p, "GLOBAL") || sql_take(p, "PERSIST") || sql_take(p, "PERSIST_ONLY");
}

static void read_variable(struct sql *p)
{
	bool everybody = false;
	if (p->t->kind == TOKEN_VARIABLE) {
		sql_effects(p, EFFECT_SESSION, 0);
		sql_next(p);
		expect_equals(p);
		read_value(p);
		return;
	}
	bool at = p->t->kind == TOKEN_SYSTEM;
	if (at)
		sql_next(p);
	everybody = is_everybodys(p);
	bool scoped = everybody || sql_take(p, "SESSION") || sql_take(p, "LOCAL");
	if (at && scoped)
		sql_expect(p, ".");
	if (!scoped && !at && !sql_is_name(p)) {
		grammar(p);
		return;
	}
	struct sql_name name = sql_name(p);
	expect_equals(p);
	if (p->failed)
		return;
	if (everybody || name.n_parts > 1)
		sql_effects(p, EFFECT_ADMIN, EFFECT_CONFIG);
	else
		set_session(p, name.part[0]);
	read_value(p);
}

static void read_item(struct sql *p)
{
	if (sql_take(p, "NAMES") || sql_take(p, "CHARSET")) {
		set_charset(p);
	} else if (sql_is(p, "CHARACTER") && sql_is_at(p, 1, "SET")) {
		sql_next(p);
		sql_next(p);
		set_charset(p);
	} else {
		read_variable(p);
	}
}

static void read_items(struct sql *p)
{
	do
		read_item(p);
	while (sql_take(p, ",") && !p->failed);
}

void mysql_set(struct sql *p)
{
	static const struct sql_form forms[] = {
		{"PASSWORD", EFFECT_ADMIN, EFFECT_GRANTS, NULL},
		{"DEFAULT ROLE", EFFECT_ADMIN, EFFECT_GRANTS, NULL},
		{"ROLE", EFFECT_ADMIN, EFFECT_IDENTITY, NULL},
		{"RESOURCE GROUP", EFFECT_ADMIN, EFFECT_CONFIG, NULL},
		{"GLOBAL TRANSACTION", EFFECT_ADMIN, EFFECT_CONFIG, NULL},
		{"SESSION TRANSACTION", EFFECT_SESSION, 0, NULL},
		{"LOCAL TRANSACTION", EFFECT_SESSION, 0, NULL},
		{"TRANSACTION", EFFECT_SESSION, 0, NULL},
	};
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (!sql_matches(p, forms[i].verb) ||
		    sql_is_at(p, sql_count_words(forms[i].verb), "="))
			continue;
		sql_effects(p, forms[i].kinds, forms[i].flags);
		sql_skip_rest(p);
		return;
	}
	if (sql_is(p, "STATEMENT") && sql_is_name_at(p, 1)) {
		sql_next(p);
		read_items(p);
		sql_expect(p, "FOR");
		if (!sql_enter(p))
			return;
		mysql_statement(p);
		sql_leave(p);
		return;
	}
	read_items(p);
}
