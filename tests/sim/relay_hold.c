// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Scenarios of a command that waits for a human: what is asked, and how it is decided.

#include "tests/sim/relay_hold.h"

#include <stdio.h>

void hold_writes(struct sim *sim)
{
	sim->policy.hold = EFFECT_WRITE;
}

bool hold_at_server(const struct sim *sim, const char *text)
{
	return span_holds(buf_span(&sim->database.log), text);
}

static bool is_shown(const struct held *held, const char *text)
{
	return memmem(held->text, held->text_len, text, strlen(text)) != NULL;
}

struct count {
	struct gateway *gateway;
	uint32_t n;
};

static bool has_held(void *ctx)
{
	const struct count *count = ctx;
	return count->gateway->n_held == count->n;
}

void hold_expect(struct sim *sim, uint32_t n)
{
	struct count count = {&sim->gateway, n};
	if (!sim_until(sim, has_held, &count, 30 * SECOND_US))
		sim_fail(sim, "%u held and not %u", sim->gateway.n_held, n);
}

// Told at once, asked for, and not at the server.
void hold_expect_parked(struct agent *a)
{
	struct gateway *g = &a->sim->gateway;
	char reference[17];
	agent_forget(a);
	agent_expect(a, "N");
	hold_expect(a->sim, 1);
	snprintf(reference, sizeof(reference), "%016llx", (unsigned long long)g->held[0].held->id);
	EXPECT(a->sim, agent_heard(a, reference));
	EXPECT(a->sim, agent_heard(a, "agents read") && agent_heard(a, "write"));
	agent_forget(a);
}

struct agent *hold_agent(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	agent_query(a, HELD_TEXT);
	hold_expect_parked(a);
	return a;
}

void hold_still_works(struct agent *a)
{
	agent_forget(a);
	agent_query(a, "SELECT 1");
	agent_expect(a, "CZ");
}

static void approved(struct sim *sim)
{
	struct agent *a = hold_agent(sim);
	const struct held *held = sim->gateway.held[0].held;
	char approval[64];
	snprintf(
		approval, sizeof(approval), "\"approval\":\"%016llx\"", (unsigned long long)held->id
	);
	EXPECT(sim, held->text_len == strlen(HELD_TEXT) && !held->cut);
	EXPECT(sim, memcmp(held->text, HELD_TEXT, strlen(HELD_TEXT)) == 0);
	EXPECT(sim, memcmp(held->text + held->text_len, HELD_TEXT, strlen(HELD_TEXT)) == 0);
	EXPECT(sim, held->rule == 0 && held->effects == EFFECT_WRITE);
	sim_pass(sim, SECOND_US);
	EXPECT(sim, !hold_at_server(sim, HELD_TEXT) && sim->gateway.stats.held_live == 1);
	gateway_decide(&sim->gateway, DECISION_APPROVED, "");
	agent_expect(a, "CZ");
	EXPECT(sim, hold_at_server(sim, HELD_TEXT));
	hold_still_works(a);
	agent_bye(a);
	EXPECT(sim, sim->gateway.gone == 0 && sim->gateway.holds == 1);
	EXPECT(sim, sim->gateway.stats.held == 1 && sim->gateway.stats.hold_approved == 1);
	EXPECT(sim, gateway_recorded(&sim->gateway, "\"action\":\"hold\",\"reason\":\"hold\""));
	EXPECT(sim,
	       gateway_recorded(&sim->gateway, "\"action\":\"forward\",\"reason\":\"approved\""));
	EXPECT(sim, gateway_recorded(&sim->gateway, approval));
}

static void approval_is_for_one_run(struct sim *sim)
{
	struct agent *a = hold_agent(sim);
	gateway_decide(&sim->gateway, DECISION_APPROVED, "");
	agent_expect(a, "CZ");
	agent_query(a, HELD_TEXT);
	hold_expect_parked(a);
	gateway_decide(&sim->gateway, DECISION_REFUSED, "");
	agent_expect(a, "EZ");
	agent_bye(a);
	EXPECT(sim, sim->database.queries == 2); // it, and our text in place of the other
}

