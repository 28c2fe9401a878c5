// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A host without a stack of ours: says who it is when asked (ARP, neighbour solicitation), and
// gives segments to the scripted peer whose port they name. Its functions are those of struct
// host_config.

#pragma once

#include "tests/sim/peer.h"
#include "tests/sim/world.h"

struct station {
	struct host *host;
	struct ip_addr addr, peer; // its own, and who talks to it
	uint16_t vlan;
	struct peer *peers;
	uint32_t n_peers;
};

void station_frame(void *ctx, struct span frame, uint64_t now_us);
void station_tick(void *ctx, uint64_t now_us);
// For peer_init.
void station_emit(void *ctx, const uint8_t *frame, size_t n);
