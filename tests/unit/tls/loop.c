// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/tls/loop.h"

#include <openssl/err.h>

int loop_world_new(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	authority_folder_make(w->dir);
	w->root = authority_new(w->dir, "ca", NULL, "EC");
	w->middle = authority_new(w->dir, "middle", w->root, "EC");
	struct authority_leaf leaf = {"EC", "DNS:db.example,IP:127.0.0.1,IP:::1"};
	authority_issue(w->middle, &leaf, "db");
	leaf.key = "RSA";
	authority_issue(w->middle, &leaf, "db-rsa");
	leaf.names = "DNS:other.example,DNS:*.wild.example";
	authority_issue(w->root, &leaf, "other-rsa");
	leaf.key = "EC";
	authority_issue(w->root, &leaf, "other");
	*state = w;
	return 0;
}

int loop_world_free(void **state)
{
	struct world *w = *state;
	authority_folder_remove(w->dir);
	authority_free(w->middle);
	authority_free(w->root);
	free(w);
	return 0;
}

struct tls_server *loop_server(struct world *world, const char *alpn, const char *file, ...)
{
	struct tls_certificate certificates[TLS_CERTIFICATES_MAX];
	char paths[TLS_CERTIFICATES_MAX][2][AUTHORITY_PATH];
	size_t n = 0;
	va_list list;
	va_start(list, file);
	for (; file != NULL; file = va_arg(list, const char *), n++) {
		certificates[n].chain_file = authority_path(world->root, file, ".pem", paths[n][0]);
		certificates[n].key_file = authority_path(world->root, file, ".key", paths[n][1]);
	}
	va_end(list);
	struct tls_server_config config = {
		.certificates = certificates,
		.n_certificates = n,
		.alpn = alpn,
		.ticket_secret = "an example of a ticket secret",
	};
	struct tls_server *server = NULL;
	const char *why;
	if (tls_server_new(&config, &server, &why) != 0)
		fail_msg("server: %s", why);
	return server;
}

struct tls_client *loop_client(struct world *world, enum tls_verify verify, const char *name)
{
	char ca[AUTHORITY_PATH];
	struct tls_client_config config = {
		.verify = verify,
		.ca_file = authority_path(world->root, "ca", ".pem", ca),
		.server_name = name,
	};
	struct tls_client *client = NULL;
	const char *why;
	if (tls_client_new(&config, &client, &why) != 0)
		fail_msg("client: %s", why);
	return client;
}

static struct end end_new(void)
{
	struct end end = {};
	buf_init(&end.plain, NULL, LOOP_LIMIT);
	buf_init(&end.wire, NULL, LOOP_LIMIT);
	return end;
}

struct end loop_end(struct tls *tls)
{
	assert_non_null(tls);
	struct end end = end_new();
	end.tls = tls;
	return end;
}

SSL_CTX *loop_openssl(struct world *world, int version)
{
	char ca[AUTHORITY_PATH];
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	assert_non_null(context);
	assert_int_equal(SSL_CTX_set_min_proto_version(context, version), 1);
	assert_int_equal(SSL_CTX_set_max_proto_version(context, version), 1);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	authority_path(world->root, "ca", ".pem", ca);
	assert_int_equal(SSL_CTX_load_verify_file(context, ca), 1);
	return context;
}

struct end loop_peer(SSL_CTX *context, const char *name)
{
	struct end end = end_new();
	end.ssl = SSL_new(context);
	SSL_set_bio(end.ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_connect_state(end.ssl);
	if (name != NULL) {
		assert_int_equal(SSL_set_tlsext_host_name(end.ssl, name), 1);
		assert_int_equal(SSL_set1_host(end.ssl, name), 1);
	}
	return end;
}

SSL_CTX *loop_openssl_server(struct world *world, int version, const char *file)
{
	char path[AUTHORITY_PATH];
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	assert_non_null(context);
	assert_int_equal(SSL_CTX_set_min_proto_version(context, version), 1);
	assert_int_equal(SSL_CTX_set_max_proto_version(context, version), 1);
	authority_path(world->root, file, ".pem", path);
	assert_int_equal(SSL_CTX_use_certificate_chain_file(context, path), 1);
	authority_path(world->root, file, ".key", path);
	assert_int_equal(SSL_CTX_use_PrivateKey_file(context, path, SSL_FILETYPE_PEM), 1);
	return context;
}

struct end loop_peer_server(SSL_CTX *context)
{
	struct end end = end_new();
	end.ssl = SSL_new(context);
	SSL_set_bio(end.ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_accept_state(end.ssl);
	return end;
}

void loop_end_fini(struct end *end)
{
	tls_free(end->tls);
	SSL_free(end->ssl);
	buf_fini(&end->plain);
	buf_fini(&end->wire);
}

static void peer_flush(struct end *peer)
{
	char bytes[4096];
	for (;;) {
		int n = BIO_read(SSL_get_wbio(peer->ssl), bytes, sizeof(bytes));
		if (n <= 0)
			return;
		assert_int_equal(buf_append(&peer->wire, span_of(bytes, (size_t)n)), 0);
	}
}

static void peer_take(struct end *peer, struct span in)
{
	char bytes[4096];
	if (in.n > 0)
		assert_int_equal(BIO_write(SSL_get_rbio(peer->ssl), in.p, (int)in.n), in.n);
	ERR_clear_error();
	for (;;) {
		int n = SSL_read(peer->ssl, bytes, sizeof(bytes));
		if (n <= 0)
			break;
		assert_int_equal(buf_append(&peer->plain, span_of(bytes, (size_t)n)), 0);
	}
	ERR_clear_error();
	peer_flush(peer);
}

static void take(struct end *end, struct span in)
{
	if (end->ssl != NULL) {
		peer_take(end, in);
		return;
	}
	size_t used;
	end->result = tls_open(end->tls, in, &used, &end->plain, SIZE_MAX, &end->wire);
	// Without a bound on plaintext nothing may be left over.
	assert_int_equal(used, in.n);
}

void loop_move(struct end *from, struct end *to, size_t chunk)
{
	while (buf_len(&from->wire) > 0) {
		struct span s = buf_span(&from->wire);
		s = span_first(s, chunk == 0 ? s.n : chunk);
		take(to, s);
		buf_consume(&from->wire, s.n);
	}
}

void loop_run(struct end *a, struct end *b, size_t chunk)
{
	take(a, (struct span){});
	while (buf_len(&a->wire) + buf_len(&b->wire) > 0) {
		loop_move(a, b, chunk);
		loop_move(b, a, chunk);
	}
}

void loop_send(struct end *end, struct span bytes)
{
	if (end->ssl != NULL) {
		assert_int_equal(SSL_write(end->ssl, bytes.p, (int)bytes.n), bytes.n);
		peer_flush(end);
		return;
	}
	size_t used;
	assert_int_equal(tls_seal(end->tls, bytes, &used, &end->wire), 0);
	assert_int_equal(used, bytes.n);
}

void loop_received(struct end *end, struct span expected)
{
	assert_int_equal(buf_len(&end->plain), expected.n);
	assert_memory_equal(buf_span(&end->plain).p, expected.p, expected.n);
	buf_consume(&end->plain, expected.n);
}