static void refused_as(
	struct sim *sim, enum decision decision, const char *text, const char *reason
)
{
	struct agent *a = hold_agent(sim);
	gateway_decide(&sim->gateway, decision, "not on a Sunday");
	agent_expect(a, "EZ");
	EXPECT(sim, agent_heard(a, "42501") && !agent_heard(a, "FATAL"));
	EXPECT(sim, agent_heard(a, text) && agent_heard(a, "not on a Sunday"));
	EXPECT(sim, !hold_at_server(sim, HELD_TEXT));
	hold_still_works(a);
	agent_bye(a);
	EXPECT(sim, gateway_recorded(&sim->gateway, reason) && sim->gateway.gone == 0);
	EXPECT(sim, sim->gateway.stats.denied == 1);
}

static void refused(struct sim *sim)
{
	refused_as(sim, DECISION_REFUSED, "DELETE refused", "\"reason\":\"refused\"");
	EXPECT(sim, sim->gateway.stats.hold_refused == 1);
}

static void timed_out(struct sim *sim)
{
	refused_as(sim, DECISION_TIMEOUT, "in time", "\"reason\":\"timeout\"");
	EXPECT(sim, sim->gateway.stats.hold_timeouts == 1);
}

static void limited(struct sim *sim)
{
	refused_as(sim, DECISION_LIMIT, "too many", "\"reason\":\"limit\"");
}

static void refused_within_a_transaction(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	agent_query(a, "BEGIN");
	agent_expect(a, "CZ");
	agent_query(a, HELD_TEXT);
	hold_expect_parked(a);
	gateway_decide(&sim->gateway, DECISION_REFUSED, "");
	agent_expect(a, "EZ");
	EXPECT(sim, agent_heard(a, "Z") && buf_span(&a->heard).p[buf_len(&a->heard) - 1] == 'E');
	agent_bye(a);
}

// Control never answers.
static void short_patience(struct sim *sim)
{
	hold_writes(sim);
	sim->policy.approval_timeout_ms = 2000;
}

static void control_stays_silent(struct sim *sim)
{
	struct agent *a = hold_agent(sim);
	agent_expect(a, "EZ");
	EXPECT(sim, agent_heard(a, "42501") && agent_heard(a, "in time"));
	hold_expect(sim, 0);
	EXPECT(sim, sim->gateway.gone == 1 && sim->gateway.stats.hold_timeouts == 1);
	hold_still_works(a);
	agent_bye(a);
}

// Refuse and retry: approved when the very same command comes again. Nobody hears of a wait, nor of
// another reference than the one that approvers see.
static void retry_writes(struct sim *sim)
{
	hold_writes(sim);
	sim->policy.digest = 7;
	sim->policy.retry = true;
}

static void ask(struct agent *a, const char *text, uint8_t digest[static 32])
{
	agent_forget(a);
	agent_query(a, text);
	hold_expect(a->sim, 1);
	memcpy(digest, a->sim->gateway.held[0].held->digest, 32);
}

static void later(struct sim *sim)
{
	uint8_t first[32], other[32];
	char own[17];
	struct agent *a = agent_login(sim, PORT_PLAIN);
	ask(a, HELD_TEXT, first);
	uint64_t id = sim->gateway.held[0].held->id;
	snprintf(own, sizeof(own), "%016llx", (unsigned long long)id);
	sim_pass(sim, 60 * SECOND_US);
	gateway_decide(&sim->gateway, DECISION_LATER, "ask dba");
	agent_expect(a, "EZ");
	EXPECT(sim, agent_heard(a, own) && agent_heard(a, "very same statement again"));
	EXPECT(sim, agent_heard(a, "ask dba") && !agent_heard(a, "waits for approval"));
	ask(a, "DELETE FROM notes WHERE n = 42", other);
	EXPECT(sim, memcmp(first, other, sizeof(first)) != 0);
	gateway_decide(&sim->gateway, DECISION_LATER, "");
	agent_expect(a, "EZ");
	sim->gateway.reference = id;
	ask(a, HELD_TEXT, other);
	gateway_decide(&sim->gateway, DECISION_LATER, "");
	agent_expect(a, "EZ");
	EXPECT(sim, agent_heard(a, own));
	agent_bye(a);
	a = agent_login(sim, PORT_PLAIN); // another session of the same chain
	ask(a, HELD_TEXT, other);
	EXPECT(sim, memcmp(first, other, sizeof(first)) == 0);
	gateway_decide(&sim->gateway, DECISION_APPROVED, "");
	agent_expect(a, "CZ");
	agent_bye(a);
}

