// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/nic/port.h"

#include "dataplane/nic/driver.h"
#include "dataplane/nic/merge.h"
#include "dataplane/nic/offload.h"
#include "dataplane/nic/watch.h"

#include <rte_ethdev.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

// A device is named by what stands before its first comma.
static int find_device(const char *device, uint16_t *id)
{
	char name[NIC_DEVICE_MAX];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(device, ","), device);
	return rte_eth_dev_get_port_by_name(name, id);
}

// The part of RSS that the TCP flow needs; nothing when the port cannot show its table.
static uint64_t rss_functions(const struct rte_eth_dev_info *info)
{
	if (info->reta_size == 0 || info->reta_size > RSS_RETA_MAX ||
	    info->hash_key_size < RSS_KEY_MIN || info->hash_key_size > RSS_KEY_MAX)
		return 0;
	if ((info->flow_type_rss_offloads & RTE_ETH_RSS_NONFRAG_IPV4_TCP) == 0)
		return 0;
	return info->flow_type_rss_offloads & (RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_TCP |
					       RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_NONFRAG_IPV6_TCP);
}

// The key is the port's own: with a published one a peer chooses the worker it floods. It stays
// where it is for as long as the port: netvsc gives the pointer on to the device that comes below
// it later.
static int ask_for_rss(
	struct nic_port *port, const struct rte_eth_dev_info *info, struct rte_eth_conf *conf,
	const char **why
)
{
	uint64_t hf = rss_functions(info);

	if (port->n_queues < 2 || hf == 0)
		return 0;
	if (getrandom(port->rss_key, sizeof(port->rss_key), 0) != sizeof(port->rss_key)) {
		*why = "no random bytes";
		return -EIO;
	}
	conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	conf->rx_adv_conf.rss_conf = (struct rte_eth_rss_conf
	){.rss_key = port->rss_key, .rss_key_len = info->hash_key_size, .rss_hf = hf};
	return 0;
}

static void use_offloads(
	struct nic_port *port, const struct rte_eth_dev_info *info, uint64_t offloads
)
{
	uint16_t most = info->tx_desc_lim.nb_seg_max;

	port->multi_segment = (offloads & RTE_ETH_TX_OFFLOAD_MULTI_SEGS) != 0;
	port->asked = port->can = offload_wanted(offloads);
	port->tx_offload = ((port->asked & RTE_MBUF_F_TX_IP_CKSUM) != 0 ? PKT_TX_IP_CSUM : 0) |
			   ((port->asked & RTE_MBUF_F_TX_TCP_CKSUM) != 0 ? PKT_TX_TCP_CSUM : 0);
	bool little = driver_find(info->driver_name)->cuts_little;
	if ((port->asked & RTE_MBUF_F_TX_TCP_SEG) != 0)
		port->cut_families = RTE_MBUF_F_TX_IPV4 | (little ? 0 : RTE_MBUF_F_TX_IPV6);
	port->cut_max = little ? port->mtu : UINT16_MAX;
	port->segments_max = most == 0 ? MERGE_SEGMENTS_MAX : RTE_MIN(most, MERGE_SEGMENTS_MAX);
	port->prepare = port->asked != 0;
}

// All that a frame of several segments needs.
static bool can_cut(
	const struct rte_eth_dev_info *info, const struct driver *driver, bool asked_for
)
{
	uint64_t needs = RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_IPV4_CKSUM |
			 RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_MULTI_SEGS;

	return (asked_for || driver->cuts) && (info->tx_offload_capa & driver->tx & needs) == needs;
}

static int configure(
	struct nic_port *port, const struct rte_eth_dev_info *info, bool no_offload,
	const char **why
)
{
	const struct driver *driver = driver_find(info->driver_name);
	struct rte_eth_conf conf = {.rxmode.mtu = port->mtu};

	if (!no_offload) {
		conf.rxmode.offloads = info->rx_offload_capa & driver->rx;
		conf.txmode.offloads = info->tx_offload_capa & driver->tx;
	}
	if (!can_cut(info, driver, port->cut))
		conf.txmode.offloads &= ~RTE_ETH_TX_OFFLOAD_TCP_TSO;
	// Else a device that is pulled out takes us along.
	conf.intr_conf.rmv = (*info->dev_flags & RTE_ETH_DEV_INTR_RMV) != 0;
	int r = ask_for_rss(port, info, &conf, why);
	if (r < 0)
		return r;
	// A hash without queues to choose from is nothing to be told.
	if (conf.rxmode.mq_mode != RTE_ETH_MQ_RX_RSS)
		conf.rxmode.offloads &= ~RTE_ETH_RX_OFFLOAD_RSS_HASH;
	r = rte_eth_dev_configure(port->id, port->n_queues, port->n_queues, &conf);
	if (r < 0) {
		*why = "the driver refuses the configuration";
		return r;
	}
	// One that takes neither shows it when it is read back.
	if (driver->tell_key && conf.rxmode.mq_mode == RTE_ETH_MQ_RX_RSS)
		(void)rte_eth_dev_rss_hash_update(port->id, &conf.rx_adv_conf.rss_conf);
	use_offloads(port, info, conf.txmode.offloads);
	return 0;
}

