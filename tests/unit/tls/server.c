// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Our server against clients of plain OpenSSL.

#include "tests/unit/tls/loop.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

struct meeting {
	struct tls_server *server;
	SSL_CTX *context;
	struct end s;
	struct end c;
};

static struct meeting meet(struct tls_server *server, SSL_CTX *context, const char *name)
{
	struct meeting m = {server, context};
	m.s = loop_end(tls_accept(server));
	m.c = loop_peer(context, name);
	loop_run(&m.c, &m.s, 0);
	return m;
}

static void part(struct meeting *m)
{
	loop_end_fini(&m->s);
	loop_end_fini(&m->c);
	tls_server_free(m->server);
	SSL_CTX_free(m->context);
}

static bool met(const struct meeting *m)
{
	return tls_is_established(m->s.tls) && SSL_is_init_finished(m->c.ssl);
}

static int shown_key(const struct meeting *m)
{
	return EVP_PKEY_get_base_id(X509_get0_pubkey(SSL_get0_peer_certificate(m->c.ssl)));
}

static bool shown_name(const struct meeting *m, const char *name)
{
	return X509_check_host(SSL_get0_peer_certificate(m->c.ssl), name, 0, 0, NULL) == 1;
}

static void talk(struct meeting *m)
{
	loop_send(&m->c, SPAN_LIT("a question"));
	loop_move(&m->c, &m->s, 0);
	loop_received(&m->s, SPAN_LIT("a question"));
	loop_send(&m->s, SPAN_LIT("an answer"));
	loop_move(&m->s, &m->c, 0);
	loop_received(&m->c, SPAN_LIT("an answer"));
}

