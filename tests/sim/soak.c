// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Connections by the million through the same two clients and one server, on the simulated clock:
// short and long ones, closed from either end, aborted from either end at any moment, refused,
// abandoned, and more than there are ports for, over a wire that loses a little. After each round
// everything must be as it was before: no connection, no TIME_WAIT, every packet in its pool.
//
//   sim_soak [--seed SEED] [--conns N] [--minutes M]     until both are done; 10,000,000 and 60

#include "tests/sim/world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

enum {
	CLIENTS = 2,
	SLOTS = 1000, // connections of a client at a time
	SERVED_MAX = 4 * SLOTS,
	PORT = 5000,
	PORTS = 8, // from PORT on; the one behind them has no listener
	HEADER = 4,
	BODY_MAX = 5000,
	ROUND_CONNS = 200 * 1000,
	SECOND_US = 1000 * 1000,
	PASS_US = 1000,
	QUIET_S = 600, // simulated, for a round to come to rest
	TIME_WAIT_MS = 2000,
};

// What becomes of a connection; the first byte that the client sends tells the server.
enum fate {
	FATE_ECHO,         // as much back, then the client closes
	FATE_SERVER_FIRST, // as much back, then the server closes, and has the TIME_WAIT
	FATE_HALF,         // the client closes before it gets anything
	FATE_SERVER_ABORT,
	FATE_ABORT,   // by the client, at any moment
	FATE_RELEASE, // by the client when all is queued; what comes then finds nobody
	FATE_REFUSED, // nobody listens
	FATES,
};

struct stream {
	struct tcp_conn *conn;
	enum fate fate;
	uint32_t to_send, sent, to_receive, received;
	uint32_t body;
	bool opened, shut, fin, closed;
	uint64_t abort_us;
	uint8_t header[HEADER];
};

struct soak;

struct client {
	struct soak *soak;
	struct host *host;
	struct ip_addr server;
	uint32_t most; // at a time, this round
	uint32_t active;
	uint64_t scanned_us;
	struct stream slots[SLOTS];
};

struct soak {
	struct world *world;
	struct rng rng;
	struct client clients[CLIENTS];
	struct host *server;
	struct stream served[SERVED_MAX];
	uint32_t n_served;
	uint64_t opened, round_left;
	uint64_t ends[FATES]; // how many came to the end that their fate is
	uint64_t no_port;
	const char *fault;
};

static void fail(struct soak *soak, const char *what)
{
	if (soak->fault == NULL)
		soak->fault = what;
}

static uint8_t body_byte(uint32_t i)
{
	return (uint8_t)(i * 31 + i / 253);
}

static void stream_write(struct stream *s)
{
	uint8_t chunk[BODY_MAX + HEADER];
	uint32_t n = s->to_send - s->sent;
	if (n == 0 || s->shut)
		return;
	bool client = s->to_send == s->body + HEADER;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = s->sent + i;
		chunk[i] = client && at < HEADER ? s->header[at]
						 : body_byte(client ? at - HEADER : at);
	}
	s->sent += (uint32_t)tcp_send(s->conn, span_of(chunk, n));
}

static void header_take(struct stream *s, uint8_t byte)
{
	s->header[s->received] = byte;
	if (s->received + 1 < HEADER)
		return;
	s->fate = s->header[0];
	s->body = (uint32_t)(s->header[1] << 8 | s->header[2]);
	s->to_receive = HEADER + s->body;
	s->to_send = s->body;
}

static void stream_read(struct soak *soak, struct stream *s, bool client)
{
	for (;;) {
		struct span bytes = tcp_peek(s->conn);
		if (bytes.n == 0)
			return;
		for (size_t i = 0; i < bytes.n; i++, s->received++) {
			if (!client && s->received < HEADER)
				header_take(s, bytes.p[i]);
			else if (bytes.p[i] != body_byte(s->received - (client ? 0 : HEADER)))
				fail(soak, "a byte differs");
		}
		tcp_consume(s->conn, bytes.n);
	}
}

static void stream_shut(struct stream *s)
{
	if (!s->shut && s->sent == s->to_send)
		tcp_shutdown(s->conn);
	s->shut |= s->sent == s->to_send;
}

static void stream_let_go(struct stream *s, bool abort)
{
	if (abort)
		tcp_abort(s->conn);
	tcp_release(s->conn);
	s->conn = NULL;
}

static void stream_event(struct stream *s, uint32_t events)
{
	s->opened |= (events & (TCP_EV_ACCEPTED | TCP_EV_CONNECTED)) != 0;
	s->fin |= (events & TCP_EV_FIN) != 0;
	s->closed |= (events & TCP_EV_CLOSED) != 0;
}

