// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Our stack against scripted peers, which are honest, odd or hostile as the seed says. With an
// honest one every byte arrives, in order, once, and nothing waits for longer than the timers of
// the RFCs allow; with any, what we send keeps to the window and the MSS, every connection ends
// and every packet comes back to its pool.
//
//   sim_peer [--first SEED] [--count N] [--trace]

#include "tests/sim/peer.h"
#include "tests/sim/seeds.h"
#include "tests/sim/station.h"
#include "tests/sim/world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	CONNS_MAX = 3,
	PORT = 5432,
	CHUNK_MAX = 9000,
	SECOND_US = 1000 * 1000,
	PAUSE_MAX_US = 2 * SECOND_US,
	RTO_MAX_MS = 8000,
	RTO_MAX_US = RTO_MAX_MS * 1000,
	// RFC 6298 2.1 and 5.7: the first timeout, after a SYN that went twice.
	RTO_FIRST_US = 3 * SECOND_US,
	LIMIT_S = 3600, // simulated
	// Where the wire loses: ten timeouts in vain in a row are beyond belief.
	LOSSY_PATIENCE_US = 100 * SECOND_US,
	KEEPALIVE_S = 10,
};

static const uint64_t NEVER = UINT64_MAX;

// Our end of one connection.
struct end {
	struct tcp_conn *conn;
	bool opened, readable, writable, shut, fin, closed, left;
	uint32_t to_send, sent, to_receive, received;
	uint64_t send_key, receive_key;
	uint64_t paused_until_us;
	uint64_t progress_us; // when anything last came to the application
	uint64_t asked_us;    // when it last gave something to send, or said that there is no more
	bool releases;        // as soon as all is queued and all is read
	bool tolerant;        // the peer promises nothing
	uint64_t gives_up_us; // then: when to go
};

struct run {
	struct world *world;
	struct rng rng; // of the application and of what is chosen
	struct host *host, *other;
	struct station station;
	uint32_t n_conns, pause_ppm;
	struct end ends[CONNS_MAX];
	struct peer peers[CONNS_MAX];
	struct wire_config wire;
	bool lossless, v6;
	bool brief; // little patience with what is released: nothing is while it has work to do
	uint16_t mtu, vlan;
	const char *fault;
};

static void fail(struct run *run, const char *what)
{
	if (run->fault == NULL)
		run->fault = what;
}

static struct peer *peer_of(struct run *run, const struct end *end)
{
	return &run->peers[end - run->ends];
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
		bool lies = (peer_of(run, end)->config.hostile & PEER_LIES) != 0;
		for (size_t k = 0; k < n; k++) {
			if (!lies &&
			    bytes.p[k] != peer_byte(end->receive_key, end->received + (uint32_t)k))
				fail(run, "a byte differs");
		}
		end->received += (uint32_t)n;
		end->progress_us = world_now_us(run->world);
		tcp_consume(end->conn, n);
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
		for (uint32_t k = 0; k < n; k++)
			chunk[k] = peer_byte(end->send_key, end->sent + k);
		uint32_t took = (uint32_t)tcp_send(end->conn, span_of(chunk, n));
		end->sent += took;
		if (took > 0)
			end->asked_us = world_now_us(run->world);
		end->writable = took == n;
	}
}

static void end_let_go(struct run *run, struct end *end)
{
	if (!end->shut)
		end->asked_us = world_now_us(run->world);
	tcp_release(end->conn);
	end->conn = NULL;
	end->left = true;
}

// An honest peer may still be one that sends no FIN: then it is left when all is done.
static bool end_may_go(const struct run *run, const struct end *end)
{
	const struct peer *peer = &run->peers[end - run->ends];
	bool all_read = tcp_peek(end->conn).n == 0;
	if (end->tolerant)
		return end->closed || world_now_us(run->world) >= end->gives_up_us;
	if (end->sent < end->to_send || end->received < end->to_receive)
		return false;
	if (end->releases)
		return true;
	if (peer->config.ends == PEER_ENDS_NEVER)
		return peer_is_done(peer);
	return end->fin && end->closed && all_read;
}

