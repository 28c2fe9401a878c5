// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Words: quotes off, what they hold put together (POSIX.1-2017 2.2, 2.3, 2.6).

#include "dataplane/inspect/shell.h"

void shell_fail(struct shell *s, const char *why)
{
	command_unknown(s->r, why);
	s->failed = true;
	s->i = s->n;
}

bool shell_enter(struct shell *s)
{
	if (s->depth == COMMAND_DEPTH_MAX) {
		shell_fail(s, "it is nested too deeply");
		return false;
	}
	s->depth++;
	return true;
}

void shell_leave(struct shell *s)
{
	s->depth--;
}

void shell_skip_blank(struct shell *s)
{
	while (s->i < s->n) {
		if (shell_peek(s, 0) == ' ' || shell_peek(s, 0) == '\t') {
			s->i++;
		} else if (shell_peek(s, 0) == '\\' && shell_peek(s, 1) == '\n') {
			s->i += 2;
		} else if (shell_peek(s, 0) == '#') {
			while (s->i < s->n && s->p[s->i] != '\n')
				s->i++;
		} else {
			break;
		}
	}
}

// The bytes of all words of a text lie in the reader's names.
void shell_append(struct shell *s, struct shell_word *word, uint8_t c)
{
	struct command_reader *r = s->r;
	if ((word->flags & (WORD_OPEN | WORD_SPLITS | WORD_PARTS)) != 0)
		return; // only what stands before is of use
	if (r->n_names == sizeof(r->names)) {
		shell_fail(s, "its words are too long");
		return;
	}
	if (word->text.n == 0)
		word->text.p = r->names + r->n_names;
	// An expansion within the word may have put words of its own behind it.
	if (word->text.p + word->text.n != r->names + r->n_names) {
		word->flags |= WORD_PARTS;
		return;
	}
	r->names[r->n_names++] = c;
	word->text.n++;
}

static void single_quotes(struct shell *s, struct shell_word *word)
{
	word->flags |= WORD_QUOTED;
	for (s->i++; s->i < s->n && s->p[s->i] != '\''; s->i++)
		shell_append(s, word, s->p[s->i]);
	if (s->i >= s->n)
		shell_fail(s, "a quote does not end");
	else
		s->i++;
}

static void double_quotes(struct shell *s, struct shell_word *word)
{
	word->flags |= WORD_QUOTED;
	s->i++;
	while (s->i < s->n && s->p[s->i] != '"') {
		uint8_t c = s->p[s->i], next = shell_peek(s, 1);
		if (c == '$' || c == '`') {
			shell_expand(s, word, true);
		} else if (c == '\\' && next == '\n') {
			s->i += 2;
		} else if (c == '\\' && (next == '$' || next == '`' || next == '"' || next == '\\')) {
			shell_append(s, word, next);
			s->i += 2;
		} else {
			shell_append(s, word, c);
			s->i++;
		}
	}
	if (s->i >= s->n)
		shell_fail(s, "a quote does not end");
	else
		s->i++;
}

static void backslash(struct shell *s, struct shell_word *word)
{
	if (s->i + 1 >= s->n) {
		shell_fail(s, "a backslash hides nothing");
		return;
	}
	if (s->p[s->i + 1] != '\n') {
		word->flags |= WORD_QUOTED;
		shell_append(s, word, s->p[s->i + 1]);
	}
	s->i += 2;
}

// {a,b} and {1..3} make several words of one where the shell is bash.
static bool is_brace_expansion(const struct shell *s)
{
	unsigned level = 0;
	for (size_t k = 0; k < s->n - s->i; k++) {
		uint8_t c = shell_peek(s, k);
		if (c == ' ' || c == '\t' || c == '\n' || c == ';' || c == '&' || c == '|')
			return false;
		level += c == '{';
		if (level == 1 && (c == ',' || (c == '.' && shell_peek(s, k + 1) == '.')))
			return true;
		if (c == '}' && --level == 0)
			return false;
	}
	return false;
}

static bool ends_word(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == ';' || c == '&' || c == '|' || c == '(' ||
	       c == ')' || c == '<' || c == '>';
}

// Does the word at hand go on to a closing bracket? The program [ is no pattern.
static bool closes_bracket(const struct shell *s)
{
	for (size_t k = 1; !ends_word(shell_peek(s, k)) && shell_peek(s, k) != 0; k++)
		if (shell_peek(s, k) == ']')
			return true;
	return false;
}

static void plain(struct shell *s, struct shell_word *word)
{
	uint8_t c = s->p[s->i];
	if (c == '{' && is_brace_expansion(s)) {
		shell_fail(s, "braces may make several words of one");
		return;
	}
	if (c == '*' || c == '?' || (c == '[' && closes_bracket(s))) {
		if (word->text.n == 0)
			word->flags |= WORD_GLOB | WORD_OPEN | WORD_SPLITS;
		else
			word->flags |= WORD_GLOB;
	}
	s->i++;
	// What a pattern may stand for is of interest, so its bytes are kept.
	uint8_t flags = word->flags;
	if ((flags & WORD_GLOB) != 0)
		word->flags &= (uint8_t) ~(WORD_OPEN | WORD_SPLITS);
	shell_append(s, word, c);
	word->flags |= flags;
}

void shell_word(struct shell *s)
{
	struct shell_word word = {0};
	size_t from = s->i;
	bool is_process =
		(shell_peek(s, 0) == '<' || shell_peek(s, 0) == '>') && shell_peek(s, 1) == '(';
	if (is_process) { // its name is that of a file
		for (const char *c = "/dev/fd/"; *c != '\0'; c++)
			shell_append(s, &word, (uint8_t)*c);
		s->i += 2;
		shell_list_in_parens(s);
		word.flags |= WORD_PARTS;
	}
	while (s->i < s->n && !ends_word(s->p[s->i])) {
		uint8_t c = s->p[s->i];
		if (c == '\'')
			single_quotes(s, &word);
		else if (c == '"')
			double_quotes(s, &word);
		else if (c == '\\')
			backslash(s, &word);
		else if (c == '$' || c == '`')
			shell_expand(s, &word, false);
		else
			plain(s, &word);
	}
	if (s->i == from)
		shell_fail(s, "its grammar is not understood");
	else if (s->r->n_words == COMMAND_WORDS_MAX)
		shell_fail(s, "it has too many words");
	else
		s->r->words[s->r->n_words++] = word;
}
