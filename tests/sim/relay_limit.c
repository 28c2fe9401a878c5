// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Scenarios at the limits: slow readers, a recorder that stalls, pools that run dry.

#include "tests/sim/relay_world.h"

static void recorder_stalls(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	sim->gateway.recorder_stalled = true;
	agent_query(a, "SELECT 8000 AS rows, 1000 AS size"); // eight times as much as all blocks
	sim_pass(sim, 3 * SECOND_US);
	EXPECT(sim, relay_sessions(sim->gateway.relay) == 1);
	EXPECT(sim, sim->gateway.records.waits > 0);
	EXPECT(sim, buf_len(&a->peer.in) < 8000000);
	sim->gateway.recorder_stalled = false;
	agent_expect(a, "T");
	for (unsigned i = 0; i < 8000; i++)
		agent_expect(a, "D");
	agent_expect(a, "CZ");
	agent_bye(a);
	sim_until_empty(sim, 6 * SECOND_US);
	EXPECT(sim, sim->gateway.last_closed.rows == 8000);
}

// A command must be on record before it leaves.
static void recorder_stalls_at_a_command(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	sim->gateway.recorder_stalled = true;
	for (unsigned i = 0; i < 400; i++)
		agent_query(a, "SELECT 1 -- 0123456789012345678901234567890123456789");
	sim_pass(sim, 2 * SECOND_US);
	uint64_t before = sim->database.queries;
	EXPECT(sim, before < 400);
	sim->gateway.recorder_stalled = false;
	for (unsigned i = 0; i < 400; i++)
		agent_expect(a, "CZ");
	agent_bye(a);
	EXPECT(sim, sim->database.queries == 400);
}

static void few_blocks(struct sim *sim)
{
	sim->config.record_blocks = 4;
}

// 240 KB of record at most: a row of 150 KB fits, alone; one of 400 KB never does.
static void row_near_the_record_limit(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	agent_query(a, "SELECT 5 AS rows, 150000 AS size");
	agent_expect(a, "TDDDDDCZ");
	agent_query(a, "SELECT 1 AS rows, 400000 AS size");
	agent_expect(a, "T");
	agent_expect_fatal(a, "54000");
	EXPECT(sim, sim->gateway.stats.ended[END_LIMIT] == 1);
}

static void command_beyond_the_record_limit(struct sim *sim)
{
	static char text[400001] = "SELECT '";
	struct agent *a = agent_login(sim, PORT_PLAIN);
	memset(text + 8, 'x', sizeof(text) - 10);
	text[sizeof(text) - 2] = '\'';
	agent_query(a, text);
	agent_expect_fatal(a, "54000");
	EXPECT(sim, sim->gateway.stats.ended[END_LIMIT] == 1);
	EXPECT(sim, sim->database.queries == 0);
}

static void strict(struct sim *sim)
{
	sim->policy.record = RECORD_STRICT;
}

static void strict_waits(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	sim_pass(sim, SECOND_US / 10);
	sim->gateway.durable_max = 1; // nothing more reaches the disk
	agent_query(a, "SELECT 1");
	sim_pass(sim, 2 * SECOND_US);
	EXPECT(sim, sim->database.queries == 0);
	EXPECT(sim, sim->gateway.stats.strict_waits > 0);
	sim->gateway.durable_max = 0;
	agent_expect(a, "CZ");
	EXPECT(sim, sim->database.queries == 1);
	agent_bye(a);
}

// What was recorded as allowed is judged anew when it leaves.
static void strict_policy_changes(struct sim *sim)
{
	struct policy_options stricter = {.allow = EFFECT_WRITE, .record = RECORD_STRICT};
	struct agent *a = agent_login(sim, PORT_PLAIN);
	sim_pass(sim, SECOND_US / 10);
	sim->gateway.durable_max = 1;
	agent_query(a, "SELECT 1");
	sim_pass(sim, SECOND_US);
	gateway_publish(&sim->gateway, &stricter);
	sim_pass(sim, SECOND_US);
	sim->gateway.durable_max = 0;
	agent_expect(a, "EZ");
	agent_bye(a);
	EXPECT(sim, !span_holds(buf_span(&sim->database.log), "SELECT 1"));
	EXPECT(sim, gateway_recorded(&sim->gateway, "\"action\":\"deny\""));
}

