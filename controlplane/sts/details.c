// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// authorization_details (RFC 9396), for what the plain parameters of a token exchange have no word
// for:
//
//   [{"type": "bulkhead", "resources": ["orders"], "effects": ["read"], "hold": ["write"],
//     "max_depth": 1, "budgets": {"rows": "100/h"}, "ttl": 300, "cnf": {"x5t#S256": "..."}}]

#include "controlplane/identity/binding.h"
#include "controlplane/sts/request.h"
#include "dataplane/api/effects.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum details_limit { WINDOW_MAX = 31 * 86400 };

static const char invalid[] = "invalid_authorization_details";

typedef int details_reader(const json_t *value, struct exchange *out, struct exchange_error *error);

static int twice(struct exchange_error *error, const char *what)
{
	return exchange_refuse(
		error, "invalid_request",
		"%s: as a parameter or in authorization_details, not both", what
	);
}

static int read_resources(const json_t *value, struct exchange *out, struct exchange_error *error)
{
	const json_t *item;
	int rc = 0;
	size_t i;

	if (out->ask.has_resources)
		return twice(error, "resources");
	if (!json_is_array(value) || json_array_size(value) == 0)
		return exchange_refuse(error, invalid, "resources must be a list of names");
	json_array_foreach(value, i, item)
	{
		if (!json_is_string(item))
			return exchange_refuse(error, invalid, "resources must be a list of names");
		rc = exchange_add_resource(
			span_of(json_string_value(item), json_string_length(item)), &out->ask, error
		);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int read_words(
	const json_t *value, const char *what, uint32_t *out, struct exchange_error *error
)
{
	const json_t *item;
	size_t i;

	if (!json_is_array(value))
		return exchange_refuse(error, invalid, "%s must be a list of effects", what);
	json_array_foreach(value, i, item)
	{
		uint32_t effect =
			json_is_string(item) ? effect_parse(span_str(json_string_value(item))) : 0;
		if (effect == 0)
			return exchange_refuse(
				error, invalid,
				"%s has a word that is no effect: read, write, ddl, admin, exec",
				what
			);
		*out |= effect;
	}
	return 0;
}

static int read_effects(const json_t *value, struct exchange *out, struct exchange_error *error)
{
	if (out->ask.has_effects)
		return twice(error, "effects");
	out->ask.has_effects = true;
	return read_words(value, "effects", &out->ask.effects, error);
}

static int read_hold(const json_t *value, struct exchange *out, struct exchange_error *error)
{
	return read_words(value, "hold", &out->ask.hold, error);
}

static int read_depth(const json_t *value, struct exchange *out, struct exchange_error *error)
{
	json_int_t depth = json_is_integer(value) ? json_integer_value(value) : -1;

	if (depth < 0 || depth >= SUBJECT_LINKS_MAX)
		return exchange_refuse(
			error, invalid, "max_depth must be a number from 0 to %d",
			SUBJECT_LINKS_MAX - 1
		);
	out->ask.has_depth = true;
	out->ask.depth = (uint16_t)depth;
	return 0;
}

static int read_ttl(const json_t *value, struct exchange *out, struct exchange_error *error)
{
	json_int_t ttl = json_is_integer(value) ? json_integer_value(value) : -1;

	if (out->ask.ttl_s != 0)
		return twice(error, "the ttl");
	if (ttl < 1 || ttl > 999999)
		return exchange_refuse(error, invalid, "ttl must be in seconds");
	out->ask.ttl_s = (uint32_t)ttl;
	return 0;
}

// "100/h", "100/10m". False when it is none.
static bool read_amount(const char *text, struct exchange_budget *out)
{
	static const struct {
		char letter;
		uint32_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	char *end = NULL;

	if (text[0] < '0' || text[0] > '9' || strlen(text) > 24)
		return false;
	errno = 0;
	unsigned long long limit = strtoull(text, &end, 10);
	if (errno != 0 || limit == 0 || limit > BUDGET_AMOUNT_MAX || *end++ != '/')
		return false;
	uint64_t window = 1;
	if (*end >= '0' && *end <= '9')
		window = strtoull(end, &end, 10);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (end[0] != units[i].letter || end[1] != '\0' || window == 0 ||
		    window > WINDOW_MAX / units[i].seconds)
			continue;
		out->limit = limit;
		out->window_s = (uint32_t)window * units[i].seconds;
		return true;
	}
	return false;
}

static int read_budget(
	const char *name, const json_t *value, struct exchange_ask *ask,
	struct exchange_error *error
)
{
	struct exchange_budget *budget = &ask->budgets[ask->n_budgets];

	if (!budget_metric_parse(name, &budget->metric))
		return exchange_refuse(
			error, invalid,
			"a budget is of sessions, commands, rows, bytes, masked or writes"
		);
	if (!json_is_string(value) || !read_amount(json_string_value(value), budget))
		return exchange_refuse(
			error, invalid,
			"the budget of %s must be an amount in a time such as 100/h",
			budget_metric_name(budget->metric)
		);
	ask->n_budgets++; // each metric once: BUDGET_METRICS at most
	return 0;
}

static int read_budgets(const json_t *value, struct exchange *out, struct exchange_error *error)
{
	const char *name;
	json_t *item;
	int rc = 0;

	static_assert((int)BUDGET_METRICS <= (int)SUBJECT_BUDGETS_MAX);
	if (!json_is_object(value))
		return exchange_refuse(error, invalid, "budgets must be an object");
	json_object_foreach((json_t *)(uintptr_t)value, name, item)
	{
		rc = read_budget(name, item, &out->ask, error);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int read_cnf(const json_t *value, struct exchange *out, struct exchange_error *error)
{
	const char *text = json_string_value(json_object_get(value, "x5t#S256"));

	if (text == NULL || json_object_size(value) != 1 || !binding_parse(text, out->certificate))
		return exchange_refuse(error, invalid, "cnf must have x5t#S256 and nothing else");
	out->has_certificate = true;
	return 0;
}

static int read_type(const json_t *value, struct exchange *, struct exchange_error *error)
{
	const char *type = json_string_value(value);

	if (type != NULL && strcmp(type, "bulkhead") == 0)
		return 0;
	return exchange_refuse(error, invalid, "the only type is bulkhead");
}

static const struct {
	const char *name;
	details_reader *read;
} members[] = {
	{"type", read_type},       {"resources", read_resources},
	{"effects", read_effects}, {"hold", read_hold},
	{"max_depth", read_depth}, {"budgets", read_budgets},
	{"ttl", read_ttl},         {"cnf", read_cnf},
};

static details_reader *reader_of(const char *name)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (strcmp(name, members[i].name) == 0)
			return members[i].read;
	return NULL;
}

// RFC 9396 5: an unknown member is an error, for what nobody understands would not be kept.
static int read_object(const json_t *object, struct exchange *out, struct exchange_error *error)
{
	const char *name;
	json_t *value;

	if (json_object_get(object, "type") == NULL)
		return exchange_refuse(error, invalid, "the type is missing");
	json_object_foreach((json_t *)(uintptr_t)object, name, value)
	{
		details_reader *read = reader_of(name);
		if (read == NULL)
			return exchange_refuse(error, invalid, "it has an unknown member");
		int rc = read(value, out, error);
		if (rc != 0)
			return rc;
	}
	return 0;
}

int exchange_details(struct span json, struct exchange *out, struct exchange_error *error)
{
	if (json.n > STS_DETAILS_MAX)
		return exchange_refuse(error, invalid, "authorization_details is too long");
	json_t *list = json_loadb((const char *)json.p, json.n, JSON_REJECT_DUPLICATES, NULL);
	int rc;
	if (json_array_size(list) == 1)
		rc = read_object(json_array_get(list, 0), out, error);
	else
		rc = exchange_refuse(
			error, invalid, "authorization_details must be a list of one object"
		);
	json_decref(list);
	return rc;
}
