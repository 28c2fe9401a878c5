// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What a device is asked to do to a frame, and what is done for it when it cannot any more.

#pragma once

#include "dataplane/base/pkt.h"

#include <rte_mbuf.h>

// PKT_TX_* as flags of an mbuf, and the family, which a device needs to know with them.
uint64_t offload_flags(const struct pkt *pkt);
// RTE_ETH_TX_OFFLOAD_* as the flags of mbufs that ask for them.
uint64_t offload_wanted(uint64_t offloads);
// PKT_RX_CSUM_* for what a device says of a frame that it received.
uint16_t offload_received(uint64_t flags);

// Do in software what `missing` of the mbuf's flags ask for, and take them off: checksums. Returns
// false when that cannot be done: a segment that is to be cut.
bool offload_finish(struct rte_mbuf *mbuf, uint64_t missing) must_check;
