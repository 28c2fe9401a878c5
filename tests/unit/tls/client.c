// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/tls/loop.h"

#include <stdio.h>

// A handshake of ours with ours; how it ended for the client, and *why.
static int attempt(
	struct world *world, const char *file, enum tls_verify verify, const char *name,
	const char **why
)
{
	static char text[128];
	struct tls_server *server = loop_server(world, NULL, file, NULL);
	struct tls_client *client = loop_client(world, verify, name);
	struct end s = loop_end(tls_accept(server));
	struct end c = loop_end(tls_connect(client));
	loop_run(&c, &s, 0);
	int result = c.result;
	assert_true(tls_is_established(c.tls) == (result == 0));
	// The server is told why, by an alert.
	assert_true((s.result == ERR_TLS) == (result != 0));
	(void)snprintf(text, sizeof(text), "%s", tls_failure(c.tls));
	*why = text;
	loop_end_fini(&s);
	loop_end_fini(&c);
	tls_server_free(server);
	tls_client_free(client);
	return result;
}

static void the_right_name_or_address_passes(void **state)
{
	static const char *const names[] = {"db.example", "DB.Example", "127.0.0.1", "::1"};
	const char *why;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(attempt(*state, "db", TLS_VERIFY_FULL, names[i], &why), 0);
		assert_int_equal(attempt(*state, "db-rsa", TLS_VERIFY_FULL, names[i], &why), 0);
	}
	assert_int_equal(attempt(*state, "other", TLS_VERIFY_FULL, "x.wild.example", &why), 0);
}

static void the_wrong_name_does_not(void **state)
{
	static const char *const names[] = {
		"other.example", "b.example", "x.db.example", "db.example.evil", "leaf",
	};
	const char *why;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int rc = attempt(*state, "db", TLS_VERIFY_FULL, names[i], &why);
		assert_int_equal(rc, ERR_CERTIFICATE);
		assert_string_equal(why, "hostname mismatch");
	}
	int rc = attempt(*state, "db", TLS_VERIFY_FULL, "127.0.0.2", &why);
	assert_int_equal(rc, ERR_CERTIFICATE);
	assert_string_equal(why, "IP address mismatch");
	rc = attempt(*state, "other", TLS_VERIFY_FULL, "x.y.wild.example", &why);
	assert_int_equal(rc, ERR_CERTIFICATE);
	// The name matters to FULL only.
	assert_int_equal(attempt(*state, "db", TLS_VERIFY_CA, "other.example", &why), 0);
	assert_int_equal(attempt(*state, "db", TLS_VERIFY_CA, NULL, &why), 0);
	assert_int_equal(attempt(*state, "db", TLS_VERIFY_NONE, "other.example", &why), 0);
}

static void the_common_name_is_no_name(void **state)
{
	struct world *w = *state;
	authority_issue(w->root, &(struct authority_leaf){"EC", .common_name = "cn.example"}, "cn");
	const char *why;
	int rc = attempt(w, "cn", TLS_VERIFY_FULL, "cn.example", &why);
	assert_int_equal(rc, ERR_CERTIFICATE);
	assert_int_equal(attempt(w, "cn", TLS_VERIFY_CA, "cn.example", &why), 0);
}

static void an_unknown_authority_is_refused(void **state)
{
	struct world *w = *state;
	struct authority *evil = authority_new(w->dir, "evil", NULL, "EC");
	authority_issue(evil, &(struct authority_leaf){"EC", "DNS:db.example"}, "forged");
	const char *why;
	int rc = attempt(w, "forged", TLS_VERIFY_FULL, "db.example", &why);
	assert_int_equal(rc, ERR_CERTIFICATE);
	assert_non_null(strstr(why, "unable to get local issuer certificate"));
	rc = attempt(w, "forged", TLS_VERIFY_CA, "db.example", &why);
	assert_int_equal(rc, ERR_CERTIFICATE);
	assert_int_equal(attempt(w, "forged", TLS_VERIFY_NONE, "db.example", &why), 0);
	authority_free(evil);
}

