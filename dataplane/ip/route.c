// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/ip/stack.h"

#include <arpa/inet.h>
#include <errno.h>

static uint32_t host_order(const struct ip_addr *addr)
{
	return ntohl(addr_v4(addr));
}

static struct ip_addr mask_of(uint8_t prefix)
{
	struct ip_addr mask = {0};

	for (uint8_t bit = 0; bit < prefix; bit++)
		mask.b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return mask;
}

static struct route_bits bits_of(const struct ip_addr *addr)
{
	struct route_bits bits;

	memcpy(&bits, addr, sizeof(bits));
	return bits;
}

// `prefix`: of the mapped form. Returns the new one.
static struct route *route_add(
	struct ip *ip, uint8_t port, const struct ip_addr *local, uint8_t prefix
)
{
	struct ip_addr mask = mask_of(prefix);
	uint32_t at = ip->n_routes++;

	for (; at > 0 && ip->routes[at - 1].prefix < prefix; at--)
		ip->routes[at] = ip->routes[at - 1];
	ip->routes[at] = (struct route){
		.net = bits_of(local),
		.mask = bits_of(&mask),
		.prefix = prefix,
		.port = port,
		.answered = true,
		.local = *local,
	};
	return &ip->routes[at];
}

enum { LINK_LOCAL_BITS = 10 };

// RFC 4291 2.8: a port with an address of IPv6 has one of this kind, made from its MAC (2.5.1).
static void add_link_local(struct ip *ip, uint8_t port)
{
	const uint8_t *mac = ip->config.ports[port].mac.b;
	struct ip_addr addr = {{0xfe, 0x80, [11] = 0xff, [12] = 0xfe}};

	memcpy(addr.b + 8, mac, 3);
	memcpy(addr.b + 13, mac + 3, 3);
	addr.b[8] ^= 2;
	(void)route_add(ip, port, &addr, LINK_LOCAL_BITS);
}

static void add_port(struct ip *ip, uint8_t index)
{
	const struct ip_port_config *port = &ip->config.ports[index];
	bool has_v6 = false;

	for (uint8_t i = 0; i < port->n_addrs; i++) {
		const struct ip_addr *addr = &port->addrs[i].addr;
		uint8_t before = addr_is_v4(addr) ? ADDR_MAPPED_BITS : 0;
		if (port->addrs[i].floating) {
			struct route *route = route_add(ip, index, addr, ADDR_BITS);
			route->floating = true;
			route->answered = port->addrs[i].announced;
			continue;
		}
		if (port->addrs[i].prefix > ADDR_BITS - before)
			continue;
		(void)route_add(ip, index, addr, (uint8_t)(before + port->addrs[i].prefix));
		has_v6 = has_v6 || before == 0;
	}
	if (has_v6)
		add_link_local(ip, index);
}

void route_init(struct ip *ip)
{
	for (uint8_t i = 0; i < ip->config.n_ports; i++)
		add_port(ip, i);
}

static bool covers(const struct route *route, const struct ip_addr *addr)
{
	struct route_bits bits = bits_of(addr);

	return ((bits.high ^ route->net.high) & route->mask.high) == 0 &&
	       ((bits.low ^ route->net.low) & route->mask.low) == 0;
}

// The longest prefix that holds `addr`; on `port`, unless that is negative.
static const struct route *on_link(const struct ip *ip, int port, const struct ip_addr *addr)
{
	for (uint32_t i = 0; i < ip->n_routes; i++) {
		const struct route *route = &ip->routes[i];
		if ((port < 0 || route->port == port) && covers(route, addr))
			return route;
	}
	return NULL;
}

// The router of the family of `addr`, or NULL.
static const struct ip_addr *gateway_for(
	const struct ip_port_config *port, const struct ip_addr *addr
)
{
	bool v4 = addr_is_v4(addr);
	const struct ip_addr *gateway = v4 ? &port->gateway : &port->gateway6;

	return addr_is_v4(gateway) == v4 && !addr_is_any(gateway) ? gateway : NULL;
}

bool route_is_own(const struct ip *ip, uint8_t port, const struct ip_addr *addr)
{
	for (uint32_t i = 0; i < ip->n_routes; i++)
		if (ip->routes[i].port == port && addr_equal(&ip->routes[i].local, addr))
			return true;
	return false;
}

bool route_is_answered(const struct ip *ip, uint8_t port, const struct ip_addr *addr)
{
	for (uint32_t i = 0; i < ip->n_routes; i++) {
		const struct route *route = &ip->routes[i];
		if (route->port == port && addr_equal(&route->local, addr))
			return route->answered;
	}
	return false;
}

bool route_is_member(const struct ip *ip, uint8_t port, const struct ip_addr *group)
{
	static const struct ip_addr all_nodes = {{0xff, 2, [15] = 1}};

	for (uint32_t i = 0; i < ip->n_routes; i++) {
		const struct route *route = &ip->routes[i];
		if (route->port != port || addr_is_v4(&route->local) || !route->answered)
			continue;
		struct ip_addr own = nd_group(&route->local);
		if (addr_equal(group, &own) || addr_equal(group, &all_nodes))
			return true;
	}
	return false;
}

