// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "bench/load/agent.h"
#include "bench/load/loop.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	TOKEN_MAX = 16 << 10,
	MEMORY = 1 << 30,
	PACKETS = 32768,
	MANY = 4096,          // agents
	LOGINS_A_SECOND = 50, // with two full handshakes each, on the slowest machine
};

static void __attribute__((noreturn)) usage(int status)
{
	fputs("Usage: bench_load [--port DEVICE ADDRESS/PREFIX]... [--connect ADDRESS:PORT]\n"
	      "                  [--listen ADDRESS:PORT] [option]...\n"
	      "\n"
	      "Agents that log in to a gateway with PostgreSQL's protocol and ask, and backends\n"
	      "behind it that answer, in one thread: over our own TCP on DPDK's ports, or,\n"
	      "without --port, over sockets. Prints a line of JSON for each run.\n"
	      "\n"
	      "  --work WORK      query (default), prepared, upload, connect or idle\n"
	      "  --agents N       default 1\n"
	      "  --spread N       over as many ports in a row of the gateway's and the backends',\n"
	      "                   default 1: two addresses and a port have 28,000 connections\n"
	      "  --rows N         of an answer, default 1\n"
	      "  --bytes N        of a row, default 100\n"
	      "  --found N        secrets in a KB of rows, default 0\n"
	      "  --rate N         queries a second of all agents; default: as many as they can\n"
	      "  --alone TID      latencies are taken while it and this thread have their cores to\n"
	      "                   themselves (SCHED_FIFO); 0: it alone\n"
	      "  --tls HOW        of agents: no (default), direct or request\n"
	      "  --resume         agents resume TLS sessions; default: full handshakes only\n"
	      "  --token FILE     what agents log in with\n"
	      "  --certificate CHAIN KEY   of backends; without, they take no TLS\n"
	      "  --mtu N          of the ports, default 1500\n"
	      "  --core N         where it runs, default 0\n"
	      "  --seconds N      of a run, default 3\n"
	      "  --runs N         default 1\n"
	      "  --warm-up N      seconds before the first run, default 1\n",
	      status == 0 ? stdout : stderr);
	exit(status);
}

static unsigned long number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0')
		usage(2);
	return n;
}

static int choose(const char *text, const char *const *words)
{
	for (int i = 0; words[i] != NULL; i++) {
		if (strcmp(text, words[i]) == 0)
			return i;
	}
	usage(2);
}

static void read_endpoint(char *text, struct endpoint *at)
{
	char *colon = strrchr(text, ':');

	if (colon == NULL)
		usage(2);
	*colon = '\0';
	at->port = (uint16_t)number(colon + 1);
	if (addr_parse(text, &at->addr) != 0)
		usage(2);
}

static void add_port(struct loop_options *options, const char *device, const char *address)
{
	unsigned i = options->nic.n_ports++;
	struct ip_port_config *ip = &options->ip.ports[i];

	if (i == NIC_PORTS_MAX || address == NULL ||
	    addr_parse_prefix(address, &ip->addrs[0].addr, &ip->addrs[0].prefix) != 0)
		usage(2);
	ip->n_addrs = 1;
	options->ip.n_ports++;
	snprintf(options->nic.ports[i].device, NIC_DEVICE_MAX, "%s", device);
}

static void read_token(const char *path, char token[static TOKEN_MAX])
{
	FILE *f = fopen(path, "r");

	if (f == NULL || fgets(token, TOKEN_MAX, f) == NULL) {
		perror(path);
		exit(1);
	}
	fclose(f);
	token[strcspn(token, "\n")] = '\0';
}

static void need_tls(int r, const char *why)
{
	if (r == 0)
		return;
	fprintf(stderr, "load: TLS: %s\n", why);
	exit(1);
}

static void make_tls(struct load *load, struct tls_certificate *certificate)
{
	struct tls_library *library = tls_library_new();
	const struct tls_client_config client = {
		.library = library,
		.verify = TLS_VERIFY_NONE, // this measures, it protects nothing
		.alpn = load->tls == LOAD_DIRECT ? "postgresql" : NULL,
		.full_only = !load->resume,
	};
	const struct tls_server_config server = {
		.library = library,
		.certificates = certificate,
		.n_certificates = 1,
		.alpn = "postgresql",
		.ticket_secret = {1},
	};
	const char *why = "";

	need_tls(tls_client_new(&client, &load->client, &why), why);
	if (certificate->chain_file != NULL)
		need_tls(tls_server_new(&server, &load->server, &why), why);
}

struct settings {
	struct load load;
	struct loop_options loop;
	struct tls_certificate certificate;
	char token[TOKEN_MAX];
	uint16_t mtu;
};

// The word behind an option's argument.
static char *next_word(int argc, char **argv)
{
	if (optind >= argc)
		usage(2);
	return argv[optind++];
}

