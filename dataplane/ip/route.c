// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/ip/stack.h"

#include <arpa/inet.h>
#include <errno.h>

static uint32_t host_order(const struct ip_addr *addr)
{
	return ntohl(addr_v4(addr));
}

static uint32_t mask_of(uint8_t prefix)
{
	return prefix == 0 ? 0 : UINT32_MAX << (32 - prefix);
}

static void route_add(struct ip *ip, uint8_t port, const struct ip_addr *local, uint8_t prefix)
{
	uint32_t mask = mask_of(prefix);
	uint32_t at = ip->n_routes++;

	for (; at > 0 && ip->routes[at - 1].prefix < prefix; at--)
		ip->routes[at] = ip->routes[at - 1];
	ip->routes[at] = (struct route){
		.net = host_order(local) & mask,
		.mask = mask,
		.prefix = prefix,
		.port = port,
		.local = *local,
	};
}

void route_init(struct ip *ip)
{
	for (uint8_t i = 0; i < ip->config.n_ports; i++) {
		const struct ip_port_config *port = &ip->config.ports[i];
		for (uint8_t j = 0; j < port->n_addrs; j++)
			if (addr_is_v4(&port->addrs[j].addr) && port->addrs[j].prefix <= 32)
				route_add(ip, i, &port->addrs[j].addr, port->addrs[j].prefix);
	}
}

static bool covers(const struct route *route, const struct ip_addr *addr)
{
	return (host_order(addr) & route->mask) == route->net;
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

static bool has_gateway(const struct ip_port_config *port)
{
	return addr_is_v4(&port->gateway) && addr_v4(&port->gateway) != 0;
}

bool route_is_own(const struct ip *ip, uint8_t port, const struct ip_addr *addr)
{
	for (uint32_t i = 0; i < ip->n_routes; i++)
		if (ip->routes[i].port == port && addr_equal(&ip->routes[i].local, addr))
			return true;
	return false;
}

bool route_is_on_link(const struct ip *ip, uint8_t port, const struct ip_addr *addr)
{
	const struct ip_port_config *config = &ip->config.ports[port];

	return on_link(ip, port, addr) != NULL ||
	       (has_gateway(config) && addr_equal(&config->gateway, addr));
}

bool route_is_peer(const struct ip *ip, const struct ip_addr *addr)
{
	enum { THIS_NETWORK = 0, LOOPBACK = 127, GROUPS = 224 }; // first bytes; groups and above

	if (!addr_is_v4(addr))
		return false;
	uint32_t v4 = host_order(addr);
	uint8_t first = v4 >> 24;
	if (first == THIS_NETWORK || first == LOOPBACK || first >= GROUPS)
		return false;
	for (uint32_t i = 0; i < ip->n_routes; i++) {
		const struct route *route = &ip->routes[i];
		if (addr_equal(&route->local, addr))
			return false;
		// RFC 3021: a prefix of 31 bits has no broadcast address.
		uint32_t host = v4 & ~route->mask;
		if (route->prefix < 31 && covers(route, addr) &&
		    (host == 0 || host == (uint32_t)~route->mask))
			return false;
	}
	return true;
}

const struct ip_addr *route_source(const struct ip *ip, uint8_t port, const struct ip_addr *next)
{
	const struct route *route = on_link(ip, port, next);

	if (route != NULL)
		return &route->local;
	// The gateway lies outside of every prefix: any address of the port will do.
	for (uint32_t i = 0; i < ip->n_routes; i++)
		if (ip->routes[i].port == port)
			return &ip->routes[i].local;
	return NULL;
}

static int owner_of(const struct ip *ip, const struct ip_addr *local)
{
	for (uint32_t i = 0; i < ip->n_routes; i++)
		if (addr_equal(&ip->routes[i].local, local))
			return ip->routes[i].port;
	return -1;
}

static int through_gateway(const struct ip *ip, int only_port, struct hop *hop)
{
	for (uint8_t i = 0; i < ip->config.n_ports; i++) {
		const struct ip_port_config *port = &ip->config.ports[i];
		if ((only_port >= 0 && i != only_port) || !has_gateway(port))
			continue;
		const struct ip_addr *source = route_source(ip, i, &port->gateway);
		if (source == NULL)
			continue;
		*hop = (struct hop){i, port->gateway, *source};
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
	const struct route *route = on_link(ip, port, remote);
	if (route != NULL) {
		*hop = (struct hop){route->port, *remote, route->local};
	} else {
		int r = through_gateway(ip, port, hop);
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
