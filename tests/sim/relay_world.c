// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/sim/relay_world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { PATIENCE_US = 30 * SECOND_US, QUIET_US = 60 * SECOND_US };

void sim_fail(struct sim *sim, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(sim->fault, sizeof(sim->fault), format, args);
	va_end(args);
	longjmp(sim->failed, 1);
}

void sim_pass(struct sim *sim, uint64_t us)
{
	(void)world_run(sim->world, NULL, NULL, us);
}

bool sim_until(struct sim *sim, bool (*done)(void *ctx), void *ctx, uint64_t limit_us)
{
	return world_run(sim->world, done, ctx, limit_us);
}

static bool is_empty(void *ctx)
{
	return relay_sessions(((struct sim *)ctx)->gateway.relay) == 0;
}

void sim_until_empty(struct sim *sim, uint64_t limit_us)
{
	if (!sim_until(sim, is_empty, sim, limit_us))
		sim_fail(sim, "the session stays");
}

// ---- clients

static void agents_app(void *ctx, uint64_t now_us)
{
	struct sim *sim = ctx;
	struct tcp_conn *conn;
	uint32_t events;
	while ((conn = tcp_event(sim->client_host->tcp, &events)) != NULL)
		peer_event(tcp_conn_user(conn), events);
	for (unsigned i = 0; i < AGENTS_MAX; i++)
		if (sim->agents[i].live)
			peer_move(&sim->agents[i].peer, now_us);
}

static bool is_connected(void *ctx)
{
	struct agent *a = ctx;
	return a->peer.connected || a->peer.reset;
}

struct agent *agent_new(struct sim *sim, uint16_t port)
{
	unsigned i = 0;
	while (i < AGENTS_MAX && sim->agents[i].live)
		i++;
	if (i == AGENTS_MAX)
		sim_fail(sim, "too many agents");
	struct agent *a = &sim->agents[i];
	struct endpoint to = {.port = port};
	*a = (struct agent){.sim = sim, .live = true};
	peer_init(&a->peer, sim->options.client, sim->options.seed + i);
	buf_init(&a->heard, NULL, 64 << 20);
	if (addr_parse(GATEWAY_CLIENTS, &to.addr) != 0 ||
	    tcp_connect(
		    sim->client_host->tcp, &to, &a->peer, world_now_us(sim->world), &a->peer.conn
	    ) != 0)
		sim_fail(sim, "connect");
	if (!sim_until(sim, is_connected, a, PATIENCE_US))
		sim_fail(sim, "no connection");
	return a;
}

static void agent_free(struct agent *a)
{
	if (a == &a->sim->agents[0])
		a->sim->client_sent = a->peer.sent;
	peer_fini(&a->peer);
	buf_fini(&a->heard);
	a->live = false;
}

void agent_raw(struct agent *a, const void *bytes, size_t n)
{
	if (buf_append(&a->peer.out, span_of(bytes, n)) != 0)
		sim_fail(a->sim, "memory");
}

static bool has_bytes(void *ctx)
{
	struct agent *a = ctx;
	return buf_len(&a->peer.in) > 0 || a->peer.eof || a->peer.reset;
}

static bool is_secure(void *ctx)
{
	struct agent *a = ctx;
	return tls_is_established(a->peer.tls) || a->peer.eof || a->peer.reset;
}

void agent_greet(struct agent *a, const char *alpn)
{
	peer_secure(&a->peer, tls_connect(policies_agent(alpn)));
}

void agent_secured(struct agent *a)
{
	if (!sim_until(a->sim, is_secure, a, PATIENCE_US) || !tls_is_established(a->peer.tls))
		sim_fail(a->sim, "no TLS");
}

