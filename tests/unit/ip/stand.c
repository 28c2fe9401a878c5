// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/ip/stand.h"

#include <stdlib.h>

const struct eth_addr stand_mac[2] = {{{2, 0, 0, 0, 0, 1}}, {{2, 0, 0, 0, 1, 1}}};
// What every address has on Azure.
const struct eth_addr stand_peer_mac = {{0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc}};
const struct eth_addr stand_other_mac = {{2, 0, 0, 0, 0, 9}};

static void transmit(void *ctx, struct pkt *pkt)
{
	struct stand *stand = ctx;

	assert_true(stand->n_sent < STAND_SENT_MAX);
	stand->sent[stand->n_sent++] = pkt;
}

static void resolve(void *ctx, uint8_t, const struct ip_addr *wanted)
{
	struct stand *stand = ctx;

	stand->n_resolved++;
	stand->resolved = *wanted;
}

static void publish(void *ctx, const struct neighbour *neighbour)
{
	struct stand *stand = ctx;

	stand->n_published++;
	stand->published = *neighbour;
}

static void tcp_error(
	void *ctx, const struct endpoint *local, const struct endpoint *remote, uint32_t seq,
	uint8_t type, uint8_t code, uint16_t mtu
)
{
	struct stand *stand = ctx;

	stand->n_errors++;
	stand->error = (struct tcp_error){*local, *remote, seq, type, code, mtu};
}

struct ip_addr addr(const char *text)
{
	struct ip_addr parsed;

	assert_int_equal(addr_parse(text, &parsed), 0);
	return parsed;
}

struct ip_config stand_config(bool owner, uint16_t tx_offload)
{
	struct ip_config config = {.owner = owner, .n_ports = 2};

	for (int i = 0; i < 2; i++) {
		config.ports[i].mac = stand_mac[i];
		config.ports[i].mtu = 1500;
		config.ports[i].tx_offload = tx_offload;
	}
	config.ports[0].n_addrs = 2;
	config.ports[0].addrs[0].addr = addr("10.0.0.1");
	config.ports[0].addrs[0].prefix = 24;
	config.ports[0].addrs[1].addr = addr("2001:db8::1");
	config.ports[0].addrs[1].prefix = 64;
	config.ports[0].gateway = addr("10.0.0.254");
	config.ports[0].gateway6 = addr("fe80::fe");
	config.ports[1].n_addrs = 3;
	config.ports[1].addrs[0].addr = addr("10.1.0.1");
	config.ports[1].addrs[0].prefix = 16;
	config.ports[1].addrs[1].addr = addr("10.1.0.2");
	config.ports[1].addrs[1].prefix = 16;
	config.ports[1].addrs[2].addr = addr("2001:db8:1::1");
	config.ports[1].addrs[2].prefix = 64;
	return config;
}

struct stand *stand_new(bool owner, uint16_t tx_offload)
{
	struct ip_config config = stand_config(owner, tx_offload);

	return stand_from(&config);
}

struct stand *stand_from(const struct ip_config *config)
{
	struct stand *stand = calloc(1, sizeof(*stand));
	struct ip_ops ops = {transmit, resolve, publish, tcp_error, stand};

	assert_non_null(stand);
	stand->now = 1000000;
	stand->pool = pkt_pool_new(STAND_PKTS);
	assert_non_null(stand->pool);
	stand->ip = ip_new(config, &ops, stand->pool);
	assert_non_null(stand->ip);
	return stand;
}

void stand_clear(struct stand *stand)
{
	for (unsigned int i = 0; i < stand->n_sent; i++)
		pkt_put(stand->sent[i]);
	stand->n_sent = 0;
	pkt_put(stand->left);
	stand->left = NULL;
}

void stand_free(struct stand *stand)
{
	stand_clear(stand);
	ip_free(stand->ip);
	assert_int_equal(pkt_pool_used(stand->pool), 0);
	pkt_pool_free(stand->pool);
	free(stand);
}

