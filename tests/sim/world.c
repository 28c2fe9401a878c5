// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/sim/world.h"

#include "tests/sim/trace.h"

#include <stdlib.h>

enum {
	HOSTS_MAX = 8,
	TICK_US = 1000,
	IP_TICK_US = 100 * 1000,
	START_US = 1000 * 1000, // nothing may depend on a clock that starts at 0
};

struct frame {
	uint64_t arrives_us;
	uint64_t order; // frames of one moment keep theirs
	struct host *to;
	uint8_t port;
	size_t n;
	uint8_t bytes[];
};

struct world {
	uint64_t now_us;
	uint64_t next_order;
	struct rng rng;
	bool trace;
	uint32_t n_hosts;
	struct host *hosts[HOSTS_MAX];
	struct frame **heap; // earliest first
	size_t n_frames, cap;
};

static bool frame_before(const struct frame *a, const struct frame *b)
{
	return a->arrives_us != b->arrives_us ? a->arrives_us < b->arrives_us : a->order < b->order;
}

static void heap_swap(struct world *world, size_t i, size_t j)
{
	struct frame *f = world->heap[i];
	world->heap[i] = world->heap[j];
	world->heap[j] = f;
}

static void heap_push(struct world *world, struct frame *frame)
{
	if (world->n_frames == world->cap) {
		world->cap = world->cap == 0 ? 256 : world->cap * 2;
		world->heap = realloc(world->heap, world->cap * sizeof(*world->heap));
		if (world->heap == NULL)
			abort();
	}
	size_t i = world->n_frames++;
	world->heap[i] = frame;
	for (; i > 0 && frame_before(world->heap[i], world->heap[(i - 1) / 2]); i = (i - 1) / 2)
		heap_swap(world, i, (i - 1) / 2);
}

static struct frame *heap_pop(struct world *world)
{
	struct frame *top = world->heap[0];
	world->heap[0] = world->heap[--world->n_frames];
	for (size_t i = 0;;) {
		size_t least = i;
		for (size_t child = 2 * i + 1; child <= 2 * i + 2; child++) {
			if (child < world->n_frames &&
			    frame_before(world->heap[child], world->heap[least]))
				least = child;
		}
		if (least == i)
			return top;
		heap_swap(world, i, least);
		i = least;
	}
}

static struct frame *frame_new(const uint8_t *bytes, size_t n)
{
	struct frame *frame = malloc(sizeof(*frame) + n);
	if (frame == NULL)
		abort();
	frame->n = n;
	memcpy(frame->bytes, bytes, n);
	return frame;
}

struct sender {
	struct host *host;
	uint8_t port;
};

static void frame_trace(
	const struct sender *sender, struct span frame, const struct wire_fate *fate
)
{
	const struct host *host = sender->host;
	if (host->world->trace)
		trace_frame(
			host->world->now_us, host->name, host->ports[sender->port].peer->name,
			frame, fate
		);
}

static void wire_frame(void *ctx, const uint8_t *bytes, size_t n)
{
	struct sender *sender = ctx;
	struct world *world = sender->host->world;
	struct frame *frame = frame_new(bytes, n);
	struct wire_fate fate = wire_send(
		&sender->host->ports[sender->port].wire, &world->rng, frame->bytes, n, world->now_us
	);
	frame_trace(sender, span_of(frame->bytes, n), &fate);
	for (int i = 0; i < fate.copies; i++) {
		struct frame *copy = frame_new(frame->bytes, n);
		copy->arrives_us = fate.arrives_us[i];
		copy->order = world->next_order++;
		copy->to = sender->host->ports[sender->port].peer;
		copy->port = sender->host->ports[sender->port].peer_port;
		heap_push(world, copy);
	}
	free(frame);
}

