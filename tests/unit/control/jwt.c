// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Which tokens get in, and who they are then.

#include "controlplane/identity/jwt.h"

#include "tests/unit/control/token.h"

#include <jansson.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint64_t now = 1700000000;

static struct token_key rsa = {"rsa", "RS256"}, pss = {"pss", "PS256"}, ec = {"ec", "ES256"};
static struct token_key stranger = {"rsa", "RS256"};
static struct keyset *keys;

static const struct config_issuer generic = {
	.name = "test",
	.issuer = "https://issuer",
	.n_audiences = 2,
	.audiences = {"other", "gw"},
	.skew_s = 60,
};
#define GOOD "\"iss\":\"https://issuer\",\"aud\":\"gw\",\"sub\":\"a\",\"exp\":1700000100"

// As the control plane does it. Frees `token`.
static int login(char *token, const struct config_issuer *issuer, struct subject **out, char *why)
{
	struct span text = span_str(token);
	struct jwt *jwt = NULL;

	int rc = jwt_parse(text, &jwt, why);
	if (rc == 0)
		rc = jwt_verify(jwt, keys, why);
	if (rc == 0)
		rc = jwt_subject(jwt, issuer, text, NULL, now, out, why);
	jwt_free(jwt);
	free(token);
	return rc;
}

static void each_algorithm_is_verified(void **)
{
	const struct token_key *all[] = {&rsa, &pss, &ec};
	char why[JWT_WHY];

	for (size_t i = 0; i < 3; i++) {
		struct subject *s = NULL;
		assert_int_equal(login(token_make(all[i], "{" GOOD "}"), &generic, &s, why), 0);
		assert_string_equal(s->issuer, "test");
		assert_string_equal(s->key, "a");
		assert_string_equal(s->name, "a");
		assert_string_equal(s->chain, "a");
		assert_int_equal(s->depth, 0);
		assert_int_equal(s->expires, 1700000160);
		subject_free(s);
	}
}

static void a_changed_token_is_refused(void **)
{
	char *token = token_make(&ec, "{" GOOD "}");
	size_t n = strlen(token), refused = 0;
	char why[JWT_WHY];

	for (size_t i = 0; i < n; i++) {
		struct subject *s = NULL;
		char *copy = strdup(token);
		copy[i] = copy[i] == 'A' ? 'B' : 'A';
		int rc = login(copy, &generic, &s, why);
		// The last character of a part may hold bits that mean nothing.
		refused += rc != 0;
		subject_free(s);
	}
	assert_true(refused >= n - 3);
	free(token);
}

static void a_cut_token_is_refused(void **)
{
	char *token = token_make(&rsa, "{" GOOD "}");
	char why[JWT_WHY];

	for (size_t n = 0; n < strlen(token); n++) {
		struct subject *s = NULL;
		assert_int_not_equal(login(strndup(token, n), &generic, &s, why), 0);
		assert_null(s);
	}
	free(token);
}

static void refused(char *token, int result, const char *says)
{
	struct subject *s = NULL;
	char why[JWT_WHY] = "";

	int rc = login(token, &generic, &s, why);
	assert_string_equal(why, says);
	assert_int_equal(rc, result);
	assert_null(s);
}

#define ALG "token's alg is not RS256, PS256 or ES256"

