// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/tls/connection.h"

#include <openssl/err.h>

#include <stdlib.h>

struct tls *tls_of(const SSL *ssl)
{
	return SSL_get_app_data(ssl);
}

// From the heap: one small block beside the dozens that OpenSSL takes for the same connection.
static struct tls *connection_new(const struct tls_library *library, SSL_CTX *context)
{
	struct tls *tls = calloc(1, sizeof(*tls));
	if (tls == NULL)
		return NULL;
	tls->failure = "";
	tls->ssl = SSL_new(context);
	BIO *bio = tls_wire_bio(library->context, library->wire, &tls->wire);
	if (tls->ssl == NULL || bio == NULL || SSL_set_app_data(tls->ssl, tls) != 1) {
		BIO_free(bio);
		SSL_free(tls->ssl);
		free(tls);
		return NULL;
	}
	SSL_set_bio(tls->ssl, bio, bio);
	return tls;
}

struct tls *tls_accept(struct tls_server *server)
{
	struct tls *tls = connection_new(server->library, server->fallback);
	if (tls == NULL)
		return NULL;
	tls_server_ref(server);
	tls->server = server;
	SSL_set_accept_state(tls->ssl);
	return tls;
}

struct tls *tls_connect(struct tls_client *client)
{
	struct tls *tls = connection_new(client->library, client->context);
	if (tls == NULL)
		return NULL;
	tls_client_ref(client);
	tls->client = client;
	SSL_set_connect_state(tls->ssl);
	if (client->sni[0] != 0 && SSL_set_tlsext_host_name(tls->ssl, client->sni) != 1) {
		tls_free(tls);
		return NULL;
	}
	sessions_offer(tls);
	return tls;
}

const struct tls_facts *tls_facts_of(const struct tls *tls)
{
	static const struct tls_facts forgotten = {.version = "", .cipher = "", .alpn = ""};
	return tls->facts == NULL ? &forgotten : tls->facts;
}

void tls_settle(struct tls *tls)
{
	if (tls->facts != NULL)
		free(tls->facts->server_name);
	free(tls->facts);
	tls->facts = NULL;
}

void tls_free(struct tls *tls)
{
	if (tls == NULL)
		return;
	record_fini(tls);
	sessions_end(tls);
	SSL_free(tls->ssl);
	tls_settle(tls);
	tls_server_free(tls->server);
	tls_client_free(tls->client);
	free(tls);
}

static int fail(struct tls *tls, int result, const char *failure)
{
	tls->result = result;
	tls->failure = failure;
	return result;
}

// OpenSSL has given up: keep the reason, which is the oldest error of its queue.
static int fail_openssl(struct tls *tls)
{
	unsigned long e = ERR_peek_error();
	const char *reason = ERR_reason_error_string(e);
	bool refused = ERR_GET_LIB(e) == ERR_LIB_SSL &&
		       ERR_GET_REASON(e) == SSL_R_CERTIFICATE_VERIFY_FAILED;
	ERR_clear_error();
	if (refused)
		return fail(
			tls, ERR_CERTIFICATE,
			X509_verify_cert_error_string(SSL_get_verify_result(tls->ssl))
		);
	return fail(tls, ERR_TLS, reason == NULL ? "TLS failure" : reason);
}

