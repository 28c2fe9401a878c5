// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/tls/loop.h"

struct pair {
	struct tls_server *server;
	struct tls_client *client;
	struct end s;
	struct end c;
};

static struct pair pair_new(struct world *world)
{
	struct pair p = {
		.server = loop_server(world, "postgresql", "db", "db-rsa", NULL),
		.client = loop_client(world, TLS_VERIFY_FULL, "db.example"),
	};
	p.s = loop_end(tls_accept(p.server));
	p.c = loop_end(tls_connect(p.client));
	return p;
}

static void pair_fini(struct pair *p)
{
	loop_end_fini(&p->s);
	loop_end_fini(&p->c);
	tls_server_free(p->server);
	tls_client_free(p->client);
}

static struct pair pair_established(struct world *world)
{
	struct pair p = pair_new(world);
	loop_run(&p.c, &p.s, 0);
	assert_true(tls_is_established(p.s.tls));
	assert_true(tls_is_established(p.c.tls));
	return p;
}

static uint8_t *pattern(size_t n)
{
	uint8_t *bytes = malloc(n);
	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)(i * 31 + i / 251);
	return bytes;
}

static void both_sides_agree(void **state)
{
	struct pair p = pair_established(*state);
	assert_string_equal(tls_version(p.s.tls), "TLSv1.3");
	assert_string_equal(tls_version(p.c.tls), "TLSv1.3");
	assert_string_equal(tls_cipher(p.s.tls), "TLS_AES_128_GCM_SHA256");
	assert_string_equal(tls_server_name(p.s.tls), "db.example");
	assert_string_equal(tls_alpn(p.s.tls), "");
	assert_string_equal(tls_failure(p.s.tls), "");
	assert_false(tls_is_resumed(p.s.tls));
	pair_fini(&p);
}

// Data passes as before; what was shown is forgotten.
static void settled_ends_forget_the_handshake(void **state)
{
	struct pair p = pair_established(*state);
	uint8_t binding[TLS_BINDING_MAX];
	size_t used, len;
	assert_int_equal(tls_server_end_point(p.c.tls, binding, &len), 0);
	for (unsigned i = 0; i < 2; i++) { // twice is harmless
		tls_settle(p.s.tls);
		tls_settle(p.c.tls);
	}
	assert_string_equal(tls_version(p.s.tls), "");
	assert_string_equal(tls_cipher(p.s.tls), "");
	assert_string_equal(tls_server_name(p.s.tls), "");
	assert_int_equal(tls_server_end_point(p.c.tls, binding, &len), ERR_UNSUPPORTED);
	assert_int_equal(tls_seal(p.c.tls, SPAN_LIT("hello"), &used, &p.c.wire), 0);
	loop_run(&p.c, &p.s, 0);
	assert_memory_equal(buf_span(&p.s.plain).p, "hello", 5);
	pair_fini(&p);
}

static void nothing_is_sealed_before_the_handshake(void **state)
{
	struct pair p = pair_new(*state);
	size_t used = 7;
	assert_int_equal(tls_seal(p.c.tls, SPAN_LIT("early"), &used, &p.c.wire), 0);
	assert_int_equal(used, 0);
	assert_int_equal(buf_len(&p.c.wire), 0);
	assert_int_equal(tls_close(p.c.tls, &p.c.wire), 0);
	assert_int_equal(buf_len(&p.c.wire), 0);
	pair_fini(&p);
}

// Handshake and data, in pieces of every size up to a whole header and some beyond.
static void cuts_change_nothing(void **state)
{
	static const size_t chunks[] = {1, 2, 3, 4, 5, 6, 7, 13, 64, 1000, 1460, 5000};
	enum { N = 20000 };
	uint8_t *bytes = pattern(N);
	for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
		struct pair p = pair_new(*state);
		loop_run(&p.c, &p.s, chunks[i]);
		assert_true(tls_is_established(p.s.tls) && tls_is_established(p.c.tls));
		loop_send(&p.c, span_of(bytes, N));
		loop_move(&p.c, &p.s, chunks[i]);
		loop_received(&p.s, span_of(bytes, N));
		loop_send(&p.s, span_of(bytes, N));
		loop_move(&p.s, &p.c, chunks[i]);
		loop_received(&p.c, span_of(bytes, N));
		assert_int_equal(tls_close(p.c.tls, &p.c.wire), 0);
		loop_move(&p.c, &p.s, chunks[i]);
		assert_int_equal(p.s.result, ERR_CLOSED);
		pair_fini(&p);
	}
	free(bytes);
}