enum ip_verdict stand_receive(
	struct stand *stand, uint8_t port, const struct frame *frame, uint16_t flags
)
{
	struct pkt *pkt = pkt_get(stand->pool);

	assert_non_null(pkt);
	assert_non_null(pkt_extend(pkt, (uint32_t)frame->n));
	memcpy(pkt->data, frame->b, frame->n);
	pkt->port = port;
	pkt->flags = flags;
	pkt_put(stand->left);
	stand->left = NULL;
	enum ip_verdict verdict = ip_input(stand->ip, pkt, stand->now, &stand->segment);
	if (verdict != IP_CONSUMED)
		stand->left = pkt;
	return verdict;
}

struct pkt *stand_segment(struct stand *stand, struct span payload)
{
	struct pkt *pkt = pkt_get(stand->pool);

	assert_non_null(pkt);
	uint8_t *p = pkt->data;
	assert_non_null(pkt_extend(pkt, 20 + (uint32_t)payload.n));
	memset(p, 0, 20);
	p[0] = 0x1f; // ports 8080 and 5432
	p[1] = 0x90;
	p[2] = 0x15;
	p[3] = 0x38;
	p[12] = 5 << 4;
	if (payload.n > 0)
		memcpy(p + 20, payload.p, payload.n);
	return pkt;
}

int stand_send(struct stand *stand, const char *local, const char *remote)
{
	struct ip_addr from = addr(local), to = addr(remote);

	return ip_output(
		stand->ip, stand_segment(stand, (struct span){NULL, 0}), &from, &to, stand->now
	);
}

static void put(struct frame *frame, const void *bytes, size_t n)
{
	assert_true(n <= FRAME_MAX - frame->n);
	if (n > 0)
		memcpy(frame->b + frame->n, bytes, n);
	frame->n += n;
}

static void put16(struct frame *frame, uint16_t v)
{
	put(frame, (uint8_t[]){(uint8_t)(v >> 8), (uint8_t)v}, 2);
}

static void put_addr(struct frame *frame, const char *text)
{
	struct ip_addr a = addr(text);

	put(frame, a.b + 12, 4);
}

static void put_eth(struct frame *frame, uint8_t port, uint16_t type)
{
	put(frame, &stand_mac[port], 6);
	put(frame, &stand_peer_mac, 6);
	put16(frame, type);
}

struct frame frame_arp(
	uint8_t port, uint16_t operation, const struct eth_addr *mac, const char *sender,
	const char *target
)
{
	struct frame frame = {0};

	put_eth(&frame, port, 0x0806);
	put(&frame, "\0\1\x08\0\6\4", 6);
	put16(&frame, operation);
	put(&frame, mac, 6);
	put_addr(&frame, sender);
	put(&frame, &stand_mac[port], 6);
	put_addr(&frame, target);
	return frame;
}

struct frame frame_ip4(
	uint8_t port, const char *source, const char *dest, uint8_t protocol, struct span options,
	struct span payload
)
{
	struct frame frame = {0};

	put_eth(&frame, port, 0x0800);
	put(&frame, (uint8_t[]){(uint8_t)(0x45 + options.n / 4), 0}, 2);
	put16(&frame, (uint16_t)(20 + options.n + payload.n));
	put(&frame, "\x12\x34\x40\0", 4);
	put(&frame, (uint8_t[]){64, protocol, 0, 0}, 4);
	put_addr(&frame, source);
	put_addr(&frame, dest);
	put(&frame, options.p, options.n);
	put(&frame, payload.p, payload.n);
	frame_ip4_seal(&frame);
	return frame;
}

