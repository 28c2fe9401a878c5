// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// From OpenSSL, which shook hands, to our record layer. The secrets come by its documented key log
// callback; its message callback tells which records it wrote under the new keys: the tickets.

#include "dataplane/tls/connection.h"

#include <openssl/err.h>

#include <stdlib.h>

enum { FINISHED = 20 }; // RFC 8446 4

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Returns how many bytes the hex digits at `text` make, at most RECORD_SECRET_MAX; 0 for others.
static uint8_t read_hex(const char *text, uint8_t out[RECORD_SECRET_MAX])
{
	uint8_t n = 0;
	for (; text[0] != 0 && n < RECORD_SECRET_MAX; text += 2) {
		int high = hex_digit(text[0]), low = high < 0 ? -1 : hex_digit(text[1]);
		if (low < 0)
			return 0;
		out[n++] = (uint8_t)(high << 4 | low);
	}
	return text[0] == 0 ? n : 0;
}

// The secret of a line "LABEL random secret" of the key log format.
static const char *secret_of(const char *line, const char *label)
{
	size_t n = strlen(label);
	if (strncmp(line, label, n) != 0)
		return NULL;
	const char *space = strchr(line + n, ' ');
	return space == NULL ? NULL : space + 1;
}

static void on_secret(const SSL *ssl, const char *line)
{
	struct tls *tls = tls_of(ssl);
	struct record *r = &tls->record;
	bool server = tls->server != NULL;
	const char *theirs =
		secret_of(line, server ? "CLIENT_TRAFFIC_SECRET_0 " : "SERVER_TRAFFIC_SECRET_0 ");
	const char *ours =
		secret_of(line, server ? "SERVER_TRAFFIC_SECRET_0 " : "CLIENT_TRAFFIC_SECRET_0 ");
	if (theirs != NULL) {
		r->secret_size = read_hex(theirs, r->read.secret);
		r->has_read_secret = r->secret_size > 0;
	} else if (ours != NULL) {
		r->secret_size = read_hex(ours, r->write.secret);
		r->has_write_secret = r->secret_size > 0;
	}
}

void record_listen(SSL *ssl, const struct record *r)
{
	SSL_CTX_set_keylog_callback(SSL_get_SSL_CTX(ssl), r->has_finished ? on_secret : NULL);
}

static void on_message(int written, int, int type, const void *bytes, size_t n, SSL *ssl, void *)
{
	struct record *r = &tls_of(ssl)->record;
	if (n == 0)
		return;
	uint8_t first = *(const uint8_t *)bytes;
	if (type == SSL3_RT_HANDSHAKE && first == FINISHED) {
		r->has_finished = true;
		record_listen(ssl, r);
	}
	if (written == 0)
		return;
	if (type == SSL3_RT_HANDSHAKE && first == FINISHED)
		r->tickets = 0;
	else if (type == SSL3_RT_HEADER && first == RECORD_APPLICATION_DATA && r->tickets < UINT8_MAX)
		r->tickets++;
}

void record_watch(SSL_CTX *context)
{
	SSL_CTX_set_msg_callback(context, on_message);
}

static bool suite_of(const SSL *ssl, enum aead_suite *out)
{
	switch (SSL_CIPHER_get_id(SSL_get_current_cipher(ssl))) {
	case TLS1_3_CK_AES_128_GCM_SHA256:
		*out = AEAD_AES_128_GCM;
		return true;
	case TLS1_3_CK_AES_256_GCM_SHA384:
		*out = AEAD_AES_256_GCM;
		return true;
	case TLS1_3_CK_CHACHA20_POLY1305_SHA256:
		*out = AEAD_CHACHA20_POLY1305;
		return true;
	default:
		return false;
	}
}

// What others may ask of the connection later, and only OpenSSL knows.
static bool keep_facts(struct tls *tls)
{
	struct tls_facts *facts = calloc(1, sizeof(*facts));
	if (facts == NULL)
		return false;
	facts->version = SSL_get_version(tls->ssl);
	facts->cipher = SSL_get_cipher_name(tls->ssl);
	facts->alpn = tls_alpn(tls);
	facts->resumed = tls_is_resumed(tls);
	facts->has_peer_hash = tls_peer_certificate_hash(tls, facts->peer_hash);
	if (tls_server_end_point(tls, facts->binding, &facts->binding_size) != 0)
		facts->binding_size = 0;
	tls->facts = facts;
	const char *name = tls_server_name(tls);
	if (tls->server == NULL || name[0] == 0)
		return true;
	facts->server_name = strdup(name);
	return facts->server_name != NULL;
}

int record_take_over(struct tls *tls)
{
	struct record *r = &tls->record;
	struct tls_library *library = record_library(tls);
	enum aead_suite suite;

	if (!r->has_read_secret || !r->has_write_secret || SSL_version(tls->ssl) != TLS1_3_VERSION)
		return 0;
	// More records than were counted: the sequence is not known.
	if (r->tickets == UINT8_MAX)
		return 0;
	if (SSL_has_pending(tls->ssl) != 0 || !suite_of(tls->ssl, &suite) || !keep_facts(tls))
		return 0;
	r->read.key.suite = r->write.key.suite = suite;
	if (record_keys(library, &r->read, r->secret_size) != 0 ||
	    record_keys(library, &r->write, r->secret_size) != 0)
		return ERR_TLS;
	r->write.sequence = r->tickets;
	r->active = true;
	if (tls->client != NULL && tls->client->resumes)
		tls->for_tickets = tls->ssl;
	else
		SSL_free(tls->ssl);
	tls->ssl = NULL;
	return 0;
}

void record_fini(struct tls *tls)
{
	struct record *r = &tls->record;
	struct tls_library *library = record_library(tls);
	if (r->active) {
		aead_key_end(library->aead, &r->read.key);
		aead_key_end(library->aead, &r->write.key);
	}
	free(r->block);
	OPENSSL_cleanse(r, sizeof(*r));
}

struct tls_library *record_library(const struct tls *tls)
{
	return tls->server != NULL ? tls->server->library : tls->client->library;
}
