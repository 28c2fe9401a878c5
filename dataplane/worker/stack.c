// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/worker/stack.h"

#include "dataplane/base/cursor.h"
#include "dataplane/base/stage.h"

#include <errno.h>

enum {
	MESH_BURST = 64, // messages of one other worker in one loop
	IP_TICK_US = 100000,
	STACK_FETCH_CONNS = 4096, // fewer stay in the cache of a core anyway
};

// The port whose hash steers a flow: the one that has our address.
static uint8_t port_of(const struct stack *stack, const struct ip_addr *local, uint8_t otherwise)
{
	const struct ip_config *ip = &stack->config.ip;

	for (uint8_t p = 0; p < ip->n_ports; p++) {
		for (uint8_t i = 0; i < ip->ports[p].n_addrs; i++) {
			if (addr_equal(&ip->ports[p].addrs[i].addr, local))
				return p;
		}
	}
	return otherwise;
}

static uint16_t owner_of(
	const struct stack *stack, const struct endpoint *local, const struct endpoint *remote,
	uint8_t otherwise
)
{
	uint8_t port = port_of(stack, &local->addr, otherwise);

	return nic_owner(stack->config.nic, port, local, remote);
}

// False, counted, when the other worker does not keep up.
static bool hand_over(struct stack *stack, uint16_t to, const struct mesh_msg *msg)
{
	bool pushed = mesh_push(stack->config.mesh, stack->config.worker, to, msg);

	if (pushed)
		stack->config.stats->handed_over++;
	else
		stack->config.stats->handover_full++;
	return pushed;
}

static void hand_over_pkt(struct stack *stack, uint16_t to, const struct mesh_msg *msg)
{
	if (!hand_over(stack, to, msg))
		pkt_put(msg->pkt);
}

// ---- from ip

// A packet with nothing that this worker still counts references on. Takes over the reference.
// Returns NULL when no packet is free.
static struct pkt *make_own(struct pkt *pkt, struct pkt_pool *pool)
{
	if (pkt->refs == 1 && pkt->payload == NULL)
		return pkt;
	struct pkt *copy = pkt_get(pool);
	uint8_t *at = copy == NULL ? NULL : pkt_extend(copy, pkt_wire_len(pkt));
	if (at == NULL) {
		pkt_put(copy);
		pkt_put(pkt);
		return NULL;
	}
	memcpy(at, pkt->data, pkt->len);
	if (pkt->payload_len > 0)
		memcpy(at + pkt->len, pkt->payload_data, pkt->payload_len);
	copy->flags = pkt->flags;
	copy->port = pkt->port;
	copy->l2_len = pkt->l2_len;
	copy->l3_len = pkt->l3_len;
	copy->l4_len = pkt->l4_len;
	pkt_put(pkt);
	return copy;
}

static void on_transmit(void *ctx, struct pkt *pkt)
{
	struct stack *stack = ctx;
	struct nic *nic = stack->config.nic;
	uint16_t self = stack->config.worker;

	if (nic_has_queue(nic, self, pkt->port)) {
		enum stage before = stage_enter(STAGE_TX);
		nic_tx(nic, self, pkt);
		stage_add(STAGE_TX, 1);
		stage_leave(before);
		return;
	}
	struct pkt *own = make_own(pkt, nic_pool(nic, self));
	if (own == NULL) {
		stack->config.stats->tx_full++;
		return;
	}
	struct mesh_msg msg = {.type = MESH_TRANSMIT, .pkt = own};
	hand_over_pkt(stack, nic_queue_worker(nic, self, own->port), &msg);
}

// A message that finds the ring full is not missed: the replica asks again with its next packet,
// and the owner tells again when it hears the neighbour again.
static void on_resolve(void *ctx, uint8_t port, const struct ip_addr *addr)
{
	struct mesh_msg msg = {.type = MESH_RESOLVE, .resolve = {.port = port, .addr = *addr}};

	(void)hand_over(ctx, 0, &msg);
}

static void on_publish(void *ctx, const struct neighbour *neighbour)
{
	struct stack *stack = ctx;
	struct mesh_msg msg = {.type = MESH_NEIGHBOUR, .neighbour = *neighbour};

	for (uint16_t w = 0; w < stack->config.n_workers; w++) {
		if (w != stack->config.worker)
			(void)hand_over(stack, w, &msg);
	}
}

