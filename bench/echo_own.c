// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The ends of bench/echo on our own stack: tcp/ and ip/ over nic/'s receiving and sending, on two
// net_ring ports with crossed rings. They pass on the very mbufs that were sent, so a packet that
// borrows its payload is put together by whoever receives it, where a NIC would. With TSO nobody
// cuts frames up: they are put together whole, where a NIC with LRO would.

#include "bench/echo.h"
#include "dataplane/nic/eal.h"
#include "dataplane/nic/merge.h"
#include "dataplane/nic/rx.h"
#include "dataplane/nic/tx.h"
#include "dataplane/nic/watch.h"
#include "dataplane/tcp/tcp.h"
#include "dataplane/worker/random.h"

#include <rte_cycles.h>
#include <rte_eth_ring.h>
#include <rte_lcore.h>
#include <rte_ring.h>

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	RING = 1024,
	PACKETS = 16384, // of each end
	// With TSO packets have room for a frame; so long a chain fits, headers included.
	TSO_PACKETS = 8192,
	TSO_ROOM = UINT16_MAX - RTE_PKTMBUF_HEADROOM,
	TSO_PAYLOADS = 60 * 1024,
	INDIRECT = 4096,
	IP_TICK_US = 100000,
	CLOCK_START_US = 1000000,
	CHECKSUMS = PKT_TX_IP_CSUM | PKT_TX_TCP_CSUM,
	CHECKED = PKT_RX_IP_CSUM_GOOD | PKT_RX_L4_CSUM_GOOD,
};

struct own {
	struct nic_port port;
	struct nic_pool pool;
	struct nic_stats stats;
	struct tx_queue tx;
	struct ip *ip;
	struct tcp *tcp;
	struct random random;
	uint16_t good; // flags of what arrives
	uint64_t now_us, next_tick_us;
	uint32_t servers;
	struct echo_end *end;
	struct echo_conn *busy; // within its callbacks
} __attribute__((aligned(64)));

static struct own owns[2];

// Both ends of one core stand still together when the kernel takes it from them: their clock, too.
// Else what was on the way then would be late, and sent again.
static uint64_t steady_us(void)
{
	static uint64_t before, ticks, us = CLOCK_START_US;
	uint64_t now = rte_rdtsc(), passed = now - before;
	uint64_t hz = rte_get_tsc_hz();

	if (passed > hz / ECHO_TAKEN_PARTS)
		passed = hz / ECHO_TAKEN_PARTS;
	before = now;
	ticks += passed;
	while (ticks >= hz / 1000000) {
		ticks -= hz / 1000000;
		us++;
	}
	return us;
}

