// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/proto/postgres/scram_cache.h"
#include "tests/unit/postgres/talk.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <stdio.h>

// The client behind us is taken in; the server has accepted TLS, or was asked without.
static void enter(struct talk *t, bool tls, struct span binding)
{
	struct span startup = pack("iissb", 8 + 5 + 6 + 1, 196608, "user", "agent", 0);

	talk_restart(t);
	t->upstream.tls = tls;
	memcpy(t->upstream.nonce, "0123456789abcdefghijklmn", 24);
	t->ops->client_secured(t->state);
	feed_kind(t, LEG_CLIENT, startup, PROTO_SWALLOW);
	feed_kind(t, LEG_CLIENT, say('p', "s", "token"), PROTO_LOGIN);
	t->ops->login_forget(t->state);
	assert_int_equal(t->ops->upstream_start(t->state, &t->upstream, &t->io), 0);
	if (tls) {
		feed_kind(t, LEG_SERVER, SPAN_LIT("S"), PROTO_UPSTREAM_TLS);
		assert_int_equal(t->ops->upstream_secured(t->state, binding, &t->io), 0);
	}
	buf_consume(&t->to_client, buf_len(&t->to_client));
	buf_consume(&t->to_server, buf_len(&t->to_server));
}

static const struct span none;

static void cleartext_only_within_tls(void **state)
{
	struct talk *t = *state;

	enter(t, true, none);
	feed_kind(t, LEG_SERVER, say('R', "i", 3), PROTO_SWALLOW);
	expect_sent(t, LEG_SERVER, say('p', "s", "pencil"));
	feed_kind(t, LEG_SERVER, say('R', "i", 0), PROTO_SWALLOW);
	enter(t, false, none);
	feed_bad(t, LEG_SERVER, say('R', "i", 3), PROTO_BAD_AUTHENTICATION);
	expect_silence(t);
}

// md5(md5("pencil" "app_ro") "\1\2\3\4").
static void md5_is_answered(void **state)
{
	struct talk *t = *state;

	enter(t, false, none);
	feed_kind(t, LEG_SERVER, say('R', "ibbbb", 5, 1, 2, 3, 4), PROTO_SWALLOW);
	expect_sent(t, LEG_SERVER, say('p', "s", "md534fdac37e90a4fc485a47bb68f750134"));
	enter(t, false, none);
	feed_bad(t, LEG_SERVER, say('R', "ibbb", 5, 1, 2, 3), PROTO_BAD_AUTHENTICATION);
}

static void other_methods_are_refused(void **state)
{
	struct talk *t = *state;
	const int requests[] = {1, 2, 4, 6, 7, 8, 9, 11, 12, 13, -1};

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		enter(t, true, none);
		feed_bad(t, LEG_SERVER, say('R', "i", requests[i]), PROTO_BAD_AUTHENTICATION);
	}
	enter(t, true, none);
	feed_bad(t, LEG_SERVER, say('R', "isb", 10, "OAUTHBEARER", 0), PROTO_BAD_AUTHENTICATION);
	enter(t, true, none);
	feed_bad(t, LEG_SERVER, say('R', "is", 10, "SCRAM-SHA-256"), PROTO_BAD_AUTHENTICATION);
	enter(t, true, none);
	feed_bad(t, LEG_SERVER, say('R', "h", 0), PROTO_BAD_AUTHENTICATION);
}

static void only_one_method_is_tried(void **state)
{
	struct talk *t = *state;

	enter(t, true, none);
	feed_kind(t, LEG_SERVER, say('R', "ibbbb", 5, 1, 2, 3, 4), PROTO_SWALLOW);
	feed_bad(t, LEG_SERVER, say('R', "i", 3), PROTO_BAD_AUTHENTICATION);
}

