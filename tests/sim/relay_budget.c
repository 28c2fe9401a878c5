// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Scenarios of budgets: spent before a command, in the middle of an answer, and over again in the
// next window; and of rights that end with the time of day.

#include "tests/sim/relay_world.h"

enum { HOUR_S = 3600, SHORT_S = 10 }; // the clock begins with a window of SHORT_S

#define SPEND(sim, ...)                                                         \
	do {                                                                    \
		static const struct rule_budget budgets[] = {__VA_ARGS__};      \
		(sim)->policy.budgets = budgets;                                \
		(sim)->policy.n_budgets = sizeof(budgets) / sizeof(budgets[0]); \
		(sim)->policy.allow = EFFECT_READ | EFFECT_WRITE;               \
	} while (0)

static bool at_server(const struct sim *sim, const char *text)
{
	return span_holds(buf_span(&sim->database.log), text);
}

static void works(struct agent *a)
{
	agent_query(a, "SELECT 1");
	agent_expect(a, "CZ");
}

static void spent(struct agent *a, const char *text)
{
	agent_forget(a);
	agent_query(a, text);
	agent_expect(a, "EZ");
	EXPECT(a->sim, agent_heard(a, "53400") && agent_heard(a, "agents read"));
	EXPECT(a->sim, agent_heard(a, "agent one") && !agent_heard(a, "FATAL"));
}

// ---- commands

static void two_commands(struct sim *sim)
{
	SPEND(sim, {BUDGET_COMMANDS, BUDGET_PER_SUBTREE, HOUR_S, 2, false});
}

static void commands(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	agent_query(a, "BEGIN");
	agent_expect(a, "CZ");
	works(a);
	works(a);
	spent(a, "SELECT 3 AS third");
	EXPECT(sim, agent_heard(a, "2 commands in 3600 s"));
	EXPECT(sim, !at_server(sim, "third"));
	agent_query(a, "COMMIT"); // needs no right
	agent_expect(a, "CZ");
	struct agent *b = agent_login(sim, PORT_PLAIN); // it is the subject's, not the session's
	spent(b, "SELECT 1");
	EXPECT(sim, sim->gateway.stats.budget_spent == 2);
	EXPECT(sim, gateway_recorded(&sim->gateway, "\"action\":\"deny\",\"reason\":\"budget\""));
	agent_bye(a);
	agent_bye(b);
}

static void strict_commands(struct sim *sim)
{
	two_commands(sim);
	sim->policy.record = RECORD_STRICT;
}

static void short_window(struct sim *sim)
{
	SPEND(sim, {BUDGET_COMMANDS, BUDGET_PER_NODE, SHORT_S, 1, false});
}

static void window(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	works(a);
	spent(a, "SELECT 1");
	sim_pass(sim, SHORT_S * SECOND_US);
	works(a);
	spent(a, "SELECT 1");
	agent_bye(a);
}

static void one_write(struct sim *sim)
{
	SPEND(sim, {BUDGET_WRITES, BUDGET_PER_ROOT, HOUR_S, 1, false});
}

static void writes(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	spent(a, "DELETE FROM notes WHERE n = 1; DELETE FROM notes WHERE n = 2");
	agent_query(a, "DELETE FROM notes WHERE n = 3");
	agent_expect(a, "CZ");
	spent(a, "DELETE FROM notes WHERE n = 4");
	works(a);
	EXPECT(sim, at_server(sim, "n = 3"));
	EXPECT(sim, !at_server(sim, "n = 1") && !at_server(sim, "n = 4"));
	agent_bye(a);
}

static void one_strict_write(struct sim *sim)
{
	one_write(sim);
	sim->policy.record = RECORD_STRICT;
}