// The client's wire up to `cut`, then the rest. Returns how much there was.
static size_t move_in_two(struct pair *p, size_t cut)
{
	size_t n = buf_len(&p->c.wire);
	if (cut > 0 && cut < n) {
		struct buf rest = p->c.wire;
		rest.head += cut;
		buf_truncate(&p->c.wire, cut);
		loop_move(&p->c, &p->s, 0);
		p->c.wire = rest;
	}
	loop_move(&p->c, &p->s, 0);
	return n;
}

// One cut, at every place of the client's hello, and of its Finished with the data behind it.
static void one_cut_anywhere_changes_nothing(void **state)
{
	size_t total = SIZE_MAX;
	for (size_t cut = 1; cut < total; cut++) {
		struct pair p = pair_new(*state);
		size_t used;
		int rc = tls_open(p.c.tls, (struct span){}, &used, &p.c.plain, SIZE_MAX, &p.c.wire);
		assert_int_equal(rc, 0);
		size_t hello = move_in_two(&p, cut);
		loop_move(&p.s, &p.c, 0);
		loop_send(&p.c, SPAN_LIT("select 1"));
		total = hello + move_in_two(&p, cut > hello ? cut - hello : 0);
		assert_true(tls_is_established(p.s.tls));
		loop_received(&p.s, SPAN_LIT("select 1"));
		pair_fini(&p);
	}
	assert_true(total > 250);
}

static void plain_max_holds_back(void **state)
{
	struct pair p = pair_established(*state);
	enum { N = 40000 };
	uint8_t *bytes = pattern(N);
	loop_send(&p.c, span_of(bytes, N));
	size_t rounds = 0;
	while (buf_len(&p.s.plain) < N) {
		size_t before = buf_len(&p.s.plain);
		size_t used;
		int rc = tls_open(p.s.tls, buf_span(&p.c.wire), &used, &p.s.plain, 1000, &p.s.wire);
		assert_int_equal(rc, 0);
		assert_true(buf_len(&p.s.plain) - before <= 1000);
		assert_true(buf_len(&p.s.plain) > before);
		// What is held is never more than one record.
		assert_true(used <= TLS_RECORD_PLAIN + TLS_SEAL_OVERHEAD);
		buf_consume(&p.c.wire, used);
		rounds++;
	}
	assert_int_equal(rounds, N / 1000);
	assert_false(tls_has_plain(p.s.tls));
	loop_received(&p.s, span_of(bytes, N));
	free(bytes);
	pair_fini(&p);
}

static void held_plaintext_comes_with_an_empty_span(void **state)
{
	struct pair p = pair_established(*state);
	loop_send(&p.c, SPAN_LIT("0123456789"));
	size_t used;
	size_t n = buf_len(&p.c.wire);
	struct span in = buf_span(&p.c.wire);
	assert_int_equal(tls_open(p.s.tls, in, &used, &p.s.plain, 0, &p.s.wire), 0);
	assert_int_equal(used, 0);
	assert_int_equal(tls_open(p.s.tls, in, &used, &p.s.plain, 4, &p.s.wire), 0);
	assert_int_equal(used, n);
	assert_true(tls_has_plain(p.s.tls));
	assert_int_equal(tls_open(p.s.tls, (struct span){}, &used, &p.s.plain, 99, &p.s.wire), 0);
	assert_false(tls_has_plain(p.s.tls));
	loop_received(&p.s, SPAN_LIT("0123456789"));
	pair_fini(&p);
}

// The limit of the plaintext buffer bounds as plain_max does.
static void a_full_plain_buffer_is_no_error(void **state)
{
	struct pair p = pair_established(*state);
	p.s.plain.limit = 6;
	loop_send(&p.c, SPAN_LIT("0123456789"));
	size_t used;
	struct span in = buf_span(&p.c.wire);
	assert_int_equal(tls_open(p.s.tls, in, &used, &p.s.plain, 99, &p.s.wire), 0);
	assert_int_equal(buf_len(&p.s.plain), 6);
	assert_true(tls_has_plain(p.s.tls));
	buf_consume(&p.s.plain, 6);
	assert_int_equal(tls_open(p.s.tls, (struct span){}, &used, &p.s.plain, 99, &p.s.wire), 0);
	loop_received(&p.s, SPAN_LIT("6789"));
	pair_fini(&p);
}

