// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Scenarios of revocation: who ends and who does not, in which state, and what the cache of tokens
// still serves.

#include "tests/sim/relay_world.h"

#define TOKEN_ROOT    "eyJhbGciOi.the-root.c2ln"
#define TOKEN_CHILD   "eyJhbGciOi.its-child.c2ln"
#define TOKEN_BELOW   "eyJhbGciOi.the-child-of-that.c2ln"
#define TOKEN_SIBLING "eyJhbGciOi.another-child.c2ln"

enum node { ROOT = 101, CHILD, BELOW, SIBLING };
enum what { TOKEN = 1, SUBJECT, NODE };

// The same name of two kinds is two things; so are their numbers here.
static struct node_id node(enum node of, enum what what)
{
	return (struct node_id){{(uint64_t)of, (uint64_t)what}};
}

static void add(struct sim *sim, const char *token, unsigned n, const enum node *nodes)
{
	struct gateway_identity *other = &sim->gateway.others[sim->gateway.n_others++];
	other->token = token;
	other->subject = sim->gateway.subject;
	other->subject.n_links = (uint16_t)n;
	other->subject.depth = (uint16_t)(n - 1);
	for (unsigned i = 0; i < n; i++) {
		struct chain_link *link = &other->subject.links[i];
		*link = sim->gateway.subject.links[0];
		link->token = node(nodes[i], TOKEN);
		link->subject = node(nodes[i], SUBJECT);
		link->node = node(nodes[i], NODE);
	}
}

static void make_family(struct sim *sim)
{
	add(sim, TOKEN_ROOT, 1, (const enum node[]){ROOT});
	add(sim, TOKEN_CHILD, 2, (const enum node[]){ROOT, CHILD});
	add(sim, TOKEN_BELOW, 3, (const enum node[]){ROOT, CHILD, BELOW});
	add(sim, TOKEN_SIBLING, 2, (const enum node[]){ROOT, SIBLING});
}

static bool is_done(void *ctx)
{
	const struct gateway *g = &((struct sim *)ctx)->gateway;
	return g->revoked == g->revocation.number;
}

static void expect_revoked(struct sim *sim, uint64_t sessions, uint64_t limit_us)
{
	EXPECT(sim, sim_until(sim, is_done, sim, limit_us));
	EXPECT(sim, sim->gateway.revoked_sessions == sessions);
}

static void works(struct agent *a)
{
	agent_query(a, "SELECT 1");
	agent_expect(a, "CZ");
}

// ---- who

static void below_a_link(struct sim *sim, enum revoke_kind kind, enum what what)
{
	make_family(sim);
	struct agent *root = agent_login_with(sim, PORT_PLAIN, TOKEN_ROOT);
	struct agent *child = agent_login_with(sim, PORT_ORDERS, TOKEN_CHILD);
	struct agent *below = agent_login_with(sim, PORT_PLAIN, TOKEN_BELOW);
	struct agent *sibling = agent_login_with(sim, PORT_PLAIN, TOKEN_SIBLING);
	(void)gateway_revoke(&sim->gateway, kind, node(CHILD, what));
	agent_expect_fatal(child, "57P01");
	agent_expect_fatal(below, "57P01");
	expect_revoked(sim, 2, SECOND_US);
	works(root);
	works(sibling);
	agent_expect_fatal(agent_knock(sim, PORT_PLAIN, TOKEN_BELOW), "28P01");
	EXPECT(sim, sim->gateway.stats.ended[END_REVOKED] == 2);
	agent_bye(agent_login_with(sim, PORT_PLAIN, TOKEN_ROOT));
	(void)gateway_revoke(&sim->gateway, kind, node(ROOT, what));
	agent_expect_fatal(root, "57P01");
	agent_expect_fatal(sibling, "57P01");
	expect_revoked(sim, 2, SECOND_US);
}

static void a_token(struct sim *sim)
{
	below_a_link(sim, REVOKE_TOKEN, TOKEN);
}

