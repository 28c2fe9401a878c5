// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The document of the API and the table of routes say the same: every route is in the document and
// the other way round, with its roles, its query and its body.

#include "controlplane/admin/routes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static json_t *document;

static int set_up(void **)
{
	const struct asset *asset = asset_find("/v1/openapi.json");

	document = json_loadb((const char *)asset->data, asset->n, JSON_REJECT_DUPLICATES, NULL);
	return document == NULL;
}

static int tear_down(void **)
{
	json_decref(document);
	return 0;
}

// "/v1/sessions/*" is "/v1/sessions/{id}".
static const char *documented(const char *path, char out[static 128])
{
	const char *star = strchr(path, '*');

	if (star == NULL)
		snprintf(out, 128, "%s", path);
	else
		snprintf(out, 128, "%.*s{id}%s", (int)(star - path), path, star + 1);
	return out;
}

// Files of the console are no part of the API.
static bool is_page(const struct route *route)
{
	return strcmp(route->path, "/") == 0 || strcmp(route->path, "/console") == 0 ||
	       strcmp(route->path, "/console/") == 0 || strcmp(route->path, "/console/*") == 0;
}

static json_t *operation_of(const struct route *route)
{
	char path[128], method[8] = "";

	for (size_t i = 0; route->method[i] != '\0'; i++)
		method[i] = (char)(route->method[i] | 0x20);
	return json_object_get(
		json_object_get(json_object_get(document, "paths"), documented(route->path, path)),
		method
	);
}

static void every_route_is_documented(void **)
{
	for (size_t i = 0; i < n_routes; i++) {
		if (is_page(&routes[i]) || operation_of(&routes[i]) != NULL)
			continue;
		fail_msg("%s %s is not in openapi.json", routes[i].method, routes[i].path);
	}
}

static void every_documented_operation_has_a_route(void **)
{
	json_t *paths = json_object_get(document, "paths"), *methods, *operation;
	const char *path, *method;
	size_t n = 0, pages = 0;

	json_object_foreach(paths, path, methods)
	{
		json_object_foreach(methods, method, operation) n++;
	}
	for (size_t i = 0; i < n_routes; i++)
		pages += is_page(&routes[i]);
	assert_int_equal(n, n_routes - pages); // each of them is there, as the test above says
}

static void roles_are_the_same(void **)
{
	static const char *const names[] = {"admin", "auditor", "approver"};

	for (size_t i = 0; i < n_routes; i++) {
		const json_t *list = json_object_get(operation_of(&routes[i]), "x-roles");
		uint32_t roles = 0;
		if (is_page(&routes[i]))
			continue;
		assert_true(json_is_array(list));
		for (size_t j = 0; j < json_array_size(list); j++) {
			const char *name = json_string_value(json_array_get(list, j));
			roles |= strcmp(name, "any") == 0 ? (uint32_t)ROLE_ANY : 0;
			for (uint32_t k = 0; k < CONFIG_ROLE_COUNT; k++)
				roles |= strcmp(name, names[k]) == 0 ? UINT32_C(1) << k : 0;
		}
		if (roles != routes[i].roles)
			fail_msg("%s %s: roles", routes[i].method, routes[i].path);
	}
}

static bool has_parameter(const json_t *operation, const char *name)
{
	const json_t *list = json_object_get(operation, "parameters");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *p = json_array_get(list, i);
		if (strcmp(json_string_value(json_object_get(p, "in")), "query") == 0 &&
		    strcmp(json_string_value(json_object_get(p, "name")), name) == 0)
			return true;
	}
	return false;
}

static size_t count_query(const json_t *operation)
{
	const json_t *list = json_object_get(operation, "parameters");
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(list); i++)
		n += strcmp(json_string_value(json_object_get(json_array_get(list, i), "in")),
			    "query") == 0;
	return n;
}

static void queries_are_the_same(void **)
{
	for (size_t i = 0; i < n_routes; i++) {
		const json_t *operation = operation_of(&routes[i]);
		size_t n = 0;
		for (; n < ROUTE_QUERY_MAX && routes[i].query[n] != NULL; n++) {
			if (!has_parameter(operation, routes[i].query[n]->name))
				fail_msg("%s: %s", routes[i].path, routes[i].query[n]->name);
		}
		if (n != count_query(operation))
			fail_msg("%s: the document has more parameters", routes[i].path);
	}
}

// The properties of a schema, through references and allOf, into `out`.
static void properties(const json_t *schema, json_t *out)
{
	const char *ref = json_string_value(json_object_get(schema, "$ref"));
	const json_t *all = json_object_get(schema, "allOf");

	if (ref != NULL)
		properties(
			json_object_get(
				json_object_get(json_object_get(document, "components"), "schemas"),
				strrchr(ref, '/') + 1
			),
			out
		);
	for (size_t i = 0; i < json_array_size(all); i++)
		properties(json_array_get(all, i), out);
	json_t *own = json_object_get(schema, "properties");
	if (own != NULL)
		assert_int_equal(json_object_update(out, own), 0);
}

static json_t *body_of(const json_t *operation)
{
	const json_t *content =
		json_object_get(json_object_get(operation, "requestBody"), "content");
	json_t *out = json_object();

	properties(json_object_get(json_object_get(content, "application/json"), "schema"), out);
	return out;
}

static void bodies_are_the_same(void **)
{
	for (size_t i = 0; i < n_routes; i++) {
		const struct route *route = &routes[i];
		json_t *body = body_of(operation_of(route));
		size_t n = 0;
		for (; n < ROUTE_BODY_MAX && route->body[n] != NULL; n++) {
			if (json_object_get(body, route->body[n]->name) == NULL)
				fail_msg("%s: %s", route->path, route->body[n]->name);
		}
		if (n != json_object_size(body))
			fail_msg("%s: the document's body has more", route->path);
		json_decref(body);
	}
}

static void every_reference_leads_somewhere(void **)
{
	const struct asset *asset = asset_find("/v1/openapi.json");
	static const char start[] = "\"#/components/";
	const char *text = (const char *)asset->data, *end = text + asset->n;
	size_t n = 0;

	for (const char *at = text;
	     (at = memmem(at, (size_t)(end - at), start, strlen(start))) != NULL; n++) {
		char kind[32], name[64];
		at += strlen(start);
		assert_int_equal(sscanf(at, "%31[^/]/%63[^\"]", kind, name), 2);
		if (json_object_get(
			    json_object_get(json_object_get(document, "components"), kind), name
		    ) == NULL)
			fail_msg("%s/%s is not there", kind, name);
	}
	assert_true(n > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_route_is_documented),
		cmocka_unit_test(every_documented_operation_has_a_route),
		cmocka_unit_test(roles_are_the_same),
		cmocka_unit_test(queries_are_the_same),
		cmocka_unit_test(bodies_are_the_same),
		cmocka_unit_test(every_reference_leads_somewhere),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