static void close_comes_after_the_plaintext(void **state)
{
	struct pair p = pair_established(*state);
	loop_send(&p.c, SPAN_LIT("last words"));
	assert_int_equal(tls_close(p.c.tls, &p.c.wire), 0);
	size_t n = buf_len(&p.c.wire);
	assert_int_equal(tls_close(p.c.tls, &p.c.wire), 0);
	assert_int_equal(buf_len(&p.c.wire), n);

	size_t used;
	assert_int_equal(
		tls_open(p.s.tls, buf_span(&p.c.wire), &used, &p.s.plain, 4, &p.s.wire), 0
	);
	buf_consume(&p.c.wire, used);
	loop_move(&p.c, &p.s, 0);
	assert_int_equal(p.s.result, ERR_CLOSED);
	loop_received(&p.s, SPAN_LIT("last words"));

	// The other direction is still open; the closed one is not.
	loop_send(&p.s, SPAN_LIT("an answer"));
	assert_int_equal(tls_seal(p.c.tls, SPAN_LIT("more"), &used, &p.c.wire), ERR_CLOSED);
	loop_move(&p.s, &p.c, 0);
	loop_received(&p.c, SPAN_LIT("an answer"));

	// Whatever follows the closure alert is ignored.
	assert_int_equal(
		tls_open(p.s.tls, SPAN_LIT("x"), &used, &p.s.plain, 9, &p.s.wire), ERR_CLOSED
	);
	assert_int_equal(used, 1);
	pair_fini(&p);
}

static void a_cut_stream_is_not_a_close(void **state)
{
	struct pair p = pair_established(*state);
	loop_send(&p.c, SPAN_LIT("0123456789"));
	for (size_t n = 0; n + 1 < buf_len(&p.c.wire); n++) {
		size_t used;
		struct span byte = {buf_span(&p.c.wire).p + n, 1};
		int rc = tls_open(p.s.tls, byte, &used, &p.s.plain, 99, &p.s.wire);
		assert_int_equal(rc, 0);
		assert_int_equal(used, 1);
	}
	assert_int_equal(buf_len(&p.s.plain), 0);
	pair_fini(&p);
}

static void a_changed_record_ends_in_an_alert(void **state)
{
	struct pair p = pair_established(*state);
	loop_send(&p.c, SPAN_LIT("0123456789"));
	p.c.wire.data[p.c.wire.tail - 1] ^= 1;
	loop_move(&p.c, &p.s, 0);
	assert_int_equal(p.s.result, ERR_TLS);
	assert_int_equal(buf_len(&p.s.plain), 0);
	assert_true(buf_len(&p.s.wire) > 0);
	assert_string_equal(tls_failure(p.s.tls), "decryption failed or bad record mac");
	size_t used;
	assert_int_equal(tls_seal(p.s.tls, SPAN_LIT("x"), &used, &p.s.wire), ERR_TLS);
	loop_move(&p.s, &p.c, 0);
	assert_int_equal(p.c.result, ERR_TLS);
	assert_non_null(strstr(tls_failure(p.c.tls), "alert bad record mac"));
	// It stays failed, and takes nothing more in.
	assert_int_equal(
		tls_open(p.s.tls, SPAN_LIT("x"), &used, &p.s.plain, 9, &p.s.wire), ERR_TLS
	);
	assert_int_equal(used, 1);
	assert_int_equal(tls_close(p.s.tls, &p.s.wire), 0);
	pair_fini(&p);
}

static void what_is_no_tls_is_refused(void **state)
{
	static const char *const garbage[] = {
		"GET / HTTP/1.1\r\n\r\n",
		"\xff\xff\xff\xff\xff\xff\xff\xff",
		"\x16\x03\x01\xff\xff\x01\x01\x01",     // a record beyond the limit
		"\x17\x03\x03\x01\x01\x01\x01\x01",     // data before the handshake
		"\x16\x03\x01\x01\x04\xff\xff\xff\xff", // an unknown handshake message
	};
	for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
		struct pair p = pair_new(*state);
		uint8_t bytes[600] = {};
		memcpy(bytes, garbage[i], strlen(garbage[i]));
		size_t used;
		int rc = tls_open(
			p.s.tls, span_of(bytes, sizeof(bytes)), &used, &p.s.plain, 99, &p.s.wire
		);
		assert_int_equal(rc, ERR_TLS);
		// From the third on it looks like TLS, and there is someone to tell.
		assert_true((buf_len(&p.s.wire) > 0) == (i >= 2));
		assert_true(strlen(tls_failure(p.s.tls)) > 0);
		pair_fini(&p);
	}
}

