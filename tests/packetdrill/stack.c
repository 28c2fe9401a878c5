// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/packetdrill/stack.h"

#include "dataplane/ip/wire.h"

#include <stdlib.h>

enum {
	PKTS = 65536,
	TICK_US = 1000,
	IP_TICK_US = 100 * 1000,
	CUT_PAYLOAD = 1000,
	CUT_HEADERS_MAX = 120,
};

static const uint64_t START_US = UINT64_C(1000000000);
static const struct eth_addr OUR_MAC = {{2, 0, 0, 0, 0, 1}};
static const struct eth_addr PEER_MAC = {{2, 0, 0, 0, 0, 2}};

static void stack_transmit(void *ctx, struct pkt *pkt)
{
	struct stack *stack = ctx;
	if (pkt->len < ETH_HEADER || (pkt->data[12] == 8 && pkt->data[13] == 6)) { // ARP
		pkt_put(pkt);
		return;
	}
	pkt_pull(pkt, ETH_HEADER);
	struct frame *frame = malloc(sizeof(*frame) + pkt_wire_len(pkt) + LAYOUT_GROWTH_MAX);
	if (frame == NULL)
		abort();
	memcpy(frame->bytes, pkt->data, pkt->len);
	if (pkt->payload_len > 0)
		memcpy(frame->bytes + pkt->len, pkt->payload_data, pkt->payload_len);
	frame->n = layout_apply(stack->config.layout, frame->bytes, pkt_wire_len(pkt));
	if (stack->config.push)
		layout_push(frame->bytes, frame->n);
	frame->at_us = stack->now_us;
	frame->next = NULL;
	if (stack->head == NULL)
		stack->head = frame;
	else
		stack->tail->next = frame;
	stack->tail = frame;
	pkt_put(pkt);
}

// The neighbours are given, not asked for: scripts know nothing of them.
static void stack_resolve(void *, uint8_t, const struct ip_addr *)
{
}

static void stack_publish(void *, const struct neighbour *)
{
}

static void stack_tcp_error(
	void *ctx, const struct endpoint *local, const struct endpoint *remote, uint32_t seq,
	uint8_t type, uint8_t code, uint16_t mtu
)
{
	struct stack *stack = ctx;
	tcp_icmp_error(stack->tcp, local, remote, seq, type, code, mtu, stack->now_us);
}

static int stack_tcp_output(
	void *ctx, struct pkt *pkt, const struct ip_addr *local, const struct ip_addr *remote
)
{
	struct stack *stack = ctx;
	return ip_output(stack->ip, pkt, local, remote, stack->now_us / 1000);
}

static int stack_route(
	void *ctx, const struct ip_addr *remote, struct ip_addr *local, uint16_t *mtu
)
{
	return ip_route(((struct stack *)ctx)->ip, remote, local, mtu);
}

static uint64_t stack_random(void *ctx)
{
	struct stack *stack = ctx;
	return stack->random += UINT64_C(0x9e3779b97f4a7c15);
}

static void gateway_set(struct stack *stack)
{
	struct neighbour gateway = {.addr = stack->config.gateway, .mac = PEER_MAC};
	ip_neighbour_set(stack->ip, &gateway, stack->now_us / 1000);
}

static bool stack_init(struct stack *stack)
{
	const struct stack_config *config = &stack->config;
	struct ip_config ip = {.n_ports = 1};
	ip.ports[0].mac = OUR_MAC;
	ip.ports[0].mtu = config->mtu;
	ip.ports[0].n_addrs = 1;
	ip.ports[0].addrs[0].addr = config->local;
	ip.ports[0].addrs[0].prefix = config->prefix;
	if (addr_is_v4(&config->gateway))
		ip.ports[0].gateway = config->gateway;
	else
		ip.ports[0].gateway6 = config->gateway;
	struct ip_ops ip_ops = {
		.transmit = stack_transmit,
		.resolve = stack_resolve,
		.publish = stack_publish,
		.tcp_error = stack_tcp_error,
		.ctx = stack};
	struct tcp_ops tcp_ops = {
		.output = stack_tcp_output,
		.route = stack_route,
		.random = stack_random,
		.ctx = stack};
	stack->pool = pkt_pool_new(PKTS);
	if (stack->pool == NULL)
		return false;
	stack->ip = ip_new(&ip, &ip_ops, stack->pool);
	if (stack->ip == NULL)
		return false;
	stack->tcp = tcp_new(&config->tcp, &tcp_ops, stack->pool, stack->now_us);
	return stack->tcp != NULL;
}

struct stack *stack_new(const struct stack_config *config)
{
	struct stack *stack = calloc(1, sizeof(*stack));
	if (stack == NULL)
		return NULL;
	stack->config = *config;
	stack->now_us = START_US;
	stack->random = 1;
	if (!stack_init(stack)) {
		stack_free(stack);
		return NULL;
	}
	gateway_set(stack);
	return stack;
}

void stack_free(struct stack *stack)
{
	if (stack == NULL)
		return;
	tcp_free(stack->tcp);
	ip_free(stack->ip);
	pkt_pool_free(stack->pool);
	while (stack->head != NULL)
		free(stack_output(stack));
	free(stack);
}

static void packet_input(struct stack *stack, const void *packet, size_t n)
{
	struct pkt *pkt = pkt_get(stack->pool);
	uint8_t *at = pkt == NULL ? NULL : pkt_extend(pkt, (uint32_t)(ETH_HEADER + n));
	if (at == NULL) { // longer than any port would let in
		if (pkt != NULL)
			pkt_put(pkt);
		return;
	}
	memcpy(at, OUR_MAC.b, sizeof(OUR_MAC));
	memcpy(at + 6, PEER_MAC.b, sizeof(PEER_MAC));
	memcpy(at + ETH_HEADER, packet, n);
	put_be16(at + 12, at[ETH_HEADER] >> 4 == 6 ? ETH_TYPE_IP6 : ETH_TYPE_IP4);
	struct ip_segment segment;
	switch (ip_input(stack->ip, pkt, stack->now_us / 1000, &segment)) {
	case IP_TCP:
		tcp_input(stack->tcp, pkt, &segment, stack->now_us);
		break;
	case IP_OWNER:
		pkt_put(pkt);
		break;
	case IP_CONSUMED:
		break;
	}
}

void stack_input(struct stack *stack, const void *datagram, size_t n)
{
	uint8_t part[CUT_PAYLOAD + CUT_HEADERS_MAX];
	size_t at = 0, len;
	if (n <= stack->config.mtu) {
		packet_input(stack, datagram, n);
	} else {
		while ((len = layout_cut(datagram, n, CUT_PAYLOAD, &at, part)) > 0)
			packet_input(stack, part, len);
	}
	stack_settle(stack);
}

void stack_settle(struct stack *stack)
{
	tcp_tick(stack->tcp, stack->now_us);
}

void stack_advance(struct stack *stack, uint64_t us)
{
	uint64_t end_us = stack->now_us + us;
	for (;;) {
		uint64_t next_us = stack->now_us - stack->now_us % TICK_US + TICK_US;
		if (next_us > end_us)
			break;
		stack->now_us = next_us;
		tcp_tick(stack->tcp, stack->now_us);
		if (next_us % IP_TICK_US == 0) {
			ip_tick(stack->ip, next_us / 1000);
			gateway_set(stack);
		}
	}
	stack->now_us = end_us;
}

struct frame *stack_output(struct stack *stack)
{
	struct frame *frame = stack->head;
	if (frame != NULL)
		stack->head = frame->next;
	return frame;
}
