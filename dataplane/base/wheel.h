// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Timer wheel: three levels of 256, 256 and 64 slots, one tick a millisecond. A node is re-armed
// lazily: moving a deadline later only writes the deadline; an early expiry re-inserts.

#pragma once

#include "dataplane/base/list.h"

#include <stdint.h>

enum wheel_size { WHEEL_L0 = 256, WHEEL_L1 = 256, WHEEL_L2 = 64 };
enum wheel_range { WHEEL_FAR_MS = INT32_MAX };

// Times are the low half of the clock's.
struct wheel_node {
	struct list link;
	uint32_t deadline; // ms
	uint32_t slot_at;  // ms, when the slot that holds it comes up
};

struct wheel {
	uint64_t now; // ms, the last tick done
	struct list l0[WHEEL_L0];
	struct list l1[WHEEL_L1];
	struct list l2[WHEEL_L2];
	struct list due; // expired, not yet handed out
};

void wheel_init(struct wheel *wheel, uint64_t now_ms);
void wheel_node_init(struct wheel_node *node);

// Fire at `deadline_ms` (at the next tick if that has passed; one that lies more than WHEEL_FAR_MS
// ahead fires then). Cheap when the deadline moves later.
void wheel_arm(struct wheel *wheel, struct wheel_node *node, uint64_t deadline_ms);
void wheel_disarm(struct wheel_node *node);

// Move on to `now_ms`. Expired nodes become available to wheel_next.
void wheel_advance(struct wheel *wheel, uint64_t now_ms);
// The next expired node, disarmed, or NULL. The caller bounds how many it takes per pass.
struct wheel_node *wheel_next(struct wheel *wheel);
