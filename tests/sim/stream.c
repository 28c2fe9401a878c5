// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Two stacks over a bad wire, with someone on it who tampers: every byte arrives, in order, once;
// every connection ends; every packet comes back to its pool. Each seed is another run with other
// sizes, options and faults.
//
//   sim_stream [--first SEED] [--count N] [--trace]

#include "dataplane/tcp/conn.h"
#include "tests/sim/seeds.h"
#include "tests/sim/world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	CONNS_MAX = 4,
	PORT = 5432,
	CHUNK_MAX = 9000,
	ETH_LEN = 14,
	TAG_LEN = 4,
	LIMIT_S =
		3600, // simulated; a window of 1000 bytes and a reader that pauses take their time
};

static const uint64_t NEVER = UINT64_MAX;

// How an end leaves once it has sent all.
enum leave {
	LEAVE_WAIT,    // shut down, wait for the peer's FIN and CLOSED, release
	LEAVE_EARLY,   // shut down; release as soon as the peer's FIN has come
	LEAVE_RELEASE, // release at once, without a word, when all is queued and all is read
};

// One end of one connection.
struct end {
	struct tcp_conn *conn;
	uint16_t port; // the client's
	bool opened, rude, readable, writable, shut, fin, closed, left;
	uint32_t to_send, sent, to_receive, received;
	struct rng send_bytes, receive_bytes; // the streams' content
	uint64_t paused_until_us;
	uint64_t rude_at_us; // if rude: when to abort or release, whatever the state
	enum leave leave;
};

struct run;

struct side {
	struct run *run;
	struct host *host;
	struct tamper tamper;
	bool client;
	struct end ends[CONNS_MAX];
};

struct run {
	uint64_t seed;
	struct world *world;
	struct rng rng; // of the applications; the wires have the world's
	uint32_t n_conns;
	uint32_t pause_ppm;
	uint64_t dies_at_us; // the wire, for good; or NEVER
	bool tampered, v6;
	uint16_t mtu, vlan;
	uint64_t progress_us; // when anything last got on
	uint64_t patience_us; // longer without is a stall
	struct side client, server;
	const char *fault;
};

static void fail(struct run *run, const char *what)
{
	if (run->fault == NULL)
		run->fault = what;
}

static uint8_t next_byte(struct rng *rng)
{
	return (uint8_t)(rng_next(rng) >> 56);
}

static void end_read(struct run *run, struct end *end)
{
	for (int i = 0; i < 8 && end->readable; i++) {
		struct span bytes = tcp_peek(end->conn);
		if (bytes.n == 0) {
			end->readable = false;
			return;
		}
		size_t n = 1 + rng_below(&run->rng, (uint32_t)bytes.n);
		for (size_t k = 0; k < n; k++) {
			if (bytes.p[k] != next_byte(&end->receive_bytes))
				fail(run, "a byte differs");
		}
		end->received += (uint32_t)n;
		tcp_consume(end->conn, n);
		run->progress_us = world_now_us(run->world);
	}
}

static void end_write(struct run *run, struct end *end)
{
	uint8_t chunk[CHUNK_MAX];
	for (int i = 0; i < 4 && end->writable && end->sent < end->to_send; i++) {
		uint32_t n = 1 + rng_below(&run->rng, CHUNK_MAX);
		if (rng_below(&run->rng, 3) == 0)
			n = 1 + n % 32;
		if (n > end->to_send - end->sent)
			n = end->to_send - end->sent;
		struct rng ahead = end->send_bytes;
		for (uint32_t k = 0; k < n; k++)
			chunk[k] = next_byte(&ahead);
		uint32_t took = (uint32_t)tcp_send(end->conn, span_of(chunk, n));
		for (uint32_t k = 0; k < took; k++)
			(void)next_byte(&end->send_bytes);
		end->sent += took;
		end->writable = took == n;
	}
}

static void end_leave(struct run *run, struct end *end)
{
	bool all_read = end->fin && tcp_peek(end->conn).n == 0;
	if (end->fin && !end->closed && !end->rude && all_read && end->received != end->to_receive)
		fail(run, "FIN before the last byte");
	if (end->sent < end->to_send || end->rude)
		return;
	bool leaves = false;
	switch (end->leave) {
	case LEAVE_WAIT:
		leaves = end->closed && all_read;
		break;
	case LEAVE_EARLY:
		leaves = all_read;
		break;
	case LEAVE_RELEASE:
		leaves = end->received == end->to_receive;
		break;
	}
	if (!end->shut && end->leave != LEAVE_RELEASE) {
		tcp_shutdown(end->conn);
		end->shut = true;
	}
	if (!leaves)
		return;
	if (tcp_conn_error(end->conn) != 0)
		fail(run, "an orderly close ended in an error");
	tcp_release(end->conn);
	end->conn = NULL;
	end->left = true;
}