static void a_subject(struct sim *sim)
{
	below_a_link(sim, REVOKE_SUBJECT, SUBJECT);
}

static void a_node(struct sim *sim)
{
	below_a_link(sim, REVOKE_NODE, NODE);
}

// The name of one kind means nothing as another.
static void another_kind(struct sim *sim)
{
	make_family(sim);
	struct agent *a = agent_login_with(sim, PORT_PLAIN, TOKEN_CHILD);
	(void)gateway_revoke(&sim->gateway, REVOKE_NODE, node(CHILD, TOKEN));
	expect_revoked(sim, 0, SECOND_US);
	(void)gateway_revoke(&sim->gateway, REVOKE_RESOURCE, node(CHILD, NODE));
	expect_revoked(sim, 0, SECOND_US);
	works(a);
}

static void a_resource(struct sim *sim)
{
	const struct node_id orders = {{NODE_ORDERS}};
	struct agent *a = agent_login(sim, PORT_ORDERS), *b = agent_login(sim, PORT_PLAIN);
	// Its place in the policy changes, its name does not.
	struct policy_options policy = sim->policy;
	policy.swapped = true;
	gateway_publish(&sim->gateway, &policy);
	(void)gateway_revoke(&sim->gateway, REVOKE_RESOURCE, orders);
	agent_expect_fatal(a, "57P01");
	expect_revoked(sim, 1, SECOND_US);
	works(b);
	agent_expect_fatal(agent_knock(sim, PORT_ORDERS, TOKEN_GOOD), "28P01");
	agent_bye(agent_login(sim, PORT_PLAIN));
}

// ---- when

enum when {
	BEFORE_TLS,
	BEFORE_START,
	BEFORE_TOKEN,
	CONTROL_LOOKS,
	SERVER_SAYS_NOTHING,
	IDLE,
	IT_RUNS,
	ROWS_COME,
	IT_CLOSES,
};

static struct agent *advance(struct sim *sim, enum when when)
{
	struct agent *a = agent_new(sim, PORT_ORDERS);
	if (when == BEFORE_TLS)
		return a;
	agent_secure(a);
	if (when == BEFORE_START)
		return a;
	agent_start(a);
	agent_expect(a, "R");
	if (when == BEFORE_TOKEN)
		return a;
	sim->gateway.control_mute = when == CONTROL_LOOKS;
	sim->database.mode = when == SERVER_SAYS_NOTHING ? SERVER_SILENT : SERVER_USUAL;
	agent_token(a, TOKEN_CHILD);
	if (when == CONTROL_LOOKS || when == SERVER_SAYS_NOTHING)
		return a;
	agent_expect(a, "RSSSKZ");
	agent_forget(a);
	if (when == IDLE)
		return a;
	if (when == IT_RUNS)
		sim->database.mode = SERVER_MUTE;
	if (when == ROWS_COME || when == IT_CLOSES)
		a->peer.in_max = 0;
	agent_query(a, when == IT_RUNS ? "SELECT forever" : "SELECT 2000 AS rows, 1000 AS size");
	return a;
}

// Those that have not said who they are go on, and are refused when they say it.
static void before_the_token(struct sim *sim, struct agent *a, enum when when)
{
	expect_revoked(sim, 0, SECOND_US);
	if (when == BEFORE_TLS)
		agent_secure(a);
	if (when <= BEFORE_START) {
		agent_start(a);
		agent_expect(a, "R");
	}
	if (when <= BEFORE_TOKEN)
		agent_token(a, TOKEN_CHILD);
	sim->gateway.control_mute = false;
	agent_expect_fatal(a, "28P01");
	EXPECT(sim, sim->database.n_accepted == 0);
}