static void end_leave(struct run *run, struct end *end)
{
	bool all_read = end->fin && tcp_peek(end->conn).n == 0;
	if (!end->tolerant && all_read && !end->closed && end->received != end->to_receive)
		fail(run, "FIN before the last byte");
	if (!end->shut && !end->releases && end->sent == end->to_send) {
		tcp_shutdown(end->conn);
		end->shut = true;
		end->asked_us = world_now_us(run->world);
	}
	if (!end_may_go(run, end))
		return;
	if (!end->tolerant && tcp_conn_error(end->conn) != 0)
		fail(run, "an orderly close ended in an error");
	if (end->tolerant && rng_below(&run->rng, 2) == 0)
		tcp_abort(end->conn);
	end_let_go(run, end);
}

static void end_event(struct run *run, struct end *end, uint32_t events)
{
	end->progress_us = world_now_us(run->world);
	if (end->left)
		fail(run, "an event after release");
	if ((events & (TCP_EV_ACCEPTED | TCP_EV_CONNECTED)) != 0)
		end->opened = end->writable = true;
	if ((events & TCP_EV_READABLE) != 0)
		end->readable = true;
	if ((events & TCP_EV_WRITABLE) != 0)
		end->writable = true;
	if ((events & TCP_EV_FIN) != 0)
		end->fin = true;
	if ((events & TCP_EV_CLOSED) == 0)
		return;
	end->closed = true;
	if (tcp_conn_error(end->conn) != 0 && !end->tolerant)
		fail(run, tcp_conn_error(end->conn) == -ETIMEDOUT ? "timed out" : "reset");
}

static struct end *end_accepted(struct run *run, struct tcp_conn *conn)
{
	struct endpoint remote = tcp_conn_remote(conn);
	for (uint32_t i = 0; i < run->n_conns; i++) {
		if (run->peers[i].config.local.port != remote.port)
			continue;
		if (run->ends[i].opened) // a junk SYN of a hostile one, after its own connection
			break;
		run->ends[i].conn = conn;
		tcp_conn_set_user(conn, &run->ends[i]);
		return &run->ends[i];
	}
	tcp_release(conn);
	return NULL;
}

// How long the peer may wait for what was written, or for the FIN. What was lost comes again after
// a timeout, and that may be the longest: only a sample of what was sent once ends the back-off
// (RFC 6298 5.5, 5.7 and Karn). A window that opened in silence is found by a probe, and those came
// as far apart as the window had been shut (RFC 9293 3.8.6.1); the last piece of a small window is
// held back by the override timeout (3.8.6.2.1), which is a timeout too; what was reported by SACK
// is kept until one (RFC 2018 8). And each of these waits for an ACK that the peer delays.
static uint64_t patience_out(const struct run *run, const struct peer *peer)
{
	const struct peer_config *config = &peer->config;
	uint64_t us = RTO_FIRST_US + PEER_DELAY_US + 2 * (uint64_t)run->wire.delay_us;
	bool shuts = config->awake_us > 0 || config->shrink_ppm > 0 || config->silly;
	if (!run->lossless)
		return LOSSY_PATIENCE_US;
	if (config->drop_ppm > 0)
		us += (1 + peer->drops) * (uint64_t)RTO_MAX_US;
	if (shuts || config->renege_ppm > 0)
		us += RTO_MAX_US;
	return us;
}

// From the peer to us: its own timeouts.
static uint64_t patience_in(const struct run *run)
{
	return run->lossless ? 2 * PEER_RTO_MAX_US + 2 * (uint64_t)run->wire.delay_us
			     : LOSSY_PATIENCE_US;
}

