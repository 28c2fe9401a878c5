// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Setting one port up: queues, offloads, RSS.

#pragma once

#include "dataplane/nic/nic.h"
#include "dataplane/nic/pool.h"
#include "dataplane/nic/rss.h"

struct nic_port {
	uint16_t id; // ethdev's
	uint16_t n_queues;
	uint16_t rx_ring, tx_ring; // descriptors
	bool started;
	bool groups;
	bool cut; // asked for
	bool multi_segment;
	bool prepare; // call rte_eth_tx_prepare: the driver wants to see packets with offloads
		      // first
	uint16_t tx_offload; // PKT_TX_*
	// RTE_MBUF_F_TX_*: what the device was configured to do, and what of it it does now. A
	// device below another may come and go (netvsc). events: rw, workers: ro
	uint64_t asked, can;
	uint64_t cut_families; // RTE_MBUF_F_TX_IPV4 and _IPV6: whose frames it cuts up
	uint16_t cut_max;      // bytes of a segment's frame
	uint16_t segments_max; // mbufs of one frame
	uint32_t changes;      // events: rw, workers: ro
	bool gone;             // events: rw, workers: ro
	uint8_t mac[6];
	uint16_t mtu;
	char driver[32];
	uint8_t rss_key[RSS_KEY_MAX];
	struct rss rss;
};

enum port_ring { PORT_RX_RING = 1024, PORT_TX_RING = 1024 };

// Does the port cut up frames that begin with a segment of these flags and this length?
static inline bool port_cuts(const struct nic_port *port, uint64_t flags, uint32_t len)
{
	return (port->cut_families & flags) != 0 && len <= port->cut_max &&
	       (__atomic_load_n(&port->can, __ATOMIC_RELAXED) & RTE_MBUF_F_TX_TCP_SEG) != 0;
}

static inline bool port_is_gone(const struct nic_port *port)
{
	return __atomic_load_n(&port->gone, __ATOMIC_RELAXED);
}

// Find the device, settle its queues, offloads and RSS, without starting it. `rss_key` seeds the
// port's own key where it takes one. Out: *port.
// Returns 0, -ENODEV, -EINVAL, -EIO with *why.
int port_open(
	struct nic_port *port, const struct nic_config *config, unsigned index,
	const struct hash_key *hash_key, const char **why
) must_check;

// Set up queue i with worker i's pool and start. Returns 0 or -EIO with *why.
int port_start(struct nic_port *port, struct nic_pool *pools, const char **why) must_check;
// Accepts a port that was never started.
void port_stop(struct nic_port *port);
