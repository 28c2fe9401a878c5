// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// MySQL and MariaDB text into tokens, as their lexer does it (MySQL reference manual 9, "Language
// Structure"; MariaDB "Comment Syntax", "Identifier Names").

#include "dataplane/inspect/lex.h"
#include "dataplane/inspect/sql.h"

enum { VERSION_57 = 50799, VERSION_6_DIGITS = 80000 };

struct mysql_lex {
	struct lex lex;
	struct sql_server server;
	struct sql_versions *versions;
	bool in_comment; // an executable one
};

static bool is_ident(uint8_t c)
{
	return lex_is_alnum(c) || c == '_' || c == '$' || c >= 0x80;
}

static void note_version(struct sql_versions *versions, uint32_t version)
{
	for (unsigned i = 0; i < versions->n; i++)
		if (versions->version[i] == version)
			return;
	if (versions->n == SQL_VERSIONS_MAX)
		versions->too_many = true;
	else
		versions->version[versions->n++] = version;
}

// Five digits, or six where the server knows of such versions; 0: there are none.
static uint32_t read_version(struct mysql_lex *m)
{
	bool six = m->server.mariadb || m->server.version >= VERSION_6_DIGITS;
	uint32_t version = 0;
	unsigned n = 0;
	while (n < 6 && lex_is_digit(lex_peek(&m->lex, n)))
		n++;
	if (n < 5)
		return 0;
	n = n == 6 && six ? 6 : 5;
	for (unsigned i = 0; i < n; i++)
		version = version * 10 + (lex_peek(&m->lex, i) - '0');
	m->lex.i += n;
	return version;
}

// Behind the opening of a comment that does not run. Those that were meant to run may hold others.
static void skip_comment(struct mysql_lex *m, bool may_nest)
{
	struct lex *l = &m->lex;
	bool nested = false;
	while (l->i < l->n) {
		if (may_nest && !nested && lex_at(l, "/*")) {
			nested = true;
			l->i += 2;
		} else if (!lex_at(l, "*/")) {
			l->i++;
		} else {
			l->i += 2;
			if (!nested)
				return;
			nested = false;
		}
	}
	lex_fail(l, "a comment does not end");
}

// "/*!", "/*!50003", "/*M!100100": text for servers of that version and later.
static void read_executable(struct mysql_lex *m)
{
	bool for_mariadb = lex_peek(&m->lex, 2) == 'M';
	m->lex.i += for_mariadb ? 4 : 3;
	uint32_t version = read_version(m);
	bool runs = version <= m->server.version;
	if (version != 0)
		note_version(m->versions, version);
	// MariaDB leaves out what MySQL 5.7 and later would run.
	if (m->server.mariadb && !for_mariadb && version >= 50700 && version <= 99999)
		runs = false;
	if (for_mariadb && !m->server.mariadb)
		runs = false;
	if (!runs)
		skip_comment(m, version != 0);
	else if (m->in_comment)
		lex_fail(&m->lex, "an executable comment within another");
	else
		m->in_comment = true;
}

static bool is_comment_dash(const struct lex *l)
{
	uint8_t c = lex_peek(l, 2); // 0 at the end of the text
	return lex_at(l, "--") && (c <= ' ' || c == 0x7f);
}

// White space and comments. False: there is none here.
static bool skip_space(struct mysql_lex *m)
{
	struct lex *l = &m->lex;
	uint8_t c = lex_peek(l, 0);
	if (c == ' ' || (c >= '\t' && c <= '\r')) {
		l->i++;
	} else if (c == '#' || is_comment_dash(l)) {
		while (l->i < l->n && l->p[l->i] != '\n')
			l->i++;
	} else if (lex_at(l, "/*!") || lex_at(l, "/*M!")) {
		// MySQL takes /*M! for an ordinary comment; both kinds are told apart inside.
		note_version(m->versions, 0);
		if (l->p[l->i + 2] == 'M' && !m->server.mariadb) {
			l->i += 2;
			skip_comment(m, false);
		} else {
			read_executable(m);
		}
	} else if (lex_at(l, "/*")) {
		l->i += 2;
		skip_comment(m, false);
	} else if (m->in_comment && lex_at(l, "*/")) {
		m->in_comment = false;
		l->i += 2;
	} else {
		return false;
	}
	l->is_apart = true;
	return true;
}

static void read_string(struct mysql_lex *m, size_t from)
{
	bool escapes = !m->lex.r->context->no_backslash_escapes;
	uint8_t quote = m->lex.p[m->lex.i];
	(void)lex_quoted(&m->lex, quote, escapes);
	lex_add(&m->lex, TOKEN_STRING, from);
}

static void read_quoted(struct mysql_lex *m)
{
	size_t from = m->lex.i;
	bool escaped = lex_quoted(&m->lex, m->lex.p[from], false);
	if (m->lex.i - from <= 2)
		lex_fail(&m->lex, "a name is empty");
	lex_add(&m->lex, TOKEN_QUOTED, from);
	lex_mark_escaped(&m->lex, escaped);
}

static void read_word(struct mysql_lex *m)
{
	size_t from = m->lex.i;
	while (m->lex.i < m->lex.n && is_ident(m->lex.p[m->lex.i]))
		m->lex.i++;
	lex_add(&m->lex, TOKEN_WORD, from);
}