// What waits for its record and is skipped by the server takes its leave with it: the next command
// is not taken for one that is on record.
static void strict_skipped(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	sim->database.mode = SERVER_PUPPET;
	say(&a->peer.out, 'P', "ssh", "", "SELECT nonsense", 0);
	sim_pass(sim, SECOND_US);
	sim->gateway.durable_max = sim->gateway.records.durable;
	agent_query(a, "SELECT 'skipped'");
	sim_pass(sim, SECOND_US);
	struct buf *server = &database_session(&sim->database)->peer.out;
	say(server, 'E', "bsbsbsb", 'S', "ERROR", 'C', "42703", 'M', "no such column", 0);
	agent_expect(a, "E");
	say(&a->peer.out, 'S', "");
	sim->gateway.durable_max = 0;
	sim_pass(sim, SECOND_US);
	say(server, 'Z', "b", 'I');
	agent_expect(a, "Z");
	agent_query(a, "SELECT 'unseen'");
	sim_pass(sim, SECOND_US);
	EXPECT(sim, sim->gateway.stats.commands == 2);
	EXPECT(sim, gateway_recorded(&sim->gateway, "SELECT 'unseen'"));
	agent_bye(a);
}

struct watch {
	struct sim *sim;
	size_t most;
};

static bool watch_blocks(void *ctx)
{
	struct watch *w = ctx;
	size_t used = blocks_stats(w->sim->gateway.blocks).used;
	w->most = used > w->most ? used : w->most;
	return false;
}

// One reader stands still in the midst of 8 MB; another session runs at full pace beside it.
static void slow_reader(struct sim *sim)
{
	struct agent *slow = agent_login(sim, PORT_PLAIN);
	slow->peer.in_max = 4000;
	agent_query(slow, "SELECT 8192 AS rows, 1024 AS size");
	struct watch watch = {.sim = sim};
	(void)sim_until(sim, watch_blocks, &watch, 3 * SECOND_US);
	struct agent *fast = agent_login(sim, PORT_PLAIN);
	uint64_t start = world_now_us(sim->world);
	for (unsigned i = 0; i < 20; i++) {
		agent_query(fast, "SELECT email, ssn FROM customers");
		agent_expect(fast, "TDDCZ");
	}
	if (sim->options.loss_ppm == 0 && sim->options.client.cut == CUT_NONE)
		EXPECT(sim, world_now_us(sim->world) - start < SECOND_US / 2);
	(void)sim_until(sim, watch_blocks, &watch, 2 * SECOND_US);
	EXPECT(sim, watch.most < 1 << 20);
	agent_bye(fast);
	slow->peer.in_max = 64 << 20;
	start = world_now_us(sim->world);
	if (sim->options.server.cut == CUT_RANDOM) // 8 MB by the byte take too long
		sim->database.sessions[0].peer.cutting.cut = CUT_NONE;
	agent_expect(slow, "T");
	for (unsigned i = 0; i < 8192; i++) {
		agent_expect(slow, "D");
		agent_forget(slow);
	}
	agent_expect(slow, "CZ");
	if (sim->options.loss_ppm == 0 && sim->options.client.cut == CUT_NONE)
		EXPECT(sim, world_now_us(sim->world) - start < 2 * SECOND_US);
	agent_bye(slow);
	EXPECT(sim, sim->gateway.records.waits == 0);
}

// Nobody reads, everybody talks: memory stays bounded, and idleness ends it.
static void both_above_water(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	a->peer.in_max = 1000;
	a->peer.cutting.cut = CUT_NONE;
	for (unsigned i = 0; i < 30000; i++)
		agent_query(a, "SELECT email, ssn FROM customers -- 0123456789012345678901234567");
	sim->database.sessions[0].peer.cutting.cut = CUT_NONE;
	struct watch watch = {.sim = sim};
	(void)sim_until(sim, watch_blocks, &watch, 15 * SECOND_US);
	EXPECT(sim, relay_sessions(sim->gateway.relay) == 1);
	EXPECT(sim, watch.most < 2 << 20);
	sim_until_empty(sim, 40 * SECOND_US);
	EXPECT(sim, sim->gateway.stats.ended[END_TIMEOUT_IDLE] == 1);
}

static void two_sessions(struct sim *sim)
{
	sim->config.relay.sessions_max = 2;
}

static void sessions_full(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN), *b = agent_login(sim, PORT_PLAIN);
	agent_expect_end(agent_new(sim, PORT_PLAIN));
	EXPECT(sim, sim->gateway.stats.sessions_full == 1);
	agent_bye(a);
	sim_pass(sim, SECOND_US);
	struct agent *c = agent_login(sim, PORT_PLAIN);
	agent_bye(b);
	agent_bye(c);
}

static void little_memory(struct sim *sim)
{
	sim->config.memory = 256 << 10;
}

// Some sessions fail, natively or not; those that are left work on, and the rest comes back.
static void blocks_exhausted(struct sim *sim)
{
	struct agent *agents[6];
	for (unsigned i = 0; i < 6; i++)
		agents[i] = agent_login(sim, PORT_PLAIN);
	for (unsigned i = 0; i < 6; i++) {
		agents[i]->peer.in_max = 2000;
		agents[i]->peer.cutting.cut = CUT_NONE;
		agent_query(agents[i], "SELECT 500 AS rows, 2000 AS size");
	}
	sim_pass(sim, 5 * SECOND_US);
	EXPECT(sim, blocks_stats(sim->gateway.blocks).empty > 0);
	for (unsigned i = 0; i < 6; i++)
		agent_vanish(agents[i]);
	sim_until_empty(sim, 10 * SECOND_US);
	struct agent *a = agent_login(sim, PORT_PLAIN);
	agent_query(a, "SELECT email, ssn FROM customers");
	agent_expect(a, "TDDCZ");
	agent_bye(a);
}