void world_transmit(struct host *host, uint8_t port, const uint8_t *bytes, size_t n)
{
	struct sender sender = {host, port};
	struct tamper *tamper = host->ports[port].tamper;
	if (host->ports[port].peer == NULL || n > FRAME_MAX)
		return;
	if (tamper == NULL)
		wire_frame(&sender, bytes, n);
	else if (!tamper_frame(tamper, bytes, n, host->world->now_us, wire_frame, &sender))
		frame_trace(&sender, span_of(bytes, n), &(struct wire_fate){0});
}

static void host_transmit(void *ctx, struct pkt *pkt)
{
	uint8_t bytes[FRAME_MAX];
	size_t n = pkt_wire_len(pkt);
	uint8_t port = pkt->port;
	if (n <= sizeof(bytes)) {
		memcpy(bytes, pkt->data, pkt->len);
		if (pkt->payload_len > 0)
			memcpy(bytes + pkt->len, pkt->payload_data, pkt->payload_len);
	}
	pkt_put(pkt);
	world_transmit(ctx, port, bytes, n);
}

static void host_tcp_error(
	void *ctx, const struct endpoint *local, const struct endpoint *remote, uint32_t seq,
	uint8_t type, uint8_t code, uint16_t mtu
)
{
	struct host *host = ctx;
	tcp_icmp_error(host->tcp, local, remote, seq, type, code, mtu, host->world->now_us);
}

// A host has one worker, which owns the neighbours: nobody to ask, nobody to tell.
static void host_resolve(void *, uint8_t, const struct ip_addr *)
{
}

static void host_publish(void *, const struct neighbour *)
{
}

static int host_output(
	void *ctx, struct pkt *pkt, const struct ip_addr *local, const struct ip_addr *remote
)
{
	struct host *host = ctx;
	return ip_output(host->ip, pkt, local, remote, host->world->now_us / 1000);
}

static int host_route(void *ctx, const struct ip_addr *remote, struct ip_addr *local, uint16_t *mtu)
{
	return ip_route(((struct host *)ctx)->ip, remote, local, mtu);
}

static uint64_t host_random(void *ctx)
{
	return rng_next(&((struct host *)ctx)->world->rng);
}

static int host_ip_new(struct host *host, const struct host_config *config)
{
	struct ip_config ip = {.owner = true, .n_ports = config->n_ports};
	struct ip_ops ops = {
		.transmit = host_transmit,
		.resolve = host_resolve,
		.publish = host_publish,
		.tcp_error = host_tcp_error,
		.ctx = host};
	for (uint8_t i = 0; i < config->n_ports; i++) {
		struct ip_port_config *port = &ip.ports[i];
		port->mac = host->ports[i].mac;
		port->mtu = config->mtu;
		port->vlan = config->vlan;
		port->n_addrs = 1;
		int result = addr_parse_prefix(
			config->ports[i].address, &port->addrs[0].addr, &port->addrs[0].prefix
		);
		if (result == 0 && config->ports[i].gateway != NULL)
			result = addr_parse(config->ports[i].gateway, &port->gateway);
		if (result != 0)
			return result;
	}
	host->ip = ip_new(&ip, &ops, host->pool);
	return host->ip == NULL ? ERR_LIMIT : 0;
}

static void host_free(struct host *host)
{
	tcp_free(host->tcp);
	ip_free(host->ip);
	pkt_pool_free(host->pool);
	free(host);
}

static bool host_stack_new(struct host *host, const struct host_config *config)
{
	struct tcp_ops ops =
		{.output = host_output, .route = host_route, .random = host_random, .ctx = host};
	host->pool = pkt_pool_new(config->pkts);
	if (host->pool == NULL || host_ip_new(host, config) != 0)
		return false;
	host->tcp = tcp_new(&config->tcp, &ops, host->pool, host->world->now_us);
	return host->tcp != NULL;
}

