// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Lists of the admin API as tables, and one thing of a list in full.

#include "app/bulkheadctl/lists.h"

#include "app/bulkheadctl/client.h"
#include "app/bulkheadctl/table.h"
#include "app/bulkheadctl/text.h"

#include <curl/curl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void cell(struct table *table, const json_t *row, const struct column *column)
{
	const json_t *value = json_object_get(row, column->key);
	size_t n = strlen(column->key);
	char text[64];

	if (json_is_string(value))
		table_cell(table, span_of(json_string_value(value), json_string_length(value)));
	else if (json_is_integer(value) && n > 3 && strcmp(column->key + n - 3, "_ns") == 0)
		table_text(table, text_time((uint64_t)json_integer_value(value), text));
	else if (json_is_integer(value)) {
		snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(value));
		table_text(table, text);
	} else if (json_is_boolean(value))
		table_text(table, json_is_true(value) ? "yes" : "no");
	else if (json_is_array(value)) {
		snprintf(text, sizeof(text), "%zu", json_array_size(value));
		table_text(table, text);
	} else
		table_text(table, "-");
}

static void print_rows(const json_t *rows, const struct column *columns)
{
	struct table table;
	const json_t *row;
	size_t i;

	table_init(&table);
	for (const struct column *c = columns; c->head != NULL; c++)
		table.columns++;
	for (const struct column *c = columns; c->head != NULL; c++)
		table_text(&table, c->head);
	json_array_foreach(rows, i, row)
	{
		for (const struct column *c = columns; c->head != NULL; c++)
			cell(&table, row, c);
	}
	table_print(&table, false);
	table_fini(&table);
}

static bool is_number(const char *text)
{
	return text[0] != '\0' && strspn(text, "0123456789") == strlen(text);
}

int list_ask(const struct args *args, const char *path, json_t **out)
{
	char full[256];
	size_t n = (size_t)snprintf(full, sizeof(full), "%s", path);

	if ((args->limit != NULL && !is_number(args->limit)) ||
	    (args->before != NULL && !is_number(args->before)))
		return fail(EXIT_USAGE, "--limit and --before are numbers");
	if (args->limit != NULL)
		n += (size_t)snprintf(
			full + n, sizeof(full) - n, "%climit=%.20s",
			strchr(full, '?') == NULL ? '?' : '&', args->limit
		);
	if (args->before != NULL)
		snprintf(
			full + n, sizeof(full) - n, "%ccursor=%.20s",
			strchr(full, '?') == NULL ? '?' : '&', args->before
		);
	return client_ask(args, full, NULL, false, out);
}

void list_more(const json_t *reply)
{
	const json_t *next = json_object_get(reply, "next");

	if (json_is_integer(next))
		fprintf(stderr, "more: --before %lld\n", (long long)json_integer_value(next));
}

int list_print(
	const struct args *args, const char *path, const char *key, const struct column *columns
)
{
	json_t *reply = NULL;

	int ret = list_ask(args, path, &reply);
	if (ret != EXIT_OK)
		return ret;
	if (args->json)
		return print_json(reply);
	print_rows(json_object_get(reply, key), columns);
	list_more(reply);
	json_decref(reply);
	return EXIT_OK;
}

int list_path(char *out, size_t size, const char *before, const char *word, const char *after)
{
	char *escaped = curl_easy_escape(NULL, word, 0);

	if (escaped == NULL || strlen(word) == 0 || strlen(word) >= 64) {
		curl_free(escaped);
		return fail(EXIT_USAGE, "this is no id");
	}
	snprintf(out, size, "%s%s%s", before, escaped, after);
	curl_free(escaped);
	return EXIT_OK;
}

static void print_value(const char *key, const json_t *value)
{
	char time[TEXT_TIME_MAX];

	if (json_is_string(value)) {
		text_write(
			stdout, span_of(json_string_value(value), json_string_length(value)), true
		);
	} else if (json_is_integer(value) && strstr(key, "_ns") != NULL) {
		fputs(text_time((uint64_t)json_integer_value(value), time), stdout);
	} else if (json_is_null(value)) {
		putchar('-');
	} else {
		char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
		fputs(text == NULL ? "" : text, stdout);
		free(text);
	}
}

int list_show(const struct args *args, json_t *thing)
{
	const char *key;
	json_t *value;

	if (args->json)
		return print_json(thing);
	json_object_foreach(thing, key, value)
	{
		printf("%-14s ", key);
		print_value(key, value);
		putchar('\n');
	}
	json_decref(thing);
	return EXIT_OK;
}

int list_post(const struct args *args, const char *path, json_t *body)
{
	json_t *reply = NULL;

	int ret = client_ask(args, path, body, false, &reply);
	return ret == EXIT_OK ? list_show(args, reply) : ret;
}
