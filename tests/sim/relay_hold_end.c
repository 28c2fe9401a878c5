// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Scenarios of a command that waits for a human: what ends the wait, and its limits.

#include "tests/sim/relay_hold.h"

static void cancelled(struct sim *sim)
{
	uint8_t key[8];
	struct agent *a = agent_login_with_key(sim, PORT_PLAIN, key);
	agent_query(a, HELD_TEXT);
	hold_expect_parked(a);
	uint64_t id = sim->gateway.held[0].held->id;
	session_id session = sim->gateway.held[0].session;
	agent_cancel(sim, key);
	agent_expect(a, "EZ");
	EXPECT(sim, agent_heard(a, "57014"));
	hold_expect(sim, 0);
	gateway_mislead(&sim->gateway, session, id); // it crossed the cancel
	hold_still_works(a);
	agent_bye(a);
	EXPECT(sim, sim->gateway.gone == 1 && sim->gateway.stats.hold_cancelled == 1);
	EXPECT(sim, sim->database.cancels == 0 && !hold_at_server(sim, HELD_TEXT));
}

static void cancelled_with_what_runs(struct sim *sim)
{
	uint8_t key[8];
	struct agent *a = agent_login_with_key(sim, PORT_PLAIN, key);
	sim->database.mode = SERVER_MUTE;
	agent_query(a, "SELECT forever");
	agent_query(a, HELD_TEXT);
	hold_expect_parked(a);
	agent_cancel(sim, key);
	sim_pass(sim, SECOND_US);
	EXPECT(sim, sim->database.cancels == 1 && sim->gateway.gone == 1);
	EXPECT(sim, !hold_at_server(sim, HELD_TEXT));
	agent_vanish(a);
}

static void client_leaves(struct sim *sim)
{
	struct agent *a = hold_agent(sim);
	agent_query(a, "SELECT 1"); // nobody reads it any more
	sim_pass(sim, SECOND_US);
	tcp_shutdown(a->peer.conn);
	a->peer.shut = true;
	sim_until_empty(sim, 10 * SECOND_US);
	EXPECT(sim, sim->gateway.gone == 1 && sim->gateway.n_held == 0);
	EXPECT(sim, sim->gateway.stats.ended[END_CLIENT_CLOSED] == 1);
	EXPECT(sim, !hold_at_server(sim, HELD_TEXT));
}

static void client_vanishes(struct sim *sim)
{
	agent_vanish(hold_agent(sim));
	sim_until_empty(sim, 10 * SECOND_US);
	EXPECT(sim, sim->gateway.gone == 1 && !hold_at_server(sim, HELD_TEXT));
	EXPECT(sim, sim->gateway.stats.ended[END_CLIENT_RESET] == 1);
}

static void server_leaves(struct sim *sim)
{
	struct agent *a = hold_agent(sim);
	database_session(&sim->database)->leaving = true;
	agent_expect_end(a);
	sim_until_empty(sim, 10 * SECOND_US);
	EXPECT(sim, sim->gateway.gone == 1);
	EXPECT(sim, sim->gateway.stats.ended[END_SERVER_CLOSED] == 1);
}

static void killed(struct sim *sim)
{
	struct agent *a = hold_agent(sim);
	gateway_kill(&sim->gateway, sim->gateway.held[0].session);
	agent_expect_fatal(a, "57P01");
	hold_expect(sim, 0);
	EXPECT(sim, sim->gateway.gone == 1 && !hold_at_server(sim, HELD_TEXT));
}

static void token_expires(struct sim *sim)
{
	uint64_t now_s = gateway_wall_ns(world_now_us(sim->world)) / 1000000000;
	sim->gateway.subject.expires = now_s + 20;
	struct agent *a = hold_agent(sim);
	agent_expect_fatal(a, "28000");
	hold_expect(sim, 0);
	EXPECT(sim, sim->gateway.gone == 1 && !hold_at_server(sim, HELD_TEXT));
}

