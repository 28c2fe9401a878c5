// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// One worker's mbufs as a struct pkt_pool.

#pragma once

#include "dataplane/base/pkt.h"

#include <rte_mbuf.h>

// Room for a struct pkt behind the mbuf's head; a multiple of a cache line, so that data is
// aligned.
enum nic_pool_size { NIC_PRIVATE = 128 };
static_assert(sizeof(struct pkt) <= NIC_PRIVATE);
static_assert(RTE_PKTMBUF_HEADROOM >= PKT_HEADROOM);

struct nic_pool {
	struct pkt_pool pool; // first: pool.c casts
	struct rte_mempool *mbufs;
	struct rte_mempool *indirect; // heads without data, for borrowed payloads
};

// `packets` mbufs with `dataroom` bytes behind the headroom, and `indirect` heads. Out: *pool.
// Returns 0 or -ENOMEM. Free with nic_pool_fini, which accepts a half-built one.
int nic_pool_init(
	struct nic_pool *pool, unsigned worker, uint32_t packets, uint32_t dataroom,
	uint32_t indirect
) must_check;
void nic_pool_fini(struct nic_pool *pool);

// Bytes that nic_pool_init takes, roughly and not too little.
uint64_t nic_pool_bytes(uint32_t packets, uint32_t dataroom, uint32_t indirect);

static inline struct rte_mbuf *mbuf_of(struct pkt *pkt)
{
	return (struct rte_mbuf *)pkt - 1;
}

// Lay a fresh packet, one reference, over an mbuf that a pool or a driver gave us.
static inline struct pkt *pkt_of(struct rte_mbuf *mbuf, struct pkt_pool *pool)
{
	struct pkt *pkt = rte_mbuf_to_priv(mbuf);

	*pkt = (struct pkt){
		.data = rte_pktmbuf_mtod(mbuf, uint8_t *),
		.len = mbuf->data_len,
		.refs = 1,
		.base = mbuf->buf_addr,
		.size = mbuf->buf_len,
		.pool = pool,
	};
	return pkt;
}
