// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Two workers between a client's network and a server's: each accepts connections and opens one of
// its own for each, as the relay does. Every byte arrives on whatever port; where the port steers
// by Toeplitz neither leg ever needs another worker. One thread, a clock of its own: the workers
// take turns.
//
//   placement KIND    one kind of port a process, for EAL starts once

#include "dataplane/worker/stack.h"
#include "tests/unit/worker/toeplitz.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	WORKERS_MAX = 4,
	CONNS = 64,
	BYTES = 3000,
	PORT = 5432,
	TURN_US = 1000,
	TURNS_MAX = 100000,
	SENT_MAX = 4096
};

struct pair { // the legs of one session
	struct tcp_conn *client, *server;
};

struct worker {
	struct stack stack;
	struct worker_stats stats;
	uint32_t sessions;
};

// Everybody else: a host with a foot in each network.
struct peer {
	struct pkt_pool *pool;
	struct ip *ip;
	struct tcp *tcp;
	uint32_t closed;
	uint64_t received;
	uint64_t arp_by_queue[WORKERS_MAX]; // requests of the gateway, by the queue they left by
};

struct world {
	struct nic *nic;
	struct mesh mesh;
	uint16_t n_workers;
	struct worker workers[WORKERS_MAX];
	struct peer peer;
	uint64_t now_us;
	uint32_t moves_at; // the turn of a run in which another device comes below; 0: none
};

static struct world world;

static uint64_t now_ms(void)
{
	return world.now_us / 1000;
}

// ---- addresses

static void address(struct ip_port_config *port, const char *text)
{
	uint8_t n = port->n_addrs++;

	assert_int_equal(addr_parse_prefix(text, &port->addrs[n].addr, &port->addrs[n].prefix), 0);
}

static struct ip_config gateway_config(void)
{
	struct ip_config config = {.n_ports = 2};

	address(&config.ports[0], "10.77.1.1/24");
	address(&config.ports[0], "fd77:1::1/64");
	address(&config.ports[1], "10.77.2.1/24");
	address(&config.ports[1], "fd77:2::1/64");
	return config;
}

static struct ip_config peer_config(void)
{
	struct ip_config config = {.owner = true, .key = {{1, 2}}, .n_ports = 2};

	address(&config.ports[0], "10.77.1.2/24");
	address(&config.ports[0], "fd77:1::2/64");
	address(&config.ports[1], "10.77.2.2/24");
	address(&config.ports[1], "fd77:2::2/64");
	for (uint8_t p = 0; p < 2; p++) {
		config.ports[p].mac = (struct eth_addr){{2, 0x77, 0, 0, 0, p}};
		config.ports[p].mtu = 1500;
	}
	return config;
}

static struct endpoint endpoint(const char *text)
{
	struct endpoint e = {.port = PORT};

	assert_int_equal(addr_parse(text, &e.addr), 0);
	return e;
}

// ---- the peer

static void peer_transmit(void *, struct pkt *pkt)
{
	uint8_t frame[TOEPLITZ_FRAME_MAX];
	size_t n = pkt_wire_len(pkt);

	memcpy(frame, pkt->data, pkt->len);
	if (pkt->payload_len > 0)
		memcpy(frame + pkt->len, pkt->payload_data, pkt->payload_len);
	(void)toeplitz_deliver(world.nic, pkt->port, frame, n);
	pkt_put(pkt);
}

static void peer_publish(void *, const struct neighbour *)
{
}

static void peer_tcp_error(
	void *, const struct endpoint *, const struct endpoint *, uint32_t, uint8_t, uint8_t,
	uint16_t
)
{
}

static int peer_output(
	void *, struct pkt *pkt, const struct ip_addr *local, const struct ip_addr *remote
)
{
	return ip_output(world.peer.ip, pkt, local, remote, now_ms());
}

static int peer_route(void *, const struct ip_addr *remote, struct ip_addr *local, uint16_t *mtu)
{
	return ip_route(world.peer.ip, remote, local, mtu);
}

