// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/admin/serve.h"

#include "controlplane/admin/https.h"
#include "controlplane/admin/routes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

// Of a body that nobody wants, before the connection is closed on it.
enum { THROWN_MAX = 1 << 20 };

// ---- connections

static struct peer *peer_new(struct entrance *entrance, struct MHD_Connection *connection)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	if (peer == NULL)
		return NULL;
	peer->entrance = entrance;
	peer->connection = connection;
	peer->since_ms = admin_now_ms();
	if (entrance->https != NULL)
		peer->pair = https_begin(entrance->https, connection);
	peer->next = entrance->peers;
	peer->link = &entrance->peers;
	if (peer->next != NULL)
		peer->next->link = &peer->next;
	entrance->peers = peer;
	return peer;
}

static void peer_free(struct peer *peer)
{
	*peer->link = peer->next;
	if (peer->next != NULL)
		peer->next->link = peer->link;
	https_end(peer->pair);
	free(peer);
}

void serve_peer(
	void *entrance, struct MHD_Connection *connection, void **context,
	enum MHD_ConnectionNotificationCode code
)
{
	switch (code) {
	case MHD_CONNECTION_NOTIFY_STARTED:
		*context = peer_new(entrance, connection);
		break;
	case MHD_CONNECTION_NOTIFY_CLOSED:
		if (*context != NULL)
			peer_free(*context);
		*context = NULL;
		break;
	}
}

static struct peer *peer_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info == NULL ? NULL : info->socket_context;
}

// ---- the query

struct arguments {
	struct argument list[ARGUMENTS_MAX];
	size_t n; // may count more than fit: too many
};

static enum MHD_Result add_argument(
	void *context, enum MHD_ValueKind, const char *name, size_t name_n, const char *value,
	size_t value_n
)
{
	struct arguments *arguments = context;

	if (arguments->n < ARGUMENTS_MAX)
		arguments->list[arguments->n] = (struct argument
		){span_of(name, name_n), value == NULL ? SPAN_LIT("") : span_of(value, value_n)};
	arguments->n++;
	return MHD_YES;
}

static bool read_query(struct request *request)
{
	struct arguments arguments = {0};
	char why[ADMIN_WHY] = "";

	if (request->route->any_query)
		return true;
	MHD_get_connection_values_n(
		request->connection, MHD_GET_ARGUMENT_KIND, add_argument, &arguments
	);
	if (call_query(request->route, arguments.list, arguments.n, &request->call.page, why) == 0)
		return true;
	answer_error(&request->answer, HTTP_BAD_REQUEST, "%s", why);
	return false;
}

// ---- its steps

static enum route_set routes_of(const struct entrance *entrance)
{
	bool apart = entrance->admin->entrances[ENTRANCE_TOKENS].daemon != NULL;

	switch (entrance->kind) {
	case ENTRANCE_LOCAL:
	case ENTRANCE_COUNT:
		break;
	case ENTRANCE_METRICS:
		return ROUTES_METRICS;
	case ENTRANCE_API:
		return apart ? ROUTES_BUT_TOKENS : ROUTES_ALL;
	case ENTRANCE_TOKENS:
		return ROUTES_TOKENS;
	}
	return ROUTES_ALL;
}

// The headers are there: everything that can be refused without the body is refused now, and only
// then is a body kept.
static void begin(struct request *request)
{
	bool found;
	uint32_t max = ADMIN_BODY_MAX;

	request->route = call_route(
		request->method, request->path, routes_of(request->peer->entrance),
		request->call.id, &found
	);
	if (!auth_check(request))
		max = 0;
	else if (request->route == NULL && found)
		answer_error(
			&request->answer, HTTP_METHOD, "%.128s does not do that", request->path
		);
	else if (request->route == NULL)
		answer_error(&request->answer, HTTP_NOT_FOUND, "there is no %.128s", request->path);
	else if (read_query(request) && request->route->body_max > 0)
		max = request->route->body_max;
	if (request->answer.status != 0)
		max = 0;
	buf_init(&request->body, NULL, max);
}

// Returns false when the connection is to be closed.
static bool more(struct request *request, struct span data)
{
	if (request->answer.status == 0 && buf_append(&request->body, data) == 0)
		return true;
	request->too_long = request->answer.status == 0;
	if (request->too_long)
		answer_error(
			&request->answer, HTTP_TOO_LARGE, "the body has more than %zu bytes",
			request->body.limit
		);
	request->thrown += data.n;
	return request->thrown <= THROWN_MAX;
}

static bool read_body(struct request *request)
{
	char why[ADMIN_WHY] = "";

	if (request->call.body != NULL || request->route->form ||
	    strcmp(request->route->method, "POST") != 0)
		return true;
	if (call_body(request->route, buf_span(&request->body), &request->call.body, why) == 0)
		return true;
	answer_error(&request->answer, HTTP_BAD_REQUEST, "%s", why);
	return false;
}

