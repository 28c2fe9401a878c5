// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/sts/rate.h"

// A node's id is a part of a SHA-256: nobody chooses its place.
static struct rate_bucket *find(struct rate *rate, const struct node_id *who)
{
	struct rate_bucket *set = rate->buckets[who->w[0] % RATE_SETS];
	struct rate_bucket *oldest = &set[0];

	for (unsigned i = 0; i < RATE_WAYS; i++) {
		if (node_equal(&set[i].who, who))
			return &set[i];
		if (set[i].last < oldest->last)
			oldest = &set[i];
	}
	*oldest = (struct rate_bucket){.who = *who};
	return oldest;
}

bool rate_take(
	struct rate *rate, const struct node_id *who, uint64_t now, uint32_t per_second,
	uint32_t burst
)
{
	struct rate_bucket *bucket = find(rate, who);
	// A clock that was set back gives nothing.
	uint64_t passed = now > bucket->last ? now - bucket->last : 0;

	if (passed >= burst / per_second || bucket->left + passed * per_second > burst)
		bucket->left = burst;
	else
		bucket->left += (uint32_t)passed * per_second;
	bucket->last = now;
	if (bucket->left == 0)
		return false;
	bucket->left--;
	return true;
}