static uint64_t peer_random(void *)
{
	static uint64_t state = 1;

	return state = state * 6364136223846793005 + 1442695040888963407;
}

static void peer_start(struct peer *peer)
{
	const struct ip_config ip = peer_config();
	const struct ip_ops ip_ops = {
		.transmit = peer_transmit,
		.publish = peer_publish,
		.tcp_error = peer_tcp_error};
	const struct tcp_ops tcp_ops = {
		.output = peer_output,
		.route = peer_route,
		.random = peer_random};
	const struct endpoint any = {.port = PORT};
	struct tcp_config tcp;

	tcp_config_default(&tcp);
	peer->pool = pkt_pool_new(8192);
	assert_non_null(peer->pool);
	peer->ip = ip_new(&ip, &ip_ops, peer->pool);
	peer->tcp = tcp_new(&tcp, &tcp_ops, peer->pool, world.now_us);
	assert_non_null(peer->ip);
	assert_non_null(peer->tcp);
	assert_int_equal(tcp_listen(peer->tcp, &any, NULL), 0);
}

static void peer_stop(struct peer *peer)
{
	tcp_free(peer->tcp);
	ip_free(peer->ip);
	pkt_pool_free(peer->pool);
}

static bool is_arp_request(const uint8_t *frame, size_t n)
{
	return n >= 42 && frame[12] == 0x08 && frame[13] == 0x06 && frame[21] == 1;
}

static void peer_receive(struct peer *peer, uint8_t port, const uint8_t *frame, size_t n)
{
	struct pkt *pkt = pkt_get(peer->pool);
	struct ip_segment segment;

	assert_non_null(pkt);
	memcpy(pkt_extend(pkt, (uint32_t)n), frame, n);
	pkt->port = port;
	if (ip_input(peer->ip, pkt, now_ms(), &segment) == IP_TCP)
		tcp_input(peer->tcp, pkt, &segment, world.now_us);
}

static uint8_t pattern(uint64_t i)
{
	return (uint8_t)(i * 31 + i / 256);
}

// Sends back what comes, on the server's side; on the client's, where `user` counts the bytes that
// are back, all of them bring the end.
static void peer_serve(struct peer *peer)
{
	uint32_t events;

	for (struct tcp_conn *conn = tcp_event(peer->tcp, &events); conn != NULL;
	     conn = tcp_event(peer->tcp, &events)) {
		uint64_t *got = tcp_conn_user(conn);
		if ((events & TCP_EV_CONNECTED) != 0) {
			uint8_t bytes[BYTES];
			for (uint32_t i = 0; i < BYTES; i++)
				bytes[i] = pattern(i);
			assert_int_equal(tcp_send(conn, span_of(bytes, BYTES)), BYTES);
		}
		for (struct span in = tcp_peek(conn); in.n > 0; in = tcp_peek(conn)) {
			for (size_t i = 0; got != NULL && i < in.n; i++)
				assert_int_equal(in.p[i], pattern(*got + i));
			size_t n = got == NULL ? tcp_send(conn, in) : in.n;
			tcp_consume(conn, n);
			if (got != NULL)
				*got += n;
		}
		if ((got != NULL && *got == BYTES) || tcp_conn_fin_received(conn))
			tcp_shutdown(conn);
		if ((events & TCP_EV_CLOSED) == 0)
			continue;
		assert_int_equal(tcp_conn_error(conn), 0);
		if (got != NULL) {
			peer->received += *got;
			peer->closed++;
		}
		tcp_release(conn);
	}
}

// ---- the gateway

static void pump(struct tcp_conn *from, struct tcp_conn *to)
{
	if (from == NULL || to == NULL)
		return;
	for (struct span in = tcp_peek(from); in.n > 0; in = tcp_peek(from)) {
		size_t n = tcp_send(to, in);
		tcp_consume(from, n);
		if (n < in.n)
			return;
	}
	if (tcp_conn_fin_received(from))
		tcp_shutdown(to);
}

