// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Scenarios of an open session: what is asked, refused, answered and masked.

#include "tests/sim/relay_world.h"

static void expect_masked(struct agent *a)
{
	EXPECT(a->sim, !agent_heard(a, SECRET_EMAIL));
	EXPECT(a->sim, !agent_heard(a, SECRET_SSN));
}

static void masked(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	agent_query(a, "SELECT email, ssn FROM customers");
	agent_expect(a, "TDDCZ");
	expect_masked(a);
	EXPECT(sim, agent_heard(a, "1120")); // keep_last 4
	agent_bye(a);
	EXPECT(sim, sim->gateway.stats.rows == 2);
	EXPECT(sim, sim->gateway.stats.masked_values + sim->gateway.stats.masked_columns >= 4);
	EXPECT(sim, gateway_recorded(&sim->gateway, "SELECT email, ssn FROM customers"));
	EXPECT(sim, gateway_recorded(&sim->gateway, "1120"));
}

static bool has_masked(void *ctx)
{
	return ((struct sim *)ctx)->gateway.stats.masked_values > 0;
}

enum { ALIKE = 200, ALIKE_AT = 150 };

// Messages as long as each other.
static void say_value(struct buf *out, const char *value)
{
	say(out, 'D', "hir", 1, (int)strlen(value), strlen(value), value);
}

static void say_notices(struct buf *out, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		say(out, 'N', "bsbsbsb", 'S', "NOTICE", 'C', "00000", 'M', "hello", 0);
}

static struct buf *ask_puppet(struct agent *a, unsigned session)
{
	struct buf *out = &a->sim->database.sessions[session].peer.out;
	agent_query(a, "SELECT email FROM customers");
	sim_pass(a->sim, SECOND_US);
	say(out, 'T', "hsihihih", 1, "email", TABLE_CUSTOMERS, 1, 25, -1, -1, 0);
	return out;
}

// A session ends while rows of it lie in memory that were looked at and not passed on yet. What was
// found in them says nothing of what another session's server puts into the same memory.
static void masked_where_others_were(struct sim *sim)
{
	struct agent *b = agent_login(sim, PORT_PLAIN), *a = agent_login(sim, PORT_PLAIN);
	sim->database.mode = SERVER_PUPPET;
	sim_pass(sim, 5 * SECOND_US);
	EXPECT(sim, blocks_stats(sim->gateway.blocks).used == 0); // both find it empty
	struct buf *first = ask_puppet(a, 1);
	say_value(first, SECRET_EMAIL);
	for (unsigned i = 1; i < ALIKE; i++)
		say_value(first, "there is no email");
	EXPECT(sim, sim_until(sim, has_masked, sim, SECOND_US));
	gateway_kill(&sim->gateway, sim->gateway.sessions[1].session);
	agent_vanish(a);
	sim_pass(sim, 8 * SECOND_US);
	EXPECT(sim, relay_sessions(sim->gateway.relay) == 1);
	struct buf *second = ask_puppet(b, 0);
	say_notices(second, ALIKE_AT);
	say_value(second, SECRET_EMAIL);
	say_notices(second, ALIKE - ALIKE_AT - 1);
	say(second, 'C', "s", "SELECT 1");
	say(second, 'Z', "b", 'I');
	agent_expect(b, "T");
	for (unsigned i = 0; i < ALIKE; i++)
		agent_expect(b, i == ALIKE_AT ? "D" : "N");
	agent_expect(b, "CZ");
	expect_masked(b);
	agent_bye(b);
}

static void secret_in_the_text(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	agent_query(a, "SELECT 1 WHERE 'x' = '" SECRET_EMAIL "'");
	agent_expect(a, "CZ");
	agent_bye(a);
	EXPECT(sim, gateway_recorded(&sim->gateway, "SELECT 1 WHERE"));
}

static void denied(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	agent_query(a, "DROP TABLE customers");
	agent_expect(a, "EZ");
	EXPECT(sim, agent_heard(a, "42501") && agent_heard(a, "DROP TABLE refused"));
	EXPECT(sim, !agent_heard(a, "FATAL"));
	agent_forget(a);
	agent_query(a, "SELECT 1");
	agent_expect(a, "CZ");
	agent_bye(a);
	sim_until_empty(sim, 6 * SECOND_US);
	EXPECT(sim, sim->gateway.stats.denied == 1 && sim->gateway.last_closed.denied == 1);
	EXPECT(sim, gateway_recorded(&sim->gateway, "DROP TABLE customers"));
	EXPECT(sim, gateway_recorded(&sim->gateway, "\"action\":\"deny\""));
}

