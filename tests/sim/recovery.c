// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// How well TCP recovers: a server sends to a client over a wire with one kind of fault, and the
// time it takes, the longest silence and what was sent twice are judged for each kind. Bytes are
// compared by position.
//
//   recovery [--newreno] [--case NAME] [--first SEED] [--count N] [--trace]

#include "tests/sim/world.h"

#include <stdio.h>
#include <stdlib.h>

enum { PORT = 5432, CHUNK = 8192, LIMIT_S = 300, DROPS_MAX = 6 };

static const uint64_t NEVER = UINT64_MAX;

// One kind of fault, and what is expected of the sender on average over the seeds.
struct kind {
	const char *name;
	struct wire_config wire; // from the server; acknowledgements come back over a clean one
	uint32_t ack_loss_ppm;
	uint32_t bytes;                      // of the answer
	uint32_t answers;                    // one after the other, each asked for by a byte
	uint32_t outage_every_ms, outage_ms; // the wire from the server is dead meanwhile; 0: never
	uint32_t goodput_min_kbps;
	uint32_t wasted_max_ppm; // retransmissions beyond what was lost, of all segments
};

// 100 Mbit/s and 20 ms around, a queue of two bandwidth-delay products, unless the case says else.
#define WIRE .delay_us = 10000, .rate_kbps = 100000, .queue_bytes = 500000
#define ONCE .answers = 1
static const struct kind kinds[] = {
	{"clean", {WIRE}, ONCE, .bytes = 8000000, .goodput_min_kbps = 80000},
	{"loss", {WIRE, .loss_ppm = 10000}, ONCE, .bytes = 4000000, .goodput_min_kbps = 12000},
	{"reorder",
	 {WIRE, .reorder_ppm = 50000, .reorder_us = 10000},
	 ONCE,
	 .bytes = 4000000,
	 .goodput_min_kbps = 35000,
	 .wasted_max_ppm = 8000},
	{"loss-reorder",
	 {WIRE, .loss_ppm = 10000, .reorder_ppm = 50000, .reorder_us = 10000},
	 ONCE,
	 .bytes = 4000000,
	 .goodput_min_kbps = 8000,
	 .wasted_max_ppm = 8000},
	{"duplicate",
	 {WIRE, .duplicate_ppm = 50000},
	 ONCE,
	 .bytes = 4000000,
	 .goodput_min_kbps = 60000},
	{"ack-loss",
	 {WIRE},
	 ONCE,
	 .ack_loss_ppm = 300000,
	 .bytes = 4000000,
	 .goodput_min_kbps = 60000,
	 .wasted_max_ppm = 1000},
	{"overflow",
	 {.delay_us = 10000, .rate_kbps = 20000, .queue_bytes = 20000},
	 ONCE,
	 .bytes = 2000000,
	 .goodput_min_kbps = 14000},
	{"outages",
	 {WIRE},
	 ONCE,
	 .bytes = 4000000,
	 .outage_every_ms = 400,
	 .outage_ms = 15,
	 .goodput_min_kbps = 15000},
	{"answers",
	 {WIRE, .loss_ppm = 20000},
	 .bytes = 20000,
	 .answers = 100,
	 .goodput_min_kbps = 2800},
};
#undef ONCE
#undef WIRE
enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

struct run {
	const struct kind *kind;
	enum tcp_congestion congestion;
	struct world *world;
	struct host *client, *server;
	struct tcp_conn *up, *down; // the client's end, the server's
	bool open;
	uint64_t asked, answered; // answers
	uint64_t sent, received;  // bytes
	uint64_t begun_us, ended_us;
	uint64_t progress_us, stall_us; // last byte read; the longest wait for one
	uint64_t drops_before;          // when it was read
	const char *fault;
};

static uint8_t byte_at(uint64_t at)
{
	return (uint8_t)((at * 197) ^ (at >> 8) ^ (at >> 16));
}

static void fail(struct run *run, const char *what)
{
	if (run->fault == NULL)
		run->fault = what;
}

static uint64_t drops(const struct run *run)
{
	const struct wire_stats *a = &run->client->ports[0].wire.stats;
	const struct wire_stats *b = &run->server->ports[0].wire.stats;
	return a->lost + a->overflowed + b->lost + b->overflowed;
}

// The longest silence that the RFCs' timers explain: a probe or timeout that starts over with each
// frame that was lost meanwhile (RFC 6298 5.5, RFC 8985 7.2), and the way there and back.
static uint64_t silence_max_us(const struct run *run)
{
	uint64_t lost = drops(run) - run->drops_before;
	uint64_t rto_us = UINT64_C(1000) * 2 * 200;
	if (lost > DROPS_MAX)
		lost = DROPS_MAX;
	return (rto_us << lost) + run->kind->outage_ms * UINT64_C(2000) + 200000;
}

