// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/approval/state.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

static const uint64_t ns_per_s = 1000000000;

struct approval_time approval_now(void)
{
	struct timespec wall, steady;

	clock_gettime(CLOCK_REALTIME, &wall);
	clock_gettime(CLOCK_BOOTTIME, &steady); // goes on while the machine is suspended
	return (struct approval_time){
		.wall_ns = (uint64_t)wall.tv_sec * ns_per_s + (uint64_t)wall.tv_nsec,
		.steady_ns = (uint64_t)steady.tv_sec * ns_per_s + (uint64_t)steady.tv_nsec,
	};
}

uint64_t approvals_clock(const struct approvals *a, struct approval_time time)
{
	return a->anchor.wall_ns + (time.steady_ns - a->anchor.steady_ns);
}

bool grow(void **list, size_t *cap, size_t n, size_t size)
{
	if (n < *cap)
		return true;
	size_t next = *cap == 0 ? 16 : *cap * 2;
	void *bigger = reallocarray(*list, next, size);
	if (bigger == NULL)
		return false;
	*list = bigger;
	*cap = next;
	return true;
}

// Whatever the clock was when they were written, nothing lasts longer from now than it was given.
static int bound_times(struct approvals *a, uint64_t now)
{
	int64_t t = (int64_t)now;
	int r = store_run(
		a->config.store,
		"UPDATE approvals SET deadline_ns=min(deadline_ns, ?1+timeout_ns)"
		" WHERE state='pending' AND deadline_ns>?1+timeout_ns",
		STORE_VALUES(store_integer(t))
	);
	if (r == 0)
		r = store_run(
			a->config.store,
			"UPDATE approvals SET expires_ns=min(expires_ns, ?1+valid_ns)"
			" WHERE state='approved' AND expires_ns>?1+valid_ns",
			STORE_VALUES(store_integer(t))
		);
	if (r == 0)
		r = store_run(
			a->config.store,
			"UPDATE grants SET expires_ns=?1+expires_ns-granted_ns"
			" WHERE revoked_ns IS NULL AND granted_ns>?1",
			STORE_VALUES(store_integer(t))
		);
	return r;
}

static bool last_told(void *context, const struct store_row *row)
{
	*(int64_t *)context = store_row_integer(row, 0) - 1;
	return false;
}

int approvals_new(
	const struct approvals_config *config, struct approval_time now, struct approvals **out
)
{
	struct approvals *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return -ENOMEM;
	a->config = *config;
	a->anchor = now;
	int r = store_begin(config->store);
	if (r == 0)
		r = store_end(config->store, bound_times(a, now.wall_ns));
	if (r == 0)
		r = store_each(
			config->store, "SELECT n FROM told ORDER BY n LIMIT 1", STORE_NO_VALUES,
			last_told, &a->told
		);
	if (r == 0)
		r = approvals_settle(a, now.wall_ns);
	if (r != 0) {
		approvals_free(a);
		return r;
	}
	*out = a;
	return 0;
}

void approvals_free(struct approvals *approvals)
{
	if (approvals == NULL)
		return;
	if (approvals->config.audit != NULL) {
		told_flush(approvals);
		told_erase(approvals);
	}
	if (approvals->erased)
		store_checkpoint(approvals->config.store);
	free(approvals->parked);
	free(approvals->answers);
	free(approvals->users);
	free(approvals);
}

struct approvals_stats approvals_stats(const struct approvals *approvals)
{
	struct approvals_stats stats = approvals->stats;

	stats.parked = approvals->n_parked;
	return stats;
}