static void again(struct sim *sim)
{
	struct agent *a = hold_agent(sim);
	uint64_t id = sim->gateway.held[0].held->id;
	gateway_decide(&sim->gateway, DECISION_AGAIN, "");
	hold_expect_parked(a);
	EXPECT(sim, sim->gateway.held[0].held->id != id);
	gateway_decide(&sim->gateway, DECISION_APPROVED, "");
	agent_expect(a, "CZ");
	agent_bye(a);
}

// ---- the wait

static void idle_and_notices(struct sim *sim)
{
	struct agent *a = hold_agent(sim); // the session may be idle for 20 seconds
	for (unsigned i = 0; i < 3; i++) {
		sim_pass(sim, 20 * SECOND_US);
		agent_expect(a, "N");
		EXPECT(sim, agent_heard(a, "still waits"));
		agent_forget(a);
	}
	gateway_decide(&sim->gateway, DECISION_APPROVED, "");
	agent_expect(a, "CZ");
	hold_still_works(a);
	agent_bye(a);
}

// What waits behind it keeps its order; what the server says goes on.
// How many messages came before the first notice.
static unsigned before_notice(struct span in)
{
	unsigned count = 0;
	for (size_t n; in.n > 0 && in.p[0] != 'N' && (n = message_len(in, true)) > 0; count++)
		in = span_from(in, n);
	return count;
}

static void pipelined_behind(struct sim *sim)
{
	static const char *const answers[] = {
		"NCZACZTDDCZTDDCZTDDCZ", "CNZACZTDDCZTDDCZTDDCZ", "CZNACZTDDCZTDDCZTDDCZ"};
	struct agent *a = agent_login(sim, PORT_PLAIN);
	agent_query(a, "SELECT 1 AS before");
	agent_query(a, HELD_TEXT);
	for (unsigned i = 0; i < 3; i++)
		agent_query(a, "SELECT email, ssn FROM customers");
	sim_pass(sim, 5 * SECOND_US);
	EXPECT(sim, sim->database.queries == 1);
	say(&database_session(&sim->database)->peer.out, 'A', "iss", 7, "channel", "news");
	sim_pass(sim, SECOND_US);
	hold_expect(sim, 1);
	gateway_decide(&sim->gateway, DECISION_APPROVED, "");
	// The notice came when the command did: its place among the answers is not fixed.
	unsigned before = before_notice(buf_span(&a->peer.in));
	agent_expect(a, answers[before < 2 ? before : 2]);
	agent_bye(a);
	EXPECT(sim, sim->database.queries == 5);
}

void hold_bind(struct agent *a, const char *value)
{
	say(&a->peer.out, 'B', "sshhirh", "", "mine", 0, 1, (int)strlen(value), strlen(value),
	    value, 0);
}

void hold_execute(struct agent *a)
{
	say(&a->peer.out, 'E', "si", "", 0);
	say(&a->peer.out, 'S', "");
}

// The statement may be prepared; each run with its values is another matter.
static void bound(struct sim *sim)
{
	uint8_t digest[32];
	struct agent *a = agent_login(sim, PORT_PLAIN);
	say(&a->peer.out, 'P', "ssh", "mine", "DELETE FROM notes WHERE n = $1", 0);
	hold_bind(a, "1");
	hold_execute(a);
	hold_expect_parked(a);
	struct held *held = sim->gateway.held[0].held;
	EXPECT(sim, memmem(held->text, held->text_len, "$1 = 1", 6) != NULL);
	memcpy(digest, held->digest, sizeof(digest));
	gateway_decide(&sim->gateway, DECISION_APPROVED, "");
	agent_expect(a, "12CZ");
	EXPECT(sim, sim->database.queries == 1);
	hold_bind(a, "999");
	hold_execute(a);
	hold_expect_parked(a);
	held = sim->gateway.held[0].held;
	EXPECT(sim, memmem(held->text, held->text_len, "$1 = 999", 8) != NULL);
	EXPECT(sim, memcmp(held->digest, digest, sizeof(digest)) != 0);
	gateway_decide(&sim->gateway, DECISION_REFUSED, "");
	agent_expect(a, "EZ");
	hold_bind(a, "1");
	hold_execute(a);
	hold_expect_parked(a);
	EXPECT(sim, memcmp(sim->gateway.held[0].held->digest, digest, sizeof(digest)) == 0);
	gateway_decide(&sim->gateway, DECISION_APPROVED, "");
	agent_expect(a, "2CZ");
	EXPECT(sim, sim->database.queries == 2 && !hold_at_server(sim, "999"));
	agent_bye(a);
}

