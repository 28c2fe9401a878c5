// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Who a token's subject is, by the profile of its issuer: key, kind, actors, and what is refused.

#include "controlplane/identity/claims.h"
#include "controlplane/identity/node.h"
#include "dataplane/api/effects.h"

#include <jansson.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const uint64_t now = 1700000000;

static struct config_issuer issuer;

#define ISSUER "\"iss\":\"https://issuer\",\"aud\":\"gw\",\"exp\":1700000100"
#define V1 \
	"\"iss\":\"https://sts.windows.net/T/\",\"aud\":\"gw\",\"exp\":1700000100,\"ver\":\"1.0\""
#define V2                                                                                        \
	"\"iss\":\"https://login.microsoftonline.com/T/v2.0\",\"aud\":\"gw\",\"exp\":1700000100," \
	"\"ver\":\"2.0\""
#define WHO ",\"tid\":\"T\",\"oid\":\"O\",\"sub\":\"S\""

static void use(enum config_profile profile, enum subject_kind subjects)
{
	issuer = (struct config_issuer){
		.name = "test",
		.issuer = "https://issuer",
		.n_audiences = 1,
		.audiences = {"gw"},
		.profile = profile,
		.subjects = subjects,
	};
	if (profile == CONFIG_PROFILE_ENTRA) {
		strcpy(issuer.issuer, "https://login.microsoftonline.com/T/v2.0");
		strcpy(issuer.other, "https://sts.windows.net/T/");
	}
}

static int read_as(enum jwt_typ typ, const char *text, struct subject **out, char *why)
{
	json_t *json = json_loads(text, 0, NULL);

	assert_non_null(json);
	why[0] = '\0';
	int rc = claims_subject(json, &issuer, typ, SPAN_LIT("h.c.s"), now, out, why);
	json_decref(json);
	return rc;
}

static struct subject *subject_of(enum jwt_typ typ, const char *text)
{
	struct subject *s = NULL;
	char why[SUBJECT_WHY];

	int rc = read_as(typ, text, &s, why);
	assert_string_equal(why, "");
	assert_int_equal(rc, 0);
	return s;
}

static void refused(enum jwt_typ typ, const char *text, const char *says)
{
	struct subject *s = NULL;
	char why[SUBJECT_WHY];

	assert_int_equal(read_as(typ, text, &s, why), ERR_AUTH);
	assert_string_equal(why, says);
}

static void same_node(struct node_id a, struct node_id b)
{
	assert_true(node_equal(&a, &b));
}

// ---- generic

static void a_root_is_a_chain_of_one(void **)
{
	use(CONFIG_PROFILE_GENERIC, SUBJECT_UNKNOWN);
	struct subject *s = subject_of(
		JWT_TYP_JWT,
		"{" ISSUER ",\"sub\":\"a\",\"jti\":\"j\",\"groups\":[\"g\"],\"roles\":\"r\"}"
	);

	assert_int_equal(s->n_links, 1);
	assert_int_equal(s->links[0].kind, SUBJECT_UNKNOWN);
	assert_string_equal(s->links[0].issuer, "test");
	assert_string_equal(s->links[0].key, "a");
	assert_int_equal(s->links[0].n_groups, 2);
	assert_string_equal(s->links[0].groups[1], "role:r");
	same_node(s->links[0].node, node_of_subject("test", "a"));
	same_node(s->links[0].subject, s->links[0].node);
	same_node(s->links[0].token, node_of_token("https://issuer", SPAN_LIT("j")));
	assert_true(s->scope.any_resource);
	assert_int_equal(s->scope.effects, EFFECT_ALL);
	assert_int_equal(s->scope.depth_left, SUBJECT_LINKS_MAX - 1);
	subject_free(s);
}

static void a_token_without_an_id_is_called_by_what_is_signed(void **)
{
	use(CONFIG_PROFILE_GENERIC, SUBJECT_UNKNOWN);
	struct subject *s = subject_of(JWT_TYP_JWT, "{" ISSUER ",\"sub\":\"a\"}");

	same_node(s->links[0].token, node_of_token("https://issuer", SPAN_LIT("h.c.")));
	subject_free(s);
	s = subject_of(JWT_TYP_JWT, "{" ISSUER ",\"sub\":\"a\",\"uti\":\"u\"}");
	same_node(s->links[0].token, node_of_token("https://issuer", SPAN_LIT("u")));
	subject_free(s);
}

