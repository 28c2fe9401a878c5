// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A receiver of notifications on the loopback, good or bad, in a thread of the test.

#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum manner {
	MANNER_STATUS,   // answers `status`
	MANNER_HANG,     // reads the request and says nothing
	MANNER_CLOSE,    // closes before the answer
	MANNER_REDIRECT, // to /elsewhere of itself
	MANNER_ENDLESS,  // 200, and a body without end
};

struct receiver {
	pthread_t thread;
	int listener;
	uint16_t port;
	bool stop;
	enum manner manner; // set by the test, atomically, at any time
	int status;
	unsigned requests; // that it has read whole
	pthread_mutex_t lock;
	char path[128], timestamp[32], signature[96], delivery[32]; // of the last
	char deliveries[64][32];                                    // of all
	char body[16384];
};

// The test fails when it cannot start.
void receiver_start(struct receiver *r, enum manner manner, int status);
void receiver_stop(struct receiver *r);
unsigned receiver_requests(const struct receiver *r);
void receiver_url(const struct receiver *r, char *out, size_t size);