// Bound and approved, but not yet run when the policy becomes another one.
static void execute_under_another_policy(struct sim *sim)
{
	struct policy_options other = {.hold = EFFECT_WRITE};
	struct agent *a = agent_login(sim, PORT_PLAIN);
	agent_query(a, "BEGIN");
	agent_expect(a, "CZ");
	say(&a->peer.out, 'P', "ssh", "mine", "DELETE FROM notes WHERE n = $1", 0);
	hold_bind(a, "1");
	say(&a->peer.out, 'S', "");
	hold_expect_parked(a);
	gateway_decide(&sim->gateway, DECISION_APPROVED, "");
	agent_expect(a, "12Z");
	agent_forget(a);
	gateway_publish(&sim->gateway, &other);
	hold_execute(a);
	agent_expect(a, "EZ");
	EXPECT(sim, agent_heard(a, "42501") && sim->database.queries == 1);
	agent_bye(a);
}

enum { TAKERS = 4 };

// Commands that wait run when a policy with so many rules lets them. Returns how many did so in one
// pass.
static uint64_t taken_at_once(struct sim *sim, uint16_t rules)
{
	struct policy_options allows = {
		.allow = EFFECT_READ | EFFECT_WRITE,
		.n_others = (uint16_t)(rules - 1),
	};
	struct agent *agents[TAKERS];
	for (unsigned i = 0; i < TAKERS; i++) {
		agents[i] = agent_login(sim, PORT_PLAIN);
		agent_query(agents[i], HELD_TEXT);
		agent_expect(agents[i], "N");
	}
	hold_expect(sim, TAKERS);
	sim->gateway.most_commands = 0;
	gateway_publish(&sim->gateway, &allows);
	for (unsigned i = 0; i < TAKERS; i++)
		agent_expect(agents[i], "CZ");
	uint64_t most = sim->gateway.most_commands;
	for (unsigned i = 0; i < TAKERS; i++)
		agent_bye(agents[i]);
	return most;
}

// A worker is not kept by sessions that all look for their rights at once.
static void policy_in_turns(struct sim *sim)
{
	EXPECT(sim, taken_at_once(sim, 1) == TAKERS);
	gateway_publish(&sim->gateway, &(struct policy_options){.hold = EFFECT_WRITE});
	EXPECT(sim, taken_at_once(sim, SNAPSHOT_RULES_MAX) == 1);
}

// A later version of the same policy: a catalog was read again.
void hold_fixed_digest(struct sim *sim)
{
	hold_writes(sim);
	sim->policy.digest = 7;
}

static void execute_under_the_same_policy(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	say(&a->peer.out, 'P', "ssh", "mine", "DELETE FROM notes WHERE n = $1", 0);
	hold_bind(a, "1");
	say(&a->peer.out, 'H', "");
	hold_expect_parked(a);
	gateway_publish(&sim->gateway, &sim->policy);
	sim_pass(sim, SECOND_US);
	EXPECT(sim, sim->gateway.gone == 0 && sim->gateway.n_held == 1);
	gateway_decide(&sim->gateway, DECISION_APPROVED, "");
	agent_expect(a, "12");
	gateway_publish(&sim->gateway, &sim->policy);
	sim_pass(sim, SECOND_US);
	hold_execute(a);
	agent_expect(a, "CZ");
	agent_bye(a);
	EXPECT(sim, sim->gateway.holds == 1);
}

// What SQL keeps for later cannot be approved beforehand.
static void prepared_in_sql(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	agent_query(a, "PREPARE mine(int) AS DELETE FROM notes WHERE n = $1");
	agent_expect(a, "EZ");
	EXPECT(sim, agent_heard(a, "42501") && sim->gateway.holds == 0);
	hold_still_works(a);
	agent_bye(a);
}

static void unknown_is_allowed(struct sim *sim)
{
	hold_writes(sim);
	sim->policy.allow = EFFECT_READ | EFFECT_UNKNOWN | EFFECT_DDL;
}

