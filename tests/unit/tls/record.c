// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The record layer against OpenSSL's, against the traces of RFC 8448, and against a peer that has
// the keys and means ill.

#include "dataplane/tls/connection.h"
#include "tests/unit/tls/loop.h"

enum record_test_size { CONTENT_MAX = RECORD_PLAIN_MAX + 300 };

struct pair {
	struct tls_server *server;
	struct tls_client *client;
	struct end s, c;
};

static struct pair pair_established(struct world *world)
{
	struct pair p = {
		.server = loop_server(world, NULL, "db", NULL),
		.client = loop_client(world, TLS_VERIFY_FULL, "db.example"),
	};
	p.s = loop_end(tls_accept(p.server));
	p.c = loop_end(tls_connect(p.client));
	loop_run(&p.c, &p.s, 0);
	assert_true(p.s.tls->record.active && p.c.tls->record.active);
	assert_null(p.s.tls->ssl);
	return p;
}

static void pair_fini(struct pair *p)
{
	loop_end_fini(&p->s);
	loop_end_fini(&p->c);
	tls_server_free(p->server);
	tls_client_free(p->client);
}

static void raw_header(struct buf *wire, uint8_t type, size_t n)
{
	assert_int_equal(buf_append_u8(wire, type), 0);
	assert_int_equal(buf_append_be16(wire, 0x0303), 0);
	assert_int_equal(buf_append_be16(wire, (uint16_t)n), 0);
}

// A record as only somebody with the keys can make it: any type, any length, padded.
static void forge(struct end *from, uint8_t type, struct span content, size_t padding)
{
	static uint8_t sealed[CONTENT_MAX + 1 + AEAD_TAG], plain[CONTENT_MAX];
	struct record_half *half = &from->tls->record.write;
	size_t n = content.n + (padding > 0 ? padding : 0);

	assert_true(n <= CONTENT_MAX);
	memset(plain, 0, sizeof(plain));
	if (content.n > 0)
		memcpy(plain, content.p, content.n);
	if (padding > 0)
		plain[content.n] = type;
	raw_header(&from->wire, RECORD_APPLICATION_DATA, n + 1 + AEAD_TAG);
	struct span header = {buf_tail(&from->wire) - RECORD_HEADER, RECORD_HEADER};
	aead_seal(
		record_library(from->tls)->aead, &half->key, half->sequence++, header,
		span_of(plain, n), padding > 0 ? 0 : type, sealed
	);
	assert_int_equal(buf_append(&from->wire, span_of(sealed, n + 1 + AEAD_TAG)), 0);
}

static struct span zeros(size_t n)
{
	static const uint8_t bytes[CONTENT_MAX];
	assert_true(n <= sizeof(bytes));
	return span_of(bytes, n);
}

static void padding_is_taken_off(void **state)
{
	struct pair p = pair_established(*state);
	forge(&p.c, RECORD_APPLICATION_DATA, SPAN_LIT("select 1"), 200);
	forge(&p.c, RECORD_APPLICATION_DATA, SPAN_LIT("\0\0"), 1);
	forge(&p.c, RECORD_APPLICATION_DATA, zeros(RECORD_PLAIN_MAX), 0);
	loop_move(&p.c, &p.s, 0);
	assert_int_equal(p.s.result, 0);
	assert_int_equal(buf_len(&p.s.plain), 8 + 2 + RECORD_PLAIN_MAX);
	assert_memory_equal(buf_span(&p.s.plain).p, "select 1\0\0", 10);
	pair_fini(&p);
}

// What an ill-meaning peer sends, and how it is answered.
struct evil {
	const char *what;
	uint8_t type;
	const char *content;
	size_t n, padding;
	const char *failure;
	const char *alert;
};

