// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/base/cursor.h"
#include "dataplane/ip/ip.h"
#include "dataplane/ip/wire.h"

static bool peek4(struct cursor *c, struct ip_addr *source, struct ip_addr *dest)
{
	uint32_t be;
	struct span head = cursor_bytes(c, 12);
	struct span from = cursor_bytes(c, sizeof(be)), to = cursor_bytes(c, sizeof(be));
	if (c->bad || head.p[0] != 0x45 || head.p[9] != IP_PROTOCOL_TCP)
		return false;
	memcpy(&be, from.p, sizeof(be));
	*source = addr_from_v4(be);
	memcpy(&be, to.p, sizeof(be));
	*dest = addr_from_v4(be);
	return true;
}

static bool peek6(struct cursor *c, struct ip_addr *source, struct ip_addr *dest)
{
	struct span head = cursor_bytes(c, 8);
	struct span from = cursor_bytes(c, sizeof(*source)), to = cursor_bytes(c, sizeof(*dest));
	if (c->bad || head.p[6] != IP_PROTOCOL_TCP)
		return false;
	memcpy(source, from.p, sizeof(*source));
	memcpy(dest, to.p, sizeof(*dest));
	return true;
}

bool ip_peek(const struct pkt *pkt, struct endpoint *local, struct endpoint *remote)
{
	struct cursor c = cursor_of(pkt_span(pkt));
	(void)cursor_bytes(&c, 12);
	uint16_t type = cursor_be16(&c);
	if (type == ETH_TYPE_VLAN) {
		(void)cursor_be16(&c);
		type = cursor_be16(&c);
	}
	bool found = type == ETH_TYPE_IP4   ? peek4(&c, &remote->addr, &local->addr)
		     : type == ETH_TYPE_IP6 ? peek6(&c, &remote->addr, &local->addr)
					    : false;
	remote->port = cursor_be16(&c);
	local->port = cursor_be16(&c);
	return found && !c.bad;
}