static void the_header_is_checked(void **)
{
	static const struct {
		const char *header, *says;
	} wrong[] = {
		{"{\"alg\":\"none\",\"kid\":\"rsa\"}", ALG},
		{"{\"alg\":\"None\",\"kid\":\"rsa\"}", ALG},
		{"{\"alg\":\"HS256\",\"kid\":\"rsa\"}", ALG},
		{"{\"alg\":\"RS512\",\"kid\":\"rsa\"}", ALG},
		{"{\"alg\":\"rs256\",\"kid\":\"rsa\"}", ALG},
		{"{\"kid\":\"rsa\"}", "token has no alg"},
		{"{\"alg\":[\"RS256\"],\"kid\":\"rsa\"}", "token has no alg"},
		{"{\"alg\":\"RS256\"}", "token's header has no usable kid"},
		{"{\"alg\":\"RS256\",\"kid\":\"\"}", "token's header has no usable kid"},
		{"{\"alg\":\"RS256\",\"kid\":7}", "token's header has no usable kid"},
		{"{\"alg\":\"RS256\",\"kid\":\"rsa\",\"jku\":\"https://evil\"}",
		 "token's header has jku"},
		{"{\"alg\":\"RS256\",\"kid\":\"rsa\",\"x5u\":\"https://evil\"}",
		 "token's header has x5u"},
		{"{\"alg\":\"RS256\",\"kid\":\"rsa\",\"jwk\":{}}", "token's header has jwk"},
		{"{\"alg\":\"RS256\",\"kid\":\"rsa\",\"x5c\":[]}", "token's header has x5c"},
		{"{\"alg\":\"RS256\",\"kid\":\"rsa\",\"crit\":[\"exp\"]}",
		 "token's header has crit"},
		{"{\"alg\":\"RS256\",\"kid\":\"rsa\",\"typ\":\"logout+jwt\"}",
		 "token's typ is not that of an access token"},
		{"{\"alg\":\"RS256\",\"alg\":\"none\",\"kid\":\"rsa\"}",
		 "token's header says something twice"},
		{"{\"alg\":\"RS256\",\"kid\":\"r\xff\"}", "token's header is no UTF-8"},
		{"{\"alg\":\"RS256\",\"kid\":\"rsa\\u0000\"}", "token's header has a NUL"},
		{"[]", "token's header is no JSON object"},
		{"{", "token's header is no JSON object"},
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		refused(token_sign(&rsa, wrong[i].header, "{" GOOD "}"), ERR_AUTH, wrong[i].says);
}

static void a_key_serves_its_own_algorithm_only(void **)
{
	static const char *const says = "token's key is not one of the issuer's";

	// The EC key's name with an RSA algorithm, and the other way round.
	refused(token_sign(&rsa, "{\"alg\":\"RS256\",\"kid\":\"ec\"}", "{" GOOD "}"), -ENOKEY,
		says);
	refused(token_sign(&ec, "{\"alg\":\"ES256\",\"kid\":\"rsa\"}", "{" GOOD "}"), -ENOKEY,
		says);
	refused(token_sign(&rsa, "{\"alg\":\"RS256\",\"kid\":\"new\"}", "{" GOOD "}"), -ENOKEY,
		says);
	refused(token_make(&stranger, "{" GOOD "}"), ERR_AUTH, "token's signature is wrong");
	// PKCS #1 v1.5 where PSS is announced.
	refused(token_sign(&rsa, "{\"alg\":\"PS256\",\"kid\":\"rsa\"}", "{" GOOD "}"), ERR_AUTH,
		"token's signature is wrong");
}

static void the_form_is_checked(void **)
{
	char *text = malloc(JWT_BYTES_MAX + 2);

	memset(text, 'a', JWT_BYTES_MAX + 1);
	text[JWT_BYTES_MAX + 1] = '\0';
	refused(text, ERR_AUTH, "token is too long");
	refused(strdup(""), ERR_AUTH, "token is empty");
	refused(strdup("a.b"), ERR_AUTH, "token is no JWT in compact form");
	refused(strdup("a.b.c.d"), ERR_AUTH, "token is no JWT in compact form");
	refused(strdup("a.b.c="), ERR_AUTH, "token is no JWT in compact form");
	refused(strdup("hunter2"), ERR_AUTH, "token is no JWT in compact form");
	refused(strdup(".."), ERR_AUTH, "token's header is no JSON object");
	refused(token_make(&rsa, "[]"), ERR_AUTH, "token's payload is no JSON object");
	refused(token_make(&rsa, "{}"), ERR_AUTH, "token has no iss");
	refused(token_make(&rsa, "{" GOOD ",\"iss\":\"b\"}"), ERR_AUTH,
		"token's payload says something twice");
	refused(token_make(&rsa, "{" GOOD ",\"act\":{\"sub\":\"a\",\"sub\":\"b\"}}"), ERR_AUTH,
		"token's payload says something twice");
	refused(token_make(&rsa, "{" GOOD ",\"name\":\"\xc3\"}"), ERR_AUTH,
		"token's payload is no UTF-8");
	refused(token_make(&rsa, "{" GOOD ",\"name\":\"a\\u0000b\"}"), ERR_AUTH,
		"token's payload has a NUL");
	refused(token_make(&rsa, "{" GOOD ",\"a\\u0000b\":1}"), ERR_AUTH,
		"token's payload has a NUL");
}

// RFC 7518 3.4: 64 bytes, however many of them are zero.
static void a_signature_has_its_length(void **)
{
	static const char says[] = "token's signature has the wrong length";
	char *token = token_make(&ec, "{" GOOD "}");
	size_t whole = strlen(token), signature = strlen(strrchr(token, '.') + 1);

	assert_int_equal(signature, 86);
	for (size_t n = 0; n < signature; n++)
		refused(strndup(token, whole - signature + n), ERR_AUTH, says);
	for (size_t more = 1; more < 100; more += 7) {
		char *longer = malloc(whole + more + 1);
		memcpy(longer, token, whole);
		memset(longer + whole, 'A', more);
		longer[whole + more] = '\0';
		refused(longer, ERR_AUTH, says);
	}
	free(token);
}

// The key that everybody has as the secret of an HMAC (RFC 8725 2.1), and no signature at all.
static void a_public_key_is_no_secret(void **)
{
	char *h = token_base64url(SPAN_LIT("{\"alg\":\"HS256\",\"kid\":\"rsa\"}").p, 27);
	char *c = token_base64url("{" GOOD "}", strlen("{" GOOD "}"));
	char *token = malloc(strlen(h) + strlen(c) + 64);

	sprintf(token, "%s.%s.%s", h, c, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
	refused(token, ERR_AUTH, ALG);
	token = token_make(&rsa, "{" GOOD "}");
	strrchr(token, '.')[1] = '\0';
	struct subject *s = NULL;
	char why[JWT_WHY];
	assert_int_equal(login(token, &generic, &s, why), ERR_AUTH);
	free(h);
	free(c);
}

static int claims(
	const char *text, const struct config_issuer *issuer, struct subject **out,
	char why[static JWT_WHY]
)
{
	json_t *json = json_loads(text, 0, NULL);

	assert_non_null(json);
	why[0] = '\0';
	int rc = claims_subject(json, issuer, JWT_TYP_JWT, SPAN_LIT("h.c.s"), now, out, why);
	json_decref(json);
	return rc;
}

#define WITHOUT_EXP "{\"iss\":\"https://issuer\",\"aud\":\"gw\",\"sub\":\"a\""
#define WITHOUT_AUD "{\"iss\":\"https://issuer\",\"sub\":\"a\",\"exp\":1700000100"
#define USABLE      "token's chain of actors has one without a usable sub"

static void the_claims_are_checked(void **)
{
	static const struct {
		const char *text, *says;
	} wrong[] = {
		{"{\"iss\":\"https://issuer/\"}", "token is from another issuer"},
		{WITHOUT_EXP "}", "token has no exp"},
		{WITHOUT_EXP ",\"exp\":\"1700000100\"}", "token's exp, nbf or iat is no time"},
		{WITHOUT_EXP ",\"exp\":-1}", "token's exp, nbf or iat is no time"},
		{WITHOUT_EXP ",\"exp\":1e300}", "token's exp, nbf or iat is no time"},
		{WITHOUT_EXP ",\"exp\":1699999940}", "token has expired"},
		{"{" GOOD ",\"nbf\":1700000061}", "token is not valid yet"},
		{"{" GOOD ",\"nbf\":null}", "token's exp, nbf or iat is no time"},
		{"{" GOOD ",\"iat\":1700000061}", "token was issued in the future"},
		{WITHOUT_AUD "}", "token is for another audience"},
		{WITHOUT_AUD ",\"aud\":\"GW\"}", "token is for another audience"},
		{WITHOUT_AUD ",\"aud\":[]}", "token is for another audience"},
		{WITHOUT_AUD ",\"aud\":[\"x\",7,null]}", "token is for another audience"},
		{WITHOUT_AUD ",\"aud\":{\"gw\":1}}", "token is for another audience"},
		{"{" GOOD ",\"hasgroups\":true}",
		 "token has too many groups to list them (overage); use app roles"},
		{"{" GOOD ",\"_claim_names\":{\"groups\":\"src1\"}}",
		 "token has too many groups to list them (overage); use app roles"},
		{"{" GOOD ",\"groups\":[1]}", "token's groups or roles are no list of names"},
		{"{" GOOD ",\"groups\":{}}", "token's groups or roles are no list of names"},
		{"{" GOOD ",\"groups\":[\"\"]}", "token has a group or role without a usable name"},
		{"{" GOOD ",\"groups\":[\"a\\nb\"]}",
		 "token has a group or role without a usable name"},
		{"{" GOOD ",\"groups\":[\"role:dba\"]}",
		 "token has a group whose name starts with role:"},
		{"{" GOOD ",\"act\":{}}", USABLE},
		{"{" GOOD ",\"act\":7}", USABLE},
		{"{\"iss\":\"https://issuer\",\"aud\":\"gw\",\"exp\":1700000100}",
		 "token has no usable sub"},
		{"{\"iss\":\"https://issuer\",\"aud\":\"gw\",\"exp\":1700000100,"
		 "\"sub\":\"a\\u001b[2J\"}",
		 "token has no usable sub"},
	};
	char why[JWT_WHY];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct subject *s = NULL;
		assert_int_equal(claims(wrong[i].text, &generic, &s, why), ERR_AUTH);
		assert_string_equal(why, wrong[i].says);
	}
}

static void clocks_may_differ_by_the_skew(void **)
{
	struct subject *s = NULL;
	char why[JWT_WHY];

	assert_int_equal(
		claims(WITHOUT_EXP ",\"exp\":1699999941,\"nbf\":1700000060,\"iat\":1700000060.5}",
		       &generic, &s, why),
		0
	);
	assert_int_equal(s->expires, 1700000001);
	subject_free(s);
}

static void groups_and_roles_are_carried(void **)
{
	struct subject *s = NULL;
	char why[JWT_WHY];

	assert_int_equal(
		claims("{" GOOD ",\"groups\":[\"agents\",\"b\"],\"roles\":[\"reader\"],"
		       "\"name\":\"Agent A\"}",
		       &generic, &s, why),
		0
	);
	assert_int_equal(s->n_groups, 3);
	assert_string_equal(s->groups[0], "agents");
	assert_string_equal(s->groups[1], "b");
	assert_string_equal(s->groups[2], "role:reader");
	assert_string_equal(s->name, "Agent A");
	subject_free(s);
	assert_int_equal(claims("{" GOOD ",\"groups\":\"one\"}", &generic, &s, why), 0);
	assert_string_equal(s->groups[0], "one");
	subject_free(s);
}

static char *with_groups(unsigned n)
{
	char *text = malloc(64 + n * 8);
	int at = sprintf(text, "{" GOOD ",\"groups\":[");

	text = realloc(text, (size_t)at + 8 + n * 8);
	for (unsigned i = 0; i < n; i++)
		at += sprintf(text + at, "%s\"%u\"", i == 0 ? "" : ",", i);
	sprintf(text + at, "]}");
	return text;
}

static void groups_are_bounded(void **)
{
	struct subject *s = NULL;
	char why[JWT_WHY];
	char *most = with_groups(SUBJECT_GROUPS_MAX), *more = with_groups(SUBJECT_GROUPS_MAX + 1);

	assert_int_equal(claims(most, &generic, &s, why), 0);
	assert_int_equal(s->n_groups, SUBJECT_GROUPS_MAX);
	assert_string_equal(s->groups[SUBJECT_GROUPS_MAX - 1], "255");
	subject_free(s);
	assert_int_equal(claims(more, &generic, &s, why), ERR_AUTH);
	assert_string_equal(why, "token has too many groups");
	free(most);
	free(more);
}

static void actors_make_the_chain(void **)
{
	struct subject *s = NULL;
	char why[JWT_WHY], deep[512] = "{" GOOD;
	size_t at = strlen(deep);

	assert_int_equal(
		claims("{" GOOD ",\"act\":{\"sub\":\"child\",\"act\":{\"sub\":\"agent\"}}}",
		       &generic, &s, why),
		0
	);
	assert_int_equal(s->depth, 2);
	assert_string_equal(s->chain, "a > agent > child");
	subject_free(s);
	for (int i = 0; i < SUBJECT_LINKS_MAX; i++)
		at += (size_t)sprintf(deep + at, ",\"act\":{\"sub\":\"x\"");
	for (int i = 0; i <= SUBJECT_LINKS_MAX; i++)
		at += (size_t)sprintf(deep + at, "}");
	assert_int_equal(claims(deep, &generic, &s, why), ERR_AUTH);
	assert_string_equal(why, "token's chain of actors is too long");
}

static int enter(void **)
{
	rsa.key = token_key_new(2048);
	pss.key = token_key_new(2048);
	ec.key = token_key_new(0);
	stranger.key = token_key_new(2048);
	struct token_key all[] = {rsa, pss, ec};
	char *jwks = token_jwks(all, 3, "");
	int rc = keyset_parse(span_str(jwks), NULL, &keys);
	free(jwks);
	return rc;
}

static int leave(void **)
{
	keyset_unref(keys);
	EVP_PKEY_free(rsa.key);
	EVP_PKEY_free(pss.key);
	EVP_PKEY_free(ec.key);
	EVP_PKEY_free(stranger.key);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_algorithm_is_verified),
		cmocka_unit_test(a_changed_token_is_refused),
		cmocka_unit_test(a_cut_token_is_refused),
		cmocka_unit_test(the_header_is_checked),
		cmocka_unit_test(a_key_serves_its_own_algorithm_only),
		cmocka_unit_test(the_form_is_checked),
		cmocka_unit_test(a_signature_has_its_length),
		cmocka_unit_test(a_public_key_is_no_secret),
		cmocka_unit_test(the_claims_are_checked),
		cmocka_unit_test(clocks_may_differ_by_the_skew),
		cmocka_unit_test(groups_and_roles_are_carried),
		cmocka_unit_test(groups_are_bounded),
		cmocka_unit_test(actors_make_the_chain),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
