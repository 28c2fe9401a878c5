// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Expansions: $name, ${name}, $(command), `command`, $((sum)) (POSIX.1-2017 2.6). What they give is
// not known; what they run is.

#include "dataplane/inspect/shell.h"

static bool is_name(uint8_t c)
{
	return c == '_' || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

// The word holds something that is not known.
static void note_unknown(struct shell_word *word, bool in_quotes)
{
	word->flags |= word->text.n == 0 ? WORD_OPEN | WORD_PARTS : WORD_PARTS;
	if (!in_quotes)
		word->flags |= WORD_SPLITS;
}

void shell_list_in_parens(struct shell *s)
{
	if (!shell_enter(s))
		return;
	unsigned heredocs = s->n_heredocs;
	shell_list(s);
	if (s->n_heredocs != heredocs)
		shell_fail(s, "a here-document begins within a substitution");
	else if (shell_peek(s, 0) != ')')
		shell_fail(s, "a parenthesis is not closed");
	else
		s->i++;
	shell_leave(s);
}

// `...`: a backslash before $, ` and \ is taken off, and the rest is a text of its own.
static void backticks(struct shell *s, bool in_quotes)
{
	struct command_reader *r = s->r;
	uint32_t from = r->n_names;
	s->i++;
	while (s->i < s->n && s->p[s->i] != '`') {
		uint8_t next = shell_peek(s, 1);
		bool escape = s->p[s->i] == '\\' && (next == '$' || next == '`' || next == '\\' ||
						     (in_quotes && next == '"'));
		s->i += escape;
		if (s->i >= s->n || r->n_names == sizeof(r->names))
			break;
		r->names[r->n_names++] = s->p[s->i++];
	}
	if (s->i >= s->n || s->p[s->i] != '`') {
		shell_fail(s, "a quote does not end");
		return;
	}
	s->i++;
	if (shell_enter(s)) {
		shell_text(r, span_of(r->names + from, r->n_names - from), s->depth);
		shell_leave(s);
	}
}

// $((1 + 2)): names in it are evaluated, and so may run commands in subscripts.
static void arithmetic(struct shell *s, struct shell_word *word)
{
	s->i += 3;
	while (s->i < s->n && s->p[s->i] != ')') {
		if (strchr("0123456789+-*/%<>=!&|^~?: \t(", s->p[s->i]) == NULL) {
			shell_fail(s, "a sum with names in it may run commands");
			return;
		}
		if (s->p[s->i] == '(') {
			shell_fail(s, "a sum that is not read");
			return;
		}
		s->i++;
	}
	if (shell_peek(s, 0) != ')' || shell_peek(s, 1) != ')') {
		shell_fail(s, "its grammar is not understood");
		return;
	}
	s->i += 2;
	word->flags |= WORD_PARTS;
}

// ${name}, ${name:-word}, ${#name}, ${name%pattern}
static void parameter(struct shell *s, struct shell_word *word, bool in_quotes)
{
	struct shell_word inner = {0};
	s->i += 2;
	bool indirect = shell_peek(s, 0) == '!'; // what it names may be a[$(...)]
	if (shell_peek(s, 0) == '#' || indirect)
		s->i++;
	while (is_name(shell_peek(s, 0)))
		s->i++;
	uint8_t c = shell_peek(s, 0);
	if (c == '[' || indirect || (c == '@' && shell_peek(s, 1) == 'P')) {
		shell_fail(s, "an expansion that may run commands");
		return;
	}
	if (!shell_enter(s))
		return;
	inner.flags = WORD_PARTS; // its text is of no use
	while (s->i < s->n && s->p[s->i] != '}') {
		c = s->p[s->i];
		if (c == '$' || c == '`') {
			shell_expand(s, &inner, in_quotes);
		} else if (c == '\'' || c == '"' || c == '\\' || c == '{') {
			shell_fail(s, "quotes within an expansion");
		} else {
			s->i++;
		}
	}
	if (s->i >= s->n)
		shell_fail(s, "an expansion does not end");
	else
		s->i++;
	shell_leave(s);
	note_unknown(word, in_quotes);
}

void shell_expand(struct shell *s, struct shell_word *word, bool in_quotes)
{
	uint8_t next = shell_peek(s, 1);
	if (s->p[s->i] == '`') {
		note_unknown(word, in_quotes);
		backticks(s, in_quotes);
	} else if (next == '(' && shell_peek(s, 2) == '(') {
		arithmetic(s, word);
	} else if (next == '(') {
		note_unknown(word, in_quotes);
		s->i += 2;
		shell_list_in_parens(s);
	} else if (next == '{') {
		parameter(s, word, in_quotes);
	} else if (next == '?' || next == '#' || next == '$' || next == '!') {
		s->i += 2; // a number
		word->flags |= WORD_PARTS;
	} else if (next == '@' || next == '*' || next == '-') {
		s->i += 2;
		note_unknown(word, false);
	} else if (is_name(next)) {
		s->i += 2;
		while (!(next >= '0' && next <= '9') && is_name(shell_peek(s, 0)))
			s->i++;
		note_unknown(word, in_quotes);
	} else if (!in_quotes && (next == '\'' || next == '"')) {
		shell_fail(s, "a quote that shells read differently");
	} else {
		shell_append(s, word, '$');
		s->i++;
	}
}
