// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/nic/driver.h"

#include <rte_ethdev.h>

#include <string.h>

static const uint64_t rx_usual =
	RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_RSS_HASH;
static const uint64_t tx_usual = RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_CKSUM |
				 RTE_ETH_TX_OFFLOAD_MULTI_SEGS;

static const struct driver others = {.rx = rx_usual, .tx = tx_usual | RTE_ETH_TX_OFFLOAD_TCP_TSO};

static const struct driver named[] = {
	// Its own cutting stops for good at a frame that is longer than the MTU of a packet, and
	// leaves IPv6 whole.
	{.name = "net_tap",
	 .rx = rx_usual,
	 .tx = tx_usual | RTE_ETH_TX_OFFLOAD_TCP_TSO,
	 .cuts_little = true},
	// On Azure the device below netvsc is mlx5's, MANA's or none, and changes while we run: a
	// device that comes is configured as the last one was, and fails when it offers less. So
	// nothing is asked for that one of the three does not have. MANA has no TSO, takes queues
	// in powers of two, and takes key and functions by rte_eth_dev_rss_hash_update only.
	{.name = "net_netvsc",
	 .rx = rx_usual,
	 .tx = tx_usual,
	 .powers_of_two = true,
	 .tell_key = true},
	{.name = "net_mana",
	 .rx = rx_usual,
	 .tx = tx_usual,
	 .powers_of_two = true,
	 .tell_key = true},
};

const struct driver *driver_find(const char *name)
{
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		if (strcmp(named[i].name, name) == 0)
			return &named[i];
	}
	return &others;
}
