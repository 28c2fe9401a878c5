// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/api.h"

#include <time.h>

static int on_exchange(
	void *context, const struct sts_request *request, json_t **out, unsigned *status
)
{
	struct control *control = context;

	return sts_exchange(control->sts, request, (uint64_t)time(NULL), out, status);
}

static json_t *on_jwks(void *context)
{
	const struct control *control = context;

	return sts_jwks(control->sts);
}

static json_t *on_metadata(void *context)
{
	const struct control *control = context;

	return sts_metadata(control->sts);
}

void api_token_service(struct admin_ops *ops)
{
	ops->exchange = on_exchange;
	ops->jwks = on_jwks;
	ops->metadata = on_metadata;
}
