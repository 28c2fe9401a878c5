// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/proto/postgres/login.h"

#include "dataplane/proto/postgres/message.h"
#include "dataplane/proto/postgres/startup.h"

enum request_code {
	CODE_CANCEL = 80877102,
	CODE_SSL = 80877103,
	CODE_GSS = 80877104,
};

enum cancel_size { SECRET_MIN = 4, SECRET_MAX = 256 };

static struct parse_result start_tls(
	struct pg3 *pg, struct span in, struct proto_msg *out, struct proto_io *io
)
{
	if (pg->client != CLIENT_PLAIN)
		return pg3_bad(out, PROTO_BAD_ORDER);
	// Whoever put bytes here did it outside of TLS; the client will believe them inside.
	if (in.n > 8)
		return pg3_bad(out, PROTO_BAD_BEFORE_TLS);
	if (buf_append_u8(io->to_client, 'S') != 0)
		return pg3_bad(out, PROTO_BAD_LIMIT);
	pg->client = CLIENT_ENCRYPTING;
	out->kind = PROTO_START_TLS;
	return pg3_done(8);
}

static struct parse_result refuse_gss(struct pg3 *pg, struct proto_msg *out, struct proto_io *io)
{
	if (pg->client != CLIENT_PLAIN || pg->gss_refused)
		return pg3_bad(out, PROTO_BAD_ORDER);
	if (buf_append_u8(io->to_client, 'N') != 0)
		return pg3_bad(out, PROTO_BAD_LIMIT);
	pg->gss_refused = true;
	out->kind = PROTO_SWALLOW;
	return pg3_done(8);
}

static struct parse_result cancel(struct pg3 *pg, struct cursor c, struct proto_msg *out)
{
	out->cancel_pid = cursor_be32(&c);
	out->cancel_secret = cursor_bytes(&c, cursor_left(&c));
	if (c.bad || out->cancel_secret.n < SECRET_MIN || out->cancel_secret.n > SECRET_MAX)
		return pg3_bad(out, PROTO_BAD_MALFORMED);
	out->kind = PROTO_CANCEL;
	pg->client = CLIENT_CLOSED;
	return pg3_done(out->raw.n);
}

static struct parse_result start(
	struct pg3 *pg, uint16_t minor, struct cursor c, struct proto_msg *out, struct proto_io *io
)
{
	enum proto_bad bad = pg3_startup_read(pg, cursor_bytes(&c, cursor_left(&c)));

	if (bad != PROTO_BAD_NONE)
		return pg3_bad(out, bad);
	struct span cleartext = span_of("\0\0\0\3", 4); // AuthenticationCleartextPassword
	if (pg3_startup_negotiate(pg, minor, io->to_client) != 0 ||
	    pg3_message_write(io->to_client, 'R', &cleartext, 1) != 0)
		return pg3_bad(out, PROTO_BAD_LIMIT);
	pg->client = CLIENT_PASSWORD;
	out->kind = PROTO_SWALLOW;
	return pg3_done(out->raw.n);
}

// Requests without a type byte: SSLRequest, GSSENCRequest, CancelRequest, StartupMessage.
static struct parse_result feed_request(
	struct pg3 *pg, struct span in, struct proto_msg *out, struct proto_io *io
)
{
	struct cursor c = cursor_of(in);

	if (in.n < 8)
		return pg3_more(8);
	uint32_t len = cursor_be32(&c), code = cursor_be32(&c);
	if (len < 8 || len > PG3_STARTUP_MAX)
		return pg3_bad(out, PROTO_BAD_LENGTH);
	bool encryption = code == CODE_SSL || code == CODE_GSS;
	if (encryption && len != 8)
		return pg3_bad(out, PROTO_BAD_LENGTH);
	if (code == CODE_SSL)
		return start_tls(pg, in, out, io);
	if (code == CODE_GSS)
		return refuse_gss(pg, out, io);
	if (code != CODE_CANCEL && code >> 16 != 3)
		return pg3_bad(out, PROTO_BAD_VERSION);
	if (code != CODE_CANCEL && pg->client == CLIENT_PLAIN)
		return pg3_bad(out, PROTO_BAD_PLAINTEXT);
	if (in.n < len)
		return pg3_more(len);
	out->raw = span_first(in, len);
	c = cursor_of(span_from(out->raw, 8));
	if (code == CODE_CANCEL)
		return cancel(pg, c, out);
	return start(pg, (uint16_t)code, c, out, io);
}

static struct parse_result feed_terminate(struct span in, struct proto_msg *out)
{
	struct cursor body;
	struct parse_result r = pg3_message_frame(in, 5, out, &body);

	out->kind = PROTO_END;
	return r;
}

static struct parse_result feed_token(struct pg3 *pg, struct span in, struct proto_msg *out)
{
	struct cursor body;

	if (in.p[0] != 'p')
		return pg3_bad(out, PROTO_BAD_ORDER);
	struct parse_result r = pg3_message_frame(in, PROTO_TOKEN_MAX + 6, out, &body);
	if (r.status != PARSE_DONE)
		return r;
	out->token = cursor_cstr(&body);
	if (!cursor_done(&body))
		return pg3_bad(out, PROTO_BAD_MALFORMED);
	out->kind = PROTO_LOGIN;
	out->user = pg->login->user;
	out->database = pg->login->database;
	out->application = pg->login->application;
	out->replication = pg->replication;
	out->settings = span_of(pg->login->settings.p, pg->login->settings_len);
	return r;
}

struct parse_result pg3_login_feed(
	struct pg3 *pg, struct span in, struct proto_msg *out, struct proto_io *io
)
{
	if (in.n == 0)
		return pg3_more(1);
	switch (pg->client) {
	case CLIENT_PLAIN:
	case CLIENT_SECURE:
		return feed_request(pg, in, out, io);
	case CLIENT_ENCRYPTING:
		return pg3_bad(out, PROTO_BAD_BEFORE_TLS);
	case CLIENT_PASSWORD:
		return in.p[0] == 'X' ? feed_terminate(in, out) : feed_token(pg, in, out);
	case CLIENT_ENTERING:
		if (in.p[0] == 'X')
			return feed_terminate(in, out);
		break;
	case CLIENT_OPEN:
	case CLIENT_CLOSED:
		break;
	}
	return pg3_bad(out, PROTO_BAD_ORDER);
}
