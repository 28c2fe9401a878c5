// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// From a parent's token to a child's, and to a login with it.

#include "controlplane/identity/binding.h"
#include "controlplane/identity/node.h"
#include "controlplane/sts/children.h"
#include "dataplane/api/effects.h"
#include "tests/unit/sts/service.h"

static const char alice[] = "\"sub\":\"ann\",\"name\":\"Ann\",\"groups\":[\"dev\",\"dba\"]";

static void fails(struct answer a, const char *error, const char *text)
{
	if (a.status == 200 || strcmp(a.error, error) != 0 || strcmp(a.text, text) != 0)
		print_error("%u %s: %s\n", a.status, a.error, a.text);
	assert_int_equal(a.status, 400);
	assert_string_equal(a.error, error);
	assert_string_equal(a.text, text);
	answer_fini(&a);
}

static char *token_of(struct answer a)
{
	char *token = a.token;

	if (token == NULL)
		print_error("%u %s: %s\n", a.status, a.error, a.text);
	assert_non_null(token);
	a.token = NULL;
	answer_fini(&a);
	return token;
}

static void a_chain_is_made_and_logs_in(void **)
{
	struct service s;
	char why[JWT_WHY], hex[NODE_TEXT_SIZE];

	service_make(&s, "");
	char *root = service_root(alice);
	struct answer a = service_trade(&s, service_now, NULL, root, "actor", "planner", NULL);
	assert_int_equal(a.status, 200);
	assert_string_equal(json_string_value(json_object_get(a.json, "token_type")), "Bearer");
	assert_int_equal(json_integer_value(json_object_get(a.json, "expires_in")), 300);
	struct subject *one = service_login(&s, a.token, NULL, service_now, why);
	assert_non_null(one);
	assert_string_equal(one->issuer, "test");
	assert_string_equal(one->key, "ann");
	assert_int_equal(one->n_groups, 2);
	assert_int_equal(one->depth, 1);
	assert_string_equal(one->chain, "ann > agent:planner");
	assert_string_equal(one->links[1].issuer, "gateway");
	assert_string_equal(one->links[1].name, "planner");
	assert_int_equal(one->links[1].kind, SUBJECT_AGENT);
	assert_string_equal(
		json_string_value(json_object_get(a.json, "node")),
		node_text(&one->links[1].node, hex)
	);
	assert_int_equal(one->expires, service_now + 300);
	char *second = token_of(service_trade(
		&s, service_now, NULL, a.token, "actor", "reader", "scope", "read", "audience",
		"orders", NULL
	));
	struct subject *two = service_login(&s, second, NULL, service_now, why);
	assert_non_null(two);
	assert_string_equal(two->chain, "ann > agent:planner > agent:reader");
	assert_true(node_equal(&two->links[1].node, &one->links[1].node));
	assert_true(node_equal(&two->links[0].token, &one->links[0].token));
	assert_int_equal(two->scope.effects, EFFECT_READ | EFFECT_SESSION);
	assert_int_equal(two->scope.n_resources, 1);
	assert_string_equal(two->scope.resources[0], "orders");
	assert_int_equal(two->scope.depth_left, SUBJECT_LINKS_MAX - 3);
	subject_free(one);
	subject_free(two);
	answer_fini(&a);
	free(second);
	free(root);
	service_fini(&s);
}

static void act_is_nested_with_the_actor_outside(void **)
{
	struct service s;

	service_make(&s, "");
	char *root = service_root(alice);
	char *one = token_of(service_trade(&s, service_now, NULL, root, "actor", "a", NULL));
	char *two = token_of(service_trade(&s, service_now, NULL, one, "actor", "b", NULL));
	json_t *claims = service_claims(two);
	json_t *act = json_object_get(claims, "act");
	assert_string_equal(json_string_value(json_object_get(claims, "sub")), "ann");
	assert_string_equal(json_string_value(json_object_get(claims, "iss")), "https://gateway");
	assert_string_equal(json_string_value(json_object_get(act, "sub")), "agent:b");
	act = json_object_get(act, "act");
	assert_string_equal(json_string_value(json_object_get(act, "sub")), "agent:a");
	assert_null(json_object_get(act, "act"));
	json_decref(claims);
	free(two);
	free(one);
	free(root);
	service_fini(&s);
}