// RFC 7677 section 3.
static void keys_are_those_of_the_rfc(void **state)
{
	(void)state;
	struct span auth = SPAN_LIT("n=user,r=rOprNGfwEbeRWgbNEkqO,"
				    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
				    "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
				    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
	struct scram_cache *cache = scram_cache_new();
	struct scram_keys keys;
	uint8_t salt[18], stored[32], proof[32];
	char text[64];

	assert_int_equal(
		EVP_DecodeBlock(salt, (const uint8_t *)"W22ZaJ0SNY7soEsUEjb6gQ==", 24), 18
	);
	for (int i = 0; i < 3; i++) { // fresh, into the cache, out of the cache
		assert_int_equal(
			scram_keys_derive(
				i == 0 ? NULL : cache, SPAN_LIT("pencil"), span_of(salt, 16), 4096,
				&keys
			),
			0
		);
		SHA256(keys.client, 32, stored);
		assert_int_equal(scram_hmac(stored, auth, proof), 0);
		for (int k = 0; k < 32; k++)
			proof[k] ^= keys.client[k];
		EVP_EncodeBlock((uint8_t *)text, proof, 32);
		assert_string_equal(text, "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
		assert_int_equal(scram_hmac(keys.server, auth, proof), 0);
		EVP_EncodeBlock((uint8_t *)text, proof, 32);
		assert_string_equal(text, "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
	}
	scram_cache_free(cache);
	scram_cache_free(NULL);
}

// The server's side of one exchange, after RFC 5802 section 3, from the other end.
struct server {
	const char *header; // gs2 header with the binding, as the client must have said it
	size_t header_len;
	const char *first; // server-first-message
	char signature[64];
};

static struct span part(struct span text, const char *from, const char *to)
{
	const uint8_t *a = memmem(text.p, text.n, from, strlen(from));
	assert_non_null(a);
	a += strlen(from);
	size_t left = text.n - (size_t)(a - text.p);
	const uint8_t *b = *to == '\0' ? a + left : memmem(a, left, to, strlen(to));
	assert_non_null(b);
	return span_of(a, (size_t)(b - a));
}

// Check the client's proof as the server does, and sign.
static bool server_accepts(struct server *server, struct span client_final, struct span salt)
{
	struct scram_keys keys;
	char c[256], auth[1024];
	uint8_t stored[32], signature[32], proof[33];
	struct span p = part(client_final, ",p=", "");

	assert_int_equal(scram_keys_derive(NULL, SPAN_LIT("pencil"), salt, 4096, &keys), 0);
	EVP_EncodeBlock((uint8_t *)c, (const uint8_t *)server->header, (int)server->header_len);
	struct span said = part(client_final, "c=", ",r=");
	if (said.n != strlen(c) || memcmp(said.p, c, said.n) != 0)
		return false;
	int n = snprintf(
		auth, sizeof(auth), "n=,r=MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u,%s,%.*s", server->first,
		(int)(client_final.n - p.n - 3), (const char *)client_final.p
	);
	SHA256(keys.client, 32, stored);
	assert_int_equal(scram_hmac(stored, span_of(auth, (size_t)n), signature), 0);
	assert_int_equal(p.n, 44);
	assert_int_equal(EVP_DecodeBlock(proof, p.p, 44), 33);
	for (int i = 0; i < 32; i++)
		if ((proof[i] ^ signature[i]) != keys.client[i])
			return false;
	assert_int_equal(scram_hmac(keys.server, span_of(auth, (size_t)n), signature), 0);
	memcpy(server->signature, "v=", 3);
	EVP_EncodeBlock((uint8_t *)server->signature + 2, signature, 32);
	return true;
}

#define FIRST "r=MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1uSERVER,s=c2FsdA==,i=4096"

static struct span sasl(int code, const char *text)
{
	return say('R', "ir", code, strlen(text), text);
}

static void expect_first(struct talk *t, const char *mechanism, const char *header)
{
	char first[128];
	int n = snprintf(first, sizeof(first), "%sn=,r=MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u", header);

	expect_sent(t, LEG_SERVER, say('p', "sir", mechanism, n, (size_t)n, first));
}

static void finish(struct talk *t, struct server *server)
{
	server->first = FIRST;
	feed_kind(t, LEG_SERVER, sasl(11, FIRST), PROTO_SWALLOW);
	struct span answer = buf_span(&t->to_server);
	assert_int_equal(answer.p[0], 'p');
	assert_true(server_accepts(server, span_from(answer, 5), SPAN_LIT("salt")));
	buf_consume(&t->to_server, answer.n);
	feed_kind(t, LEG_SERVER, sasl(12, server->signature), PROTO_SWALLOW);
	feed_kind(t, LEG_SERVER, say('R', "i", 0), PROTO_SWALLOW);
	expect_sent(t, LEG_CLIENT, say('R', "i", 0));
}

static void scram_without_binding(void **state)
{
	struct talk *t = *state;
	struct server server = {.header = "n,,", .header_len = 3};

	enter(t, false, none);
	feed_kind(
		t, LEG_SERVER, say('R', "issb", 10, "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", 0),
		PROTO_SWALLOW
	);
	expect_first(t, "SCRAM-SHA-256", "n,,");
	finish(t, &server);
}

static void scram_with_binding(void **state)
{
	struct talk *t = *state;
	static const char header[] = "p=tls-server-end-point,,HASH-OF-THE-CERTIFICATE-IN-32-BY";
	struct server server = {.header = header, .header_len = sizeof(header) - 1};

	enter(t, true, SPAN_LIT("HASH-OF-THE-CERTIFICATE-IN-32-BY"));
	feed_kind(
		t, LEG_SERVER, say('R', "issb", 10, "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", 0),
		PROTO_SWALLOW
	);
	expect_first(t, "SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,");
	finish(t, &server);
}

// The server must see from 'y' that its offer of -PLUS did not arrive.
static void scram_says_that_it_could_bind(void **state)
{
	struct talk *t = *state;
	struct server server = {.header = "y,,", .header_len = 3};

	enter(t, true, SPAN_LIT("HASH"));
	feed_kind(t, LEG_SERVER, say('R', "isb", 10, "SCRAM-SHA-256", 0), PROTO_SWALLOW);
	expect_first(t, "SCRAM-SHA-256", "y,,");
	finish(t, &server);
}

static void begin_scram(struct talk *t)
{
	enter(t, false, none);
	feed_kind(t, LEG_SERVER, say('R', "isb", 10, "SCRAM-SHA-256", 0), PROTO_SWALLOW);
	buf_consume(&t->to_server, buf_len(&t->to_server));
}

static void server_must_prove_itself(void **state)
{
	struct talk *t = *state;
	char wrong[] = "v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

	begin_scram(t);
	feed_bad(t, LEG_SERVER, say('R', "i", 0), PROTO_BAD_AUTHENTICATION);
	begin_scram(t);
	feed_kind(t, LEG_SERVER, sasl(11, FIRST), PROTO_SWALLOW);
	feed_bad(t, LEG_SERVER, say('R', "i", 0), PROTO_BAD_AUTHENTICATION);
	begin_scram(t);
	feed_kind(t, LEG_SERVER, sasl(11, FIRST), PROTO_SWALLOW);
	feed_bad(t, LEG_SERVER, sasl(12, wrong), PROTO_BAD_AUTHENTICATION);
	begin_scram(t);
	feed_bad(t, LEG_SERVER, sasl(12, wrong), PROTO_BAD_AUTHENTICATION);
	begin_scram(t);
	feed_kind(t, LEG_SERVER, sasl(11, FIRST), PROTO_SWALLOW);
	feed_bad(t, LEG_SERVER, sasl(11, FIRST), PROTO_BAD_AUTHENTICATION);
	begin_scram(t);
	feed_kind(t, LEG_SERVER, sasl(11, FIRST), PROTO_SWALLOW);
	feed_bad(t, LEG_SERVER, sasl(12, "e=other-error"), PROTO_BAD_AUTHENTICATION);
}

#define NONCE "MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u"

static void hostile_first_messages(void **state)
{
	struct talk *t = *state;
	static char long_nonce[2048] = "r=" NONCE;
	static char long_salt[1024] = "r=" NONCE "x,s=";
	const char *const cases[] = {
		"",
		"r=" NONCE ",s=c2FsdA==,i=4096", // nothing of the server in the nonce
		"r=XDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ux,s=c2FsdA==,i=4096", // not our nonce
		"r=" NONCE "x,s=,i=4096",
		"r=" NONCE "x,s=c2Fsd,i=4096",
		"r=" NONCE "x,s=c2F dA==,i=4096",
		"r=" NONCE "x,s====,i=4096",
		"r=" NONCE "x,s=c2FsdA==,i=0",
		"r=" NONCE "x,s=c2FsdA==,i=",
		"r=" NONCE "x,s=c2FsdA==,i=-1",
		"r=" NONCE "x,s=c2FsdA==,i=100001",
		"r=" NONCE "x,s=c2FsdA==,i=4294971392",
		"r=" NONCE "x,s=c2FsdA==,i=4096,x=1",
		"m=ext,r=" NONCE "x,s=c2FsdA==,i=4096",
		"s=c2FsdA==,r=" NONCE "x,i=4096",
		"r=" NONCE "\x01,s=c2FsdA==,i=4096",
		long_nonce, // CVE-2026-6665
		long_salt,
	};

	memset(long_nonce + 34, 'x', 1990);
	strcpy(long_nonce + 2024, ",s=c2FsdA==,i=1");
	memset(long_salt + strlen(long_salt), 'A', 400);
	strcpy(long_salt + strlen(long_salt), ",i=1");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin_scram(t);
		feed_bad(t, LEG_SERVER, sasl(11, cases[i]), PROTO_BAD_AUTHENTICATION);
		expect_silence(t);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, talk_setup, talk_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(cleartext_only_within_tls),
		TEST(md5_is_answered),
		TEST(other_methods_are_refused),
		TEST(only_one_method_is_tried),
		cmocka_unit_test(keys_are_those_of_the_rfc),
		TEST(scram_without_binding),
		TEST(scram_with_binding),
		TEST(scram_says_that_it_could_bind),
		TEST(server_must_prove_itself),
		TEST(hostile_first_messages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
