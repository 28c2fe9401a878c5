// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What a client resumes, and what it does not.

#include "dataplane/tls/client.h"
#include "dataplane/tls/connection.h"
#include "dataplane/tls/ticket.h"
#include "tests/unit/tls/loop.h"

#include <time.h>

// The linker puts this in the place of time() for our code, not for OpenSSL's.
time_t __wrap_time(time_t *out);
time_t __real_time(time_t *out);

static time_t later;

time_t __wrap_time(time_t *)
{
	return __real_time(NULL) + later;
}

// A server of plain OpenSSL that has `n` tickets for each connection.
static SSL_CTX *server_of(struct world *world, size_t n)
{
	static const unsigned char id[] = "test";
	SSL_CTX *context = loop_openssl_server(world, TLS1_3_VERSION, "db");
	assert_int_equal(SSL_CTX_set_num_tickets(context, n), 1);
	assert_int_equal(SSL_CTX_set_session_id_context(context, id, sizeof(id)), 1);
	return context;
}

static void exchange(struct end *c, struct end *s)
{
	loop_send(c, SPAN_LIT("a question"));
	loop_move(c, s, 0);
	loop_received(s, SPAN_LIT("a question"));
	loop_send(s, SPAN_LIT("an answer"));
	loop_move(s, c, 3);
	loop_received(c, SPAN_LIT("an answer"));
}

// One connection to it, and whether it was resumed. `out`: its channel binding.
static bool visit(struct tls_client *client, SSL_CTX *context, uint8_t out[TLS_BINDING_MAX])
{
	struct end c = loop_end(tls_connect(client));
	struct end s = loop_peer_server(context);
	size_t n;
	loop_run(&c, &s, 0);
	assert_true(tls_is_established(c.tls));
	assert_string_equal(tls_failure(c.tls), "");
	exchange(&c, &s);
	assert_null(c.tls->for_tickets);
	bool resumed = tls_is_resumed(c.tls);
	assert_int_equal(SSL_session_reused(s.ssl), resumed);
	assert_int_equal(tls_server_end_point(c.tls, out, &n), 0);
	assert_int_equal(n, 32);
	loop_end_fini(&c);
	loop_end_fini(&s);
	return resumed;
}

static void each_session_is_resumed_once(void **state)
{
	SSL_CTX *context = server_of(*state, 1);
	struct tls_client *client = loop_client(*state, TLS_VERIFY_FULL, "db.example");
	uint8_t full[TLS_BINDING_MAX], resumed[TLS_BINDING_MAX];
	assert_false(visit(client, context, full));
	assert_int_equal(client->sessions.n, 1);
	for (int i = 0; i < 5; i++) {
		assert_true(visit(client, context, resumed));
		assert_memory_equal(full, resumed, 32);
		assert_int_equal(client->sessions.n, 1);
	}
	// Shown by one that is not done: gone for the next.
	struct end c = loop_end(tls_connect(client));
	assert_int_equal(client->sessions.n, 0);
	assert_false(visit(client, context, full));
	loop_end_fini(&c);
	tls_client_free(client);
	SSL_CTX_free(context);
}

static void a_server_without_tickets_is_met_anew(void **state)
{
	SSL_CTX *context = server_of(*state, 0);
	struct tls_client *client = loop_client(*state, TLS_VERIFY_FULL, "db.example");
	uint8_t binding[TLS_BINDING_MAX];
	assert_false(visit(client, context, binding));
	assert_false(visit(client, context, binding));
	assert_int_equal(client->sessions.n, 0);
	tls_client_free(client);
	SSL_CTX_free(context);
}

static void a_server_that_knows_it_no_more_falls_back(void **state)
{
	SSL_CTX *one = server_of(*state, 1), *two = server_of(*state, 2);
	struct tls_client *client = loop_client(*state, TLS_VERIFY_FULL, "db.example");
	uint8_t binding[TLS_BINDING_MAX];
	assert_false(visit(client, one, binding));
	assert_false(visit(client, two, binding));
	assert_true(visit(client, two, binding));
	tls_client_free(client);
	SSL_CTX_free(one);
	SSL_CTX_free(two);
}

static void trust_is_not_shared(void **state)
{
	SSL_CTX *context = server_of(*state, 1);
	struct tls_client *lax = loop_client(*state, TLS_VERIFY_NONE, "db.example");
	struct tls_client *strict = loop_client(*state, TLS_VERIFY_FULL, "db.example");
	uint8_t binding[TLS_BINDING_MAX];
	assert_false(visit(lax, context, binding));
	assert_false(visit(strict, context, binding));
	assert_true(visit(strict, context, binding));
	tls_client_free(lax);
	tls_client_free(strict);
	SSL_CTX_free(context);
}