static const struct evil evils[] = {
	{"nothing but padding", 0, "", 0, 5, "unexpected message", "unexpected message"},
	{"a type that is not known", 99, "x", 1, 0, "unexpected message", "unexpected message"},
	{"a change of cipher spec", 20, "\1", 1, 0, "unexpected message", "unexpected message"},
	{"an empty piece of a message", 22, "", 0, 0, "unexpected message", "unexpected message"},
	{"a second hello", 22, "\1\0\0\1x", 5, 0, "unexpected message", "unexpected message"},
	{"a ticket for a server", 22, "\4\0\0\1x", 5, 0, "unexpected message",
	 "unexpected message"},
	{"a KeyUpdate of two bytes", 22, "\30\0\0\2\0\0", 6, 0,
	 "a handshake message of the wrong length", "decode error"},
	{"a KeyUpdate of none", 22, "\30\0\0\0", 4, 0, "a handshake message of the wrong length",
	 "decode error"},
	{"a KeyUpdate that wants 2", 22, "\30\0\0\1\2", 5, 0, "a bad KeyUpdate",
	 "illegal parameter"},
	{"a KeyUpdate and more", 22, "\30\0\0\1\0\30", 6, 0, "unexpected message",
	 "unexpected message"},
	{"half an alert", 21, "\1", 1, 0, "an alert of the wrong length", "decode error"},
	{"two alerts in one", 21, "\1\0\1\0", 4, 0, "an alert of the wrong length", "decode error"},
};

static void who_has_the_keys_is_still_held_to_the_rules(void **state)
{
	for (size_t i = 0; i < sizeof(evils) / sizeof(evils[0]); i++) {
		const struct evil *e = &evils[i];
		struct pair p = pair_established(*state);
		forge(&p.c, e->type, span_of(e->content, e->n), e->padding);
		loop_move(&p.c, &p.s, 0);
		assert_int_equal(p.s.result, ERR_TLS);
		assert_string_equal(tls_failure(p.s.tls), e->failure);
		assert_int_equal(buf_len(&p.s.plain), 0);
		loop_move(&p.s, &p.c, 0);
		assert_int_equal(p.c.result, ERR_TLS);
		if (strstr(tls_failure(p.c.tls), e->alert) == NULL)
			fail_msg("%s: alert %s", e->what, tls_failure(p.c.tls));
		pair_fini(&p);
	}
}

static void expect_failure(struct pair *p, const char *failure)
{
	loop_move(&p->c, &p->s, 0);
	assert_int_equal(p->s.result, ERR_TLS);
	assert_string_equal(tls_failure(p->s.tls), failure);
	pair_fini(p);
}

static void records_have_their_bounds(void **state)
{
	struct pair p = pair_established(*state);
	raw_header(&p.c.wire, RECORD_APPLICATION_DATA, RECORD_SEALED_MAX + 1);
	expect_failure(&p, "packet length too long");

	p = pair_established(*state);
	raw_header(&p.c.wire, RECORD_APPLICATION_DATA, RECORD_SEALED_MIN - 1);
	expect_failure(&p, "length too short");

	p = pair_established(*state);
	raw_header(&p.c.wire, RECORD_HANDSHAKE, 100);
	expect_failure(&p, "unexpected message");

	p = pair_established(*state);
	forge(&p.c, RECORD_APPLICATION_DATA, zeros(RECORD_PLAIN_MAX + 1), 0);
	expect_failure(&p, "data length too long");

	p = pair_established(*state);
	for (int i = 0; i <= RECORD_EMPTY_MAX; i++)
		forge(&p.c, RECORD_APPLICATION_DATA, (struct span){}, 0);
	expect_failure(&p, "too many empty records");
}

static void a_message_in_pieces_is_not_interrupted(void **state)
{
	struct pair p = pair_established(*state);
	forge(&p.c, RECORD_HANDSHAKE, SPAN_LIT("\30\0"), 0);
	forge(&p.c, RECORD_APPLICATION_DATA, SPAN_LIT("x"), 0);
	expect_failure(&p, "unexpected message");

	p = pair_established(*state);
	forge(&p.c, RECORD_HANDSHAKE, SPAN_LIT("\30\0"), 0);
	forge(&p.c, RECORD_ALERT, SPAN_LIT("\1\0"), 0);
	expect_failure(&p, "unexpected message");

	p = pair_established(*state);
	forge(&p.c, RECORD_HANDSHAKE, SPAN_LIT("\30\0"), 0);
	forge(&p.c, RECORD_HANDSHAKE, SPAN_LIT("\0\1"), 0);
	forge(&p.c, RECORD_HANDSHAKE, SPAN_LIT("\0"), 0);
	loop_move(&p.c, &p.s, 0);
	assert_int_equal(p.s.result, 0);
	pair_fini(&p);
}

