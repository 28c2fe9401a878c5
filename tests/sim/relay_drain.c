// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Scenarios of a drain: who is told to go, and when; and what the load balancer's probe hears.

#include "tests/sim/relay_policy.h"
#include "tests/sim/relay_world.h"

static void drain(struct sim *sim, enum relay_drain to)
{
	relay_drain(sim->gateway.relay, to);
}

static void leaves_transactions_alone(struct sim *sim)
{
	struct agent *idle = agent_login(sim, PORT_ORDERS), *busy = agent_login(sim, PORT_ORDERS);
	agent_query(busy, "BEGIN");
	agent_expect(busy, "CZ");
	drain(sim, RELAY_CLOSES);
	agent_expect_fatal(idle, "57P01");
	sim_pass(sim, 5 * SECOND_US);
	agent_query(busy, "SELECT * FROM customers");
	agent_expect(busy, "TDDCZ");
	agent_query(busy, "COMMIT");
	agent_expect(busy, "CZ");
	agent_expect_fatal(busy, "57P01");
	EXPECT(sim, sim->gateway.stats.ended[END_SHUTDOWN] == 2);
	EXPECT(sim, sim->database.cancels == 0);
}

// What was answered before the end has come is answered whole; nothing is half run.
static void answers_what_it_took(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_ORDERS);
	agent_query(a, "SELECT 50 AS rows, 1000 AS size");
	agent_expect(a, "TD");
	drain(sim, RELAY_CLOSES);
	for (unsigned i = 0; i < 49; i++)
		agent_expect(a, "D");
	agent_expect(a, "CZ");
	agent_expect_fatal(a, "57P01");
}

// Answered up to a Flush, and yet in the implicit transaction that its Sync will end.
static void waits_for_sync(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_ORDERS);
	say(&a->peer.out, 'P', "ssh", "", "SELECT * FROM customers", 0);
	say(&a->peer.out, 'B', "sshhh", "", "", 0, 0, 0);
	say(&a->peer.out, 'E', "si", "", 0);
	say(&a->peer.out, 'H', "");
	agent_expect(a, "12DDC");
	drain(sim, RELAY_CLOSES);
	sim_pass(sim, 5 * SECOND_US);
	EXPECT(sim, sim->gateway.stats.ended[END_SHUTDOWN] == 0);
	say(&a->peer.out, 'S', "");
	agent_expect(a, "Z");
	agent_expect_fatal(a, "57P01");
}

static void ends_at_the_deadline(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_ORDERS), *b = agent_login(sim, PORT_ORDERS);
	agent_query(a, "BEGIN");
	agent_expect(a, "CZ");
	sim->database.mode = SERVER_MUTE;
	agent_query(b, "SELECT forever");
	sim_pass(sim, 2 * SECOND_US);
	drain(sim, RELAY_CLOSES);
	sim_pass(sim, 2 * SECOND_US);
	EXPECT(sim, sim->gateway.stats.ended[END_SHUTDOWN] == 0);
	drain(sim, RELAY_ENDS);
	agent_expect_fatal(a, "57P01");
	agent_expect_fatal(b, "57P01");
	sim_until_empty(sim, 6 * SECOND_US);
	EXPECT(sim, sim->database.cancels == 1); // of what runs; the other is in no statement
}

static void comes_back(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_ORDERS);
	agent_query(a, "BEGIN");
	agent_expect(a, "CZ");
	drain(sim, RELAY_CLOSES);
	sim_pass(sim, SECOND_US);
	drain(sim, RELAY_SERVES);
	agent_query(a, "COMMIT");
	agent_expect(a, "CZ");
	sim_pass(sim, SECOND_US);
	agent_query(a, "SELECT * FROM customers");
	agent_expect(a, "TDDCZ");
	agent_bye(a);
	agent_bye(agent_login(sim, PORT_ORDERS));
}

// A client that takes nothing is reset, and the server with it.
static void aborts(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_ORDERS);
	a->peer.in_max = 0;
	agent_query(a, "SELECT 2000 AS rows, 1000 AS size");
	sim_pass(sim, SECOND_US);
	relay_abort(sim->gateway.relay);
	sim_until_empty(sim, SECOND_US);
	sim_pass(sim, SECOND_US);
	EXPECT(sim, a->peer.reset);
}

// ---- the probe

static bool has_ended(void *ctx)
{
	struct agent *a = ctx;
	return a->peer.eof || a->peer.reset;
}

static void expect_answer(struct agent *a, const char *begins)
{
	struct span in;
	EXPECT(a->sim, sim_until(a->sim, has_ended, a, 30 * SECOND_US));
	EXPECT(a->sim, !a->peer.reset);
	in = buf_span(&a->peer.in);
	EXPECT(a->sim, begins == NULL ? in.n == 0 : span_holds(in, begins));
	agent_leave(a);
}

static void ask(struct sim *sim, const char *request, const char *begins)
{
	struct agent *a = agent_new(sim, PORT_PROBE);
	agent_raw(a, request, strlen(request));
	expect_answer(a, begins);
}

static void probe_by_http(struct sim *sim)
{
	static const char request[] = "GET /healthz HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n";
	ask(sim, request, "HTTP/1.1 503 ");
	relay_probe(sim->gateway.relay, true);
	ask(sim, request, "HTTP/1.1 200 OK\r\n");
	ask(sim, "HEAD / HTTP/1.0\n\n", "HTTP/1.1 200 OK\r\n");
	relay_probe(sim->gateway.relay, false);
	ask(sim, request, "HTTP/1.1 503 ");
	EXPECT(sim, sim->gateway.stats.probes_healthy == 2);
	EXPECT(sim, sim->gateway.stats.probes_unhealthy == 2);
}

static void probe_by_tcp(struct sim *sim)
{
	relay_probe(sim->gateway.relay, true);
	struct agent *a = agent_new(sim, PORT_PROBE);
	sim_pass(sim, 2 * SECOND_US);
	tcp_shutdown(a->peer.conn);
	expect_answer(a, NULL);
	EXPECT(sim, sim->gateway.stats.probes_healthy == 1);
}

// It neither asks nor goes.
static void probe_that_stays(struct sim *sim)
{
	struct agent *mute = agent_new(sim, PORT_PROBE), *slow = agent_new(sim, PORT_PROBE);
	agent_raw(slow, "GET / HT", 8);
	expect_answer(mute, NULL);
	expect_answer(slow, NULL);
	EXPECT(sim, sim->gateway.stats.probes_healthy + sim->gateway.stats.probes_unhealthy == 0);
}

static void probe_without_end(struct sim *sim)
{
	struct agent *a = agent_new(sim, PORT_PROBE);
	static char noise[16 << 10];
	memset(noise, 'x', sizeof(noise));
	agent_raw(a, noise, sizeof(noise));
	expect_answer(a, NULL);
}

const struct scenario relay_drain_scenarios[] = {
	{"drain_leaves_transactions_alone", leaves_transactions_alone},
	{"drain_answers_what_it_took", answers_what_it_took, .bulk = true},
	{"drain_waits_for_sync", waits_for_sync},
	{"drain_ends_at_the_deadline", ends_at_the_deadline},
	{"drain_comes_back", comes_back},
	{"drain_aborts", aborts, .bulk = true},
	{"probe_by_http", probe_by_http, .every_cut = true},
	{"probe_by_tcp", probe_by_tcp},
	{"probe_that_stays", probe_that_stays},
	{"probe_without_end", probe_without_end, .bulk = true},
	{NULL},
};