// Both ends of a rude connection go at a moment of their own, which may be never, or when it has
// ended; it need not have opened.
static bool end_leaves_rudely(struct run *run, struct end *end, uint64_t now_us)
{
	if (!end->rude || end->conn == NULL)
		return false;
	if (!end->closed && now_us < end->rude_at_us)
		return false;
	if (rng_below(&run->rng, 2) == 0)
		tcp_abort(end->conn);

	tcp_release(end->conn);
	end->conn = NULL;
	end->left = true;
	return true;
}

// Who is short of packets resets the one whose peer has taken nothing for long, and forgets
// handshakes that take time.
static bool was_let_go(const struct run *run)
{
	const struct tcp_stats *client = tcp_stats(run->client.host->tcp);
	const struct tcp_stats *server = tcp_stats(run->server.host->tcp);
	return client->stalled_reset + server->stalled_reset + server->syn_evicted > 0;
}

static bool was_reset_by_chance(const struct side *side, const struct end *end)
{
	const struct run *run = side->run;
	const struct side *other = side->client ? &run->server : &run->client;
	return tcp_conn_error(end->conn) == -ECONNRESET &&
	       tamper_has_reset(&other->tamper, end->conn->rcv_nxt);
}

// May this end fail? Then both ends may go as they like.
static bool is_excused(struct run *run, const struct side *side, const struct end *end)
{
	ptrdiff_t i = end - side->ends;
	if (!was_let_go(run) && !was_reset_by_chance(side, end))
		return false;
	run->client.ends[i].rude = run->server.ends[i].rude = true;
	run->client.ends[i].rude_at_us = run->server.ends[i].rude_at_us = 0;
	return true;
}

static void end_event(struct side *side, struct end *end, uint32_t events)
{
	side->run->progress_us = world_now_us(side->run->world);
	if (end->left)
		fail(side->run, "an event after release");
	if ((events & (TCP_EV_ACCEPTED | TCP_EV_CONNECTED)) != 0)
		end->opened = end->writable = true;
	if ((events & TCP_EV_READABLE) != 0)
		end->readable = true;
	if ((events & TCP_EV_WRITABLE) != 0)
		end->writable = true;
	if ((events & TCP_EV_FIN) != 0)
		end->fin = true;
	if ((events & TCP_EV_CLOSED) != 0) {
		end->closed = true;
		if (tcp_conn_error(end->conn) != 0 && !end->rude &&
		    !is_excused(side->run, side, end))
			fail(side->run,
			     tcp_conn_error(end->conn) == -ETIMEDOUT ? "timed out" : "reset");
	}
}

// The server learns from the client's port which connection it has accepted.
static struct end *end_accepted(struct side *side, struct tcp_conn *conn)
{
	struct run *run = side->run;
	struct endpoint remote = tcp_conn_remote(conn);
	for (uint32_t i = 0; i < run->n_conns; i++) {
		if (run->client.ends[i].port != remote.port)
			continue;
		if (side->ends[i].opened)
			fail(run, "accepted twice");
		side->ends[i].conn = conn;
		if (side->ends[i].rude_at_us != NEVER)
			side->ends[i].rude_at_us =
				world_now_us(run->world) + rng_below(&run->rng, 3000000);

		tcp_conn_set_user(conn, &side->ends[i]);
		return &side->ends[i];
	}
	fail(run, "accepted from nobody");
	return NULL;
}

static void side_app(void *ctx, uint64_t now_us)
{
	struct side *side = ctx;
	struct run *run = side->run;
	if (now_us >= run->dies_at_us)
		side->host->ports[0].wire.config.loss_ppm = 1000000;
	uint32_t events;
	struct tcp_conn *conn;
	while (run->fault == NULL && (conn = tcp_event(side->host->tcp, &events)) != NULL) {
		struct end *end = tcp_conn_user(conn);
		if (end == NULL && (events & TCP_EV_ACCEPTED) != 0)
			end = end_accepted(side, conn);
		if (end != NULL)
			end_event(side, end, events);
	}
	for (uint32_t i = 0; i < run->n_conns && run->fault == NULL; i++) {
		struct end *end = &side->ends[i];
		if (end_leaves_rudely(run, end, now_us))
			continue;
		if (!end->opened || end->left || now_us < end->paused_until_us)
			continue;
		if (rng_chance(&run->rng, run->pause_ppm)) {
			end->paused_until_us = now_us + rng_below(&run->rng, 3000000);
			continue;
		}
		end_read(run, end);
		end_write(run, end);
		end_leave(run, end);
	}
}

