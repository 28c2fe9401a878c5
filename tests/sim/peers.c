// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Our stack against scripted peers, which are honest, odd or hostile as the seed says. With an
// honest one every byte arrives, in order, once, and nothing waits for longer than the timers of
// the RFCs allow; with any, what we send keeps to the window and the MSS, every connection ends
// and every packet comes back to its pool.
//
//   sim_peer [--first SEED] [--count N] [--trace]

#include "tests/sim/ends.h"
#include "tests/sim/seeds.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	PORT = 5432,
	LIMIT_S = 3600, // simulated
	KEEPALIVE_S = 10,
};

static const uint64_t NEVER = UINT64_MAX;

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
		run_fail(run, "connect");
}

static bool all_left(void *ctx)
{
	struct run *run = ctx;
	for (uint32_t i = 0; i < run->n_conns; i++) {
		const struct end *end = &run->ends[i];
		struct peer *peer = &run->peers[i];
		if (peer->fault != NULL)
			run_fail(run, peer->fault);
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
			run_fail(run, run->peers[i].fault);
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
			run_fail(run, "bytes are missing");
		const struct peer *peer = &run->peers[i];
		// Its last ACK may have been lost, and who could repeat it is gone.
		bool all = peer->rcv_nxt - peer->irs - 1 >= peer->config.to_receive;
		if (!end->tolerant && (run->lossless ? !peer_is_done(peer) : !all))
			run_fail(run, "the peer misses bytes");
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
		.app = ends_turn,
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
		run_fail(run, "listen");
	run->n_conns = run->station.n_peers = 1 + rng_below(&run->rng, CONNS_MAX);
	run->pause_ppm = PICK(&run->rng, 0, 1000, 20000);
	for (uint32_t i = 0; i < run->n_conns; i++)
		random_peer(run, i);
	for (uint32_t i = 0; i < run->n_conns; i++)
		connect_out(run, i);
	if (!world_run(run->world, all_left, run, LIMIT_S * UINT64_C(1000000)))
		run_fail(run, "a connection does not end");
	if (run->fault == NULL &&
	    !world_run(run->world, is_quiet, run, LIMIT_S * UINT64_C(1000000)))
		run_fail(run, "something is left over");
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
		run_fail(run, "out of memory");
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
