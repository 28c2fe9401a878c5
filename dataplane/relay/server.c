// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/base/stage.h"
#include "dataplane/relay/session.h"

static const struct denial lost = {
	.fatal = true,
	.code = "08006",
	.message = "bulkhead: the connection to the server was lost",
};

static enum step server_failed(struct relay *relay, struct session *s, int error)
{
	if (error == ERR_TLS || error == ERR_CERTIFICATE) {
		static const struct denial untrusted = {
			.fatal = true,
			.code = "08006",
			.message = "bulkhead: the server's TLS or certificate was not accepted",
			.hint = "The operator finds the reason in the gateway's log.",
		};
		const char *why = tls_failure(s->server.tls);
		return session_end(relay, s, END_TLS_SERVER, &untrusted, why);
	}
	if (error == ERR_LIMIT || error == ERR_POOL_EMPTY)
		return session_end(relay, s, END_LIMIT, &lost, err_text(error));
	return session_end(relay, s, END_SERVER_RESET, &lost, err_text(error));
}

static enum step bad(struct relay *relay, struct session *s, enum proto_bad what)
{
	const struct denial too_large = {
		.fatal = true,
		.code = "54000",
		.message = "bulkhead: the server's answer is larger than the gateway takes",
		.detail = proto_bad_name(what),
	};
	const struct denial violation = {
		.fatal = true,
		.code = "08P01",
		.message = "bulkhead: the server broke the protocol; the session ends",
		.detail = proto_bad_name(what),
	};
	const struct denial *why = what == PROTO_BAD_LENGTH ? &too_large : &violation;
	relay->stats->bad[LEG_SERVER][what & 15]++;
	return session_end(relay, s, END_SERVER_PROTOCOL, why, proto_bad_name(what));
}

static enum step start_tls(struct relay *relay, struct session *s)
{
	struct tls_client **clients = relay->snapshot->workers[relay->config.worker].clients;
	size_t used = 0;
	int r = leg_push(&s->server);
	if (r == 0 && clients[s->resource] != NULL)
		s->server.tls = tls_connect(clients[s->resource]);
	if (s->server.tls == NULL || !leg_is_flushed(&s->server))
		return session_end(relay, s, END_LIMIT, &lost, "TLS cannot be started");
	r = tls_open(
		s->server.tls, (struct span){0}, &used, &s->server.plain, LEG_PULL, &s->server.wire
	);
	return r == 0 ? STEP_MOVED : server_failed(relay, s, r);
}

static enum step secured(struct relay *relay, struct session *s)
{
	uint8_t binding[TLS_BINDING_MAX];
	size_t len = 0;
	struct proto_io io = session_io(s);
	if (tls_server_end_point(s->server.tls, binding, &len) != 0)
		len = 0; // a certificate whose signature names no hash: no channel binding
	s->server_secured = true;
	if (tls_is_resumed(s->server.tls))
		relay->stats->server_tls_resumed++;
	else
		relay->stats->server_tls_full++;
	if (s->proto->upstream_secured(s->proto_state, span_of(binding, len), &io) != 0)
		return session_end(relay, s, END_LIMIT, &lost, "no room to log in");
	return STEP_MOVED;
}

static enum step take(struct relay *relay, struct session *s, struct proto_msg *msg)
{
	switch (msg->kind) {
	case PROTO_UPSTREAM_TLS:
		return start_tls(relay, s);
	case PROTO_UPSTREAM_REFUSED:
		return login_refused(relay, s, msg);
	case PROTO_UPSTREAM_READY:
		return login_done(relay, s, msg);
	case PROTO_RESULT:
		return answer_result(relay, s, msg);
	case PROTO_OTHER:
		return answer_other(relay, s, msg);
	case PROTO_SWALLOW:
		return STEP_MOVED;
	case PROTO_START_TLS:
	case PROTO_LOGIN:
	case PROTO_CANCEL:
	case PROTO_COMMAND:
	case PROTO_END:
		break; // a client's
	}
	return bad(relay, s, PROTO_BAD_ORDER);
}

static enum step closed(struct relay *relay, struct session *s)
{
	if (s->detached)
		return session_end(relay, s, END_CANCEL, NULL, "cancel delivered");
	if (s->state != SESSION_OPEN)
		return session_end(relay, s, END_UPSTREAM_CONNECT, &lost, "server closed");
	return session_end(relay, s, END_SERVER_CLOSED, NULL, "server closed");
}

// Out: *got, whether more bytes are there than before.
static enum step pull(struct relay *relay, struct session *s, size_t want, bool *got)
{
	size_t before = buf_len(&s->server.plain);
	answer_forget_ahead(relay, s); // what lies behind the rows may move them
	int r = leg_pull(&s->server, want);
	if (r != 0)
		return server_failed(relay, s, r);
	*got = buf_len(&s->server.plain) > before;
	if (*got && s->state == SESSION_OPEN)
		leg_expect(&s->client, buf_len(&s->server.plain));
	if (s->server.tls != NULL && !s->server_secured && tls_is_established(s->server.tls))
		return secured(relay, s);
	return STEP_MOVED;
}

enum step server_step(struct relay *relay, struct session *s)
{
	if (s->state != SESSION_ENTERING && s->state != SESSION_OPEN)
		return STEP_IDLE;
	if (leg_backlog(&s->client) > relay->config.high_water)
		return STEP_IDLE;
	if (s->catalog_due)
		answer_tell_catalog(relay, s);
	for (;;) {
		struct proto_msg msg = {0};
		struct parse_result r = {.status = PARSE_MORE, .needed = 1};
		// Once fed, an answer cannot be fed again: make sure of its record first.
		if (!recording_has_room(relay, s, buf_len(&s->server.plain))) {
			relay->stats->record_waits++;
			return STEP_RETRY;
		}
		if (buf_len(&s->server.plain) > 0 && (s->server.tls == NULL || s->server_secured))
			r = session_feed(s, LEG_SERVER, &msg);
		if (r.status == PARSE_BAD)
			return bad(relay, s, msg.bad);
		if (r.status == PARSE_DONE) {
			enum stage before = stage_enter(STAGE_FRAME);
			enum step step = take(relay, s, &msg);
			stage_leave(before);
			if (step == STEP_MOVED) {
				s->last_activity_us = relay->now.us;
				buf_consume(&s->server.plain, r.consumed);
			}
			return step;
		}
		bool got = false;
		enum step step = pull(relay, s, r.needed, &got);
		if (step != STEP_MOVED)
			return step;
		if (got)
			continue;
		return s->server.eof ? closed(relay, s) : STEP_IDLE;
	}
}