static void session_new(struct worker *w, struct tcp_conn *client)
{
	struct pair *pair = calloc(1, sizeof(*pair));
	struct endpoint local = tcp_conn_local(client);
	struct endpoint server = endpoint(addr_is_v4(&local.addr) ? "10.77.2.2" : "fd77:2::2");

	assert_non_null(pair);
	pair->client = client;
	tcp_conn_set_user(client, pair);
	assert_int_equal(tcp_connect(w->stack.tcp, &server, pair, world.now_us, &pair->server), 0);
	w->sessions++;
}

static void gateway_serve(struct worker *w)
{
	uint32_t events;

	for (struct tcp_conn *conn = tcp_event(w->stack.tcp, &events); conn != NULL;
	     conn = tcp_event(w->stack.tcp, &events)) {
		if ((events & TCP_EV_ACCEPTED) != 0)
			session_new(w, conn);
		struct pair *pair = tcp_conn_user(conn);
		pump(pair->client, pair->server);
		pump(pair->server, pair->client);
		if ((events & TCP_EV_CLOSED) == 0)
			continue;
		assert_int_equal(tcp_conn_error(conn), 0);
		tcp_release(conn);
		if (conn == pair->client)
			pair->client = NULL;
		else
			pair->server = NULL;
		if (pair->client == NULL && pair->server == NULL)
			free(pair);
	}
}

static void gateway_start(void)
{
	const struct endpoint any = {.port = PORT};

	assert_int_equal(mesh_init(&world.mesh, world.n_workers), 0);
	for (uint16_t i = 0; i < world.n_workers; i++) {
		struct stack_config config = {
			.worker = i,
			.n_workers = world.n_workers,
			.nic = world.nic,
			.mesh = &world.mesh,
			.ip = gateway_config(),
			.stats = &world.workers[i].stats,
		};
		tcp_config_default(&config.tcp);
		assert_int_equal(stack_init(&world.workers[i].stack, &config, world.now_us), 0);
		assert_int_equal(tcp_listen(world.workers[i].stack.tcp, &any, NULL), 0);
	}
}

static void gateway_stop(void)
{
	for (uint16_t i = 0; i < world.n_workers; i++)
		stack_fini(&world.workers[i].stack);
	mesh_fini(&world.mesh);
}

// ---- a turn of everybody

struct sent {
	uint8_t port;
	size_t n;
	uint8_t frame[TOEPLITZ_FRAME_MAX];
};

// All of it off the rings before the peer gets any: its answers go into the same.
static void carry(void)
{
	static struct sent sent[SENT_MAX];
	uint32_t count = 0;

	for (uint8_t port = 0; port < 2; port++) {
		struct nic_port_info info;
		nic_port_info(world.nic, port, &info);
		for (uint16_t q = 0; q < info.n_queues; q++) {
			while (count < SENT_MAX) {
				struct sent *s = &sent[count];
				s->port = port;
				s->n = toeplitz_sent(port, q, s->frame);
				if (s->n == 0)
					break;
				world.peer.arp_by_queue[q] += is_arp_request(s->frame, s->n);
				count++;
			}
		}
	}
	assert_true(count < SENT_MAX);
	for (uint32_t i = 0; i < count; i++)
		peer_receive(&world.peer, sent[i].port, sent[i].frame, sent[i].n);
}

static void turn(void)
{
	world.now_us += TURN_US;
	for (uint16_t i = 0; i < world.n_workers; i++) {
		(void)stack_input(&world.workers[i].stack, world.now_us);
		gateway_serve(&world.workers[i]);
	}
	// Whatever is in a ring now was sent by a worker, for all have taken in theirs.
	for (uint16_t i = 0; i < world.n_workers; i++)
		stack_output(&world.workers[i].stack);
	carry();
	peer_serve(&world.peer);
	tcp_tick(world.peer.tcp, world.now_us);
	if (now_ms() % 100 == 0)
		ip_tick(world.peer.ip, now_ms());
}

