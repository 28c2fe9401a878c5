// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/api/stats.h"

#include <stddef.h>

const char *session_end_name(enum session_end end)
{
	switch (end) {
	case END_CLIENT_CLOSED:
		return "client-closed";
	case END_SERVER_CLOSED:
		return "server-closed";
	case END_CLIENT_RESET:
		return "client-reset";
	case END_SERVER_RESET:
		return "server-reset";
	case END_TERMINATED:
		return "terminated";
	case END_PROTOCOL:
		return "protocol";
	case END_SERVER_PROTOCOL:
		return "server-protocol";
	case END_TLS_CLIENT:
		return "tls-client";
	case END_TLS_SERVER:
		return "tls-server";
	case END_AUTH:
		return "auth";
	case END_NO_RULE:
		return "no-rule";
	case END_UPSTREAM_CONNECT:
		return "upstream-connect";
	case END_UPSTREAM_AUTH:
		return "upstream-auth";
	case END_EXPIRED:
		return "expired";
	case END_KILLED:
		return "killed";
	case END_REVOKED:
		return "revoked";
	case END_LIMIT:
		return "limit";
	case END_TIMEOUT_LOGIN:
		return "timeout-login";
	case END_TIMEOUT_IDLE:
		return "timeout-idle";
	case END_SHUTDOWN:
		return "shutdown";
	case END_CANCEL:
		return "cancel";
	case END_BUDGET:
		return "budget";
	case END_COUNT:
		break;
	}
	return "unknown";
}
