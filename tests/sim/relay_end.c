// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Scenarios of the end: who ends a session, when, and what the other side hears of it.

#include "tests/sim/relay_world.h"

static void server_ends(struct sim *sim, enum server_mode mode)
{
	struct agent *a = agent_login(sim, PORT_ORDERS);
	sim->database.mode = mode;
	agent_query(a, "SELECT * FROM customers");
	if (mode == SERVER_CLOSES_IN_ROW || mode == SERVER_RESETS_IN_ROW)
		agent_expect(a, "TD");
	if (mode == SERVER_OVERSIZED)
		agent_expect(a, "T");
	if (mode == SERVER_UNASKED)
		agent_expect(a, "CZ");
	switch (mode) {
	case SERVER_GARBAGE:
	case SERVER_UNASKED:
		agent_expect_fatal(a, "08P01");
		EXPECT(sim, sim->gateway.stats.ended[END_SERVER_PROTOCOL] == 1);
		break;
	case SERVER_OVERSIZED:
		agent_expect_fatal(a, "54000");
		break;
	case SERVER_RESETS_IN_ROW:
		agent_expect_fatal(a, "08006");
		EXPECT(sim, sim->gateway.stats.ended[END_SERVER_RESET] == 1);
		break;
	case SERVER_LAST_WORDS:
		agent_expect_fatal(a, "57P01");
		EXPECT(sim, sim->gateway.stats.ended[END_SERVER_CLOSED] == 1);
		break;
	default:
		agent_expect_end(a);
		EXPECT(sim, sim->gateway.stats.ended[END_SERVER_CLOSED] == 1);
	}
	sim_until_empty(sim, 6 * SECOND_US);
}

static void server_garbage(struct sim *sim)
{
	server_ends(sim, SERVER_GARBAGE);
}

static void server_unasked(struct sim *sim)
{
	server_ends(sim, SERVER_UNASKED);
}

static void server_oversized(struct sim *sim)
{
	server_ends(sim, SERVER_OVERSIZED);
}

static void server_closes_in_row(struct sim *sim)
{
	server_ends(sim, SERVER_CLOSES_IN_ROW);
}

static void server_resets_in_row(struct sim *sim)
{
	server_ends(sim, SERVER_RESETS_IN_ROW);
}

static void server_last_words(struct sim *sim)
{
	server_ends(sim, SERVER_LAST_WORDS);
}

// The client says good-bye behind a command and waits for neither.
static void terminate_at_once(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_ORDERS);
	agent_query(a, "SELECT * FROM customers");
	say(&a->peer.out, 'X', "");
	sim_pass(sim, SECOND_US);
	tcp_shutdown(a->peer.conn);
	a->peer.shut = true;
	sim_until_empty(sim, 6 * SECOND_US);
	EXPECT(sim, sim->gateway.stats.ended[END_TERMINATED] == 1);
	EXPECT(sim, sim->database.queries == 1);
	EXPECT(sim, tcp_stats(sim->server_host->tcp)->reset_received == 0);
}

// A client that vanishes, in every state.
static void client_vanishes(struct sim *sim)
{
	for (unsigned when = 0; when < 9; when++) {
		sim->database.mode = when == 6 ? SERVER_SILENT : SERVER_USUAL;
		sim->gateway.control_mute = when == 5;
		struct agent *a = agent_new(sim, PORT_ORDERS);
		if (when == 1)
			agent_raw(a, "\0\0\0\10\4\322\26\57", 8);
		if (when == 2)
			agent_raw(a, "\x16\3\1\2\0\1\0\1\xfc\3\3", 11);
		if (when >= 3) {
			agent_secure(a);
			agent_start(a);
			agent_expect(a, "R");
		}
		if (when >= 5)
			agent_token(a, TOKEN_GOOD);
		if (when >= 7)
			agent_expect(a, "RSSSKZ");
		if (when == 7)
			agent_query(a, "SELECT * FROM customers");
		if (when == 8)
			sim->database.mode = SERVER_MUTE;
		if (when == 8)
			agent_query(a, "SELECT * FROM customers");
		sim_pass(sim, when == 4 ? 1 : SECOND_US / 2);
		agent_vanish(a);
		sim_pass(sim, SECOND_US);
		sim->gateway.control_mute = false;
		sim_until_empty(sim, 6 * SECOND_US);
	}
}

// One that leaves with a FIN, likewise.
static void client_leaves(struct sim *sim)
{
	for (unsigned when = 0; when < 6; when++) {
		struct agent *a = agent_new(sim, PORT_ORDERS);
		sim->gateway.control_mute = when == 4;
		if (when == 1)
			agent_raw(a, "\0\0\0\10\4\322\26\57", 8);
		if (when == 2)
			agent_raw(a, "\x16\3\1\2\0\1\0\1\xfc\3\3", 11);
		if (when >= 3) {
			agent_secure(a);
			agent_start(a);
			agent_expect(a, "R");
		}
		if (when >= 4)
			agent_token(a, TOKEN_GOOD);
		if (when == 5)
			agent_expect(a, "RSSSKZ");
		sim_pass(sim, SECOND_US / 2);
		agent_leave(a);
		sim_pass(sim, SECOND_US);
		sim->gateway.control_mute = false;
		sim_until_empty(sim, 6 * SECOND_US);
	}
}