static void on_tcp_error(
	void *ctx, const struct endpoint *local, const struct endpoint *remote, uint32_t seq,
	uint8_t type, uint8_t code, uint16_t mtu
)
{
	struct stack *stack = ctx;
	uint16_t owner = owner_of(stack, local, remote, 0);

	if (owner == stack->config.worker) {
		tcp_icmp_error(stack->tcp, local, remote, seq, type, code, mtu, stack->now_us);
		return;
	}
	struct mesh_msg msg = {
		.type = MESH_TCP_ERROR,
		.error = {*local, *remote, seq, type, code, mtu},
	};
	(void)hand_over(stack, owner, &msg);
}

// ---- from tcp

static int on_output(
	void *ctx, struct pkt *pkt, const struct ip_addr *local, const struct ip_addr *remote
)
{
	struct stack *stack = ctx;

	return ip_output(stack->ip, pkt, local, remote, stack->now_us / 1000);
}

static int on_route(void *ctx, const struct ip_addr *remote, struct ip_addr *local, uint16_t *mtu)
{
	struct stack *stack = ctx;

	return ip_route(stack->ip, remote, local, mtu);
}

static uint64_t on_random(void *ctx)
{
	struct stack *stack = ctx;

	return random_next(&stack->random);
}

static bool on_port_is_ours(void *ctx, const struct endpoint *local, const struct endpoint *remote)
{
	struct stack *stack = ctx;

	return owner_of(stack, local, remote, 0) == stack->config.worker;
}

// ---- life

static void complete_ports(struct stack_config *config)
{
	for (uint8_t p = 0; p < config->ip.n_ports; p++) {
		struct ip_port_config *port = &config->ip.ports[p];
		struct nic_port_info info;
		nic_port_info(config->nic, p, &info);
		memcpy(&port->mac, info.mac, sizeof(port->mac));
		port->mtu = info.mtu;
		port->tx_offload = info.tx_offload;
	}
	config->ip.owner = config->worker == 0;
	config->tcp.mss_max = UINT16_MAX; // what the route's MTU leaves, and a packet holds
}

int stack_init(struct stack *stack, const struct stack_config *config, uint64_t now_us)
{
	const struct ip_ops ip_ops = {
		.transmit = on_transmit,
		.resolve = on_resolve,
		.publish = on_publish,
		.tcp_error = on_tcp_error,
		.ctx = stack,
	};
	const struct tcp_ops tcp_ops = {
		.output = on_output,
		.route = on_route,
		.random = on_random,
		.port_is_ours = config->n_workers > 1 ? on_port_is_ours : NULL,
		.ctx = stack,
	};

	*stack = (struct stack){.config = *config, .now_us = now_us};
	stack->config.ip.key = (struct hash_key){{on_random(stack), on_random(stack)}};
	complete_ports(&stack->config);
	struct pkt_pool *pool = nic_pool(config->nic, config->worker);
	stack->ip = ip_new(&stack->config.ip, &ip_ops, pool);
	stack->tcp = tcp_new(&stack->config.tcp, &tcp_ops, pool, now_us);
	if (stack->ip == NULL || stack->tcp == NULL) {
		stack_fini(stack);
		return -ENOMEM;
	}
	return 0;
}

void stack_fini(struct stack *stack)
{
	if (stack->tcp != NULL)
		tcp_free(stack->tcp);
	if (stack->ip != NULL)
		ip_free(stack->ip);
	stack->tcp = NULL;
	stack->ip = NULL;
}

// ---- the loop

// A segment that is checked and ours: here, or at the worker that owns its flow. One too short for
// its ports is counted by whoever gets it.
static void steer_segment(struct stack *stack, struct pkt *pkt, struct ip_segment *segment)
{
	struct cursor c = cursor_of(pkt_span(pkt));
	struct endpoint remote = {segment->remote.addr, cursor_be16(&c)};
	struct endpoint local = {segment->local.addr, cursor_be16(&c)};
	uint16_t owner =
		nic_arrival_owner(stack->config.nic, stack->config.worker, pkt, &local, &remote);

	if (owner == stack->config.worker || c.bad) {
		tcp_input(stack->tcp, pkt, segment, stack->now_us);
		return;
	}
	struct mesh_msg msg = {.type = MESH_SEGMENT, .pkt = pkt, .segment = *segment};
	hand_over_pkt(stack, owner, &msg);
}

