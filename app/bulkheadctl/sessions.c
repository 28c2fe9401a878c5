// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/bulkheadctl/client.h"
#include "app/bulkheadctl/table.h"
#include "app/bulkheadctl/text.h"
#include "controlplane/recorder/index.h"

#include <curl/curl.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT_DEFAULT = 50, LIMIT_MAX = 1000 };

bool ctl_is_session(const char *id)
{
	return strlen(id) == 16 && strspn(id, "0123456789abcdef") == 16;
}

// ---- offline: an index made of the segments

static int index_of(const struct args *args, struct session_index **index)
{
	int ret = index_build(args->state, index);

	if (ret == 0)
		return EXIT_OK;
	return fail(
		EXIT_FAILED, "cannot read the recordings under %s: %s", args->state, err_text(ret)
	);
}

static bool add_row(void *list, const struct session_row *row)
{
	json_array_append_new(list, index_row_json(row));
	return true;
}

static int list_offline(const struct args *args, unsigned limit, json_t **out)
{
	struct session_query query = {
		.limit = limit,
		.before = args->before == NULL ? 0 : strtoll(args->before, NULL, 10),
		.live = args->live,
		.subject = args->subject,
		.resource = args->resource,
	};
	struct session_index *index;

	int ret = index_of(args, &index);
	if (ret != EXIT_OK)
		return ret;
	json_t *list = json_array();
	if (index_list(index, &query, add_row, list) != 0)
		ret = fail(EXIT_FAILED, "cannot list the sessions");
	index_close(index);
	*out = json_pack("{s:o}", "sessions", list);
	return ret;
}

static int show_offline(const struct args *args, json_t **out)
{
	struct session_index *index;
	struct session_row row;

	int ret = index_of(args, &index);
	if (ret != EXIT_OK)
		return ret;
	if (index_get(index, args->word, &row) != 0)
		ret = fail(EXIT_FAILED, "there is no session %s under %s", args->word, args->state);
	else
		*out = index_row_json(&row);
	index_close(index);
	return ret;
}

// ---- by the gateway

static void add_argument(char *path, size_t size, const char *name, const char *value)
{
	size_t n = strlen(path);

	if (value == NULL)
		return;
	char *escaped = curl_easy_escape(NULL, value, 0);
	snprintf(path + n, size - n, "&%s=%s", name, escaped == NULL ? "" : escaped);
	curl_free(escaped);
}

static int list_online(const struct args *args, unsigned limit, json_t **out)
{
	char path[900];

	snprintf(path, sizeof(path), "/v1/sessions?limit=%u", limit);
	add_argument(path, sizeof(path), "before", args->before);
	add_argument(path, sizeof(path), "live", args->live ? "1" : NULL);
	add_argument(path, sizeof(path), "subject", args->subject);
	add_argument(path, sizeof(path), "resource", args->resource);
	return client_ask(args, path, NULL, false, out);
}

static void cell_text(struct table *table, const json_t *row, const char *key)
{
	const json_t *value = json_object_get(row, key);

	table_cell(table, span_of(json_string_value(value), json_string_length(value)));
}

static void cell_number(struct table *table, const json_t *row, const char *key)
{
	char text[32];

	snprintf(
		text, sizeof(text), "%lld", (long long)json_integer_value(json_object_get(row, key))
	);
	table_text(table, text);
}