static void token_expires(struct sim *sim)
{
	uint64_t now_s = gateway_wall_ns(world_now_us(sim->world)) / 1000000000;
	sim->gateway.subject.expires = now_s + 12;
	struct agent *a = agent_login(sim, PORT_ORDERS);
	for (unsigned i = 0; i < 5; i++) {
		agent_query(a, "SELECT 1");
		agent_expect(a, "CZ");
		sim_pass(sim, SECOND_US);
	}
	agent_expect_fatal(a, "28000");
	EXPECT(sim, sim->gateway.stats.ended[END_EXPIRED] == 1);
	EXPECT(sim, gateway_wall_ns(world_now_us(sim->world)) / 1000000000 - now_s >= 12);
}

static void idle(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_ORDERS);
	uint64_t start = world_now_us(sim->world);
	sim_pass(sim, 10 * SECOND_US);
	EXPECT(sim, blocks_stats(sim->gateway.blocks).used <= 8 << 10);
	agent_query(a, "SELECT 1");
	agent_expect(a, "CZ");
	agent_expect_fatal(a, "57P05");
	EXPECT(sim, world_now_us(sim->world) - start >= 30 * (uint64_t)SECOND_US);
	EXPECT(sim, sim->gateway.stats.ended[END_TIMEOUT_IDLE] == 1);
}

static void idle_spares_what_runs(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_ORDERS);
	sim->database.sessions[0].peer.pause_us =
		world_now_us(sim->world) + 45 * (uint64_t)SECOND_US;
	agent_query(a, "SELECT 1");
	sim_pass(sim, 30 * SECOND_US);
	agent_expect(a, "CZ");
	agent_expect_fatal(a, "57P05");
	EXPECT(sim, sim->gateway.stats.ended[END_TIMEOUT_IDLE] == 1);
}

static void short_idle(struct sim *sim)
{
	sim->policy.idle_timeout_ms = 2000;
}

static void idle_by_rule(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_ORDERS);
	uint64_t start = world_now_us(sim->world);
	agent_expect_fatal(a, "57P05");
	EXPECT(sim, world_now_us(sim->world) - start < 8 * (uint64_t)SECOND_US);
}

static void killed(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_ORDERS), *b = agent_login(sim, PORT_PLAIN);
	agent_query(b, "SELECT 1");
	agent_expect(b, "CZ");
	gateway_kill(&sim->gateway, sim->gateway.sessions[0].session);
	agent_expect_fatal(a, "57P01");
	agent_query(b, "SELECT 1");
	agent_expect(b, "CZ");
	gateway_kill(&sim->gateway, 0);
	agent_expect_fatal(b, "57P01");
	EXPECT(sim, sim->gateway.stats.ended[END_KILLED] == 2);
	sim_until_empty(sim, 6 * SECOND_US);
	EXPECT(sim, sim->database.cancels == 0); // nothing ran
}

static void killed_while_it_runs(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_ORDERS), *b = agent_login(sim, PORT_PLAIN);
	sim->database.mode = SERVER_MUTE;
	agent_query(a, "SELECT forever");
	sim_pass(sim, SECOND_US);
	gateway_kill(&sim->gateway, 0);
	agent_expect_fatal(a, "57P01");
	agent_expect_fatal(b, "57P01");
	sim_until_empty(sim, 6 * SECOND_US);
	EXPECT(sim, sim->database.cancels == 1); // what the first ran stops too
}

static void killed_while_verifying(struct sim *sim)
{
	struct agent *a = agent_new(sim, PORT_ORDERS);
	sim->gateway.control_mute = true;
	agent_secure(a);
	agent_start(a);
	agent_expect(a, "R");
	agent_token(a, TOKEN_GOOD);
	sim_pass(sim, SECOND_US);
	gateway_kill(&sim->gateway, 0);
	agent_expect_fatal(a, "57P01");
	EXPECT(sim, relay_sessions(sim->gateway.relay) == 1);
	sim->gateway.control_mute = false;
	sim_until_empty(sim, SECOND_US);
}

static bool at_the_end(void *ctx)
{
	return ((struct agent *)ctx)->peer.eof;
}

static void killed_in_a_row(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_ORDERS);
	a->peer.in_max = 20000;
	agent_query(a, "SELECT 2000 AS rows, 1000 AS size");
	sim_pass(sim, SECOND_US);
	gateway_kill(&sim->gateway, 0);
	sim_pass(sim, SECOND_US);
	a->peer.in_max = 64 << 20;
	// Where the window's opening is lost, only a probe tells (RFC 9293 3.8.6.1).
	EXPECT(sim, sim_until(sim, at_the_end, a, 4 * SECOND_US) && !a->peer.reset);
	// Whole messages, and the error last.
	struct span in = buf_span(&a->peer.in);
	uint8_t last = 0;
	for (size_t n; (n = message_len(in, true)) > 0; in = span_from(in, n))
		last = in.p[0];
	EXPECT(sim, in.n == 0 && last == 'E');
}

