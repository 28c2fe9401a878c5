// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What the lexers share: where they are, and the tokens they leave in a reader. Private to
// inspect/.

#pragma once

#include "dataplane/inspect/command.h"

struct lex {
	struct command_reader *r;
	const uint8_t *p;
	size_t n, i;
	bool is_apart; // white space or a comment was read since the last token
	bool failed;
};

void lex_init(struct lex *lex, struct command_reader *r);
// Put the end token behind the others. False when the lexer failed.
bool lex_finish(struct lex *lex) must_check;
// The text is unknown; nothing more is read.
void lex_fail(struct lex *lex, const char *why);
// A token from `from` to where the lexer is, or of the next `n` bytes, which are taken.
void lex_add(struct lex *lex, enum token_kind kind, size_t from);
void lex_add_n(struct lex *lex, enum token_kind kind, size_t n);
void lex_mark_escaped(struct lex *lex, bool is_escaped); // the last token
// The longest of `symbols` (NULL-terminated), or one of the bytes of `single`; fails on others.
void lex_symbol(struct lex *lex, const char *const *symbols, const char *single);
// From the quote at hand to behind its end; a doubled `close` stands for itself, and a backslash
// hides what follows it when it escapes. Fails when there is no end. Returns: was one doubled?
bool lex_quoted(struct lex *lex, uint8_t close, bool escapes);
bool lex_at(const struct lex *lex, const char *what);
// Does the last token stand right before, and is it this symbol, or a name?
bool lex_follows(const struct lex *lex, char symbol);
bool lex_follows_name(const struct lex *lex);

// The k-th byte from here; 0 behind the end.
static inline uint8_t lex_peek(const struct lex *lex, size_t k)
{
	return k < lex->n - lex->i ? lex->p[lex->i + k] : 0;
}

static inline bool lex_is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static inline bool lex_is_alpha(uint8_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static inline bool lex_is_alnum(uint8_t c)
{
	return lex_is_digit(c) || lex_is_alpha(c);
}

static inline bool lex_is_hex(uint8_t c)
{
	return lex_is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}
