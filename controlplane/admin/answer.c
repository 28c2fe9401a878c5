// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/admin/request.h"

#include <microhttpd.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { POLICY_SIZE = 512 + CONFIG_URL_MAX };

static void set_text(struct answer *answer, unsigned status, const char *text)
{
	answer_fini(answer);
	answer->status = status;
	answer->json = json_pack("{s:s}", "error", text);
	if (answer->json == NULL) // no UTF-8, then
		answer->json = json_pack("{s:s}", "error", "failed");
}

void answer_error(struct answer *answer, unsigned status, const char *format, ...)
{
	char text[ADMIN_WHY + 128];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	set_text(answer, status, text);
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

static unsigned status_of(int result)
{
	switch (result) {
	case -EINVAL:
		return HTTP_BAD_REQUEST;
	case -EPERM:
		return HTTP_FORBIDDEN;
	case -ENOENT:
		return HTTP_NOT_FOUND;
	case -EALREADY:
	case -EEXIST:
	case ERR_CONFIG:
		return HTTP_CONFLICT;
	case -ENOSYS:
		return HTTP_NOT_IMPLEMENTED;
	case -EAGAIN:
	case -EBUSY:
	case ERR_LIMIT:
		return HTTP_UNAVAILABLE;
	default:
		return HTTP_FAILED;
	}
}

void answer_op(struct answer *answer, int result, json_t *out, const char *why, bool created)
{
	if (result == 0) {
		answer_json(answer, out);
		if (answer->status == HTTP_OK && created)
			answer->status = HTTP_CREATED;
		return;
	}
	json_decref(out);
	set_text(answer, status_of(result), why[0] == '\0' ? err_text(result) : why);
	if (answer->status == HTTP_UNAVAILABLE)
		answer->retry_s = 1;
}

void answer_fini(struct answer *answer)
{
	json_decref(answer->json);
	buf_fini(&answer->text);
	answer->json = NULL;
	answer->asset = NULL;
}

// ---- headers

static bool is_console(const struct request *request)
{
	return strcmp(request->path, "/") == 0 ||
	       strncmp(request->path, "/console/", strlen("/console/")) == 0;
}

// scheme://host[:port] of a URL, in `out`; "" when it is none that fits a policy.
static const char *origin_of(const char *url, char *out, size_t size)
{
	const char *host = strstr(url, "://");
	size_t n = host == NULL ? 0 : (size_t)(host - url) + 3 + strcspn(host + 3, "/?#");

	out[0] = '\0';
	if (n > 0 && n < size && strcspn(url, " ;,'\"\\") >= n) {
		memcpy(out, url, n);
		out[n] = '\0';
	}
	return out;
}

// What the console may load and ask: its own files, this API, and the issuer it logs in with.
static void content_policy(const struct request *request, char out[static POLICY_SIZE])
{
	const struct admin_ops *ops = &request->admin->config.ops;
	struct admin_console console;
	char origin[CONFIG_URL_MAX] = "";

	if (!is_console(request)) {
		snprintf(out, POLICY_SIZE, "default-src 'none'; frame-ancestors 'none'");
		return;
	}
	if (ops->console != NULL && ops->console(ops->context, &console))
		origin_of(console.issuer, origin, sizeof(origin));
	snprintf(
		out, POLICY_SIZE,
		"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
		"connect-src 'self'%s%s; frame-ancestors 'none'; base-uri 'none'; "
		"form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
		origin[0] == '\0' ? "" : " ", origin
	);
}

static void add_headers(const struct request *request, struct MHD_Response *response)
{
	const struct answer *answer = &request->answer;
	char text[POLICY_SIZE];

	content_policy(request, text);
	MHD_add_response_header(response, "Content-Security-Policy", text);
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, "X-Frame-Options", "DENY");
	MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
	MHD_add_response_header(response, "Cross-Origin-Opener-Policy", "same-origin");
	MHD_add_response_header(response, "Cross-Origin-Resource-Policy", "same-origin");
	if (request->peer->entrance->https != NULL)
		MHD_add_response_header(response, "Strict-Transport-Security", "max-age=31536000");
	// Files may be kept, and are asked for by their tag; all else may not.
	if (answer->asset != NULL)
		MHD_add_response_header(response, "ETag", answer->asset->etag);
	MHD_add_response_header(
		response, "Cache-Control", answer->asset == NULL ? "no-store" : "no-cache"
	);
	if (answer->status == HTTP_UNAUTHORIZED)
		MHD_add_response_header(response, "WWW-Authenticate", "Bearer realm=\"bulkhead\"");
	if (answer->location != NULL)
		MHD_add_response_header(response, "Location", answer->location);
	if (answer->retry_s > 0) {
		snprintf(text, sizeof(text), "%u", answer->retry_s);
		MHD_add_response_header(response, "Retry-After", text);
	}
}

// ---- bodies

static struct MHD_Response *response_text(const struct answer *answer, char *text, size_t n)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(n, text, MHD_RESPMEM_MUST_FREE);

	if (response == NULL) {
		free(text);
		return NULL;
	}
	MHD_add_response_header(
		response, "Content-Type", answer->type == NULL ? "application/json" : answer->type
	);
	return response;
}

static struct MHD_Response *response_of(struct request *request)
{
	const struct answer *answer = &request->answer;
	char *text;
	size_t n;

	if (answer->follow)
		return feed_response(request);
	if (answer->asset != NULL) {
		bool body = answer->status == HTTP_OK;
		void *data; // the library does not write to it
		memcpy(&data, &answer->asset->data, sizeof(data));
		struct MHD_Response *response = MHD_create_response_from_buffer(
			body ? answer->asset->n : 0, data, MHD_RESPMEM_PERSISTENT
		);
		if (response != NULL && body)
			MHD_add_response_header(response, "Content-Type", answer->asset->type);
		return response;
	}
	if (answer->json != NULL) {
		text = json_dumps(answer->json, JSON_COMPACT | JSON_ENSURE_ASCII);
		return text == NULL ? NULL : response_text(answer, text, strlen(text));
	}
	n = buf_len(&answer->text);
	text = malloc(n + 1);
	if (text == NULL)
		return NULL;
	if (n > 0)
		memcpy(text, buf_span(&answer->text).p, n);
	return response_text(answer, text, n);
}

bool answer_send(struct request *request)
{
	struct MHD_Response *response = response_of(request);

	if (response == NULL)
		return false;
	add_headers(request, response);
	enum MHD_Result result =
		MHD_queue_response(request->connection, request->answer.status, response);
	MHD_destroy_response(response);
	return result == MHD_YES;
}
