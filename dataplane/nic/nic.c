// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/nic/nic.h"

#include "dataplane/nic/eal.h"
#include "dataplane/nic/port.h"
#include "dataplane/nic/rx.h"
#include "dataplane/nic/tx.h"

#include <rte_ether.h>
#include <rte_mempool.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct nic_worker {
	struct nic_pool pool;
	struct nic_stats stats[NIC_PORTS_MAX];
	struct tx_queue tx[NIC_PORTS_MAX];
} __attribute__((aligned(64)));

struct nic {
	struct nic_config config;
	struct nic_port ports[NIC_PORTS_MAX];
	struct nic_worker *workers;
	uint32_t packets; // in each worker's pool
	bool eal;
};

enum { EAL_OWN_MB = 64 }; // rings, ethdev's tables, what drivers take

// What stands in rings and queues of the ports is not there for TCP.
static uint32_t pool_packets(const struct nic_config *config)
{
	return config->packets +
	       config->n_ports * (PORT_RX_RING + PORT_TX_RING + NIC_PENDING_MAX + NIC_BURST);
}

static uint32_t pool_indirect(const struct nic_config *config)
{
	return config->n_ports * (PORT_TX_RING + NIC_PENDING_MAX + NIC_BURST);
}

// One frame fits one buffer, whatever the MTU: nothing is received in pieces.
static uint32_t pool_dataroom(const struct nic_config *config)
{
	uint32_t room = PKT_DATAROOM;

	for (unsigned i = 0; i < config->n_ports; i++)
		room =
			RTE_MAX(room, config->ports[i].mtu + RTE_ETHER_HDR_LEN + RTE_VLAN_HLEN +
					      RTE_ETHER_CRC_LEN);
	return RTE_ALIGN_CEIL(room, RTE_CACHE_LINE_SIZE);
}

static uint64_t memory_mb(const struct nic_config *config)
{
	uint64_t pool =
		nic_pool_bytes(pool_packets(config), pool_dataroom(config), pool_indirect(config));

	return EAL_OWN_MB + (config->n_workers * pool * 9 / 8 >> 20);
}

static int open_ports(struct nic *nic, const char **why)
{
	struct hash_key key;

	if (getrandom(&key, sizeof(key), 0) != sizeof(key)) {
		*why = "no random bytes";
		return -EIO;
	}
	for (unsigned i = 0; i < nic->config.n_ports; i++) {
		int r = port_open(&nic->ports[i], &nic->config, i, &key, why);
		if (r < 0)
			return r;
	}
	return 0;
}

static int start(struct nic *nic, struct nic_pool *pools, const char **why)
{
	for (unsigned i = 0; i < nic->config.n_workers; i++) {
		int r = nic_pool_init(
			&nic->workers[i].pool, i, nic->packets, pool_dataroom(&nic->config),
			pool_indirect(&nic->config)
		);
		if (r < 0) {
			*why = "not enough memory for the packet pools";
			return r;
		}
		pools[i] = nic->workers[i].pool;
	}
	for (unsigned i = 0; i < nic->config.n_ports; i++) {
		int r = port_start(&nic->ports[i], pools, why);
		if (r < 0)
			return r;
	}
	return 0;
}

int nic_new(const struct nic_config *config, struct nic **out, const char **why)
{
	struct nic_pool pools[NIC_WORKERS_MAX];
	struct nic *nic = calloc(1, sizeof(*nic));
	int r = -ENOMEM;

	*why = "not enough memory";
	if (nic == NULL)
		return r;
	nic->config = *config;
	nic->packets = pool_packets(config);
	nic->workers = aligned_alloc(64, config->n_workers * sizeof(*nic->workers));
	if (nic->workers == NULL)
		goto fail;
	memset(nic->workers, 0, config->n_workers * sizeof(*nic->workers));
	r = eal_start(config, memory_mb(config), why);
	if (r < 0)
		goto fail;
	nic->eal = true;
	r = open_ports(nic, why);
	if (r < 0)
		goto fail;
	r = start(nic, pools, why);
	if (r < 0)
		goto fail;
	*out = nic;
	return 0;
fail:
	nic_free(nic);
	return r;
}