// What was asked for is not what a driver does: take its own word for key, functions and table, or
// stay with the software hash.
static void read_rss_back(struct nic_port *port, const struct rte_eth_dev_info *info)
{
	uint8_t key[RSS_KEY_MAX];
	struct rte_eth_rss_conf conf = {.rss_key = key, .rss_key_len = sizeof(key)};
	struct rte_eth_rss_reta_entry64 groups[RSS_RETA_MAX / RTE_ETH_RETA_GROUP_SIZE] = {0};
	uint16_t reta[RSS_RETA_MAX];

	if (port->n_queues < 2 || rss_functions(info) == 0)
		return;
	if (rte_eth_dev_rss_hash_conf_get(port->id, &conf) < 0 || conf.rss_key_len < RSS_KEY_MIN ||
	    (conf.rss_hf & RTE_ETH_RSS_NONFRAG_IPV4_TCP) == 0)
		return;
	for (unsigned i = 0; i < info->reta_size; i++)
		groups[i / RTE_ETH_RETA_GROUP_SIZE].mask |= UINT64_C(1)
							    << i % RTE_ETH_RETA_GROUP_SIZE;
	if (rte_eth_dev_rss_reta_query(port->id, groups, info->reta_size) < 0)
		return;
	for (unsigned i = 0; i < info->reta_size; i++)
		reta[i] = groups[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE];
	// A table that cannot be used leaves the software hash in force.
	(void)!rss_init_toeplitz(
		&port->rss, key, conf.rss_key_len, reta, info->reta_size,
		(conf.rss_hf & RTE_ETH_RSS_NONFRAG_IPV6_TCP) != 0
	);
}

static int set_mtu(struct nic_port *port, const struct rte_eth_dev_info *info, const char **why)
{
	if (port->mtu < info->min_mtu || port->mtu > info->max_mtu) {
		*why = "the device does not take this MTU";
		return -EINVAL;
	}
	// Some software devices have no say about the MTU and take what comes.
	int r = rte_eth_dev_set_mtu(port->id, port->mtu);
	if (r < 0 && r != -ENOTSUP) {
		*why = "the driver refuses the MTU";
		return r;
	}
	return 0;
}

static uint16_t queues_for(const struct rte_eth_dev_info *info, uint16_t n_workers)
{
	uint16_t n = RTE_MIN(RTE_MIN(info->max_rx_queues, info->max_tx_queues), n_workers);

	return driver_find(info->driver_name)->powers_of_two ? (uint16_t)rte_align32prevpow2(n) : n;
}

int port_open(
	struct nic_port *port, const struct nic_config *config, unsigned index,
	const struct hash_key *hash_key, const char **why
)
{
	const struct nic_port_config *want = &config->ports[index];
	struct rte_eth_dev_info info;
	struct rte_ether_addr mac;

	*port = (struct nic_port
	){.mtu = want->mtu,
	  .groups = want->groups,
	  .cut = want->cut,
	  .rx_ring = PORT_RX_RING,
	  .tx_ring = PORT_TX_RING};
	rss_init_software(&port->rss, hash_key, config->n_workers);
	if (find_device(want->device, &port->id) < 0 || rte_eth_dev_info_get(port->id, &info) < 0) {
		*why = "no such device";
		return -ENODEV;
	}
	port->n_queues = queues_for(&info, config->n_workers);
	snprintf(port->driver, sizeof(port->driver), "%s", info.driver_name);
	int r = configure(port, &info, config->no_offload, why);
	if (r < 0)
		return r;
	r = set_mtu(port, &info, why);
	if (r < 0)
		return r;
	if (rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &port->rx_ring, &port->tx_ring) < 0 ||
	    rte_eth_macaddr_get(port->id, &mac) < 0) {
		*why = "the driver tells neither its rings nor its address";
		return -EIO;
	}
	memcpy(port->mac, mac.addr_bytes, sizeof(port->mac));
	return 0;
}

int port_start(struct nic_port *port, struct nic_pool *pools, const char **why)
{
	struct rte_eth_dev_info info;

	if (rte_eth_dev_info_get(port->id, &info) < 0) {
		*why = "the device is gone";
		return -EIO;
	}
	for (uint16_t q = 0; q < port->n_queues; q++) {
		// No FAST_FREE: packets of a send queue have more than one reference, and heads
		// and indirect mbufs come from different pools.
		if (rte_eth_rx_queue_setup(
			    port->id, q, port->rx_ring, SOCKET_ID_ANY, NULL, pools[q].mbufs
		    ) < 0 ||
		    rte_eth_tx_queue_setup(port->id, q, port->tx_ring, SOCKET_ID_ANY, NULL) < 0) {
			*why = "the driver refuses a queue";
			return -EIO;
		}
	}
	if (rte_eth_dev_start(port->id) < 0) {
		*why = "the device does not start";
		return -EIO;
	}
	port->started = true;
	watch_start(port);
	// A driver that cannot choose takes them all, or none: then its neighbours show it.
	if (port->groups)
		(void)rte_eth_allmulticast_enable(port->id);
	read_rss_back(port, &info);
	return 0;
}

void port_stop(struct nic_port *port)
{
	if (!port->started)
		return;
	port->started = false;
	watch_stop(port);
	(void)rte_eth_dev_stop(port->id);
	(void)rte_eth_dev_close(port->id);
}
