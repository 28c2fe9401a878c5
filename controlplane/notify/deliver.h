// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The thread that does the HTTP of notifications: POSTs side by side, each with its own time limit.
// deliver_give and deliver_take may be called while it works; neither waits for it.

#pragma once

#include "controlplane/config/config.h"

enum deliver_limit {
	DELIVER_WHY = 128,
	DELIVER_RESPONSE_MAX = 64 << 10, // bytes that are read of an answer, and ignored
	DELIVER_HEADERS = 4,
};

struct delivery {
	struct delivery *next;
	int64_t n; // of the notification
	char target[SNAPSHOT_NAME_MAX];
	char url[CONFIG_URL_MAX];
	char ca_file[CONFIG_PATH_MAX];
	char headers[DELIVER_HEADERS][128]; // "" where there is none
	char *body;                         // JSON; freed with it
	uint32_t timeout_ms;
	// when it is done
	bool delivered;         // status 2xx
	uint32_t retry_after_s; // as the receiver asks; 0: it does not
	char why[DELIVER_WHY];  // not delivered
};

// Accepts NULL. The URL may be a secret, and is scrubbed.
void delivery_free(struct delivery *delivery);

struct deliverer;

// Starts the thread. Returns 0, -ENOMEM or -EAGAIN.
int deliverer_new(struct deliverer **out) must_check;
// Ends the thread at once; frees what was given and not taken back. Accepts NULL.
void deliverer_free(struct deliverer *deliverer);
// Takes `delivery`.
void deliverer_give(struct deliverer *deliverer, struct delivery *delivery);
// One that is done, delivered or not; the caller's. NULL: none.
struct delivery *deliverer_take(struct deliverer *deliverer);