static void policy_allows(struct sim *sim)
{
	struct agent *a = hold_agent(sim);
	gateway_publish(
		&sim->gateway, &(struct policy_options){.allow = EFFECT_READ | EFFECT_WRITE}
	);
	agent_expect(a, "CZ");
	hold_expect(sim, 0);
	EXPECT(sim, sim->gateway.gone == 1 && hold_at_server(sim, HELD_TEXT));
	agent_bye(a);
}

static void policy_denies(struct sim *sim)
{
	struct agent *a = hold_agent(sim);
	gateway_publish(&sim->gateway, &(struct policy_options){0});
	agent_expect(a, "EZ");
	hold_expect(sim, 0);
	EXPECT(sim, sim->gateway.gone == 1 && !hold_at_server(sim, HELD_TEXT));
	hold_still_works(a);
	agent_bye(a);
}

static void policy_holds_too(struct sim *sim)
{
	struct agent *a = hold_agent(sim);
	struct held old = *sim->gateway.held[0].held;
	session_id session = sim->gateway.held[0].session;
	gateway_publish(&sim->gateway, &sim->policy);
	hold_expect_parked(a);
	const struct held *new = sim->gateway.held[0].held;
	EXPECT(sim, new->id != old.id &&memcmp(new->digest, old.digest, 32) != 0);
	gateway_mislead(&sim->gateway, session, old.id);
	sim_pass(sim, SECOND_US);
	EXPECT(sim, !hold_at_server(sim, HELD_TEXT) && sim->gateway.n_held == 1);
	gateway_decide(&sim->gateway, DECISION_APPROVED, "");
	agent_expect(a, "CZ");
	agent_bye(a);
	EXPECT(sim, sim->gateway.holds == 2 && sim->gateway.gone == 1);
}

// Approved, but what is in force when it would run says no.
static void approved_and_denied(struct sim *sim)
{
	struct agent *a = hold_agent(sim);
	gateway_publish(&sim->gateway, &(struct policy_options){.digest = 7});
	sim_pass(sim, SECOND_US);
	EXPECT(sim, sim->gateway.n_held == 1);
	gateway_decide(&sim->gateway, DECISION_APPROVED, "");
	agent_expect(a, "EZ");
	EXPECT(sim, !hold_at_server(sim, HELD_TEXT));
	agent_bye(a);
}

static void misled(struct sim *sim)
{
	struct agent *a = hold_agent(sim), *b = agent_login(sim, PORT_PLAIN);
	struct gateway *g = &sim->gateway;
	agent_query(b, "DELETE FROM notes WHERE n = 42");
	agent_expect(b, "N");
	hold_expect(sim, 2);
	gateway_mislead(g, g->held[0].session, g->held[1].held->id);
	gateway_mislead(g, g->held[1].session, g->held[0].held->id);
	gateway_mislead(g, g->held[0].session, 0);
	gateway_mislead(g, g->held[0].session ^ 1U << 20, g->held[0].held->id);
	gateway_mislead(g, 0, g->held[0].held->id);
	sim_pass(sim, SECOND_US);
	EXPECT(sim, g->n_held == 2 && !hold_at_server(sim, "DELETE") && g->stats.held_live == 2);
	EXPECT(sim, buf_len(&a->peer.in) == 0 && buf_len(&b->peer.in) == 0);
	gateway_decide(g, DECISION_APPROVED, "");
	agent_expect(a, "CZ");
	gateway_decide(g, DECISION_REFUSED, "");
	agent_expect(b, "EZ");
	agent_bye(a);
	agent_bye(b);
	EXPECT(sim, g->stats.decisions_stale > 0);
}