// 0x1F and 0b01, with a small letter, when nothing of a name follows. False: a name begins so.
static bool read_radix(struct mysql_lex *m)
{
	struct lex *l = &m->lex;
	size_t k = 2;
	bool hex = lex_at(l, "0x");
	if (!hex && !lex_at(l, "0b"))
		return false;
	while (hex ? lex_is_hex(lex_peek(l, k)) : (lex_peek(l, k) | 1) == '1')
		k++;
	if (k == 2 || is_ident(lex_peek(l, k)))
		return false;
	size_t from = l->i;
	l->i += k;
	lex_add(l, TOKEN_NUMBER, from);
	return true;
}

// An exponent at offset `k`: where it ends, or 0 when there is none.
static size_t exponent(const struct lex *l, size_t k)
{
	if ((lex_peek(l, k) | 0x20) != 'e')
		return 0;
	k++;
	if (lex_peek(l, k) == '+' || lex_peek(l, k) == '-')
		k++;
	if (!lex_is_digit(lex_peek(l, k)))
		return 0;
	while (lex_is_digit(lex_peek(l, k)))
		k++;
	return k;
}

// Digits, or a dot and digits. 1e5union is two tokens to the server, 1union is a name.
static void read_number(struct mysql_lex *m)
{
	struct lex *l = &m->lex;
	size_t from = l->i, k = 0;
	if (read_radix(m))
		return;
	while (lex_is_digit(lex_peek(l, k)))
		k++;
	size_t end = exponent(l, k);
	if (end == 0 && lex_peek(l, k) != '.' && is_ident(lex_peek(l, k))) {
		read_word(m);
		return;
	}
	if (end == 0 && lex_peek(l, k) == '.') {
		k++;
		while (lex_is_digit(lex_peek(l, k)))
			k++;
		end = exponent(l, k);
		if (end == 0 && (lex_peek(l, k) | 0x20) == 'e')
			lex_fail(l, "a number does not end");
	}
	l->i += end != 0 ? end : k;
	lex_add(l, TOKEN_NUMBER, from);
}

// @name, @'name', @`name`, and the @@ of system variables.
static void read_variable(struct mysql_lex *m)
{
	struct lex *l = &m->lex;
	size_t from = l->i;
	if (lex_at(l, "@@")) {
		l->i += 2;
		lex_add(l, TOKEN_SYSTEM, from);
		if (!is_ident(lex_peek(l, 0)) && lex_peek(l, 0) != '`')
			lex_fail(l, "@@ without a name");
		return;
	}
	l->i++;
	uint8_t c = lex_peek(l, 0);
	if (c == '\'' || c == '"')
		(void)lex_quoted(l, c, !l->r->context->no_backslash_escapes);
	else if (c == '`')
		(void)lex_quoted(l, c, false);
	else
		while (is_ident(lex_peek(l, 0)) || lex_peek(l, 0) == '.')
			l->i++;
	if (l->i == from + 1)
		lex_fail(l, "@ without a name");
	lex_add(l, TOKEN_VARIABLE, from);
}

static void read_symbol(struct mysql_lex *m)
{
	static const char *const symbols[] = {
		"<=>", "->>", "->", "<<", ">>", "<>", "!=", "<=", ">=", ":=", "||", "&&", NULL,
	};
	if (lex_peek(&m->lex, 0) == '?')
		lex_add_n(&m->lex, TOKEN_PARAMETER, 1);
	else if (lex_at(&m->lex, "\\N"))
		lex_add_n(&m->lex, TOKEN_NUMBER, 2);
	else
		lex_symbol(&m->lex, symbols, "()[]{},;.+-*/%=<>!~^|&:");
}

static void read_token(struct mysql_lex *m)
{
	struct lex *l = &m->lex;
	uint8_t c = lex_peek(l, 0), next = lex_peek(l, 1);
	bool after_dot = lex_follows(l, '.');
	if (next == '\'' && (c | 0x20) == 'n') {
		l->i++;
		read_string(m, l->i - 1);
	} else if (next == '\'' && ((c | 0x20) == 'x' || (c | 0x20) == 'b')) {
		size_t from = l->i++;
		(void)lex_quoted(l, '\'', false);
		lex_add(l, TOKEN_NUMBER, from);
	} else if (lex_is_digit(c) && after_dot) {
		read_word(m); // t.1a and t.1e5 are names
	} else if (lex_is_digit(c) || (c == '.' && lex_is_digit(next) && !lex_follows_name(l))) {
		read_number(m);
	} else if (is_ident(c)) {
		read_word(m);
	} else if (c == '`' || (c == '"' && l->r->context->ansi_quotes)) {
		read_quoted(m);
	} else if (c == '\'' || c == '"') {
		read_string(m, l->i);
	} else if (c == '@') {
		read_variable(m);
	} else {
		read_symbol(m);
	}
}

bool lex_mysql(struct command_reader *r, struct sql_server server, struct sql_versions *versions)
{
	struct mysql_lex m = {.server = server, .versions = versions};
	lex_init(&m.lex, r);
	while (!m.lex.failed && m.lex.i < m.lex.n)
		if (!skip_space(&m))
			read_token(&m);
	if (m.in_comment)
		lex_fail(&m.lex, "a comment does not end");
	return lex_finish(&m.lex);
}