static void at(struct sim *sim, enum when when)
{
	make_family(sim);
	struct agent *a = advance(sim, when);
	sim_pass(sim, SECOND_US / 2);
	if (when == IT_CLOSES)
		gateway_kill(&sim->gateway, 0);
	(void)gateway_revoke(&sim->gateway, REVOKE_NODE, node(CHILD, NODE));
	if (when <= CONTROL_LOOKS) {
		before_the_token(sim, a, when);
		return;
	}
	if (when == ROWS_COME || when == IT_CLOSES) {
		// Nobody takes the last words: given up, and not told before.
		sim_pass(sim, 3 * SECOND_US);
		EXPECT(sim, sim->gateway.revoked == 0);
		expect_revoked(sim, when == ROWS_COME, 4 * SECOND_US);
		return;
	}
	agent_expect_fatal(a, "57P01");
	expect_revoked(sim, 1, SECOND_US);
	sim_pass(sim, SECOND_US);
	EXPECT(sim, sim->database.cancels == (when == IT_RUNS));
}

static void before_tls(struct sim *sim)
{
	at(sim, BEFORE_TLS);
}

static void before_start(struct sim *sim)
{
	at(sim, BEFORE_START);
}

static void before_token(struct sim *sim)
{
	at(sim, BEFORE_TOKEN);
}

static void control_looks(struct sim *sim)
{
	at(sim, CONTROL_LOOKS);
}

static void server_says_nothing(struct sim *sim)
{
	at(sim, SERVER_SAYS_NOTHING);
}

static void idle(struct sim *sim)
{
	at(sim, IDLE);
}

static void it_runs(struct sim *sim)
{
	at(sim, IT_RUNS);
}

static void rows_come(struct sim *sim)
{
	at(sim, ROWS_COME);
}

static void it_closes(struct sim *sim)
{
	at(sim, IT_CLOSES);
}

static bool asked(void *ctx)
{
	return ((struct sim *)ctx)->gateway.n_waiting > 0;
}

// Control has accepted the token, and revokes it before the worker reads that.
static void right_behind_the_answer(struct sim *sim)
{
	struct gateway *g = &sim->gateway;
	make_family(sim);
	g->control_mute = true;
	struct agent *a = agent_knock(sim, PORT_ORDERS, TOKEN_CHILD);
	EXPECT(sim, sim_until(sim, asked, sim, SECOND_US));
	struct command answer = {.type = COMMAND_IDENTITY, .session = g->waiting[0].session};
	answer.subject = &g->others[1].subject;
	g->subjects++;
	g->n_waiting = 0;
	relay_command(g->relay, &answer);
	(void)gateway_revoke(g, REVOKE_NODE, node(CHILD, NODE));
	agent_expect_fatal(a, "57P01");
	expect_revoked(sim, 1, SECOND_US);
	EXPECT(sim, sim->database.n_accepted == 0);
}

// What all of them ran is cancelled, with no place for a session left.
static void few_places(struct sim *sim)
{
	sim->config.relay.sessions_max = 3;
}

static void with_no_place_left(struct sim *sim)
{
	struct agent *agents[3];
	make_family(sim);
	for (unsigned i = 0; i < 3; i++)
		agents[i] = agent_login_with(sim, PORT_ORDERS, TOKEN_CHILD);
	sim->database.mode = SERVER_MUTE;
	for (unsigned i = 0; i < 3; i++)
		agent_query(agents[i], "SELECT forever");
	sim_pass(sim, SECOND_US);
	(void)gateway_revoke(&sim->gateway, REVOKE_NODE, node(ROOT, NODE));
	for (unsigned i = 0; i < 3; i++)
		agent_expect_fatal(agents[i], "57P01");
	expect_revoked(sim, 3, SECOND_US);
	sim_until_empty(sim, 6 * SECOND_US);
	EXPECT(sim, sim->database.cancels == 3);
}