static void the_certificate_is_looked_at_again(void **state)
{
	struct world *w = *state;
	SSL_CTX *context = server_of(w, 1);
	struct tls_client *client = loop_client(w, TLS_VERIFY_FULL, "db.example");
	uint8_t binding[TLS_BINDING_MAX];
	assert_false(visit(client, context, binding));
	later = TRUST_FOR - 10;
	assert_true(visit(client, context, binding));
	later = TRUST_FOR + 10;
	assert_false(visit(client, context, binding));
	later = 0;
	tls_client_free(client);
	SSL_CTX_free(context);
}

static void its_end_is_the_sessions(void **state)
{
	struct world *w = *state;
	struct authority_leaf leaf = {"EC", "DNS:db.example", .from = -3600, .to = 600};
	authority_issue(w->root, &leaf, "short");
	SSL_CTX *context = loop_openssl_server(w, TLS1_3_VERSION, "short");
	struct tls_client *client = loop_client(w, TLS_VERIFY_FULL, "db.example");
	uint8_t binding[TLS_BINDING_MAX];
	assert_false(visit(client, context, binding));
	later = 500;
	assert_true(visit(client, context, binding));
	later = 700;
	assert_false(visit(client, context, binding));
	later = 0;
	tls_client_free(client);
	SSL_CTX_free(context);
}

// Full handshakes, of which the first only goes through the chain, until its time is over.
static void a_chain_is_verified_once_in_a_while(void **state)
{
	SSL_CTX *context = server_of(*state, 0);
	struct tls_client *client = loop_client(*state, TLS_VERIFY_FULL, "db.example");
	uint8_t binding[TLS_BINDING_MAX], first[TLS_BINDING_MAX];
	assert_int_equal(client->trust.until, 0);
	assert_false(visit(client, context, first));
	uint64_t until = client->trust.until;
	assert_int_not_equal(until, 0);
	later = TRUST_FOR / 2;
	assert_false(visit(client, context, binding));
	assert_memory_equal(first, binding, 32);
	assert_int_equal(client->trust.until, until);
	later = TRUST_FOR + 10;
	assert_false(visit(client, context, binding));
	assert_true(client->trust.until > until + TRUST_FOR);
	later = 0;
	tls_client_free(client);
	SSL_CTX_free(context);
}

// That one chain was believed is of no use to any other.
static void another_chain_is_not_believed_for_it(void **state)
{
	struct world *w = *state;
	struct authority *evil = authority_new(w->dir, "liar", NULL, "EC");
	authority_issue(evil, &(struct authority_leaf){"EC", "DNS:db.example"}, "lie");
	authority_free(evil);
	static const char *const files[] = {"db", "lie", "other", "db", "lie"};
	struct tls_client *client = loop_client(w, TLS_VERIFY_FULL, "db.example");
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		SSL_CTX *context = loop_openssl_server(w, TLS1_3_VERSION, files[i]);
		struct end c = loop_end(tls_connect(client));
		sessions_fini(&client->sessions);
		struct end s = loop_peer_server(context);
		loop_run(&c, &s, 0);
		assert_int_equal(c.result, strcmp(files[i], "db") == 0 ? 0 : ERR_CERTIFICATE);
		loop_end_fini(&c);
		loop_end_fini(&s);
		SSL_CTX_free(context);
	}
	tls_client_free(client);
}

static void what_is_forgotten_is_not_shown(void **state)
{
	SSL_CTX *context = server_of(*state, 1);
	struct tls_client *client = loop_client(*state, TLS_VERIFY_FULL, "db.example");
	uint8_t binding[TLS_BINDING_MAX];
	assert_false(visit(client, context, binding));
	struct end c = loop_end(tls_connect(client));
	tls_forget_sessions(c.tls);
	loop_end_fini(&c);
	assert_false(visit(client, context, binding));
	tls_client_free(client);
	SSL_CTX_free(context);
}

static void no_more_than_so_many_are_kept(void **state)
{
	SSL_CTX *context = server_of(*state, 1);
	struct tls_client *client = loop_client(*state, TLS_VERIFY_FULL, "db.example");
	struct end c[SESSIONS_KEPT + 3], s[SESSIONS_KEPT + 3];
	for (size_t i = 0; i < SESSIONS_KEPT + 3; i++) {
		c[i] = loop_end(tls_connect(client));
		s[i] = loop_peer_server(context);
	}
	for (size_t i = 0; i < SESSIONS_KEPT + 3; i++) {
		loop_run(&c[i], &s[i], 0);
		exchange(&c[i], &s[i]);
		loop_end_fini(&c[i]);
		loop_end_fini(&s[i]);
	}
	assert_int_equal(client->sessions.n, SESSIONS_KEPT);
	tls_client_free(client);
	SSL_CTX_free(context);
}