static void print_list(json_t *list)
{
	static const char *const head[] = {"SESSION",  "OPENED (UTC)", "SUBJECT",   "CHAIN",
					   "RESOURCE", "CLIENT",       "FORWARDED", "DENIED",
					   "MASKED",   "STATE"};
	char time[TEXT_TIME_MAX];
	struct table table;
	json_t *row;
	size_t i;

	table_init(&table);
	table.columns = sizeof(head) / sizeof(head[0]);
	for (i = 0; i < table.columns; i++)
		table_text(&table, head[i]);
	json_array_foreach(list, i, row)
	{
		bool open = json_is_null(json_object_get(row, "closed_ns"));
		cell_text(&table, row, "id");
		table_text(
			&table,
			text_time(
				(uint64_t)json_integer_value(json_object_get(row, "opened_ns")),
				time
			)
		);
		cell_text(&table, row, "subject");
		cell_text(&table, row, "chain");
		cell_text(&table, row, "resource");
		cell_text(&table, row, "client");
		cell_number(&table, row, "commands");
		cell_number(&table, row, "denied");
		cell_number(&table, row, "masked");
		if (open)
			table_text(&table, "open");
		else if (json_string_length(json_object_get(row, "reason")) > 0)
			cell_text(&table, row, "reason");
		else
			cell_text(&table, row, "end");
	}
	table_print(&table, false);
	table_fini(&table);
}

int ctl_sessions_list(const struct args *args)
{
	long limit = args->limit == NULL ? LIMIT_DEFAULT : strtol(args->limit, NULL, 10);
	json_t *reply = NULL;

	if (limit < 1 || limit > LIMIT_MAX)
		return fail(EXIT_USAGE, "sessions list: --limit is 1 to %d", LIMIT_MAX);
	int ret = args->state != NULL ? list_offline(args, (unsigned)limit, &reply)
				      : list_online(args, (unsigned)limit, &reply);
	if (ret != EXIT_OK)
		return ret;
	if (args->json)
		return print_json(reply);
	print_list(json_object_get(reply, "sessions"));
	const json_t *next = json_object_get(reply, "next");
	if (json_is_integer(next))
		fprintf(stderr, "more: --before %lld\n", (long long)json_integer_value(next));
	json_decref(reply);
	return EXIT_OK;
}

// What `sessions show` calls it where the name in JSON says something else to a reader; or NULL.
static const char *label_of(const char *key)
{
	static const char *const labels[][2] = {
		{"opened_ns", "opened"},
		{"closed_ns", "closed"},
		{"commands", "forwarded"},
	};

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		if (strcmp(labels[i][0], key) == 0)
			return labels[i][1];
	}
	return NULL;
}

int ctl_sessions_show(const struct args *args)
{
	json_t *row = NULL, *value;
	char path[64], time[TEXT_TIME_MAX];
	const char *key;

	if (!ctl_is_session(args->word))
		return fail(EXIT_USAGE, "sessions show: a session is 16 hexadecimal digits");
	snprintf(path, sizeof(path), "/v1/sessions/%s", args->word);
	int ret = args->state != NULL ? show_offline(args, &row)
				      : client_ask(args, path, NULL, false, &row);
	if (ret != EXIT_OK)
		return ret;
	if (args->json)
		return print_json(row);
	json_object_foreach(row, key, value)
	{
		if (strcmp(key, "n") == 0) // its place in the list, for --before
			continue;
		const char *label = label_of(key);
		printf("%-14s ", label == NULL ? key : label);
		if (json_is_string(value))
			text_write_json(stdout, value);
		else if (json_is_integer(value) && strstr(key, "_ns") != NULL)
			fputs(text_time((uint64_t)json_integer_value(value), time), stdout);
		else if (json_is_integer(value))
			printf("%lld", (long long)json_integer_value(value));
		else
			putchar('-');
		putchar('\n');
	}
	json_decref(row);
	return EXIT_OK;
}

int ctl_sessions_kill(const struct args *args)
{
	json_t *reply, *body = json_object();
	char path[64];

	if (!ctl_is_session(args->word))
		return fail(EXIT_USAGE, "sessions kill: a session is 16 hexadecimal digits");
	snprintf(path, sizeof(path), "/v1/sessions/%s/kill", args->word);
	if (args->reason != NULL)
		json_object_set_new(body, "reason", text_json(span_str(args->reason)));
	int ret = client_ask(args, path, body, false, &reply);
	if (ret != EXIT_OK)
		return ret;
	if (args->json)
		return print_json(reply);
	printf("session %s is being ended\n", args->word);
	json_decref(reply);
	return EXIT_OK;
}