static void everything_may_be_narrowed(void **)
{
	static const char details[] =
		"[{\"type\":\"bulkhead\",\"resources\":[\"urn:bulkhead:resource:orders\"],"
		"\"effects\":[\"read\",\"write\"],\"hold\":[\"write\"],\"max_depth\":1,"
		"\"budgets\":{\"rows\":\"100/h\",\"writes\":\"5/10m\"},\"ttl\":60}]";
	struct service s;
	char why[JWT_WHY];

	service_make(&s, "");
	char *root = service_root(alice);
	char *one = token_of(service_trade(
		&s, service_now, NULL, root, "actor", "a", "authorization_details", details, NULL
	));
	struct subject *subject = service_login(&s, one, NULL, service_now, why);
	assert_non_null(subject);
	assert_int_equal(subject->expires, service_now + 60);
	assert_int_equal(subject->scope.hold, EFFECT_WRITE);
	assert_int_equal(subject->scope.depth_left, 1);
	assert_int_equal(subject->scope.n_budgets, 2);
	assert_int_equal(subject->scope.budgets[0].metric, BUDGET_ROWS);
	assert_int_equal(subject->scope.budgets[0].limit, 100);
	assert_int_equal(subject->scope.budgets[0].window_s, 3600);
	assert_int_equal(subject->scope.budgets[1].window_s, 600);
	assert_true(node_equal(&subject->scope.budgets[0].node, &subject->links[1].node));
	fails(service_trade(&s, service_now, NULL, one, "actor", "b", "scope", "ddl", NULL),
	      "invalid_scope", "the effect ddl is not in the parent's scope");
	fails(service_trade(&s, service_now, NULL, one, "actor", "b", "resource", "ledger", NULL),
	      "invalid_target", "the resource ledger is not in the parent's scope");
	fails(service_trade(&s, service_now, NULL, root, "actor", "b", "resource", "x", NULL),
	      "invalid_target", "no resource is called x");
	subject_free(subject);
	free(one);
	free(root);
	service_fini(&s);
}

static void depth_has_an_end(void **)
{
	struct service s;
	char why[JWT_WHY];

	service_make(&s, "");
	char *token = service_root(alice);
	for (int i = 1; i < SUBJECT_LINKS_MAX; i++) {
		char *next =
			token_of(service_trade(&s, service_now, NULL, token, "actor", "a", NULL));
		free(token);
		token = next;
	}
	struct subject *subject = service_login(&s, token, NULL, service_now, why);
	assert_non_null(subject);
	assert_int_equal(subject->n_links, SUBJECT_LINKS_MAX);
	subject_free(subject);
	fails(service_trade(&s, service_now, NULL, token, "actor", "a", NULL), "invalid_scope",
	      "the parent may not delegate any further");
	free(token);
	service_fini(&s);
	service_make(&s, ", depth_max: 1");
	token = service_root(alice);
	char *one = token_of(service_trade(&s, service_now, NULL, token, "actor", "a", NULL));
	fails(service_trade(&s, service_now, NULL, one, "actor", "a", NULL), "invalid_scope",
	      "the parent may not delegate any further");
	free(one);
	free(token);
	service_fini(&s);
}