static void parse(struct agent *a, const char *name, const char *text)
{
	say(&a->peer.out, 'P', "ssh", name, text, 0);
}

static void bind(struct agent *a, const char *name)
{
	say(&a->peer.out, 'B', "sshhh", "", name, 0, 0, 0);
}

static void execute(struct agent *a)
{
	say(&a->peer.out, 'E', "si", "", 0);
}

static void describe(struct agent *a)
{
	say(&a->peer.out, 'D', "bs", 'P', "");
}

static void sync_up(struct agent *a)
{
	say(&a->peer.out, 'S', "");
}

static void whole_statement(struct agent *a, const char *text)
{
	parse(a, "", text);
	bind(a, "");
	describe(a);
	execute(a);
	sync_up(a);
}

static void pipelined(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	for (unsigned i = 0; i < 4; i++)
		whole_statement(a, i == 2 ? "DROP TABLE customers" : "SELECT * FROM customers");
	agent_expect(a, "12TDDCZ12TDDCZEZ12TDDCZ");
	expect_masked(a);
	EXPECT(sim, agent_heard(a, "DROP TABLE refused"));
	agent_bye(a);
	EXPECT(sim, sim->gateway.stats.denied == 1);
}

// The client asks for no description: the gateway must for itself.
static void prepared(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	parse(a, "mine", "SELECT * FROM customers");
	sync_up(a);
	agent_expect(a, "1Z");
	for (unsigned i = 0; i < 3; i++) {
		bind(a, "mine");
		execute(a);
		sync_up(a);
		agent_expect(a, "2DDCZ");
	}
	expect_masked(a);
	agent_bye(a);
}

// SQL's FETCH takes rows from a portal that the protocol's Bind made.
static void fetched_from_a_portal(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	agent_query(a, "BEGIN");
	agent_expect(a, "CZ");
	parse(a, "", "SELECT ssn || '' FROM customers");
	say(&a->peer.out, 'B', "sshhh", "p", "", 0, 0, 0);
	sync_up(a);
	agent_expect(a, "12Z");
	agent_query(a, "FETCH ALL FROM p");
	agent_expect(a, "TDCZ");
	expect_masked(a);
	agent_bye(a);
}

// A Bind behind SQL that may make the statement must wait, and the server sit on nothing.
static void waits_for_the_server(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	parse(a, "", "PREPARE later AS SELECT * FROM customers");
	bind(a, "");
	execute(a);
	bind(a, "other");
	sync_up(a);
	agent_expect(a, "12");
	sim_pass(sim, 5 * SECOND_US);
	agent_expect(a, "D"); // by the script: it holds "customers"
	agent_vanish(a);
}

static void copy_out(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	agent_query(a, "COPY customers_mail TO STDOUT");
	agent_expect(a, "HdcCZ");
	expect_masked(a);
	agent_query(a, "COPY customers TO STDOUT"); // would carry the masked column
	agent_expect(a, "EZ");
	agent_bye(a);
}

static void allow_writes(struct sim *sim)
{
	sim->policy.allow = EFFECT_READ | EFFECT_WRITE;
}

static void copy_in(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	for (unsigned i = 0; i < 2; i++) {
		agent_query(a, "COPY notes FROM STDIN");
		agent_expect(a, "G");
		say(&a->peer.out, 'd', "r", (size_t)6, "one\ntw");
		say(&a->peer.out, 'd', "r", (size_t)2, "o\n");
		if (i == 0)
			say(&a->peer.out, 'c', "");
		else
			say(&a->peer.out, 'f', "s", "no more");
		agent_expect(a, i == 0 ? "CZ" : "EZ");
	}
	// What follows in the same breath must wait for the server to be out of the copy.
	agent_query(a, "COPY notes FROM STDIN");
	say(&a->peer.out, 'd', "r", (size_t)4, "one\n");
	say(&a->peer.out, 'c', "");
	agent_query(a, "DROP TABLE notes");
	agent_query(a, "SELECT 1");
	agent_expect(a, "GCZEZCZ");
	agent_bye(a);
	EXPECT(sim, span_holds(buf_span(&sim->database.log), "one\ntw"));
}

