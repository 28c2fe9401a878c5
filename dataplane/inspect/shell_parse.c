// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Lists, pipelines and compound commands (POSIX.1-2017 2.9, 2.10).

#include "dataplane/inspect/shell.h"

static void grammar(struct shell *s)
{
	shell_fail(s, "its grammar is not understood");
}

static bool ends_word(uint8_t c)
{
	return c == 0 || strchr(" \t\n;&|()<>", c) != NULL;
}

// Is the word at hand this one, without quotes?
static bool is_word(const struct shell *s, const char *word)
{
	size_t n = strlen(word);
	return n <= s->n - s->i && memcmp(s->p + s->i, word, n) == 0 && ends_word(shell_peek(s, n));
}

static bool take_word(struct shell *s, const char *word)
{
	shell_skip_blank(s);
	if (!is_word(s, word))
		return false;
	s->i += strlen(word);
	return true;
}

static void expect_word(struct shell *s, const char *word)
{
	if (!take_word(s, word))
		grammar(s);
}

static void skip_newlines(struct shell *s)
{
	shell_skip_blank(s);
	while (shell_peek(s, 0) == '\n') {
		s->i++;
		shell_read_heredocs(s);
		shell_skip_blank(s);
	}
}

// Words that end the list of a compound command.
static bool closes(const struct shell *s)
{
	static const char *const words[] = {"then", "else", "elif", "fi", "do",
					    "done", "esac", "}",    NULL};
	for (const char *const *w = words; *w != NULL; w++)
		if (is_word(s, *w))
			return true;
	return false;
}

// ---- simple commands

static bool is_assignment(const struct shell *s)
{
	size_t k = 0;
	for (; shell_peek(s, k) != 0; k++) {
		uint8_t c = shell_peek(s, k);
		bool letter = c == '_' || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
		if (!letter && !(k > 0 && c >= '0' && c <= '9'))
			break;
	}
	return k > 0 && (shell_peek(s, k) == '=' ||
			 (shell_peek(s, k) == '+' && shell_peek(s, k + 1) == '='));
}

static void read_assignment(struct shell *s)
{
	struct command_reader *r = s->r;
	shell_word(s);
	if (s->failed)
		return;
	if (shell_peek(s, 0) == '(') { // an array
		grammar(s);
		return;
	}
	struct shell_call c = {.s = s, .word = &r->words[--r->n_words], .n = 1};
	shell_assign(&c);
}

static void read_body(struct shell *s);

// A definition counts as if it ran: the name may hide a program's.
static bool is_function(struct shell *s, uint32_t from)
{
	size_t i = s->i;
	if (s->r->n_words != from + 1 || shell_peek(s, 0) != '(')
		return false;
	s->i++;
	shell_skip_blank(s);
	if (shell_peek(s, 0) != ')') {
		s->i = i;
		grammar(s);
		return false;
	}
	s->i++;
	s->r->n_words = from;
	skip_newlines(s);
	read_body(s);
	return true;
}

static void read_simple(struct shell *s)
{
	struct command_reader *r = s->r;
	uint32_t from = r->n_words;
	bool any = false;
	while (!s->failed) {
		shell_skip_blank(s);
		uint8_t c = shell_peek(s, 0);
		bool process = (c == '<' || c == '>') && shell_peek(s, 1) == '(';
		if (s->i >= s->n || c == '\n' || c == ';' || c == '|' || c == ')')
			break;
		if (!process && shell_redirect(s)) {
			any = true;
			continue;
		}
		if (c == '&')
			break;
		if (c == '(') {
			if (!is_function(s, from) && !s->failed)
				grammar(s);
			return;
		}
		any = true;
		if (r->n_words == from && is_assignment(s))
			read_assignment(s);
		else
			shell_word(s);
	}
	if (!any)
		grammar(s);
	if (!s->failed && r->n_words > from)
		shell_run(s, r->words + from, r->n_words - from);
	r->n_words = from;
}

// ---- compound commands

static void read_if(struct shell *s)
{
	do {
		shell_list(s);
		expect_word(s, "then");
		shell_list(s);
	} while (take_word(s, "elif"));
	if (take_word(s, "else"))
		shell_list(s);
	expect_word(s, "fi");
}

static void read_loop(struct shell *s)
{
	shell_list(s);
	expect_word(s, "do");
	shell_list(s);
	expect_word(s, "done");
}

static void read_for(struct shell *s)
{
	uint32_t from = s->r->n_words;
	shell_skip_blank(s);
	shell_word(s); // the variable
	skip_newlines(s);
	if (take_word(s, "in")) {
		shell_skip_blank(s);
		while (!s->failed && s->i < s->n && shell_peek(s, 0) != ';' &&
		       shell_peek(s, 0) != '\n') {
			shell_word(s);
			shell_skip_blank(s);
		}
	}
	s->r->n_words = from;
	if (shell_peek(s, 0) == ';')
		s->i++;
	skip_newlines(s);
	expect_word(s, "do");
	shell_list(s);
	expect_word(s, "done");
}

static void read_case_item(struct shell *s)
{
	shell_skip_blank(s);
	if (shell_peek(s, 0) == '(')
		s->i++;
	do {
		shell_skip_blank(s);
		shell_word(s);
		shell_skip_blank(s);
	} while (shell_peek(s, 0) == '|' && ++s->i && !s->failed);
	if (shell_peek(s, 0) != ')') {
		grammar(s);
		return;
	}
	s->i++;
	shell_list(s);
	if (shell_peek(s, 0) == ';' && shell_peek(s, 1) == ';')
		s->i += 2;
	else if (!is_word(s, "esac"))
		grammar(s);
	skip_newlines(s);
}

