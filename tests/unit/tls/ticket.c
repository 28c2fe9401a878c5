// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Tickets across servers that share nothing but the secret.

#include "dataplane/tls/ticket.h"

#include "tests/unit/tls/loop.h"

#include <time.h>

// The linker puts this in the place of time() for our code, not for OpenSSL's.
time_t __wrap_time(time_t *out);

static time_t now = TICKET_EPOCH * 41000L;

time_t __wrap_time(time_t *)
{
	return now;
}

// One connection that shows *session, if there is one, and leaves the newest there. Was it resumed?
static bool visit(struct tls_server *server, SSL_CTX *context, SSL_SESSION **session)
{
	struct end s = loop_end(tls_accept(server));
	struct end c = loop_peer(context, "db.example");
	if (*session != NULL)
		assert_int_equal(SSL_set_session(c.ssl, *session), 1);
	loop_run(&c, &s, 0);
	assert_true(tls_is_established(s.tls));
	loop_send(&c, SPAN_LIT("hello"));
	loop_move(&c, &s, 0);
	loop_received(&s, SPAN_LIT("hello"));
	assert_string_equal(tls_server_name(s.tls), "db.example");
	bool resumed = SSL_session_reused(c.ssl) == 1;
	assert_int_equal(tls_is_resumed(s.tls), resumed);
	// A resumed server has shown no certificate.
	uint8_t binding[TLS_BINDING_MAX];
	size_t n;
	int rc = tls_server_end_point(s.tls, binding, &n);
	assert_int_equal(rc, resumed ? ERR_UNSUPPORTED : 0);
	SSL_SESSION_free(*session);
	*session = SSL_get1_session(c.ssl);
	// OpenSSL's client keeps no session whose connection was not closed.
	assert_int_equal(SSL_shutdown(c.ssl), 0);
	loop_end_fini(&s);
	loop_end_fini(&c);
	return resumed;
}

static struct tls_server *server_with(struct world *world, const char *secret)
{
	char chain[AUTHORITY_PATH], key[AUTHORITY_PATH];
	struct tls_certificate certificate = {
		authority_path(world->root, "db", ".pem", chain),
		authority_path(world->root, "db", ".key", key),
	};
	struct tls_server_config config = {.certificates = &certificate, .n_certificates = 1};
	memcpy(config.ticket_secret, secret, strlen(secret));
	struct tls_server *server;
	const char *why;
	assert_int_equal(tls_server_new(&config, &server, &why), 0);
	return server;
}

static void another_server_with_the_secret_resumes(void **state)
{
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		struct tls_server *one = server_with(*state, "secret of the pool");
		struct tls_server *two = server_with(*state, "secret of the pool");
		struct tls_server *stranger = server_with(*state, "secret of others");
		SSL_CTX *context = loop_openssl(*state, version);
		SSL_SESSION *session = NULL;
		assert_false(visit(one, context, &session));
		assert_non_null(session);
		assert_true(visit(two, context, &session));
		assert_true(visit(one, context, &session));
		assert_false(visit(stranger, context, &session));
		SSL_SESSION_free(session);
		SSL_CTX_free(context);
		tls_server_free(one);
		tls_server_free(two);
		tls_server_free(stranger);
	}
}

static void the_previous_epoch_is_accepted_and_replaced(void **state)
{
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		struct tls_server *server = server_with(*state, "secret");
		SSL_CTX *context = loop_openssl(*state, version);
		SSL_SESSION *session = NULL;
		assert_false(visit(server, context, &session));
		now += TICKET_EPOCH;
		assert_true(visit(server, context, &session));
		// Only a ticket issued in the meantime is good now.
		now += TICKET_EPOCH;
		assert_true(visit(server, context, &session));
		now += 2 * TICKET_EPOCH;
		assert_false(visit(server, context, &session));
		SSL_SESSION_free(session);
		SSL_CTX_free(context);
		tls_server_free(server);
	}
}

// RFC 8446 4.6.1: each ticket comes of the one before, but not for ever.
static void the_full_handshake_is_repeated(void **state)
{
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		struct tls_server *server = server_with(*state, "secret");
		SSL_CTX *context = loop_openssl(*state, version);
		SSL_SESSION *session = NULL;
		assert_false(visit(server, context, &session));
		for (int i = 0; i < TICKET_CHAIN / TICKET_EPOCH; i++) {
			now += TICKET_EPOCH;
			assert_true(visit(server, context, &session));
		}
		now++;
		assert_false(visit(server, context, &session));
		now += TICKET_EPOCH;
		assert_true(visit(server, context, &session));
		// A clock behind the one of the server that began it.
		now -= 1;
		assert_true(visit(server, context, &session));
		SSL_SESSION_free(session);
		SSL_CTX_free(context);
		tls_server_free(server);
	}
}

static void clients_are_told_how_long_a_ticket_is_good(void **state)
{
	struct tls_server *server = server_with(*state, "secret");
	SSL_CTX *context = loop_openssl(*state, TLS1_3_VERSION);
	SSL_SESSION *session = NULL;
	assert_false(visit(server, context, &session));
	assert_int_equal(SSL_SESSION_get_ticket_lifetime_hint(session), TICKET_LIFETIME);
	assert_int_equal(SSL_SESSION_get_max_early_data(session), 0);
	SSL_SESSION_free(session);
	SSL_CTX_free(context);
	tls_server_free(server);
}

static void keys_differ_by_epoch_and_secret(void **)
{
	struct tls_library *library = tls_library_new();
	assert_non_null(library);
	uint8_t names[3][TICKET_NAME];
	for (int i = 0; i < 3; i++) {
		uint8_t secret[TLS_TICKET_SECRET] = {i == 2};
		struct tickets tickets;
		assert_int_equal(tls_tickets_init(&tickets, library, secret), 0);
		EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
		EVP_MAC *hmac = EVP_MAC_fetch(library->context, "HMAC", NULL);
		EVP_MAC_CTX *mac = EVP_MAC_CTX_new(hmac);
		uint8_t iv[EVP_MAX_IV_LENGTH];
		now += i == 1 ? TICKET_EPOCH : 0;
		assert_int_equal(tls_tickets_key(&tickets, names[i], iv, cipher, mac, true), 1);
		assert_int_equal(tls_tickets_key(&tickets, names[i], iv, cipher, mac, false), 1);
		if (i == 1) {
			int rc = tls_tickets_key(&tickets, names[0], iv, cipher, mac, false);
			assert_int_equal(rc, 2);
		}
		EVP_MAC_CTX_free(mac);
		EVP_MAC_free(hmac);
		EVP_CIPHER_CTX_free(cipher);
		tls_tickets_fini(&tickets);
	}
	assert_memory_not_equal(names[0], names[1], TICKET_NAME);
	assert_memory_not_equal(names[1], names[2], TICKET_NAME);
	tls_library_free(library);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_server_with_the_secret_resumes),
		cmocka_unit_test(the_previous_epoch_is_accepted_and_replaced),
		cmocka_unit_test(the_full_handshake_is_repeated),
		cmocka_unit_test(clients_are_told_how_long_a_ticket_is_good),
		cmocka_unit_test(keys_differ_by_epoch_and_secret),
	};
	return cmocka_run_group_tests_name("ticket", tests, loop_world_new, loop_world_free);
}