static void error_and_notice(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	agent_query(a, "SELECT error");
	agent_expect(a, "EZ");
	agent_query(a, "SELECT notice");
	agent_expect(a, "NACZ");
	expect_masked(a);
	EXPECT(sim, agent_heard(a, "22P02"));
	agent_bye(a);
}

// Each prepared before the policy changes, judged by what is in force when it runs.
static void policy_denies(struct sim *sim)
{
	struct policy_options stricter = {.allow = EFFECT_WRITE};
	struct agent *a = agent_login(sim, PORT_PLAIN);
	parse(a, "mine", "SELECT * FROM customers");
	bind(a, "mine");
	execute(a);
	sync_up(a);
	agent_expect(a, "12DDCZ");
	gateway_publish(&sim->gateway, &stricter);
	bind(a, "mine");
	execute(a);
	sync_up(a);
	agent_expect(a, "EZ");
	agent_query(a, "SELECT 1");
	agent_expect(a, "EZ");
	gateway_publish(&sim->gateway, &(struct policy_options){0});
	bind(a, "mine");
	execute(a);
	sync_up(a);
	agent_expect(a, "2DDCZ");
	expect_masked(a);
	agent_bye(a);
	EXPECT(sim, sim->gateway.stats.denied >= 2);
}

// Between Bind and Execute, too.
static void policy_denies_execute(struct sim *sim)
{
	struct policy_options stricter = {.allow = EFFECT_WRITE};
	struct agent *a = agent_login(sim, PORT_PLAIN);
	agent_query(a, "BEGIN");
	agent_expect(a, "CZ");
	parse(a, "", "SELECT * FROM customers");
	bind(a, "");
	sync_up(a);
	agent_expect(a, "12Z");
	gateway_publish(&sim->gateway, &stricter);
	execute(a);
	sync_up(a);
	agent_expect(a, "EZ");
	EXPECT(sim, agent_heard(a, "42501"));
	agent_bye(a);
	EXPECT(sim, sim->gateway.stats.denied == 1);
}

static void policy_without_rule(struct sim *sim)
{
	struct policy_options none = {.no_rules = true};
	struct agent *a = agent_login(sim, PORT_ORDERS);
	gateway_publish(&sim->gateway, &none);
	agent_query(a, "SELECT 1");
	agent_expect_fatal(a, "57P01");
	EXPECT(sim, sim->gateway.stats.ended[END_NO_RULE] == 1);
}

// Resources change their places at every moment of a session's life.
static void policy_reorders(struct sim *sim)
{
	struct policy_options swapped = {.swapped = true}, usual = {0};
	struct agent *a = agent_new(sim, PORT_ORDERS);
	gateway_publish(&sim->gateway, &swapped);
	agent_secure(a);
	gateway_publish(&sim->gateway, &usual);
	agent_start(a);
	agent_expect(a, "R");
	gateway_publish(&sim->gateway, &swapped);
	sim->gateway.control_mute = true;
	agent_token(a, TOKEN_GOOD);
	sim_pass(sim, SECOND_US);
	gateway_publish(&sim->gateway, &usual);
	sim_pass(sim, SECOND_US / 10);
	sim->gateway.control_mute = false;
	agent_expect(a, "RSSSKZ");
	EXPECT(sim, database_session(&sim->database)->tls);
	gateway_publish(&sim->gateway, &swapped);
	agent_query(a, "SELECT email, ssn FROM customers");
	agent_expect(a, "TDDCZ");
	expect_masked(a);
	agent_bye(a);
}

// The resource goes while the client is on its way to it.
static void policy_drops_resource(struct sim *sim)
{
	struct policy_options without = {.without_resource = true};
	struct agent *a = agent_new(sim, PORT_ORDERS);
	agent_secure(a);
	sim_pass(sim, SECOND_US);
	gateway_publish(&sim->gateway, &without);
	agent_start(a);
	agent_expect(a, "E");
	agent_expect_end(a);
	EXPECT(sim, sim->database.n_accepted == 0);
}

static void allow_ddl(struct sim *sim)
{
	sim->policy.allow = EFFECT_READ | EFFECT_DDL;
}

