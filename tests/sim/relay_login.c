// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Scenarios from the first byte to the open session, and what may go wrong on the way.

#include "tests/sim/relay_world.h"

static void login(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_ORDERS);
	agent_bye(a);
	sim_until_empty(sim, SECOND_US);
	EXPECT(sim, sim->gateway.stats.ended[END_TERMINATED] == 1);
	EXPECT(sim, sim->gateway.opened == 1);
	EXPECT(sim, span_holds(buf_span(&sim->database.log), SERVER_USER));
	EXPECT(sim, span_holds(buf_span(&sim->database.log), SERVER_PASSWORD));
	EXPECT(sim, !span_holds(buf_span(&sim->database.log), "somebody"));
	EXPECT(sim, gateway_recorded(&sim->gateway, "root > agent"));
}

static void login_plain(struct sim *sim)
{
	agent_bye(agent_login(sim, PORT_PLAIN));
}

static void direct_tls(struct sim *sim)
{
	struct agent *a = agent_new(sim, PORT_ORDERS);
	agent_direct(a, "postgresql");
	agent_start(a);
	agent_expect(a, "R");
	agent_token(a, TOKEN_GOOD);
	agent_expect(a, "RSSSKZ");
	agent_query(a, "SELECT 1");
	agent_expect(a, "CZ");
	agent_bye(a);
}

static void direct_tls_without_alpn(struct sim *sim)
{
	struct agent *a = agent_new(sim, PORT_ORDERS);
	agent_direct(a, NULL);
	agent_expect_end(a);
	EXPECT(sim, sim->gateway.stats.ended[END_PROTOCOL] == 1);
}

static void gss_first(struct sim *sim)
{
	struct agent *a = agent_new(sim, PORT_PLAIN);
	agent_raw(a, "\0\0\0\10\4\322\26\60", 8);
	sim_pass(sim, SECOND_US);
	EXPECT(sim, buf_len(&a->peer.in) == 1 && buf_span(&a->peer.in).p[0] == 'N');
	buf_consume(&a->peer.in, 1);
	agent_secure(a);
	agent_start(a);
	agent_expect(a, "R");
	agent_token(a, TOKEN_GOOD);
	agent_expect(a, "RSSSKZ");
	agent_bye(a);
}

static void token_refused(struct sim *sim)
{
	struct agent *a = agent_new(sim, PORT_ORDERS);
	agent_secure(a);
	agent_start(a);
	agent_expect(a, "R");
	agent_token(a, "not a token");
	agent_expect_fatal(a, "28P01");
	EXPECT(sim, sim->gateway.stats.ended[END_AUTH] == 1);
	EXPECT(sim, sim->database.n_accepted == 0);
}

static void no_rules(struct sim *sim)
{
	sim->policy.no_rules = true;
}

static void no_rule(struct sim *sim)
{
	struct agent *a = agent_new(sim, PORT_ORDERS);
	agent_secure(a);
	agent_start(a);
	agent_expect(a, "R");
	agent_token(a, TOKEN_GOOD);
	agent_expect(a, "E");
	EXPECT(sim, agent_heard(a, "no rule lets you reach"));
	agent_expect_end(a);
	EXPECT(sim, sim->gateway.stats.ended[END_NO_RULE] == 1);
	EXPECT(sim, sim->database.n_accepted == 0);
	sim_until_empty(sim, 6 * SECOND_US);
	EXPECT(sim, sim->gateway.last_closed.snapshot_version == 1);
}

static void plaintext(struct sim *sim)
{
	struct agent *a = agent_new(sim, PORT_ORDERS);
	agent_start(a);
	agent_expect_fatal(a, "08P01");
	EXPECT(sim, sim->gateway.stats.bad[LEG_CLIENT][PROTO_BAD_PLAINTEXT] == 1);
}

static void bytes_behind_ssl_request(struct sim *sim)
{
	struct agent *a = agent_new(sim, PORT_ORDERS);
	a->peer.cutting.cut = CUT_NONE; // all at once, or it is no attack
	agent_raw(a, "\0\0\0\10\4\322\26\57\26", 9);
	agent_expect_fatal(a, "08P01");
	EXPECT(sim, sim->gateway.stats.bad[LEG_CLIENT][PROTO_BAD_BEFORE_TLS] == 1);
}

