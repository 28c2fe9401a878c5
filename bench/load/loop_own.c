// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "bench/load/agent.h"
#include "bench/load/backend.h"
#include "bench/load/loop.h"
#include "dataplane/worker/stack.h"

#include <rte_launch.h>
#include <rte_lcore.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EVENTS_PER_LOOP = 256, CONNS_SPARE = 4096 };

struct own {
	struct loop loop;
	struct nic *nic;
	struct mesh mesh;
	struct stack stack;
	struct worker_stats stats;
} __attribute__((aligned(64)));

static bool connect_own(struct load *load, struct agent *agent)
{
	struct own *own = load->ctx;
	struct endpoint to = own->loop.options->connect;
	struct tcp_conn *conn;

	to.port += (uint16_t)((agent - load->agents) % own->loop.options->spread);
	if (tcp_connect(own->stack.tcp, &to, agent, load->now_us, &conn))
		return false;
	link_init_own(&agent->link, load->blocks, conn);
	return true;
}

static void accept_own(struct load *load, struct tcp_conn *conn)
{
	struct backend *backend = backend_new(load);

	if (backend == NULL)
		abort();
	link_init_own(&backend->link, load->blocks, conn);
	tcp_conn_set_user(conn, backend);
}

static uint32_t take_events(struct own *own)
{
	uint32_t n, events;

	for (n = 0; n < EVENTS_PER_LOOP; n++) {
		struct tcp_conn *conn = tcp_event(own->stack.tcp, &events);
		if (conn == NULL)
			break;
		if (events & TCP_EV_ACCEPTED)
			accept_own(own->loop.load, conn);
		if (events & TCP_EV_CONNECTED) {
			agent_connected(tcp_conn_user(conn));
			continue;
		}
		struct link *link = tcp_conn_user(conn);
		(void)link->turn(link);
	}
	return n;
}

static int run(void *arg)
{
	struct own *own = arg;
	struct load *load = own->loop.load;
	bool more = true;

	while (more) {
		load->now_us = loop_clock_us();
		uint32_t n = stack_input(&own->stack, load->now_us);
		n += take_events(own);
		more = loop_turn(&own->loop);
		stack_output(&own->stack);
		if (n == 0)
			sched_yield(); // the gateway's control plane may share this core
	}
	return 0;
}

static int start(struct own *own, const struct loop_options *options)
{
	struct stack_config config = {
		.n_workers = 1,
		.nic = own->nic,
		.mesh = &own->mesh,
		.ip = options->ip,
		.stats = &own->stats,
	};

	tcp_config_default(&config.tcp);
	config.tcp.conns_max = 2 * own->loop.load->agents_max + CONNS_SPARE;
	config.tcp.half_open_max = CONNS_SPARE;
	config.tcp.time_wait_ms = 1; // ports are what a load runs out of first
	config.tcp.queue_pkts_max = options->nic.packets - options->nic.packets / 8;
	int r = mesh_init(&own->mesh, 1);
	if (r == 0)
		r = stack_init(&own->stack, &config, loop_clock_us());
	struct endpoint at = options->listen;
	for (uint16_t i = 0; r == 0 && at.port != 0 && i < options->spread; i++, at.port++)
		r = tcp_listen(own->stack.tcp, &at, NULL);
	return r;
}

int loop_own(struct load *load, const struct loop_options *options)
{
	struct own *own = aligned_alloc(64, sizeof(*own));
	const char *why = "";

	if (own == NULL)
		return 1;
	memset(own, 0, sizeof(*own));
	own->loop = (struct loop){.load = load, .options = options};
	load->connect = connect_own;
	load->ctx = own;
	int r = nic_new(&options->nic, &own->nic, &why);
	if (r == 0)
		r = start(own, options);
	if (r != 0) {
		fprintf(stderr, "load: %s %s\n", err_text(r), why);
		return 1;
	}
	rte_eal_remote_launch(run, own, nic_worker_lcore(0));
	// Waiting EAL's way would keep a core busy.
	while (rte_eal_get_lcore_state(nic_worker_lcore(0)) == RUNNING)
		usleep(10000);
	rte_eal_mp_wait_lcore();
	return own->loop.status;
}