static void a_key_is_used_so_often_and_no_more(void **state)
{
	struct pair p = pair_established(*state);
	for (int round = 0; round < 3; round++) {
		struct record_half *write = &p.c.tls->record.write;
		uint64_t number = write->key.number;
		write->sequence = p.s.tls->record.read.sequence = RECORD_KEY_LIMIT - 1;
		loop_send(&p.c, SPAN_LIT("the last one"));
		assert_int_equal(write->key.number, number);
		loop_send(&p.c, SPAN_LIT("the first one"));
		assert_true(write->key.number != number);
		assert_int_equal(write->sequence, 1);
		loop_move(&p.c, &p.s, 0);
		loop_received(&p.s, SPAN_LIT("the last onethe first one"));
	}
	pair_fini(&p);
}

// Both ask at once, as often as they like: one answer a call, and none to an answer.
static void asking_for_updates_is_answered_once(void **state)
{
	struct pair p = pair_established(*state);
	for (int i = 0; i < RECORD_EMPTY_MAX; i++) {
		forge(&p.c, RECORD_HANDSHAKE, SPAN_LIT("\30\0\0\1\1"), 0);
		assert_int_equal(
			record_next_keys(
				record_library(p.c.tls), &p.c.tls->record.write,
				p.c.tls->record.secret_size
			),
			0
		);
	}
	loop_move(&p.c, &p.s, 0);
	assert_int_equal(p.s.result, 0);
	size_t answer = buf_len(&p.s.wire);
	assert_int_equal(answer, RECORD_HEADER + 5 + 1 + AEAD_TAG);
	loop_send(&p.s, SPAN_LIT("under the new key"));
	loop_move(&p.s, &p.c, 0);
	loop_received(&p.c, SPAN_LIT("under the new key"));
	assert_int_equal(buf_len(&p.c.wire), 0);

	for (int i = 0; i <= RECORD_EMPTY_MAX; i++)
		assert_int_equal(record_update(p.c.tls, &p.c.wire), 0);
	expect_failure(&p, "unexpected message");
}

// The peer was told of a key that we could not make: nothing more is sealed, under any key.
static void without_its_next_key_it_seals_no_more(void **state)
{
	struct pair p = pair_established(*state);
	struct tls_library *library = record_library(p.c.tls);
	EVP_KDF_CTX *expand = library->expand;
	size_t used;

	p.c.tls->record.update_due = true;
	library->expand = NULL; // as when memory is short
	int first = tls_seal(p.c.tls, SPAN_LIT("secret"), &used, &p.c.wire);
	library->expand = expand;
	assert_int_equal(first, ERR_TLS);
	assert_int_equal(used, 0);
	size_t told = buf_len(&p.c.wire);
	assert_int_equal(tls_seal(p.c.tls, SPAN_LIT("secret"), &used, &p.c.wire), ERR_TLS);
	assert_int_equal(tls_close(p.c.tls, &p.c.wire), 0);
	assert_int_equal(buf_len(&p.c.wire), told);
	assert_string_equal(tls_failure(p.c.tls), "no next key");
	pair_fini(&p);

	p = pair_established(*state);
	library = record_library(p.s.tls);
	p.s.tls->record.update_due = true;
	expand = library->expand;
	library->expand = NULL;
	int opened = tls_open(p.s.tls, (struct span){}, &used, &p.s.plain, 1, &p.s.wire);
	library->expand = expand;
	assert_int_equal(opened, ERR_TLS);
	assert_int_equal(buf_len(&p.s.wire), RECORD_HEADER + 5 + 1 + AEAD_TAG);
	pair_fini(&p);
}