static void garbage_for_tls(struct sim *sim)
{
	struct agent *a = agent_new(sim, PORT_ORDERS);
	agent_raw(a, "\0\0\0\10\4\322\26\57", 8);
	sim_pass(sim, SECOND_US);
	buf_consume(&a->peer.in, buf_len(&a->peer.in));
	agent_raw(a, "GET / HTTP/1.0\r\n\r\n", 18);
	sim_pass(sim, SECOND_US);
	EXPECT(sim, a->peer.eof || a->peer.reset);
	EXPECT(sim, sim->gateway.stats.ended[END_TLS_CLIENT] == 1);
}

static void oversized_startup(struct sim *sim)
{
	struct agent *a = agent_new(sim, PORT_ORDERS);
	agent_raw(a, "\x7f\xff\xff\xff\0\3\0\0", 8);
	agent_expect_fatal(a, "08P01");
	EXPECT(sim, sim->gateway.stats.bad[LEG_CLIENT][PROTO_BAD_LENGTH] == 1);
}

static void second_startup(struct sim *sim)
{
	struct agent *a = agent_new(sim, PORT_ORDERS);
	agent_secure(a);
	agent_start(a);
	agent_expect(a, "R");
	agent_start(a);
	agent_expect_fatal(a, "08P01");
	EXPECT(sim, sim->gateway.stats.bad[LEG_CLIENT][PROTO_BAD_ORDER] == 1);
}

static void second_ssl_request(struct sim *sim)
{
	struct agent *a = agent_new(sim, PORT_ORDERS);
	agent_secure(a);
	agent_raw(a, "\0\0\0\10\4\322\26\57", 8);
	agent_expect_fatal(a, "08P01");
	EXPECT(sim, sim->gateway.stats.ended[END_PROTOCOL] == 1);
}

// More than fits into one read, behind a mistake: the error must still arrive.
static void error_before_a_flood(struct sim *sim)
{
	static const uint8_t flood[200000];
	struct agent *a = agent_login(sim, PORT_PLAIN);
	agent_raw(a, "?\0\0\0\4", 5);
	agent_raw(a, flood, sizeof(flood));
	agent_expect_fatal(a, "08P01");
	EXPECT(sim, sim->gateway.stats.bad[LEG_CLIENT][PROTO_BAD_TYPE] == 1);
}

static void server_mode(struct sim *sim, enum server_mode mode, const char *code)
{
	sim->database.mode = mode;
	struct agent *a = agent_new(sim, PORT_ORDERS);
	agent_secure(a);
	agent_start(a);
	agent_expect(a, "R");
	agent_token(a, TOKEN_GOOD);
	agent_expect_fatal(a, code);
	EXPECT(sim, sim->gateway.opened == 0);
	sim_until_empty(sim, 6 * SECOND_US);
}

static void server_refuses_tls(struct sim *sim)
{
	server_mode(sim, SERVER_REFUSES_TLS, "08P01");
	EXPECT(sim, !span_holds(buf_span(&sim->database.log), SERVER_PASSWORD));
}

static void server_refuses_login(struct sim *sim)
{
	server_mode(sim, SERVER_REFUSES_LOGIN, "08004");
	EXPECT(sim, sim->gateway.stats.ended[END_UPSTREAM_AUTH] == 1);
}

static void server_silent(struct sim *sim)
{
	server_mode(sim, SERVER_SILENT, "57P05");
	EXPECT(sim, sim->gateway.stats.ended[END_TIMEOUT_LOGIN] == 1);
}

static void server_garbage_at_login(struct sim *sim)
{
	server_mode(sim, SERVER_GARBAGE_LOGIN, "08P01");
	EXPECT(sim, sim->gateway.stats.ended[END_SERVER_PROTOCOL] == 1);
}

static void other_port(struct sim *sim)
{
	sim->policy.server_port = 1;
}

static void server_unreachable(struct sim *sim)
{
	server_mode(sim, SERVER_USUAL, "08006");
	EXPECT(sim, sim->gateway.stats.ended[END_UPSTREAM_CONNECT] == 1);
}