// An error ahead of it: the server would skip it, and so nobody need decide.
static void skipped(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	sim->database.mode = SERVER_PUPPET;
	say(&a->peer.out, 'P', "ssh", "", "SELECT nonsense", 0);
	say(&a->peer.out, 'P', "ssh", "mine", "DELETE FROM notes WHERE n = $1", 0);
	hold_bind(a, "1");
	hold_execute(a);
	hold_expect_parked(a);
	struct buf *server = &database_session(&sim->database)->peer.out;
	say(server, 'E', "bsbsbsb", 'S', "ERROR", 'C', "42703", 'M', "no such column", 0);
	agent_expect(a, "E");
	hold_expect(sim, 0);
	EXPECT(sim, sim->gateway.gone == 1);
	say(server, 'Z', "b", 'I');
	agent_expect(a, "Z");
	agent_bye(a);
}

// ---- limits

static void too_many(struct sim *sim)
{
	struct agent *agents[5];
	for (unsigned i = 0; i < 5; i++) {
		agents[i] = agent_login(sim, PORT_PLAIN);
		agent_query(agents[i], HELD_TEXT);
		if (i < 4)
			agent_expect(agents[i], "N");
	}
	agent_expect(agents[4], "EZ");
	EXPECT(sim, agent_heard(agents[4], "too many") && agent_heard(agents[4], "42501"));
	hold_expect(sim, 4);
	gateway_decide(&sim->gateway, DECISION_APPROVED, "");
	agent_expect(agents[0], "CZ");
	agent_query(agents[4], HELD_TEXT);
	agent_expect(agents[4], "N");
	hold_expect(sim, 4);
	while (sim->gateway.n_held > 0)
		gateway_decide(&sim->gateway, DECISION_REFUSED, "");
	for (unsigned i = 1; i < 5; i++)
		agent_expect(agents[i], "EZ");
	for (unsigned i = 0; i < 5; i++)
		agent_bye(agents[i]);
	EXPECT(sim, sim->gateway.stats.hold_limits == 1 && sim->gateway.stats.held == 5);
}

static void events_full(struct sim *sim)
{
	uint8_t key[8];
	struct agent *a = agent_login_with_key(sim, PORT_PLAIN, key);
	sim_pass(sim, SECOND_US / 10);
	sim->gateway.events_full = true;
	agent_query(a, HELD_TEXT);
	agent_expect(a, "N");
	sim_pass(sim, SECOND_US);
	EXPECT(sim, sim->gateway.holds == 0 && sim->gateway.events_refused > 0);
	agent_cancel(sim, key); // before control has heard of it
	sim_pass(sim, SECOND_US);
	agent_expect(a, "EZ");
	agent_query(a, HELD_TEXT);
	agent_expect(a, "N");
	sim->gateway.events_full = false;
	hold_expect(sim, 1);
	sim->gateway.events_full = true;
	agent_cancel(sim, key); // and after
	agent_expect(a, "EZ");
	agent_query(a, HELD_TEXT);
	sim_pass(sim, SECOND_US);
	EXPECT(sim, sim->gateway.gone == 0 && sim->gateway.n_held == 1);
	sim->gateway.events_full = false;
	agent_expect(a, "N");
	sim_pass(sim, SECOND_US);
	hold_expect(sim, 1);
	EXPECT(sim, sim->gateway.gone == 1 && sim->gateway.holds == 2);
	sim->gateway.events_full = true;
	agent_vanish(a);
	sim_pass(sim, SECOND_US);
	EXPECT(sim, sim->gateway.gone == 1 && relay_sessions(sim->gateway.relay) == 1);
	sim->gateway.events_full = false;
	sim_until_empty(sim, 6 * SECOND_US);
	EXPECT(sim, sim->gateway.gone == 2);
}

static void hold_strictly(struct sim *sim)
{
	hold_writes(sim);
	sim->policy.record = RECORD_STRICT;
}

// On disk before anybody is asked, and again before it runs.
static void strictly(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	sim_pass(sim, SECOND_US / 10);
	sim->gateway.durable_max = 1;
	agent_query(a, HELD_TEXT);
	sim_pass(sim, SECOND_US);
	EXPECT(sim, sim->gateway.holds == 0 && buf_len(&a->peer.in) == 0);
	sim->gateway.durable_max = 0;
	hold_expect_parked(a);
	sim->gateway.durable_max = 1;
	gateway_decide(&sim->gateway, DECISION_APPROVED, "");
	sim_pass(sim, SECOND_US);
	EXPECT(sim, !hold_at_server(sim, HELD_TEXT));
	EXPECT(sim, gateway_recorded(&sim->gateway, "\"reason\":\"approved\""));
	sim->gateway.durable_max = 0;
	agent_expect(a, "CZ");
	agent_bye(a);
}