static uint64_t sum(size_t at)
{
	uint64_t total = 0;

	for (uint16_t i = 0; i < world.n_workers; i++) {
		stack_count(&world.workers[i].stack);
		total += *(const uint64_t *)((const char *)&world.workers[i].stats + at);
	}
	return total;
}
#define SUM(member) sum(offsetof(struct worker_stats, member))

static uint32_t conns_left(void)
{
	uint32_t n = tcp_stats(world.peer.tcp)->conns;

	for (uint16_t i = 0; i < world.n_workers; i++)
		n += tcp_stats(world.workers[i].stack.tcp)->conns;
	return n;
}

static void run_sessions(const char *gateway)
{
	struct endpoint to = endpoint(gateway);
	uint64_t got[CONNS] = {0};
	struct tcp_conn *conn;
	uint32_t turns = 0;

	world.peer.closed = 0;
	world.peer.received = 0;
	for (uint32_t i = 0; i < CONNS; i++)
		assert_int_equal(tcp_connect(world.peer.tcp, &to, &got[i], world.now_us, &conn), 0);
	while ((world.peer.closed < CONNS || conns_left() > 0) && turns++ < TURNS_MAX) {
		turn();
		if (turns != world.moves_at)
			continue;
		toeplitz.moved = true;
		toeplitz_event();
	}
	assert_int_equal(world.peer.closed, CONNS);
	assert_int_equal(world.peer.received, (uint64_t)CONNS * BYTES);
	assert_int_equal(conns_left(), 0);
}

static void run_both_families(void)
{
	run_sessions("10.77.1.1");
	run_sessions("fd77:1::1");
	for (uint16_t i = 0; i < world.n_workers; i++)
		assert_true(world.workers[i].sessions > 0);
	assert_int_equal(SUM(handover_full), 0);
	// One worker asks for neighbours, whoever wants to know, and once: of the server, for the
	// clients' network asked itself.
	assert_int_equal(world.peer.arp_by_queue[0], 1);
	for (uint16_t q = 1; q < world.n_workers; q++)
		assert_int_equal(world.peer.arp_by_queue[q], 0);
}

static bool steers(uint8_t port)
{
	struct nic_port_info info;

	nic_port_info(world.nic, port, &info);
	return info.toeplitz;
}

// ---- kinds of ports

static void both_legs_come_to_their_worker(void **)
{
	assert_true(steers(0) && steers(1));
	run_both_families();
	assert_int_equal(SUM(rss_misplaced), 0);
	assert_int_equal(SUM(rss_differs), 0);
	assert_true(SUM(rss_checked) > 100);
}

static void steering_is_judged_without_the_hash_too(void **)
{
	assert_true(steers(0) && steers(1));
	run_both_families();
	assert_int_equal(SUM(rss_misplaced), 0);
	assert_int_equal(SUM(rss_checked), 0);
}

static void without_a_hash_workers_hand_over(void **)
{
	assert_false(steers(0) || steers(1));
	run_both_families();
	assert_true(SUM(handed_over) > CONNS);
	assert_int_equal(SUM(rss_checked) + SUM(rss_misplaced), 0);
}

static void a_port_that_lies_is_found_out(void **)
{
	assert_true(steers(0) && steers(1));
	run_both_families();
	assert_true(SUM(rss_differs) > SUM(rss_checked) / 2);
	assert_true(SUM(rss_misplaced) > 0);
	assert_true(SUM(handed_over) >= SUM(rss_misplaced));
}