// One that was charged, and that the server skips, does not pay for the next.
static void skipped(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	sim->database.mode = SERVER_PUPPET;
	say(&a->peer.out, 'P', "ssh", "", "SELECT nonsense", 0);
	sim_pass(sim, SECOND_US);
	sim->gateway.durable_max = sim->gateway.records.durable;
	agent_query(a, "SELECT 1");
	sim_pass(sim, SECOND_US);
	struct buf *server = &database_session(&sim->database)->peer.out;
	say(server, 'E', "bsbsbsb", 'S', "ERROR", 'C', "42703", 'M', "no such column", 0);
	agent_expect(a, "E");
	sim->gateway.durable_max = 0;
	say(&a->peer.out, 'S', "");
	sim_pass(sim, SECOND_US);
	say(server, 'Z', "b", 'I');
	agent_expect(a, "Z");
	agent_query(a, "DELETE FROM notes WHERE n = 1");
	sim_pass(sim, SECOND_US);
	say(server, 'C', "s", "DELETE 1");
	say(server, 'Z', "b", 'I');
	agent_expect(a, "CZ");
	agent_query(a, "DELETE FROM notes WHERE n = 2");
	sim_pass(sim, SECOND_US);
	EXPECT(sim, sim->gateway.stats.budget_spent == 1);
	agent_vanish(a);
}

// A command that is charged by one budget and refused by the next has used nothing of the first.
static void two_budgets(struct sim *sim)
{
	SPEND(sim, {BUDGET_COMMANDS, BUDGET_PER_NODE, HOUR_S, 2, false},
	      {BUDGET_WRITES, BUDGET_PER_NODE, HOUR_S, 1, false});
}

static void all_or_none(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	agent_query(a, "DELETE FROM notes WHERE n = 1");
	agent_expect(a, "CZ");
	spent(a, "DELETE FROM notes WHERE n = 1");
	works(a);
	spent(a, "SELECT 1");
	agent_bye(a);
}

static void portal(struct agent *a, unsigned executes)
{
	say(&a->peer.out, 'P', "ssh", "", "SELECT 1", 0);
	say(&a->peer.out, 'B', "sshhh", "", "", 0, 0, 0);
	for (unsigned i = 0; i < executes; i++)
		say(&a->peer.out, 'E', "si", "", 0);
	say(&a->peer.out, 'S', "");
}

static void executes(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	portal(a, 3); // prepared and bound is not run
	agent_expect(a, "12CCEZ");
	EXPECT(sim, agent_heard(a, "53400"));
	portal(a, 1);
	agent_expect(a, "1EZ");
	EXPECT(sim, sim->database.queries == 2);
	agent_bye(a);
}

static void one_token_command(struct sim *sim)
{
	sim->policy.allow = EFFECT_READ;
}

// What a token may use counts for whoever acts by it.
static void of_a_token(struct sim *sim)
{
	struct token_scope *scope = &sim->gateway.subject.scope;
	scope->n_budgets = 1;
	scope->budgets[0] = (struct budget_limit){{{5, 5}}, BUDGET_COMMANDS, HOUR_S, 1};
	struct agent *a = agent_login(sim, PORT_PLAIN);
	works(a);
	agent_query(a, "SELECT 1");
	agent_expect(a, "EZ");
	EXPECT(sim, agent_heard(a, "53400") && agent_heard(a, "by its token"));
	agent_bye(a);
}

// ---- chains

#define TOKEN_CHILD "eyJhbGciOi.a-child-of-the-agent.c2ln"

static void add_child(struct sim *sim)
{
	struct gateway_identity *child = &sim->gateway.others[sim->gateway.n_others++];
	struct chain_link *link = &child->subject.links[1];
	child->token = TOKEN_CHILD;
	child->subject = sim->gateway.subject;
	child->subject.n_links = 2;
	child->subject.depth = 1;
	*link = child->subject.links[0];
	link->node = (struct node_id){{2, 2}};
	link->name = "its child";
}

