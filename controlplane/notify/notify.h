// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Tells people, over HTTP, that something waits for them or has happened. What is to be delivered
// is in the store, written in the transaction of the event itself; a thread of its own does the
// HTTP, one delivery at a time for each target, so that a receiver that hangs delays nobody else.
// Each is delivered at least once: tried again with growing pauses, then put among the dead
// letters, from where it can be taken back.
//
// A request carries these headers; the body is JSON (payload.h):
//	Bulkhead-Delivery: number of the notification: the same for each attempt
//	Bulkhead-Timestamp: seconds since 1970
//	Bulkhead-Signature: v1=HMAC-SHA256 with the target's secret over TIMESTAMP "." BODY, in hex
//	                    (only with a secret)
//
// The control thread's. Usage: notify_new, notify_configure with each configuration, notify_tick
// often, notify_free.

#pragma once

#include "controlplane/config/config.h"
#include "controlplane/store/store.h"

#include <jansson.h>

struct notify;

// What a target may want to hear of; by these words in the configuration.
enum notify_event {
	NOTIFY_APPROVAL_REQUESTED, // a command waits for a human
	NOTIFY_APPROVAL_DECIDED,   // approved or refused
	NOTIFY_APPROVAL_EXPIRED,   // nobody decided in time, or nobody used it
	NOTIFY_ACCESS_REQUESTED,
	NOTIFY_ACCESS_DECIDED,
	NOTIFY_ACCESS_REVOKED,
	NOTIFY_REVOKED, // a token, a subject, a node or a resource
	NOTIFY_EVENTS,
};

// "approval_requested"...
const char *notify_event_name(enum notify_event event);

// How often and how long; 0: the default.
struct notify_limits {
	uint32_t attempts;       // then it is a dead letter; 12
	uint32_t backoff_ms;     // after the first failure; doubled after each; 2000
	uint32_t backoff_max_ms; // 10 minutes
	uint32_t timeout_ms;     // of an attempt; 10 s
	uint32_t kept;           // for each target, waiting and dead together: 10,000
};

// `console_url`: where the console is, for links, "": none; copied. `store` is borrowed. Starts the
// thread; curl_global_init must have been called. Returns 0, -ENOMEM or -EAGAIN (no thread).
int notify_new(
	struct store *store, const char *console_url, const struct notify_limits *limits,
	struct notify **out
) must_check;
// Ends the thread, cutting deliveries short: they are tried again after the next start. Accepts
// NULL.
void notify_free(struct notify *notify);

// From now on these targets. What waits for one that is gone becomes a dead letter. Returns 0;
// ERR_CONFIG, a secret cannot be read, `why` says which, and the targets stay as they were;
// -ENOMEM.
int notify_configure(
	struct notify *notify, const struct config_notification *targets, uint16_t n,
	char why[static STORE_WHY]
) must_check;

// Write what is to be told of `event` to all targets that want it. Only inside a transaction of the
// store: it is told if and only if that is committed. `fields` is borrowed: an object of strings,
// among them "id" of the request; never an exact command. Returns 0, -ENOMEM or as store_run.
int notify_put(
	struct notify *notify, enum notify_event event, const json_t *fields, uint64_t now_ns
) must_check;

// Take results, hand out what is due. `now_ns`: wall clock. Call often; outside a transaction.
void notify_tick(struct notify *notify, uint64_t now_ns);

// ---- to look at; the JSON is that of openapi.json: Notification

// `state`: "pending", "dead", or NULL for any. Out: *list, newest first; *next, 0 when nothing
// follows. Returns 0, -ENOMEM or as store_run.
int notify_list(
	struct notify *notify, const char *state, int64_t before, unsigned limit, json_t **list,
	int64_t *next
) must_check;
int notify_get(struct notify *notify, int64_t id, json_t **out) must_check;
// Try a dead letter again, from the first attempt on. Returns 0; -ENOENT; -EALREADY, it is pending;
// or as store_run.
int notify_requeue(struct notify *notify, int64_t id, uint64_t now_ns) must_check;

struct notify_stats {
	uint64_t pending, dead;                // as of the last tick
	uint64_t delivered, failed, discarded; // count up; failed: attempts; discarded: over `kept`
};
struct notify_stats notify_stats(const struct notify *notify);
