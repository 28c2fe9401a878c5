// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// RFC 4861, of hosts, for neighbours only. Our own addresses are configured, as is the router, so
// that neither router advertisements nor redirects are obeyed and nobody is asked whether an
// address is taken (RFC 4862 5.4 is for addresses that a host gives itself).

#include "dataplane/ip/stack.h"
#include "dataplane/ip/wire.h"

#include <string.h>

enum { OPTION_UNIT = 8, OPTION_MAC_UNITS = 1 };

struct nd {
	uint8_t type;
	uint8_t flags; // of an advertisement
	bool has_mac;  // the option with the address of the sender, or of the target
	struct eth_addr mac;
	struct ip_addr target;
};

static const struct ip_addr all_nodes = {{0xff, 2, [15] = 1}};

struct ip_addr nd_group(const struct ip_addr *addr)
{
	struct ip_addr group = {{0xff, 2, [11] = 1, [12] = 0xff}};

	memcpy(group.b + 13, addr->b + 13, 3);
	return group;
}

// RFC 2464 7.
static struct eth_addr group_mac(const struct ip_addr *group)
{
	struct eth_addr mac = {{0x33, 0x33}};

	memcpy(mac.b + 2, group->b + 12, 4);
	return mac;
}

bool nd_is_for_owner(const struct pkt *pkt, const struct ip6_header *header)
{
	struct cursor c = cursor_of(pkt_span(pkt));

	(void)cursor_bytes(&c, header->header_len);
	uint8_t type = cursor_u8(&c);
	return type == ND_SOLICITATION || type == ND_ADVERTISEMENT;
}

// Returns false when they are malformed.
static bool options_parse(struct cursor *c, uint8_t wanted, struct nd *nd)
{
	while (cursor_left(c) > 0) {
		uint8_t type = cursor_u8(c), units = cursor_u8(c);
		if (units == 0)
			return false;
		struct span value = cursor_bytes(c, (size_t)units * OPTION_UNIT - 2);
		if (c->bad)
			return false;
		if (type == wanted && units == OPTION_MAC_UNITS) {
			memcpy(&nd->mac, value.p, sizeof(nd->mac));
			nd->has_mac = true;
		}
	}
	return true;
}

// RFC 4861 7.1.1 and 7.1.2, what both have in common; the checksum is checked. Returns NULL, or the
// counter of the rule that was broken.
static uint64_t *parse(
	struct ip *ip, const struct pkt *pkt, const struct ip6_header *header, struct nd *nd
)
{
	struct cursor c = cursor_of(pkt_span(pkt));

	*nd = (struct nd){.type = cursor_u8(&c)};
	uint8_t code = cursor_u8(&c);
	(void)cursor_be16(&c);
	nd->flags = (uint8_t)(cursor_be32(&c) >> 24);
	nd->target = ip6_read_addr(&c);
	if (c.bad)
		return &ip->stats.drop_short;
	// 255: nobody has forwarded it, so it is from a neighbour. RFC 6980 5: never in fragments.
	if (header->hop_limit != ND_HOP_LIMIT || code != 0 || header->fragment_at != 0 ||
	    addr_is_group(&nd->target) || addr_is_v4(&nd->target))
		return &ip->stats.nd_refused;
	uint8_t wanted = nd->type == ND_SOLICITATION ? ND_OPTION_SOURCE : ND_OPTION_TARGET;
	if (!options_parse(&c, wanted, nd))
		return &ip->stats.nd_refused;
	return NULL;
}

static struct pkt *message_new(
	struct ip *ip, uint8_t type, uint8_t flags, const struct ip_addr *target, bool with_mac,
	uint8_t port
)
{
	uint32_t n = ND_MESSAGE + (with_mac ? OPTION_UNIT : 0);
	struct pkt *pkt = pkt_get(ip->pool);
	uint8_t *p = pkt == NULL ? NULL : pkt_extend(pkt, n);

	if (p == NULL) {
		pkt_put(pkt);
		ip->stats.drop_no_memory++;
		return NULL;
	}
	memset(p, 0, n);
	p[0] = type;
	p[4] = flags;
	memcpy(p + 8, target, sizeof(*target));
	if (with_mac) {
		p[ND_MESSAGE] = type == ND_SOLICITATION ? ND_OPTION_SOURCE : ND_OPTION_TARGET;
		p[ND_MESSAGE + 1] = OPTION_MAC_UNITS;
		memcpy(p + ND_MESSAGE + 2, &ip->config.ports[port].mac, sizeof(struct eth_addr));
	}
	return pkt;
}

// To a station or a group whose MAC is known.
static void send_to(
	struct ip *ip, struct pkt *pkt, uint8_t port, const struct ip_addr *source,
	const struct ip_addr *dest, const struct eth_addr *mac
)
{
	icmp6_seal(pkt, source, dest);
	if (ip6_push(pkt, IP_PROTOCOL_ICMP6, ND_HOP_LIMIT, source, dest))
		eth_transmit(ip, pkt, port, mac, ETH_TYPE_IP6);
	else
		ip_drop(pkt, &ip->stats.drop_no_memory);
}

void nd_solicit(struct ip *ip, const struct neighbour *neighbour, bool unicast)
{
	const struct ip_addr *own = route_source(ip, neighbour->port, &neighbour->addr);
	struct ip_addr group = nd_group(&neighbour->addr);
	struct eth_addr to = unicast ? neighbour->mac : group_mac(&group);

	if (own == NULL)
		return;
	struct pkt *pkt =
		message_new(ip, ND_SOLICITATION, 0, &neighbour->addr, true, neighbour->port);
	if (pkt == NULL)
		return;
	ip->stats.nd_solicitations_sent++;
	send_to(ip, pkt, neighbour->port, own, unicast ? &neighbour->addr : &group, &to);
}

