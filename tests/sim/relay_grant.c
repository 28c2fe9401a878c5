// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Scenarios of a resource that asks for a grant, and of one whose recordings cannot be written.

#include "tests/sim/relay_world.h"

static void needs_grant(struct sim *sim)
{
	sim->policy.needs_grant = true;
}

static uint64_t now_s(const struct sim *sim)
{
	return gateway_wall_ns(world_now_us(sim->world)) / 1000000000;
}

static struct agent *knock(struct sim *sim)
{
	struct agent *a = agent_new(sim, PORT_ORDERS);
	agent_secure(a);
	agent_start(a);
	agent_expect(a, "R");
	agent_token(a, TOKEN_GOOD);
	return a;
}

static void none(struct sim *sim)
{
	struct agent *a = knock(sim);
	agent_expect(a, "E");
	EXPECT(sim, agent_heard(a, "FATAL") && agent_heard(a, "42501"));
	EXPECT(sim, agent_heard(a, "access is asked for (reference 7)"));
	agent_expect_end(a);
	EXPECT(sim, sim->database.n_accepted == 0);
}

static void granted(struct sim *sim)
{
	sim->gateway.grant_expires = now_s(sim) + 15;
	struct agent *a = agent_login(sim, PORT_ORDERS);
	for (unsigned i = 0; i < 5; i++) {
		agent_query(a, "SELECT 1");
		agent_expect(a, "CZ");
		sim_pass(sim, SECOND_US);
	}
	agent_expect_fatal(a, "28000");
	EXPECT(sim, now_s(sim) >= sim->gateway.grant_expires);
	EXPECT(sim, sim->gateway.stats.ended[END_EXPIRED] == 1);
}

static void grant_outlives_the_token(struct sim *sim)
{
	sim->gateway.grant_expires = now_s(sim) + 3600;
	sim->gateway.subject.expires = now_s(sim) + 15;
	struct agent *a = agent_login(sim, PORT_ORDERS);
	agent_expect_fatal(a, "28000");
	EXPECT(sim, now_s(sim) < sim->gateway.grant_expires);
}

// Control is asked again while its ring is full, and nobody is let in before it has answered.
static void slow_control(struct sim *sim)
{
	sim->gateway.grant_expires = now_s(sim) + 3600;
	sim->gateway.control_mute = true;
	struct agent *a = knock(sim);
	sim_pass(sim, SECOND_US / 2);
	sim->gateway.events_full = true;
	sim->gateway.control_mute = false;
	sim_pass(sim, SECOND_US);
	EXPECT(sim, sim->gateway.events_refused > 0 && sim->gateway.n_access == 0);
	sim->gateway.control_mute = true;
	sim->gateway.events_full = false;
	sim_pass(sim, SECOND_US / 2);
	EXPECT(sim, sim->gateway.n_access == 1 && sim->database.n_accepted == 0);
	sim->gateway.control_mute = false;
	agent_expect(a, "RSSSKZ");
	agent_bye(a);
}

static void ends_while_asking(struct sim *sim, bool killed)
{
	sim->gateway.control_mute = true;
	struct agent *a = knock(sim);
	sim_pass(sim, SECOND_US / 4);
	sim->gateway.control_mute = false;
	sim_pass(sim, 1);
	sim->gateway.control_mute = true;
	sim_pass(sim, SECOND_US);
	EXPECT(sim, sim->gateway.n_access == 1);
	if (killed) {
		gateway_kill(&sim->gateway, 0);
		agent_expect_fatal(a, "57P01");
	} else {
		agent_expect_fatal(a, "57P05");
	}
	sim_until_empty(sim, 10 * SECOND_US);
	sim->gateway.control_mute = false; // its answer comes too late
	sim_pass(sim, SECOND_US);
	EXPECT(sim, sim->database.n_accepted == 0);
}

static void killed(struct sim *sim)
{
	ends_while_asking(sim, true);
}

static void timed_out(struct sim *sim)
{
	ends_while_asking(sim, false);
}

static void policy_asks_for_one(struct sim *sim)
{
	struct policy_options asks = {.needs_grant = true};
	struct agent *a = agent_login(sim, PORT_ORDERS);
	gateway_publish(&sim->gateway, &asks);
	agent_query(a, "SELECT 1");
	agent_expect_fatal(a, "57P01");
	sim->gateway.grant_expires = now_s(sim) + 3600;
	a = agent_login(sim, PORT_ORDERS);
	gateway_publish(&sim->gateway, &(struct policy_options){0});
	agent_query(a, "SELECT 1");
	agent_expect(a, "CZ");
	gateway_publish(&sim->gateway, &asks); // it still has its grant
	agent_query(a, "SELECT 1");
	agent_expect(a, "CZ");
	agent_bye(a);
}

static void strict(struct sim *sim)
{
	sim->policy.record = RECORD_STRICT;
}

static void disk_full(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_ORDERS);
	sim->gateway.records.failing = true;
	struct agent *b = knock(sim);
	agent_expect_fatal(b, "53100");
	EXPECT(sim, sim->gateway.stats.strict_refused == 1 && sim->database.n_accepted == 1);
	agent_query(a, "SELECT 1"); // one that is open goes on as long as it can
	agent_expect(a, "CZ");
	sim->gateway.records.failing = false;
	agent_bye(agent_login(sim, PORT_ORDERS));
	agent_bye(a);
}

static void disk_full_and_not_strict(struct sim *sim)
{
	sim->gateway.records.failing = true;
	agent_bye(agent_login(sim, PORT_ORDERS));
}

const struct scenario relay_grant_scenarios[] = {
	{"grant_none", none, .set_up = needs_grant, .every_cut = true},
	{"grant_granted", granted, .set_up = needs_grant},
	{"grant_outlives_the_token", grant_outlives_the_token, .set_up = needs_grant},
	{"grant_slow_control", slow_control, .set_up = needs_grant},
	{"grant_killed", killed, .set_up = needs_grant},
	{"grant_timed_out", timed_out, .set_up = needs_grant},
	{"grant_policy_asks_for_one", policy_asks_for_one},
	{"disk_full", disk_full, .set_up = strict},
	{"disk_full_and_not_strict", disk_full_and_not_strict},
	{NULL},
};