static void few_packets(struct sim *sim)
{
	sim->config.packets = 160;
}

// Three results at once through a pool that holds none of them.
static void packets_short(struct sim *sim)
{
	struct agent *agents[3];
	for (unsigned i = 0; i < 3; i++)
		agents[i] = agent_login(sim, i == 0 ? PORT_ORDERS : PORT_PLAIN);
	for (unsigned i = 0; i < 3; i++)
		agent_query(agents[i], "SELECT 300 AS rows, 1000 AS size");
	for (unsigned i = 0; i < 3; i++) {
		agent_expect(agents[i], "T");
		for (unsigned k = 0; k < 300; k++)
			agent_expect(agents[i], "D");
		agent_expect(agents[i], "CZ");
		agent_bye(agents[i]);
	}
}

static void events_full_at_opening(struct sim *sim)
{
	struct agent *a = agent_new(sim, PORT_PLAIN);
	agent_secure(a);
	agent_start(a);
	agent_expect(a, "R");
	sim->gateway.control_mute = true;
	agent_token(a, TOKEN_GOOD);
	sim_pass(sim, SECOND_US / 2);
	sim->gateway.events_full = true;
	sim->gateway.control_mute = false;
	sim_pass(sim, SECOND_US);
	EXPECT(sim, sim->gateway.events_refused > 0 && sim->gateway.opened == 0);
	sim->gateway.events_full = false;
	agent_expect(a, "RSSSKZ");
	agent_bye(a);
	EXPECT(sim, sim->gateway.opened == 1);
}

// As if each step took longer than all of them may: one a pass, and everyone has a turn.
static void handshakes_take_turns(struct sim *sim)
{
	struct agent *agents[8];
	sim->gateway.slowness_us = SECOND_US / 1000;
	for (unsigned i = 0; i < 8; i++) {
		agents[i] = agent_new(sim, PORT_ORDERS);
		agent_greet(agents[i], "postgresql");
	}
	for (unsigned i = 0; i < 8; i++) {
		agent_secured(agents[i]);
		agent_start(agents[i]);
		agent_token(agents[i], TOKEN_GOOD);
	}
	for (unsigned i = 0; i < 8; i++) {
		agent_expect(agents[i], "RRSSSKZ");
		agent_query(agents[i], "SELECT 1");
		agent_expect(agents[i], "CZ");
		agent_bye(agents[i]);
	}
	EXPECT(sim, sim->gateway.most_secured == 1);
	EXPECT(sim, sim->gateway.stats.handshakes_put_off > 0);
}

// One that has gone while its handshake waited.
static void handshakes_of_who_has_left(struct sim *sim)
{
	sim->gateway.slowness_us = SECOND_US / 1000;
	for (unsigned i = 0; i < 8; i++) {
		struct agent *a = agent_new(sim, PORT_PLAIN);
		agent_greet(a, "postgresql");
		sim_pass(sim, 1000);
		if (i % 2 == 0)
			agent_vanish(a);
		else
			agent_leave(a);
	}
	sim_until_empty(sim, 9 * SECOND_US);
}

const struct scenario relay_limit_scenarios[] = {
	{"recorder_stalls", recorder_stalls, .bulk = true},
	{"recorder_stalls_at_a_command", recorder_stalls_at_a_command, .bulk = true,
	 .set_up = few_blocks},
	{"row_near_the_record_limit", row_near_the_record_limit, .bulk = true,
	 .set_up = few_blocks},
	{"command_beyond_the_record_limit", command_beyond_the_record_limit, .bulk = true,
	 .set_up = few_blocks},
	{"strict_waits", strict_waits, .set_up = strict},
	{"strict_skipped", strict_skipped, .set_up = strict},
	{"strict_policy_changes", strict_policy_changes, .set_up = strict},
	{"slow_reader", slow_reader, .bulk = true},
	{"both_above_water", both_above_water, .bulk = true},
	{"sessions_full", sessions_full, .set_up = two_sessions},
	{"blocks_exhausted", blocks_exhausted, .bulk = true, .set_up = little_memory},
	{"packets_short", packets_short, .bulk = true, .set_up = few_packets},
	{"events_full_at_opening", events_full_at_opening},
	{"handshakes_take_turns", handshakes_take_turns},
	{"handshakes_of_who_has_left", handshakes_of_who_has_left},
	{NULL},
};
