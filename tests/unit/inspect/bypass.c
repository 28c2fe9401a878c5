// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The permanent corpus of ways around statement filters: tests/bypass.

#include "dataplane/inspect/inspect.h"
#include "tests/unit/inspect/reference.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FILE_MAX = 1 << 20, STATEMENTS_MIN = 200 };

// What one line "> EFFECTS : FLAGS : CONTEXT" asks for.
struct wanted {
	uint32_t kinds, flags, absent;
	char *context; // what is not as usual; NULL: nothing
};

static const struct inspect_context plain = {.utf8 = true, .standard_strings = true};
static int failures;

static uint32_t flag_of(const char *word)
{
	uint32_t flag = effect_flag_parse(span_str(word));
	if (flag == 0)
		fail_msg("no such flag: %s", word);
	return flag;
}

static struct wanted read_line(char *line)
{
	struct wanted wanted = {0};
	char *colon = strchr(line, ':'), *save = NULL;
	if (colon == NULL)
		fail_msg("no colon: %s", line);
	*colon = '\0';
	wanted.context = strchr(colon + 1, ':');
	if (wanted.context != NULL)
		*wanted.context++ = '\0';
	for (char *w = strtok_r(line, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save)) {
		uint32_t effect = effect_parse(span_str(w));
		if (effect == 0)
			fail_msg("no such effect: %s", w);
		wanted.kinds |= effect;
	}
	for (char *w = strtok_r(colon + 1, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save)) {
		if (w[0] == '!')
			wanted.absent |= flag_of(w + 1);
		else
			wanted.flags |= flag_of(w);
	}
	return wanted;
}

static void print_words(uint32_t kinds, uint32_t flags)
{
	for (uint32_t bit = 1; bit != 0; bit <<= 1) {
		const char *effect = (kinds & bit) != 0 ? effect_name((enum effect)bit) : NULL;
		const char *flag =
			(flags & bit) != 0 ? effect_flag_name((enum effect_flag)bit) : NULL;
		fprintf(stderr, "%s%s%s%s", effect == NULL ? "" : " ", effect == NULL ? "" : effect,
			flag == NULL ? "" : " ", flag == NULL ? "" : flag);
	}
	fprintf(stderr, "\n");
}

static void compare(const struct effects *e, const struct wanted *wanted, struct span sql)
{
	bool as_wanted = e->kinds == wanted->kinds && (e->flags & wanted->flags) == wanted->flags &&
			 (e->flags & wanted->absent) == 0;
	if (as_wanted)
		return;
	failures++;
	fprintf(stderr, "%.*s\n  is:", (int)sql.n, (const char *)sql.p);
	print_words(e->kinds, e->flags);
}

static const struct effects *effects_of_postgresql(
	void *cache, const struct wanted *wanted, struct span sql
)
{
	const char *fault = reference_compare(sql);
	assert_null(wanted->context);
	if (fault != NULL)
		fail_msg("%.*s: %s", (int)sql.n, (const char *)sql.p, fault);
	return inspect_statement(cache, &plain, sql);
}

static void set_context(struct command_context *context, const char *word)
{
	if (strcmp(word, "ansi-quotes") == 0)
		context->ansi_quotes = true;
	else if (strcmp(word, "no-backslash-escapes") == 0)
		context->no_backslash_escapes = true;
	else if (strcmp(word, "one-statement") == 0)
		context->multi_statements = false;
	else if (strcmp(word, "no-quoted-identifier") == 0)
		context->quoted_identifier = false;
	else if (strcmp(word, "mariadb") == 0)
		context->mariadb = true;
	else if (strncmp(word, "version=", 8) == 0)
		context->version = (uint32_t)strtoul(word + 8, NULL, 10);
	else
		fail_msg("no such context: %s", word);
}

static enum inspect_dialect dialect;

static const struct effects *effects_of_command(
	void *reader, const struct wanted *wanted, struct span text
)
{
	struct command_context context = command_context_usual(dialect);
	char *save = NULL;
	for (char *w = wanted->context == NULL ? NULL : strtok_r(wanted->context, " ", &save);
	     w != NULL; w = strtok_r(NULL, " ", &save))
		set_context(&context, w);
	return inspect_command(reader, &context, text);
}

static size_t read_file(const char *name, char *text)
{
	FILE *file = fopen(name, "r");
	assert_non_null(file);
	size_t n = fread(text, 1, FILE_MAX - 1, file);
	fclose(file);
	text[n] = '\0';
	return n;
}

// The next line that begins with `>`, or the end.
static char *next_head(char *at)
{
	while (*at != '\0' && *at != '>') {
		char *end = strchr(at, '\n');
		at = end == NULL ? at + strlen(at) : end + 1;
	}
	return at;
}

// Comments and empty lines before the next head are not the statement's.
static size_t statement_length(const char *start, const char *end)
{
	size_t n = (size_t)(end - start), last = n;
	for (size_t i = n; i > 0; i--) {
		bool begins = i == 1 || start[i - 2] == '\n';
		if (!begins)
			continue;
		if (start[i - 1] != '#' && start[i - 1] != '\n')
			break;
		last = i - 1;
	}
	while (last > 0 && start[last - 1] == '\n')
		last--;
	return last;
}

typedef const struct effects *effects_fn(
	void *reader, const struct wanted *wanted, struct span text
);

// Every statement of the file has the effects that stand above it.
static void check_file(const char *name, effects_fn *effects_of, void *reader)
{
	char *text = malloc(FILE_MAX);
	assert_non_null(reader);
	assert_non_null(text);
	read_file(name, text);
	int statements = 0;
	failures = 0;
	for (char *head = next_head(text); *head != '\0'; statements++) {
		char *start = strchr(head, '\n');
		assert_non_null(start);
		*start++ = '\0';
		struct wanted wanted = read_line(head + 1);
		head = next_head(start);
		struct span statement = span_of(start, statement_length(start, head));
		compare(effects_of(reader, &wanted, statement), &wanted, statement);
	}
	free(text);
	assert_true(statements >= STATEMENTS_MIN);
	assert_int_equal(failures, 0);
}

static void what_lands_here_stays(void **state)
{
	(void)state;
	struct inspect_cache *cache = inspect_cache_new(16, 1 << 20);
	check_file(BYPASS_CORPUS "/postgresql", effects_of_postgresql, cache);
	inspect_cache_free(cache);
}

static void check_dialect(enum inspect_dialect which, const char *name)
{
	struct command_reader *reader = command_reader_new();
	dialect = which;
	check_file(name, effects_of_command, reader);
	command_reader_free(reader);
}

static void and_for_mysql(void **)
{
	check_dialect(DIALECT_MYSQL, BYPASS_CORPUS "/mysql");
}

static void and_for_tsql(void **)
{
	check_dialect(DIALECT_TSQL, BYPASS_CORPUS "/tsql");
}

static void and_for_shells(void **)
{
	check_dialect(DIALECT_SHELL, BYPASS_CORPUS "/shell");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_lands_here_stays),
		cmocka_unit_test(and_for_mysql),
		cmocka_unit_test(and_for_tsql),
		cmocka_unit_test(and_for_shells),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