static void time_counts(void **state)
{
	struct world *w = *state;
	struct authority_leaf leaf = {"EC", "DNS:db.example", .from = -7200, .to = -3600};
	authority_issue(w->root, &leaf, "expired");
	leaf.from = 3600;
	leaf.to = 7200;
	authority_issue(w->root, &leaf, "early");
	const char *why;
	int rc = attempt(w, "expired", TLS_VERIFY_CA, NULL, &why);
	assert_int_equal(rc, ERR_CERTIFICATE);
	assert_string_equal(why, "certificate has expired");
	rc = attempt(w, "early", TLS_VERIFY_FULL, "db.example", &why);
	assert_int_equal(rc, ERR_CERTIFICATE);
	assert_string_equal(why, "certificate is not yet valid");
}

// RFC 6066 3: an address is not a name to ask for.
static void names_are_asked_for_and_addresses_not(void **state)
{
	static const char *const names[][2] = {
		{"db.example", "db.example"},
		{"127.0.0.1", ""},
		{"::1", ""}};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct tls_server *server = loop_server(*state, NULL, "db", NULL);
		struct tls_client *client = loop_client(*state, TLS_VERIFY_FULL, names[i][0]);
		struct end s = loop_end(tls_accept(server));
		struct end c = loop_end(tls_connect(client));
		loop_run(&c, &s, 0);
		assert_true(tls_is_established(c.tls));
		assert_string_equal(tls_server_name(s.tls), names[i][1]);
		loop_end_fini(&s);
		loop_end_fini(&c);
		tls_server_free(server);
		tls_client_free(client);
	}
}

static void alpn_is_offered(void **state)
{
	struct tls_client_config config = {.verify = TLS_VERIFY_NONE, .alpn = "postgresql"};
	struct tls_client *client;
	const char *why;
	assert_int_equal(tls_client_new(&config, &client, &why), 0);
	static const char *const servers[][2] = {{"postgresql", "postgresql"}, {NULL, ""}};
	for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
		struct tls_server *server = loop_server(*state, servers[i][0], "db", NULL);
		struct end s = loop_end(tls_accept(server));
		struct end c = loop_end(tls_connect(client));
		loop_run(&c, &s, 0);
		assert_true(tls_is_established(c.tls));
		assert_string_equal(tls_alpn(c.tls), servers[i][1]);
		assert_string_equal(tls_alpn(s.tls), servers[i][1]);
		loop_end_fini(&s);
		loop_end_fini(&c);
		tls_server_free(server);
	}
	tls_client_free(client);
}

struct visit {
	struct tls_client *client;
	SSL_CTX *context;
	struct end c;
	struct end s;
};

static struct visit visit_new(struct world *world, int version, const char *file)
{
	struct visit v = {
		.client = loop_client(world, TLS_VERIFY_FULL, "db.example"),
		.context = loop_openssl_server(world, version, file),
	};
	v.c = loop_end(tls_connect(v.client));
	v.s = loop_peer_server(v.context);
	return v;
}

static void visit_fini(struct visit *v)
{
	loop_end_fini(&v->c);
	loop_end_fini(&v->s);
	tls_client_free(v->client);
	SSL_CTX_free(v->context);
}

static void talk(struct visit *v)
{
	loop_send(&v->c, SPAN_LIT("a question"));
	loop_move(&v->c, &v->s, 0);
	loop_received(&v->s, SPAN_LIT("a question"));
	loop_send(&v->s, SPAN_LIT("an answer"));
	loop_move(&v->s, &v->c, 3);
	loop_received(&v->c, SPAN_LIT("an answer"));
}

static void servers_of_openssl(void **state)
{
	struct world *w = *state;
	authority_issue(w->root, &(struct authority_leaf){"EC-384", "DNS:db.example"}, "p384");
	static const char *const files[] = {"db", "db-rsa", "p384"};
	for (size_t i = 0; i < 6; i++) {
		int version = i % 2 == 0 ? TLS1_2_VERSION : TLS1_3_VERSION;
		struct visit v = visit_new(w, version, files[i / 2]);
		loop_run(&v.c, &v.s, i == 0 ? 1 : 0);
		assert_true(tls_is_established(v.c.tls));
		assert_string_equal(
			tls_version(v.c.tls), version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3"
		);
		talk(&v);
		visit_fini(&v);
	}
}

