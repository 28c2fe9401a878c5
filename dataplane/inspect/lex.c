// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/inspect/lex.h"

void lex_init(struct lex *l, struct command_reader *r)
{
	*l = (struct lex){.r = r, .p = r->text.p, .n = r->text.n};
	r->n_tokens = 0;
}

void lex_fail(struct lex *l, const char *why)
{
	command_unknown(l->r, why);
	l->failed = true;
	l->i = l->n;
}

bool lex_finish(struct lex *l)
{
	l->r->tokens[l->r->n_tokens] = (struct token){.at = (uint32_t)l->n, .kind = TOKEN_END};
	return !l->failed;
}

void lex_add(struct lex *l, enum token_kind kind, size_t from)
{
	if (l->failed)
		return;
	if (l->r->n_tokens == COMMAND_TOKENS_MAX) {
		lex_fail(l, "it is too long");
		return;
	}
	l->r->tokens[l->r->n_tokens++] = (struct token){
		.at = (uint32_t)from,
		.n = (uint32_t)(l->i - from),
		.kind = (uint8_t)kind,
		.is_apart = l->is_apart,
	};
	l->is_apart = false;
}

void lex_add_n(struct lex *l, enum token_kind kind, size_t n)
{
	size_t from = l->i;
	l->i += n;
	lex_add(l, kind, from);
}

void lex_mark_escaped(struct lex *l, bool is_escaped)
{
	if (!l->failed)
		l->r->tokens[l->r->n_tokens - 1].is_escaped = is_escaped;
}

bool lex_at(const struct lex *l, const char *what)
{
	size_t n = strlen(what);
	return n <= l->n - l->i && memcmp(l->p + l->i, what, n) == 0;
}

void lex_symbol(struct lex *l, const char *const *symbols, const char *single)
{
	for (; *symbols != NULL; symbols++) {
		if (lex_at(l, *symbols)) {
			lex_add_n(l, TOKEN_SYMBOL, strlen(*symbols));
			return;
		}
	}
	uint8_t c = lex_peek(l, 0);
	if (c == 0 || strchr(single, c) == NULL)
		lex_fail(l, "a character that no command has there");
	else
		lex_add_n(l, TOKEN_SYMBOL, 1);
}

bool lex_quoted(struct lex *l, uint8_t close, bool escapes)
{
	bool doubled = false;
	size_t i = l->i + 1;
	while (i < l->n) {
		uint8_t c = l->p[i];
		if (escapes && c == '\\') {
			i += 2;
		} else if (c != close) {
			i++;
		} else if (i + 1 < l->n && l->p[i + 1] == close) {
			doubled = true;
			i += 2;
		} else {
			l->i = i + 1;
			return doubled;
		}
	}
	lex_fail(l, "a quote does not end");
	return doubled;
}

static const struct token *before(const struct lex *l)
{
	if (l->is_apart || l->r->n_tokens == 0)
		return NULL;
	return &l->r->tokens[l->r->n_tokens - 1];
}

bool lex_follows(const struct lex *l, char symbol)
{
	const struct token *t = before(l);
	return t != NULL && t->kind == TOKEN_SYMBOL && l->p[t->at] == (uint8_t)symbol && t->n == 1;
}

bool lex_follows_name(const struct lex *l)
{
	const struct token *t = before(l);
	return t != NULL && (t->kind == TOKEN_WORD || t->kind == TOKEN_QUOTED);
}