// Taken in whole, with no memory for its plaintext: it is not forgotten when nothing follows.
static void a_record_that_found_no_memory_is_still_there(void **state)
{
	struct pair p = pair_established(*state);
	struct blocks *blocks = blocks_new(1 << 20);
	struct buf plain;
	size_t used, got;

	assert_non_null(blocks);
	buf_init(&plain, blocks, LOOP_LIMIT);
	loop_send(&p.c, SPAN_LIT("select 1"));
	struct span sent = buf_span(&p.c.wire);
	assert_int_equal(tls_open(p.s.tls, span_first(sent, 7), &used, &plain, 100, &p.s.wire), 0);
	assert_false(tls_has_plain(p.s.tls));
	while (blocks_get(blocks, BLOCKS_SMALLEST, &got) != NULL)
		continue;
	int rc = tls_open(p.s.tls, span_from(sent, 7), &used, &plain, 100, &p.s.wire);
	assert_int_equal(rc, ERR_POOL_EMPTY);
	assert_int_equal(used, sent.n - 7);
	assert_true(tls_has_plain(p.s.tls));
	rc = tls_open(p.s.tls, (struct span){}, &used, &p.s.plain, 100, &p.s.wire);
	assert_int_equal(rc, 0);
	assert_false(tls_has_plain(p.s.tls));
	loop_received(&p.s, SPAN_LIT("select 1"));
	buf_fini(&plain);
	blocks_free(blocks);
	pair_fini(&p);
}

static void talk(struct end *a, struct end *b, size_t chunk)
{
	static const size_t sizes[] = {1, 15, 16, 17, 255, 4096, 16383, 16384, 16385, 40000};
	static uint8_t bytes[40000];
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (size_t k = 0; k < sizes[i]; k++)
			bytes[k] = (uint8_t)(k * 7 + i);
		loop_send(a, span_of(bytes, sizes[i]));
		loop_move(a, b, chunk);
		loop_received(b, span_of(bytes, sizes[i]));
	}
}