static void write16(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

void frame_ip4_seal(struct frame *frame)
{
	uint8_t *header = frame->b + 14;
	size_t len = (size_t)(header[0] & 15) * 4;

	write16(header + 10, 0);
	write16(header + 10, plain_checksum(0, header, len));
}

struct frame frame_tcp(uint8_t port, const char *source, const char *dest)
{
	static const uint8_t segment[20] = {0x15, 0x38, 0x1f, 0x90, [12] = 5 << 4};
	struct frame frame = frame_ip4(
		port, source, dest, 6, (struct span){NULL, 0}, span_of(segment, sizeof(segment))
	);
	uint8_t *ip4 = frame.b + 14;

	write16(ip4 + 20 + 16, plain_checksum(plain_pseudo(ip4, 20), ip4 + 20, 20));
	return frame;
}

struct frame frame_icmp(
	uint8_t port, const char *source, const char *dest, uint8_t type, uint8_t code,
	uint32_t rest, struct span body
)
{
	uint8_t message[FRAME_MAX] = {type, code};
	size_t n = 8 + body.n;

	assert_true(n <= sizeof(message) - 40);
	write16(message + 4, (uint16_t)(rest >> 16));
	write16(message + 6, (uint16_t)rest);
	if (body.n > 0)
		memcpy(message + 8, body.p, body.n);
	write16(message + 2, plain_checksum(0, message, n));
	return frame_ip4(port, source, dest, 1, (struct span){NULL, 0}, span_of(message, n));
}

struct frame frame_ip6(
	uint8_t port, const char *source, const char *dest, uint8_t protocol, uint8_t hop_limit,
	struct span payload
)
{
	struct ip_addr from = addr(source), to = addr(dest);
	struct frame frame = {0};

	put_eth(&frame, port, 0x86dd);
	if (to.b[0] == 0xff) {
		frame.b[0] = frame.b[1] = 0x33;
		memcpy(frame.b + 2, to.b + 12, 4);
	}
	put(&frame, "\x60\0\0\0", 4);
	put16(&frame, (uint16_t)payload.n);
	put(&frame, (uint8_t[]){protocol, hop_limit}, 2);
	put(&frame, from.b, 16);
	put(&frame, to.b, 16);
	put(&frame, payload.p, payload.n);
	return frame;
}

struct frame frame_tcp6(
	const char *source, const char *dest, uint8_t protocol, struct span extensions
)
{
	struct frame frame = frame_ip6(0, source, dest, protocol, 64, extensions);
	uint8_t segment[20] = {0x15, 0x38, 0x1f, 0x90, [12] = 5 << 4};
	uint8_t *ip6 = frame.b + 14;

	write16(segment + 16, plain_checksum(plain_pseudo6(ip6, 6, 20), segment, 20));
	put(&frame, segment, sizeof(segment));
	write16(ip6 + 4, (uint16_t)(extensions.n + sizeof(segment)));
	return frame;
}

struct frame frame_icmp6(
	const char *source, const char *dest, uint8_t hop_limit, uint8_t type, uint8_t code,
	uint32_t rest, struct span body
)
{
	uint8_t message[FRAME_MAX] = {type, code};
	size_t n = 8 + body.n;

	assert_true(n <= sizeof(message) - 60);
	write16(message + 4, (uint16_t)(rest >> 16));
	write16(message + 6, (uint16_t)rest);
	if (body.n > 0)
		memcpy(message + 8, body.p, body.n);
	struct frame frame = frame_ip6(0, source, dest, 58, hop_limit, span_of(message, n));
	uint8_t *ip6 = frame.b + 14;
	write16(ip6 + 40 + 2, plain_checksum(plain_pseudo6(ip6, 58, n), ip6 + 40, n));
	return frame;
}

uint16_t plain_checksum(uint32_t start, const uint8_t *bytes, size_t n)
{
	uint32_t sum = start;

	for (size_t i = 0; i < n; i++) {
		sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
		sum = (sum & 0xffff) + (sum >> 16);
	}
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint32_t plain_pseudo(const uint8_t *ip4_header, size_t len)
{
	uint32_t sum = ip4_header[9] + (uint32_t)len;

	for (int i = 12; i < 20; i += 2)
		sum += (uint32_t)ip4_header[i] << 8 | ip4_header[i + 1];
	return sum;
}

uint32_t plain_pseudo6(const uint8_t *ip6_header, uint8_t protocol, size_t len)
{
	uint32_t sum = protocol + (uint32_t)len;

	for (int i = 8; i < 40; i += 2)
		sum += (uint32_t)ip6_header[i] << 8 | ip6_header[i + 1];
	return sum;
}
