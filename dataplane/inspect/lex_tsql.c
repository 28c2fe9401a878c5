// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// T-SQL text into tokens ("Transact-SQL syntax conventions", "Database identifiers", "Constants",
// "Slash Star"). Where the documents do not tell how something is read, it is unknown.

#include "dataplane/inspect/lex.h"
#include "dataplane/inspect/sql.h"

// Letters that can be mistaken for nothing else: À to ž without the signs of multiplication and
// division, the dotless and dotted i. Others may be white space, or fold to ASCII.
static bool is_latin(const struct lex *l, size_t k)
{
	uint8_t c = lex_peek(l, k), d = lex_peek(l, k + 1);
	if (c == 0xc3)
		return d != 0x97 && d != 0xb7;
	if (c == 0xc4)
		return d != 0xb0 && d != 0xb1;
	return c == 0xc5 && d < 0xbf;
}

// Bytes of the letter of a name at offset `k`; 0: none.
static size_t ident(const struct lex *l, size_t k)
{
	uint8_t c = lex_peek(l, k);
	if (lex_is_alnum(c) || c == '_' || c == '@' || c == '#' || c == '$')
		return 1;
	return is_latin(l, k) ? 2 : 0;
}

static void skip_line(struct lex *l)
{
	while (l->i < l->n && l->p[l->i] != '\n') {
		uint8_t c = l->p[l->i];
		if (c == '\r' && lex_peek(l, 1) != '\n')
			lex_fail(l, "a line ends in a way that servers differ in");
		else if (lex_at(l, "\xe2\x80\xa8") || lex_at(l, "\xe2\x80\xa9") || lex_at(l, "\xc2\x85"))
			lex_fail(l, "a line ends in a way that servers differ in");
		else
			l->i++;
	}
}

static void skip_comment(struct lex *l)
{
	size_t level = 0;
	while (l->i < l->n) {
		if (lex_at(l, "/*")) {
			level++;
			l->i += 2;
		} else if (lex_at(l, "*/")) {
			level--;
			l->i += 2;
			if (level == 0)
				return;
		} else {
			l->i++;
		}
	}
	lex_fail(l, "a comment does not end");
}

static bool skip_space(struct lex *l)
{
	uint8_t c = lex_peek(l, 0);
	if (c <= ' ') // the server takes every control character for white space
		l->i++;
	else if (lex_at(l, "--"))
		skip_line(l);
	else if (lex_at(l, "/*"))
		skip_comment(l);
	else
		return false;
	l->is_apart = true;
	return true;
}

static void read_word(struct lex *l, enum token_kind kind)
{
	size_t from = l->i;
	for (size_t n = ident(l, 0); n > 0; n = ident(l, 0))
		l->i += n;
	if (lex_peek(l, 0) >= 0x80)
		lex_fail(l, "a letter in a name that servers may take for another");
	lex_add(l, kind, from);
}

static void read_quoted(struct lex *l, uint8_t close)
{
	size_t from = l->i;
	bool escaped = lex_quoted(l, close, false);
	if (l->i - from <= 2)
		lex_fail(l, "a name is empty");
	lex_add(l, TOKEN_QUOTED, from);
	lex_mark_escaped(l, escaped);
}

static void read_string(struct lex *l, size_t from)
{
	(void)lex_quoted(l, l->p[l->i], false);
	lex_add(l, TOKEN_STRING, from);
}

// 1, 1.5, .5, 1e5, 0x1F, $1.5. A name right behind it is left to nobody's guess: 1union is two
// tokens to the server, 1exec is 1e and xec.
static void read_number(struct lex *l)
{
	size_t from = l->i;
	if (lex_at(l, "0x") || lex_at(l, "0X")) {
		l->i += 2;
		while (lex_is_hex(lex_peek(l, 0)))
			l->i++;
	} else {
		l->i += lex_peek(l, 0) == '$';
		while (lex_is_digit(lex_peek(l, 0)))
			l->i++;
		l->i += lex_peek(l, 0) == '.';
		while (lex_is_digit(lex_peek(l, 0)))
			l->i++;
		bool is_signed = lex_peek(l, 1) == '+' || lex_peek(l, 1) == '-';
		if ((lex_peek(l, 0) | 0x20) == 'e' &&
		    lex_is_digit(lex_peek(l, is_signed ? 2 : 1))) {
			l->i += is_signed ? 2 : 1;
			while (lex_is_digit(lex_peek(l, 0)))
				l->i++;
		}
	}
	if (ident(l, 0) > 0 || lex_peek(l, 0) >= 0x80 || lex_peek(l, 0) == '.')
		lex_fail(l, "a number runs into a name");
	lex_add(l, TOKEN_NUMBER, from);
}

static void read_token(struct lex *l)
{
	static const char *const symbols[] = {
		"<>", "!=", "<=", ">=", "!<", "!>", "+=", "-=", "*=",
		"/=", "%=", "&=", "|=", "^=", "::", "||", NULL,
	};
	uint8_t c = lex_peek(l, 0), next = lex_peek(l, 1);
	if ((c | 0x20) == 'n' && next == '\'') {
		l->i++;
		read_string(l, l->i - 1);
	} else if (lex_is_digit(c) || (c == '.' && lex_is_digit(next)) || (c == '$' && lex_is_digit(next))) {
		read_number(l);
	} else if (c == '@') {
		read_word(l, TOKEN_VARIABLE);
	} else if (c == '$' ? lex_is_alpha(next) : ident(l, 0) > 0) {
		read_word(l, TOKEN_WORD);
	} else if (c == '[') {
		read_quoted(l, ']');
	} else if (c == '"' && l->r->context->quoted_identifier) {
		read_quoted(l, '"');
	} else if (c == '\'' || c == '"') {
		read_string(l, l->i);
	} else {
		lex_symbol(l, symbols, "(),;.+-*/%=<>!~^|&:");
	}
}

bool lex_tsql(struct command_reader *r)
{
	struct lex l;
	lex_init(&l, r);
	while (!l.failed && l.i < l.n)
		if (!skip_space(&l))
			read_token(&l);
	return lex_finish(&l);
}