static void actors_are_links(void **)
{
	use(CONFIG_PROFILE_GENERIC, SUBJECT_HUMAN);
	struct subject *s = subject_of(
		JWT_TYP_JWT, "{" ISSUER ",\"sub\":\"a\",\"jti\":\"j\",\"groups\":[\"g\"],"
			     "\"act\":{\"sub\":\"child\",\"act\":{\"sub\":\"agent\"}}}"
	);
	const struct chain_link *l = s->links;

	assert_int_equal(s->n_links, 3);
	assert_int_equal(s->depth, 2);
	assert_string_equal(s->chain, "a > agent > child");
	assert_int_equal(s->scope.depth_left, SUBJECT_LINKS_MAX - 3);
	assert_int_equal(l[0].kind, SUBJECT_HUMAN);
	assert_int_equal(l[1].kind, SUBJECT_UNKNOWN);
	assert_string_equal(l[1].key, "agent");
	assert_string_equal(l[2].key, "child");
	assert_int_equal(l[1].n_groups, 0);
	same_node(l[2].subject, node_of_subject("test", "child"));
	same_node(l[2].token, l[0].token);
	assert_false(node_equal(&l[1].node, &l[2].node));
	assert_false(node_equal(&l[1].node, &l[0].token));
	subject_free(s);
}

static void an_actor_of_another_issuer_is_refused(void **)
{
	use(CONFIG_PROFILE_GENERIC, SUBJECT_HUMAN);
	refused(JWT_TYP_JWT,
		"{" ISSUER ",\"sub\":\"a\",\"act\":{\"sub\":\"b\",\"iss\":\"https://elsewhere\"}}",
		"token's chain of actors has one of another issuer");
	subject_free(subject_of(
		JWT_TYP_JWT,
		"{" ISSUER ",\"sub\":\"a\",\"act\":{\"sub\":\"b\",\"iss\":\"https://issuer\"}}"
	));
}

static void the_kind_is_what_the_issuer_option_says(void **)
{
	static const enum subject_kind kinds[] = {SUBJECT_UNKNOWN, SUBJECT_HUMAN, SUBJECT_AGENT};

	for (size_t i = 0; i < 3; i++) {
		use(CONFIG_PROFILE_GENERIC, kinds[i]);
		struct subject *s = subject_of(JWT_TYP_JWT, "{" ISSUER ",\"sub\":\"a\"}");
		assert_int_equal(s->links[0].kind, kinds[i]);
		subject_free(s);
	}
}

// Whatever its issuer's other subjects are.
static void a_client_is_a_machine(void **)
{
	static const char *const says[] = {
		",\"client_id\":\"a\"",
		",\"azp\":\"a\"",
		",\"cid\":\"a\"",
		",\"azp\":\"b\",\"gty\":\"client-credentials\"",
		",\"azp\":\"b\",\"preferred_username\":\"service-account-b\"",
	};
	char text[512];

	use(CONFIG_PROFILE_GENERIC, SUBJECT_HUMAN);
	for (size_t i = 0; i < sizeof(says) / sizeof(says[0]); i++) {
		snprintf(text, sizeof(text), "{" ISSUER ",\"sub\":\"a\"%s}", says[i]);
		struct subject *s = subject_of(JWT_TYP_JWT, text);
		assert_int_equal(s->links[0].kind, SUBJECT_AGENT);
		subject_free(s);
	}
}

