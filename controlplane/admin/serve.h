// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What the HTTP library calls, from a connection's begin to a request's end. For admin.c.

#pragma once

#include "controlplane/admin/jobs.h"
#include "controlplane/admin/request.h"

#include <microhttpd.h>

// MHD_AccessHandlerCallback; the context is a struct entrance.
enum MHD_Result serve_request(
	void *entrance, struct MHD_Connection *connection, const char *url, const char *method,
	const char *version, const char *data, size_t *n, void **state
);
// MHD_RequestCompletedCallback
void serve_end(
	void *context, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode code
);
// MHD_NotifyConnectionCallback; the context is a struct entrance.
void serve_peer(
	void *entrance, struct MHD_Connection *connection, void **context,
	enum MHD_ConnectionNotificationCode code
);
// Let requests whose operation was not done try again. When the jobs are gone, all end.
void serve_resume(struct admin *admin);
