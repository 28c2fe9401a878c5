// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/nic/pool.h"

#include <rte_eal.h>

#include <errno.h>
#include <stdio.h>

// mbufs an lcore keeps for itself, per pool. A packet that was handed over is freed into the other
// lcore's cache and returns by way of the pool's own stack, which takes several producers.
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

// rte_pktmbuf_pool_create with one difference: where device addresses are virtual ones, buffers may
// cross a page, so they lie one behind the other. Without huge pages each would else fill a page of
// its own, and net_af_xdp, which takes a pool's memory to be its buffers and nothing between, would
// register too little of it: frames from the rest vanish as invalid descriptors. And another: what
// was given back last is taken first, for a core's cache may still hold it. DPDK's own choice, a
// ring, goes through the whole pool in turn, all of which no cache holds.
static struct rte_mempool *make_pool(
	const char *kind, unsigned worker, uint32_t count, uint16_t private, uint16_t room
)
{
	char name[RTE_MEMPOOL_NAMESIZE];
	struct rte_pktmbuf_pool_private priv = {
		.mbuf_data_room_size = room,
		.mbuf_priv_size = private};
	unsigned flags = rte_eal_iova_mode() == RTE_IOVA_VA ? RTE_MEMPOOL_F_NO_IOVA_CONTIG : 0;

	snprintf(name, sizeof(name), "%s%u", kind, worker);
	struct rte_mempool *mp = rte_mempool_create_empty(
		name, count, sizeof(struct rte_mbuf) + private + room, CACHE, sizeof(priv),
		SOCKET_ID_ANY, flags
	);
	if (mp == NULL)
		return NULL;
	rte_pktmbuf_pool_init(mp, &priv);
	if (rte_mempool_set_ops_byname(mp, "stack", NULL) != 0 ||
	    rte_mempool_populate_default(mp) < 0) {
		rte_mempool_free(mp);
		return NULL;
	}
	rte_mempool_obj_iter(mp, rte_pktmbuf_init, NULL);
	return mp;
}

int nic_pool_init(
	struct nic_pool *pool, unsigned worker, uint32_t packets, uint32_t dataroom,
	uint32_t indirect
)
{
	*pool = (struct nic_pool){.pool = {pool_get_pkt, pool_put_pkt, dataroom}};
	pool->mbufs = make_pool(
		"packets", worker, packets, NIC_PRIVATE, (uint16_t)(RTE_PKTMBUF_HEADROOM + dataroom)
	);
	pool->indirect = make_pool("indirect", worker, indirect, 0, 0);
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
	// Beside the mbufs: an object's header, its slot in the pool's stack, and per pool a cache
	// for every lcore there might be.
	uint64_t head = sizeof(struct rte_mbuf) + sizeof(struct rte_mempool_objhdr) + 64;
	uint64_t packet = head + NIC_PRIVATE + RTE_PKTMBUF_HEADROOM + dataroom;
	uint64_t pool = RTE_MEMPOOL_HEADER_SIZE((struct rte_mempool *)NULL, CACHE);

	return 2 * pool + packets * packet + indirect * head;
}