// As many as a worker takes, all of one session; the ring to control is full meanwhile.
static void many_at_once(struct sim *sim)
{
	make_family(sim);
	struct agent *a = agent_login_with(sim, PORT_ORDERS, TOKEN_CHILD);
	sim->gateway.events_full = true;
	for (unsigned i = 0; i < REVOKES_AT_ONCE; i++)
		(void)gateway_revoke(&sim->gateway, REVOKE_NODE, node(CHILD, NODE));
	agent_expect_fatal(a, "57P01");
	sim_pass(sim, SECOND_US);
	EXPECT(sim, sim->gateway.revoked == 0);
	sim->gateway.events_full = false;
	expect_revoked(sim, 0, SECOND_US); // the last of them; the first has ended it
	EXPECT(sim, sim->gateway.stats.ended[END_REVOKED] == 1);
	(void)gateway_revoke(&sim->gateway, REVOKE_NODE, node(CHILD, NODE));
	expect_revoked(sim, 0, SECOND_US);
}

// ---- the cache of tokens

static void cached(struct sim *sim)
{
	sim->config.relay.tokens = 8;
}

static void two_cached(struct sim *sim)
{
	sim->config.relay.tokens = 2;
}

// What the cache keeps goes back when the gateway stops.
static void expect_given_back(struct sim *sim)
{
	relay_drain(sim->gateway.relay, RELAY_QUITS);
	sim_pass(sim, SECOND_US);
	EXPECT(sim, sim->gateway.subjects == 0);
	EXPECT(sim, sim->gateway.stats.subjects == 0);
}

static void log_in_and_out(struct sim *sim, uint16_t port, const char *token, uint64_t logins)
{
	agent_bye(agent_login_with(sim, port, token));
	sim_until_empty(sim, 6 * SECOND_US);
	if (sim->gateway.logins != logins)
		sim_fail(sim, "%ju logins", (uintmax_t)sim->gateway.logins);
}

static void asks_once(struct sim *sim)
{
	make_family(sim);
	log_in_and_out(sim, PORT_ORDERS, TOKEN_ROOT, 1);
	log_in_and_out(sim, PORT_ORDERS, TOKEN_ROOT, 1);
	struct agent *a = agent_login_with(sim, PORT_ORDERS, TOKEN_ROOT);
	struct agent *b = agent_login_with(sim, PORT_ORDERS, TOKEN_ROOT);
	EXPECT(sim, sim->gateway.logins == 1);
	EXPECT(sim, sim->gateway.stats.logins_cached == 3);
	EXPECT(sim, sim->gateway.subjects == 1);
	EXPECT(sim, sim->gateway.opened == 4);
	works(a);
	works(b);
	agent_bye(a);
	agent_bye(b);
	// Another token, another resource: another question.
	log_in_and_out(sim, PORT_ORDERS, TOKEN_CHILD, 2);
	log_in_and_out(sim, PORT_PLAIN, TOKEN_ROOT, 3);
	expect_given_back(sim);
}

static void refusals_are_not_kept(struct sim *sim)
{
	for (unsigned i = 1; i <= 2; i++) {
		agent_expect_fatal(agent_knock(sim, PORT_ORDERS, "not.a.token"), "28P01");
		EXPECT(sim, sim->gateway.logins == i);
	}
	expect_given_back(sim);
}

static void cached_and_expired(struct sim *sim)
{
	make_family(sim);
	uint64_t now_s = gateway_wall_ns(world_now_us(sim->world)) / 1000000000;
	sim->gateway.others[0].subject.expires = now_s + 20;
	log_in_and_out(sim, PORT_ORDERS, TOKEN_ROOT, 1);
	log_in_and_out(sim, PORT_ORDERS, TOKEN_ROOT, 1);
	sim_pass(sim, 20 * SECOND_US);
	// The simulated control does not look at the time: that it was asked is what counts.
	agent_expect_fatal(agent_login_with(sim, PORT_ORDERS, TOKEN_ROOT), "28000");
	EXPECT(sim, sim->gateway.logins == 2);
	EXPECT(sim, sim->gateway.stats.logins_cached == 1);
	expect_given_back(sim);
}