static void stall_check(struct run *run, struct end *end, uint64_t now_us)
{
	struct peer *peer = peer_of(run, end);
	uint64_t since_us = peer->progress_us > end->asked_us ? peer->progress_us : end->asked_us;
	bool owed = end->left || end->shut || peer->rcv_nxt - peer->irs - 1 < end->sent;
	if (end->tolerant)
		return;
	if (now_us < end->paused_until_us || !end->opened)
		end->progress_us = now_us;
	if (peer->state == PEER_OPEN && owed && !peer->fin_came && peer_can_take(peer) &&
	    now_us > since_us + patience_out(run, peer))
		fail(run, "nothing was sent for longer than any timer allows");
	if (!end->left && end->received < end->to_receive &&
	    now_us > end->progress_us + patience_in(run))
		fail(run, "nothing was received for longer than any timer allows");
}

static void host_app(void *ctx, uint64_t now_us)
{
	struct run *run = ctx;
	uint32_t events;
	struct tcp_conn *conn;
	while (run->fault == NULL && (conn = tcp_event(run->host->tcp, &events)) != NULL) {
		struct end *end = tcp_conn_user(conn);
		if (end == NULL)
			end = end_accepted(run, conn);
		if (end != NULL)
			end_event(run, end, events);
	}
	for (uint32_t i = 0; i < run->n_conns && run->fault == NULL; i++) {
		struct end *end = &run->ends[i];
		stall_check(run, end, now_us);
		if (end->left || end->conn == NULL || now_us < end->paused_until_us)
			continue;
		if (rng_chance(&run->rng, run->pause_ppm)) {
			end->paused_until_us = now_us + rng_below(&run->rng, PAUSE_MAX_US);
			continue;
		}
		if (end->opened) {
			end_read(run, end);
			end_write(run, end);
		}
		if (end->opened || end->tolerant)
			end_leave(run, end);
	}
}

static uint32_t pick(struct rng *rng, const uint32_t *from, uint32_t n)
{
	return from[rng_below(rng, n)];
}
#define PICK(rng, ...) \
	pick(rng, (uint32_t[]){__VA_ARGS__}, sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

static struct tcp_config random_tcp(struct rng *rng, bool brief)
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
	config.mss_max = (uint16_t)PICK(rng, 536, 1000, 1460, 1940);
	config.timestamps = rng_below(rng, 4) != 0;
	config.sack = rng_below(rng, 4) != 0;
	config.window_scale = rng_below(rng, 4) != 0;
	config.congestion = rng_below(rng, 4) == 0 ? TCP_NEWRENO : TCP_CUBIC;
	config.time_wait_ms = 2000;
	config.handshake_ms = 120 * 1000;
	config.fin_wait_2_ms = brief ? 10 * 1000 : 600 * 1000;
	config.syn_retries = config.data_retries = 15;
	config.rto_max_ms = RTO_MAX_MS;
	config.keepalive_idle_ms = KEEPALIVE_S * 1000;
	config.keepalive_interval_ms = 1000;
	config.queue_pkts_max = 0;
	return config;
}

static void random_wire(struct run *run)
{
	struct rng *rng = &run->rng;
	run->wire = (struct wire_config){.delay_us = PICK(rng, 20, 500, 5000, 40000)};
	run->lossless = rng_below(rng, 3) != 0;
	if (run->lossless)
		return;
	run->wire.loss_ppm = PICK(rng, 1000, 10000, 50000);
	run->wire.duplicate_ppm = PICK(rng, 0, 10000);
	run->wire.reorder_ppm = PICK(rng, 0, 20000);
	run->wire.corrupt_ppm = PICK(rng, 0, 10000);
	run->wire.reorder_us = PICK(rng, 100, 5000, 60000);
}

static bool one_in(struct run *run, uint32_t n)
{
	return rng_below(&run->rng, n) == 0;
}

