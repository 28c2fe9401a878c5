// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/bulkheadctl/client.h"
#include "app/bulkheadctl/table.h"
#include "app/bulkheadctl/text.h"

#include <string.h>
#include <time.h>

// What the table shows of each worker; --json shows all.
static const char *const counters[] = {
	"sessions_live",  "sessions_opened",  "sessions_full",    "logins",
	"logins_refused", "commands",         "denied",           "blocked",
	"held",           "held_live",        "hold_approved",    "hold_refused",
	"hold_timeouts",  "hold_cancelled",   "budget_spent",     "rows",
	"masked_values",  "masked_columns",   "strict_waits",     "record_waits",
	"rx_packets",     "rx_bytes",         "tx_packets",       "tx_bytes",
	"handed_over",    "snapshot_version", "heartbeat_age_ms",
};

// What the numbers are that do not say it by their names.
static const struct unit {
	const char *group, *key; // group: "" for the status itself
	const char *unit;
} units[] = {
	{"", "sessions", " open"},
	{"recorder", "bytes", " bytes"},
	{"recorder", "waiting", " bytes"},
	{"audit", "waiting", " bytes"},
};

static const char *unit_of(const char *group, const char *key)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(units[i].group, group) == 0 && strcmp(units[i].key, key) == 0)
			return units[i].unit;
	}
	return "";
}

static void print_duration(long long seconds)
{
	if (seconds < 60)
		printf("%lld s", seconds);
	else if (seconds < 60 * 60)
		printf("%lldm%02llds", seconds / 60, seconds % 60);
	else if (seconds < 24 * 60 * 60)
		printf("%lldh%02lldm", seconds / 3600, seconds / 60 % 60);
	else
		printf("%lldd%02lldh", seconds / 86400, seconds / 3600 % 24);
}

static void print_pair(const char *group, const char *key, const json_t *value)
{
	printf("%s%s: ", group[0] == '\0' ? "" : "  ", key);
	if (json_is_string(value))
		text_write_json(stdout, value);
	else if (json_is_integer(value) && strcmp(key, "uptime") == 0)
		print_duration(json_integer_value(value));
	else if (json_is_integer(value))
		printf("%lld%s", (long long)json_integer_value(value), unit_of(group, key));
	else if (json_is_boolean(value))
		fputs(json_is_true(value) ? "yes" : "no", stdout);
	else
		fputs("-", stdout);
	putchar('\n');
}

// Columns that a rule masks and their server does not have: nothing runs under such a rule.
static void print_unresolved(const json_t *columns)
{
	const json_t *column;
	size_t i;

	printf("unresolved_columns: %zu\n", json_array_size(columns));
	json_array_foreach(columns, i, column)
	{
		fputs("  ", stdout);
		text_write_json(stdout, column);
		putchar('\n');
	}
}

// Whose tokens can be verified.
static void print_issuers(const json_t *issuers)
{
	const json_t *issuer;
	size_t i;

	printf("issuers: %zu\n", json_array_size(issuers));
	json_array_foreach(issuers, i, issuer)
	{
		const json_t *fetched = json_object_get(issuer, "fetched");
		const json_t *error = json_object_get(issuer, "error");
		fputs("  ", stdout);
		text_write_json(stdout, json_object_get(issuer, "name"));
		printf(": %lld keys",
		       (long long)json_integer_value(json_object_get(issuer, "keys")));
		if (fetched != NULL) {
			fputs(", fetched ", stdout);
			print_duration((long long)time(NULL) - json_integer_value(fetched));
			fputs(" ago", stdout);
		}
		if (json_string_length(error) > 0) {
			fputs("; not fetched: ", stdout);
			text_write_json(stdout, error);
		}
		putchar('\n');
	}
}

static void print_workers(json_t *workers)
{
	struct table table;
	char text[32];
	json_t *worker;
	size_t i;

	table_init(&table);
	table.columns = json_array_size(workers) + 1;
	table.has_head = true;
	table_text(&table, "worker");
	json_array_foreach(workers, i, worker)
	{
		snprintf(text, sizeof(text), "%zu", i);
		table_text(&table, text);
	}
	for (size_t c = 0; c < sizeof(counters) / sizeof(counters[0]); c++) {
		table_text(&table, counters[c]);
		json_array_foreach(workers, i, worker)
		{
			json_int_t n = json_integer_value(json_object_get(worker, counters[c]));
			snprintf(text, sizeof(text), "%lld", (long long)n);
			table_text(&table, text);
		}
	}
	table_print(&table, true);
	table_fini(&table);
}

int ctl_status(const struct args *args)
{
	json_t *status, *value, *inner;
	const char *key, *name;

	int ret = client_ask(args, "/v1/status", NULL, false, &status);
	if (ret != EXIT_OK)
		return ret;
	if (args->json)
		return print_json(status);
	json_object_foreach(status, key, value)
	{
		if (!json_is_object(value) && !json_is_array(value))
			print_pair("", key, value);
	}
	json_object_foreach(status, key, value)
	{
		if (!json_is_object(value))
			continue;
		printf("%s:\n", key);
		json_object_foreach(value, name, inner) print_pair(key, name, inner);
	}
	print_issuers(json_object_get(status, "issuers"));
	print_unresolved(json_object_get(status, "unresolved_columns"));
	print_workers(json_object_get(status, "workers"));
	json_decref(status);
	return EXIT_OK;
}

int ctl_reload(const struct args *args)
{
	json_t *policy;

	int ret = client_ask(args, "/v1/reload", json_object(), false, &policy);
	if (ret != EXIT_OK)
		return ret;
	if (args->json)
		return print_json(policy);
	printf("policy version %lld is in force\n",
	       (long long)json_integer_value(json_object_get(policy, "version")));
	json_decref(policy);
	return EXIT_OK;
}

int ctl_policy(const struct args *args)
{
	json_t *policy, *value;
	const char *key;

	int ret = client_ask(args, "/v1/policy", NULL, false, &policy);
	if (ret != EXIT_OK)
		return ret;
	if (args->json)
		return print_json(policy);
	json_object_foreach(policy, key, value) print_pair("", key, value);
	json_decref(policy);
	return EXIT_OK;
}
