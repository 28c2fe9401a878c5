// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/nic/pool.h"

#include <errno.h>
#include <stdio.h>

// mbufs an lcore keeps for itself, per pool. A packet that was handed over is freed into the other
// lcore's cache and returns by way of the pool's own ring, which takes several producers.
enum { CACHE = 256 };

static struct pkt *pool_get_pkt(struct pkt_pool *pkts)
{
	struct nic_pool *pool = (struct nic_pool *)pkts;
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool->mbufs);

	return mbuf == NULL ? NULL : pkt_of(mbuf, pkts);
}

// The mbuf may live on: an indirect one in a transmit ring can hold it.
static void pool_put_pkt(struct pkt_pool *, struct pkt *pkt)
{
	rte_pktmbuf_free(mbuf_of(pkt));
}

int nic_pool_init(
	struct nic_pool *pool, unsigned worker, uint32_t packets, uint32_t dataroom,
	uint32_t indirect
)
{
	char name[RTE_MEMPOOL_NAMESIZE];

	*pool = (struct nic_pool){.pool = {pool_get_pkt, pool_put_pkt}};
	snprintf(name, sizeof(name), "packets%u", worker);
	pool->mbufs = rte_pktmbuf_pool_create(
		name, packets, CACHE, NIC_PRIVATE, (uint16_t)(RTE_PKTMBUF_HEADROOM + dataroom),
		SOCKET_ID_ANY
	);
	snprintf(name, sizeof(name), "indirect%u", worker);
	pool->indirect = rte_pktmbuf_pool_create(name, indirect, CACHE, 0, 0, SOCKET_ID_ANY);
	if (pool->mbufs == NULL || pool->indirect == NULL) {
		nic_pool_fini(pool);
		return -ENOMEM;
	}
	return 0;
}

void nic_pool_fini(struct nic_pool *pool)
{
	rte_mempool_free(pool->mbufs);
	rte_mempool_free(pool->indirect);
	pool->mbufs = NULL;
	pool->indirect = NULL;
}

uint64_t nic_pool_bytes(uint32_t packets, uint32_t dataroom, uint32_t indirect)
{
	// Beside the mbufs: an object's header, its slot in the pool's ring (whose size is rounded
	// up to a power of two), and per pool a cache for every lcore there might be.
	uint64_t head = sizeof(struct rte_mbuf) + sizeof(struct rte_mempool_objhdr) + 64;
	uint64_t packet = head + NIC_PRIVATE + RTE_PKTMBUF_HEADROOM + dataroom;
	uint64_t pool = RTE_MEMPOOL_HEADER_SIZE((struct rte_mempool *)NULL, CACHE);

	return 2 * pool + packets * packet + indirect * head;
}