static void a_child_ends_with_its_parent(void **)
{
	struct service s;
	char why[JWT_WHY];

	service_make(&s, "");
	char *root = service_root(alice);
	uint64_t late = service_now + 3590; // ten seconds are left
	char *one = token_of(
		service_trade(&s, late, NULL, root, "actor", "a", "requested_ttl", "600", NULL)
	);
	json_t *claims = service_claims(one);
	assert_int_equal(json_integer_value(json_object_get(claims, "exp")), service_now + 3600);
	json_decref(claims);
	struct subject *subject = service_login(&s, one, NULL, service_now + 3599, why);
	assert_non_null(subject);
	subject_free(subject);
	assert_null(service_login(&s, one, NULL, service_now + 3600, why));
	assert_string_equal(why, "token has expired");
	// The provider's clock may differ by a minute; a child does not get that minute.
	fails(service_trade(&s, service_now + 3600, NULL, root, "actor", "a", NULL),
	      "invalid_request", "the token was not accepted");
	free(one);
	one = token_of(service_trade(
		&s, service_now, NULL, root, "actor", "a", "requested_ttl", "99999", NULL
	));
	claims = service_claims(one);
	assert_int_equal(json_integer_value(json_object_get(claims, "exp")), service_now + 3600);
	json_decref(claims);
	free(one);
	free(root);
	service_fini(&s);
}

static void a_child_may_have_an_identity_of_its_own(void **)
{
	struct service s;
	char why[JWT_WHY];

	service_make(&s, "");
	char *root = service_root(alice);
	char *agent = service_root("\"sub\":\"robot\",\"groups\":[\"bots\"]");
	char *one =
		token_of(service_trade(&s, service_now, NULL, root, "actor_token", agent, NULL));
	struct subject *subject = service_login(&s, one, NULL, service_now, why);
	assert_non_null(subject);
	assert_string_equal(subject->links[1].issuer, "test");
	assert_string_equal(subject->links[1].key, "robot");
	assert_int_equal(subject->links[1].n_groups, 1);
	const struct node_id robot = node_of_subject("test", "robot");
	assert_true(node_equal(&subject->links[1].subject, &robot));
	assert_false(node_equal(&subject->links[1].node, &robot));
	subject_free(subject);
	fails(service_trade(&s, service_now, NULL, root, "actor_token", one, NULL),
	      "invalid_request", "the actor's token must not be a delegated one");
	// RFC 8693 4.4.
	char *chosen = service_root(
		"\"sub\":\"ann\",\"may_act\":{\"iss\":\"https://issuer\",\"sub\":\"robot\"}"
	);
	free(token_of(service_trade(&s, service_now, NULL, chosen, "actor_token", agent, NULL)));
	char *other = service_root("\"sub\":\"other\"");
	fails(service_trade(&s, service_now, NULL, chosen, "actor_token", other, NULL),
	      "invalid_request", "the token was not accepted");
	fails(service_trade(&s, service_now, NULL, chosen, "actor", "robot", NULL),
	      "invalid_request", "the token was not accepted");
	// Who may act for the actor is another matter.
	char *owned = service_root("\"sub\":\"robot\",\"may_act\":{\"sub\":\"ann\"}");
	free(token_of(service_trade(&s, service_now, NULL, root, "actor_token", owned, NULL)));
	free(owned);
	free(other);
	free(chosen);
	free(one);
	free(agent);
	free(root);
	service_fini(&s);
}

static void a_plain_name_is_nobody_elses(void **)
{
	static const char *const bad[] = {"a b", "a/b", "\n", "agent:x", "\xc3\xa4"};
	struct service s;

	service_make(&s, "");
	char *root = service_root(alice);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		fails(service_trade(&s, service_now, NULL, root, "actor", bad[i], NULL),
		      "invalid_request", "actor must be 1 to 64 letters, digits, -, _ and .");
	const struct node_id agent = node_of_subject("gateway", "agent:ann");
	const struct node_id ann = node_of_subject("test", "ann");
	assert_false(node_equal(&agent, &ann));
	char why[JWT_WHY];
	char *thief = service_root("\"sub\":\"agent:planner\"");
	assert_null(service_login(&s, thief, NULL, service_now, why));
	assert_string_equal(why, "token's subject is called as an agent of the gateway is");
	free(thief);
	free(root);
	service_fini(&s);
}

