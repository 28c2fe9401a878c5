// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/tls/session.h"

#include "dataplane/tls/connection.h"

#include <openssl/err.h>

#include <time.h>

static bool is_good(const SSL_SESSION *session)
{
	uint64_t now = (uint64_t)time(NULL), made = (uint64_t)SSL_SESSION_get_time(session);
	uint64_t lifetime = SSL_SESSION_get_ticket_lifetime_hint(session);

	return SSL_SESSION_is_resumable(session) == 1 && now < trust_until(session) &&
	       made <= now && now - made < lifetime;
}

static void keep(struct sessions *sessions, SSL_SESSION *session)
{
	if (sessions->n == SESSIONS_KEPT) {
		SSL_SESSION_free(sessions->kept[0]);
		sessions->n--;
		memmove(sessions->kept, sessions->kept + 1,
			sessions->n * sizeof(sessions->kept[0]));
	}
	sessions->kept[sessions->n++] = session;
}

// Takes the reference when it returns 1.
static int on_session(SSL *ssl, SSL_SESSION *session)
{
	struct tls *tls = tls_of(ssl);

	if (SSL_version(ssl) != TLS1_3_VERSION || tls->client == NULL || !is_good(session))
		return 0;
	keep(&tls->client->sessions, session);
	return 1;
}

void sessions_watch(SSL_CTX *context)
{
	SSL_CTX_set_session_cache_mode(
		context,
		SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL | SSL_SESS_CACHE_NO_AUTO_CLEAR
	);
	SSL_CTX_sess_set_new_cb(context, on_session);
}

void sessions_fini(struct sessions *sessions)
{
	while (sessions->n > 0)
		SSL_SESSION_free(sessions->kept[--sessions->n]);
}

void sessions_offer(struct tls *tls)
{
	struct sessions *sessions = &tls->client->sessions;

	while (sessions->n > 0) {
		SSL_SESSION *session = sessions->kept[--sessions->n];
		// No harm when it fails: the handshake is a full one.
		bool offered = is_good(session) && SSL_set_session(tls->ssl, session) == 1;
		SSL_SESSION_free(session);
		if (offered)
			return;
	}
}

void sessions_end(struct tls *tls)
{
	if (tls->for_tickets == NULL)
		return;
	// OpenSSL would hold a session for broken whose connection was not closed by it.
	SSL_set_shutdown(tls->for_tickets, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(tls->for_tickets);
	tls->for_tickets = NULL;
}

// OpenSSL's object stands where the handshake ended: the first record it will open is the server's
// first, and that is what it gets, whichever record the message came in. Nonce and key were used
// by the server, for the same words perhaps; what is sealed here is seen by nobody.
static void feed(struct tls *tls, struct span message)
{
	uint8_t record[RECORD_HEADER + SESSION_MESSAGE_MAX + 1 + AEAD_TAG];
	size_t size = message.n + 1 + AEAD_TAG;
	const uint8_t header[RECORD_HEADER] = {
		RECORD_APPLICATION_DATA, 3, 3, (uint8_t)(size >> 8), (uint8_t)size};
	const struct tls_wire wire = tls->wire;
	struct buf nowhere;
	uint8_t nothing;
	size_t got = 0;

	memcpy(record, header, sizeof(header));
	aead_seal(
		record_library(tls)->aead, &tls->record.read.key, 0,
		span_of(header, sizeof(header)), message, RECORD_HANDSHAKE, record + RECORD_HEADER
	);
	buf_init(&nowhere, NULL, 0); // nothing of it is to be sent, no alert either
	tls->wire = (struct tls_wire){.in = span_of(record, RECORD_HEADER + size), .out = &nowhere};
	(void)SSL_read_ex(tls->for_tickets, &nothing, sizeof(nothing), &got);
	ERR_clear_error();
	tls->wire = wire;
}

void sessions_learn(struct tls *tls, struct span message)
{
	if (tls->for_tickets == NULL)
		return;
	if (message.n <= SESSION_MESSAGE_MAX)
		feed(tls, message);
	sessions_end(tls);
}