// What an honest peer may do.
static void random_honest(struct run *run, struct peer_config *config)
{
	struct rng *rng = &run->rng;
	uint64_t now_us = world_now_us(run->world);
	config->acks = rng_below(rng, 5);
	config->buffer = PICK(rng, 500, 3000, 20000, 65535, 200000);
	if (one_in(run, 4)) {
		config->asleep_from_us = now_us + rng_below(rng, SECOND_US);
		config->awake_us = config->asleep_from_us + PICK(rng, 1, 5, 20, 60) * SECOND_US;
		config->silent = one_in(run, 2);
	}
	config->silly = one_in(run, 6);
	config->strict = one_in(run, 2);
	config->recuts = one_in(run, 2);
	config->drop_ppm = one_in(run, 4) ? PICK(rng, 5000, 30000, 100000) : 0;
	config->shrink_ppm = one_in(run, 8) ? PICK(rng, 10000, 100000) : 0;
	config->renege_ppm = config->sack && one_in(run, 4) ? PICK(rng, 10000, 200000) : 0;
	config->repeat_ppm = one_in(run, 4) ? PICK(rng, 10000, 300000) : 0;
	config->ends =
		PICK(rng, PEER_ENDS_LAST, PEER_ENDS_LAST, PEER_ENDS_HALF, PEER_ENDS_HALF,
		     PEER_ENDS_NEVER);
	config->ends_us = NEVER;
}

static void random_hostile(struct run *run, struct peer_config *config)
{
	config->hostile = (uint8_t)(1 + rng_below(&run->rng, 63));
	config->hostile_ppm = PICK(&run->rng, 1000, 30000, 300000);
}

static void random_ending(struct run *run, struct peer_config *config)
{
	config->ends = one_in(run, 2) ? PEER_ENDS_RESET : PEER_ENDS_VANISH;
	config->ends_us = world_now_us(run->world) + rng_below(&run->rng, 3 * SECOND_US);
}

static void random_peer(struct run *run, uint32_t i)
{
	struct rng *rng = &run->rng;
	struct end *end = &run->ends[i];
	struct peer_config config = {
		.active = one_in(run, 2),
		.mss = (uint16_t)PICK(rng, 0, 1, 64, 216, 536, 1220, 1460, 1460, 8960),
		.sack = one_in(run, 2),
		.timestamps = one_in(run, 2),
		.scales = one_in(run, 2),
		.scale = (uint8_t)PICK(rng, 0, 2, 7, 14),
		.to_send = PICK(rng, 0, 1, 1000, 30000, 100000),
		.to_receive = PICK(rng, 0, 1, 1000, 30000, 150000),
		.send_key = rng_next(rng),
		.receive_key = rng_next(rng),
		.mtu = run->mtu < 2000 ? run->mtu : 2000,
		.unordered = !run->lossless,
	};
	random_honest(run, &config);
	while (config.buffer >> config.scale < 4) // it has to be able to say what it has
		config.scale--;
	if (one_in(run, 6))
		random_hostile(run, &config);
	if (one_in(run, 8))
		random_ending(run, &config);
	if (config.silly || config.buffer < 1000 || config.mss < 100)
		config.to_receive %= 30000; // or it takes for ever
	if (run->lossless)
		config.ack_patience_us = PEER_DELAY_US + 2 * (uint64_t)run->wire.delay_us + 2000;
	config.link =
		(struct frame_link){run->other->ports[0].mac, run->host->ports[0].mac, run->vlan};
	config.local = (struct endpoint){run->station.addr, (uint16_t)(40000 + i)};
	config.remote = (struct endpoint){run->station.peer, config.active ? PORT : 0};
	*end = (struct end){
		.to_send = config.to_receive,
		.to_receive = config.to_send,
		.send_key = config.receive_key,
		.receive_key = config.send_key,
		.releases = !run->brief && one_in(run, 3),
		.tolerant = config.hostile != 0 || config.ends >= PEER_ENDS_RESET,
		.gives_up_us = NEVER,
	};
	// One who vanished is found out by our timers; with others we lose patience.
	if (config.hostile != 0 || config.ends == PEER_ENDS_RESET)
		end->gives_up_us =
			world_now_us(run->world) + (uint64_t)(10 + rng_below(rng, 20)) * SECOND_US;
	peer_init(
		&run->peers[i], &config, rng_next(rng), world_now_us(run->world), station_emit,
		&run->station
	);
}

