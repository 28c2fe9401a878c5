// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/proto/postgres/upstream.h"

#include "dataplane/proto/postgres/auth.h"
#include "dataplane/proto/postgres/message.h"
#include "dataplane/proto/postgres/result.h"
#include "dataplane/proto/postgres/startup.h"

enum login_size { LOGIN_MESSAGE_MAX = 64 << 10 };

static int send_request(struct pg3 *pg, struct buf *to)
{
	if (!pg->upstream->cancel) {
		pg->server = SERVER_LOGIN;
		return pg3_startup_write(pg, to);
	}
	uint8_t code_and_pid[8] = {0x04, 0xd2, 0x16, 0x2e}; // 80877102
	for (unsigned i = 0; i < 4; i++)
		code_and_pid[4 + i] = (uint8_t)(pg->upstream->cancel_pid >> (24 - 8 * i));
	const struct span parts[] = {span_of(code_and_pid, 8), pg->upstream->cancel_secret};
	pg->server = SERVER_CANCEL;
	return pg3_message_write(to, 0, parts, 2);
}

int pg3_upstream_start(struct pg3 *pg, const struct proto_upstream *upstream, struct proto_io *io)
{
	if (pg->server != SERVER_AWAY || (!upstream->cancel && pg->client != CLIENT_ENTERING))
		return ERR_MALFORMED;
	pg->upstream = upstream;
	pg->describe = upstream->describe;
	if (!upstream->tls)
		return send_request(pg, io->to_server);
	pg->server = SERVER_ASKED;
	return buf_append(io->to_server, span_of("\0\0\0\10\4\322\26\57", 8)); // SSLRequest
}

int pg3_upstream_secured(struct pg3 *pg, struct span binding, struct proto_io *io)
{
	if (pg->server != SERVER_ENCRYPTING || binding.n > SCRAM_BINDING_MAX)
		return ERR_MALFORMED;
	pg->server_secure = true;
	if (pg->login != NULL && binding.n > 0) { // a cancel has none
		pg->login->binding_len = binding.n;
		memcpy(pg->login->binding, binding.p, binding.n);
	}
	return send_request(pg, io->to_server);
}

static struct parse_result feed_tls_answer(struct pg3 *pg, struct span in, struct proto_msg *out)
{
	if (in.p[0] == 'N' || in.p[0] == 'E')
		return pg3_bad(out, PROTO_BAD_TLS_REFUSED);
	if (in.p[0] != 'S')
		return pg3_bad(out, PROTO_BAD_TYPE);
	if (in.n > 1) // CVE-2021-23222
		return pg3_bad(out, PROTO_BAD_BEFORE_TLS);
	pg->server = SERVER_ENCRYPTING;
	out->kind = PROTO_UPSTREAM_TLS;
	return pg3_done(1);
}

static bool take_key(struct pg3 *pg, struct cursor body, struct proto_io *io, enum proto_bad *bad)
{
	uint8_t ours[8];

	*bad = PROTO_BAD_MALFORMED;
	pg->key_pid = cursor_be32(&body);
	struct span secret = cursor_bytes(&body, sizeof(pg->key_secret));
	if (!cursor_done(&body))
		return false;
	memcpy(pg->key_secret, secret.p, secret.n);
	pg->key_known = true;
	for (unsigned i = 0; i < 4; i++) {
		ours[i] = (uint8_t)(pg->key_pid >> (24 - 8 * i));
		ours[4 + i] = (uint8_t)(pg->upstream->client_secret >> (24 - 8 * i));
	}
	struct span part = span_of(ours, sizeof(ours));
	*bad = PROTO_BAD_LIMIT;
	return pg3_message_write(io->to_client, 'K', &part, 1) == 0;
}

static bool take_setup(
	struct pg3 *pg, struct cursor body, struct proto_msg *out, struct proto_io *io,
	enum proto_bad *bad
)
{
	switch (out->type) {
	case 'K':
		*bad = PROTO_BAD_ORDER;
		out->kind = PROTO_SWALLOW;
		return !pg->key_known && take_key(pg, body, io, bad);
	case 'S':
		return pg3_result_parameter(pg, body, out, bad);
	case 'N':
		return pg3_result_error(pg, body, out, bad);
	case 'Z':
		// Nothing changes before forward: the relay may come back with it.
		*bad = PROTO_BAD_MALFORMED;
		out->kind = PROTO_UPSTREAM_READY;
		out->transaction = (char)cursor_u8(&body);
		return cursor_done(&body) && out->transaction == 'I';
	default:
		*bad = PROTO_BAD_ORDER;
		return false;
	}
}

static bool take_login(
	struct pg3 *pg, struct cursor body, struct proto_msg *out, struct proto_io *io,
	enum proto_bad *bad
)
{
	if (out->type == 'E') {
		bool ok = pg3_result_error(pg, body, out, bad);
		out->kind = PROTO_UPSTREAM_REFUSED;
		return ok;
	}
	if (pg->server == SERVER_SETUP)
		return take_setup(pg, body, out, io, bad);
	out->kind = PROTO_SWALLOW;
	*bad = PROTO_BAD_ORDER;
	if (out->type == 'R')
		return pg3_auth_take(pg, body, io, bad);
	return out->type == 'N'; // for nobody yet
}

struct parse_result pg3_upstream_feed(
	struct pg3 *pg, struct span in, struct proto_msg *out, struct proto_io *io
)
{
	struct cursor body;
	enum proto_bad bad;

	if (pg->server == SERVER_AWAY)
		return pg3_bad(out, PROTO_BAD_ORDER);
	if (in.n == 0)
		return pg3_more(1);
	if (pg->server == SERVER_ASKED)
		return feed_tls_answer(pg, in, out);
	if (pg->server == SERVER_ENCRYPTING)
		return pg3_bad(out, PROTO_BAD_BEFORE_TLS);
	if (pg->server == SERVER_CANCEL) {
		out->kind = PROTO_SWALLOW; // it has nothing to say but good-bye
		return pg3_done(in.n);
	}
	if (memchr("RENSKZ", in.p[0], 6) == NULL)
		return pg3_bad(out, PROTO_BAD_TYPE);
	struct parse_result r = pg3_message_frame(
		in,
		pg->config->message_max < LOGIN_MESSAGE_MAX ? pg->config->message_max
							    : LOGIN_MESSAGE_MAX,
		out, &body
	);
	if (r.status == PARSE_DONE && !take_login(pg, body, out, io, &bad))
		return pg3_bad(out, bad);
	return r;
}