static void id_tokens_are_refused(void **)
{
	static const char says[] = "token is an ID token";

	use(CONFIG_PROFILE_GENERIC, SUBJECT_HUMAN);
	refused(JWT_TYP_JWT, "{" ISSUER ",\"sub\":\"a\",\"nonce\":\"n\"}", says);
	refused(JWT_TYP_AT, "{" ISSUER ",\"sub\":\"a\",\"at_hash\":\"n\"}", says);
	refused(JWT_TYP_JWT, "{" ISSUER ",\"sub\":\"a\",\"c_hash\":\"n\"}", says);
	refused(JWT_TYP_JWT, "{" ISSUER ",\"sub\":\"a\",\"azp\":\"gw\"}", says);
	refused(JWT_TYP_NONE, "{" ISSUER ",\"sub\":\"a\",\"client_id\":\"gw\"}", says);
	refused(JWT_TYP_JWT, "{" ISSUER ",\"sub\":\"a\",\"typ\":\"ID\"}",
		"token's claim typ is not that of an access token");
	refused(JWT_TYP_JWT, "{" ISSUER ",\"sub\":\"a\",\"typ\":\"Refresh\"}",
		"token's claim typ is not that of an access token");
	subject_free(subject_of(
		JWT_TYP_JWT, "{" ISSUER ",\"sub\":\"a\",\"azp\":\"gw\",\"scope\":\"db\"}"
	));
	subject_free(subject_of(JWT_TYP_AT, "{" ISSUER ",\"sub\":\"a\",\"client_id\":\"gw\"}"));
	subject_free(subject_of(JWT_TYP_JWT, "{" ISSUER ",\"sub\":\"a\",\"typ\":\"Bearer\"}"));
}

// ---- rfc9068

#define AT ISSUER ",\"sub\":\"a\",\"client_id\":\"c\",\"jti\":\"j\",\"iat\":1700000000"

static void rfc9068_asks_for_what_it_says(void **)
{
	use(CONFIG_PROFILE_RFC9068, SUBJECT_HUMAN);
	struct subject *s = subject_of(JWT_TYP_AT, "{" AT "}");
	assert_int_equal(s->links[0].kind, SUBJECT_HUMAN);
	subject_free(s);
	refused(JWT_TYP_JWT, "{" AT "}", "token's typ is not at+jwt");
	refused(JWT_TYP_NONE, "{" AT "}", "token's typ is not at+jwt");
	refused(JWT_TYP_AT, "{" AT ",\"nonce\":\"n\"}", "token is an ID token");
	refused(JWT_TYP_AT, "{" ISSUER ",\"client_id\":\"c\",\"jti\":\"j\",\"iat\":1}",
		"token has no usable sub");
	refused(JWT_TYP_AT, "{" ISSUER ",\"sub\":\"a\",\"jti\":\"j\",\"iat\":1}",
		"token has no usable client_id");
	refused(JWT_TYP_AT, "{" ISSUER ",\"sub\":\"a\",\"client_id\":\"c\",\"jti\":7,\"iat\":1}",
		"token has no usable jti");
	refused(JWT_TYP_AT, "{" ISSUER ",\"sub\":\"a\",\"client_id\":\"c\",\"jti\":\"j\"}",
		"token has no iat");
}

static void a_client_for_itself_is_an_agent(void **)
{
	use(CONFIG_PROFILE_RFC9068, SUBJECT_HUMAN);
	struct subject *s = subject_of(
		JWT_TYP_AT,
		"{" ISSUER ",\"sub\":\"c\",\"client_id\":\"c\",\"jti\":\"j\",\"iat\":1700000000}"
	);

	assert_int_equal(s->links[0].kind, SUBJECT_AGENT);
	subject_free(s);
}

// ---- entra

static void check_root(
	const char *text, const char *key, const char *name, enum subject_kind kind, uint16_t links
)
{
	struct subject *s = subject_of(JWT_TYP_JWT, text);

	assert_string_equal(s->key, key);
	assert_string_equal(s->name, name);
	assert_int_equal(s->links[0].kind, kind);
	assert_int_equal(s->n_links, links);
	subject_free(s);
}

#define USER   WHO ",\"idtyp\":\"user\",\"scp\":\"db\",\"name\":\"Alice\""
#define FACETS ",\"xms_act_fct\":\"3 9\",\"xms_sub_fct\":\"9 3\""

