// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/context.h"

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

uint8_t context_fold(uint8_t c)
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
			*p = (char)context_fold((uint8_t)*p);
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

bool context_begins(struct span in, size_t at)
{
	return at == 0 || is_edge(in.p[at - 1], in.p[at]);
}

bool context_stands_at(const char *word, size_t n, struct span in, size_t at)
{
	if (n > in.n - at)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (context_fold(in.p[at + i]) != (uint8_t)word[i])
			return false;
	}
	return context_begins(in, at) &&
	       (at + n == in.n || !is_word(in.p[at + n]) ||
		(n >= CONTEXT_HUMP_MIN && is_edge(in.p[at + n - 1], in.p[at + n])));
}

// Names of what systems count, measure and date.
static const char *const others[] = {
	"build",  "byte",     "bytes",     "checksum", "commit",  "count",  "created",
	"digest", "duration", "epoch",     "etag",     "hash",    "inv",    "invoice",
	"length", "line",     "offset",    "ord",      "order",   "part",   "pid",
	"port",   "request",  "revision",  "row",      "sha",     "size",   "sku",
	"span",   "ticket",   "timestamp", "trace",    "updated", "uptime", "version",
};

// Does [start, end) begin with the word, and go on only with a part of a name: order_no?
static bool is_called(const char *word, struct span in, size_t start, size_t end)
{
	size_t n = strlen(word);
	if (end - start < n || (end - start > n && in.p[start + n] != '_'))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (context_fold(in.p[start + i]) != (uint8_t)word[i])
			return false;
	}
	return true;
}

// Between a name and its value.
static bool is_gap(uint8_t c)
{
	return memchr(" \t\"':=|#-", c, 9) != NULL;
}

size_t context_other_name(struct span in, size_t from, size_t at)
{
	size_t end = at;
	while (end > from && at - end < CONTEXT_GAP_MAX && is_gap(in.p[end - 1]))
		end--;
	size_t start = end;
	while (start > from && (is_word(in.p[start - 1]) || in.p[start - 1] == '_'))
		start--;
	for (size_t i = 0; end < at && i < sizeof(others) / sizeof(others[0]); i++) {
		if (is_called(others[i], in, start, end))
			return start;
	}
	return at;
}