static void cached_for_minutes(struct sim *sim)
{
	make_family(sim);
	log_in_and_out(sim, PORT_ORDERS, TOKEN_ROOT, 1);
	sim_pass(sim, 250 * (uint64_t)SECOND_US);
	log_in_and_out(sim, PORT_ORDERS, TOKEN_ROOT, 1);
	EXPECT(sim, sim->gateway.subjects == 1);
	sim_pass(sim, 50 * (uint64_t)SECOND_US);
	EXPECT(sim, sim->gateway.subjects == 0); // it is not kept either
	log_in_and_out(sim, PORT_ORDERS, TOKEN_ROOT, 2);
	expect_given_back(sim);
}

static void cached_under_another_policy(struct sim *sim)
{
	make_family(sim);
	log_in_and_out(sim, PORT_ORDERS, TOKEN_ROOT, 1);
	gateway_publish(&sim->gateway, &sim->policy);
	log_in_and_out(sim, PORT_ORDERS, TOKEN_ROOT, 2);
	log_in_and_out(sim, PORT_ORDERS, TOKEN_ROOT, 2);
	expect_given_back(sim);
}

// Verified under the policy before: its issuers may be other ones.
static void answered_under_another_policy(struct sim *sim)
{
	make_family(sim);
	sim->gateway.control_mute = true;
	struct agent *a = agent_knock(sim, PORT_ORDERS, TOKEN_ROOT);
	EXPECT(sim, sim_until(sim, asked, sim, SECOND_US));
	gateway_publish(&sim->gateway, &sim->policy);
	sim_pass(sim, SECOND_US);
	sim->gateway.control_mute = false;
	agent_expect(a, "RSSSKZ");
	agent_bye(a);
	log_in_and_out(sim, PORT_ORDERS, TOKEN_ROOT, 2);
	expect_given_back(sim);
}

static void cached_and_revoked(struct sim *sim)
{
	make_family(sim);
	log_in_and_out(sim, PORT_ORDERS, TOKEN_BELOW, 1);
	log_in_and_out(sim, PORT_ORDERS, TOKEN_SIBLING, 2);
	struct agent *a = agent_login_with(sim, PORT_ORDERS, TOKEN_BELOW);
	EXPECT(sim, sim->gateway.logins == 2);
	(void)gateway_revoke(&sim->gateway, REVOKE_NODE, node(CHILD, NODE));
	agent_expect_fatal(a, "57P01");
	agent_expect_fatal(agent_knock(sim, PORT_ORDERS, TOKEN_BELOW), "28P01");
	EXPECT(sim, sim->gateway.logins == 3);
	log_in_and_out(sim, PORT_ORDERS, TOKEN_SIBLING, 3);
	expect_given_back(sim);
}

// What was verified for one resource is not served for another.
static void cached_resource_revoked(struct sim *sim)
{
	const struct node_id orders = {{NODE_ORDERS}};
	make_family(sim);
	log_in_and_out(sim, PORT_ORDERS, TOKEN_ROOT, 1);
	log_in_and_out(sim, PORT_PLAIN, TOKEN_ROOT, 2);
	(void)gateway_revoke(&sim->gateway, REVOKE_RESOURCE, orders);
	agent_expect_fatal(agent_knock(sim, PORT_ORDERS, TOKEN_ROOT), "28P01");
	EXPECT(sim, sim->gateway.logins == 3);
	log_in_and_out(sim, PORT_PLAIN, TOKEN_ROOT, 3);
	expect_given_back(sim);
}

// While another session lives.
static void log_in_and_out_beside(struct sim *sim, const char *token, uint64_t logins)
{
	agent_bye(agent_login_with(sim, PORT_ORDERS, token));
	sim_pass(sim, 2 * SECOND_US);
	EXPECT(sim, relay_sessions(sim->gateway.relay) == 1);
	EXPECT(sim, sim->gateway.logins == logins);
}

