// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// An HTTP server on the loopback, in a thread of the test: nearly every request gets the same
// answer.

#pragma once

#include <pthread.h>
#include <stdint.h>

struct http {
	pthread_t thread;
	int listener;
	uint16_t port;
	// Set by the test, atomically, at any time.
	const char *body;
	const char *metadata; // for /.well-known/...; NULL: `body`
	int status;           // 302: leads to another path here
	unsigned delay_ms;
	// Counted by the server.
	unsigned requests;
	char last[4096]; // the last request, as it came; look when `requests` has changed
};

// The test fails when it cannot start. Answers 200 with `body`.
void http_start(struct http *http, const char *body);
void http_stop(struct http *http);