// What the token service writes into its tokens says nothing in a provider's.
static void a_provider_cannot_write_a_chain(void **)
{
	struct service s;
	char why[JWT_WHY], forged[4096];

	service_make(&s, "");
	char *root = service_root(alice);
	char *child = token_of(service_trade(&s, service_now, NULL, root, "actor", "a", NULL));
	json_t *claims = service_claims(child);
	char *own = json_dumps(json_object_get(claims, "bulkhead"), JSON_COMPACT);
	snprintf(forged, sizeof(forged), "\"sub\":\"eve\",\"bulkhead\":%s", own);
	char *thief = service_root(forged);
	struct subject *eve = service_login(&s, thief, NULL, service_now, why);
	assert_non_null(eve);
	assert_string_equal(eve->key, "eve");
	assert_int_equal(eve->n_links, 1);
	assert_int_equal(eve->n_groups, 0);
	subject_free(eve);
	free(thief);
	thief = service_root("\"sub\":\"eve\",\"act\":{\"sub\":\"agent:a\"}");
	assert_null(service_login(&s, thief, NULL, service_now, why));
	free(thief);
	thief = service_root("\"sub\":\"eve\",\"act\":{\"iss\":\"https://gateway\",\"sub\":\"a\"}");
	assert_null(service_login(&s, thief, NULL, service_now, why));
	free(thief);
	free(own);
	json_decref(claims);
	free(child);
	free(root);
	service_fini(&s);
}

static void the_revoked_get_nothing(void **)
{
	struct service s;

	service_make(&s, "");
	char *root = service_root(alice);
	char *agent = service_root("\"sub\":\"bob\"");
	char *one = token_of(service_trade(&s, service_now, NULL, root, "actor", "a", NULL));
	char *two = token_of(service_trade(&s, service_now, NULL, one, "actor", "b", NULL));
	s.revoked = node_of_subject("test", "bob"); // the actor
	fails(service_trade(&s, service_now, NULL, root, "actor_token", agent, NULL),
	      "invalid_request", "the token was not accepted");
	s.revoked = node_of_subject(CONFIG_TOKEN_SERVICE_NAME, "agent:a"); // a link in between
	fails(service_trade(&s, service_now, NULL, two, "actor", "c", NULL), "invalid_request",
	      "the token was not accepted");
	s.revoked = node_of_subject("test", "ann");
	fails(service_trade(&s, service_now, NULL, one, "actor", "b", NULL), "invalid_request",
	      "the token was not accepted");
	json_t *line = service_audited(&s);
	assert_string_equal(json_string_value(json_object_get(line, "type")), "exchange_refused");
	assert_string_equal(
		json_string_value(json_object_get(line, "reason")), "revoked: the test said so"
	);
	json_decref(line);
	free(two);
	free(one);
	free(agent);
	free(root);
	service_fini(&s);
}

static void a_certificate_binds(void **)
{
	uint8_t mine[32], other[32];
	char why[JWT_WHY], text[BINDING_TEXT_SIZE], details[128];
	struct service s;

	memset(mine, 1, sizeof(mine));
	memset(other, 2, sizeof(other));
	service_make(&s, "");
	char *root = service_root(alice);
	char *one = token_of(service_trade(&s, service_now, mine, root, "actor", "a", NULL));
	struct subject *subject = service_login(&s, one, mine, service_now, why);
	assert_non_null(subject);
	subject_free(subject);
	assert_null(service_login(&s, one, other, service_now, why));
	assert_string_equal(why, "token is bound to another certificate");
	assert_null(service_login(&s, one, NULL, service_now, why));
	assert_string_equal(why, "token is bound to a certificate, and none was shown");
	// Nor can it be traded without.
	fails(service_trade(&s, service_now, other, one, "actor", "b", NULL), "invalid_request",
	      "the token was not accepted");
	// The parent says whose certificate the child's is.
	snprintf(
		details, sizeof(details), "[{\"type\":\"bulkhead\",\"cnf\":{\"x5t#S256\":\"%s\"}}]",
		binding_text(other, text)
	);
	char *two = token_of(service_trade(
		&s, service_now, mine, one, "actor", "b", "authorization_details", details, NULL
	));
	assert_null(service_login(&s, two, mine, service_now, why));
	subject = service_login(&s, two, other, service_now, why);
	assert_non_null(subject);
	subject_free(subject);
	free(two);
	free(one);
	free(root);
	service_fini(&s);
}

