// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The policy in force changes here: exchange the pointer, wait until every worker has passed a
// quiescent state (liburcu, QSBR), and free the old snapshot when no session holds it any more.
//
// One control thread, which must not be a registered reader. Workers register with
// urcu_qsbr_register_thread, read through snapshot_current, and call urcu_qsbr_quiescent_state once
// per loop; one that sleeps goes offline first.

#pragma once

#include "controlplane/policy/build.h"
#include "dataplane/api/slot.h"

enum publisher_limit { PUBLISHER_LIVE_MAX = 8 };

struct publisher;

// `slot` must outlive it and be empty. NULL when memory is short.
struct publisher *publisher_new(struct snapshot_slot *slot) must_check;
// The workers have ended. Frees every snapshot and empties the slot. Accepts NULL.
void publisher_free(struct publisher *publisher);

// Put `next` in force. Blocks for a grace period: one loop of the slowest worker; and when it has
// other patterns, first for SCAN_REHEARSALS loops of it, 100 ms at most. Takes `next` when
// it returns 0; -EBUSY, PUBLISHER_LIVE_MAX snapshots are alive, because sessions hold on to old
// ones: `next` stays the caller's.
int publisher_publish(struct publisher *publisher, struct snapshot *next) must_check;

// Free what no session holds any more. Returns how many snapshots are alive, the one in force
// included.
unsigned publisher_reclaim(struct publisher *publisher);

// The snapshot in force, or NULL; valid until the next publisher_publish.
const struct snapshot *publisher_current(const struct publisher *publisher);
// The version that the next snapshot should bear: counts up from 1.
uint32_t publisher_next_version(const struct publisher *publisher);
