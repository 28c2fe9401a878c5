// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#pragma once

#include "dataplane/nic/port.h"

// One burst from `queue` of `port`; `pkts` gets what can be used, in order. Returns how many.
uint32_t rx_burst(
	const struct nic_port *port, uint8_t index, uint16_t queue, struct nic_pool *pool,
	struct nic_stats *stats, struct pkt *pkts[static NIC_BURST]
);
