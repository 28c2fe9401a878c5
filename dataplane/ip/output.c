// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/ip/checksum.h"
#include "dataplane/ip/stack.h"
#include "dataplane/ip/wire.h"

#include <assert.h>
#include <errno.h>

static int refuse(struct pkt *pkt, uint64_t *counter, int error)
{
	ip_drop(pkt, counter);
	return error;
}

int ip4_output(
	struct ip *ip, struct pkt *pkt, uint8_t protocol, const struct ip_addr *remote,
	const struct hop *hop, uint64_t now_ms
)
{
	const struct ip_port_config *port = &ip->config.ports[hop->port];
	uint32_t len = IP4_HEADER + pkt_wire_len(pkt);

	if (len > port->mtu)
		return refuse(pkt, &ip->stats.drop_too_big, -EMSGSIZE);
	uint8_t *header = pkt_push(pkt, IP4_HEADER);
	if (header == NULL)
		return refuse(pkt, &ip->stats.drop_no_memory, ERR_POOL_EMPTY);
	header[0] = IP4_VERSION << 4 | IP4_HEADER / 4;
	header[1] = (pkt->flags & PKT_TX_ECT) != 0 ? IP_ECT_0 : 0;
	put_be16(header + 2, (uint16_t)len);
	put_be16(header + 4, 0); // RFC 6864 4.1: what is never fragmented needs no identification
	put_be16(header + 6, IP4_DONT_FRAGMENT);
	header[8] = IP4_TTL;
	header[9] = protocol;
	put_be16(header + 10, 0);
	memcpy(header + 12, hop->local.b + 12, 4);
	memcpy(header + 16, remote->b + 12, 4);
	pkt->l3_len = IP4_HEADER;
	if ((port->tx_offload & PKT_TX_IP_CSUM) != 0) {
		pkt->flags |= PKT_TX_IP_CSUM;
	} else {
		uint16_t sum = (uint16_t)~checksum_fold(checksum_add(0, header, IP4_HEADER));
		memcpy(header + 10, &sum, sizeof(sum));
	}
	return neighbour_output(ip, pkt, hop, now_ms);
}

bool ip6_push(
	struct pkt *pkt, uint8_t protocol, uint8_t hop_limit, const struct ip_addr *source,
	const struct ip_addr *dest
)
{
	uint16_t len = (uint16_t)pkt_wire_len(pkt);
	uint8_t *header = pkt_push(pkt, IP6_HEADER);

	if (header == NULL)
		return false;
	memset(header, 0, 4); // neither service class nor flow label
	header[0] = IP6_VERSION << 4;
	header[1] = (pkt->flags & PKT_TX_ECT) != 0 ? IP_ECT_0 << 4 : 0;
	put_be16(header + 4, len);
	header[6] = protocol;
	header[7] = hop_limit;
	memcpy(header + 8, source, sizeof(*source));
	memcpy(header + 24, dest, sizeof(*dest));
	pkt->l3_len = IP6_HEADER;
	return true;
}

int ip6_output(
	struct ip *ip, struct pkt *pkt, uint8_t protocol, uint8_t hop_limit,
	const struct ip_addr *remote, const struct hop *hop, uint64_t now_ms
)
{
	if (IP6_HEADER + pkt_wire_len(pkt) > ip->config.ports[hop->port].mtu)
		return refuse(pkt, &ip->stats.drop_too_big, -EMSGSIZE);
	if (!ip6_push(pkt, protocol, hop_limit, &hop->local, remote))
		return refuse(pkt, &ip->stats.drop_no_memory, ERR_POOL_EMPTY);
	return neighbour_output(ip, pkt, hop, now_ms);
}

// Fill in the TCP checksum, or what the port needs to do it: the pseudo header's folded sum.
static void tcp_checksum_fill(
	struct pkt *pkt, uint16_t offload, const struct ip_addr *local, const struct ip_addr *remote
)
{
	uint64_t sum = checksum_pseudo(local, remote, IP_PROTOCOL_TCP, pkt_wire_len(pkt));
	uint16_t field;

	if ((offload & PKT_TX_TCP_CSUM) != 0) {
		pkt->flags |= PKT_TX_TCP_CSUM;
		field = checksum_fold(sum);
	} else {
		field = (uint16_t)~checksum_fold(sum + checksum_pkt(pkt));
	}
	memcpy(pkt->data + TCP_CHECKSUM_AT, &field, sizeof(field));
}

// route_find, of which the last answer is kept. Out: *hop.
static int find_hop(
	struct ip *ip, const struct ip_addr *local, const struct ip_addr *remote,
	const struct hop **hop
)
{
	*hop = &ip->last.hop;
	if (addr_equal(&ip->last.remote, remote) && addr_equal(&ip->last.local, local))
		return 0;
	struct hop found;
	int r = route_find(ip, local, remote, &found);
	if (r != 0)
		return r;
	ip->last.local = *local;
	ip->last.remote = *remote;
	ip->last.hop = found;
	return 0;
}

int ip_output(
	struct ip *ip, struct pkt *pkt, const struct ip_addr *local, const struct ip_addr *remote,
	uint64_t now_ms
)
{
	const struct hop *hop;

	assert(pkt->len >= TCP_HEADER); // tcp/ built it
	int r = find_hop(ip, local, remote, &hop);
	if (r != 0)
		return refuse(pkt, &ip->stats.drop_no_route, r);
	pkt->flags &= PKT_TX_ECT;
	pkt->l4_len = (uint8_t)((pkt->data[TCP_DATA_OFFSET_AT] >> 4) * 4);
	tcp_checksum_fill(pkt, ip->config.ports[hop->port].tx_offload, local, remote);
	if (addr_is_v4(remote))
		return ip4_output(ip, pkt, IP_PROTOCOL_TCP, remote, hop, now_ms);
	return ip6_output(ip, pkt, IP_PROTOCOL_TCP, IP6_HOP_LIMIT, remote, hop, now_ms);
}
