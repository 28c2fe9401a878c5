// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/ip/stack.h"
#include "dataplane/ip/wire.h"

struct arp {
	uint16_t operation;
	struct neighbour sender;
	struct ip_addr target;
};

// RFC 826, "Packet Reception", its first questions. Returns NULL, or the counter of the rule that
// was broken.
static uint64_t *parse(struct ip *ip, const struct pkt *pkt, struct arp *arp)
{
	struct cursor c = cursor_of(pkt_span(pkt));

	uint16_t hardware = cursor_be16(&c), protocol = cursor_be16(&c);
	uint8_t hardware_len = cursor_u8(&c), protocol_len = cursor_u8(&c);
	arp->operation = cursor_be16(&c);
	struct span mac = cursor_bytes(&c, sizeof(arp->sender.mac));
	arp->sender.port = pkt->port;
	arp->sender.addr = ip4_read_addr(&c);
	(void)cursor_bytes(&c, sizeof(arp->sender.mac));
	arp->target = ip4_read_addr(&c);
	if (c.bad)
		return &ip->stats.drop_short;
	if (hardware != ARP_HARDWARE_ETHERNET || protocol != ETH_TYPE_IP4 ||
	    hardware_len != sizeof(arp->sender.mac) || protocol_len != sizeof(uint32_t))
		return &ip->stats.arp_refused;
	memcpy(&arp->sender.mac, mac.p, sizeof(arp->sender.mac));
	return NULL;
}

static void send(
	struct ip *ip, uint8_t port, uint16_t operation, const struct ip_addr *sender,
	const struct eth_addr *target_mac, const struct ip_addr *target, const struct eth_addr *dest
)
{
	struct pkt *pkt = pkt_get(ip->pool);
	if (pkt == NULL) {
		ip->stats.drop_no_memory++;
		return;
	}
	uint8_t *p = pkt_extend(pkt, ARP_PACKET);
	if (p == NULL) {
		ip_drop(pkt, &ip->stats.drop_no_memory);
		return;
	}
	put_be16(p, ARP_HARDWARE_ETHERNET);
	put_be16(p + 2, ETH_TYPE_IP4);
	p[4] = sizeof(*target_mac);
	p[5] = sizeof(uint32_t);
	put_be16(p + 6, operation);
	memcpy(p + 8, &ip->config.ports[port].mac, 6);
	memcpy(p + 14, sender->b + 12, 4);
	memcpy(p + 18, target_mac, 6);
	memcpy(p + 24, target->b + 12, 4);
	eth_transmit(ip, pkt, port, dest, ETH_TYPE_ARP);
}

void arp_request(struct ip *ip, const struct neighbour *neighbour, bool unicast)
{
	static const struct eth_addr unknown, all = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
	const struct ip_addr *own = route_source(ip, neighbour->port, &neighbour->addr);

	if (own == NULL)
		return;
	ip->stats.arp_requests_sent++;
	send(ip, neighbour->port, ARP_REQUEST, own, &unknown, &neighbour->addr,
	     unicast ? &neighbour->mac : &all);
}

void arp_announce(struct ip *ip, uint8_t port, const struct ip_addr *own)
{
	static const struct eth_addr unknown, all = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

	send(ip, port, ARP_REQUEST, own, &unknown, own, &all);
}

// A probe for an address conflict (RFC 5227) has no sender address and is answered, not learnt.
static bool is_probe(const struct arp *arp)
{
	return arp->operation == ARP_REQUEST && addr_v4(&arp->sender.addr) == 0;
}

// Could this sender be a neighbour at all? Many addresses may share one MAC (Azure).
static bool sender_is_plausible(const struct ip *ip, const struct arp *arp)
{
	const struct neighbour *sender = &arp->sender;

	return eth_is_station(&sender->mac) &&
	       memcmp(&sender->mac, &ip->config.ports[sender->port].mac, 6) != 0 &&
	       route_is_peer(ip, &sender->addr) &&
	       route_is_on_link(ip, sender->port, &sender->addr);
}

static bool reply_received(struct ip *ip, const struct arp *arp, uint64_t now_ms)
{
	const struct neighbour *sender = &arp->sender;
	struct neighbour_entry *entry = neighbour_find(ip, sender->port, &sender->addr);

	if (entry == NULL)
		return false;
	// A second answer to one question; the first one stands. And a neighbour that is asked by
	// its MAC whether it is still there is the only one to say so.
	bool same = memcmp(&entry->id.mac, &sender->mac, sizeof(sender->mac)) == 0;
	if (entry->state == NEIGHBOUR_REACHABLE || (entry->state == NEIGHBOUR_PROBING && !same))
		return same;
	neighbour_confirm(ip, entry, &sender->mac, now_ms);
	return true;
}

static bool request_received(struct ip *ip, const struct arp *arp, uint64_t now_ms)
{
	const struct neighbour *sender = &arp->sender;

	if (!is_probe(arp) && !neighbour_learn(ip, sender, now_ms))
		return false;
	ip->stats.arp_replies_sent++;
	send(ip, sender->port, ARP_REPLY, &arp->target, &sender->mac, &sender->addr, &sender->mac);
	return true;
}

enum ip_verdict arp_input(struct ip *ip, struct pkt *pkt, uint64_t now_ms)
{
	struct arp arp;

	ip->stats.rx_arp++;
	uint64_t *fault = parse(ip, pkt, &arp);
	if (fault != NULL)
		return ip_drop(pkt, fault);
	bool believed =
		is_probe(&arp) ? eth_is_station(&arp.sender.mac) : sender_is_plausible(ip, &arp);
	// What others say to each other is neither learnt nor counted against them.
	if (believed && route_is_answered(ip, arp.sender.port, &arp.target)) {
		if (arp.operation == ARP_REQUEST)
			believed = request_received(ip, &arp, now_ms);
		else if (arp.operation == ARP_REPLY)
			believed = reply_received(ip, &arp, now_ms);
		else
			believed = false;
	}
	if (!believed)
		ip->stats.arp_refused++;
	pkt_put(pkt);
	return IP_CONSUMED;
}