static uint64_t clock_us(const struct echo_config *config)
{
	struct timespec ts;

	if (!config->two_cores)
		return steady_us();
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static struct ip_addr address(bool server, uint32_t i)
{
	return addr_from_v4(htonl(UINT32_C(10) << 24 | 78 << 16 | (server ? 1 << 8 : 0) | (i + 1)));
}

// ---- below

static void on_transmit(void *ctx, struct pkt *pkt)
{
	struct own *own = ctx;

	tx_push(&own->port, 0, &own->pool, &own->tx, &own->stats, pkt);
}

static void on_publish(void *, const struct neighbour *)
{
}

static void on_tcp_error(
	void *ctx, const struct endpoint *local, const struct endpoint *remote, uint32_t seq,
	uint8_t type, uint8_t code, uint16_t mtu
)
{
	struct own *own = ctx;

	tcp_icmp_error(own->tcp, local, remote, seq, type, code, mtu, own->now_us);
}

static int on_output(
	void *ctx, struct pkt *pkt, const struct ip_addr *local, const struct ip_addr *remote
)
{
	struct own *own = ctx;

	return ip_output(own->ip, pkt, local, remote, own->now_us / 1000);
}

static int on_route(void *ctx, const struct ip_addr *remote, struct ip_addr *local, uint16_t *mtu)
{
	struct own *own = ctx;

	return ip_route(own->ip, remote, local, mtu);
}

static uint64_t on_random(void *ctx)
{
	struct own *own = ctx;

	return random_next(&own->random);
}

// ---- set-up

static void eal(const struct echo_config *config, uint64_t bytes)
{
	struct nic_config nic = {
		.control_core = (uint16_t)config->core,
	};
	const char *why = NULL;
	int r = eal_start(&nic, (2 * bytes * 9 / 8 >> 20) + 64, &why);

	errno = 0;
	echo_need(r == 0, why);
}

static uint32_t packets_of(const struct echo_config *config)
{
	return config->tso ? TSO_PACKETS : PACKETS;
}

// The port cuts up large frames, nic/ is to believe; it must not look again, as it does for the
// first port when the second one comes.
static void let_cut(struct nic_port *port, uint16_t mtu)
{
	uint64_t flags = RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_TCP_SEG;

	watch_stop(port);
	port->asked |= flags;
	port->can |= flags;
	port->cut_families = RTE_MBUF_F_TX_IPV4;
	port->cut_max = UINT16_MAX;
	port->segments_max = (uint16_t)RTE_MIN(TSO_PAYLOADS / (mtu - 40) + 1, MERGE_SEGMENTS_MAX);
}

// Two ports, each of which receives what the other sends.
static void wire(const struct echo_config *config)
{
	struct rte_ring *rings[2];
	const char *names[2] = {"client", "server"};
	struct hash_key key = {{1, 2}};
	const char *why = "the rings";

	for (int i = 0; i < 2; i++)
		rings[i] = rte_ring_create(
			names[i], RING, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ
		);
	echo_need(rings[0] != NULL && rings[1] != NULL, why);
	for (int i = 0; i < 2; i++) {
		struct nic_config nic = {
			.n_workers = 1,
			.no_offload = config->linear,
			.n_ports = 1,
			.ports = {{.mtu = config->mtu}},
		};
		snprintf(nic.ports[0].device, NIC_DEVICE_MAX, "net_ring_%s", names[i]);
		int id = rte_eth_from_rings(names[i], &rings[i], 1, &rings[1 - i], 1, 0);
		echo_need(id >= 0, why);
		echo_need(port_open(&owns[i].port, &nic, 0, &key, &why) == 0, why);
		echo_need(port_start(&owns[i].port, &owns[i].pool, &why) == 0, why);
	}
	for (int i = 0; config->tso && i < 2; i++)
		let_cut(&owns[i].port, config->mtu);
}

static void stack(const struct echo_config *config, struct own *own, bool server)
{
	const struct ip_ops ip_ops = {
		.transmit = on_transmit,
		.publish = on_publish,
		.tcp_error = on_tcp_error,
		.ctx = own,
	};
	const struct tcp_ops tcp_ops = {
		.output = on_output,
		.route = on_route,
		.random = on_random,
		.ctx = own,
	};
	struct ip_config ip = {.owner = true, .n_ports = 1};
	struct tcp_config tcp;

	own->servers = config->kind == ECHO_CONNECT ? ECHO_SERVERS_MAX
						    : config->conns / ECHO_PER_SERVER + 1;
	ip.ports[0] = (struct ip_port_config){
		.mac = {{2, 0x78, 0, 0, 0, server}},
		.mtu = config->mtu,
		.tx_offload = config->software ? 0 : CHECKSUMS,
		.n_addrs = (uint8_t)(server ? own->servers : 1),
	};
	for (uint32_t i = 0; i < ip.ports[0].n_addrs; i++) {
		ip.ports[0].addrs[i].addr = address(server, i);
		ip.ports[0].addrs[i].prefix = 16;
	}
	own->good = config->software ? 0 : CHECKED;
	own->now_us = clock_us(config);
	own->ip = ip_new(&ip, &ip_ops, &own->pool.pool);
	tcp_config_default(&tcp);
	tcp.conns_max = own->end->n_conns + ECHO_OPENING_MAX;
	tcp.mss_max = (uint16_t)(config->mtu - 40);
	tcp.queue_pkts_max = packets_of(config) - 4 * RING;
	tcp.port_first = 1024;
	tcp.port_last = 65535;
	own->tcp = tcp_new(&tcp, &tcp_ops, &own->pool.pool, own->now_us);
	echo_need(own->ip != NULL && own->tcp != NULL, "no memory");
	struct endpoint any = {.port = ECHO_PORT};
	if (server)
		echo_need(tcp_listen(own->tcp, &any, NULL) == 0, "tcp_listen");
}

// Write to all packets once: later nobody waits for the kernel's zeroed pages, and what connections
// cost is not mistaken for it.
static void touch(struct nic_pool *pool)
{
	static struct pkt *all[PACKETS];
	uint32_t n = 0;

	while (n < PACKETS) {
		struct pkt *pkt = pkt_get(&pool->pool);
		if (pkt == NULL)
			break;
		memset(pkt->base, 0, pkt->size);
		all[n++] = pkt;
	}
	while (n > 0)
		pkt_put(all[--n]);
}

void own_start(const struct echo_config *config, struct echo_end ends[static 2])
{
	uint32_t room = config->mtu + 64u;

	uint32_t packets = packets_of(config);

	room = room < PKT_DATAROOM ? PKT_DATAROOM : RTE_ALIGN_CEIL(room, RTE_CACHE_LINE_SIZE);
	if (config->tso)
		room = TSO_ROOM;
	eal(config, nic_pool_bytes(packets, room, INDIRECT));
	for (unsigned i = 0; i < 2; i++) {
		int r = nic_pool_init(&owns[i].pool, i, packets, room, INDIRECT);
		echo_need(r == 0, "not enough memory for the packet pools");
		touch(&owns[i].pool);
	}
	wire(config);
	for (unsigned i = 0; i < 2; i++) {
		owns[i].end = &ends[i];
		stack(config, &owns[i], i == 1);
		ends[i].io = &own_io;
		ends[i].stack = &owns[i];
	}
}

// Caches of the packet pools are one a thread. Ends on two cores poll: one that the kernel takes
// from its core for a while holds the other one up, so they go before what else is ready, if we
// may.
static void own_enter(struct echo_end *end)
{
	const struct sched_param first = {.sched_priority = 1};

	if (end->config->two_cores)
		(void)pthread_setschedparam(pthread_self(), SCHED_RR, &first);
	echo_need(
		rte_lcore_id() != LCORE_ID_ANY || rte_thread_register() == 0, "a thread for DPDK"
	);
}

static void own_stop(struct echo_end *end)
{
	struct own *own = end->stack;

	tcp_free(own->tcp);
	ip_free(own->ip);
	tx_discard(&own->tx);
	port_stop(&own->port);
}

// ---- the socket

static bool own_connect(struct echo_end *end, struct echo_conn *conn, uint32_t index)
{
	struct own *own = end->stack;
	struct endpoint to = {address(true, index % own->servers), ECHO_PORT};

	return tcp_connect(own->tcp, &to, conn, own->now_us, &conn->tcp) == 0;
}

static size_t own_send(struct echo_end *, struct echo_conn *conn, struct span bytes)
{
	return tcp_send(conn->tcp, bytes);
}

static void own_close(struct echo_end *end, struct echo_conn *conn)
{
	struct own *own = end->stack;

	conn->closing = true;
	if (own->busy == conn)
		return;
	tcp_release(conn->tcp);
	app_gone(end, conn, false);
}

static void readable(struct echo_end *end, struct echo_conn *conn)
{
	while (!conn->closing) {
		struct span bytes = tcp_peek(conn->tcp);
		if (bytes.n == 0)
			break;
		size_t n = app_data(end, conn, bytes);
		tcp_consume(conn->tcp, n);
		if (n < bytes.n)
			break;
	}
}

static void on_event(struct echo_end *end, struct tcp_conn *tcp, uint32_t events)
{
	struct own *own = end->stack;
	struct echo_conn *conn = tcp_conn_user(tcp);

	if ((events & TCP_EV_ACCEPTED) != 0) {
		conn = app_accept(end);
		echo_need(conn != NULL, "more connections than there should be");
		conn->tcp = tcp;
		tcp_conn_set_user(tcp, conn);
	}
	own->busy = conn;
	if ((events & TCP_EV_CONNECTED) != 0)
		app_opened(end, conn);
	if ((events & TCP_EV_WRITABLE) != 0)
		app_room(end, conn);
	readable(end, conn);
	if (!conn->closing && tcp_conn_fin_received(tcp) && tcp_peek(tcp).n == 0)
		app_fin(end, conn);
	own->busy = NULL;
	bool failed = tcp_conn_error(tcp) != 0;
	if (!conn->closing && (events & TCP_EV_CLOSED) == 0)
		return;
	tcp_release(tcp);
	app_gone(end, conn, failed);
}

static uint32_t own_turn(struct echo_end *end)
{
	struct own *own = end->stack;
	struct pkt *pkts[NIC_BURST];
	struct ip_segment segment;
	struct tcp_conn *conn;
	uint32_t events, work = 0;

	own->now_us = clock_us(end->config);
	uint32_t n = rx_burst(&own->port, 0, 0, &own->pool, &own->stats, pkts);
	for (uint32_t i = 0; i < n; i++) {
		pkts[i]->flags |= own->good;
		if (ip_input(own->ip, pkts[i], own->now_us / 1000, &segment) == IP_TCP)
			tcp_input(own->tcp, pkts[i], &segment, own->now_us);
	}
	while ((conn = tcp_event(own->tcp, &events)) != NULL) {
		on_event(end, conn, events);
		work++;
	}
	app_turn(end);
	tcp_tick(own->tcp, own->now_us);
	if (own->now_us >= own->next_tick_us) {
		own->next_tick_us = own->now_us + IP_TICK_US;
		ip_tick(own->ip, own->now_us / 1000);
	}
	work += own->tx.n;
	tx_flush(&own->port, 0, &own->tx, &own->stats);
	return n + work;
}

// ---- questions

static uint32_t own_live(const struct echo_end *end)
{
	const struct own *own = end->stack;

	return tcp_stats(own->tcp)->conns;
}

static void own_packets(const struct echo_end *end, uint64_t *received, uint64_t *sent)
{
	const struct own *own = end->stack;

	*received = own->stats.rx_packets;
	*sent = own->stats.tx_packets;
}

static const char *own_leftover(const struct echo_end *end)
{
	const struct own *own = end->stack;
	const struct tcp_stats *stats = tcp_stats(own->tcp);

	if (stats->conns > 0 || stats->half_open > 0)
		return "connections";
	if (stats->tx_queued > 0 || stats->rx_queued > 0)
		return "packets in queues";
	if (own->tx.n > 0 || rte_mempool_in_use_count(own->pool.mbufs) > 0)
		return "packets";
	return rte_mempool_in_use_count(own->pool.indirect) > 0 ? "indirect packets" : NULL;
}

const struct echo_io own_io = {
	.enter = own_enter,
	.connect = own_connect,
	.send = own_send,
	.close = own_close,
	.turn = own_turn,
	.live = own_live,
	.packets = own_packets,
	.leftover = own_leftover,
	.stop = own_stop,
};