// What `rc` of an SSL function that did not succeed means to tls_open and tls_seal.
static int outcome(struct tls *tls, int rc)
{
	switch (SSL_get_error(tls->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		return 0;
	case SSL_ERROR_WANT_WRITE:
		return tls->wire.failed;
	case SSL_ERROR_ZERO_RETURN:
		return fail(tls, ERR_CLOSED, "closed by the peer");
	default:
		return fail_openssl(tls);
	}
}

static void enter(struct tls *tls, struct span in, struct buf *wire)
{
	if (tls->ssl != NULL && ERR_peek_error() != 0) // clearing goes through all there may be
		ERR_clear_error();
	tls->wire = (struct tls_wire){.in = in, .out = wire};
}

static bool alpn_is_ours(const struct tls *tls)
{
	const unsigned char *p;
	unsigned int n;
	SSL_get0_alpn_selected(tls->ssl, &p, &n);
	return n == 0 || span_equal(span_of(p, n), span_str(tls->client->alpn));
}

static int shake_hands(struct tls *tls)
{
	record_listen(tls->ssl, &tls->record);
	int rc = SSL_do_handshake(tls->ssl);
	if (rc != 1)
		return outcome(tls, rc);
	// RFC 7301 3.1: the server chooses among what was offered. OpenSSL 3.0 does not look.
	if (tls->client != NULL && !alpn_is_ours(tls))
		return fail(tls, ERR_TLS, "the server chose a protocol that was not offered");
	tls->established = true;
	return record_take_over(tls) == 0 ? 0 : fail(tls, ERR_TLS, "no keys");
}

// How much to make room for: a record's rest when OpenSSL has one open; otherwise its plaintext is
// no longer than what is still to be read of it, and if some was read before, we come round again.
static size_t plain_expected(const struct tls *tls)
{
	size_t pending = (size_t)SSL_pending(tls->ssl);
	if (pending == 0)
		pending = tls->wire.in.n == 0 ? 1 : tls->wire.in.n;
	return pending < TLS_RECORD_PLAIN ? pending : TLS_RECORD_PLAIN;
}

static int read_plain(struct tls *tls, struct buf *plain, size_t plain_max)
{
	while (plain_max > 0) {
		if (tls->wire.in.n == 0 && SSL_has_pending(tls->ssl) == 0)
			return 0;
		size_t room = buf_room(plain);
		size_t want = plain_expected(tls);
		want = want < plain_max ? want : plain_max;
		want = want < room ? want : room;
		if (want == 0)
			return 0;
		int rc = buf_reserve(plain, want);
		if (rc != 0)
			return rc;
		size_t got = 0;
		rc = SSL_read_ex(tls->ssl, buf_tail(plain), want, &got);
		if (rc != 1)
			return outcome(tls, rc);
		buf_commit(plain, got);
		plain_max -= got;
	}
	return 0;
}

static int read_records(struct tls *tls, struct buf *plain, size_t plain_max)
{
	size_t used;
	int rc = record_open(tls, tls->wire.in, &used, plain, plain_max, tls->wire.out);
	tls->wire.in = span_from(tls->wire.in, used);
	return rc;
}

int tls_open(
	struct tls *tls, struct span in, size_t *used, struct buf *plain, size_t plain_max,
	struct buf *wire
)
{
	// After the end nothing is read: RFC 8446 6.1 has data behind a closure alert ignored.
	*used = in.n;
	if (tls->result != 0)
		return tls->result;
	enter(tls, in, wire);
	int rc = 0;
	if (!tls->established)
		rc = shake_hands(tls);
	if (tls->established && rc == 0)
		rc = tls->record.active ? read_records(tls, plain, plain_max)
					: read_plain(tls, plain, plain_max);
	if (tls->result == 0)
		*used = in.n - tls->wire.in.n;
	enter(tls, (struct span){}, NULL);
	return rc;
}

int tls_open_parts(
	struct tls *tls, const struct span *parts, size_t n_parts, struct tls_opened *opened,
	struct buf *plain, size_t plain_max, struct buf *wire
)
{
	*opened = (struct tls_opened){0};
	if (tls->result != 0 || !tls->record.active)
		return 0;
	return record_open_parts(tls, parts, n_parts, opened, plain, plain_max, wire);
}

bool tls_has_plain(const struct tls *tls)
{
	if (tls->record.active)
		return tls->result == 0 && record_has_plain(&tls->record);
	return tls->result == 0 && SSL_pending(tls->ssl) > 0;
}

size_t tls_seal_room(struct buf *wire, size_t want, int *rc)
{
	size_t room = buf_room(wire);
	*rc = ERR_LIMIT;
	if (room <= TLS_SEAL_OVERHEAD)
		return 0;
	room -= TLS_SEAL_OVERHEAD;
	want = want < room ? want : room;
	want = want < TLS_RECORD_PLAIN ? want : TLS_RECORD_PLAIN;
	*rc = buf_reserve(wire, want + TLS_SEAL_OVERHEAD);
	return *rc == 0 ? want : 0;
}

static int seal(struct tls *tls, struct span plain, size_t *used, struct buf *wire)
{
	while (plain.n > 0) {
		int rc;
		size_t n = tls_seal_room(wire, plain.n, &rc);
		if (n == 0)
			return *used > 0 ? 0 : rc;
		size_t sealed = 0;
		rc = SSL_write_ex(tls->ssl, plain.p, n, &sealed);
		if (rc != 1)
			return outcome(tls, rc);
		*used += sealed;
		plain = span_from(plain, sealed);
	}
	return 0;
}

int tls_seal(struct tls *tls, struct span plain, size_t *used, struct buf *wire)
{
	*used = 0;
	if (tls->close_sent)
		return ERR_CLOSED;
	// A peer that has closed may still be sent to.
	if (tls->result != 0 && tls->result != ERR_CLOSED)
		return ERR_TLS;
	if (!tls->established)
		return 0;
	if (tls->record.active)
		return record_seal(tls, plain, used, wire);
	enter(tls, (struct span){}, wire);
	int rc = seal(tls, plain, used, wire);
	enter(tls, (struct span){}, NULL);
	return rc;
}

static int close_openssl(struct tls *tls, struct buf *wire)
{
	int rc = buf_reserve(wire, TLS_SEAL_OVERHEAD);
	if (rc != 0)
		return rc;
	enter(tls, (struct span){}, wire);
	// In the middle of a post-handshake message of the peer OpenSSL sends no alert.
	rc = SSL_shutdown(tls->ssl) < 0 ? ERR_TLS : 0;
	enter(tls, (struct span){}, NULL);
	// An alert's 16 KB OpenSSL keeps, whatever SSL_MODE_RELEASE_BUFFERS says: of many
	// connections that close at once each would ask for its own. No matter if it will not.
	(void)SSL_free_buffers(tls->ssl);
	return rc;
}

int tls_close(struct tls *tls, struct buf *wire)
{
	bool failed = tls->result != 0 && tls->result != ERR_CLOSED;
	if (tls->close_sent || failed || !tls->established)
		return 0;
	int rc = tls->record.active ? record_close(tls, wire) : close_openssl(tls, wire);
	tls->close_sent = rc == 0;
	return rc;
}

bool tls_is_established(const struct tls *tls)
{
	return tls->established;
}

const char *tls_failure(const struct tls *tls)
{
	return tls->failure;
}

const char *tls_version(const struct tls *tls)
{
	return tls->ssl == NULL ? tls_facts_of(tls)->version : SSL_get_version(tls->ssl);
}

const char *tls_cipher(const struct tls *tls)
{
	return tls->ssl == NULL ? tls_facts_of(tls)->cipher : SSL_get_cipher_name(tls->ssl);
}

const char *tls_alpn(const struct tls *tls)
{
	const unsigned char *p;
	unsigned int n;
	if (tls->ssl == NULL)
		return tls_facts_of(tls)->alpn;
	SSL_get0_alpn_selected(tls->ssl, &p, &n);
	// It can only be the one we know, and OpenSSL's copy has no NUL.
	if (n == 0)
		return "";
	return tls->server != NULL ? tls->server->alpn : tls->client->alpn;
}

const char *tls_server_name(const struct tls *tls)
{
	if (tls->client != NULL)
		return tls->client->sni;
	const char *name = tls->ssl == NULL
				   ? tls_facts_of(tls)->server_name
				   : SSL_get_servername(tls->ssl, TLSEXT_NAMETYPE_host_name);
	return name == NULL ? "" : name;
}

void tls_forget_sessions(const struct tls *tls)
{
	if (tls->client != NULL)
		sessions_fini(&tls->client->sessions);
}

bool tls_is_resumed(const struct tls *tls)
{
	return tls->ssl == NULL ? tls_facts_of(tls)->resumed : SSL_session_reused(tls->ssl) == 1;
}