static void input_frame(struct stack *stack, struct pkt *pkt)
{
	struct ip_segment segment;

	switch (ip_input(stack->ip, pkt, stack->now_us / 1000, &segment)) {
	case IP_CONSUMED:
		return;
	case IP_TCP:
		steer_segment(stack, pkt, &segment);
		return;
	case IP_OWNER:
		hand_over_pkt(stack, 0, &(struct mesh_msg){.type = MESH_FRAME, .pkt = pkt});
		return;
	}
}

static void take_over(struct stack *stack, const struct mesh_msg *msg)
{
	uint64_t now_ms = stack->now_us / 1000;

	switch (msg->type) {
	case MESH_SEGMENT:
		tcp_input(stack->tcp, msg->pkt, &msg->segment, stack->now_us);
		return;
	case MESH_FRAME:
		input_frame(stack, msg->pkt);
		return;
	case MESH_TRANSMIT:
		nic_tx(stack->config.nic, stack->config.worker, msg->pkt);
		return;
	case MESH_NEIGHBOUR:
		ip_neighbour_set(stack->ip, &msg->neighbour, now_ms);
		return;
	case MESH_RESOLVE:
		ip_resolve(stack->ip, msg->resolve.port, &msg->resolve.addr, now_ms);
		return;
	case MESH_TCP_ERROR:
		tcp_icmp_error(
			stack->tcp, &msg->error.local, &msg->error.remote, msg->error.seq,
			msg->error.type, msg->error.code, msg->error.mtu, stack->now_us
		);
		return;
	case MESH_CANCEL:
		if (stack->config.cancel != NULL)
			stack->config.cancel(
				stack->config.ctx, msg->cancel.pid, msg->cancel.secret
			);
		return;
	}
}

static uint32_t input_mesh(struct stack *stack)
{
	uint16_t self = stack->config.worker;
	struct mesh_msg msg;
	uint32_t total = 0;

	for (uint16_t from = 0; from < stack->config.n_workers; from++) {
		if (from == self)
			continue;
		uint32_t n = 0;
		while (n < MESH_BURST && mesh_pop(stack->config.mesh, from, self, &msg)) {
			take_over(stack, &msg);
			n++;
		}
		total += n;
	}
	stack->config.stats->taken_over += total;
	return total;
}

// What the segments of a burst will ask memory for, while there is something else to do.
static void fetch_ahead(const struct stack *stack, struct pkt *const *pkts, uint32_t n)
{
	uint32_t hashes[NIC_BURST], found = 0;

	if (n < 2 || tcp_stats(stack->tcp)->conns < STACK_FETCH_CONNS)
		return;
	for (uint32_t i = 0; i < n; i++) {
		struct endpoint local, remote;
		if (ip_peek(pkts[i], &local, &remote))
			hashes[found++] = tcp_fetch_slot(stack->tcp, &local, &remote);
	}
	for (uint32_t i = 0; i < found; i++)
		tcp_fetch_conn(stack->tcp, hashes[i]);
}

uint32_t stack_input(struct stack *stack, uint64_t now_us)
{
	struct pkt *pkts[NIC_BURST];

	stack->now_us = now_us;
	uint32_t total = input_mesh(stack);
	for (uint8_t p = 0; p < stack->config.ip.n_ports; p++) {
		if (!nic_has_queue(stack->config.nic, stack->config.worker, p))
			continue;
		enum stage before = stage_enter(STAGE_RX);
		uint32_t n = nic_rx(stack->config.nic, stack->config.worker, p, pkts);
		stage_add(STAGE_RX, n);
		(void)stage_enter(STAGE_INPUT);
		fetch_ahead(stack, pkts, n);
		for (uint32_t i = 0; i < n; i++)
			input_frame(stack, pkts[i]);
		stage_leave(before);
		total += n;
	}
	return total;
}

void stack_output(struct stack *stack)
{
	tcp_tick(stack->tcp, stack->now_us);
	if (stack->now_us >= stack->next_tick_us) {
		stack->next_tick_us = stack->now_us + IP_TICK_US;
		ip_tick(stack->ip, stack->now_us / 1000);
	}
	enum stage before = stage_enter(STAGE_TX);
	nic_flush(stack->config.nic, stack->config.worker);
	stage_leave(before);
}

