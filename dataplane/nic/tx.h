// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#pragma once

#include "dataplane/nic/merge.h"
#include "dataplane/nic/port.h"

// Frames that wait for one transmit ring. One worker's own.
struct tx_queue {
	uint32_t head, n;                          // ring of `pending`
	uint32_t segments;                         // put in since the last flush
	struct rte_mbuf *pending[NIC_PENDING_MAX]; // owned
	struct merge merge;                        // the last of them; only when there is one
};

// Make `pkt` an mbuf chain and queue it. Takes over the reference, also when the frame is dropped,
// which is counted.
void tx_push(
	const struct nic_port *port, uint16_t queue, struct nic_pool *pool, struct tx_queue *tx,
	struct nic_stats *stats, struct pkt *pkt
);
// Give the driver what its ring takes.
void tx_flush(
	const struct nic_port *port, uint16_t queue, struct tx_queue *tx, struct nic_stats *stats
);
// Free what never left.
void tx_discard(struct tx_queue *tx);
