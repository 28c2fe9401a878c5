// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/base/err.h"

#include <string.h>

static const char *own_text(enum err err)
{
	switch (err) {
	case ERR_TRUNCATED:
		return "input is truncated";
	case ERR_MALFORMED:
		return "input is malformed";
	case ERR_LIMIT:
		return "limit reached";
	case ERR_POOL_EMPTY:
		return "pool is empty";
	case ERR_UNSUPPORTED:
		return "not supported";
	case ERR_AUTH:
		return "credential refused";
	case ERR_TLS:
		return "TLS alert";
	case ERR_CERTIFICATE:
		return "certificate does not verify";
	case ERR_CLOSED:
		return "closed by the peer";
	case ERR_CONFIG:
		return "configuration error";
	}
	return "unknown error";
}

const char *err_text(int result)
{
	static _Thread_local char text[64];

	if (result >= 0)
		return "success";
	if (result <= ERR_TRUNCATED)
		return own_text((enum err)result);
	return strerror_r(-result, text, sizeof(text));
}