static void cancelled_before_it_runs(struct sim *sim)
{
	uint8_t key[8];
	struct agent *a = agent_login_with_key(sim, PORT_PLAIN, key);
	agent_query(a, HELD_TEXT);
	hold_expect_parked(a);
	sim->gateway.durable_max = 1;
	gateway_decide(&sim->gateway, DECISION_APPROVED, "");
	sim_pass(sim, SECOND_US);
	agent_cancel(sim, key);
	sim->gateway.durable_max = 0;
	agent_expect(a, "EZ");
	EXPECT(sim, agent_heard(a, "57014") && !hold_at_server(sim, HELD_TEXT));
	agent_bye(a);
	EXPECT(sim, sim->gateway.gone == 0);
}

static void others_do_not_notice(struct sim *sim)
{
	struct agent *a = hold_agent(sim), *b = agent_login(sim, PORT_PLAIN);
	uint64_t start = world_now_us(sim->world);
	for (unsigned i = 0; i < 20; i++) {
		agent_query(b, "SELECT email, ssn FROM customers");
		agent_expect(b, "TDDCZ");
	}
	if (sim->options.loss_ppm == 0 && sim->options.client.cut == CUT_NONE)
		EXPECT(sim, world_now_us(sim->world) - start < SECOND_US / 2);
	agent_bye(b);
	gateway_decide(&sim->gateway, DECISION_APPROVED, "");
	agent_expect(a, "CZ");
	agent_bye(a);
}

// What the client goes on to say waits with TCP, not with us.
static void talkative(struct sim *sim)
{
	struct agent *a = hold_agent(sim);
	a->peer.cutting.cut = CUT_NONE;
	for (unsigned i = 0; i < 20000; i++)
		agent_query(a, "SELECT 1 -- 0123456789012345678901234567890123456789");
	sim_pass(sim, 10 * SECOND_US);
	EXPECT(sim, blocks_stats(sim->gateway.blocks).used < 256 << 10);
	agent_vanish(a);
}

const struct scenario relay_hold_end_scenarios[] = {
	{"hold_cancelled", cancelled, .set_up = hold_writes, .every_cut = true},
	{"hold_cancelled_with_what_runs", cancelled_with_what_runs, .set_up = hold_writes},
	{"hold_client_leaves", client_leaves, .set_up = hold_writes},
	{"hold_client_vanishes", client_vanishes, .set_up = hold_writes},
	{"hold_server_leaves", server_leaves, .set_up = hold_writes},
	{"hold_killed", killed, .set_up = hold_writes},
	{"hold_token_expires", token_expires, .set_up = hold_writes},
	{"hold_policy_allows", policy_allows, .set_up = hold_writes},
	{"hold_policy_denies", policy_denies, .set_up = hold_writes},
	{"hold_policy_holds_too", policy_holds_too, .set_up = hold_writes},
	{"hold_approved_and_denied", approved_and_denied, .set_up = hold_fixed_digest},
	{"hold_misled", misled, .set_up = hold_writes},
	{"hold_skipped", skipped, .set_up = hold_writes},
	{"hold_too_many", too_many, .set_up = hold_writes},
	{"hold_events_full", events_full, .set_up = hold_writes},
	{"hold_strictly", strictly, .set_up = hold_strictly},
	{"hold_cancelled_before_it_runs", cancelled_before_it_runs, .set_up = hold_strictly},
	{"hold_others_do_not_notice", others_do_not_notice, .set_up = hold_writes},
	{"hold_talkative", talkative, .set_up = hold_writes, .bulk = true},
	{NULL},
};
