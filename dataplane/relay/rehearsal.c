// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/relay/relay.h"
#include "patterns/patterns.h"

void relay_rehearse(const struct snapshot *coming, uint16_t worker)
{
	struct snapshot_worker *own = &coming->workers[worker];
	uint32_t step = own->rehearsals;

	if (step == SCAN_REHEARSALS)
		return;
	if (coming->entities != NULL)
		scan_rehearse(coming->entities, own->entity_scratch, step);
	if (coming->blocks != NULL)
		scan_rehearse(coming->blocks, own->block_scratch, step);
	__atomic_store_n(&own->rehearsals, step + 1, __ATOMIC_RELEASE);
}
