// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Frames into the network layer. The input is a byte that says whether it owns the neighbours, then
// records: a byte of choices, the length of a frame (16 bits), the frame.

#include "dataplane/base/cursor.h"
#include "dataplane/ip/ip.h"
#include "tests/sim/frame.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum choice {
	SECOND_PORT = 1 << 0,
	IP_GOOD = 1 << 1,
	L4_GOOD = 1 << 2,
	SEND_FIRST = 1 << 3, // segments to both peers, so that ARP replies and ND are awaited
	LATER = 1 << 4,      // time passes
	SEAL = 1 << 5,       // make the checksums right: a fuzzer does not guess them
	STRIPPED = 1 << 6,   // the driver took the tag of port 1 off
};

enum { PKTS = 900, MTU = 1500, ETH_HEADER_LEN = 14, TAG_LEN = 4, VLAN = 7, LONGEST = 2048 };

static struct pkt_pool *pool;
static struct ip *ip;
static const struct ip_addr local = {{[10] = 0xff, 0xff, 10, 0, 0, 1}};
static const struct ip_addr peer = {{[10] = 0xff, 0xff, 10, 0, 0, 9}};
static const struct ip_addr local6 = {{0x20, 1, 0x0d, 0xb8, [15] = 1}};
static const struct ip_addr peer6 = {{0x20, 1, 0x0d, 0xb8, [15] = 9}};

static void transmit(void *, struct pkt *pkt)
{
	uint32_t header = ETH_HEADER_LEN + (pkt->port == 1 ? TAG_LEN : 0);

	if (pkt->len < header || pkt->len > header + MTU || pkt->port > 1)
		abort();
	if (pkt->port == 1 && memcmp(pkt->data + 12, "\x81\0\0\7", TAG_LEN) != 0)
		abort();
	pkt_put(pkt);
}

static void resolve(void *, uint8_t, const struct ip_addr *)
{
}

static void publish(void *, const struct neighbour *neighbour)
{
	// The owner never tells of an address that is ours.
	if (addr_equal(&neighbour->addr, &local) || addr_equal(&neighbour->addr, &local6))
		abort();
}

static void tcp_error(
	void *, const struct endpoint *from, const struct endpoint *, uint32_t, uint8_t, uint8_t,
	uint16_t mtu
)
{
	if (!addr_is_v4(&from->addr) && mtu != 0 && mtu < 1280)
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
		port->n_addrs = 3;
		port->addrs[0].addr = local;
		port->addrs[0].addr.b[13] = i;
		port->addrs[0].prefix = 24;
		port->addrs[1].addr = local6;
		port->addrs[1].addr.b[7] = i;
		port->addrs[1].prefix = 64;
		port->addrs[2].addr = local;
		port->addrs[2].addr.b[15] = 100;
		port->addrs[2].floating = true;
		port->addrs[2].announced = i == 1;
		port->vlan = i == 1 ? VLAN : 0;
	}
	config.ports[0].gateway6 = (struct ip_addr){{0xfe, 0x80, [15] = 0xfe}};
	config.ports[0].gateway = (struct ip_addr){{[10] = 0xff, 0xff, 10, 0, 0, 254}};
	return ip_new(&config, &ops, pool);
}

static void send_first(const struct ip_addr *from, const struct ip_addr *to, uint64_t now)
{
	struct pkt *pkt = pkt_get(pool);

	if (pkt == NULL || pkt_extend(pkt, 20) == NULL)
		abort();
	memset(pkt->data, 0, 20);
	int r = ip_output(ip, pkt, from, to, now);
	if (r != 0 && r != ERR_POOL_EMPTY)
		abort();
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
	if ((choices & SEAL) != 0)
		frame_seal(pkt->data, pkt->len);
	if ((choices & STRIPPED) != 0) {
		pkt->flags |= PKT_RX_VLAN;
		pkt->vlan = VLAN;
	}
	enum ip_verdict verdict = ip_input(ip, pkt, now, &segment);
	if (verdict == IP_TCP && pkt->len > LONGEST)
		abort();
	if (verdict == IP_TCP &&
	    !addr_is_v4(&segment.local.addr) != !addr_is_v4(&segment.remote.addr))
		abort();
	// Another worker gets it as it came.
	if (verdict == IP_OWNER && (pkt->len > frame.n || pkt->len < ETH_HEADER_LEN))
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
			send_first(&local, &peer, now);
		if ((choices & SEND_FIRST) != 0)
			send_first(&local6, &peer6, now);
		receive(choices, frame, now);
	}
	ip_free(ip);
	if (pkt_pool_used(pool) != 0)
		abort();
	return 0;
}
