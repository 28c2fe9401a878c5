// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/admin/routes.h"
#include "controlplane/identity/node.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static int wrong(char why[static ADMIN_WHY], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, ADMIN_WHY, format, args);
	va_end(args);
	return -EINVAL;
}

// What `value` may be, for whoever gave something else.
static int misfit(const struct value *value, char why[static ADMIN_WHY])
{
	long long low = value->low, high = value->high;
	int n;

	switch (value->kind) {
	case VALUE_NUMBER:
		return wrong(why, "`%s` is a number from %lld to %lld", value->name, low, high);
	case VALUE_TEXT:
	case VALUE_LINES:
		return wrong(
			why, "`%s` is a text of %lld to %lld bytes, without control characters",
			value->name, low, high
		);
	case VALUE_NODE:
		return wrong(why, "`%s` is 32 lower-case hexadecimal digits", value->name);
	case VALUE_TEXTS:
		return wrong(
			why, "`%s` is a list of at most %d texts of 1 to %lld bytes", value->name,
			ADMIN_GROUPS_MAX, high
		);
	case VALUE_WORD:
		break;
	}
	n = snprintf(why, ADMIN_WHY, "`%s` is one of", value->name);
	for (const char *const *word = value->words; *word != NULL && n < ADMIN_WHY; word++)
		n += snprintf(
			why + n, (size_t)(ADMIN_WHY - n), "%s %s", word == value->words ? "" : ",",
			*word
		);
	return -EINVAL;
}

// No control characters: texts end in logs, messages and terminals. DEL too.
static bool is_plain(struct span text, bool lines)
{
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];
		bool is_space = lines && (c == '\n' || c == '\t' || c == '\r');
		if ((c < ' ' && !is_space) || c == 0x7f)
			return false;
	}
	return true;
}

static bool is_word(const struct value *value, struct span text)
{
	for (const char *const *word = value->words; *word != NULL; word++) {
		if (span_equal(text, span_str(*word)))
			return true;
	}
	return false;
}

static bool text_fits(const struct value *value, struct span text)
{
	struct node_id node;

	switch (value->kind) {
	case VALUE_TEXT:
	case VALUE_LINES:
		return text.n >= (uint64_t)value->low && text.n <= (uint64_t)value->high &&
		       is_plain(text, value->kind == VALUE_LINES);
	case VALUE_NODE:
		return node_parse(text, &node);
	case VALUE_WORD:
		return is_word(value, text);
	case VALUE_NUMBER:
	case VALUE_TEXTS:
		break;
	}
	return false;
}

// ---- the query

// Digits alone: no sign, no space.
static bool read_digits(struct span text, int64_t *out)
{
	int64_t n = 0;

	if (text.n == 0 || text.n > 18)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		n = 10 * n + (text.p[i] - '0');
	}
	*out = n;
	return true;
}

static void put_number(struct admin_page *page, const struct value *value, int64_t number)
{
	void *at = (char *)page + value->at;

	if (value->at == offsetof(struct admin_page, limit))
		*(unsigned *)at = (unsigned)number;
	else if (value->at == offsetof(struct admin_page, live))
		*(bool *)at = number != 0;
	else
		*(int64_t *)at = number;
}

static int put(
	const struct value *value, struct span text, struct admin_page *page,
	char why[static ADMIN_WHY]
)
{
	int64_t number;

	if (value->kind != VALUE_NUMBER) {
		if (!text_fits(value, text))
			return misfit(value, why);
		char *at = (char *)page + value->at; // as long as `high` allows, and a NUL
		memcpy(at, text.p, text.n);
		at[text.n] = '\0';
		return 0;
	}
	if (!read_digits(text, &number) || number < value->low || number > value->high)
		return misfit(value, why);
	put_number(page, value, number);
	return 0;
}

static const struct value *value_find(
	const struct value *const *values, size_t max, struct span name, size_t *index
)
{
	for (size_t i = 0; i < max && values[i] != NULL; i++) {
		if (span_equal(name, span_str(values[i]->name))) {
			*index = i;
			return values[i];
		}
	}
	return NULL;
}

int call_query(
	const struct route *route, const struct argument *arguments, size_t n,
	struct admin_page *page, char why[static ADMIN_WHY]
)
{
	uint32_t given = 0;
	size_t index;

	*page = (struct admin_page){.limit = ADMIN_PAGE_DEFAULT};
	if (n > ARGUMENTS_MAX)
		return wrong(why, "the query has too many parameters");
	for (size_t i = 0; i < n; i++) {
		const struct value *value =
			value_find(route->query, ROUTE_QUERY_MAX, arguments[i].name, &index);
		if (value == NULL)
			return wrong(
				why, "the query has a parameter that %s does not know", route->path
			);
		if ((given & UINT32_C(1) << index) != 0)
			return wrong(why, "`%s` is there twice", value->name);
		given |= UINT32_C(1) << index;
		int r = put(value, arguments[i].value, page, why);
		if (r != 0)
			return r;
	}
	return 0;
}

// ---- the body

static bool texts_fit(const struct value *value, const json_t *list)
{
	size_t n = json_array_size(list);

	if (!json_is_array(list) || n > ADMIN_GROUPS_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		const json_t *item = json_array_get(list, i);
		size_t length = json_string_length(item);
		if (!json_is_string(item) || length == 0 || length > (uint64_t)value->high ||
		    !is_plain(span_of(json_string_value(item), length), false))
			return false;
	}
	return true;
}

static bool member_fits(const struct value *value, const json_t *member)
{
	switch (value->kind) {
	case VALUE_NUMBER:
		return json_is_integer(member) && json_integer_value(member) >= value->low &&
		       json_integer_value(member) <= value->high;
	case VALUE_TEXTS:
		return texts_fit(value, member);
	case VALUE_TEXT:
	case VALUE_LINES:
	case VALUE_NODE:
	case VALUE_WORD:
		return json_is_string(member) &&
		       text_fits(
			       value, span_of(json_string_value(member), json_string_length(member))
		       );
	}
	return false;
}

static int check_members(const struct route *route, json_t *body, char why[static ADMIN_WHY])
{
	const char *name;
	json_t *member;
	size_t index;

	json_object_foreach(body, name, member)
	{
		const struct value *value =
			value_find(route->body, ROUTE_BODY_MAX, span_str(name), &index);
		if (value == NULL)
			return wrong(
				why, "the body has a member `%.64s` that %s does not know", name,
				route->path
			);
		if (!member_fits(value, member))
			return misfit(value, why);
	}
	for (size_t i = 0; i < ROUTE_BODY_MAX && route->body[i] != NULL; i++) {
		if (route->body[i]->needed && json_object_get(body, route->body[i]->name) == NULL)
			return wrong(why, "the body has no `%s`", route->body[i]->name);
	}
	return 0;
}

int call_body(const struct route *route, struct span text, json_t **out, char why[static ADMIN_WHY])
{
	json_error_t error;
	json_t *body;

	if (text.n == 0)
		body = json_object();
	else
		body = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(body)) {
		json_decref(body);
		return wrong(why, "the body is no JSON object");
	}
	int r = check_members(route, body, why);
	if (r != 0)
		json_decref(body);
	else
		*out = body;
	return r;
}
