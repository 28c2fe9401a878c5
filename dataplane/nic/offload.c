// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/nic/offload.h"

#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_tcp.h>

uint64_t offload_flags(const struct pkt *pkt)
{
	uint64_t flags = 0;

	if (pkt->flags & PKT_TX_IP_CSUM)
		flags |= RTE_MBUF_F_TX_IP_CKSUM;
	if (pkt->flags & PKT_TX_TCP_CSUM)
		flags |= RTE_MBUF_F_TX_TCP_CKSUM;
	if (flags == 0)
		return 0;
	bool v4 = pkt->data[pkt->l2_len] >> 4 == 4;
	return flags | (v4 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6);
}

uint64_t offload_wanted(uint64_t offloads)
{
	return ((offloads & RTE_ETH_TX_OFFLOAD_IPV4_CKSUM) != 0 ? RTE_MBUF_F_TX_IP_CKSUM : 0) |
	       ((offloads & RTE_ETH_TX_OFFLOAD_TCP_CKSUM) != 0 ? RTE_MBUF_F_TX_TCP_CKSUM : 0) |
	       ((offloads & RTE_ETH_TX_OFFLOAD_TCP_TSO) != 0 ? RTE_MBUF_F_TX_TCP_SEG : 0);
}

// Unknown means that nobody looked: ip/ does. None means that the field is not filled in, for the
// bytes never left this machine or were checked by other means (a paravirtual device says so).
uint16_t offload_received(uint64_t flags)
{
	uint64_t ip = flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;
	uint64_t l4 = flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	uint16_t good = 0;

	if (ip == RTE_MBUF_F_RX_IP_CKSUM_BAD || l4 == RTE_MBUF_F_RX_L4_CKSUM_BAD)
		return PKT_RX_CSUM_BAD;
	if (ip == RTE_MBUF_F_RX_IP_CKSUM_GOOD || ip == RTE_MBUF_F_RX_IP_CKSUM_NONE)
		good |= PKT_RX_IP_CSUM_GOOD;
	if (l4 == RTE_MBUF_F_RX_L4_CKSUM_GOOD || l4 == RTE_MBUF_F_RX_L4_CKSUM_NONE)
		good |= PKT_RX_L4_CSUM_GOOD;
	return good;
}

bool offload_finish(struct rte_mbuf *mbuf, uint64_t missing)
{
	uint32_t l4_at = mbuf->l2_len + mbuf->l3_len;
	uint16_t sum;

	missing &= mbuf->ol_flags;
	if ((missing & RTE_MBUF_F_TX_TCP_SEG) != 0)
		return false;
	if ((missing & RTE_MBUF_F_TX_IP_CKSUM) != 0) {
		struct rte_ipv4_hdr *ip =
			rte_pktmbuf_mtod_offset(mbuf, struct rte_ipv4_hdr *, mbuf->l2_len);
		ip->hdr_checksum = 0;
		ip->hdr_checksum = rte_ipv4_cksum(ip);
	}
	// The pseudo header's sum is in the field, so the sum over all is the checksum's
	// complement.
	if ((missing & RTE_MBUF_F_TX_TCP_CKSUM) != 0) {
		struct rte_tcp_hdr *tcp =
			rte_pktmbuf_mtod_offset(mbuf, struct rte_tcp_hdr *, l4_at);
		if (rte_raw_cksum_mbuf(mbuf, l4_at, mbuf->pkt_len - l4_at, &sum) != 0)
			return false;
		tcp->cksum = (uint16_t)~sum;
	}
	mbuf->ol_flags &= ~missing;
	return true;
}