static void read_option(struct settings *settings, int option, int argc, char **argv)
{
	static const char *const works[] = {"query", "prepared", "upload", "connect", "idle", NULL};
	static const char *const ways[] = {"no", "direct", "request", NULL};
	struct load *load = &settings->load;
	struct loop_options *loop = &settings->loop;

	switch (option) {
	case 'p':
		add_port(loop, optarg, next_word(argc, argv));
		break;
	case 'c':
		read_endpoint(optarg, &loop->connect);
		break;
	case 'l':
		read_endpoint(optarg, &loop->listen);
		break;
	case 'w':
		load->work = (enum load_work)choose(optarg, works);
		break;
	case 'a':
		load->agents_max = (uint32_t)number(optarg);
		break;
	case 'S':
		loop->spread = (uint16_t)number(optarg);
		break;
	case 'n':
		load->rows.rows = (uint32_t)number(optarg);
		break;
	case 'b':
		load->rows.bytes = (uint32_t)number(optarg);
		break;
	case 'f':
		load->rows.found = (uint32_t)number(optarg);
		break;
	case 'r':
		load->rate = (double)number(optarg);
		break;
	case 'A':
		loop->alone = true;
		loop->beside = (pid_t)number(optarg);
		break;
	case 't':
		load->tls = (enum load_tls)choose(optarg, ways);
		break;
	case 'e':
		load->resume = true;
		break;
	case 'T':
		read_token(optarg, settings->token);
		break;
	case 'C':
		settings->certificate.chain_file = optarg;
		settings->certificate.key_file = next_word(argc, argv);
		break;
	case 'm':
		settings->mtu = (uint16_t)number(optarg);
		break;
	case 'o':
		loop->nic.cores[0] = (uint16_t)number(optarg);
		break;
	case 's':
		loop->seconds = (unsigned)number(optarg);
		break;
	case 'R':
		loop->runs = (unsigned)number(optarg);
		break;
	case 'W':
		loop->warm_up = (unsigned)number(optarg);
		break;
	default:
		usage(option == 'h' ? 0 : 2);
	}
}

static void read_options(struct settings *settings, int argc, char **argv)
{
	static const struct option longs[] = {
		{"port", required_argument, NULL, 'p'},
		{"connect", required_argument, NULL, 'c'},
		{"listen", required_argument, NULL, 'l'},
		{"work", required_argument, NULL, 'w'},
		{"agents", required_argument, NULL, 'a'},
		{"spread", required_argument, NULL, 'S'},
		{"rows", required_argument, NULL, 'n'},
		{"bytes", required_argument, NULL, 'b'},
		{"found", required_argument, NULL, 'f'},
		{"rate", required_argument, NULL, 'r'},
		{"alone", required_argument, NULL, 'A'},
		{"tls", required_argument, NULL, 't'},
		{"resume", no_argument, NULL, 'e'},
		{"token", required_argument, NULL, 'T'},
		{"certificate", required_argument, NULL, 'C'},
		{"mtu", required_argument, NULL, 'm'},
		{"core", required_argument, NULL, 'o'},
		{"seconds", required_argument, NULL, 's'},
		{"runs", required_argument, NULL, 'R'},
		{"warm-up", required_argument, NULL, 'W'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1)
		read_option(settings, option, argc, argv);
	if (optind < argc || settings->load.rows.bytes == 0 || settings->loop.spread == 0 ||
	    (settings->loop.spread > 1 && settings->loop.nic.n_ports == 0))
		usage(2);
}

int main(int argc, char **argv)
{
	static struct settings settings = {
		.load = {.agents_max = 1, .rows = {.rows = 1, .bytes = 100}},
		.loop = {.spread = 1, .seconds = 3, .runs = 1, .warm_up = 1, .patience = 60},
		.mtu = 1500,
	};
	struct load *load = &settings.load;
	struct loop_options *loop = &settings.loop;

	read_options(&settings, argc, argv);
	loop->nic.n_workers = 1;
	loop->nic.control_core = loop->nic.cores[0];
	loop->nic.packets = PACKETS;
	for (unsigned i = 0; i < loop->nic.n_ports; i++)
		loop->nic.ports[i].mtu = settings.mtu;
	if (loop->connect.port == 0)
		load->agents_max = 0;
	loop->patience += load->agents_max / LOGINS_A_SECOND;
	load->trims = load->agents_max >= MANY;
	make_tls(load, &settings.certificate);
	load->blocks = blocks_new(MEMORY);
	load->agents = calloc(load->agents_max + 1, sizeof(*load->agents));
	if (load->blocks == NULL || load->agents == NULL) {
		fputs("load: out of memory\n", stderr);
		return 1;
	}
	for (uint32_t i = 0; i < load->agents_max; i++)
		agent_init(&load->agents[i], load);
	agents_init(load, settings.token);
	return loop->nic.n_ports > 0 ? loop_own(load, loop) : loop_sockets(load, loop);
}