static uint32_t pick(struct rng *rng, const uint32_t *from, uint32_t n)
{
	return from[rng_below(rng, n)];
}
#define PICK(rng, ...) \
	pick(rng, (uint32_t[]){__VA_ARGS__}, sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

static struct tcp_config random_tcp(struct rng *rng)
{
	struct tcp_config config;
	tcp_config_default(&config);
	config.conns_max = 64;
	config.half_open_max = 16;
	config.time_wait_max = PICK(rng, 1, 64);
	config.rcv_buf = PICK(rng, 1000, 4096, 20000, 65535, 262144, 1000000);
	config.snd_buf = PICK(rng, 2000, 20000, 65536, 262144);
	config.rcv_buf_max = PICK(rng, 0, 65535, 1000000, 4000000);
	config.snd_buf_max = PICK(rng, 0, 100000, 4000000);
	config.ooo_runs_max = PICK(rng, 4, 32, 256);
	config.mss_max = (uint16_t)PICK(rng, 536, 1000, 1460, 1460, 1940);
	config.timestamps = rng_below(rng, 4) != 0;
	config.sack = rng_below(rng, 3) != 0;
	config.window_scale = rng_below(rng, 4) != 0;
	config.congestion = rng_below(rng, 4) == 0 ? TCP_NEWRENO : TCP_CUBIC;
	config.ecn = rng_below(rng, 2) != 0;
	config.time_wait_ms = 2000;
	config.handshake_ms = 120 * 1000;
	config.fin_wait_2_ms = 600 * 1000;
	config.syn_retries = 15;
	config.data_retries = 15;
	config.rto_max_ms = 8000;
	config.keepalive_idle_ms = PICK(rng, 0, 1000, 60000);
	return config;
}

static struct wire_config random_wire(struct rng *rng)
{
	uint32_t loss = PICK(rng, 0, 10000, 10000, 50000);
	uint32_t other = PICK(rng, 0, 0, 10000, 50000);
	return (struct wire_config){
		.loss_ppm = loss,
		.duplicate_ppm = rng_below(rng, 2) * other,
		.reorder_ppm = rng_below(rng, 2) * other,
		.corrupt_ppm = rng_below(rng, 2) * other,
		.delay_us = PICK(rng, 20, 500, 5000, 40000),
		.reorder_us = PICK(rng, 100, 5000, 60000),
		.rate_kbps = PICK(rng, 0, 0, 100000, 5000),
		.queue_bytes = PICK(rng, 20000, 100000),
	};
}

static bool side_init(struct run *run, struct side *side, bool client)
{
	static const char *const addresses[2][2] = {
		{"10.0.0.2/24", "10.0.0.1/24"},
		{"fd00::2/64", "fd00::1/64"}};
	struct host_config config = {
		.name = client ? "client" : "server",
		.tcp = random_tcp(&run->rng),
		.n_ports = 1,
		.ports = {{.address = addresses[run->v6][client]}},
		.mtu = run->mtu,
		.vlan = run->vlan,
		.pkts = PICK(&run->rng, 300, 4000),
		.app = side_app,
		.ctx = side,
	};
	config.tcp.queue_pkts_max = config.pkts * 2 / 3;
	if (run->dies_at_us != NEVER) // or an idle end would not notice
		config.tcp.keepalive_idle_ms = 1000;
	*side = (struct side){.run = run, .client = client};
	side->host = world_host_add(run->world, &config);
	return side->host != NULL;
}

static void streams_init(struct run *run)
{
	for (uint32_t i = 0; i < run->n_conns; i++) {
		struct end *c = &run->client.ends[i];
		struct end *s = &run->server.ends[i];
		c->to_send = s->to_receive = PICK(&run->rng, 0, 1, 1000, 30000, 150000);
		s->to_send = c->to_receive = PICK(&run->rng, 0, 1, 1000, 30000, 400000);
		c->send_bytes = s->receive_bytes = rng_of(rng_next(&run->rng));
		s->send_bytes = c->receive_bytes = rng_of(rng_next(&run->rng));
		c->leave = rng_below(&run->rng, 3);
		s->leave = rng_below(&run->rng, 3);
		c->rude = s->rude = rng_below(&run->rng, 8) == 0;
		c->rude_at_us = world_now_us(run->world) + rng_below(&run->rng, 3000000);
		if (run->dies_at_us != NEVER) { // nothing is promised then but an end
			c->rude = s->rude = true;
			c->rude_at_us = s->rude_at_us = NEVER;
		}

		struct endpoint server = {.port = PORT};
		if (addr_parse(run->v6 ? "fd00::2" : "10.0.0.2", &server.addr) != 0 ||
		    tcp_connect(
			    run->client.host->tcp, &server, c, world_now_us(run->world), &c->conn
		    ) != 0)
			fail(run, "connect");
		else
			c->port = tcp_conn_local(c->conn).port;
	}
}

static bool is_stalled(const struct run *run)
{
	return run->dies_at_us == NEVER &&
	       world_now_us(run->world) - run->progress_us > run->patience_us;
}

static bool all_left(void *ctx)
{
	struct run *run = ctx;
	for (uint32_t i = 0; i < run->n_conns; i++) {
		const struct end *c = &run->client.ends[i];
		const struct end *s = &run->server.ends[i];
		if (c->left && (s->left || (s->rude && !s->opened)))
			continue;
		// Nobody promises a rude one's peer when it hears of it.
		if (!c->rude && is_stalled(run))
			fail(run, "nothing got on for longer than any timer allows");
		return run->fault != NULL;
	}
	return true;
}

static bool is_quiet(void *ctx)
{
	struct run *run = ctx;
	struct host *hosts[] = {run->client.host, run->server.host};
	for (int i = 0; i < 2; i++) {
		const struct tcp_stats *stats = tcp_stats(hosts[i]->tcp);
		if (stats->conns != 0 || stats->half_open != 0 || stats->time_wait != 0 ||
		    pkt_pool_used(hosts[i]->pool) != 0)
			return false;
	}
	return world_in_flight(run->world) == 0;
}

static void ends_check(struct run *run)
{
	for (uint32_t i = 0; i < run->n_conns; i++) {
		struct end *ends[] = {&run->client.ends[i], &run->server.ends[i]};
		for (int k = 0; k < 2; k++) {
			if (!ends[k]->rude && ends[k]->received != ends[k]->to_receive)
				fail(run, "bytes are missing");
		}
	}
}

static bool is_perfect(const struct run *run, const struct wire_config *wire)
{
	return !run->tampered && wire->loss_ppm + wire->duplicate_ppm + wire->reorder_ppm +
						 wire->corrupt_ppm + wire->rate_kbps ==
					 0;
}

// On a perfect wire, with room in every queue, nothing is sent twice.
static void waste_check(struct run *run, const struct wire_config *wire)
{
	if (run->dies_at_us != NEVER)
		return;
	const struct host *hosts[] = {run->client.host, run->server.host};
	uint64_t resent = 0;
	if (!is_perfect(run, wire))
		return;
	for (int i = 0; i < 2; i++) {
		const struct tcp_stats *stats = tcp_stats(hosts[i]->tcp);
		if (hosts[i]->rx_no_memory + stats->no_memory + stats->queue_full != 0)
			return;
		resent += stats->retransmits;
	}
	if (resent > 0)
		fail(run, "sent again on a perfect wire");
}

struct totals {
	uint64_t bytes, segments, retransmits, timeouts, dropped, changed, forged;
};

static void totals_add(struct totals *totals, const struct side *side)
{
	const struct tcp_stats *stats = tcp_stats(side->host->tcp);
	totals->dropped += side->tamper.dropped;
	totals->changed += side->tamper.changed;
	totals->forged += side->tamper.forged;
	totals->bytes += stats->tx_bytes;
	totals->segments += stats->tx_segments;
	totals->retransmits += stats->retransmits;
	totals->timeouts += stats->rto_expired;
}

static void print_ends(const struct run *run)
{
	for (uint32_t i = 0; i < run->n_conns; i++) {
		const struct end *ends[] = {&run->client.ends[i], &run->server.ends[i]};
		for (int k = 0; k < 2; k++)
			printf("  %s %u: %s sent %u/%u received %u/%u%s%s%s\n",
			       k == 0 ? "client" : "server", i,
			       ends[k]->conn == NULL
				       ? "-"
				       : tcp_state_name(tcp_conn_state(ends[k]->conn)),
			       ends[k]->sent, ends[k]->to_send, ends[k]->received,
			       ends[k]->to_receive, ends[k]->shut ? " shut" : "",
			       ends[k]->fin ? " fin" : "", ends[k]->left ? " left" : "");
	}
}

static void side_tamper(struct run *run, struct side *side)
{
	uint32_t frame_max = run->mtu + ETH_LEN + (run->vlan != 0 ? TAG_LEN : 0u);
	if (frame_max > PKT_DATAROOM) // what a packet at the other end takes
		frame_max = PKT_DATAROOM;
	side->tamper.config = tamper_random(&run->rng, world_now_us(run->world), frame_max);
	side->tamper.rng = rng_of(rng_next(&run->rng));
	side->host->ports[0].tamper = &side->tamper;
}

// How long nothing may get on. Both ends together pause for six seconds and each timer starts below
// two; on a wire that loses, timers back off to rto_max_ms, and ten in vain in a row (each way five
// percent) are beyond belief.
static uint64_t patience(const struct run *run, const struct wire_config *wire)
{
	return is_perfect(run, wire) ? 8 * UINT64_C(1000000) : 100 * UINT64_C(1000000);
}

// Returns what went wrong, or NULL.
static const char *run_seed(uint64_t seed, bool trace, struct totals *totals)
{
	struct run run = {.seed = seed, .rng = rng_of(seed ^ UINT64_C(0x5eed))};
	run.world = world_new(seed, trace);
	run.dies_at_us = NEVER;
	run.v6 = rng_below(&run.rng, 3) == 0;
	run.mtu = (uint16_t)PICK(&run.rng, 1280, 1500, 1500, 9000);
	run.vlan = rng_below(&run.rng, 4) == 0 ? 7 : 0;
	if (run.world != NULL && rng_below(&run.rng, 16) == 0)
		run.dies_at_us = world_now_us(run.world) + rng_below(&run.rng, 2000000);
	if (run.world == NULL || !side_init(&run, &run.client, true) ||
	    !side_init(&run, &run.server, false)) {
		world_free(run.world);
		return "out of memory";
	}
	struct wire_config wire = random_wire(&run.rng);
	world_join(run.client.host, 0, run.server.host, 0, &wire);
	run.tampered = rng_below(&run.rng, 2) == 0;
	if (run.tampered) {
		side_tamper(&run, &run.client);
		side_tamper(&run, &run.server);
	}
	run.patience_us = patience(&run, &wire);
	run.progress_us = world_now_us(run.world);
	run.n_conns = 1 + rng_below(&run.rng, CONNS_MAX);
	run.pause_ppm = PICK(&run.rng, 0, 1000, 20000);
	struct endpoint any = {.port = PORT};
	if (tcp_listen(run.server.host->tcp, &any, NULL) != 0)
		fail(&run, "listen");
	streams_init(&run);
	if (!world_run(run.world, all_left, &run, LIMIT_S * UINT64_C(1000000)))
		fail(&run, "stalled");
	if (run.fault == NULL)
		ends_check(&run);
	if (run.fault == NULL && !world_run(run.world, is_quiet, &run, LIMIT_S * UINT64_C(1000000)))
		fail(&run, "something is left over");
	if (run.fault == NULL)
		waste_check(&run, &wire);
	totals_add(totals, &run.client);
	totals_add(totals, &run.server);
	if (run.fault != NULL)
		print_ends(&run);
	world_free(run.world);
	return run.fault;
}

static const char *play(void *ctx, uint64_t seed, bool trace)
{
	return run_seed(seed, trace, ctx);
}

int main(int argc, char **argv)
{
	struct totals totals = {0};
	struct seeds seeds;
	if (!seeds_read(&seeds, argc, argv))
		return 2;
	seeds_play(&seeds, play, &totals);
	printf("stream: seeds %ju to %ju, %ju failed; %ju bytes, %ju segments, %ju sent again, "
	       "%ju timeouts; %ju dropped, %ju changed, %ju forged by tampering\n",
	       (uintmax_t)seeds.first, (uintmax_t)(seeds.first + seeds.count - 1),
	       (uintmax_t)seeds.failed, (uintmax_t)totals.bytes, (uintmax_t)totals.segments,
	       (uintmax_t)totals.retransmits, (uintmax_t)totals.timeouts, (uintmax_t)totals.dropped,
	       (uintmax_t)totals.changed, (uintmax_t)totals.forged);
	return seeds.failed == 0 ? 0 : 1;
}