// What a child uses, its parent has used too; what its parent uses is not the child's.
static void a_child(struct sim *sim)
{
	add_child(sim);
	struct agent *root = agent_login(sim, PORT_PLAIN);
	struct agent *child = agent_login_with(sim, PORT_PLAIN, TOKEN_CHILD);
	works(root);
	works(child);
	spent(child, "SELECT 1"); // the root's two
	spent(root, "SELECT 1");
	agent_forget(child);
	agent_query(child, "CREATE TABLE t (a int)");
	agent_expect(child, "EZ");
	EXPECT(sim, agent_heard(child, "whoever acts for \"agent one\""));
	agent_bye(child);
	agent_bye(root);
}

// ---- sessions

static void one_session(struct sim *sim)
{
	SPEND(sim, {BUDGET_SESSIONS, BUDGET_PER_SUBTREE, HOUR_S, 1, false});
}

static void sessions(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	struct agent *b = agent_knock(sim, PORT_PLAIN, TOKEN_GOOD);
	agent_expect_fatal(b, "53400");
	EXPECT(sim, sim->database.n_accepted == 1); // the server never heard of it
	EXPECT(sim, sim->gateway.stats.ended[END_BUDGET] == 1);
	works(a);
	agent_bye(a);
}

// ---- answers

static void three_rows(struct sim *sim)
{
	SPEND(sim, {BUDGET_ROWS, BUDGET_PER_SUBTREE, HOUR_S, 3, false});
}

static void rows(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	agent_query(a, "SELECT 10 AS rows, 10 AS size");
	agent_expect(a, "TDDD");
	agent_expect_fatal(a, "53400");
	struct agent *b = agent_login(sim, PORT_PLAIN);
	spent(b, "SELECT 1");
	agent_bye(b);
	EXPECT(sim, sim->gateway.stats.rows == 3);
}

static void exact_rows(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	agent_query(a, "SELECT 3 AS rows, 10 AS size");
	agent_expect(a, "TDDDCZ");
	spent(a, "SELECT 1");
	agent_bye(a);
}

static void some_bytes(struct sim *sim)
{
	SPEND(sim, {BUDGET_BYTES, BUDGET_PER_NODE, HOUR_S, 25, false});
}

static void bytes(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	agent_query(a, "SELECT 10 AS rows, 10 AS size");
	agent_expect(a, "TDD");
	agent_expect_fatal(a, "53400");
}

static void two_masked(struct sim *sim)
{
	SPEND(sim, {BUDGET_MASKED, BUDGET_PER_NODE, HOUR_S, 2, false});
}

static void masked(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	agent_query(a, "SELECT email, ssn FROM customers");
	agent_expect(a, "TD");
	agent_expect_fatal(a, "53400");
}

// ---- held

static void held_commands(struct sim *sim)
{
	SPEND(sim, {BUDGET_COMMANDS, BUDGET_PER_SUBTREE, HOUR_S, 1, true});
}

static bool is_held(void *ctx)
{
	return ((struct sim *)ctx)->gateway.n_held == 1;
}

static void park(struct agent *a, const char *text)
{
	agent_forget(a);
	agent_query(a, text);
	agent_expect(a, "N");
	EXPECT(a->sim, sim_until(a->sim, is_held, a->sim, 30 * SECOND_US));
	EXPECT(a->sim, a->sim->gateway.held[0].held->effects == 0);
	EXPECT(a->sim, a->sim->gateway.held[0].held->rule == 0);
	agent_forget(a);
}

static void held_and_denied(struct sim *sim)
{
	SPEND(sim, {BUDGET_COMMANDS, BUDGET_PER_SUBTREE, HOUR_S, 1, true},
	      {BUDGET_WRITES, BUDGET_PER_SUBTREE, HOUR_S, 2, false});
}