// Every suite, both roles, records in pieces and whole, OpenSSL at the other end.
static void every_suite_speaks_with_openssl(void **state)
{
	static const char *const suites[] = {
		"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"};
	struct tls_server *server = loop_server(*state, NULL, "db", NULL);
	struct tls_client *client = loop_client(*state, TLS_VERIFY_FULL, "db.example");
	for (size_t i = 0; i < 6; i++) {
		bool serve = i % 2 == 0;
		SSL_CTX *context = serve ? loop_openssl(*state, TLS1_3_VERSION)
					 : loop_openssl_server(*state, TLS1_3_VERSION, "db");
		assert_int_equal(SSL_CTX_set_ciphersuites(context, suites[i / 2]), 1);
		struct end peer =
			serve ? loop_peer(context, "db.example") : loop_peer_server(context);
		struct end ours = loop_end(serve ? tls_accept(server) : tls_connect(client));
		if (serve)
			loop_run(&peer, &ours, 0);
		else
			loop_run(&ours, &peer, 0);
		assert_true(ours.tls->record.active);
		assert_string_equal(tls_cipher(ours.tls), suites[i / 2]);
		talk(&ours, &peer, 0);
		talk(&peer, &ours, 0);
		talk(&peer, &ours, 1000);
		assert_int_equal(SSL_key_update(peer.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
		talk(&peer, &ours, 1);
		talk(&ours, &peer, 0);
		assert_int_equal(record_update(ours.tls, &ours.wire), 0);
		talk(&ours, &peer, 0);
		assert_int_equal(tls_close(ours.tls, &ours.wire), 0);
		loop_move(&ours, &peer, 0);
		assert_int_equal(
			SSL_get_shutdown(peer.ssl) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN
		);
		loop_end_fini(&peer);
		loop_end_fini(&ours);
		SSL_CTX_free(context);
	}
	tls_server_free(server);
	tls_client_free(client);
}

// The first bytes of `wire` in parts of `chunk` each, at most TLS_PARTS_MAX, every one in memory of
// its own that ends with it. Returns how many.
static size_t cut_up(struct span wire, size_t chunk, struct span parts[static TLS_PARTS_MAX])
{
	size_t n = 0;
	for (; n < TLS_PARTS_MAX && wire.n > 0; n++) {
		struct span part = span_first(wire, chunk);
		uint8_t *own = malloc(part.n);
		assert_non_null(own);
		memcpy(own, part.p, part.n);
		parts[n] = span_of(own, part.n);
		wire = span_from(wire, part.n);
	}
	return n;
}

static int open_cut_up(struct end *to, struct span wire, size_t chunk, struct tls_opened *opened)
{
	struct span parts[TLS_PARTS_MAX] = {};
	size_t n = cut_up(wire, chunk, parts);
	int rc = tls_open_parts(to->tls, parts, n, opened, &to->plain, RECORD_PLAIN_MAX, &to->wire);
	for (size_t i = 0; i < n; i++)
		free((void *)(uintptr_t)parts[i].p);
	return rc;
}

// All that `from` has to say, record by record.
static void move_cut_up(struct end *from, struct end *to, size_t chunk)
{
	while (buf_len(&from->wire) > 0) {
		struct tls_opened opened;
		to->result = open_cut_up(to, buf_span(&from->wire), chunk, &opened);
		assert_true(to->result == 0 || to->result == ERR_CLOSED);
		assert_int_equal(opened.missing, 0);
		assert_true(opened.used > 0);
		buf_consume(&from->wire, opened.used);
	}
}

static void records_in_parts_of_every_suite(void **state)
{
	static const char *const suites[] = {
		"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"};
	static const size_t chunks[] = {700, 1448, 4095, 40000};
	static uint8_t bytes[40000];
	struct tls_server *server = loop_server(*state, NULL, "db", NULL);
	for (size_t k = 0; k < sizeof(bytes); k++)
		bytes[k] = (uint8_t)(k * 11 + k / 256);
	for (size_t i = 0; i < 3; i++) {
		SSL_CTX *context = loop_openssl(*state, TLS1_3_VERSION);
		assert_int_equal(SSL_CTX_set_ciphersuites(context, suites[i]), 1);
		struct end peer = loop_peer(context, "db.example");
		struct end ours = loop_end(tls_accept(server));
		loop_run(&peer, &ours, 0);
		for (size_t k = 0; k < sizeof(chunks) / sizeof(chunks[0]); k++) {
			loop_send(&peer, span_of(bytes, sizeof(bytes)));
			assert_int_equal(SSL_key_update(peer.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
			loop_send(&peer, SPAN_LIT("under another key"));
			move_cut_up(&peer, &ours, chunks[k]);
			assert_memory_equal(buf_span(&ours.plain).p, bytes, sizeof(bytes));
			buf_consume(&ours.plain, sizeof(bytes));
			loop_received(&ours, SPAN_LIT("under another key"));
			loop_send(&ours, SPAN_LIT("answered"));
			loop_move(&ours, &peer, 0);
			loop_received(&peer, SPAN_LIT("answered"));
		}
		loop_end_fini(&peer);
		loop_end_fini(&ours);
		SSL_CTX_free(context);
	}
	tls_server_free(server);
}

static void a_record_may_be_cut_anywhere(void **state)
{
	struct pair p = pair_established(*state);
	size_t n = 0;
	for (size_t at = 1; at == 1 || at < n; at++) {
		forge(&p.c, RECORD_APPLICATION_DATA, SPAN_LIT("select 1"), at % 3);
		n = buf_len(&p.c.wire);
		move_cut_up(&p.c, &p.s, at);
		loop_received(&p.s, SPAN_LIT("select 1"));
	}
	assert_int_equal(tls_close(p.c.tls, &p.c.wire), 0);
	move_cut_up(&p.c, &p.s, 1);
	assert_int_equal(p.s.result, ERR_CLOSED);
	pair_fini(&p);
}

// Nothing is taken of what is not whole, and nobody waits for more than that.
static void it_tells_what_a_record_misses(void **state)
{
	struct pair p = pair_established(*state);
	loop_send(&p.c, SPAN_LIT("select 1"));
	struct span wire = buf_span(&p.c.wire);
	struct tls_opened opened;
	for (size_t n = 0; n < wire.n; n++) {
		size_t whole = n < RECORD_HEADER ? RECORD_HEADER : wire.n;
		assert_int_equal(open_cut_up(&p.s, span_first(wire, n), 9, &opened), 0);
		assert_int_equal(opened.used, 0);
		assert_int_equal(opened.missing, n == 0 ? 0 : whole - n);
		assert_int_equal(buf_len(&p.s.plain), 0);
	}
	// Without room it is left to tls_open; and what that has begun it goes on with.
	struct span parts[] = {span_first(wire, 20), span_from(wire, 20)};
	size_t used;
	assert_int_equal(tls_open_parts(p.s.tls, parts, 2, &opened, &p.s.plain, 7, &p.s.wire), 0);
	assert_int_equal(opened.used + opened.missing, 0);
	assert_int_equal(tls_open(p.s.tls, parts[0], &used, &p.s.plain, 100, &p.s.wire), 0);
	assert_int_equal(used, 20);
	assert_int_equal(
		tls_open_parts(p.s.tls, parts + 1, 1, &opened, &p.s.plain, 100, &p.s.wire), 0
	);
	assert_int_equal(opened.used + opened.missing, 0);
	assert_int_equal(tls_open(p.s.tls, parts[1], &used, &p.s.plain, 100, &p.s.wire), 0);
	loop_received(&p.s, SPAN_LIT("select 1"));
	pair_fini(&p);
}

// Whichever bit is another one, wherever it was cut: nothing of it is handed out.
static void no_byte_of_a_record_may_be_another(void **state)
{
	for (size_t at = RECORD_HEADER; at < RECORD_HEADER + 8 + 1 + AEAD_TAG; at++) {
		struct pair p = pair_established(*state);
		struct tls_opened opened;
		loop_send(&p.c, SPAN_LIT("select 1"));
		p.c.wire.data[p.c.wire.head + at] ^= (uint8_t)(1 << at % 8);
		int rc = open_cut_up(&p.s, buf_span(&p.c.wire), 7, &opened);
		assert_int_equal(rc, ERR_TLS);
		assert_int_equal(opened.used, buf_len(&p.c.wire));
		assert_string_equal(tls_failure(p.s.tls), "decryption failed or bad record mac");
		assert_int_equal(buf_len(&p.s.plain), 0);
		buf_consume(&p.c.wire, buf_len(&p.c.wire));
		loop_move(&p.s, &p.c, 0);
		assert_non_null(strstr(tls_failure(p.c.tls), "bad record mac"));
		pair_fini(&p);
	}
}

// One left out, and one said twice.
static void records_have_their_order(void **state)
{
	struct pair p = pair_established(*state);
	loop_send(&p.c, SPAN_LIT("first"));
	buf_consume(&p.c.wire, buf_len(&p.c.wire));
	loop_send(&p.c, SPAN_LIT("second"));
	expect_failure(&p, "decryption failed or bad record mac");

	p = pair_established(*state);
	loop_send(&p.c, SPAN_LIT("first"));
	struct span again = buf_span(&p.c.wire);
	assert_int_equal(buf_append(&p.s.plain, again), 0);
	loop_move(&p.c, &p.s, 0);
	assert_int_equal(p.s.result, 0);
	assert_int_equal(buf_append(&p.c.wire, span_first(buf_span(&p.s.plain), again.n)), 0);
	expect_failure(&p, "decryption failed or bad record mac");
}

static void from_hex(const char *hex, uint8_t *out)
{
	for (size_t i = 0; hex[i] != 0; i += 2)
		assert_int_equal(sscanf(hex + i, "%2hhx", &out[i / 2]), 1);
}

// RFC 8448 3: the server's first application traffic secret, its keys, and the record that carries
// the 50 bytes 00 to 31 behind one ticket.
static void the_traces_of_rfc_8448(void **state)
{
	(void)state;
	static const char secret[] =
		"a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643";
	static const char sealed_hex[] =
		"1703030043"
		"2e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36e30efaf97d90e6dffc602dcb50"
		"1a59a8fcc49c4bf2e5f0a21c0047c2abf332540dd032e167c2955d";
	uint8_t key[16], iv[AEAD_NONCE], plain[50], expected[72], sealed[67];
	struct tls_library *library = tls_library_new();
	struct record_half half = {.key.suite = AEAD_AES_128_GCM};

	assert_non_null(library);
	from_hex(secret, half.secret);
	assert_int_equal(record_keys(library, &half, 32), 0);
	from_hex("9f02283b6c9c07efc26bb9f2ac92e356", key);
	from_hex("cf782b88dd83549aadf1e984", iv);
	assert_memory_equal(half.key.key, key, sizeof(key));
	assert_memory_equal(half.key.iv, iv, sizeof(iv));
	from_hex(sealed_hex, expected);
	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (uint8_t)i;
	aead_seal(
		library->aead, &half.key, 1, span_of(expected, RECORD_HEADER),
		span_of(plain, sizeof(plain)), RECORD_APPLICATION_DATA, sealed
	);
	assert_memory_equal(sealed, expected + RECORD_HEADER, sizeof(sealed));
	assert_true(aead_open(
		library->aead, &half.key, 1, span_of(expected, RECORD_HEADER),
		span_of(sealed, sizeof(sealed)), sealed
	));
	assert_memory_equal(sealed, plain, sizeof(plain));
	aead_key_end(library->aead, &half.key);
	tls_library_free(library);
}

// More connections than the worker keeps long keys for, all of them in use.
static void more_keys_than_are_kept(void **state)
{
	enum { PAIRS = 200 };
	static struct end server_ends[PAIRS], client_ends[PAIRS];
	struct tls_server *server = loop_server(*state, NULL, "db", NULL);
	struct tls_client *client = loop_client(*state, TLS_VERIFY_FULL, "db.example");
	for (size_t i = 0; i < PAIRS; i++) {
		server_ends[i] = loop_end(tls_accept(server));
		client_ends[i] = loop_end(tls_connect(client));
		loop_run(&client_ends[i], &server_ends[i], 0);
	}
	for (size_t round = 0; round < 3; round++) {
		for (size_t i = 0; i < PAIRS; i++) {
			struct end *s = &server_ends[i], *c = &client_ends[PAIRS - 1 - i];
			loop_send(s, SPAN_LIT("down"));
			loop_send(c, SPAN_LIT("up"));
		}
		for (size_t i = 0; i < PAIRS; i++) {
			loop_move(&server_ends[i], &client_ends[i], 0);
			loop_move(&client_ends[i], &server_ends[i], 0);
			loop_received(&client_ends[i], SPAN_LIT("down"));
			loop_received(&server_ends[i], SPAN_LIT("up"));
		}
	}
	for (size_t i = 0; i < PAIRS; i++) {
		loop_end_fini(&server_ends[i]);
		loop_end_fini(&client_ends[i]);
	}
	tls_server_free(server);
	tls_client_free(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(padding_is_taken_off),
		cmocka_unit_test(who_has_the_keys_is_still_held_to_the_rules),
		cmocka_unit_test(records_have_their_bounds),
		cmocka_unit_test(a_message_in_pieces_is_not_interrupted),
		cmocka_unit_test(a_key_is_used_so_often_and_no_more),
		cmocka_unit_test(asking_for_updates_is_answered_once),
		cmocka_unit_test(without_its_next_key_it_seals_no_more),
		cmocka_unit_test(a_record_that_found_no_memory_is_still_there),
		cmocka_unit_test(every_suite_speaks_with_openssl),
		cmocka_unit_test(records_in_parts_of_every_suite),
		cmocka_unit_test(a_record_may_be_cut_anywhere),
		cmocka_unit_test(it_tells_what_a_record_misses),
		cmocka_unit_test(no_byte_of_a_record_may_be_another),
		cmocka_unit_test(records_have_their_order),
		cmocka_unit_test(the_traces_of_rfc_8448),
		cmocka_unit_test(more_keys_than_are_kept),
	};
	return cmocka_run_group_tests_name("record", tests, loop_world_new, loop_world_free);
}
