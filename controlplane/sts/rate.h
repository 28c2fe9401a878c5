// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// How often somebody may ask: a bucket of tokens for each, in a table of fixed size. Who was not
// seen for long makes room, and comes back to a full bucket, which it would have by then.

#pragma once

#include "dataplane/api/node.h"
#include "dataplane/base/err.h"

enum rate_size { RATE_SETS = 1024, RATE_WAYS = 8 };

struct rate_bucket {
	struct node_id who;
	uint64_t last; // seconds since 1970
	uint32_t left;
};

// Begins as {0}.
struct rate {
	struct rate_bucket buckets[RATE_SETS][RATE_WAYS];
};

// Take one of `who`'s, who gets `per_second` and at most `burst`. False: there is none now.
bool rate_take(
	struct rate *rate, const struct node_id *who, uint64_t now, uint32_t per_second,
	uint32_t burst
) must_check;
