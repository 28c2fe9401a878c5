// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/context.h"

#include "patterns/patterns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_lower(uint8_t c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_upper(uint8_t c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(uint8_t c)
{
	return is_lower(c) || is_upper(c) || is_digit(c);
}

static uint8_t fold(uint8_t c)
{
	if (is_upper(c))
		return c | 0x20;
	return c == ' ' || c == '\t' || c == '_' ? '-' : c;
}

bool context_is_word(const char *word)
{
	size_t n = strlen(word);
	if (n < 2 || n > CONTEXT_WORD_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		uint8_t c = (uint8_t)word[i];
		if (c < ' ' || c == 0x7f || is_upper(c))
			return false;
	}
	uint8_t first = (uint8_t)word[0], last = (uint8_t)word[n - 1];
	return (is_word(first) || first >= 0x80) && (is_word(last) || last >= 0x80);
}

int context_init(struct context *out, const char *const *words)
{
	size_t n = 0;
	while (words != NULL && words[n] != NULL)
		n++;
	out->words = calloc(n + 1, sizeof(out->words[0]));
	if (out->words == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		out->words[i] = strdup(words[i]);
		if (out->words[i] == NULL)
			return -ENOMEM;
		for (char *p = out->words[i]; *p != '\0'; p++)
			*p = (char)fold((uint8_t)*p);
	}
	return 0;
}

void context_fini(struct context *context)
{
	for (size_t i = 0; context->words != NULL && context->words[i] != NULL; i++)
		free(context->words[i]);
	free(context->words);
	context->words = NULL;
}

// Does a word end between `a` and `b`, or begin there?
static bool is_edge(uint8_t a, uint8_t b)
{
	return !is_word(a) || !is_word(b) || (!is_upper(a) && is_upper(b));
}

static bool stands_at(const char *word, size_t n, struct span in, size_t at)
{
	for (size_t i = 0; i < n; i++) {
		if (fold(in.p[at + i]) != (uint8_t)word[i])
			return false;
	}
	return (at == 0 || is_edge(in.p[at - 1], in.p[at])) &&
	       (at + n == in.n || is_edge(in.p[at + n - 1], in.p[at + n]));
}

// Does a word stand in [from, to) of `in`?
static bool stands_within(const struct context *context, struct span in, size_t from, size_t to)
{
	for (char **word = context->words; *word != NULL; word++) {
		size_t n = strlen(*word);
		for (size_t at = from; n <= to - from && at <= to - n; at++) {
			if (stands_at(*word, n, in, at))
				return true;
		}
	}
	return false;
}

static bool is_newline(uint8_t c)
{
	return c == '\n' || c == '\r';
}

bool context_names(const struct context *context, struct span name)
{
	return stands_within(context, name, 0, name.n);
}

bool context_near(const struct context *context, struct span in, size_t start, size_t end)
{
	size_t from = start, to = end;
	while (from > 0 && start - from < PATTERN_CONTEXT_BEFORE && !is_newline(in.p[from - 1]))
		from--;
	while (to < in.n && to - end < PATTERN_CONTEXT_AFTER && !is_newline(in.p[to]))
		to++;
	return stands_within(context, in, from, start) || stands_within(context, in, end, to);
}