// The server's end.
static void serve(struct soak *soak, struct stream *s)
{
	stream_read(soak, s, false);
	bool all = s->to_receive > 0 && s->received == s->to_receive;
	if (all && s->fate == FATE_SERVER_ABORT) {
		soak->ends[s->fate]++;
		stream_let_go(s, true);
		return;
	}
	if (all)
		stream_write(s);
	if (s->fin || (all && s->fate == FATE_SERVER_FIRST))
		stream_shut(s);
	// One that was given up by its client may have come in part.
	if (s->closed || (s->fin && s->to_receive == 0))
		stream_let_go(s, false);
}

static struct stream *accept_one(struct soak *soak, struct tcp_conn *conn)
{
	for (uint32_t i = 0; i < SERVED_MAX; i++) {
		struct stream *s = &soak->served[(soak->n_served + i) % SERVED_MAX];
		if (s->conn != NULL)
			continue;
		soak->n_served = (soak->n_served + i + 1) % SERVED_MAX;
		*s = (struct stream){.conn = conn};
		tcp_conn_set_user(conn, s);
		return s;
	}
	tcp_abort(conn);
	tcp_release(conn);
	return NULL;
}

static void server_app(void *ctx, uint64_t)
{
	struct soak *soak = ctx;
	uint32_t events;
	struct tcp_conn *conn;
	while (soak->fault == NULL && (conn = tcp_event(soak->server->tcp, &events)) != NULL) {
		struct stream *s = tcp_conn_user(conn);
		if ((events & TCP_EV_ACCEPTED) != 0)
			s = accept_one(soak, conn);
		if (s == NULL)
			continue;
		stream_event(s, events);
		serve(soak, s);
	}
}

static void client_ended(struct client *client, struct stream *s, bool as_meant)
{
	client->soak->ends[s->fate] += as_meant;
	client->active--;
}

// What the fate of a connection says about its error, when it has ended.
static bool error_is_meant(const struct stream *s)
{
	int error = tcp_conn_error(s->conn);
	if (s->fate == FATE_REFUSED)
		return error == -ECONNREFUSED;
	if (s->fate == FATE_SERVER_ABORT)
		return error == -ECONNRESET;
	return error == 0;
}

static void client_step(struct client *client, struct stream *s, uint64_t now_us)
{
	struct soak *soak = client->soak;
	if (s->fate == FATE_ABORT && (s->closed || now_us >= s->abort_us)) {
		client_ended(client, s, true);
		stream_let_go(s, true);
		return;
	}
	if (s->opened) {
		stream_read(soak, s, true);
		stream_write(s);
	}
	bool all_sent = s->opened && s->sent == s->to_send;
	bool all_read = s->received == s->body;
	if (s->fate == FATE_RELEASE && all_sent) {
		client_ended(client, s, true);
		stream_let_go(s, false);
		return;
	}
	if (all_sent && (all_read || s->fate == FATE_HALF))
		stream_shut(s);
	if (!s->closed)
		return;
	bool meant = error_is_meant(s);
	bool answered = s->fate != FATE_REFUSED && s->fate != FATE_SERVER_ABORT;
	if (!meant)
		fail(soak, "a connection ended as it was not meant to");
	if (meant && answered && !all_read)
		fail(soak, "bytes are missing");
	client_ended(client, s, meant);
	stream_let_go(s, false);
}

static bool open_one(struct client *client, struct stream *s, uint64_t now_us)
{
	struct soak *soak = client->soak;
	struct rng *rng = &soak->rng;
	enum fate fate = rng_below(rng, 3) == 0 ? rng_below(rng, FATES) : FATE_ECHO;
	uint32_t body = 1 + rng_below(rng, rng_below(rng, 8) == 0 ? BODY_MAX : 200);
	uint16_t port = (uint16_t)(PORT + (fate == FATE_REFUSED ? PORTS : rng_below(rng, PORTS)));
	struct endpoint remote = {client->server, port};
	*s = (struct stream){
		.fate = fate,
		.body = body,
		.to_send = body + HEADER,
		.header = {fate, (uint8_t)(body >> 8), (uint8_t)body},
		.abort_us = now_us + rng_below(rng, 20 * PASS_US),
	};
	int result = tcp_connect(client->host->tcp, &remote, s, now_us, &s->conn);
	if (result != 0) {
		s->conn = NULL;
		soak->no_port += result == -EADDRNOTAVAIL;
		if (result != -EADDRNOTAVAIL)
			fail(soak, "connect");
		return false;
	}
	client->active++;
	soak->opened++;
	soak->round_left--;
	return true;
}