static void login_timeout_mute_client(struct sim *sim)
{
	struct agent *a = agent_new(sim, PORT_ORDERS);
	sim_pass(sim, 3 * SECOND_US);
	EXPECT(sim, relay_sessions(sim->gateway.relay) == 1);
	agent_expect_fatal(a, "57P05");
	EXPECT(sim, sim->gateway.stats.ended[END_TIMEOUT_LOGIN] == 1);
}

// A client that stops in the midst of its handshake can be told nothing, and must go all the same.
static void login_timeout_in_tls(struct sim *sim)
{
	struct agent *a = agent_new(sim, PORT_ORDERS);
	agent_raw(a, "\x16\3\1\2\0\1\0\1\xfc\3\3", 11);
	agent_expect_end(a);
	sim_until_empty(sim, SECOND_US);
	EXPECT(sim, sim->gateway.stats.ended[END_TIMEOUT_LOGIN] == 1);
}

// Control takes longer than the login may: the token stays until it has answered.
static void control_late(struct sim *sim)
{
	struct agent *a = agent_new(sim, PORT_ORDERS);
	sim->gateway.control_mute = true;
	agent_secure(a);
	agent_start(a);
	agent_expect(a, "R");
	agent_token(a, TOKEN_GOOD);
	agent_expect_fatal(a, "57P05");
	sim_pass(sim, 10 * SECOND_US);
	EXPECT(sim, relay_sessions(sim->gateway.relay) == 1);
	EXPECT(sim, sim->gateway.closed == 0);
	sim->gateway.control_mute = false;
	sim_until_empty(sim, SECOND_US);
	EXPECT(sim, sim->gateway.last_closed.subject == &sim->gateway.subject);
}

// Nor can the question be asked: then nobody waits for the answer.
static void control_full(struct sim *sim)
{
	struct agent *a = agent_new(sim, PORT_ORDERS);
	agent_secure(a);
	agent_start(a);
	agent_expect(a, "R");
	sim->gateway.events_full = true;
	agent_token(a, TOKEN_GOOD);
	agent_expect_fatal(a, "57P05");
	sim->gateway.events_full = false;
	sim_until_empty(sim, SECOND_US);
	EXPECT(sim, sim->gateway.logins == 0 && sim->gateway.closed == 1);
}

static void control_full_for_a_while(struct sim *sim)
{
	struct agent *a = agent_new(sim, PORT_ORDERS);
	agent_secure(a);
	agent_start(a);
	agent_expect(a, "R");
	sim->gateway.events_full = true;
	agent_token(a, TOKEN_GOOD);
	sim_pass(sim, SECOND_US);
	EXPECT(sim, sim->gateway.events_refused > 0);
	sim->gateway.events_full = false;
	agent_expect(a, "RSSSKZ");
	sim->gateway.events_full = true;
	agent_bye(a);
	sim_pass(sim, SECOND_US);
	EXPECT(sim, sim->gateway.closed == 0);
	sim->gateway.events_full = false;
	sim_until_empty(sim, SECOND_US);
}

static void start_with(struct agent *a, const char *name, const char *value)
{
	say(&a->peer.out, 0, "issssssb", 0x30000, "user", "somebody", "DateStyle", "ISO", name,
	    value, 0);
	agent_expect(a, "R");
	agent_token(a, TOKEN_GOOD);
}

// What SET may not, the start of the session may not.
static void setting_refused(struct sim *sim)
{
	static const char *const attacks[][2] = {
		{"app.tenant", "another"},
		{"Session_Replication_Role", "replica"},
		{"options", "-c statement_timeout=0 --session-preload-libraries=auto_explain"},
	};
	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		struct agent *a = agent_new(sim, PORT_PLAIN);
		agent_secure(a);
		start_with(a, attacks[i][0], attacks[i][1]);
		agent_expect_fatal(a, "42501");
	}
	EXPECT(sim, sim->database.n_accepted == 0);
	struct agent *a = agent_new(sim, PORT_PLAIN);
	agent_secure(a);
	start_with(a, "options", "-c statement_timeout=0");
	agent_expect(a, "RSSSKZ");
	gateway_publish(&sim->gateway, &(struct policy_options){.allow = EFFECT_ADMIN});
	struct agent *admin = agent_new(sim, PORT_PLAIN);
	agent_secure(admin);
	start_with(admin, "app.tenant", "one");
	agent_expect(admin, "RSSSKZ");
	agent_bye(admin);
	agent_bye(a);
}