static void children_are_counted(void **)
{
	struct service s;

	service_make(&s, ", children_max: 2");
	char *root = service_root(alice);
	for (int i = 0; i < 2; i++)
		free(token_of(service_trade(&s, service_now, NULL, root, "actor", "a", NULL)));
	struct answer a = service_trade(&s, service_now, NULL, root, "actor", "a", NULL);
	assert_int_equal(a.status, 429);
	answer_fini(&a);
	assert_int_equal(sts_stats(s.sts).children, 2);
	// When they have expired there is room again.
	free(token_of(service_trade(&s, service_now + 300, NULL, root, "actor", "a", NULL)));
	sts_tick(s.sts, service_now + 301);
	assert_int_equal(sts_stats(s.sts).children, 1);
	free(root);
	service_fini(&s);
}

// Where a tree of children of children would otherwise take what there is for everybody.
static void one_tree_leaves_room_for_others(void **)
{
	static const char bob[] = "\"sub\":\"bob\"";
	struct chain_link links[2] = {
		{.node = node_of_subject("test", "ann"), .name = "ann"},
		{.name = "child", .subject = {{1, 1}}}};
	struct service s;

	service_make(&s, "");
	char *root = service_root(alice), *other = service_root(bob);
	assert_int_equal(store_begin(s.store), 0);
	for (uint64_t i = 0; i < STS_CHILDREN_ROOT; i++) {
		links[1].node = (struct node_id){{i, 7}};
		assert_int_equal(
			children_add(s.store, links, 2, service_now, service_now + 900), 0
		);
	}
	// Grandchildren: the direct children of alice are none yet.
	assert_int_equal(
		store_run(s.store, "UPDATE chain_nodes SET parent=x'00'", STORE_NO_VALUES), 0
	);
	assert_int_equal(store_end(s.store, 0), 0);
	sts_tick(s.sts, service_now);
	struct answer a = service_trade(&s, service_now, NULL, root, "actor", "a", NULL);
	assert_int_equal(a.status, 429);
	assert_string_equal(a.text, "the root has as many live children below it as it may");
	answer_fini(&a);
	free(token_of(service_trade(&s, service_now, NULL, other, "actor", "a", NULL)));
	free(other);
	free(root);
	service_fini(&s);
}

static void nobody_asks_too_often(void **)
{
	struct service s;
	unsigned refused = 0;

	service_make(&s, ", children_max: 10000");
	char *root = service_root(alice);
	for (int i = 0; i < STS_BURST + 5; i++) {
		struct answer a = service_trade(&s, service_now, NULL, root, "actor", "a", NULL);
		refused += a.status == 429;
		answer_fini(&a);
	}
	assert_int_equal(refused, 5);
	char *other = service_root("\"sub\":\"bob\"");
	free(token_of(service_trade(&s, service_now, NULL, other, "actor", "a", NULL)));
	free(token_of(service_trade(&s, service_now + 1, NULL, root, "actor", "a", NULL)));
	free(other);
	free(root);
	service_fini(&s);
}

