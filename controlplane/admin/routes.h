// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The table of what there is to ask, and the reading of what was asked. Nothing here knows the HTTP
// library: it sees names, values and bodies, as hostile as they come.

#pragma once

#include "controlplane/admin/request.h"

enum route_size {
	ROUTE_QUERY_MAX = 8, // parameters of a route
	ROUTE_BODY_MAX = 8,  // members of its body
	ARGUMENTS_MAX = 16,  // of a query
};

// Bits of route.roles besides those of enum config_role_name: any of them is enough. 0: no token is
// needed.
enum { ROLE_ANY = 1 << 30 };

enum route_needs {
	NEEDS_NOTHING,
	NEEDS_TOKEN, // over the socket too
	NEEDS_HUMAN, // the same, and its holder is proven to be one
};

enum value_kind {
	VALUE_NUMBER, // low to high
	VALUE_TEXT,   // low to high bytes of UTF-8 without control characters
	VALUE_LINES,  // the same, with line breaks and tabs
	VALUE_NODE,   // 32 lower-case hex digits
	VALUE_WORD,   // one of `words`
	VALUE_TEXTS,  // body only: a list of at most ADMIN_GROUPS_MAX texts
};

struct value {
	const char *name;
	enum value_kind kind;
	int64_t low, high;
	const char *const *words;
	bool needed; // body only
	size_t at;   // query only: where it goes in struct admin_page
};

struct route {
	const char *method, *path; // * is one element, call.id
	uint32_t roles;
	size_t op; // offset in struct admin_ops, unless `handle`
	void (*handle)(struct request *request, struct answer *answer);
	const struct value *query[ROUTE_QUERY_MAX];
	const struct value *body[ROUTE_BODY_MAX];
	uint32_t body_max; // bytes; 0: ADMIN_BODY_MAX
	enum route_needs needs;
	bool slow;      // on a thread of its own
	bool created;   // its success is 201
	bool metrics;   // on the metrics' listener, for anyone
	bool tokens;    // the token service's
	bool quiet;     // not in the audit: anybody may, as often as they like
	bool form;      // the body is not JSON: `handle` reads it
	bool any_query; // a login comes back with one, for the page to read
};

// Which of them a listener has.
enum route_set {
	ROUTES_ALL,
	ROUTES_METRICS,
	ROUTES_TOKENS,
	ROUTES_BUT_TOKENS, // the token service has a listener of its own
};

// For tests of the table.
extern const struct route routes[];
extern const size_t n_routes;

// The route of a method and a decoded path; HEAD is GET. Out: `id`; *found, some method has this
// path. NULL when there is none in `set`.
const struct route *call_route(
	const char *method, const char *path, enum route_set set, char id[static ADMIN_ID_MAX],
	bool *found
);

struct argument {
	struct span name, value;
};

// Read the query into `page`. Returns 0, or -EINVAL with `why`: an unknown name, one given twice,
// or a value that does not fit.
int call_query(
	const struct route *route, const struct argument *arguments, size_t n,
	struct admin_page *page, char why[static ADMIN_WHY]
) must_check;

// Read the body; an empty one is an empty object. Out: *out, a new reference. Returns as
// call_query: no JSON object, an unknown member, one that is missing or does not fit.
int call_body(const struct route *route, struct span body, json_t **out, char why[static ADMIN_WHY])
	must_check;

// The route's operation; NULL when the gateway has none.
admin_op *call_op(const struct route *route, const struct admin_ops *ops);