// netvsc: while connections run, a device with another key comes below, and later packets take
// another way than earlier ones.
static void a_device_that_comes_changes_no_owner(void **)
{
	const uint64_t all = 2 * (uint64_t)world.n_workers * NIC_RSS_CHECKS;

	for (int i = 0; SUM(rss_checked) < all && i < 10; i++)
		run_sessions("10.77.1.1");
	assert_int_equal(SUM(rss_checked), all);
	assert_int_equal(SUM(rss_misplaced), 0);
	world.moves_at = 6; // in the middle of the handshakes, and of the first bytes
	run_sessions("10.77.1.1");
	assert_true(SUM(rss_misplaced) > 0);
	assert_int_equal(SUM(handover_full), 0);
	// Looked at anew.
	assert_true(SUM(rss_checked) > all);
	assert_true(SUM(rss_differs) > 0);
}

static void a_worker_without_a_queue_opens_connections(void **)
{
	struct nic_port_info info;

	nic_port_info(world.nic, 1, &info);
	assert_true(info.n_queues < world.n_workers);
	// The port cannot bring it an answer, so nothing is left to the port.
	assert_false(steers(0) || steers(1));
	run_both_families();
}

static void queues_come_in_powers_of_two(void **)
{
	struct nic_port_info info;

	nic_port_info(world.nic, 0, &info);
	assert_int_equal(info.n_queues, 2);
	run_both_families();
}

static const struct kind {
	const char *name;
	uint16_t n_workers;
	struct toeplitz toeplitz;
	CMUnitTestFunction test;
} kinds[] = {
	{"toeplitz", 2, {.hashes = true}, both_legs_come_to_their_worker},
	{"toeplitz-4", 4, {.hashes = true}, both_legs_come_to_their_worker},
	{"told-twice", 2, {.hashes = true, .driver = "net_mana"}, both_legs_come_to_their_worker},
	{"silent",
	 2,
	 {.hashes = true, .shows_no_hash = true},
	 steering_is_judged_without_the_hash_too},
	{"none", 2, {0}, without_a_hash_workers_hand_over},
	{"other-key", 2, {.hashes = true, .lies = true}, a_port_that_lies_is_found_out},
	{"addresses-only",
	 2,
	 {.hashes = true, .ports_unhashed = true},
	 a_port_that_lies_is_found_out},
	{"few-queues",
	 3,
	 {.hashes = true, .queues_max = 2},
	 a_worker_without_a_queue_opens_connections},
	{"one-queue",
	 2,
	 {.hashes = true, .queues_max = 1},
	 a_worker_without_a_queue_opens_connections},
	{"moves", 2, {.hashes = true}, a_device_that_comes_changes_no_owner},
	{"powers", 3, {.hashes = true, .driver = "net_netvsc"}, queues_come_in_powers_of_two},
};

static int start(void **state)
{
	const struct kind *kind = *state;
	struct nic_config config = {
		.n_workers = kind->n_workers,
		.packets = 2048,
		.n_ports = 2,
		.ports =
			{{.device = "net_ring0", .mtu = 1500},
			 {.device = "net_ring1", .mtu = 1500}},
	};
	const char *why = NULL;

	toeplitz = kind->toeplitz;
	world.n_workers = kind->n_workers;
	world.now_us = 1000000;
	int r = nic_new(&config, &world.nic, &why);
	if (r != 0) {
		print_error("nic_new: %s: %s\n", err_text(r), why);
		return r;
	}
	gateway_start();
	peer_start(&world.peer);
	return 0;
}

static int stop(void **)
{
	gateway_stop();
	peer_stop(&world.peer);
	nic_free(world.nic);
	return 0;
}

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(argv[1], kinds[i].name) != 0)
			continue;
		const struct CMUnitTest tests[] = {
			{.name = kinds[i].name,
			 .test_func = kinds[i].test,
			 .setup_func = start,
			 .teardown_func = stop,
			 .initial_state = (void *)(uintptr_t)&kinds[i]}};
		return cmocka_run_group_tests(tests, NULL, NULL);
	}
	fprintf(stderr, "usage: placement KIND\n");
	return 2;
}
