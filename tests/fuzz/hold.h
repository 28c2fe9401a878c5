// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Packets that nobody else gets, so that a pool runs dry.

#pragma once

#include "dataplane/base/pkt.h"

// Put those of *held back, and take `n` instead, or as many as there are.
static inline void hold(struct pkt_pool *pool, struct pkt **held, uint32_t n)
{
	while (*held != NULL) {
		struct pkt *pkt = *held;
		*held = pkt->next;
		pkt->next = NULL;
		pkt_put(pkt);
	}
	for (uint32_t i = 0; i < n; i++) {
		struct pkt *pkt = pkt_get(pool);
		if (pkt == NULL)
			return;
		pkt->next = *held;
		*held = pkt;
	}
}