// Once a pass, for what waits for a moment and for who may come.
static void client_scan(struct client *client, uint64_t now_us)
{
	struct soak *soak = client->soak;
	bool ports = true;
	for (uint32_t i = 0; i < SLOTS && soak->fault == NULL; i++) {
		struct stream *s = &client->slots[i];
		if (s->conn != NULL && s->fate == FATE_ABORT)
			client_step(client, s, now_us);
		if (s->conn == NULL && ports && client->active < client->most &&
		    soak->round_left > 0)
			ports = open_one(client, s, now_us);
	}
}

static void client_app(void *ctx, uint64_t now_us)
{
	struct client *client = ctx;
	uint32_t events;
	struct tcp_conn *conn;
	while (client->soak->fault == NULL && (conn = tcp_event(client->host->tcp, &events)) != NULL
	) {
		struct stream *s = tcp_conn_user(conn);
		stream_event(s, events);
		client_step(client, s, now_us);
	}
	if (now_us < client->scanned_us + PASS_US)
		return;
	client->scanned_us = now_us;
	client_scan(client, now_us);
}

static bool is_at_rest(const struct host *host)
{
	const struct tcp_stats *stats = tcp_stats(host->tcp);
	return stats->conns + stats->half_open + stats->time_wait + stats->tx_queued +
			       stats->rx_queued ==
		       0 &&
	       pkt_pool_used(host->pool) == 0;
}

static bool round_is_over(void *ctx)
{
	struct soak *soak = ctx;
	return soak->fault != NULL ||
	       (soak->round_left == 0 && soak->clients[0].active + soak->clients[1].active == 0);
}

static bool all_at_rest(void *ctx)
{
	struct soak *soak = ctx;
	return soak->fault != NULL ||
	       (is_at_rest(soak->server) && is_at_rest(soak->clients[0].host) &&
		is_at_rest(soak->clients[1].host) && world_in_flight(soak->world) == 0);
}

static struct tcp_config soak_tcp(void)
{
	struct tcp_config config;
	tcp_config_default(&config);
	config.conns_max = SERVED_MAX + 100;
	config.half_open_max = SERVED_MAX;
	config.time_wait_max = 20 * 1000;
	config.rcv_buf = config.snd_buf = 64 * 1024;
	config.time_wait_ms = TIME_WAIT_MS;
	config.fin_wait_2_ms = 5 * 1000;
	config.handshake_ms = 60 * 1000;
	config.syn_retries = config.data_retries = 15;
	config.rto_max_ms = 4000;
	config.port_first = 20000;
	config.port_last = 60000;
	return config;
}

static bool hosts_init(struct soak *soak)
{
	static const char *const addresses[CLIENTS][2] = {
		{"10.0.0.1/24", "10.0.0.2/24"},
		{"fd00::1/64", "fd00::2/64"}};
	struct host_config server = {
		.name = "server",
		.tcp = soak_tcp(),
		.n_ports = CLIENTS,
		.ports = {{.address = addresses[0][1]}, {.address = addresses[1][1]}},
		.mtu = 1500,
		.pkts = 50000,
		.app = server_app,
		.ctx = soak,
	};
	soak->server = world_host_add(soak->world, &server);
	for (uint8_t i = 0; i < CLIENTS && soak->server != NULL; i++) {
		struct client *client = &soak->clients[i];
		struct host_config config = server;
		struct wire_config wire = {.delay_us = 50};
		uint8_t prefix;
		config.name = i == 0 ? "wide" : "narrow";
		config.n_ports = 1;
		config.ports[0].address = addresses[i][0];
		config.app = client_app;
		config.ctx = client;
		if (i == 1) // so that ports run out, and come back from TIME_WAIT
			config.tcp.port_last = config.tcp.port_first + 50;
		client->soak = soak;
		client->host = world_host_add(soak->world, &config);
		if (client->host == NULL ||
		    addr_parse_prefix(addresses[i][1], &client->server, &prefix) != 0)
			return false;
		world_join(client->host, 0, soak->server, i, &wire);
	}
	for (uint16_t i = 0; i < PORTS && soak->server != NULL; i++) {
		struct endpoint any = {.port = PORT + i};
		if (tcp_listen(soak->server->tcp, &any, NULL) != 0)
			return false;
	}
	return soak->server != NULL;
}