void agent_secure(struct agent *a)
{
	agent_raw(a, "\0\0\0\10\4\322\26\57", 8);
	if (!sim_until(a->sim, has_bytes, a, PATIENCE_US))
		sim_fail(a->sim, "no answer to SSLRequest");
	struct span in = buf_span(&a->peer.in);
	if (in.n != 1 || in.p[0] != 'S')
		sim_fail(a->sim, "SSLRequest refused");
	buf_consume(&a->peer.in, 1);
	agent_greet(a, NULL);
	agent_secured(a);
}

void agent_direct(struct agent *a, const char *alpn)
{
	agent_greet(a, alpn);
	agent_secured(a);
}

void agent_start(struct agent *a)
{
	say(&a->peer.out, 0, "issssssb", 0x30000, "user", "somebody", "database", "shop",
	    "application_name", "simulated", 0);
}

void agent_token(struct agent *a, const char *token)
{
	say(&a->peer.out, 'p', "s", token);
}

// The key that the client was shown.
static void key_of(const struct agent *a, uint8_t key[static 8])
{
	struct span in = buf_span(&a->heard);
	for (size_t n; (n = message_len(in, true)) > 0; in = span_from(in, n))
		if (in.p[0] == 'K')
			memcpy(key, in.p + 5, 8);
}

struct agent *agent_knock(struct sim *sim, uint16_t port, const char *token)
{
	struct agent *a = agent_new(sim, port);
	agent_secure(a);
	agent_start(a);
	agent_expect(a, "R");
	agent_token(a, token);
	return a;
}

struct agent *agent_login_with(struct sim *sim, uint16_t port, const char *token)
{
	struct agent *a = agent_knock(sim, port, token);
	agent_expect(a, "RSSSKZ");
	agent_forget(a);
	return a;
}

struct agent *agent_login(struct sim *sim, uint16_t port)
{
	return agent_login_with(sim, port, TOKEN_GOOD);
}

struct agent *agent_login_with_key(struct sim *sim, uint16_t port, uint8_t key[static 8])
{
	struct agent *a = agent_knock(sim, port, TOKEN_GOOD);
	agent_expect(a, "RSSSKZ");
	key_of(a, key);
	agent_forget(a);
	return a;
}

void agent_cancel(struct sim *sim, const uint8_t key[static 8])
{
	struct agent *a = agent_new(sim, PORT_ORDERS);
	say(&a->peer.out, 0, "ir", 80877102, (size_t)8, key);
	agent_expect_end(a);
}

void agent_query(struct agent *a, const char *text)
{
	say(&a->peer.out, 'Q', "s", text);
}

// What an error says, for the report of a failure.
static const char *error_text(struct span in)
{
	static char text[160];
	size_t n = in.n < sizeof(text) - 1 ? in.n : sizeof(text) - 1;
	for (size_t i = 0; i < n; i++)
		text[i] = in.p[i] < ' ' || in.p[i] > '~' ? '.' : (char)in.p[i];
	text[n] = '\0';
	return text;
}

static bool has_message(void *ctx)
{
	struct agent *a = ctx;
	return message_len(buf_span(&a->peer.in), true) > 0 || a->peer.eof || a->peer.reset;
}

void agent_expect(struct agent *a, const char *types)
{
	for (const char *t = types; *t != '\0'; t++) {
		if (!sim_until(a->sim, has_message, a, PATIENCE_US))
			sim_fail(a->sim, "waited for '%s' of \"%s\" in vain", t, types);
		struct span in = buf_span(&a->peer.in);
		size_t n = message_len(in, true);
		if (n == 0)
			sim_fail(
				a->sim, "%s at '%s' of \"%s\"", a->peer.reset ? "RST" : "FIN", t,
				types
			);
		if (in.p[0] != (uint8_t)*t)
			sim_fail(
				a->sim, "'%c' and not '%s' of \"%s\": %s", in.p[0], t, types,
				error_text(span_first(in, n))
			);
		if (buf_append(&a->heard, span_first(in, n)) != 0)
			sim_fail(a->sim, "memory");
		buf_consume(&a->peer.in, n);
	}
}