static void both_versions_and_both_keys(void **state)
{
	static const struct {
		int version;
		const char *algorithms;
		int key;
		const char *cipher;
	} cases[] = {
		{TLS1_3_VERSION, "ECDSA+SHA256", EVP_PKEY_EC, "TLS_AES_128_GCM_SHA256"},
		{TLS1_3_VERSION, "RSA-PSS+SHA256:ECDSA+SHA384", EVP_PKEY_RSA,
		 "TLS_AES_128_GCM_SHA256"},
		{TLS1_2_VERSION, "ECDSA+SHA256", EVP_PKEY_EC, "ECDHE-ECDSA-AES128-GCM-SHA256"},
		{TLS1_2_VERSION, "RSA+SHA256", EVP_PKEY_RSA, "ECDHE-RSA-AES128-GCM-SHA256"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SSL_CTX *context = loop_openssl(*state, cases[i].version);
		// The authorities sign with ECDSA and SHA-256: not what the client lists for RSA.
		SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
		assert_int_equal(SSL_CTX_set1_sigalgs_list(context, cases[i].algorithms), 1);
		struct meeting m =
			meet(loop_server(*state, NULL, "db", "db-rsa", NULL), context,
			     "db.example");
		assert_true(met(&m));
		assert_int_equal(SSL_version(m.c.ssl), cases[i].version);
		assert_int_equal(shown_key(&m), cases[i].key);
		assert_string_equal(tls_cipher(m.s.tls), cases[i].cipher);
		talk(&m);
		part(&m);
	}
}

static void name_chooses_the_certificate(void **state)
{
	static const struct {
		const char *asked;
		const char *shown;
	} cases[] = {
		{"db.example", "db.example"},        {"OTHER.example", "other.example"},
		{"a.wild.example", "other.example"}, {"a.b.wild.example", "db.example"},
		{"wild.example", "db.example"},      {"unknown.example", "db.example"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SSL_CTX *context =
			loop_openssl(*state, i % 2 == 0 ? TLS1_3_VERSION : TLS1_2_VERSION);
		SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
		struct meeting m =
			meet(loop_server(*state, NULL, "db", "other", "db-rsa", "other-rsa", NULL),
			     context, cases[i].asked);
		assert_true(met(&m));
		assert_true(shown_name(&m, cases[i].shown));
		assert_string_equal(tls_server_name(m.s.tls), cases[i].asked);
		part(&m);
	}
}

// The RSA chain of a host is used with the host's name, not only the first certificate's.
static void name_chooses_among_keys_too(void **state)
{
	SSL_CTX *context = loop_openssl(*state, TLS1_2_VERSION);
	SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
	assert_int_equal(SSL_CTX_set_cipher_list(context, "aRSA"), 1);
	struct meeting m =
		meet(loop_server(*state, NULL, "db", "other", "db-rsa", "other-rsa", NULL), context,
		     "other.example");
	assert_true(met(&m));
	assert_int_equal(shown_key(&m), EVP_PKEY_RSA);
	assert_true(shown_name(&m, "other.example"));
	part(&m);
}

static void no_name_gets_the_first_certificate(void **state)
{
	struct meeting m =
		meet(loop_server(*state, NULL, "db", "other", NULL), loop_openssl(*state, 0), NULL);
	assert_true(met(&m));
	assert_true(shown_name(&m, "db.example"));
	assert_string_equal(tls_server_name(m.s.tls), "");
	part(&m);
}

static struct meeting meet_alpn(struct world *world, bool required, const char *offered)
{
	char chain[AUTHORITY_PATH], key[AUTHORITY_PATH];
	struct tls_certificate certificate = {
		authority_path(world->root, "db", ".pem", chain),
		authority_path(world->root, "db", ".key", key),
	};
	struct tls_server_config config = {
		.certificates = &certificate,
		.n_certificates = 1,
		.alpn = "postgresql",
		.alpn_required = required,
		.ticket_secret = "an example of a ticket secret",
	};
	struct tls_server *server;
	const char *why;
	assert_int_equal(tls_server_new(&config, &server, &why), 0);
	SSL_CTX *context = loop_openssl(world, 0);
	if (offered != NULL)
		assert_int_equal(
			SSL_CTX_set_alpn_protos(
				context, (const unsigned char *)offered,
				(unsigned int)strlen(offered)
			),
			0
		);
	return meet(server, context, "db.example");
}

static void alpn_is_agreed_or_refused(void **state)
{
	static const struct {
		const char *offered;
		bool required;
		bool meets;
		const char *agreed;
	} cases[] = {
		{"\x0apostgresql", false, true, "postgresql"},
		{"\x02h2\x0apostgresql", true, true, "postgresql"},
		{"\x02h2", false, false, ""},
		{"\x09postgresq", false, false, ""},
		{NULL, false, true, ""},
		{NULL, true, false, ""},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct meeting m = meet_alpn(*state, cases[i].required, cases[i].offered);
		assert_int_equal(met(&m), cases[i].meets);
		assert_int_equal(m.s.result, cases[i].meets ? 0 : ERR_TLS);
		assert_string_equal(tls_alpn(m.s.tls), cases[i].agreed);
		part(&m);
	}
}

static void what_is_weak_is_refused(void **state)
{
	SSL_CTX *old = loop_openssl(*state, TLS1_1_VERSION);
	SSL_CTX_set_security_level(old, 0);
	struct meeting m = meet(loop_server(*state, NULL, "db", "db-rsa", NULL), old, "db.example");
	assert_int_equal(m.s.result, ERR_TLS);
	part(&m);

	static const char *const ciphers[] = {"AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA256"};
	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++) {
		SSL_CTX *context = loop_openssl(*state, TLS1_2_VERSION);
		assert_int_equal(SSL_CTX_set_cipher_list(context, ciphers[i]), 1);
		m = meet(loop_server(*state, NULL, "db", "db-rsa", NULL), context, "db.example");
		assert_int_equal(m.s.result, ERR_TLS);
		assert_string_equal(tls_failure(m.s.tls), "no shared cipher");
		part(&m);
	}
}

// A key share we do not take costs a round trip (HelloRetryRequest), not the connection.
static void another_group_first(void **state)
{
	SSL_CTX *context = loop_openssl(*state, TLS1_3_VERSION);
	assert_int_equal(SSL_CTX_set1_groups_list(context, "P-521:P-256"), 1);
	struct meeting m = meet(loop_server(*state, NULL, "db", NULL), context, "db.example");
	assert_true(met(&m));
	talk(&m);
	part(&m);
}

static void renegotiation_is_refused(void **state)
{
	struct meeting m =
		meet(loop_server(*state, NULL, "db", NULL), loop_openssl(*state, TLS1_2_VERSION),
		     "db.example");
	talk(&m);
	assert_int_equal(SSL_renegotiate(m.c.ssl), 1);
	(void)SSL_do_handshake(m.c.ssl);
	// RFC 5246 7.2.2: a warning, on which the client may carry on; OpenSSL's gives up.
	loop_run(&m.c, &m.s, 0);
	assert_int_equal(m.s.result, ERR_TLS);
	assert_non_null(strstr(tls_failure(m.s.tls), "alert handshake failure"));
	part(&m);
}

static void key_updates_are_followed(void **state)
{
	struct meeting m =
		meet(loop_server(*state, NULL, "db", NULL), loop_openssl(*state, TLS1_3_VERSION),
		     "db.example");
	for (int i = 0; i < 5; i++) {
		int kind = i % 2 == 0 ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED;
		assert_int_equal(SSL_key_update(m.c.ssl, kind), 1);
		talk(&m);
	}
	part(&m);
}

// Half a KeyUpdate stops our sending, loses nothing, and the other half sets it free.
static void half_a_key_update_only_delays(void **state)
{
	struct meeting m =
		meet(loop_server(*state, NULL, "db", NULL), loop_openssl(*state, TLS1_3_VERSION),
		     "db.example");
	assert_int_equal(SSL_key_update(m.c.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
	assert_int_equal(SSL_do_handshake(m.c.ssl), 1);
	loop_send(&m.c, SPAN_LIT("x"));
	struct span in = buf_span(&m.c.wire);
	size_t used;
	assert_int_equal(tls_open(m.s.tls, span_first(in, 9), &used, &m.s.plain, 99, &m.s.wire), 0);
	assert_int_equal(used, 9);
	loop_send(&m.s, SPAN_LIT("y"));
	assert_int_equal(tls_open(m.s.tls, span_from(in, 9), &used, &m.s.plain, 99, &m.s.wire), 0);
	loop_received(&m.s, SPAN_LIT("x"));
	buf_consume(&m.c.wire, in.n);
	loop_send(&m.s, SPAN_LIT("z"));
	loop_move(&m.s, &m.c, 0);
	loop_received(&m.c, SPAN_LIT("yz"));
	part(&m);
}

static void a_peer_that_closes(void **state)
{
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		struct meeting m =
			meet(loop_server(*state, NULL, "db", NULL), loop_openssl(*state, version),
			     "db.example");
		talk(&m);
		assert_int_equal(SSL_shutdown(m.c.ssl), 0);
		loop_run(&m.c, &m.s, 0);
		assert_int_equal(m.s.result, ERR_CLOSED);
		assert_int_equal(tls_close(m.s.tls, &m.s.wire), 0);
		loop_move(&m.s, &m.c, 0);
		assert_int_equal(
			SSL_get_shutdown(m.c.ssl), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN
		);
		part(&m);
	}
}

static int try_new(struct world *world, const char *chain, const char *key, const char **why)
{
	char paths[2][AUTHORITY_PATH];
	struct tls_certificate certificates[] = {
		{authority_path(world->root, "db", ".pem", paths[0]),
		 authority_path(world->root, "db", ".key", paths[1])},
		{chain, key},
	};
	struct tls_server_config config = {
		.certificates = certificates,
		.n_certificates = 2,
		.ticket_secret = "an example of a ticket secret",
	};
	struct tls_server *server;
	int rc = tls_server_new(&config, &server, why);
	if (rc == 0)
		tls_server_free(server);
	return rc;
}

static void bad_files_are_told_by_name(void **state)
{
	struct world *w = *state;
	char db[AUTHORITY_PATH], db_key[AUTHORITY_PATH], rsa[AUTHORITY_PATH], none[AUTHORITY_PATH];
	authority_path(w->root, "db", ".pem", db);
	authority_path(w->root, "db", ".key", db_key);
	authority_path(w->root, "db-rsa", ".pem", rsa);
	authority_path(w->root, "none", ".pem", none);
	const char *why = NULL;
	assert_int_equal(try_new(w, none, db_key, &why), ERR_CONFIG);
	assert_non_null(strstr(why, none));
	assert_int_equal(try_new(w, db_key, db_key, &why), ERR_CONFIG);
	assert_non_null(strstr(why, db_key));
	assert_int_equal(try_new(w, rsa, db, &why), ERR_CONFIG);
	assert_non_null(strstr(why, db));
	// A key that is another certificate's.
	assert_int_equal(try_new(w, rsa, db_key, &why), ERR_CONFIG);
	assert_non_null(strstr(why, "mismatch"));
	// One that nobody could ever get.
	assert_int_equal(try_new(w, db, db_key, &why), ERR_CONFIG);
	assert_non_null(strstr(why, "never shown"));
}

static void bad_configurations_are_refused(void **state)
{
	struct world *w = *state;
	char paths[2][AUTHORITY_PATH];
	struct tls_certificate certificate = {
		authority_path(w->root, "db", ".pem", paths[0]),
		authority_path(w->root, "db", ".key", paths[1]),
	};
	struct tls_server_config config = {.certificates = &certificate, .n_certificates = 1};
	struct tls_server *server;
	const char *why;
	assert_int_equal(tls_server_new(&config, &server, &why), ERR_CONFIG);
	assert_string_equal(why, "the ticket secret is not set");
	config.ticket_secret[3] = 1;
	config.alpn_required = true;
	assert_int_equal(tls_server_new(&config, &server, &why), ERR_CONFIG);
	config.alpn_required = false;
	config.n_certificates = 0;
	assert_int_equal(tls_server_new(&config, &server, &why), ERR_CONFIG);
	assert_string_equal(why, "no certificate");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_versions_and_both_keys),
		cmocka_unit_test(name_chooses_the_certificate),
		cmocka_unit_test(name_chooses_among_keys_too),
		cmocka_unit_test(no_name_gets_the_first_certificate),
		cmocka_unit_test(alpn_is_agreed_or_refused),
		cmocka_unit_test(what_is_weak_is_refused),
		cmocka_unit_test(another_group_first),
		cmocka_unit_test(renegotiation_is_refused),
		cmocka_unit_test(key_updates_are_followed),
		cmocka_unit_test(half_a_key_update_only_delays),
		cmocka_unit_test(a_peer_that_closes),
		cmocka_unit_test(bad_files_are_told_by_name),
		cmocka_unit_test(bad_configurations_are_refused),
	};
	return cmocka_run_group_tests_name("server", tests, loop_world_new, loop_world_free);
}