// Another wire and another crowd each round.
static void round_begin(struct soak *soak, uint64_t conns)
{
	static const uint32_t losses[] = {0, 0, 1000, 10000};
	static const uint32_t crowds[] = {1, 30, 300, SLOTS};
	struct wire_config wire = {
		.delay_us = 20 + rng_below(&soak->rng, 1000),
		.loss_ppm = losses[rng_below(&soak->rng, 4)],
		.duplicate_ppm = losses[rng_below(&soak->rng, 4)],
		.reorder_ppm = losses[rng_below(&soak->rng, 4)],
		.reorder_us = 500,
	};
	for (uint8_t i = 0; i < CLIENTS; i++) {
		struct client *client = &soak->clients[i];
		client->most =
			crowds[i == 0 ? 2 + rng_below(&soak->rng, 2) : rng_below(&soak->rng, 4)];
		client->host->ports[0].wire.config = wire;
		soak->server->ports[i].wire.config = wire;
	}
	soak->round_left = conns;
}

static void play_round(struct soak *soak, uint64_t conns)
{
	round_begin(soak, conns);
	if (!world_run(soak->world, round_is_over, soak, 100000 * (uint64_t)SECOND_US))
		fail(soak, "a connection does not end");
	if (soak->fault == NULL &&
	    !world_run(soak->world, all_at_rest, soak, QUIET_S * (uint64_t)SECOND_US))
		fail(soak, "something is left over");
	for (uint32_t i = 0; i < SERVED_MAX && soak->fault == NULL; i++) {
		if (soak->served[i].conn != NULL)
			fail(soak, "the server still has a connection");
	}
}

static void ends_check(struct soak *soak, uint64_t conns)
{
	for (int i = 0; i < FATES && conns >= ROUND_CONNS; i++) {
		if (soak->ends[i] == 0)
			fail(soak, "no connection met one of the fates");
	}
}

static void report(const struct soak *soak, time_t begun)
{
	const struct tcp_stats *wide = tcp_stats(soak->clients[0].host->tcp);
	const struct tcp_stats *narrow = tcp_stats(soak->clients[1].host->tcp);
	const struct tcp_stats *server = tcp_stats(soak->server->tcp);
	struct rusage usage;
	(void)getrusage(RUSAGE_SELF, &usage);
	printf("soak: %ju connections in %jd s (%ju simulated): %ju accepted, %ju+%ju resets sent, "
	       "%ju times no port, %ju sent again, %ju timed out; pools at their baseline; %ld MiB\n",
	       (uintmax_t)soak->opened, (intmax_t)(time(NULL) - begun),
	       (uintmax_t)(world_now_us(soak->world) / SECOND_US), (uintmax_t)server->accepted,
	       (uintmax_t)(wide->reset_sent + narrow->reset_sent), (uintmax_t)server->reset_sent,
	       (uintmax_t)soak->no_port,
	       (uintmax_t)(wide->retransmits + narrow->retransmits + server->retransmits),
	       (uintmax_t)(wide->timed_out + narrow->timed_out + server->timed_out),
	       usage.ru_maxrss / 1024);
	(void)fflush(stdout);
}

static int usage(void)
{
	fputs("usage: sim_soak [--seed SEED] [--conns N] [--minutes M]\n"
	      "Goes on until both are done; default 1, 10000000 and 60.\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	uint64_t seed = 1, conns = 10 * 1000 * 1000, minutes = 60;
	if (argc % 2 == 0)
		return usage();
	for (int i = 1; i < argc; i += 2) {
		uint64_t value = strtoull(argv[i + 1], NULL, 0);
		if (strcmp(argv[i], "--seed") == 0)
			seed = value;
		else if (strcmp(argv[i], "--conns") == 0)
			conns = value;
		else if (strcmp(argv[i], "--minutes") == 0)
			minutes = value;
		else
			return usage();
	}
	struct soak *soak = calloc(1, sizeof(*soak));
	time_t begun = time(NULL);
	if (soak == NULL)
		return 2;
	soak->rng = rng_of(seed);
	soak->world = world_new(seed, false);
	if (soak->world == NULL || !hosts_init(soak))
		return 2;
	while (soak->fault == NULL &&
	       (soak->opened < conns || time(NULL) - begun < (time_t)minutes * 60)) {
		uint64_t left = conns > soak->opened ? conns - soak->opened : ROUND_CONNS;
		play_round(soak, left < ROUND_CONNS ? left : ROUND_CONNS);
		if (soak->fault == NULL)
			report(soak, begun);
	}
	ends_check(soak, conns);
	if (soak->fault != NULL)
		printf("soak: seed %ju, after %ju connections: %s\n", (uintmax_t)seed,
		       (uintmax_t)soak->opened, soak->fault);
	bool good = soak->fault == NULL;
	world_free(soak->world);
	free(soak);
	return good ? 0 : 1;
}