// One turn of a slow operation.
static int run_slow(struct request *request, admin_op *op, json_t **out, char why[ADMIN_WHY])
{
	struct admin *admin = request->admin;
	int result = -EINPROGRESS;

	if (request->job == NULL) {
		request->job =
			job_start(admin->jobs, op, admin->config.ops.context, &request->call);
		return request->job == NULL ? -EBUSY : -EINPROGRESS;
	}
	if (job_take(admin->jobs, request->job, out, why, &result))
		request->job = NULL;
	return result;
}

static void run_op(struct request *request)
{
	const struct admin_ops *ops = &request->admin->config.ops;
	admin_op *op = call_op(request->route, ops);
	char why[ADMIN_WHY] = "";
	json_t *out = NULL;
	int r;

	if (op == NULL)
		r = -ENOSYS;
	else if (request->admin->jobs == NULL)
		r = -EAGAIN; // stopping
	else if (request->route->slow)
		r = run_slow(request, op, &out, why);
	else
		r = op(ops->context, &request->call, &out, why);
	if (r == -EINPROGRESS)
		return;
	if (r == -ENOSYS && why[0] == '\0')
		snprintf(why, sizeof(why), "this gateway's configuration has nothing for that");
	answer_op(&request->answer, r, out, why, request->route->created);
	if (r == -EPERM)
		snprintf(request->answer.why, sizeof(request->answer.why), "%.120s", why);
}

// All of it is there, or it tries again. Afterwards it is answered, or waits.
static void work(struct request *request)
{
	if (request->answer.status != 0 || !read_body(request))
		return;
	if (request->route->handle != NULL)
		request->route->handle(request, &request->answer);
	else
		run_op(request);
}

// Public routes, asked by anybody as often as they like, are left out; all else is told.
static void audit(struct request *request)
{
	const struct admin_ops *ops = &request->admin->config.ops;
	const struct answer *answer = &request->answer;

	if (request->peer->entrance->kind == ENTRANCE_METRICS ||
	    (request->route != NULL && request->route->quiet) || answer->status == HTTP_TOO_MANY)
		return;
	if (request->route == NULL && !request->call.caller.local)
		return; // a scan of the port fills no log
	ops->called(
		ops->context, &request->call.caller, request->method, request->path, answer->status,
		answer->why
	);
}

// ---- waiting

static void suspend(struct request *request)
{
	struct admin *admin = request->admin;

	request->is_waiting = true;
	request->peer->waits = true;
	request->next = admin->waiting;
	admin->waiting = request;
	MHD_suspend_connection(request->connection);
}

void serve_resume(struct admin *admin)
{
	struct request *request = admin->waiting;

	admin->waiting = NULL;
	while (request != NULL) {
		struct request *next = request->next;
		request->is_waiting = false;
		MHD_resume_connection(request->connection);
		request = next;
	}
}

// ---- the library's calls

static struct request *request_new(
	struct entrance *entrance, struct MHD_Connection *connection, const char *method,
	const char *url
)
{
	struct peer *peer = peer_of(connection);
	struct request *request = peer == NULL ? NULL : calloc(1, sizeof(*request));

	if (request == NULL)
		return NULL;
	request->admin = entrance->admin;
	request->peer = peer;
	request->connection = connection;
	request->method = method;
	request->path = url;
	begin(request);
	return request;
}

static enum MHD_Result conclude(struct request *request)
{
	struct peer *peer = request->peer;

	request->admin->requests++;
	peer->since_ms = admin_now_ms(); // for the answer
	peer->waits = request->answer.follow;
	audit(request);
	return answer_send(request) ? MHD_YES : MHD_NO;
}

enum MHD_Result serve_request(
	void *entrance, struct MHD_Connection *connection, const char *url, const char *method,
	const char *, const char *data, size_t *n, void **state
)
{
	struct request *request = *state;

	if (request == NULL) {
		*state = request_new(entrance, connection, method, url);
		return *state == NULL ? MHD_NO : MHD_YES;
	}
	if (*n > 0) {
		bool goes_on = more(request, span_of(data, *n));
		*n = 0;
		return goes_on ? MHD_YES : MHD_NO;
	}
	work(request);
	if (request->answer.status != 0)
		return conclude(request);
	suspend(request);
	return MHD_YES;
}

void serve_end(void *, struct MHD_Connection *, void **state, enum MHD_RequestTerminationCode)
{
	struct request *request = *state;

	*state = NULL;
	if (request == NULL)
		return;
	struct admin *admin = request->admin;
	request->peer->since_ms = admin_now_ms();
	request->peer->waits = false;
	if (request->job != NULL && admin->jobs != NULL)
		job_leave(admin->jobs, request->job);
	if (request->call.caller.subject != NULL)
		admin->config.ops.subject_free(
			admin->config.ops.context, request->call.caller.subject
		);
	if (request->body.data != NULL)
		explicit_bzero(request->body.data, request->body.cap);
	buf_fini(&request->body);
	json_decref(request->call.body);
	answer_fini(&request->answer);
	free(request);
}