static void a_full_wire_loses_nothing(void **state)
{
	struct pair p = pair_new(*state);
	p.s.wire.limit = 100;
	size_t used;
	assert_int_equal(tls_open(p.c.tls, (struct span){}, &used, &p.c.plain, 99, &p.c.wire), 0);
	int rc = tls_open(p.s.tls, buf_span(&p.c.wire), &used, &p.s.plain, 99, &p.s.wire);
	assert_int_equal(rc, ERR_LIMIT);
	assert_false(tls_is_established(p.s.tls));
	buf_consume(&p.c.wire, used);
	p.s.wire.limit = LOOP_LIMIT;
	loop_move(&p.c, &p.s, 0);
	rc = tls_open(p.s.tls, (struct span){}, &used, &p.s.plain, 99, &p.s.wire);
	assert_int_equal(rc, 0);
	loop_move(&p.s, &p.c, 0);
	loop_run(&p.c, &p.s, 0);
	assert_true(tls_is_established(p.s.tls) && tls_is_established(p.c.tls));
	pair_fini(&p);
}

static void seal_uses_what_fits(void **state)
{
	struct pair p = pair_established(*state);
	enum { N = 50000 };
	uint8_t *bytes = pattern(N);
	p.c.wire.limit = 20000;
	size_t at = 0;
	while (at < N) {
		size_t used;
		struct span rest = span_of(bytes + at, N - at);
		assert_int_equal(tls_seal(p.c.tls, rest, &used, &p.c.wire), 0);
		assert_true(used > 0);
		at += used;
		assert_true(buf_len(&p.c.wire) <= 20000);
		// Only whole records: the other side has all of it.
		loop_move(&p.c, &p.s, 0);
		assert_int_equal(buf_len(&p.s.plain), at);
	}
	loop_received(&p.s, span_of(bytes, N));

	p.c.wire.limit = TLS_SEAL_OVERHEAD;
	size_t used = 7;
	assert_int_equal(tls_seal(p.c.tls, SPAN_LIT("x"), &used, &p.c.wire), ERR_LIMIT);
	assert_int_equal(used, 0);
	p.c.wire.limit = TLS_SEAL_OVERHEAD + 1;
	assert_int_equal(tls_seal(p.c.tls, SPAN_LIT("x"), &used, &p.c.wire), 0);
	assert_int_equal(used, 1);
	free(bytes);
	pair_fini(&p);
}

static void connections_outlive_server_and_client(void **state)
{
	struct pair p = pair_new(*state);
	tls_server_free(p.server);
	tls_client_free(p.client);
	p.server = NULL;
	p.client = NULL;
	loop_run(&p.c, &p.s, 0);
	loop_send(&p.c, SPAN_LIT("still here"));
	loop_move(&p.c, &p.s, 0);
	loop_received(&p.s, SPAN_LIT("still here"));
	pair_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_sides_agree),
		cmocka_unit_test(settled_ends_forget_the_handshake),
		cmocka_unit_test(nothing_is_sealed_before_the_handshake),
		cmocka_unit_test(cuts_change_nothing),
		cmocka_unit_test(one_cut_anywhere_changes_nothing),
		cmocka_unit_test(plain_max_holds_back),
		cmocka_unit_test(held_plaintext_comes_with_an_empty_span),
		cmocka_unit_test(a_full_plain_buffer_is_no_error),
		cmocka_unit_test(close_comes_after_the_plaintext),
		cmocka_unit_test(a_cut_stream_is_not_a_close),
		cmocka_unit_test(a_changed_record_ends_in_an_alert),
		cmocka_unit_test(what_is_no_tls_is_refused),
		cmocka_unit_test(a_full_wire_loses_nothing),
		cmocka_unit_test(seal_uses_what_fits),
		cmocka_unit_test(connections_outlive_server_and_client),
	};
	return cmocka_run_group_tests_name("connection", tests, loop_world_new, loop_world_free);
}