// SQL reaches what the protocol has prepared, past its Bind.
static void executed_in_sql(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	agent_query(a, "EXECUTE other");
	agent_expect(a, "CZ");
	say(&a->peer.out, 'P', "ssh", "mine", "DELETE FROM notes WHERE n = $1", 0);
	say(&a->peer.out, 'S', "");
	agent_expect(a, "1Z");
	agent_query(a, "EXECUTE mine(999)");
	agent_expect(a, "EZ");
	agent_query(a, "EXPLAIN ANALYZE EXECUTE mine(999)");
	agent_expect(a, "EZ");
	EXPECT(sim, agent_heard(a, "42501") && !hold_at_server(sim, "999"));
	hold_still_works(a);
	agent_bye(a);
}

static void hold_unknown(struct sim *sim)
{
	sim->policy.hold = EFFECT_WRITE | EFFECT_UNKNOWN;
}

// Prepared while the server reads texts otherwise, and bound when it reads them as usual: what was
// prepared is not what the text now looks like.
static void read_otherwise(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	sim->database.mode = SERVER_PUPPET;
	struct buf *server = &database_session(&sim->database)->peer.out;
	say(server, 'S', "ss", "standard_conforming_strings", "off");
	agent_expect(a, "S");
	say(&a->peer.out, 'P', "ssh", "mine", "SELECT '\\'', nextval($1), ' --'", 0);
	say(&a->peer.out, 'S', "");
	sim_pass(sim, SECOND_US);
	say(server, '1', "");
	say(server, 'Z', "b", 'I');
	say(server, 'S', "ss", "standard_conforming_strings", "on");
	agent_expect(a, "1ZS");
	hold_bind(a, "tickets");
	hold_execute(a);
	agent_expect(a, "N");
	hold_expect(sim, 1);
	EXPECT(sim, sim->gateway.held[0].held->effects == EFFECT_UNKNOWN);
	EXPECT(sim, is_shown(sim->gateway.held[0].held, "in another way than it looks"));
	agent_vanish(a);
}

static void fixed_digest_and_admin(struct sim *sim)
{
	hold_fixed_digest(sim);
	sim->policy.allow = EFFECT_READ | EFFECT_ADMIN;
}

static struct held *hold_after(struct agent *a, const char *text, uint8_t digest[static 32])
{
	if (text != NULL) {
		agent_query(a, text);
		agent_expect(a, "CZ");
	}
	agent_query(a, HELD_TEXT);
	hold_expect_parked(a);
	struct held *held = a->sim->gateway.held[0].held;
	memcpy(digest, held->digest, 32);
	return held;
}

static void answer_later(struct agent *a)
{
	gateway_decide(&a->sim->gateway, DECISION_LATER, "");
	agent_expect(a, "EZ");
}

// What the words mean hangs on what was set before: it is shown, and approved with them.
static void settings(struct sim *sim)
{
	uint8_t plain[32], evil[32], again[32], bound[32];
	struct agent *a = agent_login(sim, PORT_PLAIN);
	(void)hold_after(a, NULL, plain);
	answer_later(a);
	struct held *held = hold_after(a, "SET statement_timeout = 1000", again);
	EXPECT(sim, memcmp(plain, again, 32) == 0 && held->text_len == strlen(HELD_TEXT));
	answer_later(a);
	held = hold_after(a, "SET search_path = a, -- b,\n evil", evil);
	EXPECT(sim, memcmp(plain, evil, 32) != 0);
	EXPECT(sim, is_shown(
			    held, HELD_TEXT "\n-- this session ran before: "
					    "SET search_path = a, -- b,\\n evil\n"
		    ));
	answer_later(a);
	(void)hold_after(a, "SET search_path = a, -- b,\n evil", again);
	EXPECT(sim, memcmp(evil, again, 32) == 0); // it may come again
	answer_later(a);
	say(&a->peer.out, 'P', "ssh", "mine", "SELECT set_config('search_path', $1, false)", 0);
	hold_bind(a, "worse");
	hold_execute(a);
	agent_expect(a, "12CZ");
	held = hold_after(a, NULL, bound);
	EXPECT(sim, memcmp(evil, bound, 32) != 0 && is_shown(held, "$1 = worse"));
	answer_later(a);
	agent_bye(a);
}

// More than is kept: that is said, and an approval is good for nothing that comes later.
static void many_settings(struct sim *sim)
{
	char text[64];
	uint8_t first[32], second[32];
	struct agent *a = agent_login(sim, PORT_PLAIN);
	for (unsigned i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "SET search_path = schema_%u", i);
		agent_query(a, text);
		agent_expect(a, "CZ");
	}
	EXPECT(sim, is_shown(hold_after(a, NULL, first), "ran more settings before"));
	answer_later(a);
	(void)hold_after(a, "SELECT 1", second);
	EXPECT(sim, memcmp(first, second, 32) != 0);
	gateway_decide(&sim->gateway, DECISION_APPROVED, "");
	agent_expect(a, "CZ");
	agent_bye(a);
}