void stack_cancel(struct stack *stack, uint16_t worker, uint32_t pid, uint32_t secret)
{
	struct mesh_msg msg = {.type = MESH_CANCEL, .cancel = {pid, secret}};

	if (worker < stack->config.n_workers && worker != stack->config.worker)
		(void)hand_over(stack, worker, &msg);
}

// What attacks show in.
static void count_refused(const struct tcp_stats *from, struct worker_stats *to)
{
	to->tcp_memory = from->memory;
	to->tcp_memory_pressure = from->memory_pressure;
	to->tcp_memory_critical = from->memory_critical;
	to->tcp_ooo_pruned = from->ooo_pruned + from->ooo_dropped;
	to->tcp_stalled_reset = from->stalled_reset;
	to->tcp_buffers_grown = from->rcv_buf_grown;
	to->tcp_buffers_shrunk = from->rcv_buf_shrunk;
	to->tcp_buffers_extra = from->rcv_buf_extra;
	to->tcp_half_open = from->half_open;
	to->tcp_syn_dropped = from->syn_dropped + from->syn_evicted;
	to->tcp_cookies_sent = from->cookies_sent;
	to->tcp_cookies_accepted = from->cookies_accepted;
	to->tcp_cookies_bad = from->cookies_bad;
	to->tcp_refused = from->bad_seq + from->bad_ack + from->paws_dropped + from->bad_options +
			  from->short_header + from->no_listener + from->stray;
	to->tcp_challenges = from->challenge_acks;
	to->tcp_icmp_refused = from->icmp_refused;
	to->tcp_bad_sacks = from->bad_sacks;
}

static void count_tcp(const struct tcp_stats *from, struct worker_stats *to)
{
	to->tcp_retransmits = from->retransmits;
	to->tcp_timeouts = from->rto_expired;
	to->tcp_loss_probes = from->loss_probes;
	to->tcp_undone = from->undone;
	to->tcp_black_holes = from->black_holes;
	to->tcp_mss_raised = from->mss_raised;
	to->tcp_ecn_negotiated = from->ecn_negotiated;
	to->tcp_ecn_marked = from->ecn_marked;
	to->tcp_ecn_reduced = from->ecn_reduced;
}

static void count_ports(const struct stack *stack, struct worker_stats *to)
{
	struct nic_stats sum = {0};

	for (uint8_t p = 0; p < stack->config.ip.n_ports; p++) {
		const struct nic_stats *s = nic_stats(stack->config.nic, stack->config.worker, p);
		sum.rx_packets += s->rx_packets;
		sum.rx_bytes += s->rx_bytes;
		sum.tx_packets += s->tx_packets;
		sum.tx_bytes += s->tx_bytes;
		sum.tx_merged += s->tx_merged;
		sum.tx_full += s->tx_full + s->tx_refused + s->tx_gone + s->tx_no_memory;
		sum.rss_checked += s->rss_checked;
		sum.rss_differs += s->rss_differs;
		sum.rss_misplaced += s->rss_misplaced;
	}
	to->rx_packets = sum.rx_packets;
	to->rx_bytes = sum.rx_bytes;
	to->tx_packets = sum.tx_packets;
	to->tx_bytes = sum.tx_bytes;
	to->tx_merged = sum.tx_merged;
	to->tx_lost = sum.tx_full;
	to->rss_checked = sum.rss_checked;
	to->rss_differs = sum.rss_differs;
	to->rss_misplaced = sum.rss_misplaced;
}

void stack_count(struct stack *stack)
{
	struct worker_stats *stats = stack->config.stats;
	uint32_t used, total;

	count_ports(stack, stats);
	count_tcp(tcp_stats(stack->tcp), stats);
	count_refused(tcp_stats(stack->tcp), stats);
	tcp_memory_count(stack->tcp, &stats->net_held_bytes, &stats->net_budget_bytes);
	stats->net_held_bytes += ip_memory_held(stack->ip);
	nic_pool_usage(stack->config.nic, stack->config.worker, &used, &total);
	stats->pkts_used = used;
	stats->pkts_total = total;
}
