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

// What one line "> EFFECTS : FLAGS" asks for.
struct wanted {
	uint32_t kinds, flags, absent;
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

static void check(struct inspect_cache *cache, const struct wanted *wanted, struct span sql)
{
	const struct effects *e = inspect_statement(cache, &plain, sql);
	const char *fault = reference_compare(sql);
	if (fault != NULL)
		fail_msg("%.*s: %s", (int)sql.n, (const char *)sql.p, fault);
	bool as_wanted = e->kinds == wanted->kinds && (e->flags & wanted->flags) == wanted->flags &&
			 (e->flags & wanted->absent) == 0;
	if (as_wanted)
		return;
	failures++;
	fprintf(stderr, "%.*s\n  is:", (int)sql.n, (const char *)sql.p);
	print_words(e->kinds, e->flags);
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

static void what_lands_here_stays(void **state)
{
	(void)state;
	struct inspect_cache *cache = inspect_cache_new(16, 1 << 20);
	char *text = malloc(FILE_MAX);
	assert_non_null(cache);
	assert_non_null(text);
	read_file(BYPASS_CORPUS "/postgresql", text);
	int statements = 0;
	for (char *head = next_head(text); *head != '\0'; statements++) {
		char *start = strchr(head, '\n');
		assert_non_null(start);
		*start++ = '\0';
		struct wanted wanted = read_line(head + 1);
		head = next_head(start);
		check(cache, &wanted, span_of(start, statement_length(start, head)));
	}
	free(text);
	inspect_cache_free(cache);
	assert_true(statements >= STATEMENTS_MIN);
	assert_int_equal(failures, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_lands_here_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