void nic_free(struct nic *nic)
{
	if (nic == NULL)
		return;
	for (unsigned w = 0; nic->workers != NULL && w < nic->config.n_workers; w++) {
		for (unsigned p = 0; p < nic->config.n_ports; p++)
			tx_discard(&nic->workers[w].tx[p]);
	}
	for (unsigned p = 0; p < nic->config.n_ports; p++)
		port_stop(&nic->ports[p]);
	for (unsigned w = 0; nic->workers != NULL && w < nic->config.n_workers; w++)
		nic_pool_fini(&nic->workers[w].pool);
	if (nic->eal)
		eal_stop();
	free(nic->workers);
	free(nic);
}

void nic_port_info(const struct nic *nic, uint8_t port, struct nic_port_info *info)
{
	const struct nic_port *p = &nic->ports[port];

	*info = (struct nic_port_info){
		.mtu = p->mtu,
		.tx_offload = p->tx_offload,
		.n_queues = p->n_queues,
		.toeplitz = p->rss.toeplitz,
		.multi_segment = p->multi_segment,
		.cuts = (p->asked & RTE_MBUF_F_TX_TCP_SEG) != 0,
		.complete = __atomic_load_n(&p->can, __ATOMIC_RELAXED) == p->asked,
		.gone = port_is_gone(p),
		.changes = __atomic_load_n(&p->changes, __ATOMIC_RELAXED),
	};
	memcpy(info->mac, p->mac, sizeof(info->mac));
	memcpy(info->driver, p->driver, sizeof(info->driver));
}

struct pkt_pool *nic_pool(struct nic *nic, uint16_t worker)
{
	return &nic->workers[worker].pool.pool;
}

void nic_pool_usage(const struct nic *nic, uint16_t worker, uint32_t *used, uint32_t *total)
{
	*used = rte_mempool_in_use_count(nic->workers[worker].pool.mbufs);
	*total = nic->packets;
}

const struct nic_stats *nic_stats(const struct nic *nic, uint16_t worker, uint8_t port)
{
	return &nic->workers[worker].stats[port];
}

unsigned nic_worker_lcore(uint16_t worker)
{
	return worker + 1U;
}

bool nic_has_queue(const struct nic *nic, uint16_t worker, uint8_t port)
{
	return worker < nic->ports[port].n_queues;
}

uint16_t nic_queue_worker(const struct nic *nic, uint16_t worker, uint8_t port)
{
	return worker % nic->ports[port].n_queues;
}

uint32_t nic_rx(struct nic *nic, uint16_t worker, uint8_t port, struct pkt *pkts[static NIC_BURST])
{
	struct nic_worker *w = &nic->workers[worker];

	if (port_is_gone(&nic->ports[port]))
		return 0;
	return rx_burst(&nic->ports[port], port, worker, &w->pool, &w->stats[port], pkts);
}

void nic_tx(struct nic *nic, uint16_t worker, struct pkt *pkt)
{
	struct nic_worker *w = &nic->workers[worker];
	uint8_t port = pkt->port;

	tx_push(&nic->ports[port], worker, &w->pool, &w->tx[port], &w->stats[port], pkt);
}

void nic_flush(struct nic *nic, uint16_t worker)
{
	struct nic_worker *w = &nic->workers[worker];

	for (unsigned p = 0; p < nic->config.n_ports; p++)
		tx_flush(&nic->ports[p], worker, &w->tx[p], &w->stats[p]);
}

uint16_t nic_owner(
	const struct nic *nic, uint8_t port, const struct endpoint *local,
	const struct endpoint *remote
)
{
	return rss_owner(&nic->ports[port].rss, local, remote);
}

uint16_t nic_arrival_owner(
	struct nic *nic, uint16_t worker, const struct pkt *pkt, const struct endpoint *local,
	const struct endpoint *remote
)
{
	const struct rss *rss = &nic->ports[pkt->port].rss;
	struct nic_stats *stats = &nic->workers[worker].stats[pkt->port];
	uint16_t owner = rss_owner(rss, local, remote);

	if ((pkt->flags & PKT_RX_STEERED) == 0 || !rss_steers(rss, local, remote))
		return owner;
	stats->rss_misplaced += owner != worker;
	uint64_t changes = __atomic_load_n(&nic->ports[pkt->port].changes, __ATOMIC_RELAXED);
	if (stats->rss_checked < NIC_RSS_CHECKS * (changes + 1) && pkt->hash != 0) {
		stats->rss_checked++;
		stats->rss_differs += pkt->hash != rss_toeplitz(rss, local, remote);
	}
	return owner;
}