// Whoever lets it pass the one budget has not been asked about the other.
static void approved_and_denied(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	agent_query(a, "DELETE FROM notes WHERE n = 1");
	agent_expect(a, "CZ");
	agent_query(a, "DELETE FROM notes WHERE n = 2; DELETE FROM notes WHERE n = 3");
	agent_expect(a, "N");
	sim_pass(sim, SECOND_US);
	EXPECT(sim, sim->gateway.n_held == 1);
	gateway_decide(&sim->gateway, DECISION_APPROVED, "");
	agent_expect(a, "EZ");
	EXPECT(sim,
	       agent_heard(a, "53400") && agent_heard(a, "2 writes") && !at_server(sim, "n = 2"));
	agent_query(a, "DELETE FROM notes WHERE n = 4");
	agent_expect(a, "N");
	sim_pass(sim, SECOND_US);
	gateway_decide(&sim->gateway, DECISION_APPROVED, "");
	agent_expect(a, "CZ");
	spent(a, "DELETE FROM notes WHERE n = 5"); // nobody is asked in vain
	EXPECT(sim, sim->gateway.holds == 2 && !at_server(sim, "n = 5"));
	agent_bye(a);
}

static void approved(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	works(a);
	park(a, "SELECT 1 AS one");
	gateway_decide(&sim->gateway, DECISION_APPROVED, "");
	agent_expect(a, "CZ");
	park(a, "SELECT 1 AS one"); // once
	gateway_decide(&sim->gateway, DECISION_REFUSED, "");
	agent_expect(a, "EZ");
	EXPECT(sim, sim->database.queries == 3); // and our text in place of the other
	agent_bye(a);
	struct budget_use use;
	uint64_t now_s = gateway_wall_ns(0) / 1000000000;
	EXPECT(sim, budget_next(sim->gateway.budgets, 0, now_s, &use) != 0 && use.used == 2);
}

static void held_rows(struct sim *sim)
{
	SPEND(sim, {BUDGET_ROWS, BUDGET_PER_SUBTREE, HOUR_S, 2, true});
}

// Approved is the command with its whole answer.
static void approved_rows(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	agent_query(a, "SELECT 2 AS rows, 10 AS size");
	agent_expect(a, "TDDCZ");
	park(a, "SELECT 5 AS rows, 10 AS size");
	gateway_decide(&sim->gateway, DECISION_APPROVED, "");
	agent_expect(a, "TDDDDDCZ");
	park(a, "SELECT 1 AS rows, 10 AS size");
	gateway_decide(&sim->gateway, DECISION_REFUSED, "");
	agent_expect(a, "EZ");
	agent_bye(a);
}

// ---- the time of day

// The clock stands at 14:13:20 UTC.
static void until_a_quarter_past_two(struct sim *sim)
{
	sim->config.relay.idle_timeout_ms = 0;
	sim->policy.when = (struct rule_when){.days = 127, .to = 14 * 60 + 15};
}

static void rights_end(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	works(a);
	sim_pass(sim, 95 * SECOND_US);
	works(a);
	agent_expect_fatal(a, "57P01");
	struct agent *b = agent_knock(sim, PORT_PLAIN, TOKEN_GOOD);
	agent_expect_fatal(b, "42501");
}

const struct scenario relay_budget_scenarios[] = {
	{"budget commands", commands, two_commands},
	{"budget skipped", skipped, one_strict_write},
	{"budget strict commands", commands, strict_commands},
	{"budget window", window, short_window},
	{"budget writes", writes, one_write},
	{"budget all or none", all_or_none, two_budgets},
	{"budget executes", executes, two_commands, .every_cut = true},
	{"budget of a chain", a_child, two_commands},
	{"budget of a token", of_a_token, one_token_command},
	{"budget sessions", sessions, one_session},
	{"budget rows", rows, three_rows},
	{"budget exact rows", exact_rows, three_rows},
	{"budget bytes", bytes, some_bytes},
	{"budget masked", masked, two_masked},
	{"budget approved", approved, held_commands, .every_cut = true},
	{"budget approved and denied", approved_and_denied, held_and_denied},
	{"budget approved rows", approved_rows, held_rows},
	{"rights end", rights_end, until_a_quarter_past_two},
	{NULL},
};
