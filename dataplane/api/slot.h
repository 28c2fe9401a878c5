// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Where the workers find the policy in force. The control plane exchanges the pointer (publish/);
// what was there before lives until every worker has passed a quiescent state and given back its
// references.

#pragma once

#include "dataplane/api/snapshot.h"

struct snapshot_slot {
	const struct snapshot *current; // control: rw, worker: ro
	// What is to be in force next, while workers bring it near their cores (relay_rehearse);
	// NULL: nothing. control: rw, worker: ro
	const struct snapshot *coming;
} __attribute__((aligned(64)));

// The policy in force, or NULL before the first one. Valid until the caller's next quiescent state;
// longer only with snapshot_hold. Acquire stands for the consume order that liburcu's
// rcu_dereference asks for; on x86 it is a plain load.
static inline const struct snapshot *snapshot_current(const struct snapshot_slot *slot)
{
	return __atomic_load_n(&slot->current, __ATOMIC_ACQUIRE);
}

// The one that comes, or NULL. Valid until the caller's next quiescent state.
static inline const struct snapshot *snapshot_coming(const struct snapshot_slot *slot)
{
	return __atomic_load_n(&slot->coming, __ATOMIC_ACQUIRE);
}

// Worker: keep `snapshot` beyond this loop, once for each call. Only between snapshot_current and
// the next quiescent state, or when it is held already.
static inline void snapshot_hold(const struct snapshot *snapshot, uint16_t worker)
{
	uint64_t *refs = &snapshot->workers[worker].refs;

	__atomic_store_n(refs, *refs + 1, __ATOMIC_RELAXED); // the quiescent state orders it
}

// Worker: give one back. The snapshot may be gone when this returns.
static inline void snapshot_drop(const struct snapshot *snapshot, uint16_t worker)
{
	uint64_t *refs = &snapshot->workers[worker].refs;

	__atomic_store_n(refs, *refs - 1, __ATOMIC_RELEASE);
}