static void read_case(struct shell *s)
{
	uint32_t from = s->r->n_words;
	shell_skip_blank(s);
	shell_word(s);
	skip_newlines(s);
	expect_word(s, "in");
	skip_newlines(s);
	while (!s->failed && !is_word(s, "esac"))
		read_case_item(s);
	s->r->n_words = from;
	expect_word(s, "esac");
}

// [[ words and operators ]]
static void read_test(struct shell *s)
{
	uint32_t from = s->r->n_words;
	s->r->kinds |= EFFECT_READ;
	while (!s->failed && !take_word(s, "]]")) {
		uint8_t c = shell_peek(s, 0);
		if (s->i >= s->n || c == ';' || c == '\n') {
			grammar(s);
		} else if (c == '(' || c == ')' || c == '&' || c == '|' || c == '<' || c == '>') {
			s->i++;
		} else {
			shell_word(s);
			const struct shell_word *w = &s->r->words[s->r->n_words - 1];
			if (!s->failed && w->text.n == 3 && w->text.p[0] == '-')
				shell_fail(s, "a comparison of numbers may run commands");
			if (!s->failed && shell_word_is(w, "-v"))
				shell_fail(s, "a subscript may run commands");
		}
	}
	s->r->n_words = from;
}

// Returns false when no compound command begins here.
static bool read_compound(struct shell *s)
{
	if (shell_peek(s, 0) == '(' && shell_peek(s, 1) == '(') {
		grammar(s);
	} else if (shell_peek(s, 0) == '(') {
		s->i++;
		shell_list_in_parens(s);
	} else if (take_word(s, "{")) {
		shell_list(s);
		expect_word(s, "}");
	} else if (take_word(s, "if")) {
		read_if(s);
	} else if (take_word(s, "while") || take_word(s, "until")) {
		read_loop(s);
	} else if (take_word(s, "for") || take_word(s, "select")) {
		read_for(s);
	} else if (take_word(s, "case")) {
		read_case(s);
	} else if (take_word(s, "[[")) {
		read_test(s);
	} else {
		return false;
	}
	shell_skip_blank(s);
	while (!s->failed && shell_redirect(s))
		shell_skip_blank(s);
	return true;
}

static void read_body(struct shell *s)
{
	if (!shell_enter(s))
		return;
	if (!read_compound(s))
		grammar(s);
	shell_leave(s);
}

static void read_command(struct shell *s)
{
	if (!shell_enter(s))
		return;
	shell_skip_blank(s);
	if (take_word(s, "function")) {
		shell_skip_blank(s);
		shell_word(s);
		if (!s->failed)
			s->r->n_words--;
		shell_skip_blank(s);
		if (shell_peek(s, 0) == '(' && shell_peek(s, 1) == ')')
			s->i += 2;
		skip_newlines(s);
		read_body(s);
	} else if (closes(s) || is_word(s, "coproc") || is_word(s, "in")) {
		grammar(s);
	} else if (!read_compound(s)) {
		read_simple(s);
	}
	shell_leave(s);
}

// ---- lists

static void read_pipeline(struct shell *s)
{
	while (take_word(s, "!") || take_word(s, "time"))
		(void)take_word(s, "-p");
	while (!s->failed) {
		read_command(s);
		shell_skip_blank(s);
		if (shell_peek(s, 0) != '|' || shell_peek(s, 1) == '|')
			break;
		s->i += shell_peek(s, 1) == '&' ? 2 : 1;
		skip_newlines(s);
	}
}

static void read_and_or(struct shell *s)
{
	while (!s->failed) {
		read_pipeline(s);
		shell_skip_blank(s);
		uint8_t c = shell_peek(s, 0);
		if ((c != '&' && c != '|') || shell_peek(s, 1) != c)
			break;
		s->i += 2;
		s->r->flags |= EFFECT_MULTI;
		skip_newlines(s);
	}
}

void shell_list(struct shell *s)
{
	bool first = true;
	while (!s->failed) {
		skip_newlines(s);
		if (s->i >= s->n || shell_peek(s, 0) == ')' || closes(s) ||
		    (shell_peek(s, 0) == ';' && shell_peek(s, 1) == ';'))
			break;
		if (!first)
			s->r->flags |= EFFECT_MULTI;
		first = false;
		read_and_or(s);
		shell_skip_blank(s);
		uint8_t c = shell_peek(s, 0);
		if (c == ';' && shell_peek(s, 1) == ';')
			break;
		if (c == ';' || c == '&')
			s->i++;
		else if (c != '\n')
			break;
	}
}

void shell_text(struct command_reader *r, struct span text, unsigned depth)
{
	struct shell s = {.r = r, .p = text.p, .n = text.n, .depth = depth};
	shell_list(&s);
	if (!s.failed && s.i < s.n)
		grammar(&s);
	if (!s.failed && s.n_heredocs > 0)
		shell_fail(&s, "a here-document does not end");
}

void shell_classify(struct command_reader *r)
{
	shell_text(r, r->text, 0);
	if (r->kinds == 0)
		r->kinds = EFFECT_SESSION; // it does nothing
}
