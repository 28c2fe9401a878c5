// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/base/stage.h"
#include "dataplane/relay/session.h"

static enum step client_failed(struct relay *relay, struct session *s, int error)
{
	if (error == ERR_TLS || error == ERR_CERTIFICATE) {
		const char *why = tls_failure(s->client.tls);
		return session_end(relay, s, END_TLS_CLIENT, NULL, why);
	}
	if (error == ERR_LIMIT || error == ERR_POOL_EMPTY)
		return session_end(relay, s, END_LIMIT, NULL, err_text(error));
	return session_end(relay, s, END_CLIENT_RESET, NULL, err_text(error));
}

static enum step start_tls(struct relay *relay, struct session *s)
{
	struct tls_server **servers = relay->snapshot->workers[relay->config.worker].servers;
	int listener = session_listener(relay->snapshot, &s->entry->listener);
	int r = leg_push(&s->client); // the answer to the request goes out in the clear
	if (r == 0 && listener >= 0 && servers[listener] != NULL && leg_is_flushed(&s->client))
		s->client.tls = tls_accept(servers[listener]);
	if (s->client.tls == NULL)
		return session_end(relay, s, END_LIMIT, NULL, "TLS cannot be started");
	return STEP_MOVED;
}

// TLS has just come up: a client that came with TLS at once must have agreed on the protocol by
// ALPN.
static enum step secured(struct relay *relay, struct session *s)
{
	s->client_secured = true;
	if (tls_is_resumed(s->client.tls))
		relay->stats->client_tls_resumed++;
	else
		relay->stats->client_tls_full++;
	if (s->entry->direct_tls && s->proto->alpn != NULL &&
	    strcmp(tls_alpn(s->client.tls), s->proto->alpn) != 0)
		return session_end(relay, s, END_PROTOCOL, NULL, "direct TLS without ALPN");
	s->proto->client_secured(s->proto_state);
	return STEP_MOVED;
}

static enum step bad(struct relay *relay, struct session *s, enum proto_bad what)
{
	const struct denial why = {
		.fatal = true,
		.code = "08P01",
		.message = what == PROTO_BAD_PLAINTEXT
				   ? "bulkhead: TLS is required; connect with sslmode=verify-full"
				   : "bulkhead: protocol violation; the session ends",
		.detail = what == PROTO_BAD_PLAINTEXT ? NULL : proto_bad_name(what),
	};
	relay->stats->bad[LEG_CLIENT][what & 15]++;
	return session_end(relay, s, END_PROTOCOL, &why, proto_bad_name(what));
}

static enum step judge(struct relay *relay, struct session *s, struct proto_msg *msg)
{
	if (session_expire(relay, s))
		return STEP_ENDED;
	enum stage before = stage_enter(STAGE_JUDGE);
	enum step step = command_judge(relay, s, msg);
	stage_add(STAGE_JUDGE, 1);
	stage_leave(before);
	return step;
}

static enum step take(struct relay *relay, struct session *s, struct proto_msg *msg)
{
	struct proto_io io = session_io(s);
	if (msg->kind != PROTO_COMMAND)
		command_skip(relay, s);
	switch (msg->kind) {
	case PROTO_START_TLS:
		return start_tls(relay, s);
	case PROTO_LOGIN:
		return login_begin(relay, s, msg);
	case PROTO_CANCEL:
		cancel_request(relay, msg);
		return session_end(relay, s, END_CANCEL, NULL, "cancel request");
	case PROTO_COMMAND:
		return judge(relay, s, msg);
	case PROTO_END:
		if (s->proto->forward(s->proto_state, msg, &io) != 0)
			return session_end(relay, s, END_LIMIT, NULL, "no room to forward");
		return session_end(relay, s, END_TERMINATED, NULL, "client terminated");
	case PROTO_OTHER:
	case PROTO_RESULT:
		if (s->proto->forward(s->proto_state, msg, &io) != 0)
			return session_end(relay, s, END_LIMIT, NULL, "no room to forward");
		return STEP_MOVED;
	case PROTO_SWALLOW:
		return STEP_MOVED;
	case PROTO_UPSTREAM_TLS:
	case PROTO_UPSTREAM_REFUSED:
	case PROTO_UPSTREAM_READY:
		break; // a server's
	}
	return bad(relay, s, PROTO_BAD_ORDER);
}

// Does the client come with TLS at once? Looked at before the first byte is taken from tcp.
static bool is_direct(struct session *s)
{
	if (s->state != SESSION_GREETING || s->client.tls != NULL || s->client.conn == NULL ||
	    s->client.bytes_in > 0)
		return false;
	struct span first = tcp_peek(s->client.conn);
	return first.n > 0 && s->proto->is_direct_tls(s->proto_state, first);
}

// Out: *got, whether more bytes are there than before.
static enum step pull(struct relay *relay, struct session *s, size_t want, bool *got)
{
	size_t before = buf_len(&s->client.plain);
	int r = leg_pull(&s->client, want);
	if (r != 0)
		return client_failed(relay, s, r);
	*got = buf_len(&s->client.plain) > before;
	if (*got && s->state == SESSION_OPEN)
		leg_expect(&s->server, buf_len(&s->client.plain));
	if (s->client.tls != NULL && !s->client_secured && tls_is_established(s->client.tls))
		return secured(relay, s);
	return STEP_MOVED;
}

enum step client_step(struct relay *relay, struct session *s)
{
	if ((s->state != SESSION_GREETING && s->state != SESSION_OPEN) || s->detached)
		return STEP_IDLE;
	enum step may = hold_step(relay, s);
	if (may != STEP_MOVED)
		return may;
	if (leg_backlog(&s->server) > relay->config.high_water)
		return STEP_IDLE;
	if (s->strict_waiting && !record_is_durable(relay->records, s->strict_sequence)) {
		relay->stats->strict_waits++;
		return STEP_RETRY;
	}
	if (is_direct(s)) {
		s->entry->direct_tls = true;
		return start_tls(relay, s);
	}
	size_t want = 1;
	for (;;) {
		struct proto_msg msg = {0};
		struct parse_result r = {.status = PARSE_MORE, .needed = want};
		if (buf_len(&s->client.plain) >= want &&
		    (s->client.tls == NULL || s->client_secured))
			r = session_feed(s, LEG_CLIENT, &msg);
		if (r.status == PARSE_BAD)
			return bad(relay, s, msg.bad);
		if (r.status == PARSE_WAIT)
			return STEP_IDLE; // the server's next answer brings us back
		if (r.status == PARSE_DONE) {
			enum stage before = stage_enter(STAGE_FRAME);
			enum step step = take(relay, s, &msg);
			stage_leave(before);
			if (step == STEP_MOVED || step == STEP_ENDED) {
				s->last_activity_us = relay->now.us;
				buf_consume(&s->client.plain, r.consumed);
			}
			return step;
		}
		bool got = false;
		enum step step = pull(relay, s, r.needed, &got);
		if (step != STEP_MOVED)
			return step;
		if (got) {
			want = 1;
			continue;
		}
		if (s->client.eof)
			return session_end(relay, s, END_CLIENT_CLOSED, NULL, "client closed");
		return STEP_IDLE;
	}
}