static void a_human_is_proven_or_unknown(void **)
{
	use(CONFIG_PROFILE_ENTRA, SUBJECT_UNKNOWN);
	check_root("{" V2 USER FACETS ",\"azp\":\"A\"}", "T/O", "Alice", SUBJECT_HUMAN, 1);
	check_root("{" V1 USER FACETS ",\"appid\":\"A\"}", "T/O", "Alice", SUBJECT_HUMAN, 1);
	// What is left out proves nothing.
	check_root("{" V2 USER ",\"azp\":\"A\"}", "T/O", "Alice", SUBJECT_UNKNOWN, 1);
	check_root(
		"{" V2 USER ",\"xms_sub_fct\":\"3\",\"azp\":\"A\"}", "T/O", "Alice",
		SUBJECT_UNKNOWN, 1
	);
	check_root(
		"{" V2 WHO FACETS ",\"scp\":\"db\",\"azp\":\"A\"}", "T/O", "T/O", SUBJECT_UNKNOWN, 1
	);
	check_root(
		"{" V2 WHO FACETS ",\"idtyp\":\"device\",\"azp\":\"A\"}", "T/O", "A",
		SUBJECT_UNKNOWN, 1
	);
	// The operator may know better of those that do not say, and of no others.
	use(CONFIG_PROFILE_ENTRA, SUBJECT_HUMAN);
	check_root("{" V2 USER ",\"azp\":\"A\"}", "T/O", "Alice", SUBJECT_HUMAN, 1);
	check_root("{" V2 WHO ",\"azp\":\"A\"}", "T/O", "A", SUBJECT_UNKNOWN, 1);
	check_root("{" V2 WHO ",\"idtyp\":\"app\",\"azp\":\"A\"}", "T/O", "A", SUBJECT_AGENT, 1);
}

static void applications_are_agents(void **)
{
	use(CONFIG_PROFILE_ENTRA, SUBJECT_HUMAN);
	check_root(
		"{" V2 WHO ",\"idtyp\":\"app\",\"roles\":[\"r\"],\"azp\":\"A\"}", "T/O", "A",
		SUBJECT_AGENT, 1
	);
	// Without the optional idtyp.
	check_root(
		"{" V2 ",\"tid\":\"T\",\"oid\":\"O\",\"sub\":\"O\",\"azp\":\"A\"}", "T/O", "A",
		SUBJECT_AGENT, 1
	);
	// A managed identity.
	check_root(
		"{" V1
		",\"tid\":\"T\",\"oid\":\"O\",\"sub\":\"O\",\"appid\":\"A\",\"appidacr\":\"2\","
		"\"idtyp\":\"app\",\"xms_mirid\":\"/subscriptions/x\"}",
		"T/O", "A", SUBJECT_AGENT, 1
	);
}

static void agent_identities_are_told_by_their_facets(void **)
{
	use(CONFIG_PROFILE_ENTRA, SUBJECT_HUMAN);
	// Autonomous.
	check_root(
		"{" V1 WHO ",\"appid\":\"A\",\"idtyp\":\"app\",\"xms_act_fct\":\"3 9 11\","
		"\"xms_sub_fct\":\"9 3 11\",\"xms_par_app_azp\":\"B\"}",
		"T/O", "A (blueprint B)", SUBJECT_AGENT, 1
	);
	// With an account of its own.
	check_root(
		"{" V2 USER ",\"azp\":\"A\",\"xms_act_fct\":\"11 3\",\"xms_sub_fct\":\"13\"}",
		"T/O", "Alice", SUBJECT_AGENT, 2
	);
	// Numbers that only look like it.
	check_root(
		"{" V2 USER
		",\"azp\":\"A\",\"xms_act_fct\":\"111 1 13.\",\"xms_sub_fct\":\"113 31\"}",
		"T/O", "Alice", SUBJECT_HUMAN, 1
	);
}

