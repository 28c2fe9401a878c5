// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A server of services.h, or a client that checks an echo, on the gateway's own
// stack: nic, ip, tcp and the workers' mesh, with nothing on top. What the
// system tests of the stack talk to.
//
// A client sends a pattern that tells every byte's place, checks that the same
// comes back, and ends with exit status 0 when each connection saw all its
// bytes and an orderly close.

#include "dataplane/worker/stack.h"
#include "tests/system/pattern.h"
#include "tests/system/services.h"

#include <rte_launch.h>
#include <rte_lcore.h>

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CONNS_MAX = 1024, EVENTS_PER_LOOP = 64 };

struct options {
	struct nic_config nic;
	struct ip_config ip;
	bool client;
	struct endpoint peer;
	uint64_t bytes;
	uint32_t conns;
	uint32_t seconds;
	uint16_t mtu;
	bool ecn;
	enum tcp_congestion congestion;
};

// One connection of a client.
struct flow {
	struct tcp_conn *conn;
	uint64_t sent, received;
	bool shut;
};

struct worker {
	struct stack stack;
	struct worker_stats stats;
	struct flow *flows;
	uint32_t n_flows, done, failed;
} __attribute__((aligned(64)));

static struct options options;
static struct worker *workers;
enum { LAST_WORDS_US = 5000000 };

static volatile sig_atomic_t stop, report;