static void client_progress(struct run *run, uint64_t now_us)
{
	uint64_t silent_us = now_us - run->progress_us;
	if (silent_us > run->stall_us)
		run->stall_us = silent_us;
	if (silent_us > silence_max_us(run))
		fail(run, "silent for longer than the timers explain");
	run->progress_us = now_us;
	run->drops_before = drops(run);
}

static void client_read(struct run *run, uint64_t now_us)
{
	for (struct span s = tcp_peek(run->up); s.n > 0; s = tcp_peek(run->up)) {
		for (size_t i = 0; i < s.n; i++) {
			if (s.p[i] != byte_at(run->received + i))
				fail(run, "a byte differs");
		}
		run->received += s.n;
		tcp_consume(run->up, s.n);
		client_progress(run, now_us);
	}
	run->answered = run->received / run->kind->bytes;
	if (run->answered == run->kind->answers && run->ended_us == 0)
		run->ended_us = now_us;
}

static void client_app(void *ctx, uint64_t now_us)
{
	struct run *run = ctx;
	uint32_t events;
	while (tcp_event(run->client->tcp, &events) != NULL) {
		if ((events & TCP_EV_CONNECTED) != 0)
			run->open = true;
		if ((events & TCP_EV_CLOSED) != 0)
			fail(run, "the client's end closed");
	}
	if (!run->open || run->fault != NULL)
		return;
	client_read(run, now_us);
	if (run->asked == run->answered && run->asked < run->kind->answers &&
	    tcp_send(run->up, span_of("?", 1)) == 1) {
		if (run->asked++ == 0)
			run->begun_us = run->progress_us = now_us;
	}
}

static void wire_outage(struct run *run, uint64_t now_us)
{
	const struct kind *kind = run->kind;
	if (kind->outage_every_ms == 0 || run->asked == 0)
		return;
	uint64_t phase = now_us / 1000 % kind->outage_every_ms;
	run->server->ports[0].wire.config.loss_ppm =
		phase < kind->outage_ms ? 1000000 : kind->wire.loss_ppm;
}

static void server_app(void *ctx, uint64_t now_us)
{
	struct run *run = ctx;
	uint32_t events;
	struct tcp_conn *conn;
	wire_outage(run, now_us);
	while ((conn = tcp_event(run->server->tcp, &events)) != NULL) {
		if ((events & TCP_EV_ACCEPTED) != 0)
			run->down = conn;
		if ((events & TCP_EV_CLOSED) != 0)
			fail(run, "the server's end closed");
	}
	if (run->down == NULL || run->fault != NULL)
		return;
	while (tcp_peek(run->down).n > 0)
		tcp_consume(run->down, tcp_peek(run->down).n);
	uint8_t chunk[CHUNK];
	while (run->sent < run->asked * run->kind->bytes) {
		uint64_t left = run->asked * run->kind->bytes - run->sent;
		size_t n = left < CHUNK ? left : CHUNK;
		for (size_t i = 0; i < n; i++)
			chunk[i] = byte_at(run->sent + i);
		size_t took = tcp_send(run->down, span_of(chunk, n));
		run->sent += took;
		if (took < n)
			break;
	}
}

static struct host *host_new(
	struct run *run, const char *name, const char *address,
	void (*app)(void *ctx, uint64_t now_us)
)
{
	struct host_config config = {
		.name = name,
		.n_ports = 1,
		.ports = {{.address = address}},
		.mtu = 1500,
		.pkts = 4000,
		.app = app,
		.ctx = run,
	};
	tcp_config_default(&config.tcp);
	config.tcp.congestion = run->congestion;
	config.tcp.conns_max = 4;
	config.tcp.snd_buf = config.tcp.rcv_buf = 1 << 20;
	config.tcp.ooo_runs_max = 1024;
	return world_host_add(run->world, &config);
}

static bool is_done(void *ctx)
{
	const struct run *run = ctx;
	return run->fault != NULL || run->ended_us != 0;
}

static bool run_init(struct run *run, uint64_t seed, bool trace)
{
	struct endpoint at = {.port = PORT};
	run->world = world_new(seed, trace);
	if (run->world == NULL)
		return false;
	run->client = host_new(run, "client", "10.0.0.1/24", client_app);
	run->server = host_new(run, "server", "10.0.0.2/24", server_app);
	if (run->client == NULL || run->server == NULL)
		return false;
	world_join(run->client, 0, run->server, 0, &run->kind->wire);
	struct wire_config *back = &run->client->ports[0].wire.config;
	back->loss_ppm = run->kind->ack_loss_ppm;
	back->reorder_ppm = back->duplicate_ppm = 0;
	return tcp_listen(run->server->tcp, &at, NULL) == 0 &&
	       addr_parse("10.0.0.2", &at.addr) == 0 &&
	       tcp_connect(run->client->tcp, &at, NULL, world_now_us(run->world), &run->up) == 0;
}

