// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Ephemeral ports: RFC 6056 algorithm 4, double-hash port selection.

#include "dataplane/tcp/syncache.h"

static bool is_free(struct tcp *tcp, const struct flow *flow, struct time_wait **tw)
{
	if (listener_find(tcp, &flow->local) != NULL)
		return false;
	if (table_find(tcp, flow, table_hash(tcp, flow), tw) != NULL)
		return false;
	if (syncache_find(tcp, flow) != NULL)
		return false;
	return *tw == NULL || timewait_reusable(tcp, *tw);
}

int port_choose(struct tcp *tcp, struct flow *flow, struct time_wait **tw)
{
	const struct tcp_config *config = &tcp->config;
	if (config->port_first == 0 || config->port_last < config->port_first)
		return -EADDRNOTAVAIL;
	uint32_t n = config->port_last - config->port_first + 1u;
	flow->local.port = 0;
	uint64_t h = hash_keyed(&tcp->port_key, flow, sizeof(*flow));
	uint32_t *counter = &tcp->port_counters[(h >> 32) % TCP_PORT_COUNTERS];
	for (uint32_t i = 0; i < min_u32(n, TCP_PORT_TRIES); i++) {
		uint32_t offset = ((uint32_t)h % n + (*counter)++ % n) % n;
		flow->local.port = (uint16_t)(config->port_first + offset);
		if (tcp->ops.port_is_ours != NULL &&
		    !tcp->ops.port_is_ours(tcp->ops.ctx, &flow->local, &flow->remote))
			continue;
		if (is_free(tcp, flow, tw))
			return 0;
	}
	return -EADDRNOTAVAIL;
}