static void connect_out(struct run *run, uint32_t i)
{
	struct peer *peer = &run->peers[i];
	if (peer->config.active)
		return;
	if (tcp_connect(
		    run->host->tcp, &peer->config.local, &run->ends[i], world_now_us(run->world),
		    &run->ends[i].conn
	    ) != 0)
		fail(run, "connect");
}

static bool all_left(void *ctx)
{
	struct run *run = ctx;
	for (uint32_t i = 0; i < run->n_conns; i++) {
		const struct end *end = &run->ends[i];
		struct peer *peer = &run->peers[i];
		if (peer->fault != NULL)
			fail(run, peer->fault);
		// It may have gone before its SYN came, or the handshake ended.
		bool gone = peer->state == PEER_GONE ||
			    world_now_us(run->world) >= peer->config.ends_us;
		bool never = end->tolerant && !end->opened && end->conn == NULL && gone;
		if (!end->left && !never)
			return run->fault != NULL;
	}
	return true;
}

static bool is_quiet(void *ctx)
{
	struct run *run = ctx;
	const struct tcp_stats *stats = tcp_stats(run->host->tcp);
	for (uint32_t i = 0; i < run->n_conns; i++) {
		if (run->peers[i].fault != NULL)
			fail(run, run->peers[i].fault);
	}
	if (run->fault != NULL)
		return true;
	return stats->conns + stats->half_open + stats->time_wait + stats->tx_queued +
			       stats->rx_queued ==
		       0 &&
	       pkt_pool_used(run->host->pool) == 0;
}

static void ends_check(struct run *run)
{
	for (uint32_t i = 0; i < run->n_conns; i++) {
		const struct end *end = &run->ends[i];
		if (!end->tolerant && end->received != end->to_receive)
			fail(run, "bytes are missing");
		const struct peer *peer = &run->peers[i];
		// Its last ACK may have been lost, and who could repeat it is gone.
		bool all = peer->rcv_nxt - peer->irs - 1 >= peer->config.to_receive;
		if (!end->tolerant && (run->lossless ? !peer_is_done(peer) : !all))
			fail(run, "the peer misses bytes");
	}
}

static void print_ends(const struct run *run)
{
	for (uint32_t i = 0; i < run->n_conns; i++) {
		const struct end *end = &run->ends[i];
		const struct peer *peer = &run->peers[i];
		const struct peer_config *config = &peer->config;
		printf("  %u: %s sent %u/%u received %u/%u%s%s%s%s; peer%s: state %d got %u acked %u "
		       "acks %d ends %d hostile %x mss %u buffer %u%s%s%s%s drop %u shrink %u renege "
		       "%u repeat %u\n",
		       i, end->conn == NULL ? "-" : tcp_state_name(tcp_conn_state(end->conn)),
		       end->sent, end->to_send, end->received, end->to_receive,
		       end->releases ? " releases" : "", end->shut ? " shut" : "",
		       end->fin ? " fin" : "", end->left ? " left" : "",
		       config->active ? " (active)" : "", (int)peer->state,
		       peer->rcv_nxt - peer->irs - 1, peer->snd_una - peer->iss - 1,
		       (int)config->acks, (int)config->ends, config->hostile, config->mss,
		       config->buffer, config->awake_us > 0 ? " sleeps" : "",
		       config->silent ? " silent" : "", config->silly ? " silly" : "",
		       config->recuts ? " recuts" : "", config->drop_ppm, config->shrink_ppm,
		       config->renege_ppm, config->repeat_ppm);
	}
}

