// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/expression.h"

#include <hs.h>

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

unsigned expression_flags(void)
{
	return HS_FLAG_DOTALL;
}

// Behind the class that begins at `p`, or at the NUL when it does not end.
static const char *skip_class(const char *p)
{
	p++;
	if (*p == '^')
		p++;
	if (*p == ']')
		p++;
	while (*p != '\0' && *p != ']') {
		if (p[0] == '[' && p[1] == ':') {
			const char *end = strstr(p + 2, ":]");
			if (end != NULL) {
				p = end + 2;
				continue;
			}
		}
		p += p[0] == '\\' && p[1] != '\0' ? 2 : 1;
	}
	return *p == ']' ? p + 1 : p;
}

// Does a group whose bracket stands before `p` do more than group or fold case?
static bool opens_more(const char *p)
{
	if (p[0] == '*')
		return true;
	return p[0] == '?' && p[1] != ':' && strncmp(p, "?i)", 3) != 0 && strncmp(p, "?i:", 3) != 0;
}

// The first construct in `text` that would look outside a match, or change how the rest is read;
// NULL when there is none. Such a construct would make the confirming scan, which sees a match from
// its own first byte, disagree with the first one.
static const char *find_assertion(const char *text)
{
	const char *p = text;
	while (*p != '\0') {
		if (*p == '[') {
			p = skip_class(p);
		} else if (*p == '\\') {
			if (p[1] == '\0' || strchr("bBAzZGKQEXC", p[1]) != NULL)
				return p;
			p += 2;
		} else if (*p == '^' || *p == '$') {
			return p;
		} else if (*p == '(' && opens_more(p + 1)) {
			return p;
		} else {
			p++;
		}
	}
	return NULL;
}

static int info(const char *text, struct expression_width *width, char *why, size_t size)
{
	hs_expr_info_t *found = NULL;
	hs_compile_error_t *error = NULL;
	hs_error_t result = hs_expression_info(text, expression_flags(), &found, &error);
	if (result != HS_SUCCESS) {
		snprintf(why, size, "%s", error == NULL ? "out of memory" : error->message);
		hs_free_compile_error(error);
		return ERR_CONFIG;
	}
	*width = (struct expression_width){found->min_width, found->max_width};
	free(found); // hs_set_allocator is never called: the library's allocator is malloc
	return 0;
}

int expression_check(const char *text, struct expression_width *width, char *why, size_t size)
{
	struct expression_width own = {};
	if (strlen(text) >= EXPRESSION_MAX) {
		snprintf(why, size, "the expression is longer than %d bytes", EXPRESSION_MAX - 1);
		return ERR_CONFIG;
	}
	const char *assertion = find_assertion(text);
	if (assertion != NULL) {
		snprintf(
			why, size,
			"'%.3s' at byte %zu: a group may only be ( (?: (?i) or (?i: and what stands beside a match is for `boundary` to say",
			assertion, (size_t)(assertion - text) + 1
		);
		return ERR_CONFIG;
	}
	int result = info(text, &own, why, size);
	if (result != 0)
		return result;
	if (own.min == 0) {
		snprintf(why, size, "the expression matches nothing at all");
		return ERR_CONFIG;
	}
	*width = own;
	return 0;
}

static bool has_alternatives(const char *text)
{
	unsigned depth = 0;
	for (const char *p = text; *p != '\0';) {
		if (*p == '[') {
			p = skip_class(p);
			continue;
		}
		if (*p == '|' && depth == 0)
			return true;
		depth += *p == '(';
		depth -= *p == ')';
		p += *p == '\\' && p[1] != '\0' ? 2 : 1;
	}
	return false;
}

// The byte that one character of an expression stands for, and behind it; NULL: it is no literal.
static const char *read_literal(const char *p, uint8_t *out)
{
	unsigned code;
	if (isalnum((unsigned char)*p) || (*p & 0x80) != 0 ||
	    (*p != '\0' && strchr(" _-:/@,;=<>!\"#%&'~`", *p) != NULL)) {
		*out = (uint8_t)*p;
		return p + 1;
	}
	if (*p != '\\')
		return NULL;
	if (p[1] == 'x' && isxdigit((unsigned char)p[2]) && isxdigit((unsigned char)p[3])) {
		(void)sscanf(p + 2, "%2x", &code);
		*out = (uint8_t)code;
		return p + 4;
	}
	if (p[1] <= ' ' || isalnum((unsigned char)p[1]))
		return NULL;
	*out = (uint8_t)p[1];
	return p + 2;
}

void expression_prefix(const char *text, struct expression_prefix *out)
{
	*out = (struct expression_prefix){.rest = text};
	if (has_alternatives(text))
		return;
	out->folds = strncmp(text, "(?i)", 4) == 0;
	const char *p = text + (out->folds ? 4 : 0);
	while (out->n < EXPRESSION_PREFIX_MAX) {
		uint8_t byte = 0;
		const char *next = read_literal(p, &byte);
		// What is repeated, or may be missing, is no certain byte.
		if (next == NULL || (*next != '\0' && strchr("*+?{", *next) != NULL))
			break;
		out->bytes[out->n++] = out->folds && byte < 0x80 ? (uint8_t)tolower(byte) : byte;
		p = next;
	}
	out->rest = p;
}

void expression_of_prefix(const struct expression_prefix *prefix, char *out)
{
	strcpy(out, prefix->folds ? "(?i)" : "");
	out += strlen(out);
	for (size_t i = 0; i < prefix->n; i++)
		out += sprintf(out, isalnum(prefix->bytes[i]) ? "%c" : "\\x%02x", prefix->bytes[i]);
}