bool agent_heard(const struct agent *a, const char *text)
{
	return span_holds(buf_span(&a->heard), text);
}

void agent_forget(struct agent *a)
{
	buf_consume(&a->heard, buf_len(&a->heard));
}

static bool has_ended(void *ctx)
{
	struct agent *a = ctx;
	return a->peer.eof || a->peer.reset;
}

void agent_expect_end(struct agent *a)
{
	if (!sim_until(a->sim, has_ended, a, PATIENCE_US))
		sim_fail(a->sim, "the end does not come");
	if (buf_len(&a->peer.in) > 0)
		sim_fail(
			a->sim, "'%c' and %zu bytes before the end", buf_span(&a->peer.in).p[0],
			buf_len(&a->peer.in)
		);
	agent_free(a);
}

void agent_expect_fatal(struct agent *a, const char *code)
{
	agent_forget(a);
	agent_expect(a, "E");
	if (!agent_heard(a, "FATAL") || !agent_heard(a, code))
		sim_fail(a->sim, "not %s but %s", code, error_text(buf_span(&a->heard)));
	if (a->peer.reset)
		sim_fail(a->sim, "RST behind the error");
	agent_expect_end(a);
}

void agent_bye(struct agent *a)
{
	say(&a->peer.out, 'X', "");
	agent_expect_end(a);
}

void agent_vanish(struct agent *a)
{
	tcp_abort(a->peer.conn);
	agent_free(a);
}

void agent_leave(struct agent *a)
{
	agent_free(a);
}

// ---- what must hold afterwards

static bool is_quiet(void *ctx)
{
	struct sim *sim = ctx;
	struct host *hosts[] = {sim->client_host, sim->gateway_host, sim->server_host};
	for (unsigned i = 0; i < 3; i++) {
		const struct tcp_stats *stats = tcp_stats(hosts[i]->tcp);
		if (stats->conns + stats->half_open + stats->time_wait > 0 ||
		    pkt_pool_used(hosts[i]->pool) > 0)
			return false;
	}
	struct gateway *g = &sim->gateway;
	return relay_sessions(g->relay) == 0 && blocks_stats(g->blocks).used == 0 &&
	       g->records.current == NULL && ring_count(&g->records.full) == 0;
}

static void check_quiet(struct sim *sim)
{
	struct gateway *g = &sim->gateway;
	if (sim_until(sim, is_quiet, sim, QUIET_US))
		return;
	const struct tcp_stats *stats = tcp_stats(sim->gateway_host->tcp);
	sim_fail(
		sim,
		"left over: %u sessions, %zu bytes of blocks, %u connections, %u packets, "
		"%u at the server",
		relay_sessions(g->relay), blocks_stats(g->blocks).used, stats->conns,
		pkt_pool_used(sim->gateway_host->pool), sim->database.n_live
	);
}

static void check_events(struct sim *sim)
{
	struct gateway *g = &sim->gateway;
	if (g->n_held != 0 || g->stats.held_live != 0)
		sim_fail(sim, "%u still held", g->n_held);
	if (g->subjects != 0)
		sim_fail(sim, "%u subjects did not come back", g->subjects);
	if (g->closed < g->opened || g->closed < g->logins)
		sim_fail(
			sim, "%ju logins, %ju opened, %ju closed", (uintmax_t)g->logins,
			(uintmax_t)g->opened, (uintmax_t)g->closed
		);
}

static void check_records(struct sim *sim)
{
	struct gateway *g = &sim->gateway;
	uint64_t opened = 0;
	EXPECT(sim, !g->record_torn);
	for (uint32_t i = 0; i < g->n_sessions; i++) {
		EXPECT(sim, g->sessions[i].opened && g->sessions[i].closed);
		opened++;
	}
	EXPECT(sim, opened == g->opened);
	EXPECT(sim, !gateway_recorded(g, TOKEN_GOOD));
	EXPECT(sim, !gateway_recorded(g, SERVER_PASSWORD));
	EXPECT(sim, !gateway_recorded(g, SECRET_EMAIL));
	EXPECT(sim, !gateway_recorded(g, SECRET_SSN));
}

