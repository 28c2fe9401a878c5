// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What the admin API reads of a request beyond HTTP: path, query, body. A line each, and the body
// behind; the query's names and values stand between tabs.

#include "controlplane/admin/routes.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct span next(struct span *input, char end)
{
	const uint8_t *at = input->n == 0 ? NULL : memchr(input->p, end, input->n);
	struct span part = at == NULL ? *input : span_first(*input, (size_t)(at - input->p));

	*input = span_from(*input, part.n + (at != NULL));
	return part;
}

static void read_call(const struct route *route, struct span query, struct span body)
{
	struct argument arguments[ARGUMENTS_MAX + 1];
	struct admin_page page;
	char why[ADMIN_WHY] = "";
	json_t *json = NULL;
	size_t count = 0;

	while (query.n > 0 && count <= ARGUMENTS_MAX) {
		arguments[count].name = next(&query, '\t');
		arguments[count++].value = next(&query, '\t');
	}
	if (call_query(route, arguments, count, &page, why) == 0 &&
	    (page.limit < 1 || page.limit > ADMIN_PAGE_MAX || page.cursor < 0))
		abort();
	if (call_body(route, body, &json, why) == 0) {
		for (size_t i = 0; i < ROUTE_BODY_MAX && route->body[i] != NULL; i++) {
			if (route->body[i]->needed &&
			    json_object_get(json, route->body[i]->name) == NULL)
				abort();
		}
	}
	json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span input = span_of(data, n);
	struct span path = next(&input, '\n'), query = next(&input, '\n');
	char text[256], id[ADMIN_ID_MAX];
	bool found;

	snprintf(text, sizeof(text), "%.*s", (int)(path.n < 255 ? path.n : 255), path.p);
	const struct route *route = call_route("GET", text, ROUTES_ALL, id, &found);
	if (route != NULL)
		read_call(route, query, input);
	route = call_route("POST", text, ROUTES_ALL, id, &found);
	if (route != NULL)
		read_call(route, query, input);
	return 0;
}
