// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Keeps the catalogs of a policy up to date, in a thread of its own: at once when the policy is
// new, soon when a worker has seen that something changed, and every minute. What it finds is taken
// by the control thread, which derives and publishes a snapshot.

#pragma once

#include "dataplane/api/snapshot.h"
#include "dataplane/base/err.h"

enum watch_time {
	WATCH_REFRESH_MS = 60000, // after a success
	WATCH_RETRY_MS = 5000,    // after a failure
	WATCH_APART_MS = 100,     // between two refreshes of one resource, whatever is asked
};

struct watch;

// Starts the thread. NULL when there is no memory or no thread.
struct watch *watch_new(void) must_check;
// Ends the thread, cutting a query short. Accepts NULL.
void watch_free(struct watch *watch);

// From now on the resources and masks of `snapshot`, of which copies are taken; what was found for
// the one before is dropped. Resources whose catalog is resolved already are looked at too, for
// what may have changed meanwhile. Returns 0 or -ENOMEM, upon which nothing has changed.
int watch_follow(struct watch *watch, const struct snapshot *snapshot) must_check;

// The catalog of `resource` is out of date: look soon. Any number of calls is one look.
void watch_poke(struct watch *watch, uint16_t resource);

// A catalog that differs from what was taken for its resource before. Out: *resource. A reference
// for the caller, or NULL when there is no news.
struct catalog *watch_take(struct watch *watch, uint16_t *resource);

// What was taken for `resource` could not be put in force: the next watch_take offers it again, or
// what is newer.
void watch_return(struct watch *watch, uint16_t resource);
