// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/admin/assets.h"
#include "controlplane/admin/request.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	HTTP_OK = 200,
	HTTP_BAD_REQUEST = 400,
	HTTP_NOT_FOUND = 404,
	HTTP_METHOD = 405,
	HTTP_CONFLICT = 409,
	HTTP_TOO_LARGE = 413,
	HTTP_FAILED = 500,
	HTTP_UNAVAILABLE = 503,
	PAGE_DEFAULT = 100,
	METRICS_MAX = 4 << 20,
};

void answer_error(struct answer *answer, unsigned status, const char *format, ...)
{
	char text[ADMIN_WHY + 128];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	answer->status = status;
	answer->json = json_pack("{s:s}", "error", text);
	if (answer->json == NULL) // no UTF-8, then
		answer->json = json_pack("{s:s}", "error", "failed");
}

void answer_json(struct answer *answer, json_t *json)
{
	if (json == NULL) {
		answer_error(answer, HTTP_FAILED, "out of memory");
		return;
	}
	answer->status = HTTP_OK;
	answer->json = json;
}

static json_t *workers_json(const struct admin *admin)
{
	json_t *workers = json_array();

	for (unsigned i = 0; i < admin->config.n_workers; i++)
		json_array_append_new(workers, metrics_worker_json(admin, i));
	return workers;
}

static void get_workers(struct request *request, struct answer *answer)
{
	answer_json(answer, json_pack("{s:o}", "workers", workers_json(request->admin)));
}

static void get_status(struct request *request, struct answer *answer)
{
	const struct admin_ops *ops = &request->admin->config.ops;
	json_t *status = ops->status(ops->context);

	if (status != NULL)
		json_object_set_new(status, "workers", workers_json(request->admin));
	answer_json(answer, status);
}

// A whole number from `low` to `high`; *ok is cleared when the text is something else.
static int64_t number(const char *text, int64_t low, int64_t high, int64_t absent, bool *ok)
{
	char *end;

	if (text == NULL)
		return absent;
	errno = 0;
	long long n = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n < low || n > high)
		*ok = false;
	return n;
}

static void get_sessions(struct request *request, struct answer *answer)
{
	const struct admin_ops *ops = &request->admin->config.ops;
	bool ok = true;
	struct admin_page page = {
		.limit = (unsigned
		)number(request_argument(request, "limit"), 1, ADMIN_PAGE_MAX, PAGE_DEFAULT, &ok),
		.before = number(request_argument(request, "before"), 0, INT64_MAX, 0, &ok),
		.live = number(request_argument(request, "live"), 0, 1, 0, &ok) != 0,
		.subject = request_argument(request, "subject"),
		.resource = request_argument(request, "resource"),
	};

	if (!ok) {
		answer_error(
			answer, HTTP_BAD_REQUEST, "limit is 1 to %d, before a number, live 0 or 1",
			ADMIN_PAGE_MAX
		);
		return;
	}
	json_t *sessions = ops->sessions(ops->context, &page);
	json_t *next = NULL;
	size_t n = json_array_size(sessions);
	if (n == page.limit)
		next = json_object_get(json_array_get(sessions, n - 1), "n");
	answer_json(answer, json_pack("{s:o,s:O?}", "sessions", sessions, "next", next));
}

static void get_session(struct request *request, struct answer *answer)
{
	const struct admin_ops *ops = &request->admin->config.ops;
	json_t *session = ops->session(ops->context, request->id);

	if (session == NULL)
		answer_error(answer, HTTP_NOT_FOUND, "there is no session %.32s", request->id);
	else
		answer_json(answer, session);
}

// The body as an object; an empty one is an empty object. NULL: answered.
static json_t *body_json(struct request *request, struct answer *answer)
{
	struct span body = buf_span(&request->body);
	json_t *json =
		body.n == 0
			? json_object()
			: json_loadb((const char *)body.p, body.n, JSON_REJECT_DUPLICATES, NULL);

	if (json_is_object(json))
		return json;
	json_decref(json);
	answer_error(answer, HTTP_BAD_REQUEST, "the body is no JSON object");
	return NULL;
}

static void post_kill(struct request *request, struct answer *answer)
{
	const struct admin_ops *ops = &request->admin->config.ops;
	json_t *body = body_json(request, answer);
	if (body == NULL)
		return;
	const char *reason = json_string_value(json_object_get(body, "reason"));
	int ret = ops->kill(
		ops->context, request->id, reason == NULL ? "killed by an operator" : reason
	);

	if (ret == -ENOENT)
		answer_error(answer, HTTP_NOT_FOUND, "session %.32s is not open", request->id);
	else if (ret != 0)
		answer_error(answer, HTTP_UNAVAILABLE, "not now: %s", err_text(ret));
	else
		answer_json(answer, json_pack("{s:s}", "killed", request->id));
	json_decref(body);
}

static void get_policy(struct request *request, struct answer *answer)
{
	const struct admin_ops *ops = &request->admin->config.ops;
	json_t *policy = ops->policy(ops->context);

	if (policy == NULL)
		answer_error(answer, HTTP_NOT_FOUND, "no policy is in force");
	else
		answer_json(answer, policy);
}

static void post_reload(struct request *request, struct answer *answer)
{
	const struct admin_ops *ops = &request->admin->config.ops;
	char why[ADMIN_WHY] = "";

	if (ops->reload(ops->context, why) != 0)
		answer_error(answer, HTTP_CONFLICT, "%s", why);
	else
		get_policy(request, answer);
}

