// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/sim/relay_server.h"

#include "tests/sim/relay_policy.h"

#include <stdio.h>
#include <stdlib.h>

enum { SSL_REQUEST = 80877103, CANCEL_REQUEST = 80877102, FIRST_KEY = 0x51000000 };

static void ready(struct database_session *s)
{
	say(&s->peer.out, 'Z', "b", s->transaction);
}

static void complete(struct buf *out, const char *tag)
{
	say(out, 'C', "s", tag);
}

static void error(struct buf *out, const char *severity, const char *code, const char *text)
{
	say(out, 'E', "bsbsbsbsb", 'S', severity, 'V', severity, 'C', code, 'M', text, 0);
}

// Columns email and ssn of customers.
static void describe(struct buf *out)
{
	say(out, 'T', "hsihihihsihihih", 2, "email", TABLE_CUSTOMERS, 1, 25, -1, -1, 0, "ssn",
	    TABLE_CUSTOMERS, ATTNUM_SSN, 25, -1, -1, 0);
}

static void describe_text(struct buf *out)
{
	say(out, 'T', "hsihihih", 1, "value", 0, 0, 25, -1, -1, 0);
}

static void row(struct buf *out)
{
	const char *email = SECRET_EMAIL, *ssn = SECRET_SSN;
	say(out, 'D', "hirir", 2, (int)strlen(email), strlen(email), email, (int)strlen(ssn),
	    strlen(ssn), ssn);
}

static void half_a_row(struct database_session *s)
{
	struct buf whole;
	buf_init(&whole, NULL, 1 << 16);
	row(&whole);
	if (buf_append(&s->peer.out, span_first(buf_span(&whole), buf_len(&whole) / 2)) != 0)
		abort();
	buf_fini(&whole);
}

static void big_row(struct database_session *s)
{
	char *value = malloc(s->row_size);
	if (value == NULL)
		abort();
	memset(value, 'x', s->row_size);
	say(&s->peer.out, 'D', "hir", 1, (int)s->row_size, s->row_size, value);
	free(value);
	s->rows_left--;
}