static void ddl_is_told_once(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	agent_query(a, "CREATE TABLE one (n int)");
	agent_expect(a, "CZ");
	sim_pass(sim, SECOND_US / 10);
	EXPECT(sim, sim->gateway.catalogs == 1);
	agent_query(a, "SELECT 1");
	agent_expect(a, "CZ");
	EXPECT(sim, sim->gateway.catalogs == 1);
	agent_query(a, "BEGIN");
	agent_query(a, "CREATE TABLE two (n int)");
	agent_expect(a, "CZCZ");
	EXPECT(sim, sim->gateway.catalogs == 1);
	agent_query(a, "COMMIT");
	agent_expect(a, "CZ");
	sim_pass(sim, SECOND_US / 10);
	EXPECT(sim, sim->gateway.catalogs == 2);
	agent_bye(a);
}

// An earlier answer must not pass for that of the DDL behind it.
static void ddl_in_a_pipeline(struct sim *sim)
{
	struct agent *a = agent_login(sim, PORT_PLAIN);
	sim->database.mute_after = 1;
	agent_query(a, "SELECT 1");
	agent_query(a, "CREATE TABLE one (n int)");
	agent_expect(a, "CZ");
	sim_pass(sim, SECOND_US);
	EXPECT(sim, span_holds(buf_span(&sim->database.log), "CREATE TABLE one"));
	EXPECT(sim, sim->gateway.catalogs == 0);
	agent_vanish(a);
	sim->database.mute_after = 0;
	a = agent_login(sim, PORT_PLAIN);
	agent_query(a, "SELECT 1");
	agent_query(a, "CREATE TABLE one (n int)");
	agent_expect(a, "CZCZ");
	sim_pass(sim, SECOND_US / 10);
	EXPECT(sim, sim->gateway.catalogs == 1);
	agent_bye(a);
}

// A session that stays open is told of, once a second while it does something.
static void progress(struct sim *sim)
{
	const struct gateway *g = &sim->gateway;
	uint64_t start = world_now_us(sim->world);
	struct agent *a = agent_login(sim, PORT_PLAIN);
	for (unsigned i = 0; i < 20; i++) {
		agent_query(a, "SELECT 1");
		agent_expect(a, "CZ");
	}
	sim_pass(sim, 2 * SECOND_US);
	EXPECT(sim, g->closed == 0 && g->last_progress.commands == 20);
	EXPECT(sim, g->last_progress.bytes_in > 0 && g->progresses > 0);
	EXPECT(sim, g->progresses <= (world_now_us(sim->world) - start) / SECOND_US);
	uint64_t n = g->progresses;
	sim_pass(sim, 5 * SECOND_US);
	EXPECT(sim, g->progresses == n); // idle
	EXPECT(sim, blocks_stats(g->blocks).used == 0);
	sim->gateway.events_full = true;
	agent_query(a, "SELECT 1");
	agent_expect(a, "CZ");
	sim_pass(sim, 2 * SECOND_US);
	sim->gateway.events_full = false;
	sim_pass(sim, SECOND_US);
	EXPECT(sim, g->progresses == n + 1 && g->last_progress.commands == 21);
	agent_query(a, "SELECT 1");
	agent_expect(a, "CZ");
	agent_bye(a);
	sim_until_empty(sim, 6 * SECOND_US);
	EXPECT(sim, g->last_closed.commands == 22);
}

const struct scenario relay_command_scenarios[] = {
	{"progress", progress},
	{"masked", masked, .every_cut = true},
	{"masked where others were", masked_where_others_were},
	{"secret_in_the_text", secret_in_the_text},
	{"denied", denied, .every_cut = true},
	{"pipelined", pipelined, .every_cut = true},
	{"prepared", prepared},
	{"fetched from a portal", fetched_from_a_portal},
	{"copy_out", copy_out, .every_cut = true},
	{"copy_in", copy_in, .set_up = allow_writes, .every_cut = true},
	{"error_and_notice", error_and_notice},
	{"policy_denies", policy_denies},
	{"policy_denies_execute", policy_denies_execute},
	{"policy_without_rule", policy_without_rule},
	{"policy_reorders", policy_reorders},
	{"policy_drops_resource", policy_drops_resource},
	{"ddl_is_told_once", ddl_is_told_once, .set_up = allow_ddl},
	{"ddl_in_a_pipeline", ddl_in_a_pipeline, .set_up = allow_ddl},
	{"waits_for_the_server", waits_for_the_server, .set_up = allow_ddl},
	{NULL},
};
