// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What another configuration would have done to recorded sessions: the gateway judges, here it is
// waited for and shown.

#include "app/bulkheadctl/client.h"
#include "app/bulkheadctl/progress.h"
#include "app/bulkheadctl/table.h"
#include "app/bulkheadctl/text.h"
#include "controlplane/config/config.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { POLL_MS = 100, LIMIT_DEFAULT = 20, LIMIT_MAX = 10000 };

static const uint64_t SECOND_NS = 1000000000;

static volatile sig_atomic_t interrupted;

static void on_signal(int)
{
	interrupted = 1;
}

static json_t *read_text(const char *path)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	char *text = malloc(CONFIG_FILE_MAX + 1);
	json_t *json = NULL;
	size_t n = 0;

	if (file != NULL && text != NULL)
		n = fread(text, 1, CONFIG_FILE_MAX + 1, file);
	if (file == NULL || ferror(file))
		fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
	else if (n > CONFIG_FILE_MAX)
		fail(EXIT_FAILED, "%s: more than 1 MiB", path);
	else if (text != NULL && (json = json_stringn(text, n)) == NULL)
		fail(EXIT_FAILED, "%s: no UTF-8", path);
	if (file != NULL && file != stdin)
		fclose(file);
	free(text);
	return json;
}

static json_int_t number(const json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}

static bool is_in(const json_t *run, const char *state)
{
	const char *text = json_string_value(json_object_get(run, "state"));

	return text != NULL && strcmp(text, state) == 0;
}

static void show_progress(const json_t *run)
{
	json_int_t done = number(run, "done"), total = number(run, "total");

	progress_show(
		"%lld %%, %lld sessions, %lld commands",
		(long long)(total == 0 ? 0 : done * 100 / total),
		(long long)number(run, "sessions"), (long long)number(run, "commands")
	);
}

// Until it is over; an interrupt cancels it there too. Takes *run.
static int wait_for(const struct args *args, json_t **run)
{
	const struct timespec pause = {.tv_nsec = POLL_MS * 1000000};
	bool cancelled = false;
	char path[96];
	int ret = EXIT_OK;

	signal(SIGINT, on_signal);
	while (ret == EXIT_OK && is_in(*run, "running")) {
		const char *id = json_string_value(json_object_get(*run, "id"));
		bool cancel = interrupted && !cancelled;
		snprintf(
			path, sizeof(path), "/v1/policy/dry-run/%.32s%s", id == NULL ? "" : id,
			cancel ? "/cancel" : ""
		);
		show_progress(*run);
		nanosleep(&pause, NULL);
		json_decref(*run);
		*run = NULL;
		ret = client_ask(args, path, cancel ? json_object() : NULL, false, run);
		cancelled = cancelled || cancel;
	}
	progress_end();
	return ret;
}

static void print_lines(const json_t *lines)
{
	for (size_t i = 0; i < json_array_size(lines); i++) {
		text_write_json(stderr, json_array_get(lines, i));
		fputc('\n', stderr);
	}
}

static void cell(struct table *table, const json_t *change, const char *key)
{
	const char *text = json_string_value(json_object_get(change, key));

	table_text(table, text == NULL ? "" : text);
}

static void print_changes(const json_t *changes)
{
	static const char *const heads[] = {"time",     "session", "change", "was",
					    "would be", "because", "command"};
	char time[TEXT_TIME_MAX];
	struct table table;

	table_init(&table);
	table.columns = sizeof(heads) / sizeof(heads[0]);
	table.has_head = true;
	for (size_t i = 0; i < table.columns; i++)
		table_text(&table, heads[i]);
	for (size_t i = 0; i < json_array_size(changes); i++) {
		const json_t *change = json_array_get(changes, i);
		table_text(&table, text_time((uint64_t)number(change, "t_ns"), time));
		cell(&table, change, "session");
		cell(&table, change, "change");
		cell(&table, change, "before");
		cell(&table, change, "after");
		cell(&table, change, "after_reason");
		cell(&table, change, "text");
	}
	if (table_rows(&table) > 0)
		table_print(&table, true);
	table_fini(&table);
}

static void print_found(const json_t *run)
{
	const json_t *gaps = json_object_get(run, "unjudged"), *count;
	const char *change;

	printf("%lld sessions, %lld commands, %lld the same\n", (long long)number(run, "sessions"),
	       (long long)number(run, "commands"), (long long)number(run, "same"));
	json_object_foreach(json_object_get(run, "counts"), change, count)
	{
		if (json_integer_value(count) > 0)
			printf("%-9s %lld\n", change, (long long)json_integer_value(count));
	}
	print_changes(json_object_get(run, "changes"));
	if (json_is_true(json_object_get(run, "cut")))
		puts("and more: --limit");
	if (json_array_size(gaps) > 0)
		puts("What a recording cannot tell:");
	for (size_t i = 0; i < json_array_size(gaps); i++) {
		printf("%9lld ", (long long)number(json_array_get(gaps, i), "count"));
		text_write_json(stdout, json_object_get(json_array_get(gaps, i), "text"));
		putchar('\n');
	}
}

static int report(const struct args *args, json_t *run)
{
	int status = is_in(run, "done") ? EXIT_OK : EXIT_FAILED;

	if (args->json) {
		print_json(run);
		return status;
	}
	print_lines(json_object_get(run, "errors"));
	print_lines(json_object_get(run, "warnings"));
	if (is_in(run, "failed"))
		fail(EXIT_FAILED, "%s", json_string_value(json_object_get(run, "why")));
	else if (is_in(run, "cancelled"))
		fail(EXIT_FAILED, "cancelled; until then:");
	if (!is_in(run, "refused"))
		print_found(run);
	json_decref(run);
	return status;
}

int ctl_policy_simulate(const struct args *args)
{
	uint64_t since = (uint64_t)ctl_seconds(args->since == NULL ? "24h" : args->since);
	long limit = args->limit == NULL ? LIMIT_DEFAULT : strtol(args->limit, NULL, 10);
	uint64_t now = (uint64_t)time(NULL);
	json_t *run = NULL;

	if (since == 0 || since > now)
		return fail(
			EXIT_USAGE, "policy simulate: --since is a time such as 90s, 1h or 24h"
		);
	if (limit < 1 || limit > LIMIT_MAX)
		return fail(EXIT_USAGE, "policy simulate: --limit is 1 to %d", LIMIT_MAX);
	json_t *text = read_text(args->word);
	if (text == NULL)
		return EXIT_FAILED;
	json_t *body = json_pack(
		"{s:o, s:I, s:I, s:I}", "config", text, "from_ns",
		(json_int_t)((now - since) * SECOND_NS), "to_ns", (json_int_t)(now * SECOND_NS),
		"limit", (json_int_t)limit
	);
	int ret = client_ask(args, "/v1/policy/dry-run", body, false, &run);
	if (ret == EXIT_OK)
		ret = wait_for(args, &run);
	return ret == EXIT_OK ? report(args, run) : ret;
}
