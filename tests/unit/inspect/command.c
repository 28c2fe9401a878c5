// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "command.h"

// Flags without a name tell the relay something; the tables are about what policies see.
static uint32_t named(uint32_t flags)
{
	uint32_t kept = 0;
	for (uint32_t flag = 1; flag != 0 && flag <= flags; flag <<= 1)
		if ((flags & flag) != 0 && effect_flag_name((enum effect_flag)flag) != NULL)
			kept |= flag;
	return kept;
}

void assert_command(
	struct command_reader *reader, const struct command_context *context,
	const struct command_case *expected
)
{
	const struct effects *e = inspect_command(reader, context, span_str(expected->text));
	if (e->kinds == expected->kinds && named(e->flags) == expected->flags)
		return;
	fail_msg(
		"%s: effects %#x flags %#x, not %#x %#x (%s)", expected->text, e->kinds,
		named(e->flags), expected->kinds, expected->flags,
		e->why_unknown == NULL ? "understood" : e->why_unknown
	);
}

void assert_commands(
	struct command_reader *reader, const struct command_context *context,
	const struct command_case *cases, size_t n
)
{
	for (size_t i = 0; i < n; i++)
		assert_command(reader, context, &cases[i]);
}

bool is_at_least(const struct effects *effects, uint32_t kinds)
{
	return (effects->kinds & EFFECT_UNKNOWN) != 0 || (effects->kinds & kinds) == kinds;
}

char *repeated(const char *before, const char *what, unsigned times, const char *after)
{
	size_t n = strlen(what);
	char *text = malloc(strlen(before) + n * times + strlen(after) + 1);
	assert_non_null(text);
	char *at = stpcpy(text, before);
	for (unsigned i = 0; i < times; i++, at += n)
		memcpy(at, what, n);
	stpcpy(at, after);
	return text;
}

static bool has_comment(const char *text)
{
	return strstr(text, "/*") != NULL || strstr(text, "--") != NULL ||
	       strchr(text, '#') != NULL || strchr(text, '\\') != NULL;
}

static char other_case(char c)
{
	if (c >= 'a' && c <= 'z')
		return (char)(c - 'a' + 'A');
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '$' || c == '@';
}

// The closing quote that belongs to `c`; 0: it opens none.
static char closing(char c)
{
	if (c == '[')
		return ']';
	return c == '\'' || c == '"' || c == '`' ? c : '\0';
}

static void assert_respelled(
	struct command_reader *reader, const struct command_context *context,
	const struct command_case *one, const char *comment, bool has_cases
)
{
	char text[8192];
	size_t n = 0;
	char quote = 0, before = ' ';
	bool digits = false;
	if (has_comment(one->text))
		return;
	for (const char *c = one->text; *c != '\0'; before = *c++) {
		assert_true(n + strlen(comment) + 2 < sizeof(text));
		digits = is_word(before) ? digits : (*c >= '0' && *c <= '9');
		if (quote != 0)
			quote = *c == quote ? '\0' : quote;
		else
			quote = closing(*c);
		if (*c == ' ' && quote == 0)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", comment);
		else
			text[n++] = quote == 0 && !digits && has_cases ? other_case(*c) : *c;
	}
	text[n] = '\0';
	struct command_case other = {text, one->kinds, one->flags};
	assert_command(reader, context, &other);
}

void assert_spelling_is_free(
	struct command_reader *reader, const struct command_context *context,
	const struct command_case *one, const char *comment
)
{
	assert_respelled(reader, context, one, comment, true);
}

void assert_spaces_are_free(
	struct command_reader *reader, const struct command_context *context,
	const struct command_case *one, const char *space
)
{
	assert_respelled(reader, context, one, space, false);
}

void assert_quotes_must_end(
	struct command_reader *reader, const struct command_context *context, const char *text
)
{
	char quote = 0;
	if (has_comment(text))
		return;
	for (size_t i = 0; text[i] != '\0'; i++) {
		const struct effects *e = inspect_command(reader, context, span_of(text, i));
		if (quote != 0 && (e->kinds & EFFECT_UNKNOWN) == 0)
			fail_msg("%.*s: a quote is open, and it is understood", (int)i, text);
		if (quote != 0)
			quote = text[i] == quote ? '\0' : quote;
		else
			quote = closing(text[i]);
	}
}