static bool token_ask(const json_t *body, struct admin_token *ask)
{
	const json_t *groups = json_object_get(body, "groups");
	const json_t *ttl = json_object_get(body, "ttl");

	*ask = (struct admin_token){
		.subject = json_string_value(json_object_get(body, "subject")),
		.n_groups = json_array_size(groups),
	};
	if (ask->subject == NULL || ask->n_groups > ADMIN_GROUPS_MAX || !json_is_integer(ttl) ||
	    json_integer_value(ttl) < 1 || json_integer_value(ttl) > INT32_MAX)
		return false;
	ask->ttl_s = (uint32_t)json_integer_value(ttl);
	for (size_t i = 0; i < ask->n_groups; i++) {
		ask->groups[i] = json_string_value(json_array_get(groups, i));
		if (ask->groups[i] == NULL)
			return false;
	}
	return true;
}

static void post_token(struct request *request, struct answer *answer)
{
	const struct admin_ops *ops = &request->admin->config.ops;
	char why[ADMIN_WHY] = "";
	struct admin_token ask;
	char *token = NULL;

	json_t *body = body_json(request, answer);
	if (body == NULL)
		return;
	if (!token_ask(body, &ask))
		answer_error(
			answer, HTTP_BAD_REQUEST,
			"a token needs \"subject\", \"groups\" (at most %d) and \"ttl\" in seconds",
			ADMIN_GROUPS_MAX
		);
	else if (ops->token(ops->context, &ask, &token, why) != 0)
		answer_error(answer, HTTP_CONFLICT, "%s", why);
	else
		answer_json(answer, json_pack("{s:s}", "token", token));
	if (token != NULL)
		explicit_bzero(token, strlen(token));
	free(token);
	json_decref(body);
}

static void get_metrics(struct request *request, struct answer *answer)
{
	buf_init(&answer->text, NULL, METRICS_MAX);
	if (metrics_text(request->admin, &answer->text) != 0) {
		answer_error(answer, HTTP_FAILED, "out of memory");
		return;
	}
	answer->status = HTTP_OK;
	answer->type = "text/plain; version=0.0.4; charset=utf-8";
}

static void get_health(struct request *, struct answer *answer)
{
	answer_json(answer, json_pack("{s:b}", "live", 1));
}

static void get_ready(struct request *request, struct answer *answer)
{
	const struct admin_ops *ops = &request->admin->config.ops;
	char why[ADMIN_WHY] = "";

	if (metrics_workers_are_live(request->admin, why) && ops->ready(ops->context, why))
		answer_json(answer, json_pack("{s:b}", "ready", 1));
	else
		answer_error(answer, HTTP_UNAVAILABLE, "not ready: %s", why);
}

static void get_asset(struct request *request, struct answer *answer)
{
	const struct asset *asset = asset_find(request->path);

	buf_init(&answer->text, NULL, asset == NULL ? 0 : asset->n);
	if (asset == NULL || buf_append(&answer->text, span_of(asset->data, asset->n)) != 0) {
		answer_error(answer, HTTP_NOT_FOUND, "there is no %.128s", request->path);
		return;
	}
	answer->status = HTTP_OK;
	answer->type = asset->type;
}

static const struct route {
	const char *method, *path; // * is one element, request.id
	void (*handle)(struct request *request, struct answer *answer);
	bool anyone;  // over TCP too
	bool changes; // for the audit
} routes[] = {
	{"GET", "/v1/status", get_status, false, false},
	{"GET", "/v1/workers", get_workers, false, false},
	{"GET", "/v1/sessions", get_sessions, false, false},
	{"GET", "/v1/sessions/*", get_session, false, false},
	{"POST", "/v1/sessions/*/kill", post_kill, false, true},
	{"GET", "/v1/policy", get_policy, false, false},
	{"POST", "/v1/reload", post_reload, false, true},
	{"POST", "/v1/token", post_token, false, true},
	{"GET", "/v1/openapi.json", get_asset, false, false},
	{"GET", "/metrics", get_metrics, true, false},
	{"GET", "/healthz", get_health, true, false},
	{"GET", "/readyz", get_ready, true, false},
};

// Does `path` fit `pattern`? Out: id, the element that stands for *, of `size` bytes.
static bool path_fits(const char *pattern, const char *path, char *id, size_t size)
{
	const char *star = strchr(pattern, '*');

	if (star == NULL)
		return strcmp(pattern, path) == 0;
	size_t before = (size_t)(star - pattern);
	if (strncmp(pattern, path, before) != 0)
		return false;
	size_t n = strcspn(path + before, "/");
	if (n == 0 || n >= size || strcmp(star + 1, path + before + n) != 0)
		return false;
	memcpy(id, path + before, n);
	id[n] = '\0';
	return true;
}

void routes_handle(struct request *request, bool local, struct answer *answer)
{
	const struct admin_ops *ops = &request->admin->config.ops;
	bool found = false;
	char id[64];

	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		const struct route *route = &routes[i];
		if ((!local && !route->anyone) ||
		    !path_fits(route->path, request->path, id, sizeof(id)))
			continue;
		found = true;
		if (strcmp(route->method, request->method) != 0)
			continue;
		request->id = id;
		if (request->too_long)
			answer_error(
				answer, HTTP_TOO_LARGE, "the body has more than %d bytes",
				ADMIN_BODY_MAX
			);
		else
			route->handle(request, answer);
		if (route->changes)
			ops->called(
				ops->context, request_uid(request), request->method, request->path,
				answer->status
			);
		return;
	}
	if (found)
		answer_error(answer, HTTP_METHOD, "%s does not do that", request->path);
	else
		answer_error(answer, HTTP_NOT_FOUND, "there is no %.128s", request->path);
}
