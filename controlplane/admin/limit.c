// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/admin/limit.h"

#include "controlplane/recorder/digest.h"

#include <stdlib.h>
#include <sys/random.h>

void limiter_init(struct limiter *limiter)
{
	*limiter = (struct limiter){0};
	// Without randomness, names could be chosen to share a set: no more than a nuisance.
	(void)!getrandom(limiter->seed, sizeof(limiter->seed), 0);
}

static uint64_t number_of(const struct limiter *limiter, struct span name)
{
	const struct span parts[] = {span_of(limiter->seed, sizeof(limiter->seed)), name};
	struct digest digest;
	uint64_t n;

	if (digest_of(parts, 2, &digest) != 0)
		return 1;
	memcpy(&n, digest.b, sizeof(n));
	return n == 0 ? 1 : n;
}

// Its bucket, or the one that was used longest ago, made new.
static struct limiter_bucket *bucket_of(
	struct limiter *limiter, uint64_t name, uint32_t burst, uint64_t now_ms
)
{
	struct limiter_bucket *set = limiter->buckets[name % LIMITER_SETS];
	struct limiter_bucket *oldest = set;

	for (size_t i = 0; i < LIMITER_WAYS; i++) {
		if (set[i].name == name)
			return &set[i];
		if (set[i].at_ms < oldest->at_ms)
			oldest = &set[i];
	}
	*oldest = (struct limiter_bucket){name, now_ms, UINT64_C(1000) * burst};
	return oldest;
}

bool limiter_take(
	struct limiter *limiter, struct span name, uint32_t rate, uint32_t burst, uint64_t now_ms
)
{
	struct limiter_bucket *bucket = bucket_of(limiter, number_of(limiter, name), burst, now_ms);
	uint64_t full = UINT64_C(1000) * burst;
	uint64_t waited_ms = now_ms - bucket->at_ms;

	// A thousandth a millisecond for each request per second. Bounded first: no overflow.
	if (waited_ms > full)
		waited_ms = full;
	bucket->milli += waited_ms * rate;
	if (bucket->milli > full)
		bucket->milli = full;
	bucket->at_ms = now_ms;
	if (bucket->milli < 1000)
		return false;
	bucket->milli -= 1000;
	return true;
}
