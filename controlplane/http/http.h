// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// One HTTP request of ours to somebody else: a key server, the machine's identity endpoint, a
// webhook. Blocks: only for threads that do nothing else. `curl_global_init` must have been called.

#pragma once

#include "dataplane/base/err.h"
#include "dataplane/base/span.h"

enum http_limit { HTTP_WHY = 256, HTTP_CONNECT_SECONDS = 5, HTTP_SECONDS = 10 };

struct http_request {
	const char *url; // https; http only where no other host can answer (http_is_near)
	const char *const *headers; // "Name: value", NULL at the end; or NULL
	bool post;
	struct span body;    // of a POST
	const char *ca_file; // certificates are verified against it; "": the system's
	size_t answer_max;   // bytes; a longer answer is an error
	const bool *stop;    // set from another thread ends it early
};

struct http_answer {
	long status;
	uint32_t retry_after_s; // 0: not said
	uint8_t *bytes;
	size_t n;
};

// Redirects are not followed. Out: *out, whatever the status, on success; give it to
// http_answer_fini. Returns 0; -EIO, no whole answer came, `why` says why; -EINVAL, the URL is not
// allowed; -ENOMEM.
int http_perform(
	const struct http_request *request, struct http_answer *out, char why[static HTTP_WHY]
) must_check;
// Scrubs. Accepts a zeroed one.
void http_answer_fini(struct http_answer *answer);

// Plain http to an address that routers do not forward: the loopback, and the link-local addresses
// at which clouds answer their own machines (169.254.0.0/16).
bool http_is_near(const char *url);
