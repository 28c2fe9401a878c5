// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Frames into the network layer. The input is a byte that says whether it owns the neighbours, then
// records: a byte of choices, the length of a frame (16 bits), the frame.

#include "dataplane/base/cursor.h"
#include "dataplane/ip/checksum.h"
#include "dataplane/ip/ip.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum choice {
	SECOND_PORT = 1 << 0,
	IP_GOOD = 1 << 1,
	L4_GOOD = 1 << 2,
	SEND_FIRST = 1 << 3, // a segment to 10.0.0.9, so that an ARP reply is awaited
	LATER = 1 << 4,      // time passes
	SEAL_ICMP = 1 << 5,  // make the checksum right: a fuzzer does not guess it
};

enum { PKTS = 600, ICMP_AT = 34, MTU = 1500, ETH_HEADER_LEN = 14 };

static struct pkt_pool *pool;
static struct ip *ip;
static const struct ip_addr local = {{[10] = 0xff, 0xff, 10, 0, 0, 1}};
static const struct ip_addr peer = {{[10] = 0xff, 0xff, 10, 0, 0, 9}};

static void transmit(void *, struct pkt *pkt)
{
	if (pkt->len < ETH_HEADER_LEN || pkt->len > ETH_HEADER_LEN + MTU || pkt->port > 1)
		abort();
	pkt_put(pkt);
}

static void resolve(void *, uint8_t, const struct ip_addr *)
{
}

static void publish(void *, const struct neighbour *neighbour)
{
	// The owner never tells of an address that is ours.
	if (addr_equal(&neighbour->addr, &local))
		abort();
}

static void tcp_error(
	void *, const struct endpoint *from, const struct endpoint *, uint32_t, uint8_t, uint8_t,
	uint16_t
)
{
	if (!addr_is_v4(&from->addr))
		abort();
}

static struct ip *ip_start(bool owner)
{
	struct ip_ops ops = {transmit, resolve, publish, tcp_error, NULL};
	struct ip_config config = {.owner = owner, .n_ports = 2};

	for (uint8_t i = 0; i < 2; i++) {
		struct ip_port_config *port = &config.ports[i];
		port->mac = (struct eth_addr){{2, 0, 0, 0, i, 1}};
		port->mtu = MTU;
		port->n_addrs = 1;
		port->addrs[0].addr = local;
		port->addrs[0].addr.b[13] = i;
		port->addrs[0].prefix = 24;
	}
	config.ports[0].gateway = (struct ip_addr){{[10] = 0xff, 0xff, 10, 0, 0, 254}};
	return ip_new(&config, &ops, pool);
}

static void send_first(uint64_t now)
{
	struct pkt *pkt = pkt_get(pool);

	if (pkt == NULL || pkt_extend(pkt, 20) == NULL)
		abort();
	memset(pkt->data, 0, 20);
	int r = ip_output(ip, pkt, &local, &peer, now);
	if (r != 0 && r != ERR_POOL_EMPTY)
		abort();
}

static void seal_icmp(struct pkt *pkt)
{
	if (pkt->len < ICMP_AT + 8)
		return;
	memset(pkt->data + ICMP_AT + 2, 0, 2);
	uint64_t sum = checksum_add(0, pkt->data + ICMP_AT, pkt->len - ICMP_AT);
	uint16_t field = (uint16_t)~checksum_fold(sum);
	memcpy(pkt->data + ICMP_AT + 2, &field, 2);
}

static void receive(uint8_t choices, struct span frame, uint64_t now)
{
	struct ip_segment segment;
	struct pkt *pkt = pkt_get(pool);

	if (pkt == NULL || pkt_extend(pkt, (uint32_t)frame.n) == NULL)
		abort();
	if (frame.n > 0)
		memcpy(pkt->data, frame.p, frame.n);
	pkt->port = (choices & SECOND_PORT) != 0;
	pkt->flags = (uint16_t
	)(((choices & IP_GOOD) != 0 ? PKT_RX_IP_CSUM_GOOD : 0) |
	  ((choices & L4_GOOD) != 0 ? PKT_RX_L4_CSUM_GOOD : 0));
	if ((choices & SEAL_ICMP) != 0)
		seal_icmp(pkt);
	enum ip_verdict verdict = ip_input(ip, pkt, now, &segment);
	if (verdict == IP_TCP && pkt->len > frame.n)
		abort();
	if (verdict != IP_CONSUMED)
		pkt_put(pkt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_of(span_of(data, size));
	uint64_t now = 1;

	if (pool == NULL)
		pool = pkt_pool_new(PKTS);
	ip = ip_start((cursor_u8(&c) & 1) != 0);
	while (cursor_left(&c) > 0) {
		uint8_t choices = cursor_u8(&c);
		size_t n = cursor_be16(&c) % PKT_DATAROOM;
		struct span frame = cursor_bytes(&c, n < cursor_left(&c) ? n : cursor_left(&c));
		now += (choices & LATER) != 0 ? 1000 : 1;
		ip_tick(ip, now);
		if ((choices & SEND_FIRST) != 0)
			send_first(now);
		receive(choices, frame, now);
	}
	ip_free(ip);
	if (pkt_pool_used(pool) != 0)
		abort();
	return 0;
}