bool route_is_on_link(const struct ip *ip, uint8_t port, const struct ip_addr *addr)
{
	const struct ip_addr *gateway = gateway_for(&ip->config.ports[port], addr);

	return on_link(ip, port, addr) != NULL || (gateway != NULL && addr_equal(gateway, addr));
}

// RFC 1122 3.2.1.3 (all hosts of a network), RFC 3021: a prefix of 31 bits has no such address.
static bool is_broadcast(const struct route *route, uint32_t v4)
{
	if (route->prefix >= ADDR_BITS - 1)
		return false;
	uint32_t hosts = UINT32_MAX >> (route->prefix - ADDR_MAPPED_BITS);
	return (v4 & hosts) == 0 || (v4 & hosts) == hosts;
}

// By the address alone: RFC 1122 3.2.1.3, RFC 4291 2.4.
static bool is_unicast(const struct ip_addr *addr, bool v4)
{
	enum { THIS_NETWORK = 0, LOOPBACK = 127, GROUPS = 224 }; // first bytes; groups and above
	static const struct ip_addr loopback = {{[15] = 1}};

	if (!v4)
		return !addr_is_group(addr) && !addr_is_any(addr) && !addr_equal(addr, &loopback);
	return addr->b[12] != THIS_NETWORK && addr->b[12] != LOOPBACK && addr->b[12] < GROUPS;
}

bool route_is_peer(const struct ip *ip, const struct ip_addr *addr)
{
	bool v4 = addr_is_v4(addr);

	if (!is_unicast(addr, v4))
		return false;
	for (uint32_t i = 0; i < ip->n_routes; i++) {
		const struct route *route = &ip->routes[i];
		if (covers(route, addr) && (addr_equal(&route->local, addr) ||
					    (v4 && is_broadcast(route, host_order(addr)))))
			return false;
	}
	return true;
}

const struct ip_addr *route_source(const struct ip *ip, uint8_t port, const struct ip_addr *next)
{
	const struct route *route = on_link(ip, port, next);

	if (route != NULL)
		return &route->local;
	// The gateway lies outside of every prefix: any address of the port and family will do.
	for (uint32_t i = 0; i < ip->n_routes; i++) {
		route = &ip->routes[i];
		if (route->port == port && !route->floating &&
		    addr_is_v4(&route->local) == addr_is_v4(next))
			return &route->local;
	}
	return NULL;
}

static int owner_of(const struct ip *ip, const struct ip_addr *local)
{
	for (uint32_t i = 0; i < ip->n_routes; i++)
		if (addr_equal(&ip->routes[i].local, local))
			return ip->routes[i].port;
	return -1;
}

// The port's own address towards what is behind its gateway: one in the gateway's network, or any
// that is worth something beyond the link.
static const struct ip_addr *source_beyond(
	const struct ip *ip, uint8_t port, const struct ip_addr *gateway
)
{
	const struct ip_addr *source = route_source(ip, port, gateway);

	if (source == NULL || !addr_is_link_local(source))
		return source;
	for (uint32_t i = 0; i < ip->n_routes; i++) {
		const struct route *route = &ip->routes[i];
		if (route->port == port && !route->floating && !addr_is_v4(&route->local) &&
		    !addr_is_link_local(&route->local))
			return &route->local;
	}
	return source;
}

static int through_gateway(
	const struct ip *ip, int only_port, const struct ip_addr *remote, struct hop *hop
)
{
	for (uint8_t i = 0; i < ip->config.n_ports; i++) {
		const struct ip_addr *gateway = gateway_for(&ip->config.ports[i], remote);
		if ((only_port >= 0 && i != only_port) || gateway == NULL)
			continue;
		const struct ip_addr *source = source_beyond(ip, i, gateway);
		if (source == NULL)
			continue;
		*hop = (struct hop){i, *gateway, *source};
		return 0;
	}
	return -EHOSTUNREACH;
}

// RFC 1122 3.3.4.2, the strong model: an address is used on its own port only, in and out.
int route_find(
	const struct ip *ip, const struct ip_addr *local, const struct ip_addr *remote,
	struct hop *hop
)
{
	int port = local == NULL ? -1 : owner_of(ip, local);

	if ((local != NULL && port < 0) || !route_is_peer(ip, remote))
		return -EHOSTUNREACH;
	if (local != NULL && addr_is_v4(local) != addr_is_v4(remote))
		return -EHOSTUNREACH;
	const struct route *route = on_link(ip, port, remote);
	if (route != NULL) {
		*hop = (struct hop){route->port, *remote, route->local};
	} else {
		int r = through_gateway(ip, port, remote, hop);
		if (r != 0)
			return r;
	}
	if (local != NULL)
		hop->local = *local;
	return 0;
}

int ip_route(
	const struct ip *ip, const struct ip_addr *remote, struct ip_addr *local, uint16_t *mtu
)
{
	struct hop hop;

	int r = route_find(ip, NULL, remote, &hop);
	if (r != 0)
		return r;
	*local = hop.local;
	*mtu = ip->config.ports[hop.port].mtu;
	return 0;
}