static void a_provider_that_is_gone_speaks_for_nobody(void **)
{
	struct service s;
	char why[JWT_WHY];

	service_make(&s, "");
	char *root = service_root(alice);
	char *one = token_of(service_trade(&s, service_now, NULL, root, "actor", "a", NULL));
	service_reload(
		&s,
		"issuers:\n  - {name: test, issuer: \"https://other\", audience: gw, "
		"keys: {file: %s}}\n",
		""
	);
	assert_null(service_login(&s, one, NULL, service_now, why));
	assert_string_equal(why, "token's chain has an issuer that is not configured any more");
	service_reload(
		&s,
		"issuers:\n  - {name: renamed, issuer: \"https://issuer\", audience: gw, "
		"keys: {file: %s}}\n",
		""
	);
	assert_null(service_login(&s, one, NULL, service_now, why));
	service_reload(&s, NULL, "");
	struct subject *subject = service_login(&s, one, NULL, service_now, why);
	assert_non_null(subject);
	subject_free(subject);
	free(one);
	free(root);
	service_fini(&s);
}

static void requests_are_read_strictly(void **)
{
	static const struct {
		const char *name, *value, *error, *text;
	} bad[] = {
		{"actor", "b", "invalid_request", "actor is given more than once"},
		{"scope", "read everything", "invalid_scope",
		 "scope has a word that is no effect: read, write, ddl, admin, exec"},
		{"requested_ttl", "5m", "invalid_request", "requested_ttl must be in seconds"},
		{"requested_ttl", "0", "invalid_request", "requested_ttl must be in seconds"},
		{"resource", "a b", "invalid_target", "a resource has no usable name"},
		{"subject_token", "x", "invalid_request", "subject_token is given more than once"},
		{"requested_token_type", "urn:ietf:params:oauth:token-type:saml2",
		 "invalid_request", "token types other than access_token and jwt are unknown"},
		{"authorization_details", "{}", "invalid_authorization_details",
		 "authorization_details must be a list of one object"},
		{"authorization_details", "[{}]", "invalid_authorization_details",
		 "the type is missing"},
		{"authorization_details", "[{\"type\":\"x\"}]", "invalid_authorization_details",
		 "the only type is bulkhead"},
		{"authorization_details", "[{\"type\":\"bulkhead\",\"x\":1}]",
		 "invalid_authorization_details", "it has an unknown member"},
		{"authorization_details", "[{\"type\":\"bulkhead\",\"max_depth\":9}]",
		 "invalid_authorization_details", "max_depth must be a number from 0 to 8"},
		{"authorization_details",
		 "[{\"type\":\"bulkhead\",\"budgets\":{\"rows\":\"100\"}}]",
		 "invalid_authorization_details",
		 "the budget of rows must be an amount in a time such as 100/h"},
		{"authorization_details",
		 "[{\"type\":\"bulkhead\",\"budgets\":{\"cats\":\"1/h\"}}]",
		 "invalid_authorization_details",
		 "a budget is of sessions, commands, rows, bytes, masked or writes"},
		{"authorization_details", "[{\"type\":\"bulkhead\",\"cnf\":{\"jkt\":\"x\"}}]",
		 "invalid_authorization_details", "cnf must have x5t#S256 and nothing else"},
	};
	struct service s;

	service_make(&s, "");
	char *root = service_root(alice);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		fails(service_trade(
			      &s, service_now, NULL, root, "actor", "a", bad[i].name, bad[i].value,
			      NULL
		      ),
		      bad[i].error, bad[i].text);
	fails(service_trade(&s, service_now, NULL, root, NULL), "invalid_request",
	      "the child must be named, by actor_token or by actor");
	fails(service_trade(
		      &s, service_now, NULL, root, "actor", "a", "scope", "read",
		      "authorization_details", "[{\"type\":\"bulkhead\",\"effects\":[\"read\"]}]",
		      NULL
	      ),
	      "invalid_request", "effects: as a parameter or in authorization_details, not both");
	// What is unknown or empty is as if it were not there (RFC 6749 3.2).
	free(token_of(service_trade(
		&s, service_now, NULL, root, "actor", "a", "client_id", "x", "scope", "", NULL
	)));
	free(root);
	service_fini(&s);
}