struct host *world_host_add(struct world *world, const struct host_config *config)
{
	struct host *host = calloc(1, sizeof(*host));
	if (host == NULL || world->n_hosts == HOSTS_MAX) {
		free(host);
		return NULL;
	}
	host->name = config->name;
	host->world = world;
	host->app = config->app;
	host->ctx = config->ctx;
	host->frame = config->frame;
	for (uint8_t i = 0; i < config->n_ports; i++)
		host->ports[i].mac =
			(struct eth_addr){{2, 0, 0, 0, (uint8_t)(world->n_hosts + 1), i}};
	if (config->frame == NULL && !host_stack_new(host, config)) {
		host_free(host);
		return NULL;
	}
	world->hosts[world->n_hosts++] = host;
	return host;
}

void world_join(
	struct host *a, uint8_t a_port, struct host *b, uint8_t b_port,
	const struct wire_config *config
)
{
	a->ports[a_port].peer = b;
	a->ports[a_port].peer_port = b_port;
	a->ports[a_port].wire.config = *config;
	b->ports[b_port].peer = a;
	b->ports[b_port].peer_port = a_port;
	b->ports[b_port].wire.config = *config;
}

struct world *world_new(uint64_t seed, bool trace)
{
	struct world *world = calloc(1, sizeof(*world));
	if (world == NULL)
		return NULL;
	world->now_us = START_US;
	world->rng = rng_of(seed);
	world->trace = trace;
	return world;
}

void world_free(struct world *world)
{
	if (world == NULL)
		return;
	for (uint32_t i = 0; i < world->n_hosts; i++)
		host_free(world->hosts[i]);
	for (size_t i = 0; i < world->n_frames; i++)
		free(world->heap[i]);
	free(world->heap);
	free(world);
}

uint64_t world_now_us(const struct world *world)
{
	return world->now_us;
}

struct rng *world_rng(struct world *world)
{
	return &world->rng;
}

size_t world_in_flight(const struct world *world)
{
	return world->n_frames;
}

static void deliver(struct world *world, const struct frame *frame)
{
	struct host *host = frame->to;
	host->due = true;
	if (host->frame != NULL) {
		host->frame(host->ctx, span_of(frame->bytes, frame->n), world->now_us);
		return;
	}
	struct pkt *pkt = pkt_get(host->pool);
	uint8_t *at = pkt == NULL ? NULL : pkt_extend(pkt, (uint32_t)frame->n);
	if (at == NULL) {
		pkt_put(pkt);
		host->rx_no_memory++;
		return;
	}
	memcpy(at, frame->bytes, frame->n);
	pkt->port = frame->port;
	struct ip_segment segment;
	if (ip_input(host->ip, pkt, world->now_us / 1000, &segment) == IP_TCP)
		tcp_input(host->tcp, pkt, &segment, world->now_us);
}

static void host_pass(struct host *host, uint64_t now_us)
{
	host->due = false;
	if (host->app != NULL)
		host->app(host->ctx, now_us);
	if (host->frame != NULL)
		return;
	tcp_tick(host->tcp, now_us);
	if (now_us % IP_TICK_US == 0)
		ip_tick(host->ip, now_us / 1000);
}

// One moment: what arrives now, then a pass of every host that has something to do.
static void step(struct world *world)
{
	uint64_t next_tick = world->now_us - world->now_us % TICK_US + TICK_US;
	uint64_t next = next_tick;
	if (world->n_frames > 0 && world->heap[0]->arrives_us < next)
		next = world->heap[0]->arrives_us;
	if (next > world->now_us)
		world->now_us = next;
	while (world->n_frames > 0 && world->heap[0]->arrives_us <= world->now_us) {
		struct frame *frame = heap_pop(world);
		deliver(world, frame);
		free(frame);
	}
	for (uint32_t i = 0; i < world->n_hosts; i++) {
		if (world->hosts[i]->due || world->now_us == next_tick)
			host_pass(world->hosts[i], world->now_us);
	}
}

bool world_run(struct world *world, bool (*done)(void *ctx), void *ctx, uint64_t limit_us)
{
	uint64_t end_us = world->now_us + limit_us;
	while (world->now_us < end_us) {
		if (done != NULL && done(ctx))
			return true;
		step(world);
	}
	return done != NULL && done(ctx);
}
