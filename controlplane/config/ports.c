// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/config/sections.h"

#include <string.h>

enum port_limit {
	VLAN_MAX = 4094,
	MTU_MIN = 576,
	MTU_MIN_IP6 = 1280,
	ROUTERS_MAX = 2,
	MTU_MAX = 9000,
	MTU_DEFAULT = 1500,
};

static bool is_host(const struct ip_addr *addr)
{
	enum { LOOPBACK = 127, GROUPS = 224 }; // first bytes; groups and above
	static const struct ip_addr loopback = {{[15] = 1}};

	if (addr_is_any(addr) || addr_equal(addr, &loopback))
		return false;
	if (addr_is_v4(addr))
		return addr->b[12] != LOOPBACK && addr->b[12] < GROUPS;
	return !addr_is_group(addr) && !addr_is_link_local(addr);
}

static void read_prefix(struct reader *r, const struct node *node, struct config_port *port)
{
	struct config_address *a = &port->addresses[port->n_addresses];

	if (node->kind != NODE_SCALAR || addr_parse_prefix(node->text, &a->addr, &a->prefix) != 0) {
		read_fail(
			r, node->at,
			"`address` must be an address and its network, such as 10.0.1.4/24"
		);
		return;
	}
	if (!is_host(&a->addr)) {
		read_fail(
			r, node->at,
			"`address` must be one host's that is known beyond its link: not "
			"0.0.0.0 or ::, no group, neither loopback nor link-local"
		);
		return;
	}
	port->n_addresses++;
}

static bool has_family(const struct config_port *port, bool v4)
{
	for (uint16_t i = 0; i < port->n_addresses; i++)
		if (addr_is_v4(&port->addresses[i].addr) == v4)
			return true;
	return false;
}

// A link-local one is on every link.
static bool is_on_link(const struct config_port *port, const struct ip_addr *addr)
{
	bool v4 = addr_is_v4(addr);

	if (!v4 && addr_is_link_local(addr))
		return has_family(port, false);
	for (uint16_t i = 0; i < port->n_addresses; i++) {
		const struct config_address *own = &port->addresses[i];
		unsigned int prefix = own->prefix + (v4 ? ADDR_MAPPED_BITS : 0u);
		if (addr_is_v4(&own->addr) == v4 && addr_has_prefix(addr, &own->addr, prefix))
			return true;
	}
	return false;
}

static void read_router(struct reader *r, const struct node *node, struct config_port *port)
{
	struct ip_addr gateway;

	if (!read_address(r, node, "gateway", &gateway))
		return;
	struct ip_addr *out = addr_is_v4(&gateway) ? &port->gateway : &port->gateway6;
	if (!addr_is_any(out) || addr_is_any(&gateway)) {
		read_fail(
			r, node->at, "`gateway` must be one router, or one of IPv4 and one of IPv6"
		);
		return;
	}
	*out = gateway;
	if (port->n_addresses > 0 && !is_on_link(port, &gateway))
		read_fail(
			r, node->at,
			"`gateway` is on none of the port's networks; "
			"it must be reachable without a router"
		);
}

static bool has_address(const struct config_port *port, const struct ip_addr *addr)
{
	for (uint16_t i = 0; i < port->n_addresses; i++)
		if (addr_equal(&port->addresses[i].addr, addr))
			return true;
	for (uint16_t i = 0; i < port->n_floating; i++)
		if (addr_equal(&port->floating[i].addr, addr))
			return true;
	return false;
}

// An address, or {address: ..., announce: true}.
static void read_floating(struct reader *r, const struct node *node, struct config_port *port)
{
	static const char *const keys[] = {"address", "announce", NULL};
	struct config_floating *f = &port->floating[port->n_floating];
	const struct node *address = node;

	*f = (struct config_floating){.announce = false};
	if (node->kind == NODE_MAP) {
		if (!read_map(r, node, "a floating address", keys))
			return;
		const struct node *value = tree_get(node, "announce");
		if (value != NULL)
			(void)read_bool(r, value, "announce", &f->announce);
		address = read_need(r, node, "the floating address", "address");
	}
	if (address == NULL || !read_address(r, address, "floating", &f->addr))
		return;
	if (!is_host(&f->addr) || !has_family(port, addr_is_v4(&f->addr)))
		read_fail(
			r, address->at,
			"`floating` must be one host's address, of a family that the port has an "
			"`address` of"
		);
	else if (has_address(port, &f->addr))
		read_fail(r, address->at, "this address is the port's already; remove one");
	else
		port->n_floating++;
}

static void read_port(struct reader *r, const struct node *node, struct config_port *port)
{
	static const char *const keys[] = {"device", "address", "gateway", "floating",
					   "vlan",   "mtu",     "tso",     NULL};
	uint64_t mtu, vlan;

	port->mtu = MTU_DEFAULT;
	if (!read_map(r, node, "a port", keys))
		return;
	const struct node *value = read_need(r, node, "the port", "device");
	if (value != NULL)
		(void)read_text(r, value, "device", port->device, sizeof(port->device));
	value = read_need(r, node, "the port", "address");
	if (value != NULL)
		value = read_one_or_more(r, value, "address", CONFIG_ADDRESSES_MAX);
	for (; value != NULL; value = value->next)
		read_prefix(r, value, port);
	value = tree_get(node, "gateway");
	if (value != NULL)
		value = read_one_or_more(r, value, "gateway", ROUTERS_MAX);
	for (; value != NULL; value = value->next)
		read_router(r, value, port);
	value = tree_get(node, "floating");
	if (value != NULL)
		value = read_one_or_more(r, value, "floating", CONFIG_FLOATING_MAX);
	for (; value != NULL; value = value->next)
		read_floating(r, value, port);
	value = tree_get(node, "vlan");
	if (value != NULL && read_number(r, value, "vlan", 1, VLAN_MAX, &vlan))
		port->vlan = (uint16_t)vlan;
	value = tree_get(node, "mtu");
	unsigned int least = has_family(port, false) ? MTU_MIN_IP6 : MTU_MIN;
	if (value != NULL && read_number(r, value, "mtu", least, MTU_MAX, &mtu))
		port->mtu = (uint16_t)mtu;
	value = tree_get(node, "tso");
	if (value != NULL)
		(void)read_bool(r, value, "tso", &port->tso);
}

void section_ports(struct reader *r, const struct node *node, struct config_gateway *g)
{
	if (!read_list(r, node, "`ports`", CONFIG_PORTS_MAX))
		return;
	if (node->n == 0)
		read_fail(r, node->at, "`ports` is empty; write at least one");
	for (const struct node *item = node->first; item != NULL; item = item->next) {
		struct config_port *port = &g->ports[g->n_ports];
		read_port(r, item, port);
		for (uint16_t i = 0; i < g->n_ports; i++)
			if (port->device[0] != '\0' &&
			    strcmp(g->ports[i].device, port->device) == 0)
				read_fail(
					r, item->at, "this `device` is a port already; remove one"
				);
		g->n_ports++;
	}
}