static void bad_tokens_get_one_answer(void **)
{
	static const struct {
		const char *token, *reason;
	} bad[] = {
		{"x", "token is no JWT in compact form"},
		{"eyJhbGciOiJub25lIiwia2lkIjoiYSJ9.e30.",
		 "token's alg is not RS256, PS256 or ES256"},
	};
	struct service s;

	service_make(&s, "");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fails(service_trade(&s, service_now, NULL, bad[i].token, "actor", "a", NULL),
		      "invalid_request", "the token was not accepted");
		json_t *line = service_audited(&s);
		assert_string_equal(
			json_string_value(json_object_get(line, "reason")), bad[i].reason
		);
		json_decref(line);
	}
	// Another gateway's, or one that was signed by nobody we know.
	char *root = service_root(alice);
	char *one = token_of(service_trade(&s, service_now, NULL, root, "actor", "a", NULL));
	struct service t;
	service_make(&t, "");
	fails(service_trade(&t, service_now, NULL, one, "actor", "a", NULL), "invalid_request",
	      "the token was not accepted");
	service_fini(&t);
	free(one);
	free(root);
	service_fini(&s);
}

static void the_audit_log_has_it_without_the_token(void **)
{
	struct service s;
	size_t n = 0;

	service_make(&s, "");
	char *root = service_root(alice);
	char *one = token_of(
		service_trade(&s, service_now, NULL, root, "actor", "a", "scope", "read", NULL)
	);
	json_t *line = service_audited(&s);
	assert_string_equal(json_string_value(json_object_get(line, "type")), "token_exchanged");
	assert_string_equal(json_string_value(json_object_get(line, "chain")), "ann");
	assert_string_equal(json_string_value(json_object_get(line, "actor")), "agent:a");
	assert_int_equal(json_integer_value(json_object_get(line, "expires")), service_now + 300);
	json_decref(line);
	char *log = (char *)scratch_read(&s.folder, "audit/audit.log", &n);
	assert_null(memmem(log, n, strrchr(one, '.'), 40));
	assert_null(memmem(log, n, strrchr(root, '.'), 40));
	free(log);
	free(one);
	free(root);
	service_fini(&s);
}

static void too_many_groups_do_not_fit(void **)
{
	struct service s;
	char *claims = malloc(16384);
	size_t at = (size_t)sprintf(claims, "\"sub\":\"ann\",\"groups\":[");

	for (int i = 0; i < 40; i++)
		at += (size_t)sprintf(claims + at, "%s\"%0200d\"", i == 0 ? "" : ",", i);
	strcpy(claims + at, "]");
	service_make(&s, "");
	char *root = service_root(claims);
	char *agent = service_root(claims);
	fails(service_trade(&s, service_now, NULL, root, "actor_token", agent, NULL),
	      "invalid_request", "the chain has too many groups to fit into a token");
	free(token_of(service_trade(&s, service_now, NULL, root, "actor", "a", NULL)));
	free(agent);
	free(root);
	free(claims);
	service_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chain_is_made_and_logs_in),
		cmocka_unit_test(act_is_nested_with_the_actor_outside),
		cmocka_unit_test(everything_may_be_narrowed),
		cmocka_unit_test(depth_has_an_end),
		cmocka_unit_test(a_child_ends_with_its_parent),
		cmocka_unit_test(a_child_may_have_an_identity_of_its_own),
		cmocka_unit_test(a_plain_name_is_nobody_elses),
		cmocka_unit_test(a_provider_cannot_write_a_chain),
		cmocka_unit_test(the_revoked_get_nothing),
		cmocka_unit_test(a_certificate_binds),
		cmocka_unit_test(children_are_counted),
		cmocka_unit_test(one_tree_leaves_room_for_others),
		cmocka_unit_test(nobody_asks_too_often),
		cmocka_unit_test(a_provider_that_is_gone_speaks_for_nobody),
		cmocka_unit_test(requests_are_read_strictly),
		cmocka_unit_test(bad_tokens_get_one_answer),
		cmocka_unit_test(the_audit_log_has_it_without_the_token),
		cmocka_unit_test(too_many_groups_do_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