// The least recently used one goes; what a session uses stays.
static void cache_is_bounded(struct sim *sim)
{
	make_family(sim);
	struct agent *a = agent_login_with(sim, PORT_ORDERS, TOKEN_ROOT);
	log_in_and_out_beside(sim, TOKEN_CHILD, 2);
	log_in_and_out_beside(sim, TOKEN_BELOW, 3);
	log_in_and_out_beside(sim, TOKEN_CHILD, 3);
	log_in_and_out_beside(sim, TOKEN_SIBLING, 4); // BELOW goes
	log_in_and_out_beside(sim, TOKEN_CHILD, 4);
	log_in_and_out_beside(sim, TOKEN_ROOT, 4);
	EXPECT(sim, sim->gateway.subjects == 3);
	log_in_and_out_beside(sim, TOKEN_BELOW, 5);
	EXPECT(sim, sim->gateway.subjects == 3);
	agent_bye(a);
	sim_until_empty(sim, 6 * SECOND_US);
	EXPECT(sim, sim->gateway.subjects == 2);
	expect_given_back(sim);
}

// Subjects that cannot go back hold new questions up, and are not lost.
static void ring_is_full(struct sim *sim)
{
	make_family(sim);
	struct agent *a = agent_login_with(sim, PORT_ORDERS, TOKEN_CHILD);
	(void)gateway_revoke(&sim->gateway, REVOKE_NODE, node(CHILD, NODE));
	agent_expect_fatal(a, "57P01");
	log_in_and_out(sim, PORT_ORDERS, TOKEN_ROOT, 2);
	sim->gateway.events_full = true;
	(void)gateway_revoke(&sim->gateway, REVOKE_NODE, node(ROOT, NODE));
	sim_pass(sim, SECOND_US);
	EXPECT(sim, sim->gateway.subjects == 1);
	a = agent_knock(sim, PORT_ORDERS, TOKEN_GOOD);
	sim_pass(sim, SECOND_US);
	EXPECT(sim, sim->gateway.logins == 2);
	sim->gateway.events_full = false;
	agent_expect(a, "RSSSKZ");
	EXPECT(sim, sim->gateway.subjects == 1);
	agent_bye(a);
	expect_given_back(sim);
}

const struct scenario relay_revoke_scenarios[] = {
	{"revoke_a_token", a_token},
	{"revoke_a_subject", a_subject},
	{"revoke_a_node", a_node},
	{"revoke_another_kind", another_kind},
	{"revoke_a_resource", a_resource},
	{"revoke_before_tls", before_tls},
	{"revoke_before_start", before_start},
	{"revoke_before_token", before_token},
	{"revoke_control_looks", control_looks},
	{"revoke_server_says_nothing", server_says_nothing},
	{"revoke_idle", idle},
	{"revoke_it_runs", it_runs},
	{"revoke_rows_come", rows_come, .bulk = true},
	{"revoke_it_closes", it_closes, .bulk = true},
	{"revoke_right_behind_the_answer", right_behind_the_answer},
	{"revoke_with_no_place_left", with_no_place_left, .set_up = few_places},
	{"revoke_many_at_once", many_at_once},
	{"cache_asks_once", asks_once, .set_up = cached},
	{"cache_refusals_are_not_kept", refusals_are_not_kept, .set_up = cached},
	{"cache_expired", cached_and_expired, .set_up = cached},
	{"cache_for_minutes", cached_for_minutes, .set_up = cached},
	{"cache_under_another_policy", cached_under_another_policy, .set_up = cached},
	{"cache_answered_under_another_policy", answered_under_another_policy, .set_up = cached},
	{"cache_revoked", cached_and_revoked, .set_up = cached},
	{"cache_resource_revoked", cached_resource_revoked, .set_up = cached},
	{"cache_is_bounded", cache_is_bounded, .set_up = two_cached},
	{"cache_ring_is_full", ring_is_full, .set_up = cached},
	{NULL},
};