static bool hosts_init(struct run *run)
{
	struct host_config config = {
		.name = "stack",
		.tcp = random_tcp(&run->rng, run->brief),
		.n_ports = 1,
		.ports = {{.address = run->v6 ? "fd00::1/64" : "10.0.0.1/24"}},
		.mtu = run->mtu,
		.vlan = run->vlan,
		.pkts = 4000,
		.app = host_app,
		.ctx = run,
	};
	struct host_config other = {
		.name = "peer",
		.n_ports = 1,
		.app = station_tick,
		.frame = station_frame,
		.ctx = &run->station,
	};
	run->host = world_host_add(run->world, &config);
	run->other = world_host_add(run->world, &other);
	if (run->host == NULL || run->other == NULL ||
	    addr_parse(run->v6 ? "fd00::2" : "10.0.0.2", &run->station.addr) != 0 ||
	    addr_parse(run->v6 ? "fd00::1" : "10.0.0.1", &run->station.peer) != 0)
		return false;
	run->station.host = run->other;
	run->station.vlan = run->vlan;
	run->station.peers = run->peers;
	world_join(run->host, 0, run->other, 0, &run->wire);
	return true;
}

static void play(struct run *run)
{
	struct endpoint any = {.port = PORT};
	if (tcp_listen(run->host->tcp, &any, NULL) != 0)
		fail(run, "listen");
	run->n_conns = run->station.n_peers = 1 + rng_below(&run->rng, CONNS_MAX);
	run->pause_ppm = PICK(&run->rng, 0, 1000, 20000);
	for (uint32_t i = 0; i < run->n_conns; i++)
		random_peer(run, i);
	for (uint32_t i = 0; i < run->n_conns; i++)
		connect_out(run, i);
	if (!world_run(run->world, all_left, run, LIMIT_S * UINT64_C(1000000)))
		fail(run, "a connection does not end");
	if (run->fault == NULL &&
	    !world_run(run->world, is_quiet, run, LIMIT_S * UINT64_C(1000000)))
		fail(run, "something is left over");
	if (run->fault == NULL)
		ends_check(run);
	if (run->fault != NULL)
		print_ends(run);
}

struct totals {
	uint64_t bytes, segments, retransmits, timeouts, probes;
};

// Returns what went wrong, or NULL.
static const char *run_seed(struct run *run, uint64_t seed, bool trace, struct totals *totals)
{
	*run = (struct run){.rng = rng_of(seed ^ UINT64_C(0xbee5))};
	run->world = world_new(seed, trace);
	if (run->world == NULL)
		return "out of memory";
	run->v6 = one_in(run, 3);
	run->mtu = (uint16_t)PICK(&run->rng, 1280, 1500, 1500, 9000);
	run->vlan = one_in(run, 4) ? 7 : 0;
	run->brief = one_in(run, 4);
	random_wire(run);
	if (hosts_init(run)) {
		play(run);
		const struct tcp_stats *stats = tcp_stats(run->host->tcp);
		totals->bytes += stats->tx_bytes + stats->rx_bytes;
		totals->segments += stats->tx_segments + stats->rx_segments;
		totals->retransmits += stats->retransmits;
		totals->timeouts += stats->rto_expired;
		totals->probes += stats->window_probes;
	} else {
		fail(run, "out of memory");
	}
	world_free(run->world);
	return run->fault;
}

struct game {
	struct run run;
	struct totals totals;
};

static const char *play_seed(void *ctx, uint64_t seed, bool trace)
{
	struct game *game = ctx;
	return run_seed(&game->run, seed, trace, &game->totals);
}

int main(int argc, char **argv)
{
	static struct game game;
	const struct totals *totals = &game.totals;
	struct seeds seeds;
	if (!seeds_read(&seeds, argc, argv))
		return 2;
	seeds_play(&seeds, play_seed, &game);
	printf("peer: seeds %ju to %ju, %ju failed; %ju bytes, %ju segments, %ju sent again, %ju "
	       "timeouts, %ju probes\n",
	       (uintmax_t)seeds.first, (uintmax_t)(seeds.first + seeds.count - 1),
	       (uintmax_t)seeds.failed, (uintmax_t)totals->bytes, (uintmax_t)totals->segments,
	       (uintmax_t)totals->retransmits, (uintmax_t)totals->timeouts,
	       (uintmax_t)totals->probes);
	return seeds.failed == 0 ? 0 : 1;
}
