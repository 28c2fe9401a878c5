// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The token service's endpoints: its answers are OAuth's (RFC 6749 5), not this API's.

#include "controlplane/admin/https.h"
#include "controlplane/admin/request.h"
#include "controlplane/sts/form.h"

#include <errno.h>
#include <stdlib.h>

static void malformed(struct answer *answer)
{
	answer->status = HTTP_BAD_REQUEST;
	answer->json = json_pack(
		"{s:s, s:s}", "error", "invalid_request", "error_description",
		"the body must be application/x-www-form-urlencoded"
	);
}

static void exchange(struct request *request, char *body, size_t n, struct answer *answer)
{
	const struct admin_ops *ops = &request->admin->config.ops;
	struct sts_param params[STS_PARAMS_MAX];
	uint8_t certificate[32];
	struct sts_request asked = {.params = params, .client = request->call.caller.address};

	if (form_decode(body, n, params, STS_PARAMS_MAX, &asked.n_params) != 0) {
		malformed(answer);
		return;
	}
	if (https_client_certificate(request->connection, certificate))
		asked.certificate = certificate;
	if (ops->exchange(ops->context, &asked, &answer->json, &answer->status) != 0)
		answer_error(answer, HTTP_FAILED, "out of memory");
	if (answer->status == HTTP_TOO_MANY || answer->status == HTTP_UNAVAILABLE)
		answer->retry_s = 1;
}

// An endpoint, or its document, that is not there.
static void document(json_t *json, struct answer *answer)
{
	if (json == NULL)
		answer_error(answer, HTTP_NOT_FOUND, "this gateway has no token service");
	else
		answer_json(answer, json);
}

void handle_exchange(struct request *request, struct answer *answer)
{
	const struct admin_ops *ops = &request->admin->config.ops;
	struct span body = buf_span(&request->body);

	if (ops->exchange == NULL) {
		document(NULL, answer);
		return;
	}
	char *copy = malloc(body.n + 1); // decoded where it lies, which is not the request's
	if (copy == NULL) {
		answer_error(answer, HTTP_FAILED, "out of memory");
		return;
	}
	if (body.n > 0)
		memcpy(copy, body.p, body.n);
	exchange(request, copy, body.n, answer);
	explicit_bzero(copy, body.n);
	free(copy);
}

void handle_jwks(struct request *request, struct answer *answer)
{
	const struct admin_ops *ops = &request->admin->config.ops;

	document(ops->jwks == NULL ? NULL : ops->jwks(ops->context), answer);
}

void handle_metadata(struct request *request, struct answer *answer)
{
	const struct admin_ops *ops = &request->admin->config.ops;

	document(ops->metadata == NULL ? NULL : ops->metadata(ops->context), answer);
}