// Nobody takes the last words: they are given up, with all that was queued before them.
static void killed_unread(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_ORDERS);
	a->peer.in_max = 0;
	agent_query(a, "SELECT 2000 AS rows, 1000 AS size");
	sim_pass(sim, SECOND_US);
	gateway_kill(&sim->gateway, 0);
	sim_pass(sim, 3 * SECOND_US);
	EXPECT(sim, relay_sessions(sim->gateway.relay) == 1);
	sim_until_empty(sim, 4 * SECOND_US);
	sim_pass(sim, SECOND_US);
	EXPECT(sim, a->peer.reset);
}

static void shut_down(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_ORDERS), *b = agent_new(sim, PORT_ORDERS);
	agent_secure(b);
	sim_pass(sim, SECOND_US); // for its Finished to arrive: before, nothing can be told
	relay_drain(sim->gateway.relay, RELAY_QUITS);
	agent_expect_fatal(a, "57P01");
	agent_expect_fatal(b, "57P01");
	EXPECT(sim, sim->gateway.stats.ended[END_SHUTDOWN] == 2);
	agent_expect_end(agent_new(sim, PORT_ORDERS));
}

static void cancelled(struct sim *sim, uint16_t port)
{
	uint8_t key[8] = {0};
	struct agent *a = agent_login_with_key(sim, port, key);
	sim->database.mode = SERVER_MUTE;
	agent_query(a, "SELECT forever");
	key[7] ^= 1;
	agent_cancel(sim, key);
	sim_pass(sim, SECOND_US);
	EXPECT(sim, sim->database.cancels == 0);
	EXPECT(sim, sim->gateway.stats.cancels_refused == 1);
	key[7] ^= 1;
	agent_cancel(sim, key);
	sim_pass(sim, SECOND_US);
	EXPECT(sim, sim->database.cancels == 1);
	EXPECT(sim, sim->database.cancelled_key == database_session(&sim->database)->key);
	EXPECT(sim, relay_sessions(sim->gateway.relay) == 1);
	agent_bye(a);
}

static void cancel(struct sim *sim)
{
	cancelled(sim, PORT_PLAIN);
}

static void cancel_over_tls(struct sim *sim)
{
	cancelled(sim, PORT_ORDERS);
}

// From another worker it comes between two passes.
static void cancel_from_elsewhere(struct sim *sim)
{
	uint8_t key[8] = {0};
	struct agent *a = agent_login_with_key(sim, PORT_PLAIN, key);
	uint32_t pid = 0, secret = 0;
	for (unsigned i = 0; i < 4; i++) {
		pid = pid << 8 | key[i];
		secret = secret << 8 | key[4 + i];
	}
	relay_cancel(sim->gateway.relay, pid, secret ^ 1);
	relay_cancel(sim->gateway.relay, pid, secret);
	sim_pass(sim, SECOND_US);
	EXPECT(sim, sim->gateway.stats.cancels_refused == 1);
	EXPECT(sim, sim->database.cancels == 1);
	agent_bye(a);
}

static void unknown_type(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	agent_raw(a, "Y\0\0\0\4", 5);
	agent_expect_fatal(a, "08P01");
	EXPECT(sim, sim->gateway.stats.bad[LEG_CLIENT][PROTO_BAD_TYPE] == 1);
}

static void oversized_message(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	agent_raw(a, "Q\x7f\xff\xff\xff", 5);
	agent_expect_fatal(a, "08P01");
	EXPECT(sim, sim->gateway.stats.bad[LEG_CLIENT][PROTO_BAD_LENGTH] == 1);
	EXPECT(sim, sim->database.queries == 0);
}

const struct scenario relay_end_scenarios[] = {
	{"server_garbage", server_garbage},
	{"server_unasked", server_unasked},
	{"server_oversized", server_oversized},
	{"server_closes_in_row", server_closes_in_row},
	{"server_resets_in_row", server_resets_in_row},
	{"server_last_words", server_last_words},
	{"terminate_at_once", terminate_at_once},
	{"client_vanishes", client_vanishes},
	{"client_leaves", client_leaves},
	{"token_expires", token_expires},
	{"idle", idle},
	{"idle_spares_what_runs", idle_spares_what_runs},
	{"idle_by_rule", idle_by_rule, .set_up = short_idle},
	{"killed", killed},
	{"killed_while_it_runs", killed_while_it_runs},
	{"killed_while_verifying", killed_while_verifying},
	{"killed_in_a_row", killed_in_a_row, .bulk = true},
	{"killed_unread", killed_unread, .bulk = true},
	{"shut_down", shut_down},
	{"cancel", cancel, .every_cut = true},
	{"cancel_over_tls", cancel_over_tls},
	{"cancel_from_elsewhere", cancel_from_elsewhere},
	{"unknown_type", unknown_type, .every_cut = true},
	{"oversized_message", oversized_message},
	{NULL},
};