static void large(struct sim *sim)
{
	static char text[300001];
	struct agent *a = agent_login(sim, PORT_PLAIN);
	snprintf(text, sizeof(text), "DELETE FROM notes WHERE t = '%0299900d'", 0);
	agent_query(a, text);
	agent_expect(a, "EZ");
	EXPECT(sim, agent_heard(a, "too large") && sim->gateway.holds == 0);
	snprintf(text, sizeof(text), "DELETE FROM notes WHERE t = '%065510d' OR n > 0", 0);
	EXPECT(sim, strlen(text) > HOLD_TEXT_MAX);
	agent_forget(a);
	agent_query(a, text); // nobody could read the end of it
	agent_expect(a, "EZ");
	EXPECT(sim, agent_heard(a, "too large") && sim->gateway.holds == 0);
	snprintf(text, sizeof(text), "DELETE FROM notes WHERE t = '%065506d'", 0);
	EXPECT(sim, strlen(text) == HOLD_TEXT_MAX);
	agent_query(a, text);
	agent_expect(a, "N");
	hold_expect(sim, 1);
	EXPECT(sim, sim->gateway.held[0].held->text_len == HOLD_TEXT_MAX);
	gateway_decide(&sim->gateway, DECISION_APPROVED, "");
	agent_expect(a, "CZ");
	agent_bye(a);
}

static void hold_calls(struct sim *sim)
{
	sim->policy.hold = EFFECT_WRITE | EFFECT_EXEC | EFFECT_UNKNOWN;
}

static void function_call(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	say(&a->peer.out, 'F', "ihhirh", 4242, 0, 1, 3, (size_t)3, "abc", 0);
	agent_expect(a, "N");
	hold_expect(sim, 1);
	const struct held *held = sim->gateway.held[0].held;
	EXPECT(sim, memmem(held->text, held->text_len, "4242", 4) != NULL);
	EXPECT(sim, memmem(held->text, held->text_len, "$1 = abc", 8) != NULL);
	gateway_decide(&sim->gateway, DECISION_REFUSED, "");
	agent_expect(a, "EZ");
	hold_still_works(a);
	agent_bye(a);
}

const struct scenario relay_hold_scenarios[] = {
	{"hold_approved", approved, .set_up = hold_writes, .every_cut = true},
	{"hold_approval_is_for_one_run", approval_is_for_one_run, .set_up = hold_writes},
	{"hold_refused", refused, .set_up = hold_writes, .every_cut = true},
	{"hold_timed_out", timed_out, .set_up = hold_writes},
	{"hold_limited", limited, .set_up = hold_writes},
	{"hold_refused_within_a_transaction", refused_within_a_transaction, .set_up = hold_writes},
	{"hold_control_stays_silent", control_stays_silent, .set_up = short_patience},
	{"hold_later", later, .set_up = retry_writes},
	{"hold_again", again, .set_up = hold_writes},
	{"hold_idle_and_notices", idle_and_notices, .set_up = hold_writes},
	{"hold_pipelined_behind", pipelined_behind, .set_up = hold_writes},
	{"hold_bound", bound, .set_up = hold_writes, .every_cut = true},
	{"hold_policy_in_turns", policy_in_turns, .set_up = hold_writes},
	{"hold_execute_under_another_policy", execute_under_another_policy, .set_up = hold_writes},
	{"hold_execute_under_the_same_policy", execute_under_the_same_policy,
	 .set_up = hold_fixed_digest},
	{"hold_prepared_in_sql", prepared_in_sql, .set_up = hold_writes},
	{"hold_executed_in_sql", executed_in_sql, .set_up = unknown_is_allowed},
	{"hold_read_otherwise", read_otherwise, .set_up = hold_unknown},
	{"hold_settings", settings, .set_up = fixed_digest_and_admin},
	{"hold_many_settings", many_settings, .set_up = hold_fixed_digest},
	{"hold_large", large, .set_up = hold_writes, .bulk = true},
	{"hold_function_call", function_call, .set_up = hold_calls, .every_cut = true},
	{NULL},
};