// The ticket in one record with others, behind data, in pieces, cut anywhere: nothing breaks.
static void tickets_in_pieces(void **state)
{
	for (size_t chunk = 1; chunk < 40; chunk += 3) {
		SSL_CTX *context = server_of(*state, 4);
		struct tls_client *client = loop_client(*state, TLS_VERIFY_FULL, "db.example");
		struct end c = loop_end(tls_connect(client));
		struct end s = loop_peer_server(context);
		assert_int_equal(SSL_set_max_send_fragment(s.ssl, 512), 1);
		loop_run(&c, &s, chunk);
		exchange(&c, &s);
		loop_end_fini(&c);
		loop_end_fini(&s);
		uint8_t binding[TLS_BINDING_MAX];
		assert_int_equal(client->sessions.n, 1);
		assert_true(visit(client, context, binding));
		tls_client_free(client);
		SSL_CTX_free(context);
	}
}

// OpenSSL's object does not wait for a ticket beyond the first data, nor beyond a new key.
static void nobody_waits_for_tickets_for_ever(void **state)
{
	SSL_CTX *context = server_of(*state, 0);
	struct tls_client *client = loop_client(*state, TLS_VERIFY_FULL, "db.example");
	struct end c = loop_end(tls_connect(client));
	struct end s = loop_peer_server(context);
	loop_run(&c, &s, 0);
	assert_non_null(c.tls->for_tickets);
	assert_int_equal(SSL_key_update(s.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
	exchange(&c, &s);
	assert_null(c.tls->for_tickets);
	assert_int_equal(SSL_new_session_ticket(s.ssl), 1);
	exchange(&c, &s);
	assert_int_equal(client->sessions.n, 0);
	loop_end_fini(&c);
	loop_end_fini(&s);
	tls_client_free(client);
	SSL_CTX_free(context);
}

// What is no ticket in a ticket's clothes.
static void a_bad_ticket_is_not_kept(void **state)
{
	SSL_CTX *context = server_of(*state, 0);
	struct tls_client *client = loop_client(*state, TLS_VERIFY_FULL, "db.example");
	struct end c = loop_end(tls_connect(client));
	struct end s = loop_peer_server(context);
	loop_run(&c, &s, 0);
	static const uint8_t message[] = {4, 0, 0, 6, 0, 0, 1, 0, 9, 9};
	sessions_learn(c.tls, span_of(message, sizeof(message)));
	assert_null(c.tls->for_tickets);
	assert_int_equal(client->sessions.n, 0);
	assert_int_equal(buf_len(&c.wire), 0);
	exchange(&c, &s);
	loop_end_fini(&c);
	loop_end_fini(&s);
	tls_client_free(client);
	SSL_CTX_free(context);
}

// Our client and our server, with all that a login needs afterwards.
static void ours_resumes_ours(void **state)
{
	struct tls_server *server = loop_server(*state, "postgresql", "db", NULL);
	struct tls_client *client = loop_client(*state, TLS_VERIFY_FULL, "db.example");
	for (int i = 0; i < 3; i++) {
		struct end s = loop_end(tls_accept(server));
		struct end c = loop_end(tls_connect(client));
		loop_run(&c, &s, i == 1 ? 1 : 0);
		exchange(&c, &s);
		exchange(&s, &c);
		assert_int_equal(tls_is_resumed(c.tls), i > 0);
		assert_int_equal(tls_is_resumed(s.tls), i > 0);
		assert_string_equal(tls_version(c.tls), "TLSv1.3");
		loop_end_fini(&s);
		loop_end_fini(&c);
	}
	tls_server_free(server);
	tls_client_free(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_session_is_resumed_once),
		cmocka_unit_test(a_server_without_tickets_is_met_anew),
		cmocka_unit_test(a_server_that_knows_it_no_more_falls_back),
		cmocka_unit_test(trust_is_not_shared),
		cmocka_unit_test(the_certificate_is_looked_at_again),
		cmocka_unit_test(its_end_is_the_sessions),
		cmocka_unit_test(a_chain_is_verified_once_in_a_while),
		cmocka_unit_test(another_chain_is_not_believed_for_it),
		cmocka_unit_test(what_is_forgotten_is_not_shown),
		cmocka_unit_test(no_more_than_so_many_are_kept),
		cmocka_unit_test(tickets_in_pieces),
		cmocka_unit_test(nobody_waits_for_tickets_for_ever),
		cmocka_unit_test(a_bad_ticket_is_not_kept),
		cmocka_unit_test(ours_resumes_ours),
	};
	return cmocka_run_group_tests_name("session", tests, loop_world_new, loop_world_free);
}