// Who is told to be elsewhere must not be where the resource says.
static void other_database_refused(struct sim *sim)
{
	struct agent *a = agent_new(sim, PORT_ORDERS);
	agent_secure(a);
	start_with(a, "database", "payroll");
	agent_expect(a, "E");
	EXPECT(sim, agent_heard(a, "3D000"));
	EXPECT(sim, agent_heard(a, "this resource is the database \"shop\""));
	agent_expect_end(a);
	EXPECT(sim, sim->gateway.stats.ended[END_NO_RULE] == 1);
	EXPECT(sim, sim->database.n_accepted == 0);
	static const char *const fine[] = {"shop", "somebody", ""};
	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
		a = agent_new(sim, PORT_ORDERS);
		agent_secure(a);
		start_with(a, "database", fine[i]);
		agent_expect(a, "RSSSKZ");
		agent_bye(a);
	}
	sim_until_empty(sim, SECOND_US);
}

static void replication_refused(struct sim *sim)
{
	struct agent *a = agent_new(sim, PORT_ORDERS);
	agent_secure(a);
	say(&a->peer.out, 0, "issssb", 0x30000, "user", "somebody", "replication", "database", 0);
	agent_expect(a, "R");
	agent_token(a, TOKEN_GOOD);
	agent_expect_fatal(a, "42501");
	sim_until_empty(sim, SECOND_US);
}

// What the first session left behind spares the second one its handshakes with both sides; each
// logs in all the same.
static void sessions_are_resumed(struct sim *sim)
{
	const struct worker_stats *stats = &sim->gateway.stats;
	for (unsigned i = 0; i < 3; i++) {
		uint64_t client = stats->client_tls_resumed, server = stats->server_tls_resumed;
		struct agent *a = agent_login(sim, PORT_ORDERS);
		agent_query(a, "SELECT 1");
		agent_expect(a, "CZ");
		agent_bye(a);
		EXPECT(sim, i == 0 || stats->client_tls_resumed == client + 1);
		EXPECT(sim, i == 0 || stats->server_tls_resumed == server + 1);
	}
	EXPECT(sim, sim->gateway.logins + stats->logins_cached == 3);
}

const struct scenario relay_login_scenarios[] = {
	{"sessions_are_resumed", sessions_are_resumed},
	{"login", login, .every_cut = true},
	{"login_plain", login_plain},
	{"direct_tls", direct_tls},
	{"direct_tls_without_alpn", direct_tls_without_alpn},
	{"gss_first", gss_first},
	{"token_refused", token_refused},
	{"no_rule", no_rule, .set_up = no_rules},
	{"plaintext", plaintext, .every_cut = true},
	{"bytes_behind_ssl_request", bytes_behind_ssl_request},
	{"garbage_for_tls", garbage_for_tls, .every_cut = true},
	{"oversized_startup", oversized_startup, .every_cut = true},
	{"second_startup", second_startup},
	{"second_ssl_request", second_ssl_request},
	{"error_before_a_flood", error_before_a_flood},
	{"server_refuses_tls", server_refuses_tls},
	{"server_refuses_login", server_refuses_login},
	{"server_silent", server_silent},
	{"server_garbage_at_login", server_garbage_at_login},
	{"server_unreachable", server_unreachable, .set_up = other_port},
	{"login_timeout_mute_client", login_timeout_mute_client},
	{"login_timeout_in_tls", login_timeout_in_tls},
	{"control_late", control_late},
	{"control_full", control_full},
	{"control_full_for_a_while", control_full_for_a_while},
	{"setting_refused", setting_refused},
	{"other_database_refused", other_database_refused},
	{"replication_refused", replication_refused},
	{NULL},
};
