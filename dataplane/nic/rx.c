// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/nic/rx.h"

#include "dataplane/nic/offload.h"

#include <rte_ethdev.h>

// Can the packet be laid over this mbuf? net_ring passes on what the sender queued: it must be a
// buffer of ours with a private area, held by nobody else.
static bool is_usable(const struct rte_mbuf *mbuf)
{
	return RTE_MBUF_DIRECT(mbuf) && mbuf->priv_size == NIC_PRIVATE &&
	       rte_mbuf_refcnt_read(mbuf) == 1;
}

uint32_t rx_burst(
	const struct nic_port *port, uint8_t index, uint16_t queue, struct nic_pool *pool,
	struct nic_stats *stats, struct pkt *pkts[static NIC_BURST]
)
{
	struct rte_mbuf *mbufs[NIC_BURST];
	uint16_t n = rte_eth_rx_burst(port->id, queue, mbufs, NIC_BURST);
	uint16_t steered = port->rss.toeplitz ? PKT_RX_STEERED : 0;
	uint32_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *mbuf = mbufs[i];

		if (i + 1 < n)
			rte_prefetch0(rte_pktmbuf_mtod(mbufs[i + 1], void *));
		if (!is_usable(mbuf)) {
			stats->rx_foreign++;
			rte_pktmbuf_free(mbuf);
			continue;
		}
		if (mbuf->nb_segs > 1 && rte_pktmbuf_linearize(mbuf) < 0) {
			stats->rx_segmented++;
			rte_pktmbuf_free(mbuf);
			continue;
		}
		struct pkt *pkt = pkt_of(mbuf, &pool->pool);
		pkt->port = index;
		pkt->flags = offload_received(mbuf->ol_flags) | steered;
		if (mbuf->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) {
			pkt->flags |= PKT_RX_VLAN;
			pkt->vlan = mbuf->vlan_tci;
		}
		if (mbuf->ol_flags & RTE_MBUF_F_RX_RSS_HASH)
			pkt->hash = mbuf->hash.rss;
		stats->rx_bytes += pkt->len;
		pkts[kept++] = pkt;
	}
	stats->rx_packets += kept;
	return kept;
}
