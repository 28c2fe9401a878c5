// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/ip/ip.h"

#include "dataplane/ip/stack.h"

#include <stdlib.h>

static bool config_is_within_limits(const struct ip_config *config)
{
	if (config->n_ports > IP_PORTS_MAX)
		return false;
	for (uint8_t i = 0; i < config->n_ports; i++)
		if (config->ports[i].n_addrs > IP_ADDRS_MAX)
			return false;
	return true;
}

struct ip *ip_new(const struct ip_config *config, const struct ip_ops *ops, struct pkt_pool *pool)
{
	if (!config_is_within_limits(config))
		return NULL;
	struct ip *ip = calloc(1, sizeof(*ip));
	if (ip == NULL)
		return NULL;
	ip->config = *config;
	ip->ops = *ops;
	ip->pool = pool;
	route_init(ip);
	neighbour_init(ip);
	if (fragment_init(ip) != 0) {
		ip_free(ip);
		return NULL;
	}
	return ip;
}

void ip_free(struct ip *ip)
{
	if (ip == NULL)
		return;
	neighbour_fini(ip);
	fragment_fini(ip);
	free(ip);
}

void ip_neighbour_set(struct ip *ip, const struct neighbour *neighbour, uint64_t now_ms)
{
	struct neighbour_entry *entry = neighbour_find(ip, neighbour->port, &neighbour->addr);

	if (entry != NULL)
		neighbour_confirm(ip, entry, &neighbour->mac, now_ms);
	else
		(void)neighbour_learn(ip, neighbour, now_ms); // a full table asks again when needed
}

static void announce(struct ip *ip, const struct route *route, uint64_t now_ms)
{
	ip->stats.announcements_sent++;
	if (addr_is_v4(&route->local))
		arp_announce(ip, route->port, &route->local);
	else
		nd_announce(ip, route->port, &route->local, now_ms);
}

// What was elsewhere until now is here: nobody asks as long as he remembers.
static void announce_tick(struct ip *ip, uint64_t now_ms)
{
	if (!ip->config.owner || ip->announced == ANNOUNCE_TIMES || now_ms < ip->announce_at)
		return;
	ip->announced++;
	ip->announce_at = now_ms + ANNOUNCE_MS;
	for (uint32_t i = 0; i < ip->n_routes; i++)
		if (ip->routes[i].floating && ip->routes[i].answered)
			announce(ip, &ip->routes[i], now_ms);
}

void ip_tick(struct ip *ip, uint64_t now_ms)
{
	announce_tick(ip, now_ms);
	neighbour_tick(ip, now_ms);
	fragment_tick(ip, now_ms);
}

const struct ip_stats *ip_stats(const struct ip *ip)
{
	return &ip->stats;
}

uint64_t ip_memory_held(const struct ip *ip)
{
	return (uint64_t)ip->neighbours.n_pending * PKT_TRUESIZE + fragment_memory_held(ip);
}