static bool holds(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

// The answer to one text, without ReadyForQuery. `described`: RowDescription goes with it.
static void answer(struct database *d, struct database_session *s, const char *text, bool described)
{
	struct buf *out = described ? &s->peer.out : &s->held;
	size_t rows, size;
	d->queries++;
	if (holds(text, "bulkhead refused")) {
		error(out, "ERROR", "42601", "syntax error at or near \"bulkhead\"");
		if (s->transaction == 'T')
			s->transaction = 'E';
	} else if (holds(text, "FETCH")) { // of an expression over the masked column
		describe_text(out);
		say(out, 'D', "hir", 1, (int)strlen(SECRET_SSN), strlen(SECRET_SSN), SECRET_SSN);
		complete(out, "FETCH 1");
	} else if (holds(text, "customers") && holds(text, "COPY")) {
		say(out, 'H', "bhh", 0, 1, 0);
		say(out, 'd', "r", strlen(SECRET_EMAIL) + 1, SECRET_EMAIL "\n");
		say(out, 'c', "");
		complete(out, "COPY 1");
	} else if (holds(text, "customers")) {
		if (described)
			describe(out);
		row(out);
		row(out);
		complete(out, "SELECT 2");
	} else if (sscanf(text, "SELECT %zu AS rows, %zu AS size", &rows, &size) == 2) {
		s->rows_left = rows;
		s->row_size = size;
		describe_text(&s->peer.out);
	} else if (holds(text, "FROM STDIN")) {
		say(out, 'G', "bh", 0, 0);
		s->copying = true;
	} else if (holds(text, "error")) {
		error(out, "ERROR", "22P02", "bad value \"" SECRET_EMAIL "\"");
	} else if (holds(text, "notice")) {
		say(out, 'N', "bsbsbsb", 'S', "NOTICE", 'C', "00000", 'M', "mail " SECRET_EMAIL, 0);
		say(out, 'A', "iss", 7, "channel", SECRET_EMAIL);
		complete(out, "LISTEN");
	} else if (holds(text, "CREATE")) {
		complete(out, "CREATE TABLE");
	} else if (holds(text, "BEGIN")) {
		s->transaction = 'T';
		complete(out, "BEGIN");
	} else if (holds(text, "COMMIT")) {
		s->transaction = 'I';
		complete(out, "COMMIT");
	} else {
		complete(out, "SELECT 0");
	}
}

// A misbehaving server's answer. False: it behaves.
static bool misbehave(struct database *d, struct database_session *s)
{
	switch (d->mode) {
	case SERVER_GARBAGE:
		say(&s->peer.out, '?', "s", "what");
		return true;
	case SERVER_OVERSIZED:
		describe(&s->peer.out);
		if (buf_append(&s->peer.out, span_of("D\x40\0\0\0\0\2", 7)) != 0)
			abort();
		return true;
	case SERVER_CLOSES_IN_ROW:
	case SERVER_RESETS_IN_ROW:
		describe(&s->peer.out);
		row(&s->peer.out);
		half_a_row(s);
		s->leaving = true;
		return true;
	case SERVER_LAST_WORDS:
		error(&s->peer.out, "FATAL", "57P01", "the server says good-bye");
		s->leaving = true;
		return true;
	case SERVER_UNASKED:
		complete(&s->peer.out, "SELECT 0");
		ready(s);
		complete(&s->peer.out, "SELECT 0");
		return true;
	case SERVER_MUTE:
	case SERVER_PUPPET:
	case SERVER_STRANGER:
		return true;
	case SERVER_USUAL:
	case SERVER_REFUSES_TLS:
	case SERVER_REFUSES_LOGIN:
	case SERVER_SILENT:
	case SERVER_GARBAGE_LOGIN:
		break;
	}
	return false;
}

static void query(struct database *d, struct database_session *s, const char *text)
{
	bool mute = d->mute_after != 0 && d->queries >= d->mute_after;
	if (mute || misbehave(d, s))
		return;
	answer(d, s, text, true);
	if (s->rows_left == 0 && !s->copying)
		ready(s);
}

static void release_held(struct database_session *s)
{
	if (buf_append(&s->peer.out, buf_span(&s->held)) != 0)
		abort();
	buf_consume(&s->held, buf_len(&s->held));
}

static void parse(struct database_session *s, const char *name)
{
	const char *text = name + strlen(name) + 1;
	if (holds(text, "bulkhead refused")) {
		error(&s->held, "ERROR", "42601", "syntax error");
		s->skipping = true;
		return;
	}
	snprintf(s->statement, sizeof(s->statement), "%s", text);
	say(&s->held, '1', "");
}

static void extended(struct database *d, struct database_session *s, char type, const char *body)
{
	bool rows = holds(s->statement, "customers");
	switch (type) {
	case 'P':
		parse(s, body);
		break;
	case 'B':
		say(&s->held, '2', "");
		break;
	case 'D':
		if (body[0] == 'S')
			say(&s->held, 't', "h", 0);
		if (rows)
			describe(&s->held);
		else
			say(&s->held, 'n', "");
		break;
	case 'E':
		answer(d, s, s->statement, false);
		break;
	case 'C':
		say(&s->held, '3', "");
		break;
	default:
		break;
	}
}

static void message(struct database *d, struct database_session *s, char type, const char *body)
{
	switch (type) {
	case 'X':
		s->leaving = true;
		break;
	case 'd':
		break;
	case 'c':
	case 'f':
		s->copying = false;
		if (type == 'c')
			complete(&s->peer.out, "COPY 2");
		else
			error(&s->peer.out, "ERROR", "57014", "COPY from stdin failed");
		ready(s);
		break;
	case 'S':
		s->skipping = false;
		release_held(s);
		if (d->mode != SERVER_MUTE)
			ready(s);
		break;
	case 'H':
		release_held(s);
		break;
	case 'Q':
		query(d, s, body);
		break;
	default:
		if (!s->skipping && d->mode != SERVER_MUTE)
			extended(d, s, type, body);
		break;
	}
}

static void login(struct database *d, struct database_session *s)
{
	struct buf *out = &s->peer.out;
	s->authenticated = true;
	if (d->mode == SERVER_REFUSES_LOGIN) {
		error(out, "FATAL", "28P01", "password authentication failed for user \"app_ro\"");
		s->leaving = true;
		return;
	}
	say(out, 'R', "i", 0);
	say(out, 'S', "ss", "server_version", "15.4");
	say(out, 'S', "ss", "client_encoding", "UTF8");
	say(out, 'S', "ss", "standard_conforming_strings", "on");
	say(out, 'K', "ii", 4711, s->key);
	ready(s);
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void request(struct database *d, struct database_session *s, struct span m)
{
	uint32_t code = m.n < 8 ? 0 : be32(m.p + 4);
	if (code == SSL_REQUEST) {
		const char *no = d->mode == SERVER_REFUSES_TLS ? "N" : "S";
		s->tls = *no == 'S';
		if (buf_append(&s->peer.out, span_str(no)) != 0)
			abort();
	} else if (code == CANCEL_REQUEST) {
		d->cancels++;
		d->cancelled_key = be32(m.p + 12);
		s->leaving = true;
	} else {
		s->started = true;
		if (!s->tls)
			login(d, s); // the gateway gives no password away in the clear
		else
			say(&s->peer.out, 'R', "i", 3); // AuthenticationCleartextPassword
	}
}

// One message. False when there is none.
static bool take(struct database *d, struct database_session *s)
{
	struct span in = buf_span(&s->peer.in);
	size_t n = message_len(in, s->started);
	if (n == 0 || s->leaving)
		return false;
	if (buf_append(&d->log, span_first(in, n)) != 0)
		abort();
	if (!s->started)
		request(d, s, span_first(in, n));
	else if (!s->authenticated)
		login(d, s);
	else
		message(d, s, (char)in.p[0], (const char *)in.p + 5);
	buf_consume(&s->peer.in, n);
	return true;
}

static void leave(struct database *d, struct database_session *s)
{
	if (d->mode == SERVER_RESETS_IN_ROW && s->leaving)
		tcp_abort(s->peer.conn);
	d->sent = s->peer.sent;
	peer_fini(&s->peer);
	buf_fini(&s->held);
	s->live = false;
	d->n_live--;
}

static void work(struct database *d, struct database_session *s, uint64_t now_us)
{
	peer_move(&s->peer, now_us);
	bool puppet = d->mode == SERVER_PUPPET && s->authenticated;
	if (d->mode == SERVER_SILENT || d->mode == SERVER_STRANGER || puppet)
		buf_consume(&s->peer.in, buf_len(&s->peer.in));
	if (d->mode == SERVER_GARBAGE_LOGIN && buf_len(&s->peer.in) > 0 && !s->leaving) {
		if (buf_append(&s->peer.out, SPAN_LIT("HTTP/1.1 400 Bad Request\r\n")) != 0)
			abort();
		s->leaving = true;
	}
	while (s->rows_left == 0 && take(d, s))
		;
	while (s->rows_left > 0 && buf_len(&s->peer.out) < 64 << 10) {
		big_row(s);
		if (s->rows_left == 0) {
			complete(&s->peer.out, "SELECT 1");
			ready(s);
		}
	}
	peer_move(&s->peer, now_us);
	if (s->tls && s->peer.tls == NULL && peer_is_flushed(&s->peer))
		peer_secure(&s->peer, tls_accept(policies_database()));
	bool done = s->leaving && peer_is_flushed(&s->peer) &&
		    (d->mode != SERVER_RESETS_IN_ROW || tcp_send_pending(s->peer.conn) == 0);
	if (done || s->peer.reset || (s->peer.eof && s->rows_left == 0))
		leave(d, s);
}

static struct database_session *accept_session(struct database *d, struct tcp_conn *conn)
{
	for (unsigned i = 0; i < DATABASE_SESSIONS; i++) {
		struct database_session *s = &d->sessions[i];
		if (s->live)
			continue;
		*s = (struct database_session
		){.live = true, .transaction = 'I', .key = FIRST_KEY + d->n_accepted};
		peer_init(&s->peer, d->cutting, d->seed + d->n_accepted);
		buf_init(&s->held, NULL, 1 << 20);
		s->peer.conn = conn;
		tcp_conn_set_user(conn, s);
		d->n_live++;
		d->n_accepted++;
		return s;
	}
	abort();
}

void database_app(void *ctx, uint64_t now_us)
{
	struct database *d = ctx;
	struct tcp_conn *conn;
	uint32_t events;
	while ((conn = tcp_event(d->host->tcp, &events)) != NULL) {
		struct database_session *s = tcp_conn_user(conn);
		if (s == NULL)
			s = accept_session(d, conn);
		peer_event(&s->peer, events);
	}
	for (unsigned i = 0; i < DATABASE_SESSIONS; i++)
		if (d->sessions[i].live)
			work(d, &d->sessions[i], now_us);
}

struct database_session *database_session(struct database *d)
{
	for (unsigned i = 0; i < DATABASE_SESSIONS; i++)
		if (d->sessions[i].live)
			return &d->sessions[i];
	return NULL;
}

void database_init(struct database *d, uint64_t seed)
{
	*d = (struct database){.seed = seed};
	buf_init(&d->log, NULL, 128 << 20);
}

void database_listen(struct database *d, struct host *host)
{
	static const uint16_t ports[] = {PORT_ORDERS, PORT_PLAIN};
	d->host = host;
	for (unsigned i = 0; i < 2; i++) {
		struct endpoint any = {.port = ports[i]};
		if (tcp_listen(host->tcp, &any, NULL) != 0)
			abort();
	}
}

void database_fini(struct database *d)
{
	for (unsigned i = 0; i < DATABASE_SESSIONS; i++)
		if (d->sessions[i].live)
			leave(d, &d->sessions[i]);
	buf_fini(&d->log);
}