// 7.2.4; `to` is NULL when nobody in particular is meant.
static void advertise(
	struct ip *ip, uint8_t port, const struct ip_addr *own, const struct ip_addr *to,
	uint64_t now_ms
)
{
	struct eth_addr group = group_mac(&all_nodes);
	struct hop hop;
	uint8_t flags = (uint8_t)(ND_OVERRIDE | (to != NULL ? ND_SOLICITED : 0));
	struct pkt *pkt = message_new(ip, ND_ADVERTISEMENT, flags, own, true, port);

	if (pkt == NULL)
		return;
	ip->stats.nd_advertisements_sent++;
	if (to == NULL) {
		send_to(ip, pkt, port, own, &all_nodes, &group);
		return;
	}
	hop = (struct hop){port, *to, *own};
	icmp6_seal(pkt, own, to);
	(void)ip6_output(ip, pkt, IP_PROTOCOL_ICMP6, ND_HOP_LIMIT, to, &hop, now_ms);
}

void nd_announce(struct ip *ip, uint8_t port, const struct ip_addr *own, uint64_t now_ms)
{
	advertise(ip, port, own, NULL, now_ms);
}

// Could this be a neighbour at all?
static bool is_plausible(const struct ip *ip, uint8_t port, const struct ip_addr *addr)
{
	return route_is_peer(ip, addr) && route_is_on_link(ip, port, addr);
}

static bool mac_is_plausible(const struct ip *ip, uint8_t port, const struct eth_addr *mac)
{
	return eth_is_station(mac) && memcmp(mac, &ip->config.ports[port].mac, sizeof(*mac)) != 0;
}

// 7.1.1, 7.2.3.
static bool solicitation_received(
	struct ip *ip, uint8_t port, const struct ip6_header *header, const struct nd *nd,
	uint64_t now_ms
)
{
	bool nobody = addr_is_any(&header->source);
	struct ip_addr group = nd_group(&nd->target);

	if (nobody) {
		// Somebody wants our address: answered, for it is taken.
		if (nd->has_mac || !addr_equal(&header->dest, &group))
			return false;
	} else if (!is_plausible(ip, port, &header->source) || (nd->has_mac && !mac_is_plausible(ip, port, &nd->mac))) {
		return false;
	}
	if (!route_is_answered(ip, port, &nd->target))
		return true; // others ask each other
	if (!nobody && nd->has_mac) {
		struct neighbour sender = {port, header->source, nd->mac};
		if (!neighbour_learn(ip, &sender, now_ms))
			return false;
	}
	advertise(ip, port, &nd->target, nobody ? NULL : &header->source, now_ms);
	return true;
}

// What nobody asked for is believed when it is to override what we know (7.2.5, 7.2.6).
static bool announcement_received(
	struct ip *ip, const struct neighbour_entry *entry, const struct nd *nd, uint64_t now_ms
)
{
	struct neighbour said = {entry->id.port, entry->id.addr, nd->mac};

	if (memcmp(&entry->id.mac, &nd->mac, sizeof(nd->mac)) == 0)
		return true;
	return (nd->flags & ND_OVERRIDE) != 0 && neighbour_learn(ip, &said, now_ms);
}

// 7.1.2, 7.2.5; as with ARP, the first answer to a question stands.
static bool advertisement_received(
	struct ip *ip, uint8_t port, const struct ip6_header *header, const struct nd *nd,
	uint64_t now_ms
)
{
	bool solicited = (nd->flags & ND_SOLICITED) != 0;
	struct neighbour_entry *entry = neighbour_find(ip, port, &nd->target);

	if ((solicited && addr_is_group(&header->dest)) || addr_is_any(&header->source) ||
	    (nd->has_mac && !mac_is_plausible(ip, port, &nd->mac)) ||
	    !is_plausible(ip, port, &nd->target))
		return false;
	if (entry == NULL)
		return true; // of no interest
	if (entry->state == NEIGHBOUR_INCOMPLETE) {
		if (!nd->has_mac)
			return false;
		neighbour_confirm(ip, entry, &nd->mac, now_ms);
		return true;
	}
	bool same = !nd->has_mac || memcmp(&entry->id.mac, &nd->mac, sizeof(nd->mac)) == 0;
	if (!solicited)
		return same || announcement_received(ip, entry, nd, now_ms);
	if (entry->state == NEIGHBOUR_REACHABLE || !same) // it was asked by the MAC that we know
		return same;
	neighbour_confirm(ip, entry, &entry->id.mac, now_ms);
	return true;
}

enum ip_verdict nd_input(
	struct ip *ip, struct pkt *pkt, const struct ip6_header *header, uint64_t now_ms
)
{
	struct nd nd;

	ip->stats.rx_nd++;
	uint64_t *fault = parse(ip, pkt, header, &nd);
	if (fault != NULL)
		return ip_drop(pkt, fault);
	bool believed = nd.type == ND_SOLICITATION
				? solicitation_received(ip, pkt->port, header, &nd, now_ms)
				: advertisement_received(ip, pkt->port, header, &nd, now_ms);
	if (!believed)
		ip->stats.nd_refused++;
	pkt_put(pkt);
	return IP_CONSUMED;
}