static void an_agent_on_behalf_of_a_human_is_a_chain(void **)
{
	use(CONFIG_PROFILE_ENTRA, SUBJECT_UNKNOWN);
	struct subject *s = subject_of(
		JWT_TYP_JWT, "{" V2 USER ",\"azp\":\"A\",\"uti\":\"U\",\"xms_act_fct\":\"3 11\","
			     "\"xms_sub_fct\":\"3 9\",\"xms_par_app_azp\":\"B\",\"groups\":[\"g\"],"
			     "\"app_displayname\":\"Helper\"}"
	);
	const struct chain_link *l = s->links;

	assert_int_equal(s->n_links, 2);
	assert_string_equal(s->chain, "T/O > T/A");
	assert_string_equal(s->name, "Alice");
	assert_int_equal(l[0].kind, SUBJECT_HUMAN);
	assert_int_equal(l[0].n_groups, 1);
	assert_int_equal(l[1].kind, SUBJECT_AGENT);
	assert_string_equal(l[1].name, "Helper (blueprint B)");
	assert_int_equal(l[1].n_groups, 0);
	same_node(l[1].subject, node_of_subject("test", "T/A"));
	same_node(
		l[0].token, node_of_token("https://login.microsoftonline.com/T/v2.0", SPAN_LIT("U"))
	);
	same_node(l[1].token, l[0].token);
	subject_free(s);
}

static void entra_refuses_what_it_cannot_place(void **)
{
	use(CONFIG_PROFILE_ENTRA, SUBJECT_HUMAN);
	refused(JWT_TYP_JWT, "{" V2 USER "}", "token is an ID token");
	refused(JWT_TYP_JWT, "{" V2 USER ",\"azp\":\"A\",\"nonce\":\"n\"}", "token is an ID token");
	refused(JWT_TYP_JWT, "{" V2 ",\"tid\":\"T\",\"azp\":\"A\"}", "token has no usable oid");
	refused(JWT_TYP_JWT, "{" V2 ",\"oid\":\"O\",\"azp\":\"A\"}", "token has no usable tid");
	refused(JWT_TYP_JWT, "{" V2 ",\"tid\":\"U\",\"oid\":\"O\",\"azp\":\"A\"}",
		"token's tid is not the issuer's tenant");
	refused(JWT_TYP_JWT, "{" V2 ",\"tid\":\"v2.0\",\"oid\":\"O\",\"azp\":\"A\"}",
		"token's tid is not the issuer's tenant");
	refused(JWT_TYP_JWT, "{" V2 USER ",\"azp\":\"A\",\"xms_act_fct\":11}",
		"token has no usable xms_act_fct");
	refused(JWT_TYP_JWT, "{" V2 USER ",\"azp\":\"A\",\"act\":{\"sub\":\"x\"}}",
		"token has an act, which Entra ID does not issue");
	refused(JWT_TYP_JWT, "{" V2 USER ",\"azp\":\"A\",\"_claim_names\":{\"groups\":\"src1\"}}",
		"token has too many groups to list them (overage); use app roles");
	refused(JWT_TYP_JWT, "{" V2 USER ",\"azp\":\"A\",\"hasgroups\":\"true\"}",
		"token has too many groups to list them (overage); use app roles");
	refused(JWT_TYP_JWT,
		"{\"iss\":\"https://sts.windows.net/T\",\"aud\":\"gw\",\"exp\":1700000100}",
		"token is from another issuer");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_root_is_a_chain_of_one),
		cmocka_unit_test(a_token_without_an_id_is_called_by_what_is_signed),
		cmocka_unit_test(actors_are_links),
		cmocka_unit_test(an_actor_of_another_issuer_is_refused),
		cmocka_unit_test(the_kind_is_what_the_issuer_option_says),
		cmocka_unit_test(a_client_is_a_machine),
		cmocka_unit_test(id_tokens_are_refused),
		cmocka_unit_test(rfc9068_asks_for_what_it_says),
		cmocka_unit_test(a_client_for_itself_is_an_agent),
		cmocka_unit_test(a_human_is_proven_or_unknown),
		cmocka_unit_test(applications_are_agents),
		cmocka_unit_test(agent_identities_are_told_by_their_facets),
		cmocka_unit_test(an_agent_on_behalf_of_a_human_is_a_chain),
		cmocka_unit_test(entra_refuses_what_it_cannot_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
