// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A client may show a certificate: the server says which, whoever issued it, and minds none.

#include "tests/unit/tls/loop.h"

#include <openssl/pem.h>

#include <stdio.h>

static const uint8_t none[TLS_CERTIFICATE_HASH];

// The hash of the first certificate in FILE.pem, computed here.
static void expected(struct world *world, const char *file, uint8_t out[EVP_MAX_MD_SIZE])
{
	char path[AUTHORITY_PATH];
	FILE *in = fopen(authority_path(world->root, file, ".pem", path), "r");
	assert_non_null(in);
	X509 *x = PEM_read_X509(in, NULL, NULL, NULL);
	fclose(in);
	unsigned int n;
	assert_int_equal(X509_digest(x, EVP_sha256(), out, &n), 1);
	assert_int_equal(n, TLS_CERTIFICATE_HASH);
	X509_free(x);
}

// A client that shows FILE.pem; NULL: none.
static SSL_CTX *client_with(struct world *world, int version, const char *file)
{
	char path[AUTHORITY_PATH];
	SSL_CTX *context = loop_openssl(world, version);
	if (file == NULL)
		return context;
	authority_path(world->root, file, ".pem", path);
	assert_int_equal(SSL_CTX_use_certificate_chain_file(context, path), 1);
	authority_path(world->root, file, ".key", path);
	assert_int_equal(SSL_CTX_use_PrivateKey_file(context, path, SSL_FILETYPE_PEM), 1);
	return context;
}

// One connection that shows *session, if there is one, and leaves the newest there. Out: the hash.
static bool visit(
	struct tls_server *server, SSL_CTX *context, SSL_SESSION **session,
	uint8_t hash[static TLS_CERTIFICATE_HASH]
)
{
	struct end s = loop_end(tls_accept(server));
	struct end c = loop_peer(context, "db.example");
	if (*session != NULL)
		assert_int_equal(SSL_set_session(c.ssl, *session), 1);
	assert_false(tls_peer_certificate_hash(s.tls, hash));
	loop_run(&c, &s, 0);
	assert_int_equal(s.result, 0);
	assert_true(tls_is_established(s.tls));
	loop_send(&c, SPAN_LIT("hello"));
	loop_move(&c, &s, 0);
	loop_received(&s, SPAN_LIT("hello"));
	bool shown = tls_peer_certificate_hash(s.tls, hash);
	SSL_SESSION_free(*session);
	*session = SSL_get1_session(c.ssl);
	assert_int_equal(SSL_shutdown(c.ssl), 0);
	loop_end_fini(&s);
	loop_end_fini(&c);
	return shown;
}

static void check(struct world *world, int version, const char *file)
{
	struct tls_server *server = loop_server(world, NULL, "db", "db-rsa", "other", NULL);
	SSL_CTX *context = client_with(world, version, file);
	SSL_SESSION *session = NULL;
	uint8_t got[TLS_CERTIFICATE_HASH], want[EVP_MAX_MD_SIZE] = {0};
	if (file != NULL)
		expected(world, file, want);
	// A resumed session is that of the one who began it.
	for (int i = 0; i < 2; i++) {
		assert_int_equal(visit(server, context, &session, got), file != NULL);
		assert_memory_equal(got, want, sizeof(got));
		assert_true(SSL_SESSION_is_resumable(session));
	}
	SSL_SESSION_free(session);
	SSL_CTX_free(context);
	tls_server_free(server);
}

static void whoever_issued_it(void **state)
{
	struct world *w = *state;
	struct authority *own = authority_new(w->dir, "strangers", NULL, "EC");
	authority_issue(own, &(struct authority_leaf){"EC", NULL}, "stranger");
	authority_issue(own, &(struct authority_leaf){"RSA", NULL, .from = -9, .to = -1}, "old");
	authority_free(own);
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		check(w, version, "stranger");
		check(w, version, "old"); // its owner has its key all the same
		check(w, version, "other-rsa");
	}
}

static void without_one_nothing_changes(void **state)
{
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++)
		check(*state, version, NULL);
}

static void on_a_client_there_is_none(void **state)
{
	struct tls_server *server = loop_server(*state, NULL, "db", NULL);
	struct tls_client *client = loop_client(*state, TLS_VERIFY_NONE, NULL);
	struct end s = loop_end(tls_accept(server)), c = loop_end(tls_connect(client));
	uint8_t hash[TLS_CERTIFICATE_HASH];
	loop_run(&c, &s, 0);
	assert_false(tls_peer_certificate_hash(c.tls, hash));
	assert_memory_equal(hash, none, sizeof(hash));
	loop_end_fini(&s);
	loop_end_fini(&c);
	tls_server_free(server);
	tls_client_free(client);
}

static void a_chain_has_an_end(void **state)
{
	struct world *w = *state;
	char *names = malloc(2 * TLS_PEER_CHAIN_MAX + 64);
	size_t at = 0;
	for (int i = 0; at < 2 * TLS_PEER_CHAIN_MAX; i++)
		at += (size_t)sprintf(names + at, "%sDNS:a%d.example", i == 0 ? "" : ",", i);
	authority_issue(w->root, &(struct authority_leaf){"EC", names}, "long");
	free(names);
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		struct tls_server *server = loop_server(w, NULL, "db", NULL);
		SSL_CTX *context = client_with(w, version, "long");
		struct end s = loop_end(tls_accept(server)), c = loop_peer(context, "db.example");
		loop_run(&c, &s, 0);
		assert_int_equal(s.result, ERR_TLS);
		loop_end_fini(&s);
		loop_end_fini(&c);
		SSL_CTX_free(context);
		tls_server_free(server);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_issued_it),
		cmocka_unit_test(without_one_nothing_changes),
		cmocka_unit_test(on_a_client_there_is_none),
		cmocka_unit_test(a_chain_has_an_end),
	};
	return cmocka_run_group_tests_name("peer", tests, loop_world_new, loop_world_free);
}