static void check_server(struct sim *sim)
{
	EXPECT(sim, !span_holds(buf_span(&sim->database.log), TOKEN_GOOD));
	EXPECT(sim, !span_holds(buf_span(&sim->database.log), "DROP TABLE"));
}

// ---- life

static struct host *host_new(
	struct sim *sim, const char *name, void (*app)(void *, uint64_t), void *ctx
)
{
	struct host_config config =
		{.name = name, .mtu = 1500, .pkts = 1024, .app = app, .ctx = ctx, .n_ports = 1};
	tcp_config_default(&config.tcp);
	config.tcp.conns_max = 128;
	config.tcp.half_open_max = 64;
	config.tcp.time_wait_max = 128;
	config.tcp.time_wait_ms = 200;
	config.tcp.rto_max_ms = 2000;
	if (app == agents_app) {
		config.ports[0].address = CLIENT_ADDRESS "/24";
	} else if (app == database_app) {
		config.ports[0].address = SERVER_ADDRESS "/24";
	} else {
		config.tcp = sim->config.tcp;
		config.pkts = sim->config.packets;
		config.n_ports = 2;
		config.ports[0].address = GATEWAY_CLIENTS "/24";
		config.ports[1].address = GATEWAY_SERVERS "/24";
	}
	config.tcp.queue_pkts_max = config.pkts * 2 / 3;
	struct host *host = world_host_add(sim->world, &config);
	if (host == NULL)
		abort();
	return host;
}

static void sim_init(struct sim *sim, const struct scenario *scenario)
{
	const struct sim_options *o = &sim->options;
	const struct wire_config wire = {.loss_ppm = o->loss_ppm, .delay_us = 200};
	gateway_config_default(&sim->config);
	database_init(&sim->database, o->seed);
	if (scenario->set_up != NULL)
		scenario->set_up(sim);
	sim->world = world_new(o->seed, o->trace);
	if (sim->world == NULL)
		abort();
	sim->client_host = host_new(sim, "client", agents_app, sim);
	sim->gateway_host = host_new(sim, "gateway", gateway_app, &sim->gateway);
	sim->server_host = host_new(sim, "server", database_app, &sim->database);
	world_join(sim->client_host, 0, sim->gateway_host, 0, &wire);
	world_join(sim->gateway_host, 1, sim->server_host, 0, &wire);
	sim->database.cutting = o->server;
	database_listen(&sim->database, sim->server_host);
	gateway_init(
		&sim->gateway, sim->gateway_host, sim->world, &sim->config,
		policy_new(1, &sim->policy)
	);
}

static void sim_fini(struct sim *sim)
{
	for (unsigned i = 0; i < AGENTS_MAX; i++)
		if (sim->agents[i].live)
			agent_free(&sim->agents[i]);
	database_fini(&sim->database);
	gateway_fini(&sim->gateway);
	world_free(sim->world);
}

static void play(struct sim *sim, const struct scenario *scenario)
{
	scenario->run(sim);
	for (unsigned i = 0; i < AGENTS_MAX; i++)
		if (sim->agents[i].live)
			agent_leave(&sim->agents[i]);
	check_quiet(sim);
	check_events(sim);
	check_records(sim);
	check_server(sim);
}

const char *sim_run(
	struct sim *sim, const struct scenario *scenario, const struct sim_options *options
)
{
	memset(sim, 0, sizeof(*sim));
	sim->options = *options;
	sim_init(sim, scenario);
	if (setjmp(sim->failed) == 0)
		play(sim, scenario);
	sim_fini(sim);
	return sim->fault[0] == '\0' ? NULL : sim->fault;
}