struct sums {
	uint64_t runs, kbps, stall_us, segments, resent, lost, timeouts;
};

static void sums_add(struct sums *sums, const struct run *run)
{
	const struct tcp_stats *stats = tcp_stats(run->server->tcp);
	const struct wire_stats *wire = &run->server->ports[0].wire.stats;
	sums->runs++;
	sums->kbps += run->received * 8000 / (run->ended_us - run->begun_us);
	if (run->stall_us > sums->stall_us)
		sums->stall_us = run->stall_us;
	sums->segments += stats->tx_segments;
	sums->resent += stats->retransmits;
	sums->lost += wire->lost + wire->overflowed;
	sums->timeouts += stats->rto_expired;
}

struct options {
	uint64_t first, count;
	const char *only;
	enum tcp_congestion congestion;
	bool trace;
};

// Returns whether all went well.
static bool run_seed(
	const struct kind *kind, uint64_t seed, const struct options *options, struct sums *sums
)
{
	struct run run = {.kind = kind, .congestion = options->congestion, .progress_us = NEVER};
	if (!run_init(&run, seed, options->trace))
		fail(&run, "out of memory");
	else if (!world_run(run.world, is_done, &run, LIMIT_S * UINT64_C(1000000)))
		fail(&run, "not done in time");
	if (run.fault == NULL)
		sums_add(sums, &run);
	else
		printf("%s, seed %ju: %s; again with: recovery%s --case %s --first %ju --count 1 "
		       "--trace\n",
		       kind->name, (uintmax_t)seed, run.fault,
		       options->congestion == TCP_NEWRENO ? " --newreno" : "", kind->name,
		       (uintmax_t)seed);
	world_free(run.world);
	return run.fault == NULL;
}

// NewReno gives way to more, and comes back later.
static const char *sums_judge(
	const struct kind *kind, const struct sums *sums, enum tcp_congestion congestion
)
{
	uint32_t min_kbps = kind->goodput_min_kbps / (congestion == TCP_NEWRENO ? 2 : 1);
	uint64_t wasted = sums->resent > sums->lost ? sums->resent - sums->lost : 0;
	if (sums->runs == 0)
		return "no run";
	if (sums->kbps / sums->runs < min_kbps)
		return "too slow";
	if (wasted * 1000000 / sums->segments > kind->wasted_max_ppm)
		return "too much sent in vain";
	return NULL;
}

static bool run_kind(const struct kind *kind, const struct options *options)
{
	struct sums sums = {0};
	bool good = true;
	for (uint64_t i = 0; i < options->count; i++)
		good &= run_seed(kind, options->first + i, options, &sums);
	const char *fault = sums_judge(kind, &sums, options->congestion);
	printf("%-12s %6ju kbit/s, stall %4ju ms, %6ju segments, %5ju lost, %5ju sent again, "
	       "%4ju timeouts%s%s\n",
	       kind->name, (uintmax_t)(sums.runs == 0 ? 0 : sums.kbps / sums.runs),
	       (uintmax_t)sums.stall_us / 1000, (uintmax_t)sums.segments, (uintmax_t)sums.lost,
	       (uintmax_t)sums.resent, (uintmax_t)sums.timeouts, fault == NULL ? "" : ": ",
	       fault == NULL ? "" : fault);
	return good && fault == NULL;
}

static bool options_read(struct options *options, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--trace") == 0)
			options->trace = true;
		else if (strcmp(argv[i], "--newreno") == 0)
			options->congestion = TCP_NEWRENO;
		else if (strcmp(argv[i], "--case") == 0 && i + 1 < argc)
			options->only = argv[++i];
		else if (strcmp(argv[i], "--first") == 0 && i + 1 < argc)
			options->first = strtoull(argv[++i], NULL, 0);
		else if (strcmp(argv[i], "--count") == 0 && i + 1 < argc)
			options->count = strtoull(argv[++i], NULL, 0);
		else
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	struct options options = {.first = 1, .count = 20};
	bool good = true;
	if (!options_read(&options, argc, argv)) {
		fputs("usage: sim_recovery [--newreno] [--case NAME] [--first SEED] [--count N] "
		      "[--trace]\n"
		      "Default: all cases, 20 seeds from 1 on.\n",
		      stderr);
		return 2;
	}
	for (int k = 0; k < N_KINDS; k++) {
		if (options.only == NULL || strcmp(options.only, kinds[k].name) == 0)
			good &= run_kind(&kinds[k], &options);
	}
	return good ? 0 : 1;
}