static void a_server_that_updates_keys(void **state)
{
	struct visit v = visit_new(*state, TLS1_3_VERSION, "db");
	loop_run(&v.c, &v.s, 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(SSL_key_update(v.s.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
		talk(&v);
	}
	visit_fini(&v);
}

// RFC 5246 7.4.1.1: a HelloRequest is answered by a warning; OpenSSL's server then gives up.
static void a_server_that_renegotiates(void **state)
{
	struct visit v = visit_new(*state, TLS1_2_VERSION, "db");
	loop_run(&v.c, &v.s, 0);
	talk(&v);
	assert_int_equal(SSL_renegotiate(v.s.ssl), 1);
	assert_int_equal(SSL_do_handshake(v.s.ssl), 1);
	loop_run(&v.s, &v.c, 0);
	assert_int_equal(v.c.result, ERR_TLS);
	assert_non_null(strstr(tls_failure(v.c.tls), "alert handshake failure"));
	visit_fini(&v);
}

static void a_certificate_request_is_answered_with_none(void **state)
{
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		struct visit v = visit_new(*state, version, "db");
		SSL_set_verify(v.s.ssl, SSL_VERIFY_PEER, NULL);
		loop_run(&v.c, &v.s, 0);
		assert_true(tls_is_established(v.c.tls));
		talk(&v);
		visit_fini(&v);
	}
}

static void bad_configurations_are_refused(void **)
{
	struct tls_client_config config = {.verify = TLS_VERIFY_FULL, .ca_file = "/nonexistent"};
	struct tls_client *client;
	const char *why;
	assert_int_equal(tls_client_new(&config, &client, &why), ERR_CONFIG);
	assert_string_equal(why, "a server name is needed to verify it");
	config.server_name = "db.example";
	assert_int_equal(tls_client_new(&config, &client, &why), ERR_CONFIG);
	assert_non_null(strstr(why, "/nonexistent"));
	config.ca_file = "/dev/null";
	assert_int_equal(tls_client_new(&config, &client, &why), ERR_CONFIG);
	char name[TLS_NAME_MAX + 1] = {};
	memset(name, 'a', TLS_NAME_MAX);
	config.server_name = name;
	assert_int_equal(tls_client_new(&config, &client, &why), ERR_CONFIG);
	assert_string_equal(why, "the server name is too long");
}

static void the_system_store_is_a_file(void **state)
{
	struct world *w = *state;
	char ca[AUTHORITY_PATH];
	struct tls_client_config config = {.verify = TLS_VERIFY_CA};
	assert_int_equal(setenv("SSL_CERT_FILE", authority_path(w->root, "ca", ".pem", ca), 1), 0);
	struct tls_client *client;
	const char *why;
	assert_int_equal(tls_client_new(&config, &client, &why), 0);
	assert_int_equal(unsetenv("SSL_CERT_FILE"), 0);
	struct tls_server *server = loop_server(w, NULL, "db", NULL);
	struct end s = loop_end(tls_accept(server));
	struct end c = loop_end(tls_connect(client));
	loop_run(&c, &s, 0);
	assert_int_equal(c.result, 0);
	assert_true(tls_is_established(c.tls));
	loop_end_fini(&s);
	loop_end_fini(&c);
	tls_server_free(server);
	tls_client_free(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_right_name_or_address_passes),
		cmocka_unit_test(the_wrong_name_does_not),
		cmocka_unit_test(the_common_name_is_no_name),
		cmocka_unit_test(an_unknown_authority_is_refused),
		cmocka_unit_test(time_counts),
		cmocka_unit_test(names_are_asked_for_and_addresses_not),
		cmocka_unit_test(alpn_is_offered),
		cmocka_unit_test(servers_of_openssl),
		cmocka_unit_test(a_server_that_updates_keys),
		cmocka_unit_test(a_server_that_renegotiates),
		cmocka_unit_test(a_certificate_request_is_answered_with_none),
		cmocka_unit_test(bad_configurations_are_refused),
		cmocka_unit_test(the_system_store_is_a_file),
	};
	return cmocka_run_group_tests_name("client", tests, loop_world_new, loop_world_free);
}