static uint64_t now_us(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void on_signal(int)
{
	stop = 1;
}

static void on_report(int)
{
	report = 1;
}

static void usage(void)
{
	fputs("usage: echo [--workers N] [--huge] [--no-offload] [--tso] [--mtu N] [--ecn]\n"
	      "            [--newreno]\n"
	      "            --port DEVICE ADDRESS/PREFIX[,ADDRESS/PREFIX...] [--vlan "
	      "ID] ...\n"
	      "            [--gateway ADDRESS] [--connect ADDRESS --bytes N --conns "
	      "N --seconds N]\n",
	      stderr);
	exit(2);
}

// ---- options

static void add_port(const char *device, char *addresses)
{
	unsigned i = options.nic.n_ports;
	struct ip_port_config *ip = &options.ip.ports[i];
	char *next = NULL;

	if (i == NIC_PORTS_MAX || addresses == NULL)
		usage();
	for (const char *at = strtok_r(addresses, ",", &next); at != NULL;
	     at = strtok_r(NULL, ",", &next)) {
		uint8_t n = ip->n_addrs++;
		if (n == IP_ADDRS_MAX ||
		    addr_parse_prefix(at, &ip->addrs[n].addr, &ip->addrs[n].prefix) != 0)
			usage();
		if (!addr_is_v4(&ip->addrs[n].addr))
			options.nic.ports[i].groups = true;
	}
	snprintf(options.nic.ports[i].device, NIC_DEVICE_MAX, "%s", device);
	options.nic.n_ports++;
	options.ip.n_ports++;
}

static void read_options(int argc, char **argv)
{
	static const struct option longs[] = {
		{"workers", required_argument, NULL, 'w'},
		{"huge", no_argument, NULL, 'H'},
		{"no-offload", no_argument, NULL, 'O'},
		{"tso", no_argument, NULL, 'T'},
		{"mtu", required_argument, NULL, 'm'},
		{"ecn", no_argument, NULL, 'e'},
		{"newreno", no_argument, NULL, 'r'},
		{"port", required_argument, NULL, 'p'},
		{"vlan", required_argument, NULL, 'v'},
		{"gateway", required_argument, NULL, 'g'},
		{"connect", required_argument, NULL, 'c'},
		{"bytes", required_argument, NULL, 'b'},
		{"conns", required_argument, NULL, 'n'},
		{"seconds", required_argument, NULL, 's'},
		{0},
	};
	int o;

	options.nic = (struct nic_config){.n_workers = 1, .packets = 8192};
	options.bytes = 1 << 20;
	options.conns = 1;
	options.seconds = 60;
	options.mtu = 1500;
	options.peer.port = SERVICE_ECHO;
	while ((o = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (o) {
		case 'w':
			options.nic.n_workers = (uint16_t)atoi(optarg);
			break;
		case 'H':
			options.nic.huge_pages = true;
			break;
		case 'T':
			for (unsigned i = 0; i < NIC_PORTS_MAX; i++)
				options.nic.ports[i].cut = true;
			break;
		case 'O':
			options.nic.no_offload = true;
			break;
		case 'm':
			options.mtu = (uint16_t)atoi(optarg);
			break;
		case 'e':
			options.ecn = true;
			break;
		case 'r':
			options.congestion = TCP_NEWRENO;
			break;
		case 'p':
			add_port(optarg, optind < argc ? argv[optind] : NULL);
			optind++;
			break;
		case 'v': // of the last port
			if (options.ip.n_ports == 0)
				usage();
			options.ip.ports[options.ip.n_ports - 1].vlan = (uint16_t)atoi(optarg);
			break;
		case 'g':
			if (addr_parse(optarg, &options.ip.ports[0].gateway) != 0)
				usage();
			break;
		case 'c':
			options.client = true;
			if (addr_parse(optarg, &options.peer.addr) != 0)
				usage();
			break;
		case 'b':
			options.bytes = strtoull(optarg, NULL, 10);
			break;
		case 'n':
			options.conns = (uint32_t)atoi(optarg);
			break;
		case 's':
			options.seconds = (uint32_t)atoi(optarg);
			break;
		default:
			usage();
		}
	}
	if (options.nic.n_ports == 0 || options.nic.n_workers == 0 ||
	    options.nic.n_workers > NIC_WORKERS_MAX || options.conns > CONNS_MAX)
		usage();
	for (unsigned i = 0; i < options.nic.n_ports; i++)
		options.nic.ports[i].mtu = options.mtu;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	for (unsigned i = 0; i < options.nic.n_workers; i++)
		options.nic.cores[i] = (uint16_t)(i % (unsigned)cpus);
}

// ---- server

static uint32_t serve(struct worker *w)
{
	uint32_t n, events;

	for (n = 0; n < EVENTS_PER_LOOP; n++) {
		struct tcp_conn *conn = tcp_event(w->stack.tcp, &events);
		if (conn == NULL)
			break;
		services_event(conn, events);
	}
	return n;
}

// ---- client

static void client_start(struct worker *w)
{
	w->flows = calloc(options.conns, sizeof(*w->flows));
	for (uint32_t i = 0; w->flows != NULL && i < options.conns; i++) {
		struct flow *flow = &w->flows[i];
		int r = tcp_connect(
			w->stack.tcp, &options.peer, flow, w->stack.now_us, &flow->conn
		);
		if (r != 0) {
			fprintf(stderr, "connect: %s\n", err_text(r));
			w->failed++;
			w->done++;
		}
		w->n_flows++;
	}
}

static void flow_receive(struct worker *w, struct flow *flow)
{
	for (struct span in = tcp_peek(flow->conn); in.n > 0; in = tcp_peek(flow->conn)) {
		if (!pattern_is(in.p, in.n, flow->received)) {
			fprintf(stderr, "a byte from %" PRIu64 " on is wrong\n", flow->received);
			w->failed++;
			tcp_abort(flow->conn);
			return;
		}
		flow->received += in.n;
		tcp_consume(flow->conn, in.n);
	}
}

static void flow_send(struct flow *flow)
{
	uint8_t bytes[4096];

	while (flow->sent < options.bytes) {
		size_t n = options.bytes - flow->sent < sizeof(bytes)
				   ? (size_t)(options.bytes - flow->sent)
				   : sizeof(bytes);
		pattern_write(bytes, n, flow->sent);
		size_t taken = tcp_send(flow->conn, span_of(bytes, n));
		flow->sent += taken;
		if (taken < n)
			return;
	}
	if (!flow->shut)
		tcp_shutdown(flow->conn);
	flow->shut = true;
}

static uint32_t ask(struct worker *w)
{
	uint32_t n, events;

	for (n = 0; n < EVENTS_PER_LOOP; n++) {
		struct tcp_conn *conn = tcp_event(w->stack.tcp, &events);
		if (conn == NULL)
			break;
		struct flow *flow = tcp_conn_user(conn);
		flow_receive(w, flow);
		if ((events & TCP_EV_CLOSED) == 0) {
			flow_send(flow);
			continue;
		}
		if (flow->received != options.bytes || tcp_conn_error(conn) != 0) {
			fprintf(stderr, "closed after %" PRIu64 " bytes: %s\n", flow->received,
				err_text(tcp_conn_error(conn)));
			w->failed++;
		}
		__atomic_store_n(&w->done, w->done + 1, __ATOMIC_RELAXED);
		tcp_release(conn);
	}
	return n;
}

// ---- both

// A worker that is done still passes on what comes in for the others.
static bool all_done(void)
{
	for (unsigned i = 0; i < options.nic.n_workers; i++) {
		if (__atomic_load_n(&workers[i].done, __ATOMIC_RELAXED) < options.conns)
			return false;
	}
	return true;
}

static bool all_closed(void)
{
	for (unsigned i = 0; i < options.nic.n_workers; i++) {
		if (tcp_stats(workers[i].stack.tcp)->conns != 0)
			return false;
	}
	return true;
}

// Asked to stop, a server first lets everybody's last connections end: a FIN
// that was lost goes out again, and may come in by any worker.
static bool is_over(uint64_t *deadline_us)
{
	if (!stop)
		return false;
	if (options.client)
		return true;
	if (*deadline_us == 0)
		*deadline_us = now_us() + LAST_WORDS_US;
	return all_closed() || now_us() >= *deadline_us;
}

static int worker_main(void *arg)
{
	struct worker *w = arg;
	const struct timespec pause = {.tv_nsec = 20000};

	if (options.client)
		client_start(w);
	uint64_t deadline_us = 0;
	while (!is_over(&deadline_us)) {
		uint32_t n = stack_input(&w->stack, now_us());
		n += options.client ? ask(w) : serve(w);
		stack_output(&w->stack);
		if (options.client && all_done())
			break;
		if (n == 0) // the tests' machines have fewer cores than pollers
			nanosleep(&pause, NULL);
	}
	stack_count(&w->stack);
	return 0;
}

// What attacks show in, one line a worker.
static void print_attacks(unsigned i)
{
	const struct tcp_stats *t = tcp_stats(workers[i].stack.tcp);
	const struct ip_stats *p = ip_stats(workers[i].stack.ip);
	uint64_t held, budget;
	tcp_memory_count(workers[i].stack.tcp, &held, &budget);
	held += ip_memory_held(workers[i].stack.ip);
	const struct {
		const char *name;
		uint64_t value;
	} counters[] = {
		{"syn_dropped", t->syn_dropped},
		{"syn_evicted", t->syn_evicted},
		{"cookies_sent", t->cookies_sent},
		{"cookies_accepted", t->cookies_accepted},
		{"cookies_bad", t->cookies_bad},
		{"half_open", t->half_open},
		{"challenge_acks", t->challenge_acks},
		{"bad_seq", t->bad_seq},
		{"bad_ack", t->bad_ack},
		{"bad_sacks", t->bad_sacks},
		{"bad_options", t->bad_options + t->short_header},
		{"paws_dropped", t->paws_dropped},
		{"stray", t->stray},
		{"icmp_refused", t->icmp_refused},
		{"no_listener", t->no_listener},
		{"reset_sent", t->reset_sent},
		{"reset_received", t->reset_received},
		{"window_probes", t->window_probes},
		{"rx_collapsed", t->rx_collapsed},
		{"rx_segments", t->rx_segments},
		{"memory_pressure", t->memory_pressure},
		{"memory_critical", t->memory_critical},
		{"ooo_pruned", t->ooo_pruned + t->ooo_dropped},
		{"stalled_reset", t->stalled_reset},
		{"fragments", p->rx_fragments},
		{"fragments_refused", p->drop_fragment + p->fragment_overlap + p->fragment_tiny +
					      p->fragment_too_long + p->fragment_too_many},
		{"arp_refused", p->arp_refused},
		{"nd", p->rx_nd},
		{"nd_refused", p->nd_refused},
		{"neighbour_conflicts", p->neighbour_conflicts},
		{"neighbour_evicted", p->neighbour_evicted},
		{"icmp_limited", p->icmp_limited},
		{"malformed", p->drop_short + p->drop_version + p->drop_length +
				      p->drop_ip_checksum + p->drop_l4_checksum + p->drop_source +
				      p->drop_options + p->drop_extension},
		{"not_ours", p->drop_not_ours + p->drop_protocol},
		{"held", held},
		{"budget", budget},
	};
	printf("tcp=%u", i);
	for (size_t k = 0; k < sizeof(counters) / sizeof(counters[0]); k++)
		printf(" %s=%" PRIu64, counters[k].name, counters[k].value);
	puts("");
}

static void print_counters(void)
{
	for (unsigned i = 0; i < options.nic.n_workers; i++) {
		const struct worker_stats *s = &workers[i].stats;
		const struct tcp_stats *t = tcp_stats(workers[i].stack.tcp);
		printf("worker=%u rx=%" PRIu64 " tx=%" PRIu64 " handed_over=%" PRIu64
		       " taken_over=%" PRIu64 " handover_full=%" PRIu64 " accepted=%" PRIu64
		       " connected=%" PRIu64 " retransmits=%" PRIu64 " merged=%" PRIu64
		       " conns=%u packets=%" PRIu64 "\n",
		       i, s->rx_packets, s->tx_packets, s->handed_over, s->taken_over,
		       s->handover_full, t->accepted, t->connected, t->retransmits, s->tx_merged,
		       t->conns, s->pkts_used);
		print_attacks(i);
	}
	fflush(stdout);
}

static void print_ports(struct nic *nic)
{
	for (unsigned p = 0; p < options.nic.n_ports; p++) {
		struct nic_port_info info;
		nic_port_info(nic, (uint8_t)p, &info);
		printf("port=%u driver=%s queues=%u multi_segment=%d tx_offload=%#x "
		       "toeplitz=%d\n",
		       p, info.driver, info.n_queues, info.multi_segment, info.tx_offload,
		       info.toeplitz);
	}
	puts("ready");
	fflush(stdout);
}

static int stacks_init(struct nic *nic, struct mesh *mesh)
{
	for (unsigned i = 0; i < options.nic.n_workers; i++) {
		struct stack_config config = {
			.worker = (uint16_t)i,
			.n_workers = options.nic.n_workers,
			.nic = nic,
			.mesh = mesh,
			.ip = options.ip,
			.stats = &workers[i].stats,
		};
		tcp_config_default(&config.tcp);
		config.tcp.conns_max = 2 * CONNS_MAX;
		// As the daemon does, so that queues leave packets for what comes and goes.
		config.tcp.queue_pkts_max = options.nic.packets - options.nic.packets / 8;
		config.tcp.time_wait_ms = 1000;
		config.tcp.ecn = options.ecn;
		config.tcp.congestion = options.congestion;
		int r = stack_init(&workers[i].stack, &config, now_us());
		if (r == 0 && !options.client)
			r = services_listen(workers[i].stack.tcp);
		if (r != 0) {
			fprintf(stderr, "stack: %s\n", err_text(r));
			return r;
		}
	}
	return 0;
}

static int run(struct nic *nic)
{
	struct mesh mesh;
	uint32_t failed = 0, missing = 0;

	if (mesh_init(&mesh, options.nic.n_workers) != 0 || stacks_init(nic, &mesh) != 0)
		return 1;
	print_ports(nic);
	for (unsigned i = 0; i < options.nic.n_workers; i++)
		rte_eal_remote_launch(worker_main, &workers[i], nic_worker_lcore((uint16_t)i));
	// Waiting EAL's way would keep a core busy.
	for (unsigned i = 0; i < options.nic.n_workers; i++) {
		while (rte_eal_get_lcore_state(nic_worker_lcore((uint16_t)i)) == RUNNING) {
			usleep(10000);
			if (report) {
				report = 0;
				print_counters();
			}
		}
	}
	rte_eal_mp_wait_lcore();
	print_counters();
	for (unsigned i = 0; i < options.nic.n_workers; i++) {
		failed += workers[i].failed;
		missing += workers[i].n_flows - workers[i].done;
		stack_fini(&workers[i].stack);
		free(workers[i].flows);
	}
	mesh_fini(&mesh);
	if (failed + missing > 0)
		fprintf(stderr, "%u failed, %u not done\n", failed, missing);
	return failed + missing > 0;
}

int main(int argc, char **argv)
{
	struct nic *nic;
	const char *why;

	read_options(argc, argv);
	workers = aligned_alloc(64, options.nic.n_workers * sizeof(*workers));
	if (workers == NULL)
		return 1;
	memset(workers, 0, options.nic.n_workers * sizeof(*workers));
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	signal(SIGALRM, on_signal);
	signal(SIGUSR1, on_report);
	int r = nic_new(&options.nic, &nic, &why);
	if (r != 0) {
		fprintf(stderr, "nic: %s: %s\n", err_text(r), why);
		return 1;
	}
	if (options.client)
		alarm(options.seconds);
	r = run(nic);
	nic_free(nic);
	free(workers);
	return r;
}
