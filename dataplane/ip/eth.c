// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/ip/stack.h"
#include "dataplane/ip/wire.h"

static const struct eth_addr broadcast = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

static bool eth_equal(const struct eth_addr *a, const struct eth_addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

bool eth_is_station(const struct eth_addr *addr)
{
	static const struct eth_addr nobody;

	return (addr->b[0] & 1) == 0 && !eth_equal(addr, &nobody);
}

// RFC 2464 7: the groups of IPv6.
static bool is_group6(const struct eth_addr *addr)
{
	return addr->b[0] == 0x33 && addr->b[1] == 0x33;
}

// What is behind the tag, which must be the port's. Out: *type. Returns false when it is another's.
static bool tag_read(
	const struct ip_port_config *port, const struct pkt *pkt, struct cursor *c, uint16_t *type
)
{
	uint16_t tag = (pkt->flags & PKT_RX_VLAN) != 0 ? pkt->vlan : 0;

	if ((pkt->flags & PKT_RX_VLAN) == 0 && *type == ETH_TYPE_VLAN) {
		tag = cursor_be16(c);
		*type = cursor_be16(c);
	}
	return (tag & ETH_VLAN_ID) == port->vlan && *type != ETH_TYPE_VLAN &&
	       *type != ETH_TYPE_SERVICE;
}

enum ip_verdict ip_input(
	struct ip *ip, struct pkt *pkt, uint64_t now_ms, struct ip_segment *segment
)
{
	struct cursor c = cursor_of(pkt_span(pkt));
	enum ip_verdict verdict;
	struct eth_addr dest;

	ip->stats.rx++;
	struct span to = cursor_bytes(&c, sizeof(dest));
	(void)cursor_bytes(&c, sizeof(dest));
	uint16_t type = cursor_be16(&c);
	if (c.bad)
		return ip_drop(pkt, &ip->stats.drop_short);
	if (pkt->port >= ip->config.n_ports)
		return ip_drop(pkt, &ip->stats.drop_not_ours);
	bool tag_is_ours = tag_read(&ip->config.ports[pkt->port], pkt, &c, &type);
	if (c.bad)
		return ip_drop(pkt, &ip->stats.drop_short);
	if (!tag_is_ours)
		return ip_drop(pkt, &ip->stats.drop_vlan);
	uint32_t header_len = pkt->len - (uint32_t)cursor_left(&c);

	// A port may be promiscuous. A datagram in a broadcast frame is not for a unicast address
	// (RFC 1122 3.3.6); ARP requests come that way.
	memcpy(&dest, to.p, sizeof(dest));
	bool to_group = (type == ETH_TYPE_ARP && eth_equal(&dest, &broadcast)) ||
			(type == ETH_TYPE_IP6 && is_group6(&dest));
	if (!to_group && !eth_equal(&dest, &ip->config.ports[pkt->port].mac))
		return ip_drop(pkt, &ip->stats.drop_not_ours);

	switch (type) {
	case ETH_TYPE_ARP:
		if (!ip->config.owner)
			return IP_OWNER;
		pkt_pull(pkt, header_len);
		return arp_input(ip, pkt, now_ms);
	case ETH_TYPE_IP4:
		pkt_pull(pkt, header_len);
		verdict = ip4_input(ip, pkt, now_ms, segment);
		break;
	case ETH_TYPE_IP6:
		pkt_pull(pkt, header_len);
		verdict = ip6_input(ip, pkt, to_group, now_ms, segment);
		break;
	default:
		return ip_drop(pkt, &ip->stats.drop_protocol);
	}
	if (verdict == IP_OWNER)
		(void)pkt_push(pkt, header_len); // it was there
	return verdict;
}

void eth_transmit(
	struct ip *ip, struct pkt *pkt, uint8_t port, const struct eth_addr *dest, uint16_t type
)
{
	uint16_t vlan = ip->config.ports[port].vlan;
	uint32_t header_len = ETH_HEADER + (vlan != 0 ? ETH_TAG : 0);
	uint8_t *header = pkt_push(pkt, header_len);

	if (header == NULL) {
		ip_drop(pkt, &ip->stats.drop_no_memory);
		return;
	}
	memcpy(header, dest, sizeof(*dest));
	memcpy(header + 6, &ip->config.ports[port].mac, sizeof(*dest));
	if (vlan != 0) {
		put_be16(header + 12, ETH_TYPE_VLAN);
		put_be16(header + 14, vlan);
	}
	put_be16(header + header_len - 2, type);
	pkt->port = port;
	pkt->l2_len = (uint8_t)header_len;
	ip->stats.tx++;
	ip->ops.transmit(ip->ops.ctx, pkt);
}
